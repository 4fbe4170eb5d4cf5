"""What the rows of all read models here have in common: a fact as recorded, and the events behind it."""

from __future__ import annotations

import json
from typing import TypeVar

from pydantic import BaseModel, ConfigDict

from contracts.types import EventName
from regesta.event import event_name
from services.objectives.domain.command import LOG


class Row(BaseModel):
    """A fact as it is answered. events: the names of those that say so, the newest first."""

    model_config = ConfigDict(frozen=True)

    events: tuple[EventName, ...]


R = TypeVar("R", bound=Row)


def row_of(kind: type[R], fact_text: str, /, *positions: int, **more: object) -> R:
    """Return a row of a fact's JSON text, the positions of its events and `more`; members that a row has not are left out."""
    events = [event_name(LOG, position) for position in positions]
    return kind.model_validate(json.loads(fact_text) | {"events": events} | more, extra="ignore")
