"""The four services; each imports the kernel, the contracts and itself."""
