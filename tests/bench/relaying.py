"""The relay from a log to its topic, beside a bare producer that has the same records in memory."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from typing import Final, NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.producer.message_accumulator import BatchBuilder

from regesta.broker import Broker
from regesta.cloudevents import encode_binary
from regesta.store import PostgresStore
from regesta.topics import RECORD_BYTES, ensure_topic
from tests.bench.broker import FORGET_RELAY, records_in, relayed, unused
from tests.bench.catching_up import REGISTRY, filled
from tests.bench.ground import SERVICE, Ground
from tests.bench.rows import Figures, Row, at_least
from tests.conftest import Database, execute
from tests.regesta.seals import SEAL

EVENTS = 200_000
PIECE = 5_000
BATCH_BYTES: Final = 1024 * 1024
LINGER_MS: Final = 5


class Prepared(NamedTuple):
    """A record as a producer takes it."""

    timestamp_ms: int
    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]


async def rows(ground: Ground) -> AsyncIterator[Row]:
    """Yield the rows of the relay."""
    bootstrap, events = ground.kafka(), ground.size(EVENTS, 6_000)
    async with filled(ground, events) as source, PostgresStore(SERVICE, source.dsn, REGISTRY) as store:
        records = await prepared(store)
        trials = await ground.trials({
            "relay": lambda: over_relay(source, store, unused(bootstrap), events),
            "one by one": lambda: one_by_one(records, unused(bootstrap)),
            "in batches": lambda: in_batches(records, unused(bootstrap)),
        })  # fmt: skip
    rate = trials.of("relay", "rate")
    yield Row(
        "relay to a topic", rate, "events/s", "bare producer, send", trials.of("one by one", "rate"), at_least(0.7), 0
    )
    batches = trials.of("in batches", "rate")
    yield Row("relay to a topic", rate, "events/s", "bare producer, made batches", batches, None, 0)


async def prepared(store: PostgresStore, source: str = SERVICE) -> list[Prepared]:
    """Return the records of a whole log, or of a replica."""
    records: list[Prepared] = []
    while events := await store.read(source, len(records), PIECE):
        for event in events:
            value, headers = encode_binary(event, SEAL)
            records.append(Prepared(int(event.time.timestamp() * 1000), event.stream.encode(), value, headers))
    return records


def size_of(records: Iterable[Prepared]) -> int:
    """Return the bytes of records in a topic, without its indexes and copies."""
    size, batch = 0, BatchBuilder(BATCH_BYTES, 0)
    for at, key, value, headers in records:
        if batch.append(timestamp=at, key=key, value=value, headers=headers) is None:
            size, batch = size + batch.size(), BatchBuilder(BATCH_BYTES, 0)
            batch.append(timestamp=at, key=key, value=value, headers=headers)
    return size + batch.size()


async def over_relay(source: Database, store: PostgresStore, broker: Broker, events: int) -> Figures:
    """Publish a log as a service does."""
    await ensure_topic(broker, broker.topic(SERVICE))
    await execute(source.admin_dsn, FORGET_RELAY, "CHECKPOINT")
    seconds = await relayed(store, broker, events)
    assert await records_in(broker) == events
    return {"rate": events / seconds}


async def one_by_one(records: Sequence[Prepared], broker: Broker) -> Figures:
    """Send records as most do: each by itself, which the producer puts together."""

    async def send(producer: AIOKafkaProducer, topic: str) -> None:
        for at, key, value, headers in records:
            await producer.send(topic, value, key=key, partition=0, timestamp_ms=at, headers=headers)

    return await _timed(broker, len(records), send)


async def in_batches(records: Sequence[Prepared], broker: Broker) -> Figures:
    """Put records together by hand, which spares a future for each."""

    async def send(producer: AIOKafkaProducer, topic: str) -> None:
        batch = producer.create_batch()
        for at, key, value, headers in records:
            if batch.append(timestamp=at, key=key, value=value, headers=headers) is None:
                await producer.send_batch(batch, topic, partition=0)
                batch = producer.create_batch()
                batch.append(timestamp=at, key=key, value=value, headers=headers)
        await producer.send_batch(batch, topic, partition=0)

    return await _timed(broker, len(records), send)


async def _timed(broker: Broker, count: int, send: Callable[[AIOKafkaProducer, str], Awaitable[None]]) -> Figures:
    """Return at what rate so many records are sent and acknowledged, by a producer that is connected before."""
    producer = await _started(broker)
    try:
        began = time.perf_counter()
        await send(producer, broker.topic(SERVICE))
        await producer.flush()
        seconds = time.perf_counter() - began
    finally:
        await producer.stop()
    assert await records_in(broker) == count
    return {"rate": count / seconds}


async def _started(broker: Broker) -> AIOKafkaProducer:
    await ensure_topic(broker, broker.topic(SERVICE))
    producer = AIOKafkaProducer(
        bootstrap_servers=broker.bootstrap, acks="all", enable_idempotence=True,
        linger_ms=LINGER_MS, max_batch_size=BATCH_BYTES, max_request_size=RECORD_BYTES,
    )  # fmt: skip
    await producer.start()
    return producer
