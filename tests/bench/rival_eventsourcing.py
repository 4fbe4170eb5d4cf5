"""eventsourcing: its PostgreSQL recorder, as it comes."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import UUID

from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore

from regesta.identity import uuid7
from tests.bench import rivals
from tests.bench.ground import Ground
from tests.bench.load import STREAM_EVENTS, TYPE, payload
from tests.bench.rows import Figures

POOL = 16


def environment(dsn: str) -> dict[str, str]:
    """Return the variables that name a database to this library."""
    address = urlsplit(dsn)
    place = parse_qs(address.query)
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": address.path.removeprefix("/"),
        "POSTGRES_HOST": place["host"][0],
        "POSTGRES_PORT": place["port"][0],
        "POSTGRES_USER": unquote(address.username or ""),
        "POSTGRES_PASSWORD": unquote(address.password or ""),
    }


@asynccontextmanager
async def opened(ground: Ground) -> AsyncIterator[rivals.Rival]:
    """Give the default recorder with a pool of 16 connections."""
    async with ground.database() as database:
        named = environment(database.admin_dsn)
        datastore = PostgresDatastore(
            dbname=named["POSTGRES_DBNAME"], host=named["POSTGRES_HOST"], port=named["POSTGRES_PORT"],
            user=named["POSTGRES_USER"], password=named["POSTGRES_PASSWORD"], connect_timeout=60,
            pool_size=POOL,
        )  # fmt: skip
        recorder = PostgresApplicationRecorder(datastore)
        recorder.create_table()

        async def append(callers: int, events: int) -> Figures:
            return await rivals.by_threads(partial(_append, recorder), callers, events)

        try:
            yield append
        finally:
            datastore.close()


def _append(recorder: PostgresApplicationRecorder, numbers: list[int]) -> list[float]:
    payloads = [payload().encode() for _ in numbers]
    took = []
    originator: UUID = uuid7()
    for number, state in zip(numbers, payloads, strict=True):
        version = number % STREAM_EVENTS
        if version == 0:
            originator = uuid7()
        began = time.perf_counter()
        recorder.insert_events([StoredEvent(originator, version + 1, TYPE, state)])
        took.append(time.perf_counter() - began)
    return took
