"""What budget's reads answer with: figures, and the names of the events behind them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Annotated, Final, Self, TypeAlias, TypeVar

from pydantic import BaseModel, Field

from regesta.event import Event, event_name
from regesta.view import View
from services.budget.domain.command import LOG

Names: TypeAlias = tuple[str, ...]
# So many events a figure names itself.
NAMED: Final = 100
Newest: TypeAlias = Annotated[Names, Field(max_length=NAMED)]
E = TypeVar("E", bound=Event)


class Figure(BaseModel):
    """An amount in euro cents, None when it is not known, and the names of the events behind it.

    events: the newest 100, in the order recorded. count: how many there are.
    """

    cents: int | None
    events: Newest = Field(examples=[["budget:12"]])
    count: int

    @classmethod
    def of(cls, cents: int | None, positions: Collection[int], count: int | None = None) -> Self:
        """Return an amount with the positions of its events in this log. count: when the newest alone are given."""
        return cls(cents=cents, events=newest(positions), count=len(positions) if count is None else count)


def names(positions: Iterable[int]) -> Names:
    """Return the names of this log's events."""
    return tuple(event_name(LOG, position) for position in sorted(positions))


def newest(positions: Iterable[int]) -> Newest:
    """Return the names of the newest of this log's events, in the order recorded, as many as a figure names."""
    return names(sorted(positions)[-NAMED:])


def position_of(view: View) -> int:
    """Return up to where in this log a view sees."""
    return view.cut[LOG]


def stored(kind: type[E], text: str) -> E:
    """Return an event that a row keeps as JSON text, with members that a later release may know."""
    return kind.model_validate_json(text, extra="allow")
