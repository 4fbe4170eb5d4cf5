"""The kernel: how any service records, reads and passes on its events."""
