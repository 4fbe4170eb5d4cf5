"""What the rows of all read models here have in common: a fact as recorded, and the events behind it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Final, TypeVar

from asyncpg import Record
from pydantic import BaseModel, ConfigDict

from contracts.types import EventName
from regesta.event import event_name
from services.kpi.domain.command import LOG

# A fact that holds for as long as the row does: the row begins at its position.
FACT: Final = {"fact": "json"}


class Row(BaseModel):
    """A fact as it is answered. events: the names of those that say so, the newest first."""

    model_config = ConfigDict(frozen=True)

    events: tuple[EventName, ...]


R = TypeVar("R", bound=Row)


def by_indicator(kind: type[R], facts: Iterable[Record]) -> dict[str, list[R]]:
    """Return the rows of each indicator in the order given. facts: (indicator, position, a fact's JSON text)."""
    found: dict[str, list[R]] = {}
    for indicator, position, fact in facts:
        found.setdefault(indicator, []).append(row_of(kind, fact, position))
    return found


def row_of(kind: type[R], fact: str, *positions: int) -> R:
    """Return a row of a fact's JSON text and the positions of its events; members that a row has not are left out."""
    events = [event_name(LOG, position) for position in positions]
    return kind.model_validate(json.loads(fact) | {"events": events}, extra="ignore")
