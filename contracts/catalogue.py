"""Which events each service records, and which it has ever recorded."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from contracts import budget, kpi, objectives, reporting
from regesta.event import DayStarted, Event, FactWithdrawn, with_older

IN_EVERY_SERVICE: Final[tuple[type[Event], ...]] = (FactWithdrawn, DayStarted)
SERVICES: Final[dict[str, tuple[type[Event], ...]]] = {
    "objectives": (*objectives.EVENTS, *IN_EVERY_SERVICE),
    "kpi": (*kpi.EVENTS, *IN_EVERY_SERVICE),
    "budget": (*budget.EVENTS, *IN_EVERY_SERVICE),
    "reporting": (*reporting.EVENTS, *IN_EVERY_SERVICE),
}


def ever_recorded(events: Iterable[type[Event]]) -> tuple[type[Event], ...]:
    """Return event classes with all that they replace: what a log may hold, and what stays published for ever."""
    return tuple(each for event in events for each in with_older(event))
