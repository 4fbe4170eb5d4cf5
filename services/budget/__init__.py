"""The service `budget`."""
