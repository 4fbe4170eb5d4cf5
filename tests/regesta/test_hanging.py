"""Whatever a client of the broker does at its faults, who reads and who publishes goes on: by a client that is made anew."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeAlias
from uuid import uuid4

import pytest
from aiokafka import TopicPartition

from deploy.kafka.cluster import Cluster, Node
from regesta import client as clients
from regesta import topic as topics
from regesta.broker import Broker
from regesta.bus import Offer, Seen, Standstill
from regesta.client import answered_within, start, stop
from regesta.cloudevents import digest
from regesta.event import Recorded
from regesta.kafka import KafkaCarrier
from regesta.reasons import Cause
from regesta.relay import Relay
from regesta.suites import filled, new_event, new_unit
from regesta.testing import MemoryStore
from regesta.topic import KafkaPublisher, Reader
from regesta.topics import ensure_topic
from tests.conftest import FreshDatabase
from tests.kafka import cluster
from tests.regesta import jars
from tests.regesta.conftest import OpenStore
from tests.regesta.seals import SEAL, SEALED
from tests.regesta.serving import until
from tests.regesta.topics import Origin, positions_in

GO_ON_SECONDS = 40
EVENTS = 5
# A request is given up after this time, not after 10 s.
SOON_MS = 1_000
# More than the system keeps of a connection that its other end does not read.
LARGE = "x" * 3_900_000


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with cluster(tmp_path_factory.mktemp("one") / "nodes") as running:
        yield running


@pytest.fixture
def broker(one: Cluster) -> Broker:
    """Return a broker of this module's own, whose process can be stopped."""
    return Broker(one.bootstrap, f"test-{uuid4().hex[:12]}", {})


@contextmanager
def silent(node: Node) -> Iterator[None]:
    """Let a broker say nothing, and keep its connections."""
    assert node.pid is not None
    os.kill(node.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(node.pid, signal.SIGCONT)


async def heedless() -> None:
    """Go on after being cancelled, once, as what catches every error and tries again."""
    with suppress(asyncio.CancelledError):
        await asyncio.sleep(3600)
    await asyncio.sleep(3600)


@pytest.fixture
async def publisher(broker: Broker) -> AsyncIterator[KafkaPublisher]:
    opened = KafkaPublisher(broker, "jars", jars.REGISTRY, SEALED)
    await opened.open()
    yield opened
    await opened.close()


async def test_a_broker_that_says_nothing_does_not_hold_up_a_publisher_that_closes(
    one: Cluster, publisher: KafkaPublisher, memory_store: MemoryStore
) -> None:
    """What it did not read fills its connection, which is closed only once that is empty."""
    await memory_store.append(new_unit(new_event("thing/1", 1, f'{{"n":"{LARGE}"}}')))
    events = await memory_store.read("jars", 0, 99)
    with silent(one.nodes[0]):
        publishing = asyncio.create_task(publisher.publish(events))
        await asyncio.sleep(1)
        async with asyncio.timeout(2 * GO_ON_SECONDS):
            await publisher.close()
        publishing.cancel()
        await asyncio.gather(publishing, return_exceptions=True)


async def fetching_ends(consumer: Any) -> None:
    """As when a request under way was cancelled: what fetches takes that for its own end."""
    consumer._fetcher._fetch_task.cancel()


async def fetching_fails(consumer: Any) -> None:
    """As when a fault comes up in a request under way: closing raises it."""

    async def fail() -> None:
        raise KeyError((1, 0))

    consumer._fetcher._pending_tasks.add(asyncio.create_task(fail()))


async def waits_to_ask_again(consumer: Any) -> None:
    """As when its node is gone: closing cancels what waits to ask again, and is cancelled by it, with all who wait for that."""
    consumer._fetcher._pending_tasks.add(asyncio.create_task(asyncio.sleep(3600)))
    consumer._fetcher._fetch_task.cancel()


async def waits_for_its_own_task(consumer: Any) -> None:
    """As when the one that looks for the group's coordinator does not end: closing waits for it, without a word to it."""
    coordinator = consumer._coordinator
    coordinator._coordination_task.cancel()
    coordinator._coordination_task = asyncio.create_task(asyncio.sleep(3600))
    consumer._fetcher._fetch_task.cancel()


Fault: TypeAlias = Callable[[Any], Awaitable[None]]


@pytest.fixture
async def carrier(
    broker: Broker, memory_store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[KafkaCarrier]:
    """Return one that gives up a request soon, of a source that cannot be asked itself."""
    monkeypatch.setattr(topics, "REQUEST_MS", SOON_MS)
    made = KafkaCarrier(broker, "kpi", "jars", jars.REGISTRY, Origin(Offer(memory_store), away=True), seals=SEALED)
    yield made
    await made.close()


@pytest.mark.parametrize("fault", [fetching_ends, fetching_fails, waits_to_ask_again, waits_for_its_own_task])
async def test_who_reads_goes_on_by_another_client(
    publisher: KafkaPublisher, memory_store: MemoryStore, carrier: KafkaCarrier, fault: Fault
) -> None:
    await filled(memory_store, EVENTS)
    events = await memory_store.read("jars", 0, EVENTS)
    await publisher.publish(events[:2])
    seen = await come(carrier, Seen(0), 2)
    reading = asyncio.create_task(come(carrier, seen, EVENTS))
    assert carrier._reader is not None
    await fault(carrier._reader._consumer)
    await asyncio.sleep(1)  # a request that is under way is answered
    await publisher.publish(events[2:])
    done, _ = await asyncio.wait({reading}, timeout=GO_ON_SECONDS)
    assert done
    assert reading.result().position == EVENTS


async def come(carrier: KafkaCarrier, seen: Seen, position: int) -> Seen:
    """Read up to a position, as an intake does; return what was seen then."""
    while seen.position < position:
        try:
            batch = await carrier.fetch(seen, EVENTS, 2)
        except Standstill:
            await asyncio.sleep(0.1)
            continue
        if batch.events:
            seen = Seen(batch.position, batch.log, digest(batch.events[-1]), batch.offset)
    return seen


async def test_who_publishes_goes_on_by_another_client(
    broker: Broker, reused_database: FreshDatabase, open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(topics, "GIVE_UP_SECONDS", 2.0)
    store = await open_store(await reused_database("jars"))
    await ensure_topic(broker, broker.topic("jars"))
    publisher = KafkaPublisher(broker, "jars", jars.REGISTRY, SEALED)
    running = asyncio.create_task(Relay(store, publisher).run())
    await store.append(new_unit(new_event("thing/1", 1, "{}")))
    await until(lambda: published(broker, [1]), GO_ON_SECONDS)
    producer: Any = publisher._producer
    # As if a batch were under way for ever.
    producer._sender._muted_partitions.add(TopicPartition(broker.topic("jars"), 0))
    await store.append(new_unit(new_event("thing/1", 2, "{}")))
    await until(lambda: published(broker, [1, 2]), GO_ON_SECONDS)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


@pytest.mark.parametrize("batches", [2, 5])
async def test_what_is_given_up_is_told_by_who_publishes_and_by_nobody_else(
    one: Cluster, publisher: KafkaPublisher, caplog: pytest.LogCaptureFixture, batches: int
) -> None:
    """Where several batches fail, one is told; asyncio tells of errors that nobody took note of."""
    first, *events = await in_batches(batches + 1)
    await publisher.publish([first])
    with silent(one.nodes[0]):
        publishing = asyncio.create_task(publisher.publish(events))
        await asyncio.sleep(0.5)
        await publisher.close()
        (told,) = await asyncio.gather(publishing, return_exceptions=True)
    assert isinstance(told, Standstill)
    del told, publishing
    gc.collect()
    assert [each.getMessage() for each in caplog.records if each.name == "asyncio"] == []


async def in_batches(batches: int) -> list[Recorded]:
    """Return events of which no two find room in one batch."""
    store = MemoryStore("jars", jars.REGISTRY)
    text = "x" * (topics.BATCH_BYTES * 6 // 10)
    for number in range(1, batches + 1):
        await store.append(new_unit(new_event("thing/1", number, f'{{"n":"{text}"}}')))
    events = await store.read("jars", 0, batches)
    assert len(events) == batches
    return events


async def test_what_waits_for_a_broker_that_comes_back_is_published_once(
    one: Cluster, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the same client, also where it comes back later than a request is given up."""
    monkeypatch.setattr(topics, "REQUEST_MS", SOON_MS)
    publisher = KafkaPublisher(broker, "jars", jars.REGISTRY, SEALED)
    await publisher.open()
    events = await in_batches(6)
    await publisher.publish(events[:1])
    with silent(one.nodes[0]):
        publishing = asyncio.gather(publisher.publish(events[1:4]), publisher.publish(events[4:]))
        await asyncio.sleep(3 * SOON_MS / 1000)
        assert not publishing.done()
    await asyncio.wait_for(publishing, GO_ON_SECONDS)
    await publisher.close()
    assert await positions_in(broker) == [1, 2, 3, 4, 5, 6]


async def published(broker: Broker, positions: list[int]) -> bool:
    return await positions_in(broker) == positions


async def test_what_heeds_no_cancelling_is_left_to_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "START_SECONDS", 0.1)
    monkeypatch.setattr(clients, "STOP_SECONDS", 0.1)
    async with asyncio.timeout(GO_ON_SECONDS):
        with pytest.raises(TimeoutError, match="it does not answer"):
            await answered_within(heedless(), 0.1)
        with pytest.raises(TimeoutError, match="it does not answer"):
            await start(heedless())
        await stop(heedless())
        for waiting in (answered_within(heedless(), 3600), stop(heedless())):
            job = asyncio.create_task(waiting)
            await asyncio.sleep(0.01)
            job.cancel()
            with pytest.raises(asyncio.CancelledError):
                await job


async def test_a_fault_of_the_client_is_the_brokers_and_ours_is_not(broker: Broker) -> None:
    reader = Reader(broker, "jars", jars.REGISTRY, SEAL)
    with pytest.raises(Standstill) as told, broker.told():
        await reader.take(1, 0)  # nobody opened it
    await reader.close()
    assert told.value.cause is Cause.BROKER_AWAY
    assert "failed: AttributeError" in str(told.value)
    with pytest.raises(ZeroDivisionError), broker.told():
        raise ZeroDivisionError
