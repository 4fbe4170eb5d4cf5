"""A caller's key is forgotten after 30 days, an import's and a reaction's never, and only a piece at a time is looked at."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from regesta import keys
from regesta.keys import forget
from regesta.store import PostgresStore
from regesta.suites import new_event, new_key, new_unit
from regesta.unit import Appended, KeyKnown
from tests.conftest import Database, FreshDatabase
from tests.regesta.conftest import OpenStore
from tests.regesta.jars import SERVICE
from tests.regesta.serving import Issuer, served, settings_of, until

ADD = """
INSERT INTO log.keys SELECT $1, n::text, '', gen_random_uuid(), 1, 0, 0, now() - make_interval(days => $2) FROM generate_series(1, $3::integer) AS n
"""
COUNT = "SELECT subject, count(*) FROM log.keys GROUP BY subject ORDER BY subject"


@pytest.fixture
async def database(reused_database: FreshDatabase) -> Database:
    return await reused_database("jars")


@pytest.fixture
async def store(database: Database, open_store: OpenStore) -> PostgresStore:
    return await open_store(database)


@pytest.fixture
async def admin(database: Database) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """Return a connection that may write keys of another time, on a table without room inside."""
    connection = await asyncpg.connect(database.admin_dsn)
    await connection.execute("VACUUM FULL log.keys")
    yield connection
    await connection.close()


async def add(admin: asyncpg.Connection[asyncpg.Record], subject: str, days: int, count: int = 1) -> None:
    await admin.execute(ADD, subject, days, count)


async def counts(admin: asyncpg.Connection[asyncpg.Record]) -> dict[str, int]:
    return {row["subject"]: row["count"] for row in await admin.fetch(COUNT)}


async def test_old_keys_of_callers_are_forgotten(
    store: PostgresStore, admin: asyncpg.Connection[asyncpg.Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "BLOCKS", 2)
    monkeypatch.setattr(keys, "PAUSE_SECONDS", 0.0)
    for subject, days in (
        ("officer", 31),
        ("import:note", 400),
        ("reaction:stick:jars", 400),
        ("late", 29),
        ("importer", 31),
    ):
        await add(admin, subject, days, 1_000)
    await forget(store.pool)
    assert await counts(admin) == {"import:note": 1_000, "late": 1_000, "reaction:stick:jars": 1_000}


async def test_a_piece_is_of_some_blocks_only(store: PostgresStore, admin: asyncpg.Connection[asyncpg.Record]) -> None:
    await add(admin, "officer", 31, 1_000)
    in_first = await admin.fetchval("SELECT count(*) FROM log.keys WHERE ctid < '(1,0)'")
    assert 0 < in_first < 500
    assert await store.pool.fetchval(keys.FORGET, 0, 1) == 1
    assert await counts(admin) == {"officer": 1_000 - in_first}
    assert await store.pool.fetchval(keys.FORGET, 1, 10_000) is None
    assert await counts(admin) == {}


async def test_a_forgotten_key_may_be_used_again(
    store: PostgresStore, admin: asyncpg.Connection[asyncpg.Record]
) -> None:
    await store.append(new_unit(new_event("a/1", 1), keys=[new_key("k")]))
    again = new_unit(new_event("a/1", 2), keys=[new_key("k")])
    assert await store.append(again) == KeyKnown()
    await forget(store.pool)
    assert await store.append(again) == KeyKnown()
    await admin.execute("UPDATE log.keys SET time = time - interval '31 days'")
    await forget(store.pool)
    assert await store.append(again) == Appended(2, 2)
    assert (await store.keys([("officer", "k")]))["officer", "k"].token == 2


async def test_a_running_service_forgets_by_itself(
    database: Database, admin: asyncpg.Connection[asyncpg.Record], issuer: Issuer
) -> None:
    await add(admin, "officer", 31, 10)

    async def forgotten() -> bool:
        return "officer" not in await counts(admin)

    async with served(SERVICE, settings_of(database, issuer), issuer):
        await until(forgotten)
