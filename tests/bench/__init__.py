"""Measurements: every figure beside a plain one of the same run. `make bench` runs them."""
