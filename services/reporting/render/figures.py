"""Figures of a page as doors: each gets a number, the first ones a sheet on the page, all of them a page of their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from services.reporting.domain.figure import Events

SHEETS: Final = 15


@dataclass(frozen=True, slots=True)
class Door:
    """A figure that opens. number: from 1 in the order of the page; title: what the figure says; href: where it leads.

    mark: what keeps its id apart from those of another part of the page.
    """

    number: int
    title: str
    how: str
    events: Events
    href: str
    mark: str = ""

    @property
    def id(self) -> str:
        """Its id on the page."""
        return f"f-{self.mark}{self.number}"


@dataclass(slots=True)
class Figures:
    """Collects the figures of a page while it is rendered, in order; the same letter always gives the same numbers.

    address: of the page of a figure's number. sheets: how many open on the page itself. mark: of a part that
    shares its page with others.
    """

    address: Callable[[int], str]
    sheets: int = SHEETS
    mark: str = ""
    doors: list[Door] = field(default_factory=list)

    def door(self, title: str, events: Events, how: str = "") -> Door:
        """Return the door of a figure that these events made."""
        number = len(self.doors) + 1
        href = f"#why-{number}" if number <= self.sheets else self.address(number)
        self.doors.append(Door(number, title, how, events, href, self.mark))
        return self.doors[-1]

    @property
    def opened(self) -> list[Door]:
        """The figures whose sheet is on the page."""
        return self.doors[: self.sheets]
