"""A restored log takes back from its topic what it lacks, and records nothing before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import asyncpg
import pytest

from regesta.broker import Broker
from regesta.bus import Seen, digest
from regesta.errors import Forked, LogBehind, SourceUnreachable
from regesta.event import Recorded
from regesta.published import PublishedLog
from regesta.recovery import Guard, Recovery, read_closed
from regesta.store import PostgresStore
from regesta.suites import filled, new_event, new_unit
from regesta.topic import KafkaPublisher
from regesta.unit import Head
from tests.conftest import Database, FreshDatabase
from tests.regesta import jars
from tests.regesta.conftest import OpenStore

EVENTS = 9


@pytest.fixture
async def database(reused_database: FreshDatabase) -> Database:
    return await reused_database("jars")


@pytest.fixture
async def store(database: Database, open_store: OpenStore) -> PostgresStore:
    store = await open_store(database)
    await filled(store, EVENTS)
    return store


async def publish(broker: Broker, *runs: Sequence[Recorded]) -> PublishedLog:
    """Publish runs of events, one after the other; return what was published."""
    publisher = KafkaPublisher(broker, "jars", jars.REGISTRY)
    await publisher.open()
    for run in runs:
        await publisher.publish(run)
    await publisher.close()
    return PublishedLog(broker, "jars", jars.REGISTRY)


async def cut_back(database: Database, position: int) -> None:
    """Let the log end earlier, as one that was restored from a backup."""
    admin = await asyncpg.connect(database.admin_dsn)
    await admin.execute("DELETE FROM log.events WHERE position > $1", position)
    await admin.close()


async def test_says_how_far_the_log_was_published(store: PostgresStore, broker: Broker) -> None:
    assert await PublishedLog(broker, "jars", jars.REGISTRY).head() == Head(0, None, None)
    published = await publish(broker, await store.read("jars", 0, EVENTS))
    assert await published.head() == await store.head("jars")
    with pytest.raises(SourceUnreachable, match="localhost:1"):
        await PublishedLog(Broker("localhost:1", "test", {}), "jars", jars.REGISTRY).head()


async def test_gives_what_follows_without_what_is_repeated(store: PostgresStore, broker: Broker) -> None:
    events = await store.read("jars", 0, EVENTS)
    published = await publish(broker, events[:5], events[1:3], events[2:])
    for position in range(1, EVENTS):
        last = events[position - 1]
        batch = await published.fetch(Seen(position, last.log, digest(last)), 100, 0)
        assert batch.events
        assert [event.position for event in batch.events] == list(range(position + 1, batch.position + 1))
    with pytest.raises(Forked):
        await published.fetch(Seen(4, events[0].log, "0" * 32), 1, 0)


async def test_a_log_that_lacks_what_was_published_is_closed_and_recovered(
    store: PostgresStore, database: Database, broker: Broker, open_store: OpenStore
) -> None:
    events = await store.read("jars", 0, EVENTS)
    published = await publish(broker, events)
    await cut_back(database, 4)
    restored = await open_store(database)
    guard = Guard(restored, {published.name: published})
    assert await guard._holds_more(published.name) is True
    restored.let_go()
    closed = await read_closed(restored.pool)
    assert closed is not None
    assert (closed.reason, closed.consumer, closed.held) == ("behind", published.name, EVENTS)
    with pytest.raises(LogBehind):
        await restored.append(new_unit(new_event("thing/9", 1)))
    recovery = Recovery(restored, {published.name: published})
    while (done := await recovery.step("officer")).state != "open":
        pass
    assert (done.position, done.log) == (EVENTS, events[0].log)
    assert [digest(event) for event in await restored.read("jars", 0, 99)] == [digest(event) for event in events]


async def test_a_log_that_went_on_otherwise_is_not_mixed_with_its_topic(store: PostgresStore, broker: Broker) -> None:
    events = await store.read("jars", 0, EVENTS)
    published = await publish(broker, [*events[:4], *(replace(e, raw='{"n":"other"}') for e in events[4:])])
    with pytest.raises(Forked, match="does not hold the event at 9"):
        await Recovery(store, {published.name: published})._compare(published, EVENTS)
