"""References to things of other services: a stream is known when it is in the replica; ids are never deleted."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from regesta.bus import Carrier
from regesta.command import Reference
from regesta.errors import NotYet, SourceUnreachable, UnknownReference
from regesta.unit import Store, Unit

WAIT_SECONDS = 2.0
KNOWN_STREAMS = 200_000


@dataclass(slots=True)
class Asked:
    """Heads of sources that one request asked for already: once per bulk, not once per line."""

    heads: dict[str, int] = field(default_factory=dict)
    asking: defaultdict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))


class References:
    """Says whether streams of other services exist, waiting for the replica where it must."""

    def __init__(self, store: Store, carriers: Mapping[str, Carrier]) -> None:
        self._store = store
        self._carriers = carriers
        self._known: dict[Reference, None] = {}  # the oldest first
        self._forgotten = 0

    async def require(self, references: Sequence[Reference], asked: Asked) -> None:
        """Return when all are known.

        Raises UnknownReference when the source's whole log does not hold one, NotYet when the replica does not get there
        in 2 s, SourceUnreachable when the source cannot be asked, LogBehind when the own log is closed.
        """
        unknown = await self._unknown(references)
        for source in dict.fromkeys(reference.source for reference in unknown):
            await self._catch_up(source, asked)
        for reference in await self._unknown(unknown):
            # Proves the log open: with a log that was restored, the replicas here may be of before too.
            await self._store.append(Unit({}, ()))
            raise UnknownReference(
                f"{reference.source} knows no {reference.stream!r}",
                source=reference.source, stream=reference.stream,
            )  # fmt: skip

    async def catch_up(self, source: str) -> None:
        """Return once the replica has what the source has now. Raises NotYet, SourceUnreachable when that takes longer than 2 s each.

        Others wait meanwhile for the streams of the command that this is for.
        """
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                head = (await self._carriers[source].head()).position
        except TimeoutError as error:
            raise SourceUnreachable(
                f"{source} did not say in {WAIT_SECONDS:g} s how far it is", source=source
            ) from error
        await reached(self._store, source, head)

    def forget(self) -> None:
        """Look again for every stream: a replica may hold less than it did."""
        self._known.clear()
        self._forgotten += 1

    async def _unknown(self, references: Sequence[Reference]) -> list[Reference]:
        """Return those that the replicas do not hold, asking once per source."""
        asked = [reference for reference in references if reference not in self._known]
        streams: dict[str, list[str]] = {}
        for reference in asked:
            streams.setdefault(reference.source, []).append(reference.stream)
        forgotten = self._forgotten
        found = {source: await self._store.known(source, names) for source, names in streams.items()}
        if forgotten == self._forgotten:  # else it may have been looked up in what is gone
            self._remember(reference for reference in asked if reference.stream in found[reference.source])
        return [reference for reference in asked if reference.stream not in found[reference.source]]

    def _remember(self, references: Iterable[Reference]) -> None:
        self._known.update(dict.fromkeys(references))
        while len(self._known) > KNOWN_STREAMS:
            del self._known[next(iter(self._known))]

    async def _catch_up(self, source: str, asked: Asked) -> None:
        """Wait until the replica has what the source had when it was asked. Raises NotYet, SourceUnreachable."""
        async with asked.asking[source]:
            if source not in asked.heads:
                asked.heads[source] = (await self._carriers[source].head()).position
        await reached(self._store, source, asked.heads[source])


async def reached(store: Store, source: str, position: int) -> None:
    """Return once the replica (or the own log) holds `position`. Raises NotYet after 2 s."""
    if position > 0 and not await store.wait(source, position - 1, WAIT_SECONDS):
        head = (await store.head(source)).position
        raise NotYet(f"{source} is at {head} here, not yet at {position}", source=source, reached=head, wanted=position)
