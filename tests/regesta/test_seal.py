"""Whoever may write into a topic can put anything there; nothing of it becomes an event, and nobody stands still because of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TypeAlias
from uuid import uuid4

import httpx2
import pytest

from regesta import kafka
from regesta.broker import Broker
from regesta.bus import Intake, Offer
from regesta.cloudevents import digest, encode_binary
from regesta.event import Recorded
from regesta.reasons import Cause
from regesta.seal import KEY_BYTES, OwnSeal, Seal, SourceSeal
from regesta.source import FeedClient
from regesta.store import PostgresStore
from regesta.suites import filled, new_event, new_unit
from regesta.testing import MemoryStore
from regesta.topic import KafkaPublisher
from regesta.topics import ensure_topic
from tests.conftest import FreshDatabase, execute
from tests.regesta import jars
from tests.regesta.seals import SEAL, SEALED, Told
from tests.regesta.serving import SCOPES, Issuer, Served, client, served, settings_of, until
from tests.regesta.test_kafka import causes, over
from tests.regesta.topics import EVENTS, Origin, Way, positions_in, send

FORGER = Seal(b"forger".ljust(KEY_BYTES))
FAR = 2**40

Forgery: TypeAlias = Callable[[Recorded], Recorded]

# Of the last event that there is.
FORGERIES: dict[str, Forgery] = {
    "the next event": lambda last: last._replace(position=last.position + 1, version=last.version + 1),
    "the next position with an old version": lambda last: last._replace(position=last.position + 1),
    "a position far beyond the end": lambda last: last._replace(position=FAR, version=last.version + 1),
    "an old event with other content": lambda last: last._replace(raw='{"n":"other"}'),
    "an old event renumbered": lambda last: last._replace(position=last.position - 1),
    "an event of another log": lambda last: last._replace(log=str(uuid4())),
    "an event of a day to come": lambda last: last._replace(
        position=last.position + 1, version=last.version + 1, time=datetime.now(UTC) + timedelta(days=400)
    ),
}
forged = pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES.keys())


@pytest.fixture
async def way(broker: Broker, memory_store: MemoryStore, reused_database: FreshDatabase) -> AsyncIterator[Way]:
    """Return the way from a log with nine events, all published, to a replica without any."""
    await filled(memory_store, EVENTS)
    database = await reused_database("kpi")
    publisher = KafkaPublisher(broker, "jars", jars.REGISTRY, SEALED)
    await publisher.open()
    async with PostgresStore("kpi", database.dsn, jars.REGISTRY, pool_size=4) as replica:
        yield Way(broker, memory_store, Origin(Offer(memory_store)), replica, publisher)
    await publisher.close()


async def put(broker: Broker, event: Recorded, seal: Seal = FORGER) -> None:
    """Put a record into the topic of jars as somebody does who has no key, or another one."""
    await send(broker, *encode_binary(event, seal))


@forged
async def test_a_forged_record_is_left_out_told_once_and_holds_up_nobody(
    way: Way, caplog: pytest.LogCaptureFixture, forge: Forgery
) -> None:
    (last,) = await way.source.read("jars", EVENTS - 1, 1)
    await way.publish(range(1, EVENTS + 1))
    async with way.taking_in() as intake:
        assert await way.replica.wait("jars", EVENTS - 1, 20)
        for _ in range(3):
            await put(way.broker, forge(last))
        await goes_on(way, intake)
    assert await way.held() == await way.recorded(EVENTS + 1)
    assert [reason.cause for reason in way.remarks()] == [Cause.TOPIC_FOREIGN]
    assert len([each for each in caplog.messages if each.endswith(Cause.TOPIC_FOREIGN.value.action)]) == 1
    assert FORGER.key.decode() not in caplog.text


async def goes_on(way: Way, intake: Intake) -> None:
    """See that what the source records next is taken in from the topic, and nothing is told as standing still."""
    await way.source.append(new_unit(new_event("thing/next", 1)))
    await way.publish([EVENTS + 1])
    assert await way.replica.wait("jars", EVENTS, 20)
    assert (intake.trouble, intake.alarm) == (None, None)
    assert await way.replica.offset("jars") == EVENTS + 4


@forged
async def test_a_replica_is_filled_from_a_topic_in_which_others_wrote(way: Way, forge: Forgery) -> None:
    """Also where these records stand first and last."""
    (last,) = await way.source.read("jars", EVENTS - 1, 1)
    await put(way.broker, forge(last))
    await way.publish(range(1, 4))
    await put(way.broker, forge(last))
    await way.publish(range(4, EVENTS + 1))
    await put(way.broker, forge(last))
    way.origin.away = True  # so that the topic alone gives it
    await way.taken_in()


@forged
async def test_a_service_goes_on_after_forged_records_and_publishes_nothing_again(
    broker: Broker, reused_database: FreshDatabase, issuer: Issuer, forge: Forgery
) -> None:
    database = await reused_database("jars")
    settings = over(broker, settings_of(database, issuer))
    await ensure_topic(broker, broker.topic("jars"))
    async with served(jars.SERVICE, settings, issuer) as source, client(source) as user:
        await user.put("/jars/a/fills/1", json={"amount": 1})
        (last,) = await source.runtime.store.read("jars", 1, 1)
        seal = await OwnSeal(source.runtime.pool).known()
        await until(lambda: _published(broker, seal, 2), 20)
    await put(broker, forge(last))
    async with served(jars.SERVICE, settings, issuer) as source, client(source) as user:
        assert (await user.put("/jars/a/fills/2", json={"amount": 1})).status_code == 201
        await until(lambda: _published(broker, seal, 3), 20)
        assert await causes(source) == set()
        assert await OwnSeal(source.runtime.pool).known() == seal


async def _published(broker: Broker, seal: Seal, count: int) -> bool:
    return await positions_in(broker, seal=seal) == [*range(1, count + 1)]


async def test_a_key_that_was_changed_seals_the_whole_log_again(
    broker: Broker, reused_database: FreshDatabase, issuer: Issuer
) -> None:
    """As docs/howto/kafka.md says for one that became known."""
    database = await reused_database("jars")
    settings = over(broker, settings_of(database, issuer))
    await ensure_topic(broker, broker.topic("jars"))
    keys = []
    for number in (1, 2):
        async with served(jars.SERVICE, settings, issuer) as source, client(source) as user:
            await user.put(f"/jars/a/fills/{number}", json={"amount": 1})
            seal = await OwnSeal(source.runtime.pool).known()
            await until(partial(_published, broker, seal, number + 1), 20)
        keys.append(seal.key)
        await execute(database.admin_dsn, "DELETE FROM log.seal", "INSERT INTO log.seal DEFAULT VALUES")
    assert keys[0] != keys[1]


async def test_what_others_wrote_is_not_recovered(
    broker: Broker, reused_database: FreshDatabase, issuer: Issuer
) -> None:
    """A log that was restored takes back what its service has published, and nothing else that stands there."""
    database = await reused_database("jars")
    settings = over(broker, settings_of(database, issuer))
    await ensure_topic(broker, broker.topic("jars"))
    async with served(jars.SERVICE, settings, issuer) as source, client(source) as user:
        for number in range(4):
            await user.put(f"/jars/a/fills/{number}", json={"amount": 1})
        recorded = await source.runtime.store.read("jars", 0, 99)
        seal = await OwnSeal(source.runtime.pool).known()
        await until(lambda: _published(broker, seal, len(recorded)), 20)
    for forge in FORGERIES.values():
        await put(broker, forge(recorded[-1]))
    await execute(database.admin_dsn, "DELETE FROM log.events WHERE position > 2; UPDATE bus.relay SET position = 2")
    token = issuer.token(f"{SCOPES} jars:write", roles=["operator"])
    async with (
        served(jars.SERVICE, settings, issuer) as source,
        client(source, Authorization=f"Bearer {token}") as user,
    ):
        await until(lambda: _is_closed(source), 20)
        while (done := (await user.post("/log/recover")).json())["state"] == "recovering":
            pass
        assert (done["state"], done["position"]) == ("open", len(recorded))
        held = await source.runtime.store.read("jars", 0, 99)
    assert [digest(event) for event in held] == [digest(event) for event in recorded]


async def _is_closed(source: Served) -> bool:
    return "log-closed" in await causes(source)


class TestSealOfASource:
    """The key of a source is asked for once, kept, and asked for again only when records have another seal."""

    async def test_without_its_key_and_without_the_source_nothing_is_taken_in(self, way: Way) -> None:
        way.origin.away, way.seals.now = True, None
        way.seals.known = way.seals.asked  # type: ignore[method-assign]  # it was never told
        await way.publish(range(1, EVENTS + 1))
        async with way.taking_in() as intake:
            await until(lambda: _is_away(intake), 20)
            assert await way.held() == []
            way.origin.away, way.seals.now = False, SEAL
            assert await way.replica.wait("jars", EVENTS - 1, 20)
        assert await way.held() == await way.recorded()

    async def test_one_whose_database_was_made_anew_is_believed_once_it_has_told_its_key(self, way: Way) -> None:
        """As after its log came back from replicas: the same log, sealed by another key."""
        await way.publish(range(1, 5))
        async with way.taking_in() as intake:
            assert await way.replica.wait("jars", 3, 20)
            way.seals.now = FORGER
            publisher = KafkaPublisher(way.broker, "jars", jars.REGISTRY, Told(FORGER, FORGER))
            await publisher.open()
            await publisher.publish(await way.source.read("jars", 0, EVENTS))
            await publisher.close()
            assert await way.replica.wait("jars", EVENTS - 1, 20)
            assert (intake.trouble, way.seals.kept) == (None, FORGER)
        assert await way.held() == await way.recorded()

    async def test_a_database_that_does_not_give_the_key_is_not_told_as_a_broker(self, way: Way) -> None:
        async def refused() -> Seal:
            raise ConnectionRefusedError("no database")

        way.seals.now = None
        way.seals.known = refused  # type: ignore[method-assign]
        async with way.taking_in() as intake:
            await until(lambda: _is_away(intake), 20)
            assert (intake.alarm, intake.trouble) == (None, "ConnectionRefusedError: no database")

    async def test_many_records_without_a_seal_make_nobody_ask_for_each(
        self, way: Way, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(kafka, "SEAL_SECONDS", 3600.0)
        await way.publish(range(1, 5))
        async with way.taking_in():
            assert await way.replica.wait("jars", 3, 20)
            asked = way.seals.times
            for _ in range(20):
                await way.send(b"{}")
            await way.publish(range(5, EVENTS + 1))
            assert await way.replica.wait("jars", EVENTS - 1, 20)
            assert way.seals.times <= asked + 1

    async def test_it_is_told_to_who_may_read_the_whole_log_and_kept(
        self, broker: Broker, reused_database: FreshDatabase, issuer: Issuer
    ) -> None:
        database, other = await reused_database("jars"), await reused_database("kpi")
        settings = over(broker, settings_of(database, issuer))
        async with served(jars.SERVICE, settings, issuer) as source, httpx2.AsyncClient() as http:
            for scope, status in {"events:read": 200, "events:read:jar-filled.v1": 403, "jars:read": 403}.items():
                headers = {"Authorization": f"Bearer {issuer.token(scope)}"}
                answer = await http.get(f"{source.url}/events/seal", headers=headers)
                assert answer.status_code == status, scope
                assert ("key" in answer.json()) == (status == 200)
            assert (await http.get(f"{source.url}/events/seal")).status_code == 401
            feed = FeedClient(http, source.url, issuer.token("events:read"), jars.REGISTRY)
            own = await OwnSeal(source.runtime.pool).known()
            async with PostgresStore("kpi", other.dsn, jars.REGISTRY) as store:
                assert await SourceSeal(store.pool, "jars", feed).known() == own
                assert await store.pool.fetchval("SELECT key FROM bus.seals WHERE source = 'jars'") == own.key
        async with httpx2.AsyncClient() as http, PostgresStore("kpi", other.dsn, jars.REGISTRY) as store:
            gone = FeedClient(http, source.url, "token", jars.REGISTRY)
            assert await SourceSeal(store.pool, "jars", gone).known() == own


async def _is_away(intake: Intake) -> bool:
    return intake.trouble is not None
