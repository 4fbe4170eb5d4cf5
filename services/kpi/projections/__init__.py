"""Read models of the kpi service."""
