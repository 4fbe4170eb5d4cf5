"""The part of EDTF (ISO 8601-2) that Regesta keeps: which texts are dates, and the days that they can mean. Pure."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final, TypeAlias

# The two digits after a year and the months they stand for. The standard leaves the seasons open: these are those of the
# weather service, so winter begins in the named year and goes on into the next.
PARTS: Final[dict[int, tuple[int, int]]] = (
    {month: (month, month) for month in range(1, 13)}
    | {21: (3, 5), 22: (6, 8), 23: (9, 11), 24: (12, 14)}
    | {33: (1, 3), 34: (4, 6), 35: (7, 9), 36: (10, 12)}
    | {37: (1, 4), 38: (5, 8), 39: (9, 12), 40: (1, 6), 41: (7, 12)}
)
POINT: Final = re.compile(r"(?:(?P<year>[12][0-9]{3})|XXXX(?=-))(?:-(?P<part>[0-9]{2})(?:-(?P<day>[0-9]{2}))?)?")
LEAP_YEAR: Final = 2000


class DateRefused(ValueError):
    """A date that no calendar has, or a form of date that is not kept. code: of the problem it becomes."""

    code = "impossible-date"


@dataclass(frozen=True, slots=True)
class Point:
    """A date as far as it is known.

    year: 1000 to 2999; None: unstated, or every year. part: month 1 to 12, season 21 to 24, quarter 33 to 36, third of
    the year 37 to 39, half 40 and 41; None: the whole year. day: of the month.
    """

    year: int | None
    part: int | None = None
    day: int | None = None

    @property
    def earliest(self) -> date | None:
        """The first day it can mean; None without a year."""
        if self.year is None:
            return None
        if self.part is None:
            return date(self.year, 1, 1)
        return date(self.year, PARTS[self.part][0], self.day or 1)

    @property
    def latest(self) -> date | None:
        """The last day it can mean; None without a year."""
        if self.year is None:
            return None
        if self.part is None:
            return date(self.year, 12, 31)
        over, month = divmod(PARTS[self.part][1] - 1, 12)
        year, month = self.year + over, month + 1
        return date(year, month, self.day or monthrange(year, month)[1])


@dataclass(frozen=True, slots=True)
class Between:
    """From one point to another, both included."""

    start: Point
    end: Point

    @property
    def earliest(self) -> date | None:
        """The first day it can begin; None when that has no year."""
        return self.start.earliest

    @property
    def latest(self) -> date | None:
        """The last day it can end; None when that has no year."""
        return self.end.latest


@dataclass(frozen=True, slots=True)
class Since:
    """From a point, with an open end."""

    start: Point
    latest: None = None

    @property
    def earliest(self) -> date | None:
        """The first day it can begin; None when that has no year."""
        return self.start.earliest


@dataclass(frozen=True, slots=True)
class Until:
    """To a point, with an open start."""

    end: Point
    earliest: None = None

    @property
    def latest(self) -> date | None:
        """The last day it can end; None when that has no year."""
        return self.end.latest


Span: TypeAlias = Point | Between | Since | Until


@lru_cache(maxsize=4096)
def parse(text: str) -> Span:
    """Return what an EDTF text means. Raises ValueError, naming the text, when it is none that we keep."""
    match text.split("/"):
        case [point]:
            return _point(point, text)
        case ["..", ".."]:
            raise DateRefused(f"{text!r} is open at both ends")
        case ["..", end]:
            return Until(_point(end, text))
        case [start, ".."]:
            return Since(_point(start, text))
        case [start, end]:
            return _between(_point(start, text), _point(end, text), text)
        case _:
            raise DateRefused(f"{text!r} has more than two ends")


def _between(start: Point, end: Point, text: str) -> Between:
    if start.earliest and end.latest and end.latest < start.earliest:
        raise DateRefused(f"{text!r} ends before it starts")
    return Between(start, end)


def _point(point: str, text: str) -> Point:
    found = POINT.fullmatch(point)
    if found is None:
        raise DateRefused(f"{text!r} is no date that is kept, such as '2023', '2023-06-15', '2023-33' or '2023-06/..'")
    year, part, day = _number(found["year"]), _number(found["part"]), _number(found["day"])
    if part is None:
        return Point(year)
    if part not in PARTS:
        raise DateRefused(f"{text!r} is no date: a year has no month or part {part:02}")
    if part > 12 and (year is None or day is not None):
        raise DateRefused(f"{text!r} is no date: {part} is a part of a year, not a month")
    if day is not None and not 1 <= day <= monthrange(year or LEAP_YEAR, part)[1]:
        raise DateRefused(f"{text!r} is no date: that month has no day {day:02}")
    return Point(year, part, day)


def _number(digits: str | None) -> int | None:
    return None if digits is None else int(digits)
