"""A page that would be too long is divided into leaves, each with some of its rows in their order.

Where a leaf ends depends on what was recorded, never on who reads it: so figures keep their numbers in every language.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, is_dataclass
from typing import Final, TypeVar

from markupsafe import escape
from pydantic import BaseModel

from regesta.errors import NotFound
from services.reporting.writing import members_of

T = TypeVar("T")

# Bytes of rows on a leaf. A page has 100 kB: the stylesheet takes 22 of them, frame, head and contents some 25, and the
# sheets of its figures may take what is left.
MOST: Final = 46_000


@dataclass(frozen=True, slots=True)
class Numbering:
    """Which leaf of how many a page shows, from 1."""

    number: int = 1
    count: int = 1

    @classmethod
    def of(cls, number: int, count: int) -> Numbering:
        """Return a leaf of so many. Raises NotFound when there are fewer."""
        if number > max(count, 1):
            raise NotFound(f"this page has {count} leaves, no leaf {number}", leaf=number)
        return cls(number, count)


# Of a page that is not divided.
ONE: Final = Numbering()


@dataclass(slots=True)
class Leaves:
    """Goes through the rows of a page in their order, and keeps those of one leaf.

    wanted: that leaf. most: bytes of rows on one. number: the one that was come to. used: bytes on it. passed, kept: rows so far. head: bytes of headings
    that stand before the next row, for a heading does not end a leaf.
    """

    wanted: int
    most: int = MOST
    number: int = 1
    used: int = 0
    passed: int = 0
    kept: int = 0
    head: int = 0

    def take(self, weight: int, frame: int = 0) -> bool:
        """Go on to the next row; return whether it stands on the wanted leaf. frame: what it costs to begin a leaf with it."""
        weight += self.head
        self.head = 0
        if self.used and self.used + weight > self.most:
            self.number, self.used = self.number + 1, frame
        self.used += weight
        self.passed += 1
        here = self.number == self.wanted
        self.kept += here
        return here

    def keep(self, rows: Sequence[T], weigh: Callable[[T], int], frame: int = 0) -> tuple[T, ...]:
        """Return those of some rows that stand on the wanted leaf. frame: bytes of the table around them, on each leaf."""
        self.head += frame if rows else 0
        return tuple(row for row in rows if self.take(weigh(row), frame))

    @property
    def leaf(self) -> Numbering:
        """The wanted leaf, once all rows were gone through. Raises NotFound when there are not so many."""
        return Numbering.of(self.wanted, self.number)


def text_bytes(value: object) -> int:
    """Return how many bytes of HTML the texts in a part of a letter make. Names of events do not count: a row shows one."""
    if isinstance(value, str):
        return len(escape(value).encode())
    if isinstance(value, tuple | list):
        return sum(map(text_bytes, value))
    if isinstance(value, dict):
        return sum(map(text_bytes, value.values()))
    if is_dataclass(value) or isinstance(value, BaseModel):
        return sum(text_bytes(getattr(value, name)) for name in members_of(type(value)) if name != "events")
    return 0
