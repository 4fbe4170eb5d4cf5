"""What only the worker of a service sees, `/readyz` of its other processes shows too."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from aiokafka.admin import NewTopic

from regesta import beside
from regesta.beside import Beside
from regesta.broker import Broker
from regesta.reasons import Cause, Reason
from regesta.store import PostgresStore
from tests.conftest import FreshDatabase
from tests.regesta import jars
from tests.regesta.conftest import OpenStore
from tests.regesta.serving import Issuer, Served, client, served, settings_of, until
from tests.regesta.test_kafka import KPI, causes, over
from tests.regesta.topics import administering, delete_topic, send

AWAY = Reason(Cause.BROKER_AWAY, "relay of jars: the broker does not answer")


@pytest.fixture
async def store(reused_database: FreshDatabase, open_store: OpenStore) -> PostgresStore:
    return await open_store(await reused_database("jars"))


async def test_the_api_shows_that_the_worker_publishes_nothing_until_that_is_mended(
    broker: Broker, reused_database: FreshDatabase, issuer: Issuer
) -> None:
    async with administering(broker) as admin:
        await admin.create_topics([NewTopic(broker.topic("jars"), 2, 1)])
    settings = over(broker, settings_of(await reused_database("jars"), issuer))
    async with served(jars.SERVICE, settings, issuer, worker=False) as api:
        assert await causes(api) == set()
        async with served(jars.SERVICE, settings, issuer) as worker:
            await until(lambda: _shows(api, {"topic-wrong"}), 20)
            async with client(api) as here, client(worker) as there:
                assert (await here.get("/readyz")).json() == (await there.get("/readyz")).json()
            await delete_topic(broker, broker.topic("jars"))
            await until(lambda: _shows(api, set()), 20)


async def test_the_api_shows_what_the_worker_finds_in_topics_and_of_sources(
    broker: Broker, reused_database: FreshDatabase, issuer: Issuer
) -> None:
    source = over(broker, settings_of(await reused_database("jars"), issuer))
    async with served(jars.SERVICE, source, issuer) as running, client(running) as user:
        await user.put("/jars/a/fills/r", json={"amount": 1})
        reading = over(broker, settings_of(await reused_database("kpi"), issuer, {"jars": _at(running)}))
        async with served(KPI, reading, issuer, worker=False) as api, served(KPI, reading, issuer):
            await until(lambda: _is_taken_in(api), 20)
            await send(broker, b"nobody's")
            await until(lambda: _shows(api, {"topic-foreign"}), 20)


def _at(running: Served) -> str:
    return running.url.removesuffix("/jars/v1")


async def _is_taken_in(api: Served) -> bool:
    return (await api.runtime.store.head("jars")).position > 0


async def _shows(api: Served, wanted: set[str]) -> bool:
    return await causes(api) == wanted


async def test_what_a_process_found_is_shown_by_the_others_until_it_finds_something_else_or_ends(
    store: PostgresStore,
) -> None:
    one, other = Beside(store.pool), Beside(store.pool)
    weak = Reason(Cause.TOPIC_WEAK, "relay of jars: two copies")
    await one.tell([AWAY, weak])
    assert (await one.others(store.pool), await other.others(store.pool)) == ([], [AWAY, weak])
    await one.tell([weak])
    assert await other.others(store.pool) == [weak]
    await one.tell([])
    assert await other.others(store.pool) == []


async def test_of_a_process_that_was_killed_nothing_is_shown_after_a_while(
    store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed, other = Beside(store.pool), Beside(store.pool)
    await killed.tell([AWAY])
    assert await other.others(store.pool) == [AWAY]
    monkeypatch.setattr(beside, "FRESH", timedelta(0))
    assert await other.others(store.pool) == []
    await other.tell([AWAY])
    assert await store.pool.fetchval("SELECT count(*) FROM bus.findings") == 1


async def test_a_cause_of_a_later_release_is_left_to_its_own_processes(store: PostgresStore) -> None:
    await store.pool.execute("INSERT INTO bus.findings VALUES ($1, 'moon-full', 'tonight', clock_timestamp())", uuid4())
    assert await Beside(store.pool).others(store.pool) == []
