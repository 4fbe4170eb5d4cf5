"""Reporting: the annual letter, told from what objectives, kpi and budget recorded, and kept as it was when it is frozen.

Streams: letter. It takes in all three.
"""
