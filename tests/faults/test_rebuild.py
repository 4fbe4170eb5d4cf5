"""A rebuild that is killed goes on in the next process where it was, while events arrive."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import asyncpg
import pytest

from regesta import rebuild as rebuilds
from regesta.database import Connection
from regesta.follower import Follower
from regesta.store import PostgresStore
from tests.conftest import Database, FreshDatabase
from tests.regesta import jars
from tests.regesta.levels import fill
from tests.regesta.serving import ISSUER, migrated

EVENTS = 100_000
# Issue 4: while 500 events a second arrive.
AT_ONCE, PAUSE_SECONDS = 25, 0.05
FILL = """
INSERT INTO log.events
SELECT n, 'jar/' || (n - 1) % 1000, (n - 1) / 1000 + 1, 'jar-filled.v1', now(), gen_random_uuid(), '{"actor":"officer"}',
       '{"ref":"r","amount":1}'
FROM generate_series(1, $1::integer) AS n
"""


@pytest.fixture
async def database(fresh_database: FreshDatabase) -> Database:
    return await migrated(await fresh_database("jars"))


@pytest.fixture
async def admin(database: Database) -> AsyncIterator[Connection]:
    """Return a connection that may write a log without its functions: quickly."""
    connection = await asyncpg.connect(database.admin_dsn)
    yield connection
    await connection.close()


async def rebuilding(database: Database, folder: Path) -> Process:
    """Start `python -m services.<name> rebuild` of jars."""
    environment = {"REGESTA_DATABASE_URL": database.dsn, "REGESTA_ISSUER": ISSUER, "REGESTA_JWKS": str(folder / "none")}
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.faults.service", "rebuild", "--projection", "levels",
        env=os.environ | environment, stdout=PIPE, stderr=DEVNULL,
    )  # fmt: skip


async def filled_to(store: PostgresStore, position: int) -> int:
    """Return the position of the new build, once it is past one."""
    async with asyncio.timeout(60):
        while True:
            found = await rebuilds.newest(store.pool)
            if found and found[0].position > position:
                return found[0].position
            await asyncio.sleep(0.02)  # nobody announces it


async def test_a_killed_rebuild_goes_on_in_the_next_process(
    database: Database, admin: Connection, tmp_path: Path
) -> None:
    await admin.execute(FILL, EVENTS)
    async with PostgresStore("jars", database.dsn, jars.REGISTRY) as store:
        follower = Follower(store, store.pool, "jars", [jars.PROJECTION])
        await follower.open()
        await follower.catch_up()
        tasks = [asyncio.create_task(follower.run()), asyncio.create_task(arriving(store))]
        first = await rebuilding(database, tmp_path)
        await filled_to(store, 0)
        first.kill()
        await first.wait()
        (killed,) = await rebuilds.newest(store.pool)
        assert 0 < killed.position < EVENTS

        second = await rebuilding(database, tmp_path)
        printed, _ = await asyncio.wait_for(second.communicate(), 120)
        told = json.loads(printed)
        assert (second.returncode, told["number"], told["differences"]) == (0, killed.number, [])
        assert told["state"] in {"swapped", "done"}
        assert told["compared_at"] >= EVENTS
        tasks[1].cancel()
        head = (await store.head("jars")).position
        assert await follower.reach(head, 20)
        tasks[0].cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task
        live = await store.pool.fetchval(
            "SELECT schema FROM projections.checkpoints WHERE projection = 'levels' AND live"
        )
        assert live == told["build"]
        assert await store.pool.fetchval(f"SELECT sum(amount) FROM {live}.levels WHERE to_position IS NULL") == head


async def arriving(store: PostgresStore) -> None:
    """Record fills of one coin until cancelled, many at once."""
    while True:
        await fill(store, "arriving", *[1] * AT_ONCE)
        await asyncio.sleep(PAUSE_SECONDS)
