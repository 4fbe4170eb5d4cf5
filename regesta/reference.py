"""References to things of other services: a stream is known when it is in the replica; ids are never deleted."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from regesta.bus import Carrier
from regesta.command import Reference
from regesta.errors import NotYet, UnknownReference
from regesta.unit import Store

WAIT_SECONDS = 2.0
KNOWN_STREAMS = 200_000


@dataclass(slots=True)
class Asked:
    """Heads of sources that one request asked for already: once per bulk, not once per line."""

    heads: dict[str, int] = field(default_factory=dict)
    asking: asyncio.Lock = field(default_factory=asyncio.Lock)


class References:
    """Says whether streams of other services exist, waiting for the replica where it must."""

    def __init__(self, store: Store, carriers: Mapping[str, Carrier]) -> None:
        self._store = store
        self._carriers = carriers
        self._known: set[Reference] = set()

    async def require(self, references: Sequence[Reference], asked: Asked) -> None:
        """Return when all are known.

        Raises UnknownReference when the source's whole log does not hold one, NotYet when the replica does not get there
        in 2 s, SourceUnreachable when the source cannot be asked.
        """
        for reference in references:
            if reference not in self._known and not await self._find(reference):
                await self._catch_up(reference.source, asked)
                if not await self._find(reference):
                    raise UnknownReference(
                        f"{reference.source} knows no {reference.stream!r}",
                        source=reference.source, stream=reference.stream,
                    )  # fmt: skip

    async def _find(self, reference: Reference) -> bool:
        if not await self._store.known(reference.source, [reference.stream]):
            return False
        if len(self._known) < KNOWN_STREAMS:
            self._known.add(reference)
        return True

    async def _catch_up(self, source: str, asked: Asked) -> None:
        """Wait until the replica has what the source had when it was asked. Raises NotYet, SourceUnreachable."""
        async with asked.asking:
            if source not in asked.heads:
                asked.heads[source] = (await self._carriers[source].head()).position
        await reached(self._store, source, asked.heads[source])


async def reached(store: Store, source: str, position: int) -> None:
    """Return once the replica (or the own log) holds `position`. Raises NotYet after 2 s."""
    if position > 0 and not await store.wait(source, position - 1, WAIT_SECONDS):
        head = (await store.head(source)).position
        raise NotYet(f"{source} is at {head} here, not yet at {position}", source=source, reached=head, wanted=position)
