"""A restored log takes back from its topic what it lacks, and records nothing before."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import uuid4

import asyncpg
import pytest

from regesta import topic
from regesta.broker import Broker
from regesta.bus import Seen
from regesta.cloudevents import digest
from regesta.errors import Forked, LogBehind, SourceUnreachable
from regesta.event import Recorded
from regesta.kafka import _search
from regesta.published import PublishedLog
from regesta.recovery import Guard, Recovery, read_closed
from regesta.store import PostgresStore
from regesta.suites import filled, new_event, new_unit
from regesta.topic import KafkaPublisher, Reader
from regesta.topics import TopicMissing, check_topic
from regesta.unit import Head
from tests.conftest import Database, FreshDatabase
from tests.regesta import jars
from tests.regesta.conftest import OpenStore
from tests.regesta.seals import SEAL, SEALED
from tests.regesta.topics import send

EVENTS = 9
PUBLISHED = """
INSERT INTO bus.relay (holder, epoch, until, log, position) VALUES (gen_random_uuid(), 1, now(), $1, $2)
"""


@pytest.fixture
async def database(reused_database: FreshDatabase) -> Database:
    return await reused_database("jars")


@pytest.fixture
async def store(database: Database, open_store: OpenStore) -> PostgresStore:
    store = await open_store(database)
    await filled(store, EVENTS)
    return store


async def publish(broker: Broker, store: PostgresStore, *runs: Sequence[Recorded]) -> PublishedLog:
    """Publish runs of events, one after the other; return what was published."""
    publisher = KafkaPublisher(broker, "jars", jars.REGISTRY, SEALED)
    await publisher.open()
    for run in runs:
        await publisher.publish(run)
    await publisher.close()
    return PublishedLog(broker, store, SEALED)


async def cut_back(database: Database, position: int) -> None:
    """Let the log end earlier, as one that was restored from a backup."""
    admin = await asyncpg.connect(database.admin_dsn)
    await admin.execute("DELETE FROM log.events WHERE position > $1", position)
    await admin.close()


async def test_says_how_far_the_log_was_published(store: PostgresStore, broker: Broker) -> None:
    assert await PublishedLog(broker, store, SEALED).head() == Head(0, None, None)
    published = await publish(broker, store, await store.read("jars", 0, EVENTS))
    assert await published.head() == await store.head("jars")
    with pytest.raises(SourceUnreachable, match="localhost:1"):
        await PublishedLog(Broker("localhost:1", "test", {}), store, SEALED).head()


async def test_a_topic_that_does_not_give_its_end_says_nothing(
    store: PostgresStore, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As while its partition gets another leader. It is not taken for an empty one."""
    published = await publish(broker, store, await store.read("jars", 0, EVENTS))
    end = Reader.end

    async def further(reader: Reader) -> int:
        return await end(reader) + 1

    monkeypatch.setattr(topic, "THERE_SECONDS", 0.5)
    monkeypatch.setattr(Reader, "end", further)
    with pytest.raises(SourceUnreachable, match="ends at 10, and the broker gives nothing from 9 on"):
        await published.head()


async def test_looks_before_what_is_no_event_and_at_all_that_was_published_again(
    store: PostgresStore, broker: Broker
) -> None:
    events = await store.read("jars", 0, EVENTS)
    published = await publish(broker, store, events, events[3:6])
    for _ in range(topic.PIECE_RECORDS * 2 + 1):
        await send(broker, b"garbage")
    assert await published.head() == await store.head("jars")


async def test_a_topic_that_is_missing_is_no_answer_once_the_log_was_published(
    store: PostgresStore, broker: Broker
) -> None:
    published = PublishedLog(broker, store, SEALED)
    assert await published.head() == Head(0, None, None)
    with pytest.raises(TopicMissing):
        await check_topic(broker, broker.topic("jars"))  # to ask does not make it
    await store.pool.execute(PUBLISHED, (await store.head("jars")).log, 0)
    assert await published.head() == Head(0, None, None)
    await store.pool.execute("UPDATE bus.relay SET position = 3")
    with pytest.raises(
        SourceUnreachable, match=r"there is no topic '.*'; .*; this log may have been published into it"
    ):
        await published.head()


async def test_gives_the_tail_of_a_log_that_stands_behind_an_older_one(store: PostgresStore, broker: Broker) -> None:
    """As after a loss that was accepted: the relay publishes a log with a new id from its first event on."""
    events = await store.read("jars", 0, EVENTS)
    old = [event._replace(log=str(uuid4()), raw='{"n":"old"}') for event in events]
    published = await publish(broker, store, old, events[:7])
    for last in events[:6]:
        batch = await published.fetch(Seen(last.position, last.log, digest(last)), 100, 0)
        assert [event.position for event in batch.events] == list(range(last.position + 1, 8))
        assert batch.log == last.log
    reader = Reader(broker, "jars", jars.REGISTRY, SEAL)
    await reader.open()
    assert await _search(reader, Seen(4, events[0].log), 0, 16) == (13, events[3])
    await reader.close()


async def test_gives_what_follows_before_it_was_published_again(store: PostgresStore, broker: Broker) -> None:
    """Where halving finds an event the second time it stands, nothing follows."""
    events = await store.read("jars", 0, EVENTS)
    published = await publish(broker, store, events[:7], events[2:6])
    batch = await published.fetch(Seen(6, events[5].log, digest(events[5])), 100, 0)
    assert [event.position for event in batch.events] == [7]
    assert not (await published.fetch(Seen(7, events[6].log, digest(events[6])), 100, 0)).events


async def test_gives_what_follows_without_what_is_repeated(store: PostgresStore, broker: Broker) -> None:
    events = await store.read("jars", 0, EVENTS)
    published = await publish(broker, store, events[:5], events[1:3], events[2:])
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
    published = await publish(broker, store, events)
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
    published = await publish(broker, store, [*events[:4], *(e._replace(raw='{"n":"other"}') for e in events[4:])])
    with pytest.raises(Forked, match="does not hold the event at 9"):
        await Recovery(store, {published.name: published})._compare(published, EVENTS)
