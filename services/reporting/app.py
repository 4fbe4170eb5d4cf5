"""The wiring of the reporting service: it records nothing of its own, and tells what the other three recorded."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from contracts import budget, kpi, objectives, reporting
from regesta.runtime import Service
from services.reporting.api import notes
from services.reporting.api.events import event_router
from services.reporting.api.letters import letter_router
from services.reporting.projections.standing import PROJECTIONS
from services.reporting.web import pages, signing

SERVICE: Final = Service(
    name="reporting",
    title="Regesta: the annual letter",
    events=reporting.EVENTS,
    migrations=Path(__file__).with_name("migrations"),
    sources={"objectives": objectives.EVENTS, "kpi": kpi.EVENTS, "budget": budget.EVENTS},
    routers=(
        letter_router(pages.letter_page),
        event_router(pages.event_page),
        notes.router,
        pages.router,
        signing.router,
    ),
    projections=PROJECTIONS,
)
