"""What the rows of all read models here have in common: a fact as recorded, and the events behind it."""

from __future__ import annotations

import json
from typing import Final, TypeVar

from pydantic import BaseModel, ConfigDict

from contracts.types import EventName
from regesta.event import event_name
from services.kpi.domain.indicator import SERVICE

# A fact that holds for as long as the row does: the row begins at its position.
FACT: Final = {"fact": "json"}


class Row(BaseModel):
    """A fact as it is answered. events: the names of those that say so, the newest first."""

    model_config = ConfigDict(frozen=True)

    events: tuple[EventName, ...]


R = TypeVar("R", bound=Row)


def row_of(kind: type[R], fact: str, *positions: int) -> R:
    """Return a row of a fact's JSON text and the positions of its events; members that a row has not are left out."""
    events = [event_name(SERVICE, position) for position in positions]
    return kind.model_validate(json.loads(fact) | {"events": events}, extra="ignore")
