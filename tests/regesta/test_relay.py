"""The relay publishes each event at least once and in order, by one process at a time, whoever is paused, killed or cut off."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypeAlias

import asyncpg
import pytest

from regesta import bus
from regesta import published as logs_published
from regesta import relay as relays
from regesta.broker import Broker
from regesta.event import Recorded
from regesta.published import PublishedLog
from regesta.reasons import Cause
from regesta.relay import ADVANCE, Relay, unpublished
from regesta.store import PostgresStore
from regesta.suites import new_event, new_unit
from regesta.topic import KafkaPublisher
from regesta.topics import RECORD_BYTES
from tests.conftest import Database, FreshDatabase
from tests.regesta import jars
from tests.regesta.conftest import OpenStore
from tests.regesta.seals import SEALED
from tests.regesta.serving import until
from tests.regesta.topics import configure, delete_topic, events_in, positions_in

Relaying: TypeAlias = AbstractAsyncContextManager[Relay]
NOTHING_LEFT = (0, 0.0)


@pytest.fixture
async def database(reused_database: FreshDatabase) -> Database:
    return await reused_database("jars")


@pytest.fixture
async def store(database: Database, open_store: OpenStore) -> PostgresStore:
    return await open_store(database)


@asynccontextmanager
async def relaying(
    store: PostgresStore,
    broker: Broker,
    publisher: KafkaPublisher | None = None,
    may_make: Callable[[], Awaitable[bool]] = relays.always,
) -> AsyncIterator[Relay]:
    """Run a relay, as a process of its own would; it is told to end then."""
    relay = Relay(store, publisher or KafkaPublisher(broker, "jars", jars.REGISTRY, SEALED), may_make)
    running = asyncio.create_task(relay.run())
    try:
        yield relay
    finally:
        assert not running.done()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def record(store: PostgresStore, first: int, last: int) -> None:
    """Append events of one stream, by their positions."""
    for number in range(first, last + 1):
        await store.append(new_unit(new_event("thing/1", number, f'{{"n":{number}}}')))


async def left_in(store: PostgresStore) -> tuple[int, float]:
    """Return how many events are not published, and for how long the oldest is not."""
    left = await unpublished(store.pool)
    return left.events, left.seconds


async def published(store: PostgresStore) -> None:
    """Return once everything is published."""

    async def nothing_left() -> bool:
        return await left_in(store) == NOTHING_LEFT

    await until(nothing_left, 20)


def as_admin(database: Database) -> Callable[[str], Awaitable[object]]:
    async def execute(statement: str) -> None:
        admin = await asyncpg.connect(database.admin_dsn)
        try:
            await admin.execute(statement)
        finally:
            await admin.close()

    return execute


async def test_publishes_what_was_recorded_before_and_after(store: PostgresStore, broker: Broker) -> None:
    await record(store, 1, 5)
    async with relaying(store, broker) as relay:
        await published(store)
        await record(store, 6, 8)
        await published(store)
        assert (relay.trouble, relay.alarm) == (None, None)
    assert await events_in(broker) == await store.read("jars", 0, 99)


async def test_the_next_process_goes_on_from_the_stored_position(store: PostgresStore, broker: Broker) -> None:
    await record(store, 1, 5)
    async with relaying(store, broker):
        await published(store)
    await record(store, 6, 7)
    async with relaying(store, broker):
        await published(store)
    assert await positions_in(broker) == [1, 2, 3, 4, 5, 6, 7]


async def test_what_is_left_is_counted_with_its_age(store: PostgresStore, database: Database) -> None:
    assert await left_in(store) == NOTHING_LEFT
    await record(store, 1, 3)
    await as_admin(database)("UPDATE log.events SET time = time - interval '100 s' WHERE position = 2")
    log = (await store.head("jars")).log
    await store.pool.execute(
        "INSERT INTO bus.relay (holder, epoch, until, log, position) VALUES (gen_random_uuid(), 1, now(), $1, 1)", log
    )
    left = await unpublished(store.pool)
    assert (left.position, left.events) == (1, 2)
    assert 100 <= left.seconds < 110


async def test_one_process_publishes_at_a_time(database: Database, open_store: OpenStore, broker: Broker) -> None:
    one, two = await open_store(database), await open_store(database)
    async with relaying(one, broker), relaying(two, broker):
        for number in range(1, 21):
            await record(one, number, number)
            await asyncio.sleep(0.02)
        await published(one)
        assert await one.pool.fetchval("SELECT epoch FROM bus.relay") == 1
    assert await positions_in(broker) == list(range(1, 21))


async def test_another_process_takes_over_from_one_that_ends(
    database: Database, open_store: OpenStore, broker: Broker
) -> None:
    one, two = await open_store(database), await open_store(database)
    async with relaying(one, broker):
        await record(one, 1, 3)
        await published(one)
    async with relaying(two, broker):
        await record(one, 4, 6)
        since = asyncio.get_running_loop().time()
        await published(two)
        assert asyncio.get_running_loop().time() - since < 4  # the lease was given back
    assert await positions_in(broker) == [1, 2, 3, 4, 5, 6]


class Paused(KafkaPublisher):
    """A publisher of a process that is paused when it is about to publish."""

    def __init__(self, broker: Broker) -> None:
        super().__init__(broker, "jars", jars.REGISTRY, SEALED)
        self.woken = asyncio.Event()
        self.is_paused = asyncio.Event()
        self.done = asyncio.Event()

    async def publish(self, events: Sequence[Recorded]) -> None:
        """Publish late. That it was told to stop meanwhile it learns after."""
        self.is_paused.set()
        await asyncio.shield(asyncio.create_task(self._late(events)))

    async def _late(self, events: Sequence[Recorded]) -> None:
        await self.woken.wait()
        late = KafkaPublisher(self._broker, "jars", jars.REGISTRY, SEALED)
        await late.open()
        await late.publish(events)
        await late.close()
        self.done.set()


async def test_a_lease_from_before_the_clock_was_set_back_is_over(store: PostgresStore, broker: Broker) -> None:
    await record(store, 1, 2)
    async with relaying(store, broker):
        await published(store)
    await store.pool.execute("UPDATE bus.relay SET until = until + interval '1 hour'")
    await record(store, 3, 4)
    async with relaying(store, broker):
        await published(store)
    assert await positions_in(broker) == [1, 2, 3, 4]


async def test_a_holder_that_was_paused_beyond_its_lease_harms_nothing(
    database: Database, open_store: OpenStore, broker: Broker
) -> None:
    one, two = await open_store(database), await open_store(database)
    await record(one, 1, 4)
    paused = Paused(broker)
    async with relaying(one, broker, paused):
        await asyncio.wait_for(paused.is_paused.wait(), 20)
        first = await one.pool.fetchval("SELECT epoch FROM bus.relay")
        await one.pool.execute("UPDATE bus.relay SET until = clock_timestamp() - interval '1 s', epoch = epoch + 1")
        async with relaying(two, broker):
            await record(two, 5, 7)
            await published(two)
            paused.woken.set()
            await asyncio.wait_for(paused.done.wait(), 20)
            assert await one.pool.fetchval(ADVANCE, first, 4) is None
            await record(two, 8, 9)
            await published(two)
    assert await positions_in(broker) == [1, 2, 3, 4, 5, 6, 7, 1, 2, 3, 4, 8, 9]
    assert await one.pool.fetchval("SELECT position FROM bus.relay") == 9


@pytest.mark.parametrize("kept", [0, 3])
async def test_a_topic_that_was_lost_or_its_end_is_filled_again(
    store: PostgresStore, broker: Broker, kept: int
) -> None:
    await record(store, 1, 5)
    async with relaying(store, broker):
        await published(store)
    await delete_topic(broker, broker.topic("jars"))
    publisher = KafkaPublisher(broker, "jars", jars.REGISTRY, SEALED)
    await publisher.open()
    if kept:
        await publisher.publish(await store.read("jars", 0, kept))
    await publisher.close()
    await record(store, 6, 6)
    async with relaying(store, broker):
        await published(store)
    assert await positions_in(broker) == [1, 2, 3, 4, 5, 6]


async def test_a_topic_that_was_lost_is_told_as_unpublished(store: PostgresStore, broker: Broker) -> None:
    await record(store, 1, 5)
    async with relaying(store, broker):
        await published(store)
    await delete_topic(broker, broker.topic("jars"))
    paused = Paused(broker)
    async with relaying(store, broker, paused):
        await asyncio.wait_for(paused.is_paused.wait(), 20)
        assert (await unpublished(store.pool)).events == 5
        paused.woken.set()
        await published(store)


async def test_a_lease_that_the_database_does_not_answer_for_is_given_up_and_told(
    store: PostgresStore, database: Database, broker: Broker
) -> None:
    await record(store, 1, 2)
    async with relaying(store, broker) as relay:
        await published(store)
        admin = await asyncpg.connect(database.admin_dsn)
        async with admin.transaction():
            await admin.execute("SELECT FROM bus.relay FOR UPDATE")

            async def troubled() -> bool:
                return relay.trouble is not None

            await until(troubled, 20)
            assert (relay.alarm, relay.trouble) == (None, "TimeoutError: the database does not answer")
        await admin.close()
        await record(store, 3, 3)
        await published(store)
    assert await positions_in(broker) == [1, 2, 3]


async def test_a_database_that_does_not_say_whether_a_topic_may_be_made_is_told(
    store: PostgresStore, database: Database, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lease is kept over another connection meanwhile."""
    monkeypatch.setattr(logs_published, "ANSWER_SECONDS", 0.5)
    await record(store, 1, 2)
    admin = await asyncpg.connect(database.admin_dsn)
    async with admin.transaction():
        await admin.execute("LOCK TABLE log.closed IN ACCESS EXCLUSIVE MODE")
        async with relaying(store, broker, may_make=PublishedLog(broker, store, SEALED).may_be_made) as relay:

            async def troubled() -> bool:
                return relay.trouble is not None

            await until(troubled, 20)
            assert (relay.alarm, relay.trouble) == (None, "TimeoutError: the database does not answer")
            await admin.execute("ROLLBACK; BEGIN")
            await published(store)
    await admin.close()


async def test_all_words_of_an_error_are_in_the_log_only(
    store: PostgresStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(relays, "TAKE", "SELECT left($1::uuid::text || $2::interval || $3::uuid, 0)::int")
    monkeypatch.setattr(bus, "GRACE_SECONDS", 0.0)
    async with relaying(store, Broker("localhost:1", "test", {})) as relay:

        async def troubled() -> bool:
            return relay.trouble is not None

        await until(troubled)
        assert relay.trouble == "InvalidTextRepresentationError 22P02"
    told = 'InvalidTextRepresentationError: invalid input syntax for type integer: ""'
    assert f"relay of jars: {told}; trying again" in caplog.messages


async def test_a_log_with_a_new_id_is_published_from_its_first_event_on(
    store: PostgresStore, database: Database, broker: Broker
) -> None:
    await record(store, 1, 3)
    async with relaying(store, broker):
        await published(store)
        before = await events_in(broker)
        await as_admin(database)("UPDATE log.identity SET log = gen_random_uuid()")
        await store.turn()
        await published(store)
    found = await events_in(broker)
    assert [event.position for event in found] == [1, 2, 3, 1, 2, 3]
    assert found[:3] == before
    assert {event.log for event in found[3:]} == {(await store.head("jars")).log}


async def test_what_a_broker_says_that_is_away_is_told(store: PostgresStore) -> None:
    await record(store, 1, 1)
    async with relaying(store, Broker("localhost:1", "test", {})) as relay:

        async def troubled() -> bool:
            return relay.trouble is not None

        await until(troubled)
        assert relay.alarm is Cause.BROKER_AWAY
        assert str(relay.trouble).startswith("the broker localhost:1 does not answer: ")
    assert (await unpublished(store.pool)).events == 1


async def test_a_topic_that_takes_no_event_of_such_a_size_is_wrong_all_the_while(
    store: PostgresStore, broker: Broker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As one whose settings are changed behind the check: each try opens well, and fails."""
    monkeypatch.setattr(bus, "GRACE_SECONDS", 1.5)
    async with relaying(store, broker) as relay:
        await record(store, 1, 1)
        await published(store)
        await configure(broker, {"retention.ms": "-1", "max.message.bytes": "200"})
        monkeypatch.setattr("regesta.topics.RECORD_BYTES", 200)
        await record(store, 2, 2)
        await until(lambda: _is_told(relay, caplog), 20)
        shown = set()
        for _ in range(50):
            shown.add(relay.alarm)
            await asyncio.sleep(0.05)
        assert shown == {Cause.TOPIC_WRONG}
        await configure(broker, {"retention.ms": "-1", "max.message.bytes": str(RECORD_BYTES)})
        await published(store)
        await until(lambda: _is_well(relay))
    assert len([each for each in caplog.messages if "takes no record of this size" in each]) == 1
    assert await positions_in(broker) == [1, 2]


async def _is_told(relay: Relay, caplog: pytest.LogCaptureFixture) -> bool:
    return relay.alarm is not None and any(each.endswith(relay.alarm.value.action) for each in caplog.messages)


async def test_a_broker_that_does_not_acknowledge_is_told_and_waited_for(
    store: PostgresStore, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relays, "SLOW_SECONDS", 0.1)
    await record(store, 1, 2)
    paused = Paused(broker)
    async with relaying(store, broker, paused) as relay:

        async def troubled() -> bool:
            return relay.trouble is not None

        await until(troubled, 20)
        assert (relay.alarm, relay.trouble) == (Cause.BROKER_AWAY, "the broker does not acknowledge what is published")
        paused.woken.set()
        await published(store)
        await until(lambda: _is_well(relay))
    assert await positions_in(broker) == [1, 2]


async def _is_well(relay: Relay) -> bool:
    return relay.trouble is None


async def test_a_topic_that_is_ahead_of_its_log_is_not_published_into(store: PostgresStore, broker: Broker) -> None:
    """As after a restore whose tail is still to be recovered."""
    await record(store, 1, 3)
    (last,) = await store.at([3])
    await published_by_hand(broker, [last._replace(position=5)])
    async with relaying(store, broker) as relay:

        async def told() -> bool:
            return relay.trouble is not None

        await until(told, 20)
        assert (relay.alarm, relay.trouble) == (
            Cause.LOG_CLOSED, "the topic holds jars:5, beyond the end of the log",
        )  # fmt: skip
        await record(store, 4, 4)
    assert await positions_in(broker) == [5]


async def test_a_topic_with_another_history_is_not_published_into(store: PostgresStore, broker: Broker) -> None:
    await record(store, 1, 3)
    (last,) = await store.at([3])
    await published_by_hand(broker, [last._replace(raw='{"n":"other"}')])
    async with relaying(store, broker) as relay:

        async def told() -> bool:
            return relay.trouble is not None

        await until(told, 20)
        assert relay.alarm is Cause.FORKED
        assert str(relay.trouble).startswith("jars:3 has other content in the topic; delete the topic: ")
        await delete_topic(broker, broker.topic("jars"))
        await published(store)
    assert await positions_in(broker) == [1, 2, 3]


IN_SMALL_BATCHES = """
import asyncio, sys
from regesta import topic
from regesta.broker import Broker
from regesta.suites import filled
from regesta.testing import MemoryStore
from tests.regesta import jars
from tests.regesta.seals import SEALED

async def publish():
    topic.BATCH_BYTES = 600
    store = MemoryStore("jars", jars.REGISTRY)
    await filled(store, 5)
    publisher = topic.KafkaPublisher(Broker(sys.argv[1], sys.argv[2], {}), "jars", jars.REGISTRY, SEALED)
    await publisher.open()
    await publisher.publish(await store.read("jars", 0, 5))
    await publisher.close()

asyncio.run(publish())
"""


async def test_nothing_is_left_out_by_a_process_without_assertions(broker: Broker) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-O", "-c", IN_SMALL_BATCHES, broker.bootstrap, broker.prefix
    )
    assert await process.wait() == 0
    assert await positions_in(broker) == [1, 2, 3, 4, 5]


async def published_by_hand(broker: Broker, events: Sequence[Recorded]) -> None:
    publisher = KafkaPublisher(broker, "jars", jars.REGISTRY, SEALED)
    await publisher.open()
    await publisher.publish(events)
    await publisher.close()
