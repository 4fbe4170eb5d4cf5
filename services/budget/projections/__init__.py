"""The read models of budget."""
