"""The rules of `objectives`: values in, facts out."""
