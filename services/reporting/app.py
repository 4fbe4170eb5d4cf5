"""The wiring of the reporting service: it records nothing of its own, and tells what the other three recorded."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from contracts import budget, kpi, objectives, reporting
from regesta.runtime import Service
from services.reporting.api import events, letters, notes
from services.reporting.projections.standing import PROJECTIONS
from services.reporting.web import pages, signing

SERVICE: Final = Service(
    name="reporting",
    title="Regesta: the annual letter",
    events=reporting.EVENTS,
    migrations=Path(__file__).with_name("migrations"),
    sources={"objectives": objectives.EVENTS, "kpi": kpi.EVENTS, "budget": budget.EVENTS},
    routers=(letters.router, events.router, notes.router, pages.router, signing.router),
    projections=PROJECTIONS,
)
