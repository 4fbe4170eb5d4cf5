"""eventsource-py: its PostgreSQL store over SQLAlchemy and asyncpg, as it comes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from eventsource.adapters.postgresql.store import PostgreSQLEventStore
from eventsource.domain import StreamId
from eventsource.domain.event import DomainEvent
from eventsource.ports import ExpectedVersion
from sqlalchemy.ext.asyncio import create_async_engine

from regesta.identity import uuid7
from tests.bench import rivals
from tests.bench.ground import Ground
from tests.bench.load import STREAM_EVENTS, Clock, text
from tests.bench.rows import Figures

POOL = 16


class Measured(DomainEvent):
    """One event of the load."""

    aggregate_type: str = "bench"
    text: str


@asynccontextmanager
async def opened(ground: Ground) -> AsyncIterator[rivals.Rival]:
    """Give the store with a pool of 16 connections."""
    async with ground.database() as database:
        engine = create_async_engine(
            database.admin_dsn.replace("postgresql://", "postgresql+asyncpg://"), pool_size=POOL, max_overflow=0,
            pool_timeout=120,
        )  # fmt: skip
        store = PostgreSQLEventStore(engine, create_schema=True)
        await _caller(store, _events(1), [])  # makes its tables

        async def append(callers: int, events: int) -> Figures:
            work = [_events(max(events // callers, 1)) for _ in range(callers)]
            clock = Clock()
            with clock.running():
                await asyncio.gather(*(_caller(store, mine, clock.took) for mine in work))
            return clock.figures()

        try:
            yield append
        finally:
            await engine.dispose()


def _events(count: int) -> list[Measured]:
    """Return one caller's events, a fresh aggregate every ten."""
    made: list[Measured] = []
    aggregate = uuid7()
    for number in range(count):
        if number % STREAM_EVENTS == 0:
            aggregate = uuid7()
        made.append(Measured(aggregate_id=aggregate, text=text()))
    return made


async def _caller(store: PostgreSQLEventStore, work: list[Measured], took: list[float]) -> None:
    for number, event in enumerate(work):
        began = time.perf_counter()
        expected = ExpectedVersion.exact(number % STREAM_EVENTS)
        await store.append(StreamId(event.aggregate_id, "bench"), [event], expected)
        took.append(time.perf_counter() - began)
