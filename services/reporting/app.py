"""The wiring of the reporting service: it tells what the other three recorded, and records which letters are frozen."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from contracts import budget, kpi, objectives, reporting
from regesta.command import Aggregate, Rule
from regesta.runtime import Service
from services.reporting.api import events, frozen, letters, notes, steps
from services.reporting.api.routes import ROUTES
from services.reporting.domain.frozen import FreezeLetter, FrozenLetter, evolve, freeze
from services.reporting.domain.submission import (
    ApproveLetter,
    CorrectLetter,
    SubmitLetter,
    ValidateLetter,
    approve,
    correct,
    submit,
    validate,
)
from services.reporting.projections.standing import PROJECTIONS
from services.reporting.web import pages, signing

SERVICE: Final = Service(
    name="reporting",
    title="Regesta: the annual letter",
    events=reporting.EVENTS,
    migrations=Path(__file__).with_name("migrations"),
    sources={"objectives": objectives.EVENTS, "kpi": kpi.EVENTS, "budget": budget.EVENTS},
    aggregates=(Aggregate(FrozenLetter, evolve),),
    rules=(
        Rule(FreezeLetter, freeze),
        Rule(ValidateLetter, validate),
        Rule(ApproveLetter, approve),
        Rule(SubmitLetter, submit),
        Rule(CorrectLetter, correct),
    ),
    routes=ROUTES,
    routers=(letters.router, frozen.router, steps.router, events.router, notes.router, pages.router, signing.router),
    projections=PROJECTIONS,
)
