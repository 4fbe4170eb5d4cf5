"""A topic that is lost is made anew only when the log is known to lack nothing that was in it; otherwise somebody says so."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from aiokafka.admin import NewTopic

from regesta import relay as relays
from regesta.broker import Broker
from regesta.reasons import Cause
from regesta.seal import OwnSeal
from regesta.topics import TOPIC_UNKNOWN, check_topic
from tests.conftest import Database, FreshDatabase, execute
from tests.regesta import jars
from tests.regesta.serving import SCOPES, Issuer, Served, client, served, settings_of, until
from tests.regesta.test_kafka import over
from tests.regesta.topics import administering, delete_topic, positions_in

CLOSE = "SELECT log.close('restored', NULL, NULL)"


@pytest.fixture
async def database(reused_database: FreshDatabase) -> Database:
    return await reused_database("jars")


@asynccontextmanager
async def running(database: Database, issuer: Issuer, broker: Broker) -> AsyncIterator[Served]:
    """Serve jars over Kafka."""
    async with served(jars.SERVICE, over(broker, settings_of(database, issuer)), issuer) as here:
        yield here


async def reasons(here: Served) -> dict[str, str]:
    """Return why a service is degraded or not ready: details by causes."""
    async with client(here) as user:
        return {reason["name"]: reason["detail"] for reason in (await user.get("/readyz")).json()["reasons"]}


async def named(here: Served, cause: Cause) -> str:
    """Return the detail of a cause once it is shown."""

    async def is_shown() -> bool:
        return cause.code in await reasons(here)

    await until(is_shown, 20)
    return (await reasons(here))[cause.code]


async def filled(here: Served, *references: str) -> None:
    async with client(here) as user:
        for reference in references:
            assert (await user.put(f"/jars/a/fills/{reference}", json={"amount": 1})).status_code == 201


async def published(here: Served, broker: Broker) -> None:
    """Return once the topic holds the whole log, and everything is well."""

    async def is_whole() -> bool:
        head, seal = (await here.runtime.store.head("jars")).position, await OwnSeal(here.runtime.pool).known()
        return not await is_missing(broker) and await positions_in(broker, seal=seal) == list(range(1, head + 1))

    await until(is_whole, 20)

    async def is_well() -> bool:
        return not await reasons(here)

    await until(is_well, 20)


async def is_missing(broker: Broker) -> bool:
    async with administering(broker) as admin:
        (found,) = await admin.describe_topics([broker.topic("jars")])
        return bool(found["error_code"] == TOPIC_UNKNOWN)


def as_told(detail: str) -> Iterator[tuple[str, str]]:
    """Yield the settings of the topic that the command in a detail makes."""
    for setting in re.findall(r"--config (\S+)", detail):
        key, _, value = setting.partition("=")
        yield key, value


async def test_one_that_goes_while_its_service_runs_is_made_anew(
    database: Database,
    issuer: Issuer,
    broker: Broker,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(relays, "CHECK_SECONDS", 0.5)
    async with running(database, issuer, broker) as here:
        await filled(here, "one")
        await published(here, broker)
        await delete_topic(broker, broker.topic("jars"))
        await filled(here, "two")
        await published(here, broker)
    assert len([each for each in caplog.messages if "is made, with 1 copies" in each]) == 2


async def test_one_that_is_missing_at_a_start_is_not_made_until_somebody_says_so(
    database: Database,
    issuer: Issuer,
    broker: Broker,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As of a service that is started with the address of another broker."""
    monkeypatch.setattr("regesta.bus.GRACE_SECONDS", 0.5)
    async with running(database, issuer, broker) as here:
        await filled(here, "one")
        await published(here, broker)
    topic = broker.topic("jars")
    await delete_topic(broker, topic)
    async with running(database, issuer, broker) as here:
        detail = await named(here, Cause.TOPIC_LOST)
        assert f"relay of jars: there is no topic '{topic}'" in detail
        assert (
            f"kafka-topics.sh --bootstrap-server {broker.bootstrap} --create --topic {topic} --partitions 1 " in detail
        )
        assert " --replication-factor 1 --config cleanup.policy=delete" in detail
        await filled(here, "two")

        async def told() -> bool:
            return any(each.endswith(Cause.TOPIC_LOST.value.action) for each in caplog.messages)

        await until(told, 20)
        assert await is_missing(broker)
        async with administering(broker) as admin:
            await admin.create_topics([NewTopic(topic, 1, 1, topic_configs=dict(as_told(detail)))])
        await published(here, broker)
        await check_topic(broker, topic)
    assert len([each for each in caplog.messages if each.endswith(Cause.TOPIC_LOST.value.action)]) == 1


async def test_one_of_a_log_that_was_restored_is_asked_for_until_somebody_accepts_the_loss(
    database: Database, issuer: Issuer, broker: Broker
) -> None:
    """A backup does not know what was published: that it was nothing is not to be taken from that."""
    await execute(database.admin_dsn, CLOSE)
    token = issuer.token(f"{SCOPES} jars:write", roles=["operator"])
    settings = over(broker, settings_of(database, issuer))
    async with (
        served(jars.SERVICE, settings, issuer, worker=False) as api,
        client(api, Authorization=f"Bearer {token}") as user,
    ):
        refused = await user.post("/log/recover")
        assert refused.status_code == 409
        topic = broker.topic("jars")
        assert f"topic {topic} does not answer: there is no topic '{topic}'" in refused.json()["detail"]
        relay = api.runtime.relay
        assert relay is not None
        assert not await relay._may_make()
        before = (await api.runtime.store.head("jars")).log
        opened = await user.post("/log/recover", params={"accept_loss": True})
        assert (opened.status_code, opened.json()["state"]) == (200, "open")
        assert opened.json()["log"] != before
        assert await relay._may_make()
    async with running(database, issuer, broker) as here:
        await published(here, broker)
