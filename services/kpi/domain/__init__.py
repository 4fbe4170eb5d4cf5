"""The rules of `kpi`: values in, facts out."""
