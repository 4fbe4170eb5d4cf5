"""The rules of `reporting`: values in, facts out."""
