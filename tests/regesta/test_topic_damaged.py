"""A topic that is damaged on the broker's disk: its source is followed over HTTP, which is told once, and nothing is lost or invented."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from deploy.kafka.cluster import Cluster
from regesta.broker import Broker
from regesta.bus import Offer
from regesta.reasons import Cause
from regesta.store import PostgresStore
from regesta.suites import filled
from regesta.testing import MemoryStore
from regesta.topic import KafkaPublisher
from tests.conftest import FreshDatabase
from tests.kafka import cluster
from tests.regesta import jars
from tests.regesta.seals import SEALED
from tests.regesta.serving import until
from tests.regesta.topics import EVENTS, Origin, Way, delete_topic

# Where in a batch its length is, the version of its format, its checksum, and the first of its records.
LENGTH, VERSION, CHECKSUM, RECORDS = 8, 16, 17, 61


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Run a broker whose files are known."""
    with cluster(tmp_path_factory.mktemp("damaged") / "nodes") as running:
        yield running


@pytest.fixture
async def way(one: Cluster, memory_store: MemoryStore, reused_database: FreshDatabase) -> AsyncIterator[Way]:
    """Return the way from a log with nine events to a replica without any; they are in its topic, in three batches."""
    broker = Broker(one.bootstrap, f"test-{uuid4().hex[:12]}", {})
    await filled(memory_store, EVENTS)
    database = await reused_database("kpi")
    publisher = KafkaPublisher(broker, "jars", jars.REGISTRY, SEALED)
    await publisher.open()
    async with PostgresStore("kpi", database.dsn, jars.REGISTRY, pool_size=4) as replica:
        found = Way(broker, memory_store, Origin(Offer(memory_store)), replica, publisher)
        for first in (1, 4, 7):
            await found.publish(range(first, first + 3))
        yield found
    await publisher.close()


def damage(segment: Path, at: int) -> None:
    """Turn over a byte of the second batch in a segment."""
    held = bytearray(segment.read_bytes())
    second = 12 + int.from_bytes(held[LENGTH : LENGTH + 4])
    assert held[second + VERSION] == 2  # so it is a batch that begins there
    with segment.open("r+b") as file:
        file.seek(second + at)
        file.write(bytes([held[second + at] ^ 0x10]))


@pytest.mark.parametrize(
    ("at", "told"),
    [
        pytest.param(RECORDS, "cannot be read from record ", id="its records"),
        pytest.param(CHECKSUM, "cannot be read from record ", id="its checksum"),
        # What the broker gives nothing of, and says nothing.
        pytest.param(LENGTH, f"ends at {EVENTS}, and the broker gives nothing from 3 on", id="its length"),
    ],
)
async def test_a_source_whose_topic_is_damaged_is_followed_over_http_until_it_is_made_anew(
    one: Cluster, way: Way, caplog: pytest.LogCaptureFixture, at: int, told: str
) -> None:
    topic = way.broker.topic("jars")
    damage(one.nodes[0].folder / "data" / f"{topic}-0" / f"{0:020}.log", at)
    async with way.taking_in() as intake:
        assert await way.replica.wait("jars", EVENTS - 1, 40)

        async def said() -> bool:
            return "topic-unusable" in shown(way)

        await until(said, 10)
        assert f"the topic '{topic}' {told}" in shown(way)["topic-unusable"]
        assert (intake.trouble, intake.alarm) == (None, None)
        await delete_topic(way.broker, topic)
        await way.publisher.close()
        await way.publisher.open()
        await way.publish(range(1, EVENTS + 1))

        async def mended() -> bool:
            return shown(way) == {}

        await until(mended, 20)
    assert await way.held() == await way.recorded()
    wrong = Cause.TOPIC_UNUSABLE.value.action
    assert len([each for each in caplog.messages if each.endswith(wrong)]) == 1


def shown(way: Way) -> dict[str, str]:
    """Return the remarks of the last carrier by the names of their causes."""
    return {reason.cause.code: reason.detail for reason in way.remarks()}
