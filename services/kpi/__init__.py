"""Indicators: what they measure, where they stand, their bands, targets and values.

Streams: `indicator/{id}`. Takes in the log of objectives, to know which objectives there are.
"""
