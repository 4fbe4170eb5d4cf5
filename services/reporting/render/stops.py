"""The stops of the as-of bar: months in which something was recorded, as links to what was known at their end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import isqrt
from typing import Final

from contracts.dates import ImpreciseDate
from contracts.types import Language
from services.reporting.render.words.numbers import SHORT_MONTHS
from services.reporting.render.words.phrases import counted_in

# One row of them at a desk, two at a phone.
MOST: Final = 16
HEIGHT: Final = 72
LOWEST: Final = 8


@dataclass(frozen=True, slots=True)
class Stop:
    """One month. ends_on: its last day, None while it runs, when it leads to the state of now. top: of its bar, from 0 to 72.

    current: the page speaks of a day in it. opens_year: the first stop of its year that is shown.
    """

    month: date
    ends_on: date | None
    facts: int
    top: int
    current: bool
    opens_year: bool

    def short(self, language: Language) -> str:
        """Return its name for the eye."""
        return SHORT_MONTHS[self.month.month - 1].get(language)

    def spoken(self, language: Language) -> str:
        """Return its name and how much was recorded in it, for a screen reader."""
        return f"{ImpreciseDate(f'{self.month:%Y-%m}').wording(language)}, {counted_in(self.facts, 'fact', language)}"


def stops(months: Mapping[date, int], shown: date | None, today: date) -> list[Stop]:
    """Return the stops around the day shown: at most 16 of the months that have facts.

    months: facts recorded, by a month's first day. shown: the day that the page speaks of, None when it is no day.
    """
    now = shown and shown.replace(day=1)
    near = _around(sorted(months), now)
    most = max((months[month] for month in near), default=1)
    return [
        Stop(
            month,
            _ends_on(month, today),
            months[month],
            HEIGHT - _height(months[month], most),
            current=month == now,
            opens_year=not before or before[-1].year != month.year,
        )
        for month, before in ((month, near[:index]) for index, month in enumerate(near))
    ]


def _around(months: Sequence[date], shown: date | None) -> Sequence[date]:
    """Return the months to choose from: the newest, or as many before the one shown as after it."""
    if shown is None:
        return months[-MOST:]
    start = sum(month < shown for month in months) - MOST // 2
    return months[max(0, min(start, len(months) - MOST)) :][:MOST]


def _ends_on(month: date, today: date) -> date | None:
    last = (month + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return last if last < today else None


def _height(facts: int, most: int) -> int:
    """Return a bar's height; by the square root, so that a month of an import does not flatten all others."""
    return max(LOWEST, HEIGHT * isqrt(facts * 10_000) // isqrt(most * 10_000))
