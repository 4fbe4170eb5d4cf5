"""Time as a fact: every service records once per Brussels day that it started."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import ClassVar

from regesta.command import Aggregate, Command, Context, Facts, Read, Rule, State, nothing
from regesta.decider import Decider
from regesta.errors import RegestaError
from regesta.event import BRUSSELS, DayStarted
from regesta.view import end_of

RETRY_SECONDS = 5.0

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Calendar(State):
    """The last day that started."""

    prefix: ClassVar[str] = "calendar"
    days: set[date] = field(default_factory=set)


class StartDay(Command):
    """A day began in Brussels. Only the service itself says so."""

    name = "start-day"
    scope = "calendar:write"
    date: date

    @property
    def stream(self) -> str:
        """One stream per service and year."""
        return Calendar.name_of(str(self.date.year))


def decide(command: StartDay, read: Read, _context: Context) -> Facts:
    """Return the day; nothing when it is recorded."""
    calendar = read(Calendar, str(command.date.year))
    if command.date in calendar.days:
        return nothing()
    return {calendar.stream: [DayStarted(date=command.date)]}


def evolve(calendar: Calendar, event: DayStarted) -> None:
    """Apply one recorded day."""
    calendar.days.add(event.date)


AGGREGATE = Aggregate(Calendar, evolve)
RULE = Rule(StartDay, decide)


async def keep_calendar(decider: Decider) -> None:
    """Record each day as it starts, beginning with today, until cancelled."""
    while True:
        now = datetime.now(UTC)
        today = now.astimezone(BRUSSELS).date()
        try:
            await decider.handle(StartDay(date=today), Context("calendar", frozenset(), frozenset(), now))
        except RegestaError as error:
            logger.warning("the day %s could not be recorded: %s; trying again", today, error)
            await asyncio.sleep(RETRY_SECONDS)
            continue
        await asyncio.sleep((end_of(today) - datetime.now(UTC)).total_seconds() + 0.001)
