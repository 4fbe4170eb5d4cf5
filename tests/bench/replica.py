"""A replica taken in over the feed, beside reading the events from the table and inserting them by hand."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import asyncpg
import httpx2

from cli.tokens import Issuer
from regesta.bus import POLL_SECONDS, Intake
from regesta.followed import FollowedFeed
from regesta.source import FeedClient
from regesta.store import READ_OWN, PostgresStore
from tests.bench.catching_up import REGISTRY, filled
from tests.bench.ground import SERVICE, Ground, count
from tests.bench.rows import Figures, Row, at_least
from tests.bench.serving import HOURS, Server, environment, free_port, started
from tests.conftest import Database, execute

EVENTS = 200_000
STATEMENT_ROWS = 5_000
EMPTY = "TRUNCATE log.replicas, log.sources"
INSERT = """
INSERT INTO log.replicas
SELECT 'bench', position, stream, version, type, time, meta::json, data::json
FROM unnest($1::bigint[], $2::text[], $3::int[], $4::text[], $5::timestamptz[], $6::text[], $7::text[])
     AS event (position, stream, version, type, time, meta, data)
"""


async def rows(ground: Ground) -> AsyncIterator[Row]:
    """Yield the row of the replica."""
    events, issuer, port = ground.size(EVENTS, 6_000), Issuer(ground.folder / "keys"), free_port()
    async with filled(ground, events) as source, ground.database() as target:
        told = environment(SERVICE, source, issuer) | {"REGESTA_PORT": str(port)}
        async with started(["-m", "tests.bench.feeding", "api"], told, port, f"/{SERVICE}/v1/livez") as server:
            trials = await ground.trials({
                "feed": lambda: over_feed(server, issuer.everything(HOURS), target, events),
                "by hand": lambda: by_hand(source, target, events),
            })  # fmt: skip
    rate, hand = trials.of("feed", "rate"), trials.of("by hand", "rate")
    yield Row("replica over the feed", rate, "events/s", "SELECT, INSERT 5,000 at once", hand, at_least(0.5), 0)


async def over_feed(server: Server, token: str, target: Database, events: int) -> Figures:
    """Take in the log as a service does."""
    await execute(target.admin_dsn, EMPTY, "CHECKPOINT")
    async with PostgresStore("target", target.dsn, REGISTRY) as store, httpx2.AsyncClient() as client:
        pipe = FollowedFeed(FeedClient(client, f"{server.url}/{SERVICE}/v1", token, REGISTRY))
        intake = Intake(store, SERVICE, pipe)
        began, taken = time.perf_counter(), 0
        while taken < events:
            taken += await intake.step(POLL_SECONDS)
        seconds = time.perf_counter() - began
        await pipe.close()
    assert await count(target.admin_dsn, "log.replicas") == events
    return {"rate": events / seconds}


async def by_hand(source: Database, target: Database, events: int) -> Figures:
    """Copy the log with as little as can be: one connection reads, another writes, 5,000 rows a statement."""
    await execute(target.admin_dsn, EMPTY, "CHECKPOINT")
    reading, writing = await asyncpg.connect(source.dsn), await asyncpg.connect(target.admin_dsn)
    try:
        began, position = time.perf_counter(), 0
        while position < events:
            fetched = await reading.fetch(READ_OWN, position, STATEMENT_ROWS)
            await writing.execute(INSERT, *map(list, zip(*fetched, strict=True)))
            position += len(fetched)
        seconds = time.perf_counter() - began
    finally:
        await reading.close()
        await writing.close()
    assert await count(target.admin_dsn, "log.replicas") == events
    return {"rate": events / seconds}
