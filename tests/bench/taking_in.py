"""A replica taken in from a topic, beside the hand-written consumer."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import asyncpg

from regesta.broker import Broker
from regesta.bus import POLL_SECONDS, Intake, Offer
from regesta.kafka import KafkaCarrier
from regesta.store import PostgresStore
from tests.bench import consuming
from tests.bench.broker import topic_of, unused
from tests.bench.catching_up import REGISTRY, filled
from tests.bench.ground import SERVICE, Ground, count
from tests.bench.replica import EMPTY
from tests.bench.rows import Figures, Row, at_least
from tests.conftest import Database, execute
from tests.regesta.seals import SEALED

EVENTS = 200_000
FORGET_OFFSETS = "TRUNCATE bus.offsets"


async def rows(ground: Ground) -> AsyncIterator[Row]:
    """Yield the rows of the intake."""
    broker, events = unused(ground.kafka()), ground.size(EVENTS, 6_000)
    async with filled(ground, events) as source, ground.database() as target, topic_of(source, broker, events) as store:
        trials = await ground.trials({
            "intake": lambda: over_kafka(broker, store, target, events),
            "by hand": lambda: by_hand(broker, target, events),
        })  # fmt: skip
    rate, hand = trials.of("intake", "rate"), trials.of("by hand", "rate")
    yield Row("replica over Kafka", rate, "events/s", "aiokafka, INSERT 5,000 at once", hand, at_least(0.6), 0)


async def over_kafka(broker: Broker, origin: PostgresStore, target: Database, events: int) -> Figures:
    """Take in the topic as a service does."""
    await execute(target.admin_dsn, EMPTY, FORGET_OFFSETS, "CHECKPOINT")
    carrier = KafkaCarrier(broker, "target", SERVICE, REGISTRY, Offer(origin), seals=SEALED)
    async with PostgresStore("target", target.dsn, REGISTRY) as store:
        intake = Intake(store, SERVICE, carrier)
        try:
            began, taken = time.perf_counter(), 0
            while taken < events:
                taken += await intake.step(POLL_SECONDS)
            seconds = time.perf_counter() - began
        finally:
            await carrier.close()
    assert await count(target.admin_dsn, "log.replicas") == events
    return {"rate": events / seconds}


async def by_hand(broker: Broker, target: Database, events: int) -> Figures:
    """Take in the topic with as little as can be."""
    await execute(target.admin_dsn, EMPTY, FORGET_OFFSETS, "CHECKPOINT")
    writing = await asyncpg.connect(target.admin_dsn)
    try:
        began, left = time.perf_counter(), events
        async with consuming.consumer(broker.bootstrap, broker.topic(SERVICE)) as reading:
            while left:
                records = await consuming.full(reading, left)
                async with writing.transaction():
                    await consuming.store(writing, records)
                left -= len(records)
            seconds = time.perf_counter() - began
    finally:
        await writing.close()
    assert await count(target.admin_dsn, "log.replicas") == events
    return {"rate": events / seconds}
