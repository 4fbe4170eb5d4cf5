"""A replica over a topic is the source's log, whatever the topic repeats, lacks, or holds beside it; or it stops and says why."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from aiokafka.admin import NewTopic

from regesta import adoption, bus, kafka
from regesta.broker import Broker
from regesta.bus import Intake, Offer, Seen
from regesta.cloudevents import digest
from regesta.errors import Forked
from regesta.reasons import Cause
from regesta.store import PostgresStore
from regesta.suites import filled, new_event, new_unit
from regesta.testing import MemoryStore
from regesta.topic import KafkaPublisher
from regesta.topics import ensure_topic
from tests.conftest import FreshDatabase
from tests.regesta import jars
from tests.regesta.seals import SEALED
from tests.regesta.serving import until
from tests.regesta.topics import EVENTS, Origin, Way, administering, delete_topic

ALL = range(1, EVENTS + 1)


@pytest.fixture
async def way(broker: Broker, memory_store: MemoryStore, reused_database: FreshDatabase) -> AsyncIterator[Way]:
    """Return a topic without events, of a log with nine, and a replica without events."""
    await filled(memory_store, EVENTS)
    database = await reused_database("kpi")
    publisher = KafkaPublisher(broker, "jars", jars.REGISTRY, SEALED)
    await publisher.open()
    async with PostgresStore("kpi", database.dsn, jars.REGISTRY, pool_size=4) as replica:
        yield Way(broker, memory_store, Origin(Offer(memory_store)), replica, publisher)
    await publisher.close()


async def alarmed(intake: Intake, cause: Cause) -> str:
    """Return what an intake says once it stands still for this cause."""

    async def is_so() -> bool:
        return intake.alarm is cause

    await until(is_so, 20)
    return str(intake.trouble)


async def test_what_is_published_again_is_stored_once(way: Way) -> None:
    await way.publish(range(1, 6), [3, 4], range(2, 8), [1], range(8, 10))
    await way.taken_in()
    assert await way.replica.offset("jars") == 16
    assert way.origin.asked == 0


async def test_goes_on_from_the_offset_that_is_stored_with_the_replica(way: Way) -> None:
    way.origin.away = True
    await way.publish(range(1, 6))
    await way.taken_in(5)
    assert await way.replica.offset("jars") == 5
    await way.publish(range(6, 10))
    carrier = way.carrier()
    (last,) = await way.replica.read("jars", 4, 1)
    batch = await carrier.fetch(Seen(5, last.log, digest(last), 5), 100, 0)
    assert ([event.position for event in batch.events], batch.offset) == ([6, 7, 8, 9], 9)
    await carrier.close()
    await way.taken_in()


async def test_the_broker_is_told_how_far_a_replica_is(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under the name of the service that reads, for lag monitors."""
    monkeypatch.setattr(bus, "POLL_SECONDS", 0.2)
    await way.publish(ALL)
    async with way.taking_in(), administering(way.broker) as admin:

        async def told() -> bool:
            found = await admin.list_consumer_group_offsets(f"{way.broker.prefix}.kpi")
            return [(each.topic, told.offset) for each, told in found.items()] == [(way.broker.topic("jars"), EVENTS)]

        await until(told, 20)


async def test_an_offset_is_stored_with_its_events_or_not_at_all(way: Way) -> None:
    first, *rest = await way.source.read("jars", 0, EVENTS)
    await way.replica.replicate(first.log, [first], 7)
    assert await way.replica.offset("jars") == 7
    with pytest.raises(Forked):
        await way.replica.replicate(first.log, [first._replace(raw='{"n":"other"}'), *rest], 99)
    assert await way.replica.offset("jars") == 7
    await way.replica.replicate(first.log, rest[:1])  # over the feed
    assert await way.replica.offset("jars") is None


@pytest.mark.parametrize("position", [0, 1, 2, 7, 8, 9])
async def test_a_place_is_found_without_an_offset(way: Way, position: int) -> None:
    way.origin.away = True
    await way.publish(range(1, 6), [2, 3], range(1, 8), range(4, 10))
    carrier = way.carrier()
    log = (await way.source.head("jars")).log
    last = digest((await way.source.read("jars", position - 1, 1))[0]) if position else None
    found: list[int] = []
    seen = Seen(position, log if position else None, last)
    while (batch := await carrier.fetch(seen, 100, 0)).events:
        assert batch.events[0].position <= seen.position + 1
        found += [event.position for event in batch.events if event.position > max([position, *found])]
        seen = Seen(max(seen.position, batch.position), batch.log, None, batch.offset)
    assert found == list(range(position + 1, 10))
    await carrier.close()


async def test_what_a_topic_lacks_comes_from_the_source(way: Way, caplog: pytest.LogCaptureFixture) -> None:
    await way.publish(range(1, 4), range(6, 8), range(9, 10))
    await way.taken_in()
    (told,) = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert told.startswith(
        f"intake of jars: the topic '{way.broker.topic('jars')}' lacks jars:4 to 5; taken from the source. "
    )


async def test_a_hole_while_the_source_is_away_is_told_until_it_answers(way: Way) -> None:
    way.origin.away = True
    await way.publish(range(1, 4), range(6, 10))
    async with way.taking_in() as intake:
        topic = way.broker.topic("jars")
        told = f"the topic '{topic}' lacks jars:4 to 5, and the source does not answer: nobody is there"
        assert await alarmed(intake, Cause.TOPIC_HOLE) == told
        assert await way.held() == await way.recorded(3)
        way.origin.away = False
        assert await way.replica.wait("jars", 8, 20)
    assert await way.held() == await way.recorded()


async def test_a_topic_that_begins_late_is_filled_from_the_source(way: Way) -> None:
    await way.publish(range(5, 10))
    await way.taken_in()


async def test_records_that_are_no_events_of_the_log_are_left_out(way: Way, caplog: pytest.LogCaptureFixture) -> None:
    events = await way.source.read("jars", 0, EVENTS)
    await way.publish(range(1, 4))
    await way.send(b"garbage")
    await way.send(None, [("ce_id", b"4")])
    await way.publisher.publish([events[3]._replace(source="shelves")])
    await way.publisher.publish([events[8]._replace(position=99)])
    await way.publisher.publish([events[3]._replace(log=str(uuid4()), raw='{"n":"other"}')])
    await way.publish(range(4, 10))
    await way.taken_in()
    told = [record.getMessage().partition(". ")[0] for record in caplog.records if record.levelno == logging.ERROR]
    topic = way.broker.topic("jars")
    assert told == [
        f"intake of jars: record 3 of the topic '{topic}' is no event that jars has published; it is left out",
        # What claims to be 99 does not make the reader wait for those before it.
        f"intake of jars: the topic '{topic}' lacks jars:4 to 9; taken from the source",
    ]
    assert (await way.replica.head("jars")).position == EVENTS


async def test_an_event_beyond_the_end_of_the_log_is_left_out(way: Way, caplog: pytest.LogCaptureFixture) -> None:
    await way.publish(ALL)
    await way.publisher.publish([((await way.source.read("jars", 8, 1))[0])._replace(position=99)])
    async with way.taking_in():
        assert await way.replica.wait("jars", 8, 20)

        async def left_out() -> bool:
            told = f"record 9 of the topic '{way.broker.topic('jars')}' claims to be jars:99, beyond the end of the log"
            return any(f"{told}; it is left out. " in message for message in caplog.messages)

        await until(left_out, 20)
        await way.source.append(new_unit(new_event("thing/9", 1)))
        await way.publish([10])
        assert await way.replica.wait("jars", 9, 20)
    assert await way.held() == await way.recorded(10)


async def test_a_source_that_publishes_no_more_is_asked_now_and_then(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when it went back to the feed, or its relay stands still."""
    monkeypatch.setattr(bus, "POLL_SECONDS", 0.2)
    await way.publish(range(1, 5))
    await way.taken_in()
    assert await way.replica.offset("jars") == 4


async def test_a_source_that_publishes_no_more_is_asked_each_moment_from_then_on(
    way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bus, "POLL_SECONDS", 0.2)
    monkeypatch.setattr(kafka, "ORIGIN_SECONDS", 0.1)
    await way.publish(range(1, 5))
    async with way.taking_in():
        assert await way.replica.wait("jars", EVENTS - 1, 20)
        monkeypatch.setattr(bus, "POLL_SECONDS", 3600.0)
        asked = way.origin.asked

        async def asked_again() -> bool:
            return way.origin.asked > asked + 2  # what began before may ask once more

        await until(asked_again, 20)
        await way.source.append(new_unit(new_event("thing/new", 1)))
        assert await way.replica.wait("jars", EVENTS, 20)
        await way.source.append(new_unit(new_event("thing/new", 2)))
        # Once it publishes again it is left alone.
        await way.publish(range(5, EVENTS + 3))
        assert await way.replica.wait("jars", EVENTS + 1, 20)
        asked = way.origin.asked
        await asyncio.sleep(0.5)
        assert way.origin.asked <= asked + 1


async def test_without_a_topic_events_come_from_the_source_until_it_makes_one(
    way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As while services go over one after the other."""
    monkeypatch.setattr("regesta.kafka.MAKING_SECONDS", 0.0)
    await delete_topic(way.broker, way.broker.topic("jars"))
    async with way.taking_in() as intake:
        assert await way.replica.wait("jars", EVENTS - 1, 20)
        (remark,) = way.remarks()
        assert remark.cause is Cause.TOPIC_MISSING
        assert remark.detail.startswith("intake of jars: there is no topic 'test-")
        await way.source.append(new_unit(new_event("thing/new", 1)))
        assert await way.replica.wait("jars", EVENTS, 20)
        way.origin.away = True
        await alarmed(intake, Cause.TOPIC_MISSING)
        await ensure_topic(way.broker, way.broker.topic("jars"))
        way.origin.away = False
        await way.source.append(new_unit(new_event("thing/new", 2)))
        await way.publish(range(1, EVENTS + 3))
        assert await way.replica.wait("jars", EVENTS + 1, 20)
        await until(lambda: _well(way, intake), 20)
    assert await way.held() == await way.recorded(EVENTS + 2)
    assert await way.replica.offset("jars") == EVENTS + 2


async def test_a_topic_that_is_soon_made_is_not_told_as_missing(way: Way, caplog: pytest.LogCaptureFixture) -> None:
    """As when services are started together for the first time."""
    await delete_topic(way.broker, way.broker.topic("jars"))
    async with way.taking_in() as intake:
        assert await way.replica.wait("jars", EVENTS - 1, 20)
        assert way.remarks() == []
        await ensure_topic(way.broker, way.broker.topic("jars"))
        await way.publish(range(1, EVENTS + 1))
        await until(lambda: _well(way, intake), 20)
    assert not [each for each in caplog.messages if "topic-missing" in each or Cause.TOPIC_MISSING.value.action in each]


async def test_a_topic_that_is_wrong_while_its_source_is_away_is_told_once(
    way: Way, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(bus, "GRACE_SECONDS", 0.0)
    topic = way.broker.topic("jars")
    await delete_topic(way.broker, topic)
    async with administering(way.broker) as admin:
        await admin.create_topics([NewTopic(topic, 2, 1)])
    way.origin.away = True
    async with way.taking_in() as intake:
        await alarmed(intake, Cause.TOPIC_WRONG)
        assert way.remarks() == []
        assert len([each for each in caplog.messages if "has 2 partitions" in each]) == 1
        way.origin.away = False
        await until(lambda: _shows(way, [Cause.TOPIC_UNUSABLE]), 20)
        monkeypatch.setattr("regesta.kafka.MAKING_SECONDS", 0.0)
        await delete_topic(way.broker, topic)
        await until(lambda: _shows(way, [Cause.TOPIC_MISSING]), 20)


async def _shows(way: Way, wanted: list[Cause]) -> bool:
    return [each.cause for each in way.remarks()] == wanted


async def _well(way: Way, intake: Intake) -> bool:
    return (intake.alarm, intake.trouble, way.remarks()) == (None, None, [])


async def test_a_fork_is_seen_while_the_topic_is_silent(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bus, "POLL_SECONDS", 0.2)
    await way.publish(ALL)
    await way.taken_in()
    way.origin.carrier = Offer(MemoryStore("jars", jars.REGISTRY))
    async with way.taking_in() as intake:
        await alarmed(intake, Cause.FORKED)


async def test_a_source_that_is_away_does_not_trouble_who_reads_its_topic(
    way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bus, "POLL_SECONDS", 0.2)
    way.origin.away = True
    await way.publish(ALL)
    async with way.taking_in() as intake:
        assert await way.replica.wait("jars", 8, 20)
        asked = way.origin.asked

        async def asked_twice() -> bool:
            return way.origin.asked > asked + 1

        await until(asked_twice, 20)
        assert (intake.trouble, intake.alarm) == (None, None)


async def test_a_forged_event_is_a_fork_once_the_true_one_comes(way: Way) -> None:
    events = await way.source.read("jars", 0, EVENTS)
    await way.publish(range(1, 4))
    await way.publisher.publish([events[3]._replace(raw='{"n":"other"}')])
    await way.publish(range(4, 10))
    async with way.taking_in() as intake:
        told = await alarmed(intake, Cause.FORKED)
        assert "both hold the same up to 3, see `regesta adopt kpi jars`" in told
        assert (await way.replica.head("jars")).position == 4


async def test_a_log_with_a_new_id_is_followed_once_it_is_adopted(way: Way) -> None:
    """As after a loss that was accepted: the relay publishes it from its first event on."""
    await way.publish(ALL)
    await way.taken_in()
    old, kept = await way.source.read("jars", 0, EVENTS), 6
    log = str(uuid4())
    renewed = [event._replace(log=log) for event in old[:kept]]
    renewed += [event._replace(log=log, raw='{"n":"new"}') for event in old[kept:]]
    source = MemoryStore("jars", jars.REGISTRY)
    source._logs["jars"], source._log, source._ids["jars"] = renewed, log, log
    way.source, way.origin.carrier = source, Offer(source)
    await way.publish(ALL)
    async with way.taking_in() as intake:
        assert f"both hold the same up to {kept}" in await alarmed(intake, Cause.FORKED)
        assert (await way.replica.head("jars")).log == old[0].log
        await adoption.adopt(way.replica.pool, "kpi", "jars", (log, kept), "officer")

        async def followed() -> bool:
            return await way.held() == await way.recorded()

        await until(followed, 20)
    assert (await way.replica.head("jars")).log == log


async def test_a_reader_that_begins_takes_the_log_that_was_published_last(
    way: Way, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stands before it has the ids of logs that were: that is counted, and nobody's fault."""
    counted = Counted()
    monkeypatch.setattr(kafka, "foreign", counted)
    old = await way.source.read("jars", 0, EVENTS)
    for _ in range(3):
        await way.publisher.publish([event._replace(log=str(uuid4()), raw='{"n":"old"}') for event in old])
    await way.publish(ALL)
    await way.taken_in()
    assert counted.records == 3 * EVENTS
    assert way.remarks() == []
    assert [each.getMessage() for each in caplog.records if each.levelno >= logging.WARNING] == []
    # Once for all, not for each id.
    assert way.origin.asked == 1


class Counted:
    """In place of a counter: what was counted."""

    def __init__(self) -> None:
        self.records = 0

    def add(self, records: int, labels: object) -> None:
        """Count."""
        del labels
        self.records += records


async def test_another_log_is_looked_into_again_once_the_topic_goes_on(way: Way) -> None:
    """The source may be that log by then."""
    events = await way.source.read("jars", 0, EVENTS)
    await way.publish(range(1, 6))
    await way.publisher.publish([events[0]._replace(log=str(uuid4()))])
    await way.publish(ALL)
    async with way.taking_in() as intake:
        assert await way.replica.wait("jars", EVENTS - 1, 20)
        renewed = MemoryStore("jars", jars.REGISTRY)
        await filled(renewed, EVENTS)
        way.origin.carrier = Offer(renewed)
        await way.publisher.publish(await renewed.read("jars", 0, 1))
        await alarmed(intake, Cause.FORKED)


async def test_a_service_goes_over_from_the_feed_while_the_topic_is_behind(way: Way) -> None:
    await way.publish([1, 2])
    events = await way.source.read("jars", 0, EVENTS)
    await way.replica.replicate(events[0].log, events[:5])
    await way.taken_in()
    assert way.origin.asked > 0
    assert await way.replica.offset("jars") is None
    await way.publish(range(3, 10))
    asked, carrier, seen = way.origin.asked, way.carrier(), Seen(EVENTS, events[8].log, digest(events[8]))
    assert not (await carrier.fetch(seen, 10, 0)).events
    assert way.origin.asked == asked
    await carrier.close()


async def test_a_topic_that_is_made_anew_is_read_again(way: Way) -> None:
    await way.publish(range(1, 6))
    await way.taken_in(5)
    await way.publisher.close()
    await delete_topic(way.broker, way.broker.topic("jars"))
    await ensure_topic(way.broker, way.broker.topic("jars"))
    assert await way.publisher.open() is None
    await way.publish(ALL)
    await way.taken_in()
    assert await way.replica.offset("jars") == EVENTS
