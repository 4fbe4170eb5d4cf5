"""Appending through the store, beside commits of rows made beforehand into the same table."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import time
from collections.abc import Iterator

import asyncpg

from regesta.event import Registry
from regesta.identity import uuid7
from regesta.store import PostgresStore
from regesta.unit import Appended, NewEvent, Unit
from tests.bench.rows import Row, interleaved

EVENTS_ONE = 2_000
EVENTS_MANY = 40_000
ROWS = 64
STREAM_EVENTS = 10
META = '{"actor":"bench"}'
INSERT = """
INSERT INTO log.events
SELECT $1 + n, stream, version, 'measured.v1', now(), $2::uuid, meta::json, data::json
FROM unnest($3::text[], $4::int[], $5::text[], $6::text[]) WITH ORDINALITY AS e (stream, version, meta, data, n)
"""


def payload() -> str:
    """Return 256 bytes of JSON that do not compress."""
    return json.dumps({"text": base64.b64encode(os.urandom(183)).decode()})


def units(count: int) -> Iterator[Unit]:
    """Yield units of one event, a fresh stream every ten, with expected versions."""
    stream = ""
    for number in range(count):
        version = number % STREAM_EVENTS
        if version == 0:
            stream = f"bench/{uuid7()}"
        yield Unit({stream: version}, [NewEvent(stream, version + 1, "measured.v1", META, payload())])


async def through_store(store: PostgresStore, callers: int, events: int) -> float:
    """Return events a second with so many callers, each waiting for its answer."""
    work = [list(units(events // callers)) for _ in range(callers)]

    async def call(mine: list[Unit]) -> None:
        for unit in mine:
            assert isinstance(await store.append(unit), Appended)

    began = time.perf_counter()
    await asyncio.gather(*(call(mine) for mine in work))
    return events / (time.perf_counter() - began)


async def by_hand(owner: asyncpg.Connection, rows: int, events: int) -> float:
    """Return events a second in commits of so many rows made beforehand, on one connection without any check."""
    head = await owner.fetchval("SELECT coalesce(max(position), 0) FROM log.events")
    made = list(units(events))
    batches = [made[n : n + rows] for n in range(0, events, rows)]
    began = time.perf_counter()
    for batch in batches:
        new = [unit.events[0] for unit in batch]
        await owner.execute(
            INSERT, head, batch[0].id, [e.stream for e in new], [e.version for e in new], [e.meta for e in new],
            [e.data for e in new],
        )  # fmt: skip
        head += len(new)
    return events / (time.perf_counter() - began)


async def measure(dsn: str, admin_dsn: str) -> list[Row]:
    """Return the rows of the append."""
    owner = await asyncpg.connect(admin_dsn)
    async with PostgresStore("budget", dsn, Registry()) as store:
        one, one_hand = await interleaved(
            lambda: through_store(store, 1, EVENTS_ONE), lambda: by_hand(owner, 1, EVENTS_ONE)
        )
        many, many_hand = await interleaved(
            lambda: through_store(store, ROWS, EVENTS_MANY), lambda: by_hand(owner, ROWS, EVENTS_MANY)
        )
    await owner.close()
    return [
        Row("append, 1 caller", one[0], "events/s", "commits of 1 row made beforehand", one_hand[0], one[1]),
        Row("append, 64 callers", many[0], "events/s", "commits of 64 rows made beforehand", many_hand[0], many[1]),
    ]
