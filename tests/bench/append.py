"""Appending through the store, beside COPY, plain INSERT and other libraries, on an empty table and on a large one."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from functools import partial

import asyncpg

from regesta.event import Registry
from regesta.store import PostgresStore
from regesta.unit import Appended, Unit
from tests.bench import rivals
from tests.bench.ground import SERVICE, Ground, count
from tests.bench.jobs import Job, Told, together
from tests.bench.load import TYPE, Clock, ordered, scattered, shares, timed, units
from tests.bench.rows import Figures, Row, at_least, at_most
from tests.bench.trials import Measure, Trials
from tests.conftest import Database, execute

# Callers and how many events they append together in one repeat.
SIZES = {1: 3_000, 16: 24_000, 64: 60_000, 256: 80_000, 1024: 100_000}
COPIED = 100_000
LARGE_ROWS = 5_000_000
PLAIN_POOL = 16
EMPTY = "TRUNCATE log.events, log.keys"
# The number of callers that most bars speak of.
USUAL = 64
# Bars of the ratio to COPY, and to plain INSERT, by callers.
OF_COPY = {64: at_least(0.25), 256: at_least(0.3)}
OF_PLAIN = {1: at_least(0.85), 64: at_least(3.5)}
OF_RIVALS = {"eventsourcing": at_least(40), "eventsource-py": at_least(10), "umadb": at_least(4)}
# Of the time itself, where a flush takes 0.1 ms.
P99 = at_most(1.5, "value")
PLAIN = "INSERT + COMMIT, pool 16"
# How fast one process may be at most, for work made beforehand.
MOST_A_SECOND = 150_000
# Units of another kind at 64 callers, and their bars beside the usual ones.
KINDS = {
    "over two streams": at_least(0.6),
    "on random stream names": at_least(0.75),
    "each with a key": at_least(0.8),
}
COLUMNS = ("position", "stream", "version", "type", "time", "unit", "meta", "data")
# Without the lock nothing orders the positions: it is what an application would write that has no log.
PLAIN_INSERT = """
INSERT INTO log.events VALUES (nextval('plain_positions'), $1, $2, $3, clock_timestamp(), $4, $5::json, $6::json)
"""
PREPARE_PLAIN = "CREATE SEQUENCE plain_positions CACHE 1"
CONTINUE_PLAIN = "SELECT setval('plain_positions', (SELECT coalesce(max(position), 0) + 1 FROM log.events), false)"
# As the load's own rows: ten a stream, names in the order of time, 256 bytes that do not compress.
FILL = """
INSERT INTO log.events
SELECT n, first_value(name) OVER stream, (n - 1) % 10 + 1, 'measured.v1', now(), uuidv7(), '{{"actor":"bench"}}'::json,
       json_build_object('text', left(translate(
           encode(sha512(n::text::bytea) || sha512((-n)::text::bytea) || sha512(('x' || n)::bytea), 'base64'), E'\\n', ''
       ), 244))
FROM (SELECT n, 'bench/' || uuidv7() AS name FROM generate_series({first}, {last}) AS n) AS made
WINDOW stream AS (PARTITION BY (n - 1) / 10 ORDER BY n)
"""
FILL_AT_ONCE = 500_000


class Table:
    """The table of events under measurement. emptied: before each measure."""

    def __init__(self, ground: Ground, database: Database, *, emptied: bool) -> None:
        self.ground = ground
        self.database = database
        self._emptied = emptied

    async def prepare(self) -> None:
        """Make what a measure finds; no checkpoint of earlier writes shall fall into it."""
        await execute(self.database.admin_dsn, *([EMPTY] if self._emptied else []), CONTINUE_PLAIN, "CHECKPOINT")

    async def through_store(self, made: Iterator[Unit], callers: int) -> Figures:
        """Append with so many callers, each waiting for its answer."""
        work = shares(made, callers, self.total(callers))
        await self.prepare()
        async with PostgresStore(SERVICE, self.database.dsn, Registry()) as store:

            async def append(unit: Unit) -> None:
                assert isinstance(await store.append(unit), Appended)

            clock = Clock()
            with clock.running():
                await asyncio.gather(*(timed(append, mine, clock.took) for mine in work))
        return clock.figures()

    async def copied(self) -> Figures:
        """Insert the same rows with one COPY."""
        made = list(itertools.islice(units(), self.ground.size(COPIED, 200)))
        await self.prepare()
        head = await count_head(self.database.admin_dsn)
        rows = rows_of(made, head)
        connection = await asyncpg.connect(self.database.admin_dsn)
        clock = Clock()
        try:
            with clock.running():
                await connection.copy_records_to_table("events", schema_name="log", records=rows, columns=COLUMNS)
        finally:
            await connection.close()
        return {"rate": len(rows) / clock.seconds}

    async def inserted(self, callers: int) -> Figures:
        """Insert and commit row by row, with so many callers on 16 connections."""
        work = shares(units(), callers, self.total(callers) // 3)
        await self.prepare()
        dsn, size = self.database.admin_dsn, PLAIN_POOL
        # Without the pool's own statement at each return of a connection, which would be a second round trip.
        async with asyncpg.create_pool(dsn, min_size=size, max_size=size, reset=_as_it_is) as pool:

            async def insert(unit: Unit) -> None:
                (event,) = unit.events
                await pool.execute(PLAIN_INSERT, event.stream, event.version, TYPE, unit.id, event.meta, event.data)

            clock = Clock()
            with clock.running():
                await asyncio.gather(*(timed(insert, mine, clock.took) for mine in work))
        return clock.figures()

    @property
    def levels(self) -> tuple[int, ...]:
        """With how many callers it is measured."""
        return (1, USUAL) if self.ground.short else tuple(SIZES)

    def total(self, callers: int) -> int:
        """Return how many events are appended in one repeat."""
        return self.ground.size(SIZES[callers], 40)


async def on_empty(ground: Ground) -> AsyncIterator[Row]:
    """Yield the rows of an empty table."""
    async with prepared(ground) as database, AsyncExitStack() as stack:
        table = Table(ground, database, emptied=True)
        measures = own_measures(table)
        for name in rivals.NAMES:
            opened = await rivals.opened(name, ground, stack)
            for callers in table.levels:
                # The slow ones are measured on fewer events; a rate does not need more.
                total = min(table.total(callers), rivals.EVENTS[name])
                measures[f"{name} {callers}"] = partial(opened, callers, total)
        trials = await ground.trials(measures)
    for callers in table.levels:
        for row in rates(trials, callers, "empty table", 0, rivals.NAMES):
            yield row
    for row in kinds(trials, "empty table", 0):
        yield row


async def on_large(ground: Ground) -> AsyncIterator[Row]:
    """Yield the rows of a table that was large before."""
    async with prepared(ground) as database:
        rows = ground.size(LARGE_ROWS, 2_000)
        for first in range(1, rows + 1, FILL_AT_ONCE):
            last = min(first + FILL_AT_ONCE - 1, rows)
            ground.say(f"filling: {last:,} rows")
            await execute(database.admin_dsn, FILL.format(first=first, last=last))
        await execute(database.admin_dsn, "VACUUM ANALYZE log.events")
        starting = await count(database.admin_dsn, "log.events")
        table = Table(ground, database, emptied=False)
        trials = await ground.trials(own_measures(table))
    for callers in table.levels:
        for row in rates(trials, callers, f"over {starting:,} rows", starting):
            yield row
    for row in kinds(trials, f"over {starting:,} rows", starting):
        yield row


async def in_two_processes(ground: Ground) -> AsyncIterator[Row]:
    """Yield the rows of 64 callers in one process and in two, 32 each."""
    async with prepared(ground) as database:
        seconds = 0.1 if ground.short else 2.0

        async def appended(callers: Sequence[int]) -> Figures:
            await execute(database.admin_dsn, EMPTY, "CHECKPOINT")
            jobs = [Job("append", {"dsn": database.dsn, "callers": each, "seconds": seconds}) for each in callers]
            done = [found["units"] for found in await together(jobs)]
            return {"rate": sum(done) / seconds, "share": min(done) / sum(done)}

        trials = await ground.trials({"one": lambda: appended([64]), "two": lambda: appended([32, 32])})
    rate, one = trials.of("two", "rate"), trials.of("one", "rate")
    yield Row("append, two processes of 32 callers", rate, "events/s", "one process of 64", one, at_least(0.75), 0)
    yield Row("append, two processes: share of the lesser", trials.of("two", "share"), "", bar=at_least(0.4, "value"))


@asynccontextmanager
async def prepared(ground: Ground) -> AsyncIterator[Database]:
    """Give a database to append to."""
    async with ground.database() as database:
        await execute(database.admin_dsn, PREPARE_PLAIN)
        yield database


@asynccontextmanager
async def appending(told: Told) -> AsyncIterator[Callable[[], Awaitable[Figures]]]:
    """Give a job that appends for some seconds and counts its units."""
    seconds, callers = float(told["seconds"]), int(told["callers"])
    work = shares(units(), callers, int(MOST_A_SECOND * seconds))
    async with PostgresStore(SERVICE, str(told["dsn"]), Registry()) as store:

        async def caller(mine: list[Unit], until: float) -> int:
            for number, unit in enumerate(mine):
                if time.perf_counter() > until:
                    return number
                assert isinstance(await store.append(unit), Appended)
            raise RuntimeError("a caller ran out of work, so the rate is not known")

        async def append() -> Figures:
            until = time.perf_counter() + seconds
            return {"units": sum(await asyncio.gather(*(caller(mine, until) for mine in work)))}

        yield append


def own_measures(table: Table) -> dict[str, Measure]:
    """Return what is measured on PostgreSQL's table itself, in the order of a round."""
    measures: dict[str, Measure] = {"copy": table.copied}
    for callers in table.levels:
        measures[f"store {callers}"] = partial(_through_store, table, callers)
        measures[f"plain {callers}"] = partial(table.inserted, callers)
    measures["over two streams"] = lambda: table.through_store(units(streams=2), USUAL)
    measures["on random stream names"] = lambda: table.through_store(units(scattered), USUAL)
    measures["each with a key"] = lambda: table.through_store(units(keyed=True), USUAL)
    return measures


def rows_of(made: Sequence[Unit], head: int) -> list[tuple[object, ...]]:
    """Return units of one event each as the rows that follow on a head."""
    now = datetime.now(UTC)
    return [
        (head + n, event.stream, event.version, TYPE, now, unit.id, event.meta, event.data)
        for n, unit in enumerate(made, start=1)
        for event in unit.events
    ]


async def _as_it_is(_connection: object) -> None:
    """Reset nothing."""


async def _through_store(table: Table, callers: int) -> Figures:
    return await table.through_store(units(ordered), callers)


def rates(trials: Trials, callers: int, where: str, starting: int, others: Sequence[str] = ()) -> Iterator[Row]:
    """Yield what so many callers reach, beside PostgreSQL itself and others."""
    name, measure = f"append, {label(callers)}, {where}", f"store {callers}"
    rate = trials.of(measure, "rate")
    yield Row(name, rate, "events/s", "one COPY", trials.of("copy", "rate"), OF_COPY.get(callers), starting)
    plain = trials.of(f"plain {callers}", "rate")
    yield Row(name, rate, "events/s", PLAIN, plain, OF_PLAIN.get(callers), starting)
    for other in others:
        bar = OF_RIVALS[other] if callers == USUAL else None
        yield Row(name, rate, "events/s", other, trials.of(f"{other} {callers}", "rate"), bar, starting)
    p99, plain_p99 = trials.of(measure, "p99 ms"), trials.of(f"plain {callers}", "p99 ms")
    yield Row(f"{name}: p99", p99, "ms", PLAIN, plain_p99, P99 if callers == USUAL else None, starting)
    cpu, plain_cpu = trials.of(measure, "cpu us"), trials.of(f"plain {callers}", "cpu us")
    yield Row(f"{name}: CPU of the process", cpu, "µs/event", PLAIN, plain_cpu, None, starting)


def kinds(trials: Trials, where: str, starting: int) -> Iterator[Row]:
    """Yield what units of other kinds reach, beside the usual ones."""
    usual = trials.of(f"store {USUAL}", "rate")
    for kind, bar in KINDS.items():
        name = f"append, {label(USUAL)}, {where}, {kind}"
        yield Row(name, trials.of(kind, "rate"), "units/s", "usual units", usual, bar, starting)


def label(callers: int) -> str:
    """Return the callers in words."""
    return "1 caller" if callers == 1 else f"{callers:,} callers"


async def count_head(dsn: str) -> int:
    """Return the last position of the log."""
    connection = await asyncpg.connect(dsn)
    try:
        head: int = await connection.fetchval("SELECT coalesce(max(position), 0) FROM log.events")
    finally:
        await connection.close()
    return head
