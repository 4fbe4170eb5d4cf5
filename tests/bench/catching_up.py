"""A projection that catches up over a long log, beside the same work by hand and eventsourcing's own runner."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Final

import asyncpg
import orjson

from regesta.database import Connection as Db
from regesta.event import Event, Registry
from regesta.follower import Follower
from regesta.projection import Fact, Projection
from regesta.store import PostgresStore
from tests.bench import rivals
from tests.bench.ground import SERVICE, Ground
from tests.bench.jobs import Job, Told, memory_mb, together
from tests.bench.rows import Figures, Row, at_least, at_most
from tests.conftest import Database, execute

EVENTS = 1_000_000
FILL_AT_ONCE = 200_000
BY_HAND_EVENTS = 500
SAMPLE_SECONDS = 0.1
# Memory counts as grown from here on: by then every buffer has been filled once.
WARM_SHARE = 0.1
RIVAL = "eventsourcing"
RIVAL_EVENTS = 2_000

TABLES = """
CREATE SCHEMA tallies_v1;
CREATE TABLE tallies_v1.tallies (
    stream text COLLATE "C" PRIMARY KEY, events bigint NOT NULL, cents bigint NOT NULL, position bigint NOT NULL
);
GRANT USAGE ON SCHEMA tallies_v1 TO bench;
GRANT SELECT, INSERT, UPDATE, DELETE ON tallies_v1.tallies TO bench;
"""
# Streams of 50 events that begin and end all along the log, as dossiers do. JSON as orjson writes it, which the feed relies on.
FILL = """
INSERT INTO log.events
SELECT n, 'tally/' || lpad(stream::text, 9, '0'), (n - 1) / 100 % 50 + 1, 'counted.v1', now() - interval '1 day' + n * interval '1 ms', uuidv7(),
       '{{"actor":"bench"}}'::json,
       format('{{"cents":%s,"text":"%s"}}', n % 1000, left(translate(encode(sha512(n::text::bytea), 'base64'), E'\\n', ''), 80))::json
FROM (SELECT n, (n - 1) / 5000 * 100 + (n - 1) % 100 AS stream FROM generate_series({first}, {last}) AS n) AS made
"""
EMPTY = "TRUNCATE tallies_v1.tallies, projections.checkpoints"
UPSERT = """
INSERT INTO tallies AS kept
SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[])
ON CONFLICT (stream) DO UPDATE
SET events = kept.events + excluded.events, cents = kept.cents + excluded.cents, position = excluded.position
"""
READ = """
SELECT position, stream, data::text FROM log.events WHERE position > $1 AND position <= $1 + $2 ORDER BY position
"""
CHECKPOINT = "UPDATE projections.checkpoints SET position = $1 WHERE projection = 'by-hand'"
ADD_CHECKPOINT = "INSERT INTO projections.checkpoints VALUES ('by-hand', 'bench', 1, 0)"
TOTAL = "SELECT sum(events)::bigint FROM tallies_v1.tallies"


class Counted(Event):
    """Something to add up."""

    name = "counted.v1"
    cents: int
    text: str


async def project(db: Db, facts: Sequence[Fact]) -> None:
    """Add a batch to the tallies of its streams."""
    tallies: dict[str, tuple[int, int, int]] = {}
    for recorded, event in facts:
        assert isinstance(event, Counted)
        events, cents, _ = tallies.get(recorded.stream, (0, 0, 0))
        tallies[recorded.stream] = events + 1, cents + event.cents, recorded.position
    await db.execute(UPSERT, list(tallies), *map(list, zip(*tallies.values(), strict=True)))


REGISTRY: Final = Registry((Counted,))
PROJECTION: Final = Projection("tallies", SERVICE, 1, (Counted,), ("tallies",), project)


async def rows(ground: Ground) -> AsyncIterator[Row]:
    """Yield the rows of catching up."""
    events = ground.size(EVENTS, 5_000)
    async with filled(ground, events) as database, AsyncExitStack() as stack:
        runner = await rivals.opened(RIVAL, ground, stack, "rival_runner")

        async def done(job: str) -> Figures:
            await execute(database.admin_dsn, EMPTY, "CHECKPOINT")
            (found,) = await together([Job(job, {"dsn": database.dsn, "events": events})])
            return found

        trials = await ground.trials({
            "projection": lambda: done("catch-up"),
            "by hand": lambda: done("by-hand"),
            RIVAL: lambda: runner(1, ground.size(RIVAL_EVENTS, 50)),
        })  # fmt: skip
    name = f"catch-up over {events:,} events"
    rate = trials.of("projection", "rate")
    yield Row(name, rate, "events/s", "by hand, 500 at once", trials.of("by hand", "rate"), at_least(0.6), events)
    yield Row(name, rate, "events/s", f"{RIVAL}'s runner", trials.of(RIVAL, "rate"), at_least(20), events)
    most, warm = trials.of("projection", "most MB"), trials.of("projection", "warm MB")
    yield Row(f"{name}: most memory", most, "MB", "after the first tenth", warm, at_most(1.1), events)


@asynccontextmanager
async def filled(ground: Ground, events: int) -> AsyncIterator[Database]:
    """Give a log of so many events, and the tables of the read model."""
    async with ground.database() as database:
        await execute(database.admin_dsn, TABLES)
        for first in range(1, events + 1, FILL_AT_ONCE):
            last = min(first + FILL_AT_ONCE - 1, events)
            await execute(database.admin_dsn, FILL.format(first=first, last=last))
        await execute(database.admin_dsn, "VACUUM ANALYZE log.events")
        yield database


@asynccontextmanager
async def following(told: Told) -> AsyncIterator[Callable[[], Awaitable[Figures]]]:
    """Give a job that catches up as a service does, and watches its memory."""
    events = int(told["events"])
    async with PostgresStore(SERVICE, str(told["dsn"]), REGISTRY) as store:
        follower = Follower(store, store.pool, SERVICE, [PROJECTION])
        await follower.open()
        memory: list[tuple[int, float]] = []

        async def watch() -> None:
            while True:
                memory.append((follower.position, memory_mb("self", "VmRSS")))
                await asyncio.sleep(SAMPLE_SECONDS)

        async def follow() -> Figures:
            watching = asyncio.create_task(watch())
            began = time.perf_counter()
            await follower.catch_up()
            seconds = time.perf_counter() - began
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching
            memory.append((follower.position, memory_mb("self", "VmRSS")))
            assert await store.pool.fetchval(TOTAL) == events
            late = [each for position, each in memory if position >= events * WARM_SHARE]
            return {"rate": events / seconds, "warm MB": late[0], "most MB": max(late)}

        yield follow


@asynccontextmanager
async def by_hand(told: Told) -> AsyncIterator[Callable[[], Awaitable[Figures]]]:
    """Give a job that does the same with as little as can be: fetch, decode, fold, one upsert and a checkpoint per 500."""
    events = int(told["events"])
    reading = await asyncpg.connect(str(told["dsn"]))
    writing = await asyncpg.connect(str(told["dsn"]), server_settings={"search_path": PROJECTION.schema})
    await writing.execute(ADD_CHECKPOINT)

    async def follow() -> Figures:
        began, position = time.perf_counter(), 0
        while fetched := await reading.fetch(READ, position, BY_HAND_EVENTS):
            position = fetched[-1]["position"]
            tallies: dict[str, tuple[int, int, int]] = {}
            for at, stream, data in fetched:
                count, cents, _ = tallies.get(stream, (0, 0, 0))
                tallies[stream] = count + 1, cents + orjson.loads(data)["cents"], at
            async with writing.transaction():
                await writing.execute(UPSERT, list(tallies), *map(list, zip(*tallies.values(), strict=True)))
                await writing.execute(CHECKPOINT, position)
        seconds = time.perf_counter() - began
        assert await writing.fetchval(TOTAL) == events
        return {"rate": events / seconds}

    try:
        yield follow
    finally:
        await reading.close()
        await writing.close()
