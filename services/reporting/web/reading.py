"""Who reads which page as of when, and the sheets behind its figures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Final, TypeAlias, TypeVar

from fastapi import Depends, Request, Response
from markupsafe import Markup

from contracts.reporting import LetterCorrected, LetterSubmitted
from contracts.types import NoteSlug, Year
from regesta.caller import Caller
from regesta.event import BRUSSELS, Recorded, split_name
from regesta.runtime import Runtime, runtime_of
from regesta.view import Reading, token_of
from regesta.view import View as Known
from services.reporting.asking import Choices, Chosen
from services.reporting.domain.frozen import STEPS
from services.reporting.domain.letter import MODEL, Letter
from services.reporting.freezing import frozen_letter
from services.reporting.gathering import read_letter
from services.reporting.projections.months import months_of
from services.reporting.render.documents import Frozen, Link, View
from services.reporting.render.events import Sheet
from services.reporting.render.figures import Door, Figures
from services.reporting.render.leaves import Numbering
from services.reporting.render.page import Page
from services.reporting.render.stops import stops
from services.reporting.render.words.sayings import SAYINGS
from services.reporting.web.leaf import Leaf
from services.reporting.web.responding import answer, page_of

T = TypeVar("T")
Months: TypeAlias = Mapping[date, int]

SCOPE: Final = "reporting:read"
# Events that a sheet shows itself; the others stand on the figure's page.
ON_SHEET: Final = 8
NO_MONTHS: Final[Months] = {}


@dataclass(frozen=True, slots=True)
class Reader:
    """A request for a page by somebody who may read it. known: the state of knowledge that the page speaks of."""

    request: Request
    page: Page
    known: Known
    choices: Choices

    @property
    def runtime(self) -> Runtime:
        """The running service."""
        return runtime_of(self.request)

    @property
    def number(self) -> int:
        """The leaf that is asked for, from 1."""
        return self.choices.leaf or 1

    def rows(self, every: Sequence[T], size: int) -> tuple[Numbering, Sequence[T]]:
        """Return which leaf is asked for, and its rows. size: rows on a leaf. Raises NotFound."""
        leaf = Numbering.of(self.number, -(-len(every) // size))
        return leaf, every[(leaf.number - 1) * size : leaf.number * size]

    async def letter(self, note: NoteSlug, year: Year | None) -> Letter:
        """Return the letter that the page is about; `known` is ended, so nothing more is read of it. Raises UnknownNote."""
        return await read_letter(self.known, note, year, self.choices.occurred_until)

    def view(self, *, asks_until: bool = True, months: Months = NO_MONTHS, frozen: Frozen | None = None) -> View:
        """Return what the page says of its state of knowledge. months: those of its as-of bar; frozen: its letter is."""
        known, today = self.known, datetime.now(BRUSSELS).date()
        shown = known.as_of if known.as_of or "cut" in self.page.query else max(months, default=None)
        choice = stops(months, shown, today)
        reached = dict(sorted(known.reached.items()))
        return View(reached, known.complete, known.missing, known.as_of, asks_until, choice, known.again, frozen)

    async def frozen(self, letter: Letter) -> Frozen | None:
        """Return as what a letter is frozen, and whether it is the one that is shown."""
        found = await frozen_letter(self.runtime, letter.note.slug, letter.year)
        if found is None:
            return None
        event, touched = found.event, bool(found.touched)
        same = (event.cut, event.model) == (letter.cut, MODEL) and letter.occurred_until is None
        on = found.recorded.time.astimezone(BRUSSELS).date()
        steps = {
            f"{STEPS[type(event)]}_on": event.on
            if isinstance(event, LetterSubmitted)
            else recorded.time.astimezone(BRUSSELS).date()
            for recorded, event in found.later
            if not isinstance(event, LetterCorrected)
        }
        errata = [event.erratum for _, event in found.later if isinstance(event, LetterCorrected)]
        shown = same and not touched
        return Frozen(on, token_of(event.cut), event.hash, shown, touched, list(steps.items()), errata)

    async def months(self, note: NoteSlug) -> Months:
        """Return how much was recorded of a note in which month, after the page's own state of knowledge too."""
        return await months_of(self.known.db, note)

    def figures(self, letter: Letter, leaf: Leaf, *, sheets: bool = True) -> Figures:
        """Return the collector of a leaf's figures, which have addresses as of its cut."""
        page, cut = self.page, self.known.token or None
        base = f"/letters/{letter.note.slug}/{letter.year}/figures/{leaf.name}"

        def address(number: int) -> str:
            return page.at(f"{base}/{number}", as_of=None, cut=cut)

        return Figures(address) if sheets else Figures(address, sheets=0, mark=f"{leaf.name}-")

    async def opened(self, title: str, body: Markup, figures: Figures, links: Sequence[Link]) -> Response:
        """Return a page with the sheets of its first figures."""
        doors = figures.opened
        told = await recorded(self.runtime, (name for door in doors for name in newest(door)))
        sheets = [
            Sheet(
                door,
                [told[name] for name in newest(door) if name in told],
                max(0, len(door.events) - ON_SHEET),
                figures.address(door.number),
            )
            for door in doors
        ]
        return await answer(self.page, title, body, links=links, sheets=sheets)


async def reader(request: Request, view: Reading, caller: Caller, choices: Chosen) -> Reader:
    """Give the Reader of a request. Raises Forbidden."""
    caller.require(SCOPE)
    return Reader(request, page_of(request), view, choices)


Reads: TypeAlias = Annotated[Reader, Depends(reader)]


def newest(door: Door) -> Sequence[str]:
    """Return the names of the events that a figure's sheet shows: the last ones."""
    return door.events[-ON_SHEET:]


async def recorded(runtime: Runtime, names: Iterable[str]) -> dict[str, Recorded]:
    """Return events by their names; those that have not arrived are left out."""
    wanted = list(dict.fromkeys(names))
    found = await runtime.store.taken_in([split_name(name) for name in wanted]) if wanted else []
    return {event.name: event for event in found}


def navigation(page: Page, letter: Letter, current: str) -> list[Link]:
    """Return the main links of a note's pages. current: "overview", "letter" or another."""
    slug, year = letter.note.slug, letter.year
    addresses = {"overview": page.at(f"/notes/{slug}"), "letter": page.letter(slug, year)}
    return [Link(SAYINGS[name].get(page.language), href, current=name == current) for name, href in addresses.items()]
