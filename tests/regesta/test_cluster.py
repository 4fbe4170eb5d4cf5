"""With three brokers a topic has three copies, and nothing is lost or stands still when the one that leads it is killed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from deploy.kafka.cluster import Cluster
from regesta.broker import Broker, ensure_topic
from regesta.bus import Intake, Offer
from regesta.kafka import KafkaCarrier
from regesta.relay import Relay
from regesta.store import PostgresStore
from regesta.suites import new_event, new_unit
from regesta.topic import KafkaPublisher
from tests.conftest import FreshDatabase
from tests.kafka import cluster
from tests.regesta import jars
from tests.regesta.conftest import OpenStore
from tests.regesta.topics import administering, configured, positions_in

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
    carrier = KafkaCarrier(broker, "kpi", "jars", jars.REGISTRY, Offer(source))
    async with PostgresStore("kpi", database.dsn, jars.REGISTRY, pool_size=2) as replica:
        relay, intake = Relay(source, KafkaPublisher(broker, "jars", jars.REGISTRY)), Intake(replica, "jars", carrier)
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


async def test_the_only_broker_is_killed_and_comes_back_while_events_arrive(
    tmp_path: Path, reused_database: FreshDatabase, open_store: OpenStore
) -> None:
    """Clients cancel who waits when they lose all their connections; that is no request to end."""
    source = await open_store(await reused_database("jars"))
    database = await reused_database("kpi")
    with cluster(tmp_path / "nodes") as one:
        (node,), broker = one.nodes, Broker(one.bootstrap, f"test-{uuid4().hex[:12]}", {})
        await ensure_topic(broker, broker.topic("jars"))
        carriers = [KafkaCarrier(broker, "kpi", "jars", jars.REGISTRY, Offer(source)) for _ in range(READERS)]
        async with PostgresStore("kpi", database.dsn, jars.REGISTRY, pool_size=2) as replica:
            relay = Relay(source, KafkaPublisher(broker, "jars", jars.REGISTRY))
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
