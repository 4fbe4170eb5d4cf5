"""With three brokers a topic has three copies, and nothing is lost or stands still when the one that leads it is killed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from aiokafka.admin import NewTopic

from deploy.kafka.cluster import Cluster
from regesta import relay as relays
from regesta.broker import Broker
from regesta.bus import Intake, Offer
from regesta.kafka import KafkaCarrier
from regesta.relay import Relay
from regesta.store import PostgresStore
from regesta.suites import new_event, new_unit
from regesta.topic import KafkaPublisher
from regesta.topics import RECORD_BYTES, TopicLost, ensure_topic
from tests.conftest import FreshDatabase
from tests.kafka import cluster
from tests.regesta import jars
from tests.regesta.conftest import OpenStore
from tests.regesta.seals import SEALED
from tests.regesta.serving import until
from tests.regesta.topics import administering, configured, delete_topic, positions_in

# A killed broker is known to be gone after this time, not after 9 s.
SOON = {"broker.session.timeout.ms": "3000", "broker.heartbeat.interval.ms": "500"}
RECOVER_SECONDS = 60
READERS = 3


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with cluster(tmp_path_factory.mktemp("three") / "nodes", 3, settings=SOON) as running:
        yield running


async def test_the_broker_that_leads_is_killed_and_comes_back(
    three: Cluster, reused_database: FreshDatabase, open_store: OpenStore
) -> None:
    broker = Broker(three.bootstrap, f"test-{uuid4().hex[:12]}", {})
    await ensure_topic(broker, broker.topic("jars"))  # what comes is to come by it
    source = await open_store(await reused_database("jars"))
    database = await reused_database("kpi")
    carrier = KafkaCarrier(broker, "kpi", "jars", jars.REGISTRY, Offer(source), seals=SEALED)
    async with PostgresStore("kpi", database.dsn, jars.REGISTRY, pool_size=2) as replica:
        relay, intake = (
            Relay(source, KafkaPublisher(broker, "jars", jars.REGISTRY, SEALED)),
            Intake(replica, "jars", carrier),
        )
        tasks = [asyncio.create_task(each.run()) for each in (relay, intake)]
        await record(source, range(1, 31))
        assert await replica.wait("jars", 29, RECOVER_SECONDS)
        leader = await leader_of(broker)
        three.nodes[leader - 1].kill()
        await record(source, range(31, 61))
        assert await replica.wait("jars", 59, RECOVER_SECONDS)
        assert await leader_of(broker) != leader
        three.nodes[leader - 1].start()
        await record(source, range(61, 91))
        assert await replica.wait("jars", 89, RECOVER_SECONDS)
        assert not any(task.done() for task in tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await carrier.close()
        assert [event.raw for event in await replica.read("jars", 0, 99)] == [f'{{"n":{n}}}' for n in range(1, 91)]
    assert sorted(set(await positions_in(broker))) == list(range(1, 91))
    assert await configured(broker, broker.topic("jars"), ["min.insync.replicas"]) == {"min.insync.replicas": "2"}


async def record(store: PostgresStore, numbers: range) -> None:
    for number in numbers:
        await store.append(new_unit(new_event("thing/1", number, f'{{"n":{number}}}')))


async def leader_of(broker: Broker) -> int:
    """Return the node that leads the topic of jars, which has a copy on each."""
    async with administering(broker) as admin:
        (found,) = await admin.describe_topics([broker.topic("jars")])
        (partition,) = found["partitions"]
        assert sorted(partition["replicas"]) == [1, 2, 3]
        leader: int = partition["leader"]
        return leader


@pytest.mark.parametrize(
    ("copies", "detail"),
    [
        (3, "acknowledges with 1 of 3 copies;"),
        (2, "has 2 copies, and the brokers can keep 3; kafka-reassign-partitions.sh makes more; then"),
    ],
)
async def test_a_topic_that_keeps_less_than_the_cluster_could_is_shown_until_it_is_mended(
    three: Cluster,
    postgres_store: PostgresStore,
    monkeypatch: pytest.MonkeyPatch,
    copies: int,
    detail: str,
) -> None:
    monkeypatch.setattr(relays, "CHECK_SECONDS", 0.2)
    broker = Broker(three.bootstrap, f"test-{uuid4().hex[:12]}", {})
    topic = broker.topic("jars")
    weak = {"retention.ms": "-1", "max.message.bytes": str(RECORD_BYTES), "min.insync.replicas": "1"}
    async with administering(broker) as admin:
        await admin.create_topics([NewTopic(topic, 1, copies, topic_configs=weak)])
    relay = Relay(postgres_store, KafkaPublisher(broker, "jars", jars.REGISTRY, SEALED))
    running = asyncio.create_task(relay.run())
    try:
        at = f"kafka-configs.sh --bootstrap-server {broker.bootstrap} --alter --topic {topic}"
        mend = f"{at} --add-config min.insync.replicas=2"
        told = f"relay of jars: the topic '{topic}' {detail} {mend}"
        await until(lambda: _shows(relay, {told}), 20)
        await record(postgres_store, range(1, 4))
        await until(lambda: _has_published(broker, 3), 20)
        await delete_topic(broker, topic)  # it is made anew as the cluster can keep it
        await until(lambda: _shows(relay, set()), 40)
        await until(lambda: _has_published(broker, 3), 20)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def _shows(relay: Relay, details: set[str]) -> bool:
    return {reason.detail for reason in relay.remarks.reasons()} == details


async def _has_published(broker: Broker, number: int) -> bool:
    return await positions_in(broker) == list(range(1, number + 1))


async def test_the_only_broker_is_killed_and_comes_back_while_events_arrive(
    tmp_path: Path, reused_database: FreshDatabase, open_store: OpenStore
) -> None:
    """Clients cancel who waits when they lose all their connections; that is no request to end."""
    source = await open_store(await reused_database("jars"))
    database = await reused_database("kpi")
    with cluster(tmp_path / "nodes") as one:
        (node,), broker = one.nodes, Broker(one.bootstrap, f"test-{uuid4().hex[:12]}", {})
        await ensure_topic(broker, broker.topic("jars"))
        carriers = [
            KafkaCarrier(broker, "kpi", "jars", jars.REGISTRY, Offer(source), seals=SEALED) for _ in range(READERS)
        ]
        async with PostgresStore("kpi", database.dsn, jars.REGISTRY, pool_size=2) as replica:
            relay = Relay(source, KafkaPublisher(broker, "jars", jars.REGISTRY, SEALED))
            followers: list[Relay | Intake] = [relay, *(Intake(replica, "jars", carrier) for carrier in carriers)]
            tasks = [asyncio.create_task(each.run()) for each in followers]
            for first in range(1, 61, 30):
                await record(source, range(first, first + 20))
                assert await replica.wait("jars", first + 18, RECOVER_SECONDS)
                node.kill()
                await record(source, range(first + 20, first + 30))
                await asyncio.sleep(1)  # everybody notices
                node.start()
                await asyncio.to_thread(node.wait)
            assert await replica.wait("jars", 59, RECOVER_SECONDS)
            assert [task for task in tasks if task.done()] == []
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for carrier in carriers:
                await carrier.close()
            assert [event.raw for event in await replica.read("jars", 0, 99)] == [f'{{"n":{n}}}' for n in range(1, 61)]


async def test_a_topic_that_is_lost_is_to_be_made_with_as_many_copies_as_before(three: Cluster) -> None:
    broker = Broker(three.bootstrap, f"test-{uuid4().hex[:12]}", {})
    with pytest.raises(TopicLost, match=r" --replication-factor 3 .*--config min.insync.replicas=2") as lost:
        await ensure_topic(broker, broker.topic("jars"), make=False)
    assert f" --bootstrap-server {three.bootstrap} " in str(lost.value)
