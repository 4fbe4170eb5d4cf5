"""While the broker has not acknowledged one batch the next is handed over; what fails takes what follows with it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaTimeoutError

from regesta import bus
from regesta import relay as relays
from regesta.broker import Broker
from regesta.event import Recorded
from regesta.store import PostgresStore
from regesta.topic import KafkaPublisher
from regesta.topics import RECORD_BYTES
from tests.conftest import FreshDatabase
from tests.regesta import jars
from tests.regesta.conftest import OpenStore
from tests.regesta.seals import SEALED
from tests.regesta.test_relay import published, record, relaying
from tests.regesta.topics import positions_in


@pytest.fixture
async def store(reused_database: FreshDatabase, open_store: OpenStore) -> PostgresStore:
    return await open_store(await reused_database("jars"))


async def test_much_is_published_in_order_while_the_next_is_handed_over(
    store: PostgresStore, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    await record(store, 1, 60)
    monkeypatch.setattr(relays, "BATCH_EVENTS", 7)
    monkeypatch.setattr(relays, "AHEAD_EVENTS", 7)
    publisher = Counting(broker)
    async with relaying(store, broker, publisher):
        await published(store)
    assert await positions_in(broker) == list(range(1, 61))
    assert publisher.most == 2


class Counting(KafkaPublisher):
    """A publisher that knows how many calls were under way at most; the first call ends only once there is a second."""

    most = now = calls = 0

    def __init__(self, broker: Broker) -> None:
        super().__init__(broker, "jars", jars.REGISTRY, SEALED)
        self._second = asyncio.Event()

    async def publish(self, events: Sequence[Recorded]) -> None:
        """Publish (see relay.Publisher)."""
        self.calls += 1
        self.now += 1
        self.most = max(self.most, self.now)
        if self.calls == 2:
            self._second.set()
        await super().publish(events)
        await self._second.wait()
        self.now -= 1


async def test_nothing_is_published_behind_what_could_not_be(store: PostgresStore, broker: Broker) -> None:
    await record(store, 1, 4)
    events = await store.read("jars", 0, 4)
    large = events[1]._replace(raw=f'{{"n":"{"x" * RECORD_BYTES}"}}')
    publisher = KafkaPublisher(broker, "jars", jars.REGISTRY, SEALED)
    await publisher.open()
    runs = asyncio.gather(*map(publisher.publish, ([events[0], large], events[2:])), return_exceptions=True)
    assert [type(each) for each in await runs] == [bus.Standstill, bus.Standstill]
    assert 3 not in await positions_in(broker)
    await publisher.close()
    await publisher.open()
    await publisher.publish(events[2:])
    assert (await positions_in(broker))[-2:] == [3, 4]
    await publisher.close()


class Unacknowledged(KafkaPublisher):
    """A publisher whose first batch is not acknowledged, which it learns once the next call was handed over."""

    def __init__(self, broker: Broker, store: PostgresStore) -> None:
        super().__init__(broker, "jars", jars.REGISTRY, SEALED)
        self.calls = 0
        self.advanced: list[int] = []
        self._store = store

    async def open(self, *, make: bool = True) -> Recorded | None:
        """Open the topic, and note how far it is known as published."""
        self.advanced.append(await self._store.pool.fetchval("SELECT position FROM bus.relay"))
        return await super().open(make=make)

    async def _begin(self, producer: AIOKafkaProducer, events: Sequence[Recorded]) -> list[asyncio.Future[object]]:
        waiting = await super()._begin(producer, events)
        self.calls += 1
        if self.calls == 1:
            self._first = asyncio.get_running_loop().create_future()
            return [self._first]
        if self.calls == 2:
            await asyncio.gather(*waiting)
            self._first.set_exception(KafkaTimeoutError())
        return waiting


async def test_what_follows_a_batch_that_was_not_acknowledged_does_not_count_as_published(
    store: PostgresStore, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where all of it was: everything comes again, from the position on that is known."""
    await record(store, 1, 20)
    monkeypatch.setattr(relays, "BATCH_EVENTS", 5)
    monkeypatch.setattr(relays, "AHEAD_EVENTS", 5)
    publisher = Unacknowledged(broker, store)
    async with relaying(store, broker, publisher):
        await published(store)
    assert publisher.advanced == [0, 0]
    assert await positions_in(broker) == [*range(1, 11), *range(1, 21)]


async def test_behind_what_was_not_acknowledged_nothing_is_published(store: PostgresStore, broker: Broker) -> None:
    await record(store, 1, 6)
    events = await store.read("jars", 0, 6)
    publisher = Unacknowledged(broker, store)
    await publisher.open()
    first, second = await asyncio.gather(
        publisher.publish(events[:2]), publisher.publish(events[2:4]), return_exceptions=True
    )
    assert isinstance(first, bus.Standstill)
    assert second is None
    with pytest.raises(bus.Standstill, match="what comes before jars:5 could not be published"):
        await publisher.publish(events[4:])
    assert await positions_in(broker) == [1, 2, 3, 4]
    await publisher.close()
