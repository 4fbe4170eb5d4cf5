"""HTTP in and out of budget."""
