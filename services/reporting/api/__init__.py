"""HTTP out of the reporting service."""
