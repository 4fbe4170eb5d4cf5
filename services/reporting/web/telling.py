"""A letter told to a reader, leaf by leaf, each within the bytes that a page has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from fastapi import Response
from markupsafe import Markup

from regesta.aside import aside
from regesta.event import Recorded
from services.reporting.domain.letter import Letter
from services.reporting.render.documents import About, Frozen
from services.reporting.render.figures import Figures
from services.reporting.web.leaf import Leaf
from services.reporting.web.reading import Months, Reader, navigation
from services.reporting.web.responding import STYLES

# Bytes of a page with its stylesheet.
BUDGET: Final = 100_000


@dataclass(frozen=True, slots=True)
class Telling:
    """A letter as its pages tell it to a reader. months: of the as-of bar; latest: events that an objective's page ends with."""

    reads: Reader
    letter: Letter
    months: Months = field(default_factory=dict)
    latest: Sequence[Recorded] = ()

    async def body(self, leaf: Leaf, figures: Figures) -> Markup:
        """Return the body of a leaf, adding its figures to `figures`. Raises NotFound, UnknownObjective."""
        return await self._body(leaf, figures, await self.reads.frozen(self.letter))

    async def _body(self, leaf: Leaf, figures: Figures, frozen: Frozen | None) -> Markup:
        view = self.reads.view(asks_until=leaf.asks_until, months=self.months, frozen=frozen)
        return await aside(leaf.body, About(self.letter, view, self.reads.page), figures, self.latest)

    async def page(self, leaf: Leaf, title: str, current: str = "") -> Response:
        """Return a page with the sheets of its first figures; when it has no room for them, they have pages of their own.

        current: which of the main links leads here. Raises as `body` does.
        """
        links = navigation(self.reads.page, self.letter, current)
        figures, frozen = self.reads.figures(self.letter, leaf), await self.reads.frozen(self.letter)
        page = await self.reads.opened(title, await self._body(leaf, figures, frozen), figures, links)
        if not figures.opened or len(page.body) + len(STYLES) <= BUDGET:
            return page
        figures = Figures(figures.address, sheets=0)
        return await self.reads.opened(title, await self._body(leaf, figures, frozen), figures, links)
