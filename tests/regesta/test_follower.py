"""A batch and its checkpoint are one transaction; any batching gives the same rows; a poison event parks its stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from regesta import follower as following
from regesta.checkpoint import enter
from regesta.database import Connection as Db
from regesta.errors import Misconfigured
from regesta.event import FactWithdrawn
from regesta.periods import as_of
from regesta.projection import Fact, Projection
from regesta.store import PostgresStore
from tests.conftest import Database, FreshDatabase
from tests.regesta.conftest import OpenStore
from tests.regesta.jars import MOVES, PROJECTION, JarFilled, JarLabelled, project_levels
from tests.regesta.levels import emptied, fill, followed, poisoned, positions, record, rows

SECOND_VERSION = """
CREATE SCHEMA levels_v2;
CREATE TABLE levels_v2.levels (LIKE levels_v1.levels INCLUDING ALL);
GRANT USAGE ON SCHEMA levels_v2 TO jars;
GRANT SELECT, INSERT, UPDATE, DELETE ON levels_v2.levels TO jars;
"""


@pytest.fixture
async def database(reused_database: FreshDatabase) -> Database:
    return await reused_database("jars")


@pytest.fixture
async def store(database: Database, open_store: OpenStore) -> PostgresStore:
    return await open_store(database)


@pytest.fixture
async def second_version(database: Database) -> AsyncIterator[Projection]:
    """Return a second version of the read model, in which every fill is of 10; its migration is applied."""

    async def project(db: Db, facts: Sequence[Fact]) -> None:
        await project_levels(db, [(r, e.model_copy(update={"amount": 10})) for r, e in facts])

    owner = await asyncpg.connect(database.owner_dsn)
    await owner.execute(SECOND_VERSION)
    yield replace(PROJECTION, version=2, project=project)
    await owner.execute("DROP SCHEMA levels_v2 CASCADE")
    await owner.close()


async def test_folds_a_batch_with_its_checkpoint(store: PostgresStore) -> None:
    follower = await followed(store)
    await fill(store, "a", 5)
    await fill(store, "b", 7)
    await fill(store, "a", 1)
    await follower.catch_up()
    assert await rows(store) == [("jar/a", 5, "", 1, 3), ("jar/a", 6, "", 3, None), ("jar/b", 7, "", 2, None)]
    assert await positions(store) == {"levels": 3}
    assert follower.position == 3


async def test_a_fault_after_the_rows_leaves_neither_rows_nor_checkpoint(store: PostgresStore) -> None:
    async def project(db: Db, facts: Sequence[Fact]) -> None:
        await project_levels(db, facts)
        raise ConnectionResetError("the process dies here")

    await fill(store, "a", 5)
    follower = await followed(store, replace(PROJECTION, project=project))
    with pytest.raises(ConnectionResetError):
        await follower.catch_up()
    assert await rows(store) == []
    assert await positions(store) == {"levels": 0}
    await (await followed(store)).catch_up()
    assert await rows(store) == [("jar/a", 5, "", 1, None)]


@pytest.mark.parametrize("fault", ["python", "sql", "contract"])
async def test_a_poison_event_parks_its_stream_in_its_read_model_only(store: PostgresStore, fault: str) -> None:
    def failing() -> None:
        if fault == "python":
            raise ZeroDivisionError("a fault of ours")

    async def project(db: Db, facts: Sequence[Fact]) -> None:
        for _, event in facts:
            if isinstance(event, JarFilled) and event.amount == 13:
                await (db.execute("SELECT 1 / 0") if fault == "sql" else asyncio.sleep(0))
                failing()
        await project_levels(db, facts)

    async def count(_db: Db, facts: Sequence[Fact]) -> None:
        counted.extend(recorded.position for recorded, _ in facts)

    counted: list[int] = []
    good = Projection("good", "jars", 1, (JarLabelled,), (), count)
    for amount in range(10, 13):
        await fill(store, "a", amount)
    data = '{"ref":"r"}' if fault == "contract" else '{"ref":"r","amount":13}'
    poison = await record(store, "a", JarFilled.name, data)
    await fill(store, "b", 1)
    await fill(store, "a", 2)
    label = await record(store, "b", JarLabelled.name, '{"label":"x"}')
    follower = await followed(store, replace(PROJECTION, project=project), good)
    await follower.catch_up()
    assert await positions(store) == {"good": label, "levels": label}
    assert follower.parked == {"levels": 1}
    assert [(row[0], row[1]) for row in await rows(store)] == [
        ("jar/a", 10), ("jar/a", 21), ("jar/a", 33), ("jar/b", 1), ("jar/b", 1),
    ]  # fmt: skip
    assert set(counted) == {label}  # what is folded together is taken back together, then folded one by one
    (parked,) = await store.pool.fetch("SELECT stream, version, position, error FROM projections.parked")
    error = {"python": "ZeroDivisionError", "sql": "DivisionByZeroError", "contract": "ValidationError"}[fault]
    assert tuple(parked)[:3] == ("jar/a", 4, poison)
    assert parked["error"].startswith(error)


@pytest.mark.parametrize("lost", [ConnectionResetError, asyncpg.InterfaceError, asyncpg.InternalClientError])
async def test_a_lost_connection_is_no_poison(
    store: PostgresStore, lost: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "RETRY_SECONDS", 0.02)
    faults = [lost("the connection is closed")]

    def fault() -> None:
        if faults:
            raise faults.pop()

    await fill(store, "a", 13)
    follower = await followed(store, poisoned(fault))
    run = asyncio.create_task(follower.run())
    assert await follower.reach(1, 3)
    run.cancel()
    assert not follower.parked
    assert len(await rows(store)) == 1


async def test_two_followers_of_one_database_fold_each_event_once(store: PostgresStore) -> None:
    followers = [await followed(store), await followed(store)]
    runs = [asyncio.create_task(follower.run()) for follower in followers]
    for n in range(60):
        await fill(store, f"j{n % 7}", 1)
        await asyncio.sleep(0.002 * (n % 3))
    assert all([await follower.reach(60, 5) for follower in followers])
    for run in runs:
        run.cancel()
    assert [follower.parked for follower in followers] == [{}, {}]
    assert sum(1 for _ in await rows(store)) == 60
    assert await store.pool.fetchval("SELECT sum(amount) FROM levels_v1.levels WHERE to_position IS NULL") == 60


async def test_a_new_version_is_filled_beside_the_one_of_an_older_process(
    store: PostgresStore, second_version: Projection
) -> None:
    older = await followed(store)
    await fill(store, "a", 5)
    await older.catch_up()
    newer = await followed(store, second_version)
    assert (newer.position, newer.built_to) == (0, {"levels": 1})
    await fill(store, "a", 6)
    await older.catch_up()
    assert await rows(store) == [("jar/a", 5, "", 1, 2), ("jar/a", 11, "", 2, None)]
    await newer.catch_up()
    assert (older.position, newer.position) == (2, 2)
    amounts = await store.pool.fetch("SELECT amount FROM levels_v2.levels ORDER BY 1")
    assert [row["amount"] for row in amounts] == [10, 20]

    again = await followed(store)  # the older release starts once more
    await fill(store, "a", 1)
    await again.catch_up()
    assert await store.pool.fetchval("SELECT count(*) FROM levels_v2.levels") == 2
    assert [row[1] for row in await rows(store)] == [5, 11, 12]


async def test_a_version_without_its_migration_does_not_start(store: PostgresStore) -> None:
    with pytest.raises(Misconfigured, match="levels_v3"):
        await followed(store, replace(PROJECTION, version=3))


async def test_one_that_lags_does_not_hold_up_those_in_front(
    store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "BATCH_EVENTS", 2)
    turns: list[tuple[str, int]] = []

    def noting(name: str) -> Projection:
        async def note(_db: Db, facts: Sequence[Fact]) -> None:
            turns.append((name, facts[-1][0].position))

        return Projection(name, "jars", 1, (JarFilled,), (), note)

    for _ in range(6):
        await fill(store, "a", 1)
    await (await followed(store, noting("front"))).catch_up()
    turns.clear()
    await fill(store, "a", 1)
    await (await followed(store, noting("front"), noting("late"))).catch_up()
    assert turns == [("front", 7), ("late", 2), ("late", 4), ("late", 6), ("late", 7)]


async def test_all_anew_gives_the_same_rows(store: PostgresStore) -> None:
    follower = await followed(store)
    for n in range(9):
        await fill(store, f"j{n % 2}", n + 1)
    await follower.catch_up()
    before = await rows(store)
    await emptied(follower, store)
    assert (follower.position, await rows(store)) == (0, [])
    await follower.catch_up()
    assert await rows(store) == before


async def test_reach_waits_also_in_a_process_that_does_not_fold(store: PostgresStore) -> None:
    worker, reader = await followed(store), await followed(store)
    await fill(store, "a", 5)
    assert not await reader.reach(1, 0.05)
    waiting = asyncio.create_task(reader.reach(1, 5))
    await worker.catch_up()
    assert await asyncio.wait_for(waiting, 1)
    assert await worker.reach(1, 0)


async def test_a_projection_that_lags_goes_by_itself(store: PostgresStore) -> None:
    seen: dict[str, list[int]] = {"early": [], "late": []}

    def counting(name: str) -> Projection:
        async def count(_db: Db, facts: Sequence[Fact]) -> None:
            seen[name] += [recorded.position for recorded, _ in facts]

        return Projection(name, "jars", 1, (JarFilled,), (), count)

    for _ in range(3):
        await fill(store, "a", 1)
    await (await followed(store, counting("early"))).catch_up()
    await fill(store, "a", 1)
    follower = await followed(store, counting("early"), counting("late"))
    assert follower.position == 0
    await follower.catch_up()
    assert seen == {"early": [1, 2, 3, 4], "late": [1, 2, 3, 4]}


async def test_an_unknown_event_type_is_kept_and_skipped(store: PostgresStore) -> None:
    await fill(store, "a", 1)
    await record(store, "a", "jar-painted.v7", '{"colour":"green"}')
    await fill(store, "a", 2)
    follower = await followed(store)
    await follower.catch_up()
    assert follower.position == 3
    assert [(row[1], row[3]) for row in await rows(store)] == [(1, 1), (3, 3)]
    (kept,) = await store.read("jars", 1, 1)
    assert (kept.type, kept.raw, kept.event) == ("jar-painted.v7", '{"colour":"green"}', None)


STEP = st.tuples(st.sampled_from("abc"), st.sampled_from(["fill", "pour", "label", "withdraw"]), st.integers(1, 9))


async def _history(store: PostgresStore, steps: list[tuple[str, str, int]]) -> None:
    labels: dict[str, list[int]] = {}
    for jar, what, amount in steps:
        if what == "label":
            labels.setdefault(jar, []).append(await record(store, jar, JarLabelled.name, '{"label":"x"}'))
        elif what == "withdraw" and labels.get(jar):
            event = f"jars:{labels[jar].pop(amount % len(labels[jar]))}"
            await record(store, jar, FactWithdrawn.name, f'{{"event":"{event}","reason":"wrong"}}')
        elif what == "pour":
            await record(store, jar, "jar-poured.v1", f'{{"into":"z","amount":{amount}}}')
        else:
            await fill(store, jar, amount)


async def test_any_batching_gives_the_same_rows(store: PostgresStore, monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()

    async def check(steps: list[tuple[str, str, int]], batch: int) -> None:
        begin = (await store.head("jars")).position
        await _history(store, steps)
        follower = await followed(store)
        await emptied(follower, store)
        monkeypatch.setattr(following, "BATCH_EVENTS", 10_000)
        await follower.catch_up()
        whole = await rows(store)
        await emptied(follower, store)
        monkeypatch.setattr(following, "BATCH_EVENTS", batch)
        await follower.catch_up()
        assert await rows(store) == whole
        for cut in (begin, begin + len(steps) // 2):
            past = (
                f"SELECT jar, amount, labels FROM levels_v1.levels AS level WHERE {as_of('level', '$1')} ORDER BY jar"
            )
            then = [tuple(row) for row in await store.pool.fetch(past, cut)]
            assert then == await folded_up_to(cut)

    async def folded_up_to(cut: int) -> list[tuple[object, ...]]:
        """Return what a fresh read model that was given only the events up to the cut holds."""
        events = await store.read("jars", 0, cut) if cut else []
        facts = [(each, event) for each in events if (event := each.event) is not None and isinstance(event, MOVES)]
        async with store.pool.acquire() as db:
            transaction = db.transaction()
            await transaction.start()
            await enter(db, [PROJECTION])
            await db.execute("DELETE FROM levels")
            if facts:
                await project_levels(db, facts)
            found = await db.fetch("SELECT jar, amount, labels FROM levels WHERE to_position IS NULL ORDER BY jar")
            await transaction.rollback()
        return [tuple(row) for row in found]

    @settings(max_examples=10, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(STEP, min_size=1, max_size=12), st.integers(1, 5))
    def examples(steps: list[tuple[str, str, int]], batch: int) -> None:
        asyncio.run_coroutine_threadsafe(check(steps, batch), loop).result(30)

    await asyncio.to_thread(examples)
