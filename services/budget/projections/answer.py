"""What every answer of budget's reads has: the cut it speaks of, and figures with the events behind them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Self, TypeAlias, TypeVar

from pydantic import BaseModel, Field

from regesta.event import Event, event_name
from regesta.view import View

Names: TypeAlias = tuple[str, ...]
E = TypeVar("E", bound=Event)


class Answer(BaseModel):
    """As of a cut: position per log. missing: logs of which less has arrived than the cut asks for; complete: none."""

    cut: Mapping[str, int]
    complete: bool
    missing: tuple[str, ...]


class Figure(BaseModel):
    """An amount in euro cents, None when it is not known, and the names of the events behind it."""

    cents: int | None
    events: Names = Field(examples=[["budget:12"]])

    @classmethod
    def of(cls, cents: int | None, positions: Iterable[int]) -> Self:
        """Return an amount with the positions of its events in this log."""
        return cls(cents=cents, events=names(positions))


def names(positions: Iterable[int]) -> Names:
    """Return the names of this log's events."""
    return tuple(event_name("budget", position) for position in sorted(positions))


def position_of(view: View) -> int:
    """Return up to where in this log a view sees."""
    return view.cut["budget"]


def stored(kind: type[E], text: str) -> E:
    """Return an event that a row keeps as JSON text, with members that a later release may know."""
    return kind.model_validate_json(text, extra="allow")
