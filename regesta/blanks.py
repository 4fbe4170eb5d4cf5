"""Where the own log holds no event of a type: looked through once, and then passed over by all who read that type."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from regesta.unit import Store

# Looked through by one statement, which takes some tens of milliseconds and gives no event.
WINDOW_EVENTS: Final = 50_000
# Each version of a type can be asked for by a name of its own.
KEPT: Final = 500


@dataclass(frozen=True, slots=True)
class Blank:
    """A stretch without an event of a type: the positions after `after`, up to `until`. ended: with the log."""

    after: int
    until: int
    ended: bool


class Blanks:
    """The last stretch without each type. What is recorded stays, so that it is looked through no second time."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[tuple[str, str], Blank] = {}

    async def after(self, position: int, kind: str, log: str) -> Blank:
        """Return the stretch from a position of the own log to its next event of a type, or of all its versions.

        log: the id of the log. Raises what the store raises.
        """
        known = self._known.get((log, kind))
        reached = known.until if known is not None and known.after <= position <= known.until else position
        head = (await self._store.head(self._store.service)).position
        following = None
        while following is None and reached < head:
            until = min(reached + WINDOW_EVENTS, head)
            following = await self._store.first_of(kind, reached, until)
            reached = until if following is None else following - 1
        blank = Blank(position, reached, following is None)
        self._keep((log, kind), blank)
        return blank

    def forget(self) -> None:
        """Give up what is known, for the log may have become another."""
        self._known.clear()

    def _keep(self, name: tuple[str, str], blank: Blank) -> None:
        """Keep the stretch that ends last, from as early as is known: most readers wait at the end of the log."""
        known = self._known.get(name)
        if known is not None and known.after <= blank.after <= known.until:
            blank = replace(blank, after=known.after)
        if known is None or (blank.until, -blank.after) > (known.until, -known.after):
            if len(self._known) >= KEPT:
                self._known.clear()
            self._known[name] = blank
