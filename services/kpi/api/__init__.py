"""HTTP in and out of the kpi service."""
