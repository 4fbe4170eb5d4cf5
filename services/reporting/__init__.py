"""Reporting: the annual letter, told from what objectives, kpi and budget recorded. Takes in all three, records only its days."""
