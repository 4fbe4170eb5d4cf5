"""The facts that stand, one table per log, and the links between their streams.

Rows: `facts` holds in each slot of a stream the fact that counts, as recorded; `links` the other stream that it speaks of.
Both carry the positions between which they were true, so that a reader sees what stood at any cut.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Final

from regesta.database import Connection as Db
from regesta.event import Event, Recorded, Registry, event_name
from regesta.periods import Change, Periods, as_of
from regesta.projection import Fact, Projection
from services.reporting.domain.standing import (
    BUDGET,
    KPI,
    OBJECTIVES,
    Standing,
    ended_by,
    links_of,
    slot_of,
    unlinked_by,
)

KEY: Final = {"stream": "text", "slot": "text"}
FACT: Final = {"type": "text", "recorded_at": "timestamptz", "occurred": "text", "data": "json"}
LINK: Final = {"about": "text"}


@dataclass(frozen=True, slots=True)
class Log:
    """The read model of one source. schema: of its tables."""

    source: str
    events: tuple[type[Event], ...]
    schema: str
    facts: Periods
    links: Periods

    @classmethod
    def of(cls, source: str, events: tuple[type[Event], ...]) -> Log:
        """Return the read model of a source."""
        schema = f"{source}_v1"
        facts, links = Periods(f"{schema}.facts", KEY, FACT), Periods(f"{schema}.links", KEY, LINK)
        return cls(source, events, schema, facts, links)

    async def project(self, db: Db, batch: Sequence[Fact]) -> None:
        """Fold a batch, in two statements whatever its size."""
        facts = [change for recorded, event in batch for change in _fact_changes(recorded, event)]
        links = [change for recorded, event in batch for change in _link_changes(recorded, event)]
        await self.facts.put(db, facts)
        await self.links.put(db, links)

    def projection(self) -> Projection:
        """Return it as the kernel follows it."""
        tables = (self.facts.table, self.links.table)
        return Projection(f"{self.source}-standing", self.source, 1, self.events, tables, self.project)


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
PROJECTIONS: Final = tuple(log.projection() for log in LOGS.values())


class StandingReader:
    """Reads what stood at a cut. Each method is one statement, whatever the number of streams."""

    def __init__(self, db: Db, cut: Mapping[str, int], registry: Registry) -> None:
        self._db = db
        self._cut = cut
        self._registry = registry

    async def of(self, source: str, streams: Sequence[str], but: Sequence[type[Event]] = ()) -> list[Standing]:
        """Return the facts of some streams, in the order recorded, leaving some types out."""
        query = f"""
            SELECT f.stream, f.from_position, f.type, f.recorded_at, f.occurred, f.data::text
            FROM {LOGS[source].facts.table} AS f
            WHERE f.stream = ANY ($1::text[]) AND {as_of("f", "$2")} AND f.type <> ALL ($3::text[])
            ORDER BY f.from_position, f.stream, f.slot
        """
        return await self._read(source, query, streams, but)

    async def about(self, source: str, others: Sequence[str], but: Sequence[type[Event]] = ()) -> list[Standing]:
        """Return the facts of all streams that are linked to some others, in the order recorded."""
        log = LOGS[source]
        query = f"""
            SELECT f.stream, f.from_position, f.type, f.recorded_at, f.occurred, f.data::text
            FROM {log.facts.table} AS f
            WHERE f.stream IN (SELECT l.stream FROM {log.links.table} AS l
                               WHERE l.about = ANY ($1::text[]) AND {as_of("l", "$2")})
              AND {as_of("f", "$2")} AND f.type <> ALL ($3::text[])
            ORDER BY f.from_position, f.stream, f.slot
        """
        return await self._read(source, query, others, but)

    async def linking(self, source: str, others: Sequence[str]) -> list[Standing]:
        """Return the very facts that link streams to some others, in the order recorded."""
        log = LOGS[source]
        query = f"""
            SELECT f.stream, f.from_position, f.type, f.recorded_at, f.occurred, f.data::text
            FROM {log.links.table} AS l JOIN {log.facts.table} AS f USING (stream, slot)
            WHERE l.about = ANY ($1::text[]) AND {as_of("l", "$2")} AND {as_of("f", "$2")}
              AND f.type <> ALL ($3::text[])
            ORDER BY f.from_position, f.stream, f.slot
        """
        return await self._read(source, query, others, ())

    async def links(self, source: str, streams: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Return what some streams are linked to, in the order linked."""
        query = f"""
            SELECT l.stream, l.about FROM {LOGS[source].links.table} AS l
            WHERE l.stream = ANY ($1::text[]) AND {as_of("l", "$2")}
            ORDER BY l.stream, l.from_position, l.about
        """
        found: dict[str, tuple[str, ...]] = {}
        for stream, about in await self._db.fetch(query, streams, self._cut[source]):
            found[stream] = (*found.get(stream, ()), about)
        return found

    async def _read(
        self, source: str, query: str, streams: Sequence[str], but: Sequence[type[Event]]
    ) -> list[Standing]:
        left_out = [event.name for event in but]
        rows = await self._db.fetch(query, list(streams), self._cut[source], left_out)
        facts = []
        for stream, position, kind, recorded_at, occurred, data in rows:
            event = self._registry.read(kind, data)
            assert event is not None  # only known types are folded
            day = recorded_at.astimezone(UTC).date()
            facts.append(Standing(event_name(source, position), position, stream, event, day, occurred))
        return facts
