"""Importing the facts that were read from a printed policy note, through the public bulk API."""
