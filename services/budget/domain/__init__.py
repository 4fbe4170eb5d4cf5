"""The rules of `budget`: values in, facts out."""
