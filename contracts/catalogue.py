"""Which events each service records."""

from __future__ import annotations

from typing import Final

from contracts import budget, kpi, objectives, reporting
from regesta.event import DayStarted, Event, FactWithdrawn

IN_EVERY_SERVICE: Final[tuple[type[Event], ...]] = (FactWithdrawn, DayStarted)
SERVICES: Final[dict[str, tuple[type[Event], ...]]] = {
    "objectives": (*objectives.EVENTS, *IN_EVERY_SERVICE),
    "kpi": (*kpi.EVENTS, *IN_EVERY_SERVICE),
    "budget": (*budget.EVENTS, *IN_EVERY_SERVICE),
    "reporting": (*reporting.EVENTS, *IN_EVERY_SERVICE),
}
