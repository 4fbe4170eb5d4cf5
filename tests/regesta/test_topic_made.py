"""A topic is made by its own service only, on a broker too that makes what it is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from regesta.broker import Broker
from regesta.suites import foreign
from regesta.topic import KafkaPublisher, Reader
from regesta.topics import TOPIC_UNKNOWN, TopicMissing, check_topic, ensure_topic
from tests.kafka import cluster
from tests.regesta import jars
from tests.regesta.seals import SEAL, SEALED
from tests.regesta.topics import administering, configured, delete_topic

LOG = "01900000-0000-7000-8000-000000000000"


@pytest.fixture(scope="module")
def eager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    settings = {"auto.create.topics.enable": "true"}
    with cluster(tmp_path_factory.mktemp("eager") / "nodes", settings=settings) as running:
        yield Broker(running.bootstrap, f"test-{uuid4().hex[:12]}", {})


async def is_missing(broker: Broker, name: str) -> bool:
    async with administering(broker) as admin:
        (found,) = await admin.describe_topics([name])
        return bool(found["error_code"] == TOPIC_UNKNOWN)


async def test_who_checks_a_topic_does_not_make_it(eager: Broker) -> None:
    name = eager.topic("shelves")
    for _ in range(2):
        with pytest.raises(TopicMissing):
            await check_topic(eager, name)
    await ensure_topic(eager, name)
    assert await configured(eager, name, ["retention.ms"]) == {"retention.ms": "-1"}


async def test_clients_that_are_open_do_not_make_a_topic_again_that_is_lost(eager: Broker) -> None:
    name = eager.topic("jars")
    publisher, reader = KafkaPublisher(eager, "jars", jars.REGISTRY, SEALED), Reader(eager, "jars", jars.REGISTRY, SEAL)
    await publisher.open()
    try:
        await publisher.publish(foreign(range(1, 4), LOG))
        await reader.open()
        await delete_topic(eager, name)
        assert publisher._producer is not None
        for client in (publisher._producer.client, reader._consumer._client):
            await client.force_metadata_update()
        assert await is_missing(eager, name)
    finally:
        await reader.close()
        await publisher.close()
