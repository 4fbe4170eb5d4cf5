"""The operator's command `regesta`."""
