"""What happened to a frozen letter on its way to Parliament."""

from __future__ import annotations

from datetime import date, datetime

from fastapi import APIRouter, Request

from contracts.reporting import Hash
from contracts.types import EventName, Text
from regesta.caller import Caller
from regesta.event import Recorded
from regesta.runtime import runtime_of
from regesta.strict import StrictRoute
from services.reporting.asking import Addressed
from services.reporting.domain.errors import NotFrozen
from services.reporting.domain.figure import Answer
from services.reporting.domain.frozen import STEPS, LetterEvent
from services.reporting.freezing import frozen_letter

router = APIRouter(prefix="/letters/{note}/{year}/steps", tags=["letters"], route_class=StrictRoute)


class StepOut(Answer):
    """One step. hash: of the letter that it speaks of; actor, at: who recorded it and when; occurred: when it happened, if that was said.

    role: who validated or approved. to, on: of a submission. correction, erratum: of what was corrected.
    """

    step: str
    hash: Hash
    event: EventName
    actor: str
    at: datetime
    occurred: str | None = None
    role: str | None = None
    to: str | None = None
    on: date | None = None
    correction: str | None = None
    erratum: Text | None = None


class StepsOut(Answer):
    """The steps of a letter, in the order recorded."""

    steps: tuple[StepOut, ...]


@router.get("", response_model_exclude_none=True)
async def get_steps(letter: Addressed, caller: Caller, request: Request) -> StepsOut:
    """Return what happened to a letter since it was frozen. 404 nobody froze it."""
    caller.require("reporting:read")
    found = await frozen_letter(runtime_of(request), letter.note, letter.year)
    if found is None:
        raise NotFrozen(
            f"nobody froze the letter of {letter.note!r} of {letter.year}", note=letter.note, year=letter.year
        )
    facts = [(found.recorded, found.event), *found.later]
    return StepsOut(steps=tuple(_step(recorded, event) for recorded, event in facts))


def _step(recorded: Recorded, event: LetterEvent) -> StepOut:
    members = event.model_dump()
    return StepOut(
        step=STEPS[type(event)],
        hash=event.hash,
        event=recorded.name,
        actor=recorded.actor,
        at=recorded.time,
        occurred=recorded.occurred,
        **{name: members.get(name) for name in ("role", "to", "on", "correction", "erratum")},
    )
