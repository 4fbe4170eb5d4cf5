"""A service that begins with nothing catches up from a topic, its read model too, beside the hand-written consumer with an upsert."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import asyncpg
import orjson
from aiokafka import ConsumerRecord

from regesta.broker import Broker
from regesta.bus import Intake, Offer
from regesta.follower import Follower
from regesta.kafka import KafkaCarrier
from regesta.store import PostgresStore
from tests.bench import catching_up, consuming, replica, taking_in
from tests.bench.broker import topic_of, unused
from tests.bench.catching_up import PROJECTION, REGISTRY, TABLES, TOTAL, UPSERT, filled
from tests.bench.ground import SERVICE, Ground
from tests.bench.jobs import Job, Told, together
from tests.bench.rows import Figures, Row, at_least
from tests.conftest import execute
from tests.regesta.seals import SEALED

EVENTS = 1_000_000
MOST_SECONDS = 600
EMPTY = (catching_up.EMPTY, replica.EMPTY, taking_in.FORGET_OFFSETS, "CHECKPOINT")


async def rows(ground: Ground) -> AsyncIterator[Row]:
    """Yield the rows of catching up from a topic."""
    broker, events = unused(ground.kafka()), ground.size(EVENTS, 6_000)
    async with filled(ground, events) as source, ground.database() as target:
        async with topic_of(source, broker, events):
            await execute(target.admin_dsn, TABLES)

        async def done(job: str, **more: str) -> Figures:
            await execute(target.admin_dsn, *EMPTY)
            told: Told = {"bootstrap": broker.bootstrap, "prefix": broker.prefix, "events": events, **more}
            (found,) = await together([Job(job, told)])
            return found

        trials = await ground.trials({
            "service": lambda: done("kafka-catch-up", dsn=target.dsn, origin=source.dsn),
            "by hand": lambda: done("kafka-by-hand", dsn=target.admin_dsn),
            "upsert alone": lambda: done("kafka-upsert", dsn=target.admin_dsn),
        })  # fmt: skip
    name = f"catch-up over {events:,} events from Kafka"
    rate = trials.of("service", "rate")
    yield Row(name, rate, "events/s", "aiokafka, INSERT, upsert", trials.of("by hand", "rate"), at_least(0.6), 0)
    yield Row(name, rate, "events/s", "aiokafka, upsert, no replica", trials.of("upsert alone", "rate"), None, 0)


@asynccontextmanager
async def following(told: Told) -> AsyncIterator[Callable[[], Awaitable[Figures]]]:
    """Give a job that takes in a topic and folds it, as a service does."""
    broker, events = Broker(str(told["bootstrap"]), str(told["prefix"]), {}), int(told["events"])
    async with (
        PostgresStore(SERVICE, str(told["origin"]), REGISTRY) as origin,
        PostgresStore("target", str(told["dsn"]), REGISTRY) as store,
    ):
        follower = Follower(store, store.pool, SERVICE, [PROJECTION])
        await follower.open()
        carrier = KafkaCarrier(broker, "target", SERVICE, REGISTRY, Offer(origin), seals=SEALED)

        async def follow() -> Figures:
            began = time.perf_counter()
            running = [asyncio.create_task(each.run()) for each in (Intake(store, SERVICE, carrier), follower)]
            assert await follower.reach(events, MOST_SECONDS), follower.trouble
            seconds = time.perf_counter() - began
            for each in running:
                each.cancel()
            await asyncio.gather(*running, return_exceptions=True)
            await carrier.close()
            assert await store.pool.fetchval(TOTAL) == events
            return {"rate": events / seconds}

        yield follow


@asynccontextmanager
async def by_hand(told: Told) -> AsyncIterator[Callable[[], Awaitable[Figures]]]:
    """Give a job that stores the rows and upserts the read model in one transaction per 5,000."""
    async with _consuming(told, keeps=True) as follow:
        yield follow


@asynccontextmanager
async def without_replica(told: Told) -> AsyncIterator[Callable[[], Awaitable[Figures]]]:
    """Give a job that upserts the read model only: it could never be built anew but from the topic."""
    async with _consuming(told, keeps=False) as follow:
        yield follow


@asynccontextmanager
async def _consuming(told: Told, *, keeps: bool) -> AsyncIterator[Callable[[], Awaitable[Figures]]]:
    broker, events = Broker(str(told["bootstrap"]), str(told["prefix"]), {}), int(told["events"])
    writing = await asyncpg.connect(str(told["dsn"]), server_settings={"search_path": PROJECTION.schema})

    async def follow() -> Figures:
        began, left = time.perf_counter(), events
        async with consuming.consumer(broker.bootstrap, broker.topic(SERVICE)) as reading:
            while left:
                records = await consuming.full(reading, left)
                tallies = _added(records)
                async with writing.transaction():
                    await (consuming.store if keeps else consuming.note)(writing, records)
                    await writing.execute(UPSERT, list(tallies), *map(list, zip(*tallies.values(), strict=True)))
                left -= len(records)
            seconds = time.perf_counter() - began
        assert await writing.fetchval(TOTAL) == events
        return {"rate": events / seconds}

    try:
        yield follow
    finally:
        await writing.close()


def _added(records: list[ConsumerRecord]) -> dict[str, tuple[int, int, int]]:
    """Return what records add to the tallies of their streams."""
    tallies: dict[str, tuple[int, int, int]] = {}
    for record in records:
        assert record.key is not None
        assert record.value is not None
        stream = record.key.decode()
        count, cents, _ = tallies.get(stream, (0, 0, 0))
        tallies[stream] = count + 1, cents + orjson.loads(record.value)["cents"], record.offset + 1
    return tallies
