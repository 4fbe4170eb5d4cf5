"""A read model is rebuilt beside the live one, compared with it and swapped for it; readers and appends never notice."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from itertools import count

import asyncpg
import pytest

from regesta import rebuild as rebuilds
from regesta import rebuilder as rebuilding
from regesta.checkpoint import Overtaken, enter, read_all
from regesta.database import Connection as Db
from regesta.event import Recorded
from regesta.follower import Follower
from regesta.projection import Fact, Projection
from regesta.rebuild import Rebuild
from regesta.rebuilder import NotLevel, Rebuilder
from regesta.store import PostgresStore
from regesta.testing import MemoryStore
from regesta.unit import READ_BYTES
from tests.conftest import Database, FreshDatabase
from tests.regesta.conftest import OpenStore
from tests.regesta.jars import PROJECTION, REGISTRY, JarFilled, project_levels
from tests.regesta.levels import POISONED, fill, followed, positions, record, rows

BUILDS = "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'levels\\_v1%' AND nspname = ANY ($1::text[]) ORDER BY 1"


@pytest.fixture
async def database(reused_database: FreshDatabase) -> Database:
    return await reused_database("jars")


@pytest.fixture
async def store(database: Database, open_store: OpenStore) -> PostgresStore:
    return await open_store(database)


def rebuilder(store: PostgresStore, projection: Projection = PROJECTION) -> Rebuilder:
    return Rebuilder(store, store.pool, [projection])


async def asked(store: PostgresStore, *, accept: bool = False) -> Rebuild:
    return await rebuilds.ask(store.pool, PROJECTION, "operator", accept=accept)


async def now(store: PostgresStore) -> Rebuild:
    (found,) = await rebuilds.newest(store.pool)
    return found


async def live_schema(store: PostgresStore) -> str:
    (live,) = await read_all(store.pool)
    return live.schema


@asynccontextmanager
async def following(follower: Follower) -> AsyncIterator[None]:
    task = asyncio.create_task(follower.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_the_new_build_has_the_same_rows_and_the_old_one_goes(store: PostgresStore) -> None:
    for n in range(9):
        await fill(store, f"j{n % 2}", n + 1)
    follower = await followed(store)
    await follower.catch_up()
    before = await rows(store)
    first, second = [await asked(store), await asked(store)]
    assert first.number == second.number
    assert (first.position, first.wanted) == (0, 9)
    await rebuilder(store).step()
    done = await now(store)
    assert (done.state, done.position, done.compared_at, done.differences) == ("done", 9, 9, [])
    assert (await live_schema(store), done.old_build) == (first.build, "levels_v1")
    assert await rows(store) == before
    assert await store.pool.fetchval("SELECT count(*) FROM levels_v1.levels") == 0
    await fill(store, "j0", 1)
    with suppress(Overtaken):
        await follower.catch_up()
    await follower.open()
    await follower.catch_up()
    assert len(await rows(store)) == 10

    again = await asked(store)
    await rebuilder(store).step()
    assert await live_schema(store) == again.build
    assert [row[0] for row in await store.pool.fetch(BUILDS, [first.build, again.build])] == [again.build]


async def test_a_planted_difference_is_reported_and_not_swapped_in(store: PostgresStore) -> None:
    await fill(store, "a", 5, 6)
    await fill(store, "b", 7)
    await (await followed(store)).catch_up()
    await store.pool.execute("UPDATE levels_v1.levels SET amount = 8 WHERE jar = 'jar/b'")
    await store.pool.execute("INSERT INTO levels_v1.levels VALUES ('jar/c', 1, '', 2, NULL)")
    before = await rows(store)
    first = await asked(store)
    await rebuilder(store).step()
    found = await now(store)
    assert found.state == "differs"
    (difference,) = found.differences
    assert (difference.table, difference.rows, difference.new_rows, difference.differing) == ("levels", 4, 3, 2)
    assert difference.keys == [{"jar": "jar/b", "from_position": 3}, {"jar": "jar/c", "from_position": 2}]
    assert (await rows(store), await live_schema(store)) == (before, "levels_v1")

    second = await asked(store)  # as nothing was accepted, it begins anew
    assert second.number != first.number
    assert [row[0] for row in await store.pool.fetch(BUILDS, [first.build, second.build])] == [second.build]
    await rebuilder(store).step()
    assert (await now(store)).state == "differs"
    accepted = await asked(store, accept=True)
    assert (accepted.number, accepted.state, accepted.position) == (second.number, "filling", 3)
    await rebuilder(store).step()
    done = await now(store)
    assert (done.state, len(done.differences)) == ("done", 1)
    assert [(row[0], row[1]) for row in await rows(store)] == [("jar/a", 5), ("jar/a", 11), ("jar/b", 7)]


async def test_streams_parked_alike_are_no_difference(store: PostgresStore) -> None:
    await fill(store, "a", 5, 13, 1)
    await fill(store, "b", 7)
    follower = await followed(store, POISONED)
    await follower.catch_up()
    before = await rows(store)
    await asked(store)
    await rebuilder(store, POISONED).step()
    assert (await now(store)).state == "done"
    assert (await rows(store), len(before)) == (before, 2)
    (live,) = await read_all(store.pool)
    assert live.parked == 1
    assert await store.pool.fetchval("SELECT count(*) FROM projections.parked") == 1

    await asked(store)
    await rebuilder(store).step()  # the fault is mended
    found = await now(store)
    assert [each.table for each in found.differences] == ["projections.parked", "levels"]
    assert found.differences[0].keys == [{"stream": "jar/a"}]


async def test_it_goes_on_where_another_process_was_killed(
    store: PostgresStore, database: Database, open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuilding, "BATCH_EVENTS", 10)
    for n in range(6):
        await fill(store, f"j{n}", *range(1, 11))
    await (await followed(store)).catch_up()
    folded: list[int] = []
    stuck = asyncio.Event()

    async def project(db: Db, facts: Sequence[Fact]) -> None:
        if facts[0][0].position == 31:
            stuck.set()
            await asyncio.Event().wait()
        folded.extend(recorded.position for recorded, _ in facts)
        await project_levels(db, facts)

    await asked(store)
    doomed_store = await open_store(database)
    doomed = asyncio.create_task(rebuilder(doomed_store, replace(PROJECTION, project=project)).step())
    await stuck.wait()
    await rebuilder(store).step()  # it is being worked on
    assert (await now(store)).position == 30
    doomed.cancel()
    with suppress(asyncio.CancelledError):
        await doomed
    again: list[int] = []

    async def noting(db: Db, facts: Sequence[Fact]) -> None:
        again.extend(recorded.position for recorded, _ in facts)
        await project_levels(db, facts)

    await rebuilder(store, replace(PROJECTION, project=noting)).step()
    assert (folded, again) == ([*range(1, 31)], [*range(31, 61)])
    assert (await now(store)).state == "done"


async def test_large_events_do_not_end_a_rebuild_before_it_is_level(store: PostgresStore) -> None:
    large = json.dumps({"ref": "x" * (READ_BYTES // 2), "amount": 1})
    for _ in range(10):  # a read gives two of them
        await record(store, "a", JarFilled.name, large)
    await (await followed(store)).catch_up()
    before = await rows(store)
    first = await asked(store)
    await rebuilder(store).step()
    done = await now(store)
    assert (done.state, done.position, done.compared_at) == ("done", 10, 10)
    assert (await live_schema(store), await rows(store)) == (first.build, before)


async def test_a_build_that_stands_elsewhere_is_not_swapped_in(store: PostgresStore) -> None:
    await fill(store, "a", *range(1, 6))
    await (await followed(store)).catch_up()
    await asked(store)
    before = await rows(store)

    class Short(MemoryStore):
        async def read(self, source: str, after: int, limit: int) -> list[Recorded]:
            return (await store.read(source, after, limit))[: max(0, 3 - after)]

    with pytest.raises(NotLevel, match="stands at 3, and levels_v1 at 5"):
        await Rebuilder(Short("jars", REGISTRY), store.pool, [PROJECTION]).step()
    assert (await now(store)).state == "filling"
    assert (await live_schema(store), await rows(store)) == ("levels_v1", before)


async def test_readers_and_appends_never_notice(
    store: PostgresStore, database: Database, open_store: OpenStore
) -> None:
    readers = (await open_store(database)).pool
    stopping = asyncio.Event()
    reads = count()

    async def append(jar: str) -> None:
        while not stopping.is_set():
            await fill(store, jar, 1)

    async def read() -> None:
        async with readers.acquire() as db:
            while not stopping.is_set():
                async with db.transaction(isolation="repeatable_read", readonly=True):
                    (live,) = (await enter(db, [PROJECTION])).values()
                    first = await db.fetchval("SELECT coalesce(max(from_position), 0) FROM levels")
                    await asyncio.sleep(0)
                    total = await db.fetchval("SELECT coalesce(sum(amount), 0) FROM levels WHERE to_position IS NULL")
                    # Every event here is a fill of one coin, so that a mixed or half-filled build shows.
                    assert (first, total) == (live.position, live.position)
                next(reads)

    follower = await followed(store)
    async with following(follower):
        tasks = [asyncio.create_task(append(f"a{n}")) for n in range(3)]
        tasks += [asyncio.create_task(read()) for _ in range(3)]
        work = rebuilder(store)
        for _ in range(4):
            await asked(store)
            while (await now(store)).state not in {"swapped", "done"}:
                await work.step()
        stopping.set()
        await asyncio.gather(*tasks)
        head = (await store.head("jars")).position
        assert await follower.reach(head, 10)
    assert await positions(store) == {"levels": head}
    assert next(reads) > 50
    assert head > 50


async def test_the_old_build_stays_for_older_transactions(store: PostgresStore) -> None:
    await fill(store, "a", 5)
    await (await followed(store)).catch_up()
    work = rebuilder(store)
    async with store.pool.acquire() as db:
        async with db.transaction(isolation="repeatable_read", readonly=True):
            await enter(db, [PROJECTION])
            await asked(store)
            await work.step()
            await work.step()
            assert (await now(store)).state == "swapped"
            assert await db.fetchval("SELECT amount FROM levels") == 5
        await work.step()
    assert (await now(store)).state == "done"


async def test_the_runtime_makes_and_drops_builds_only(store: PostgresStore) -> None:
    await (await followed(store)).open()
    for statement, refusal in (
        ("SELECT projections.make_build('log', 1)", asyncpg.InvalidSchemaNameError),
        ("SELECT projections.drop_build('log')", asyncpg.InvalidSchemaNameError),
        ("SELECT projections.drop_build('levels_v1')", asyncpg.ObjectInUseError),
        ("CREATE TABLE levels_v1.more ()", asyncpg.InsufficientPrivilegeError),
        ("TRUNCATE levels_v1.levels", asyncpg.InsufficientPrivilegeError),
    ):
        with pytest.raises(refusal):
            await store.pool.execute(statement)
