"""The service `objectives`."""
