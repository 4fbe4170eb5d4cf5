"""A small programme grown large: copies of its events under other names, and a long history of statements on them."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias
from uuid import UUID, uuid4

import asyncpg

from contracts.budget import CreditReserved
from contracts.objectives import (
    DeadlineSet,
    FieldStated,
    ObjectiveRegistered,
    PolicyNoteOpened,
    StaffEstimated,
    StatusReported,
)
from regesta.event import DayStarted, FactWithdrawn
from tests.conftest import Database

UUIDS = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# An entity before an allocation code: the key of a budget line.
ENTITIES = re.compile(r"\b([a-z][a-z0-9-]*)(?=\.\d{2}\.\d{3}\.\d{2}\.\d{2}\.\d{4})")
# Of the history, one in so many is an entry of a ledger; the others state again what was stated.
LEDGER_EVERY = 20
STATED = {event.name for event in (FieldStated, DeadlineSet, StatusReported, StaffEstimated)}
RESERVED = CreditReserved.name
# There is one of each, and a withdrawal names the position of an event of the first copy.
ONCE = {PolicyNoteOpened.name, DayStarted.name, FactWithdrawn.name}
COLUMNS = ("source", "position", "stream", "version", "type", "time", "meta", "data")
ADD_SOURCE = "INSERT INTO log.sources VALUES ($1, $2, $3, $4)"

# Without its place: (source, stream, type, time, meta, data).
Fact: TypeAlias = tuple[str, str, str, datetime, str, str]
Placed: TypeAlias = tuple[str, int, str, int, str, datetime, str, str]


@dataclass(frozen=True, slots=True)
class Grown:
    """What came of it. heads: the end of each log; past: the cut at half of the history."""

    objectives: int
    heads: Mapping[str, int]
    past: Mapping[str, int]


class Places:
    """Gives each event its position in its log and its version in its stream."""

    def __init__(self) -> None:
        self.positions: dict[str, int] = {}
        self.last: dict[str, datetime] = {}
        self._versions: dict[tuple[str, str], int] = {}

    def place(self, fact: Fact) -> Placed:
        """Return an event as a row of the replica."""
        source, stream, kind, moment, meta, data = fact
        position = self.positions[source] = self.positions.get(source, 0) + 1
        version = self._versions[source, stream] = self._versions.get((source, stream), 0) + 1
        # Time never goes back, also where a copy begins.
        moment = self.last[source] = max(moment, self.last.get(source, moment))
        return source, position, stream, version, kind, moment, meta, data


async def grow(database: Database, sample: Sequence[asyncpg.Record], objectives: int, events: int) -> Grown:
    """Fill the replicas of reporting with the sample grown to about so many objectives and exactly so many events."""
    facts: list[Fact] = [
        (row["source"], row["stream"], row["type"], row["time"], row["meta"], row["data"]) for row in sample
    ]
    each = sum(kind == ObjectiveRegistered.name for _, _, kind, *_ in facts)
    copies = [fact for number in range(-(-objectives // each)) for fact in copied(facts, number)]
    places, more = Places(), events - len(copies)
    history = again(copies)
    connection = await asyncpg.connect(database.admin_dsn)

    async def add(new: Iterator[Fact]) -> None:
        records = map(places.place, new)
        await connection.copy_records_to_table("replicas", schema_name="log", records=records, columns=COLUMNS)

    try:
        await add(iter(copies))
        await add(itertools.islice(history, more // 2))
        past = dict(places.positions)
        await add(itertools.islice(history, more - more // 2))
        for source, head in places.positions.items():
            await connection.execute(ADD_SOURCE, source, uuid4(), head, places.last[source])
    finally:
        await connection.close()
    return Grown(each * -(-objectives // each), places.positions, past)


def copied(facts: Sequence[Fact], number: int) -> Iterator[Fact]:
    """Yield the events of a copy: every id, and the entity of every line, is the copy's own. The note is one."""
    if number == 0:
        yield from facts
        return
    rename = renaming(number)
    for source, stream, kind, moment, meta, data in facts:
        if kind not in ONCE:
            yield source, rename(stream), kind, moment, meta, rename(data)


def renaming(number: int) -> Callable[[str], str]:
    """Return the function that gives names their form in a copy."""

    def other(found: re.Match[str]) -> str:
        return str(UUID(int=UUID(found[0]).int ^ number << 64 + 16))

    def renamed(text: str) -> str:
        return ENTITIES.sub(rf"\1-{number}", UUIDS.sub(other, text))

    return renamed


def again(copies: Sequence[Fact]) -> Iterator[Fact]:
    """Yield statements that are stated again and again, and now and then an entry of a ledger, without end."""
    statements = itertools.cycle([fact for fact in copies if fact[2] in STATED])
    entries = itertools.cycle([fact for fact in copies if fact[2] == RESERVED])
    for number in itertools.count(1):
        yield next(entries if number % LEDGER_EVERY == 0 else statements)
