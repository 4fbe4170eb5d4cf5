"""The service `kpi`."""
