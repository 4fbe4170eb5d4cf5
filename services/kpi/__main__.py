"""Run the kpi service."""

from __future__ import annotations

from regesta.main import main
from services.kpi.app import SERVICE

main(SERVICE)
