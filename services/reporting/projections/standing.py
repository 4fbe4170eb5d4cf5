"""The facts that stand, one table per log, and the links between their streams.

Rows: `<log>_facts` holds in each slot of a stream the fact that counts, as recorded; `<log>_links` the other stream that it speaks of.
Both carry the positions between which they were true, so that a reader sees what stood at any cut.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import asyncpg

from regesta.database import Connection as Db
from regesta.event import Event, Recorded, Registry, event_name
from regesta.periods import Change, Periods, as_of
from regesta.projection import Fact, Projection
from services.reporting.domain.knowledge import LedgerSum
from services.reporting.domain.standing import (
    BUDGET,
    ENTRIES,
    KPI,
    OBJECTIVES,
    StandingFact,
    ended_by,
    links_of,
    slot_of,
    unlinked_by,
)
from services.reporting.projections import ledgers

REGISTRY: Final = Registry(OBJECTIVES, KPI, BUDGET, ENTRIES)
# Raised when the slot of an event changes: the tables of a new version are then filled from the first event on.
VERSION: Final = 1
# Between so many facts, a few milliseconds, other requests have their turn.
SLICE_ROWS: Final = 250
KEY: Final = {"stream": "text", "slot": "text"}
FACT: Final = {"type": "text", "recorded_at": "timestamptz", "occurred": "text", "data": "json"}
LINK: Final = {"about": "text"}


@dataclass(frozen=True, slots=True)
class Log:
    """The read model of one source."""

    source: str
    events: tuple[type[Event], ...]
    facts: Periods
    links: Periods

    @classmethod
    def of(cls, source: str, events: tuple[type[Event], ...]) -> Log:
        """Return the read model of a source."""
        facts, links = Periods(f"{source}_facts", KEY, FACT), Periods(f"{source}_links", KEY, LINK)
        return cls(source, events, facts, links)

    async def project(self, db: Db, batch: Sequence[Fact]) -> None:
        """Fold a batch, in two statements whatever its size."""
        facts = [change for recorded, event in batch for change in _fact_changes(recorded, event)]
        links = [change for recorded, event in batch for change in _link_changes(recorded, event)]
        await self.facts.put(db, facts)
        await self.links.put(db, links)

    def projection(self) -> Projection:
        """Return it as the kernel follows it."""
        tables = (self.facts.table, self.links.table)
        return Projection(f"{self.source}-standing", self.source, VERSION, self.events, tables, self.project)


def _fact_changes(recorded: Recorded, event: Event) -> list[Change]:
    changes = []
    ended = ended_by(event)
    if ended is not None:
        changes.append(Change(recorded.position, (recorded.stream, ended), None))
    slot = slot_of(event, recorded.position)
    if slot is not None:
        values = (recorded.type, recorded.time, recorded.occurred, recorded.raw)
        changes.append(Change(recorded.position, (recorded.stream, slot), values))
    return changes


def _link_changes(recorded: Recorded, event: Event) -> list[Change]:
    changes = [Change(recorded.position, (recorded.stream, slot), (about,)) for slot, about in links_of(event)]
    gone = unlinked_by(event)
    if gone is not None:
        changes.append(Change(recorded.position, (recorded.stream, gone), None))
    return changes


LOGS: Final = {
    "objectives": Log.of("objectives", OBJECTIVES),
    "kpi": Log.of("kpi", KPI),
    "budget": Log.of("budget", BUDGET),
}
PROJECTIONS: Final = (*(log.projection() for log in LOGS.values()), ledgers.PROJECTION)


# $1: streams; $2: the cut.
COLUMNS: Final = "f.stream, f.from_position, f.type, f.recorded_at, f.occurred, f.data::text"
STOOD: Final = f"{as_of('f', '$2')} ORDER BY f.from_position, f.stream, f.slot"
OF: Final = f"SELECT {COLUMNS} FROM {{facts}} AS f WHERE f.stream = ANY ($1::text[]) AND {STOOD}"
ABOUT: Final = f"""
SELECT {COLUMNS} FROM {{facts}} AS f
WHERE f.stream IN (SELECT l.stream FROM {{links}} AS l WHERE l.about = ANY ($1::text[]) AND {as_of("l", "$2")})
  AND {STOOD}
"""
LINKING: Final = f"""
SELECT {COLUMNS} FROM {{links}} AS l JOIN {{facts}} AS f USING (stream, slot)
WHERE l.about = ANY ($1::text[]) AND {as_of("l", "$2")} AND {STOOD}
"""
LINKS: Final = f"""
SELECT l.stream, l.about FROM {{links}} AS l WHERE l.stream = ANY ($1::text[]) AND {as_of("l", "$2")}
ORDER BY l.stream, l.from_position, l.about
"""
# Bounded on both sides, so that the primary key finds the streams of one kind: "0" is the character after "/".
STREAMS: Final = f"""
SELECT f.stream FROM {{facts}} AS f
WHERE f.stream > $1 || '/' || $2 AND f.stream < $1 || '0' AND f.slot = 'opened' AND {as_of("f", "$3")}
ORDER BY f.stream LIMIT $4
"""


class StandingReader:
    """Reads what stood at a cut. Each method is one statement, whatever the number of streams."""

    def __init__(self, db: Db, cut: Mapping[str, int]) -> None:
        self._db = db
        self._cut = cut
        # One statement at a time, whoever asks at once.
        self._turn = asyncio.Lock()
        # By source, then by position: one fact answers several questions.
        self._known: dict[str, dict[int, StandingFact]] = {source: {} for source in LOGS}

    async def of(self, source: str, streams: Iterable[str]) -> list[StandingFact]:
        """Return the facts of some streams, in the order recorded."""
        return await self._read(source, OF, streams)

    async def about(self, source: str, others: Iterable[str]) -> list[StandingFact]:
        """Return the facts of all streams that are linked to some others, in the order recorded."""
        return await self._read(source, ABOUT, others)

    async def linking(self, source: str, others: Iterable[str]) -> list[StandingFact]:
        """Return the very facts that link streams to some others, in the order recorded."""
        return await self._read(source, LINKING, others)

    async def links(self, source: str, streams: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """Return what some streams are linked to, in the order linked."""
        rows = await self._fetch(_in(LOGS[source], LINKS), list(streams), self._cut[source])
        found: dict[str, tuple[str, ...]] = {}
        for stream, about in rows:
            found[stream] = (*found.get(stream, ()), about)
        return found

    async def keys(self, source: str, kind: str, after: str, limit: int) -> list[str]:
        """Return the keys of the next streams of a kind ("note") after one, in their order."""
        rows = await self._fetch(_in(LOGS[source], STREAMS), kind, after, self._cut[source], limit)
        return [row["stream"].partition("/")[2] for row in rows]

    async def sums(self, streams: Iterable[str]) -> dict[str, list[LedgerSum]]:
        """Return the totals of the entries of some ledgers, by type and credit."""
        return ledgers.sums_of(await self._fetch(ledgers.TOTALS, list(streams), self._cut["budget"]))

    async def _read(self, source: str, query: str, streams: Iterable[str]) -> list[StandingFact]:
        rows = await self._fetch(_in(LOGS[source], query), list(streams), self._cut[source])
        found: list[StandingFact] = []
        for begin in range(0, len(rows), SLICE_ROWS):
            found += self._facts(source, rows[begin : begin + SLICE_ROWS])
            await asyncio.sleep(0)
        return found

    async def _fetch(self, query: str, *arguments: object) -> list[asyncpg.Record]:
        async with self._turn:
            return await self._db.fetch(query, *arguments)

    def _facts(self, source: str, rows: Iterable[asyncpg.Record]) -> Iterator[StandingFact]:
        known = self._known[source]
        for stream, position, kind, recorded_at, occurred, data in rows:
            fact = known.get(position)
            if fact is None:
                event = REGISTRY.read(kind, data)
                assert event is not None  # only types of the registry are folded
                name, day = event_name(source, position), recorded_at.date()  # asyncpg gives all times in UTC
                fact = known[position] = StandingFact(name, position, stream, event, day, occurred)
            yield fact


def _in(log: Log, query: str) -> str:
    """Return a query on the tables of one log."""
    return query.format(facts=log.facts.table, links=log.links.table)
