"""The words of letters and pages in French, Dutch and English: names, values, sayings, numbers, and phrases made of these."""
