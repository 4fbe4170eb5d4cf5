"""A parked stream waits in order, alone; when it is retried or its event dropped, the rows are as if it had never been parked."""

from __future__ import annotations

import asyncio
import json
import tracemalloc
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from regesta import follower as following
from regesta import parked as mending
from regesta import rebuild as rebuilds
from regesta.database import Connection as Db
from regesta.errors import NotFound
from regesta.parked import ParkedStreams
from regesta.projection import Fact, Projection
from regesta.rebuilder import Rebuilder
from regesta.store import PostgresStore
from regesta.unit import READ_BYTES
from tests.conftest import Database, FreshDatabase
from tests.regesta.conftest import OpenStore
from tests.regesta.jars import PROJECTION, JarFilled, project_levels
from tests.regesta.levels import POISONED, emptied, fill, followed, positions, record_all, rows

QUEUE = 50_000
# Of one piece and what reading it takes; all at once would be some forty megabytes.
MOST_BYTES = 8_000_000
MANY_STREAMS = 10_000
FILL_MANY = """
INSERT INTO log.events
SELECT n, 'jar/' || n, 1, 'jar-filled.v1', now(), gen_random_uuid(), '{"actor":"officer"}',
       format('{"ref":"r","amount":%s}', CASE n WHEN 7 THEN 13 ELSE 1 END)::json
FROM generate_series(1, $1::integer) AS n
"""
FILL_ONE = """
INSERT INTO log.events
SELECT n, 'jar/a', n, 'jar-filled.v1', now(), gen_random_uuid(), '{"actor":"officer"}',
       format('{"ref":"r","amount":%s}', CASE n WHEN 1 THEN 13 ELSE 1 END)::json
FROM generate_series(1, $1::integer) AS n
"""


@pytest.fixture
async def database(reused_database: FreshDatabase) -> Database:
    return await reused_database("jars")


@pytest.fixture
async def store(database: Database, open_store: OpenStore) -> PostgresStore:
    return await open_store(database)


@pytest.fixture
async def admin(database: Database) -> AsyncIterator[Db]:
    """Return a connection that may write a log without its functions: quickly."""
    connection = await asyncpg.connect(database.admin_dsn)
    yield connection
    await connection.close()


def parked_in(store: PostgresStore, projection: Projection = PROJECTION) -> ParkedStreams:
    return ParkedStreams(store, store.pool, [projection])


async def test_a_retry_folds_the_queue_in_order(store: PostgresStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mending, "RETRY_EVENTS", 2)
    await fill(store, "a", 1, 2)
    await fill(store, "b", 5)
    poison = await fill(store, "a", 13, 3, 4)
    follower = await followed(store, POISONED)
    await follower.catch_up()
    await fill(store, "a", 5, 6)
    await fill(store, "b", 7)
    await follower.catch_up()
    streams = parked_in(store, POISONED)
    (parked,) = await streams.all(10)
    assert (parked.stream, parked.version, parked.position, parked.attempts) == ("jar/a", 3, poison, 1)
    assert parked.error == "ZeroDivisionError: a fault of ours"
    assert await streams.waiting(parked) == 5

    assert await streams.retry("levels", "jar/a") == 0
    assert (await streams.one("levels", "jar/a")).attempts == 2
    assert await parked_in(store).retry("levels", "jar/a") == 5
    assert await streams.all(10) == []
    late = await rows(store)
    fresh = await followed(store)
    await emptied(fresh, store)
    await fresh.catch_up()
    assert await rows(store) == late
    with pytest.raises(NotFound):
        await streams.retry("levels", "jar/a")
    with pytest.raises(NotFound):
        await streams.retry("bottles", "jar/a")


async def test_a_second_poison_event_parks_the_stream_further_on(store: PostgresStore) -> None:
    await fill(store, "a", 13, 1, 2, 13, 3)
    await (await followed(store, POISONED)).catch_up()

    async def second(db: Db, facts: Sequence[Fact]) -> None:
        if any(recorded.position == 4 for recorded, _ in facts):
            await db.execute("SELECT 1 / 0")
        await project_levels(db, facts)

    streams = parked_in(store, replace(PROJECTION, project=second))
    assert await streams.retry("levels", "jar/a") == 3
    parked = await streams.one("levels", "jar/a")
    assert (parked.position, parked.attempts, parked.error) == (4, 1, "DivisionByZeroError: division by zero")
    assert [row[1] for row in await rows(store)] == [13, 14, 16]


async def test_a_dropped_event_is_left_out_as_long_as_it_cannot_be_folded(store: PostgresStore) -> None:
    await fill(store, "a", 1, 13, 2, 13, 3)
    await (await followed(store, POISONED)).catch_up()
    streams = parked_in(store, POISONED)
    assert await streams.drop("levels", "jar/a", "operator", "entered twice") == 1
    parked = await streams.one("levels", "jar/a")
    assert parked.position == 4
    (dropped,) = await streams.dropped(10)
    assert (dropped.position, dropped.reason, dropped.dropped_by) == (2, "entered twice", "operator")
    assert await streams.drop("levels", "jar/a", "operator", "again") == 1
    assert [row[1] for row in await rows(store)] == [1, 3, 6]

    await rebuilds.ask(store.pool, PROJECTION, "operator")
    await Rebuilder(store, store.pool, [POISONED]).step()
    (rebuilt,) = await rebuilds.newest(store.pool)
    assert rebuilt.state == "done"
    assert [row[1] for row in await rows(store)] == [1, 3, 6]
    await rebuilds.ask(store.pool, PROJECTION, "operator", accept=True)
    await Rebuilder(store, store.pool, [PROJECTION]).step()
    assert [row[1] for row in await rows(store)] == [1, 14, 16, 29, 32]


@pytest.mark.parametrize(
    "error", [asyncpg.SerializationError, asyncpg.TooManyConnectionsError, asyncpg.AdminShutdownError, TimeoutError]
)
async def test_what_passes_parks_nothing(store: PostgresStore, error: type[Exception]) -> None:
    async def project(_db: Db, _facts: Sequence[Fact]) -> None:
        raise error("later")

    await fill(store, "a", 1)
    follower = await followed(store, replace(PROJECTION, project=project))
    with pytest.raises(error):
        await follower.catch_up()
    assert await parked_in(store).all(10) == []
    assert await positions(store) == {"levels": 0}


async def test_one_poison_stream_in_ten_thousand_holds_up_no_other(store: PostgresStore, admin: Db) -> None:
    await admin.execute(FILL_MANY, MANY_STREAMS)
    follower = await followed(store, POISONED)
    await follower.catch_up()
    assert follower.position == MANY_STREAMS
    assert follower.parked == {"levels": 1}
    assert await store.pool.fetchval("SELECT count(*) FROM levels_v1.levels") == MANY_STREAMS - 1


async def test_a_long_queue_is_retried_in_constant_memory(store: PostgresStore, admin: Db) -> None:
    await admin.execute(FILL_ONE, QUEUE)
    await (await followed(store, POISONED)).catch_up()
    tracemalloc.start()
    try:
        assert await parked_in(store).retry("levels", "jar/a") == QUEUE
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < MOST_BYTES
    assert await store.pool.fetchval("SELECT amount FROM levels_v1.levels WHERE to_position IS NULL") == QUEUE + 12


async def test_a_queue_of_large_events_is_retried_in_constant_memory(store: PostgresStore) -> None:
    """Of 40 events of 1 MiB each four are read at a time."""
    await fill(store, "a", 13)
    large = json.dumps({"ref": "x" * (READ_BYTES // 4), "amount": 1})
    for _ in range(8):
        await record_all(store, "a", [(JarFilled.name, large)] * 5)
    await (await followed(store, POISONED)).catch_up()
    tracemalloc.start()
    try:
        assert await parked_in(store).retry("levels", "jar/a") == 41
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 32 * 2**20
    assert [row[1] for row in await rows(store)] == list(range(13, 54))


async def test_a_retry_meets_what_is_folded_meanwhile(store: PostgresStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mending, "RETRY_EVENTS", 3)
    await fill(store, "a", 13, *[1] * 40)
    follower = await followed(store, POISONED)
    await follower.catch_up()
    going = asyncio.create_task(follower.run())
    retrying = asyncio.create_task(parked_in(store).retry("levels", "jar/a"))
    for _ in range(30):
        await fill(store, "a", 1)
        await fill(store, "b", 1)
    assert await retrying >= 41
    assert await follower.reach((await store.head("jars")).position, 10)
    going.cancel()
    standing = {row[0]: row[1] for row in await rows(store) if row[4] is None}
    assert standing == {"jar/a": 13 + 40 + 30, "jar/b": 30}
    assert [row[1] for row in await rows(store) if row[0] == "jar/a"] == [13, *range(14, 84)]


STEPS = st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from([1, 2, 13])), min_size=1, max_size=14)


async def test_late_events_give_the_rows_of_a_system_that_never_parked(
    store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()

    async def check(steps: list[tuple[str, int]], batch: int, retries: set[int]) -> None:
        begin = (await store.head("jars")).position
        whole = await followed(store)
        await whole.catch_up()
        monkeypatch.setattr(following, "BATCH_EVENTS", batch)
        monkeypatch.setattr(mending, "RETRY_EVENTS", batch)
        poisoned = await followed(store, POISONED)
        for number, (jar, amount) in enumerate(steps):
            await record_all(store, jar, [(JarFilled.name, f'{{"ref":"r","amount":{amount}}}')])
            await poisoned.open()
            await poisoned.catch_up()
            if number in retries:
                for parked in await parked_in(store).all(10):
                    await parked_in(store).retry("levels", parked.stream)
        for parked in await parked_in(store).all(10):
            await parked_in(store).retry("levels", parked.stream)
        late = await rows(store)
        await emptied(whole, store)
        await whole.catch_up()
        assert await rows(store) == late
        assert (await store.head("jars")).position == begin + len(steps)

    @settings(max_examples=8, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
    @given(STEPS, st.integers(1, 5), st.sets(st.integers(0, 13)))
    def examples(steps: list[tuple[str, int]], batch: int, retries: set[int]) -> None:
        asyncio.run_coroutine_threadsafe(check(steps, batch, retries), loop).result(30)

    await asyncio.to_thread(examples)
