"""What is wrong with a topic is told once with what to do, counted, and shown until it is mended; nothing is lost or invented."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import NewTopic
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy

from regesta import remarks
from regesta.broker import Broker
from regesta.bus import Offer, Standstill
from regesta.cloudevents import encode_binary
from regesta.event import Recorded
from regesta.reasons import Cause, Level, level_of
from regesta.remarks import Remarks
from regesta.store import PostgresStore
from regesta.suites import filled
from regesta.testing import MemoryStore
from regesta.topic import KafkaPublisher, Reader
from regesta.topics import RECORD_BYTES, ensure_topic
from regesta.unit import READ_BYTES
from tests.conftest import FreshDatabase
from tests.regesta import jars
from tests.regesta.seals import SEAL, SEALED
from tests.regesta.serving import until
from tests.regesta.topics import EVENTS, Origin, Way, administering, delete_topic

WHERE = "intake of jars"


@pytest.fixture
async def way(broker: Broker, memory_store: MemoryStore, reused_database: FreshDatabase) -> AsyncIterator[Way]:
    """Return the way from a log with nine events to a replica without any; the topic is still to be made."""
    await filled(memory_store, EVENTS)
    database = await reused_database("kpi")
    publisher = KafkaPublisher(broker, "jars", jars.REGISTRY, SEALED)
    async with PostgresStore("kpi", database.dsn, jars.REGISTRY, pool_size=4) as replica:
        yield Way(broker, memory_store, Origin(Offer(memory_store)), replica, publisher)
    await publisher.close()


def told(caplog: pytest.LogCaptureFixture, cause: Cause) -> list[str]:
    """Return what the log says of a cause: each line that ends with what to do about it."""
    return [each for each in caplog.messages if each.endswith(cause.value.action)]


def shown(way: Way) -> dict[str, str]:
    """Return the remarks of the last carrier by the names of their causes."""
    return {reason.cause.code: reason.detail for reason in way.remarks()}


@pytest.mark.parametrize(
    "values",
    [
        pytest.param([b"\xff\xfe{", b'{"n":', b"[1]", b"null"], id="no JSON object"),
        pytest.param([None, None], id="tombstones"),
        pytest.param([b"x" * 3_000_000], id="huge"),
    ],
)
async def test_corrupt_records_in_place_of_events_are_left_out_and_the_events_come_from_the_source(
    way: Way, caplog: pytest.LogCaptureFixture, values: list[bytes | None]
) -> None:
    await way.publisher.open()
    await way.publish(range(1, 4))
    events = await way.source.read("jars", 3, len(values))
    for event, value in zip(events, values, strict=True):
        await way.send(value, encode_binary(event, SEAL)[1])
    await way.publish(range(4 + len(values), EVENTS + 1))
    await way.taken_in()
    assert shown(way).keys() == {"topic-foreign", "topic-lacking"}
    assert [len(told(caplog, cause)) for cause in (Cause.TOPIC_FOREIGN, Cause.TOPIC_LACKING)] == [1, 1]


async def test_foreign_records_are_told_once_and_shown_by_the_last_of_them(
    way: Way, caplog: pytest.LogCaptureFixture
) -> None:
    await way.publisher.open()
    (first,) = await way.source.read("jars", 0, 1)
    _, headers = encode_binary(first, SEAL)
    await way.send(b"")
    await way.send(b"{}", [("content-type", b"application/cloudevents+json")])
    await way.send(b"<a/>", [("content-type", b"text/xml")])
    await way.send(b"{}", [(name, b"/elsewhere/jars" if name == "ce_source" else text) for name, text in headers])
    await way.send(b"{}", [(name, b"/regesta/shelves" if name == "ce_source" else text) for name, text in headers])
    await way.publish(range(1, EVENTS + 1))
    await way.taken_in()
    left_out = f"of the topic '{way.broker.topic('jars')}' is no event that jars has published; it is left out"
    assert told(caplog, Cause.TOPIC_FOREIGN) == [f"{WHERE}: record 0 {left_out}. {Cause.TOPIC_FOREIGN.value.action}"]
    assert shown(way) == {"topic-foreign": f"{WHERE}: record 4 {left_out}"}


@pytest.mark.parametrize(
    ("partitions", "settings", "detail"),
    [
        (2, {"retention.ms": "-1"}, "has 2 partitions"),
        (1, {"retention.ms": "3600000"}, "would forget events: retention.ms=3600000"),
        (1, {"retention.ms": "-1", "cleanup.policy": "compact"}, "would forget events: cleanup.policy=compact"),
    ],
)
async def test_a_source_whose_topic_is_wrong_is_followed_over_http_until_it_is_mended(
    way: Way, caplog: pytest.LogCaptureFixture, partitions: int, settings: dict[str, str], detail: str
) -> None:
    topic = way.broker.topic("jars")
    async with administering(way.broker) as admin:
        await admin.create_topics([NewTopic(topic, partitions, 1, topic_configs=settings)])
    async with way.taking_in() as intake:
        assert await way.replica.wait("jars", EVENTS - 1, 20)
        assert shown(way)["topic-unusable"].startswith(f"{WHERE}: the topic '{topic}' {detail}")
        assert (intake.trouble, intake.alarm, level_of(way.remarks())) == (None, None, Level.DEGRADED)
        await delete_topic(way.broker, topic)
        await ensure_topic(way.broker, topic)

        async def mended() -> bool:
            return shown(way) == {}

        await until(mended, 20)
    assert await way.held() == await way.recorded()
    assert len(told(caplog, Cause.TOPIC_UNUSABLE)) == 1
    assert f"{WHERE}: no longer topic-unusable" in caplog.messages


async def test_a_source_whose_topic_cannot_be_unpacked_is_followed_over_http_until_it_is_mended(
    way: Way, caplog: pytest.LogCaptureFixture
) -> None:
    """As one that the broker packs in a way that this process cannot read."""
    topic = way.broker.topic("jars")
    keeping = {"retention.ms": "-1", "max.message.bytes": str(RECORD_BYTES), "compression.type": "zstd"}
    async with administering(way.broker) as admin:
        await admin.create_topics([NewTopic(topic, 1, 1, topic_configs=keeping)])
    for _ in range(3):
        await way.send(b"x" * 1000)
    async with way.taking_in():
        assert await way.replica.wait("jars", EVENTS - 1, 20)
        assert f"the topic '{topic}' cannot be read from record 0 on: " in shown(way)["topic-unusable"]
        await delete_topic(way.broker, topic)
        await way.publisher.open()
        await way.publish(range(1, EVENTS + 1))

        async def mended() -> bool:
            return shown(way) == {}

        await until(mended, 20)
    assert await way.held() == await way.recorded()
    assert len(told(caplog, Cause.TOPIC_UNUSABLE)) == 1


def test_what_makes_a_process_not_ready_is_no_remark() -> None:
    found = Remarks()
    with pytest.raises(ValueError, match="topic-wrong stops something"):
        found.note(Cause.TOPIC_WRONG, WHERE, "one")
    assert list(found.reasons()) == []


class Unnamed(str):
    """A header's name that is no text once it is sent."""

    __slots__ = ()

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        """Return what is no UTF-8."""
        del encoding, errors
        return b"\xff\xfe"


async def send_unnamed(broker: Broker, events: Sequence[Recorded]) -> None:
    """Put events into the topic of jars in one batch, the second with a header whose name is no text."""
    async with AIOKafkaProducer(bootstrap_servers=broker.bootstrap) as producer:
        batch: Any = producer.create_batch()
        # The one in C takes no such name.
        batch._builder = _DefaultRecordBatchBuilderPy(
            magic=2, compression_type=0, is_transactional=0, producer_id=-1, producer_epoch=-1, base_sequence=0,
            batch_size=100_000,
        )  # fmt: skip
        for number, event in enumerate(events):
            value, headers = encode_binary(event, SEAL)
            more = [(Unnamed("name"), b"x")] if number == 1 else []
            assert batch.append(timestamp=1, key=b"key", value=value, headers=[*headers, *more]) is not None
        await (await producer.send_batch(batch, broker.topic("jars"), partition=0))


async def test_a_record_with_a_name_that_is_no_text_is_left_out(way: Way, caplog: pytest.LogCaptureFixture) -> None:
    """And what its sender put into one batch with it, behind it: the client begins with the first record of a batch again."""
    await way.publisher.open()
    await way.publish(range(1, 4))
    await send_unnamed(way.broker, await way.source.read("jars", 3, 3))
    await way.publish(range(6, EVENTS))
    await way.taken_in(EVENTS - 1)
    topic = way.broker.topic("jars")
    assert shown(way) == {
        "topic-foreign": f"{WHERE}: record 5 of the topic '{topic}' is no event that jars has published; it is left out",
        "topic-lacking": f"{WHERE}: the topic '{topic}' lacks jars:5 to 5; taken from the source",
    }
    assert await way.replica.offset("jars") == 9
    assert len(told(caplog, Cause.TOPIC_FOREIGN)) == 1


async def test_a_topic_that_ends_with_a_name_that_is_no_text_is_published_into(way: Way) -> None:
    await way.publisher.open()
    await way.publish(range(1, 4))
    await send_unnamed(way.broker, await way.source.read("jars", 3, 2))
    await way.publisher.close()
    last = await way.publisher.open()
    assert last is not None
    assert last.position == 4
    await way.publish(range(5, EVENTS + 1))
    await way.taken_in()


async def test_what_is_read_at_once_is_bounded_wherever_its_bytes_are(way: Way) -> None:
    await way.publisher.open()
    large = b"x" * (READ_BYTES * 3 // 4)
    for _ in range(4):
        await way.send(b"", [("name", large)])
    reader = Reader(way.broker, "jars", jars.REGISTRY, SEAL)
    await reader.open()
    assert [len(await reader.take(100, 5)), len(await reader.take(100, 5))] == [2, 2]
    await reader.close()


def test_what_was_found_long_ago_is_shown_no_more_and_told_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    at = [0.0]
    monkeypatch.setattr(remarks, "monotonic", lambda: at[-1])
    found = Remarks()
    found.note(Cause.TOPIC_FOREIGN, WHERE, "one")
    at.append(500.0)
    found.note(Cause.TOPIC_FOREIGN, WHERE, "one")
    at.append(1099.0)
    assert [reason.detail for reason in found.reasons()] == [f"{WHERE}: one"]
    at.append(1100.0)
    assert list(found.reasons()) == []
    found.note(Cause.TOPIC_FOREIGN, WHERE, "two")
    assert [message.partition(". ")[0] for message in caplog.messages] == [f"{WHERE}: one", f"{WHERE}: two"]


async def test_a_topic_that_acknowledges_nothing_is_told_with_the_command_that_mends_it(way: Way) -> None:
    topic = way.broker.topic("jars")
    keeping = {"retention.ms": "-1", "max.message.bytes": str(RECORD_BYTES), "min.insync.replicas": "2"}
    async with administering(way.broker) as admin:
        await admin.create_topics([NewTopic(topic, 1, 1, topic_configs=keeping)])
    with pytest.raises(Standstill) as said:
        await way.publisher.open()
    assert said.value.cause is Cause.TOPIC_WRONG
    mend = f"kafka-configs.sh --bootstrap-server {way.broker.bootstrap} --alter --topic {topic} --add-config min.insync.replicas=1"
    assert str(said.value) == f"the topic '{topic}' has 1 copies, and 2 must be in step; {mend}"
