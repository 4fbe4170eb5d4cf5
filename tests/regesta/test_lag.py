"""How far behind something is: in events, and by the age of the oldest that is still to come; what is skipped is counted."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace

import asyncpg
import pytest

from regesta.lag import Lag, lags
from regesta.rebuild import ask
from regesta.rebuilder import Rebuilder
from regesta.store import PostgresStore
from tests.conftest import Database, FreshDatabase
from tests.regesta import jars
from tests.regesta.conftest import OpenStore
from tests.regesta.jars import PROJECTION
from tests.regesta.levels import POISONED, fill, followed, record
from tests.regesta.serving import Issuer, Served, client, served, settings_of, taking_in, until

NOWHERE = "http://127.0.0.1:9"
SET_AGES = "UPDATE log.events SET time = clock_timestamp() - make_interval(secs => 1000 - position * 100)"


@pytest.fixture
async def database(reused_database: FreshDatabase) -> Database:
    return await reused_database("jars")


@pytest.fixture
async def store(database: Database, open_store: OpenStore) -> PostgresStore:
    return await open_store(database)


async def only(store: PostgresStore) -> Lag:
    (found,) = await lags(store.pool, "jars")
    return found


async def aged(database: Database) -> None:
    """Make each event 100 s younger than the one before, the first 900 s old."""
    admin = await asyncpg.connect(database.admin_dsn)
    await admin.execute(SET_AGES)
    await admin.close()


async def test_the_oldest_event_to_come_tells_the_age(store: PostgresStore, database: Database) -> None:
    follower = await followed(store)
    await fill(store, "a", 1, 2, 3)
    await aged(database)
    before = await only(store)
    assert (before.position, before.head, before.events, int(before.seconds)) == (0, 3, 3, 900)
    await store.pool.execute("UPDATE projections.checkpoints SET position = 2")
    assert ((await only(store)).events, int((await only(store)).seconds)) == (1, 700)
    await store.pool.execute("UPDATE projections.checkpoints SET position = 0")
    await follower.catch_up()
    assert ((await only(store)).events, (await only(store)).seconds) == (0, 0.0)


async def test_an_empty_log_has_no_lag(store: PostgresStore) -> None:
    await followed(store)
    assert await only(store) == Lag("levels", "jars", 1, 0, 0, 0, 0, None, 0.0)


async def test_an_event_from_the_future_has_no_negative_age(store: PostgresStore, database: Database) -> None:
    await followed(store)
    await fill(store, "a", 1)
    admin = await asyncpg.connect(database.admin_dsn)
    await admin.execute("UPDATE log.events SET time = clock_timestamp() + interval '1 hour'")
    await admin.close()
    assert ((await only(store)).events, (await only(store)).seconds) == (1, 0.0)


async def test_unknown_types_are_counted_once_and_said_once_each(
    store: PostgresStore, caplog: pytest.LogCaptureFixture
) -> None:
    follower = await followed(store, POISONED)
    for kind in ("mystery.v1", "mystery.v1", "riddle.v2", jars.JarFilled.name):
        await record(store, "a", kind, '{"ref":"r","amount":1}')
        await follower.catch_up()
    await fill(store, "b", 13)  # parked, by folding halves of the batch that has two more of them
    await record(store, "c", "mystery.v1", "{}")
    await record(store, "c", "riddle.v2", "{}")
    await follower.catch_up()
    assert ((await only(store)).unknown, (await only(store)).parked) == (5, 1)
    said = [each.getMessage() for each in caplog.records if "not known" in each.getMessage()]
    assert said == [
        f"projections of jars: events of type {kind!r} are not known to this release and are left out, such as {event}"
        for kind, event in (("mystery.v1", "jars:1"), ("riddle.v2", "jars:3"))
    ]
    assert all(each.levelno == logging.WARNING for each in caplog.records if "not known" in each.getMessage())


async def test_a_rebuild_counts_them_anew(store: PostgresStore) -> None:
    follower = await followed(store)
    await record(store, "a", "mystery.v1", "{}")
    await fill(store, "a", 1)
    await follower.catch_up()
    asked = await ask(store.pool, PROJECTION, "operator", accept=False)
    working = asyncio.create_task(Rebuilder(store, store.pool, [PROJECTION]).run())
    live = "SELECT live FROM projections.checkpoints WHERE schema = $1"
    try:
        await until(lambda: store.pool.fetchval(live, asked.build))
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
    assert (await only(store)).unknown == 1


async def test_replicas_tell_how_far_their_sources_are(
    reused_database: FreshDatabase, jars_service: Served, issuer: Issuer
) -> None:
    follower = replace(
        taking_in(*jars.EVENTS, source="jars"),
        name="kpi", projections=(), reactions=(), routers=(), aggregates=(), rules=(), routes=(),
    )  # fmt: skip
    settings = settings_of(await reused_database("kpi"), issuer, {"jars": jars_service.url.removesuffix("/jars/v1")})
    head = (await jars_service.runtime.store.head("jars")).position
    async with served(follower, settings, issuer, worker=False) as here, client(here, **reading(issuer)) as user:
        (replica,) = (await user.get("/replicas")).json()
        assert replica.pop("lag_seconds") > 0
        assert replica == {"source": "jars", "position": 0, "head": head, "lag": head, "trouble": None}
        (intake,) = here.runtime.intakes
        await intake.step(0)
        (replica,) = (await user.get("/replicas")).json()
        assert replica == {
            "source": "jars", "position": head, "head": head, "lag": 0, "lag_seconds": 0.0, "trouble": None,
        }  # fmt: skip


async def test_a_source_that_is_away_is_not_known_to_be_near(reused_database: FreshDatabase, issuer: Issuer) -> None:
    service = replace(taking_in(), sources={"shelves": ()})
    settings = settings_of(await reused_database("jars"), issuer, {"shelves": NOWHERE})
    async with served(service, settings, issuer) as here, client(here) as user:
        (replica,) = (await user.get("/replicas")).json()
    assert (replica["position"], replica["head"], replica["lag"], replica["lag_seconds"]) == (0, None, None, None)
    assert replica["trouble"].startswith("SourceUnreachable: ")


def reading(issuer: Issuer) -> dict[str, str]:
    """Return the header of one who reads what kpi shows."""
    return {"Authorization": f"Bearer {issuer.token('kpi:read events:read')}"}
