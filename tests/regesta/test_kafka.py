"""The carrier over a real broker: the suite of all carriers, and services that pass their events over topics."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import asyncpg
import httpx2
import pytest
from aiokafka.admin import NewTopic

from regesta.broker import Broker
from regesta.bus import Carrier
from regesta.cloudevents import digest
from regesta.database import Connection as Db
from regesta.kafka import KafkaCarrier
from regesta.relay import Relay
from regesta.seal import OwnSeal
from regesta.settings import Settings
from regesta.source import FeedClient
from regesta.store import PostgresStore
from regesta.suites import CarrierSuite, new_event, new_unit
from regesta.topic import KafkaPublisher
from regesta.topics import ensure_topic
from regesta.unit import Store
from tests.conftest import FreshDatabase
from tests.regesta import jars
from tests.regesta.seals import SEALED
from tests.regesta.serving import SCOPES, Issuer, Served, client, served, settings_of, taking_in, until
from tests.regesta.topics import administering, delete_topic, positions_in


class TestKafka(CarrierSuite):
    @pytest.fixture
    async def quiet(self, reused_database: FreshDatabase, issuer: Issuer) -> AsyncIterator[Served]:
        """Serve jars without a worker, whose calendar would write into the log."""
        database = await reused_database("jars")
        async with served(jars.SERVICE, settings_of(database, issuer), issuer, worker=False) as running:
            yield running

    @pytest.fixture
    async def store(self, quiet: Served, broker: Broker) -> AsyncIterator[Store]:
        """Return the source's store, whose log is relayed."""
        store = quiet.runtime.store
        assert isinstance(store, PostgresStore)
        await ensure_topic(broker, broker.topic("jars"))
        relaying = asyncio.create_task(Relay(store, KafkaPublisher(broker, "jars", jars.REGISTRY, SEALED)).run())
        yield store
        relaying.cancel()
        await asyncio.gather(relaying, return_exceptions=True)

    @pytest.fixture
    async def carrier(self, store: Store, quiet: Served, issuer: Issuer, broker: Broker) -> AsyncIterator[Carrier]:
        async with httpx2.AsyncClient() as http:
            origin = FeedClient(http, quiet.url, issuer.token("events:read"), jars.REGISTRY)
            carrier = KafkaCarrier(broker, "shelves", "jars", store.registry, origin, seals=SEALED)
            yield carrier
            await carrier.close()


KPI = replace(
    taking_in(*jars.EVENTS, source="jars"),
    name="kpi", projections=(), reactions=(), routers=(), aggregates=(), rules=(), routes=(),
)  # fmt: skip


def over(broker: Broker, plain: Settings) -> Settings:
    """Return settings with this broker as the carrier."""
    here = {"carrier": "kafka", "kafka_bootstrap": broker.bootstrap, "kafka_prefix": broker.prefix}
    return plain.model_copy(update=here)


async def causes(served_here: Served) -> set[str]:
    """Return the names of all causes for which a service is not ready or degraded."""
    async with client(served_here) as user:
        return {reason["name"] for reason in (await user.get("/readyz")).json()["reasons"]}


async def test_two_services_pass_their_events_over_topics(
    broker: Broker, reused_database: FreshDatabase, issuer: Issuer
) -> None:
    mine, theirs = await reused_database("jars"), await reused_database("kpi")
    async with served(jars.SERVICE, over(broker, settings_of(mine, issuer)), issuer) as source:
        root = {"jars": source.url.removesuffix("/jars/v1")}
        async with served(KPI, over(broker, settings_of(theirs, issuer, root)), issuer) as reader:
            async with client(source) as user:
                answer = await user.put("/jars/a/fills/r", json={"amount": 1})
            assert answer.status_code == 201
            head = (await source.runtime.store.head("jars")).position
            assert await reader.runtime.store.wait("jars", head - 1, 20)
            held = await reader.runtime.store.read("jars", 0, 99)
            recorded = await source.runtime.store.read("jars", 0, 99)
            assert [digest(event) for event in held] == [digest(event) for event in recorded]
            assert await reader.runtime.store.offset("jars") == head
            await until(lambda: _none(source, reader), 20)
            async with client(source) as user:
                log = (await user.get("/log", headers={"Authorization": f"Bearer {issuer.token('jars:read')}"})).json()
            assert log["relay"] == {"position": head, "lag": 0, "lag_seconds": 0.0, "trouble": None}

            async def its_day_is_published() -> bool:
                return await positions_in(broker, "kpi", await OwnSeal(reader.runtime.pool).known()) == [1]

            await until(its_day_is_published, 20)


# As by a relay of another process.
ONE_PUBLISHED = """
INSERT INTO bus.relay (holder, epoch, until, log, position) SELECT gen_random_uuid(), 1, now(), log, 1 FROM log.identity
"""


async def test_what_is_recorded_while_it_is_asked_is_not_taken_for_what_was_published(
    broker: Broker, reused_database: FreshDatabase, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = over(broker, settings_of(await reused_database("jars"), issuer))
    async with served(jars.SERVICE, settings, issuer, worker=False) as source:
        store, readers = source.runtime.store, source.runtime.readers
        await store.append(new_unit(new_event("thing/1", 1)))
        await source.runtime.pool.execute(ONE_PUBLISHED)
        plain = readers.connection

        @asynccontextmanager
        async def after_one_more() -> AsyncIterator[Db]:
            await store.append(new_unit(new_event("thing/2", 1)))
            async with plain() as db:
                yield db

        monkeypatch.setattr(readers, "connection", after_one_more)
        async with client(source, Authorization=f"Bearer {issuer.token('jars:read')}") as user:
            log = (await user.get("/log")).json()
        assert (log["position"], log["relay"]["position"], log["relay"]["lag"]) == (2, 1, 1)


async def _none(*services: Served) -> bool:
    return not any([await causes(each) for each in services])


async def test_a_wrong_topic_is_named_and_commands_are_recorded(
    broker: Broker, reused_database: FreshDatabase, issuer: Issuer
) -> None:
    async with administering(broker) as admin:
        await admin.create_topics([NewTopic(broker.topic("jars"), 2, 1)])
    database = await reused_database("jars")
    async with served(jars.SERVICE, over(broker, settings_of(database, issuer)), issuer) as source:

        async def named() -> bool:
            return await causes(source) == {"topic-wrong"}

        await until(named, 20)
        async with client(source) as user:
            assert (await user.put("/jars/a/fills/r", json={"amount": 1})).status_code == 201
            (reason,) = (await user.get("/readyz")).json()["reasons"]
        assert reason["detail"].startswith(f"relay of jars: the topic '{broker.topic('jars')}' has 2 partitions")
        await delete_topic(broker, broker.topic("jars"))

        async def well() -> bool:
            return await causes(source) == set()

        await until(well, 20)
        assert await positions_in(broker, seal=await OwnSeal(source.runtime.pool).known()) == [1, 2]


async def test_a_service_that_was_restored_takes_its_tail_back_from_its_topic(
    broker: Broker, reused_database: FreshDatabase, issuer: Issuer
) -> None:
    database = await reused_database("jars")
    plain = over(broker, settings_of(database, issuer))
    async with served(jars.SERVICE, plain, issuer) as source, client(source) as user:
        for number in range(5):
            await user.put(f"/jars/a/fills/{number}", json={"amount": 1})
        recorded = await source.runtime.store.read("jars", 0, 99)

        async def published() -> bool:
            seal = await OwnSeal(source.runtime.pool).known()
            return await positions_in(broker, seal=seal) == [event.position for event in recorded]

        await until(published, 20)
    admin = await asyncpg.connect(database.admin_dsn)
    await admin.execute("DELETE FROM log.events WHERE position > 3; UPDATE bus.relay SET position = 3")
    await admin.close()
    token = issuer.token(f"{SCOPES} jars:write", roles=["operator"])
    async with served(jars.SERVICE, plain, issuer) as source, client(source, Authorization=f"Bearer {token}") as user:

        async def closed() -> bool:
            return "log-closed" in await causes(source)

        await until(closed, 20)
        assert (await user.put("/jars/a/fills/new", json={"amount": 1})).status_code == 503
        while (done := (await user.post("/log/recover")).json())["state"] == "recovering":
            pass
        assert (done["state"], done["position"]) == ("open", len(recorded))
        held = await source.runtime.store.read("jars", 0, 99)
        assert [digest(event) for event in held] == [digest(event) for event in recorded]
        assert (await user.put("/jars/a/fills/new", json={"amount": 1})).status_code == 201


async def test_a_relay_that_is_far_behind_is_red(reused_database: FreshDatabase, issuer: Issuer) -> None:
    away = Broker("localhost:1", "test", {})
    database = await reused_database("jars")
    limited = over(away, settings_of(database, issuer)).model_copy(update={"lag_limit_events": 2})
    async with served(jars.SERVICE, limited, issuer) as source:

        async def named() -> bool:
            return await causes(source) == {"broker-away"}

        await until(named, 20)
        async with client(source) as user:
            assert (await user.get("/readyz")).status_code == 200
            for number in range(2):
                await user.put(f"/jars/a/fills/{number}", json={"amount": 1})
            ready, log = await user.get("/readyz"), (await user.get("/log")).json()
        assert ready.status_code == 503
        assert (log["position"], log["relay"]["position"], log["relay"]["lag"]) == (3, 0, 3)
        assert log["relay"]["trouble"].startswith("the broker localhost:1 does not answer: ")
        assert [reason["detail"] for reason in ready.json()["reasons"] if reason["name"] == "lag"] == [
            "the relay of jars is 3 events behind"
        ]


async def test_the_feed_does_without_aiokafka() -> None:
    code = "import sys, regesta.main, services.reporting.app; print(any(m.startswith('aiokafka') for m in sys.modules))"
    ran = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
    out, _ = await ran.communicate()
    assert out == b"False\n"
