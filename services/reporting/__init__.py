"""The service `reporting`."""
