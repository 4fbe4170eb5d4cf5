"""Every store passes one suite; the PostgreSQL one also what only a shared database can put to the proof."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator

import asyncpg
import pytest

from regesta import waking, writer
from regesta.errors import Busy
from regesta.store import PostgresStore
from regesta.suites import ReplicaSuite, StoreSuite, filled, new_event, new_unit
from regesta.testing import MemoryStore
from regesta.unit import Appended, Conflict, DataRefused, KeyUse, OtherTurn, Outcome, Store, Unit
from tests.conftest import FreshDatabase, execute
from tests.regesta.conftest import OpenStore
from tests.regesta.serving import until


class TestMemoryStore(StoreSuite, ReplicaSuite):
    @pytest.fixture
    def store(self, memory_store: MemoryStore) -> Store:
        return memory_store


class TestPostgresStore(StoreSuite, ReplicaSuite):
    @pytest.fixture
    def store(self, postgres_store: PostgresStore) -> Store:
        return postgres_store


async def test_two_writers_leave_no_gap_and_a_tailing_reader_skips_nothing(two_stores: list[PostgresStore]) -> None:
    workers, each = 12, 30
    units = workers * each
    seen: list[int] = []
    times = []

    async def tail() -> None:
        while len(seen) < 2 * units:
            for event in await two_stores[0].read("jars", seen[-1] if seen else 0, 100):
                seen.append(event.position)
                times.append(event.time)

    async def write(store: PostgresStore, name: str) -> list[object]:
        async def work(worker: int) -> list[object]:
            return [await store.append(new_unit(new_event(f"{name}/{worker}", n + 1))) for n in range(each)]

        return [outcome for done in await asyncio.gather(*map(work, range(workers))) for outcome in done]

    reader = asyncio.create_task(tail())
    outcomes = await asyncio.gather(write(two_stores[0], "a"), write(two_stores[1], "b"))
    await asyncio.wait_for(reader, 10)
    positions = [outcome.first for those in outcomes for outcome in those if isinstance(outcome, Appended)]
    assert sorted(positions) == list(range(1, 2 * units + 1))
    assert seen == list(range(1, 2 * units + 1))
    assert times == sorted(times)


async def test_what_an_append_says_is_stored_is_stored(two_stores: list[PostgresStore]) -> None:
    async def contend(store: PostgresStore, unit: int) -> bool:
        outcome = await store.append(new_unit(new_event(f"s/{unit}", 1, f'{{"by":{id(store)}}}')))
        assert isinstance(outcome, Appended | Conflict)
        if isinstance(outcome, Appended):
            (stored,) = await two_stores[1].read("jars", outcome.first - 1, 1)
            return (stored.stream, stored.raw) == (f"s/{unit}", f'{{"by":{id(store)}}}')
        return False

    won = await asyncio.gather(*(contend(store, unit) for unit in range(150) for store in two_stores))
    assert sum(won) == 150
    assert (await two_stores[0].head("jars")).position == 150


async def test_versions_that_one_writer_remembers_do_not_deceive_it(two_stores: list[PostgresStore]) -> None:
    await filled(two_stores[0], 3)
    await two_stores[1].append(new_unit(new_event("thing/0", 2)))
    assert await two_stores[0].append(new_unit(new_event("other/1", 1), reads={"thing/0": 1})) == Conflict("thing/0", 2)
    assert await two_stores[0].append(new_unit(new_event("thing/1", 2))) == Appended(5, 5)


@pytest.mark.parametrize("others", [1, writer.FEW_EVENTS, writer.FEW_EVENTS + 1])
async def test_a_writer_goes_on_from_what_another_wrote(
    reused_database: FreshDatabase, open_store: OpenStore, others: int
) -> None:
    """When that is little, nothing is checked, and nothing forgotten but the streams that it touched."""
    database = await reused_database("jars")
    mine, theirs = [await open_store(database) for _ in range(2)]
    for name in ("kept/1", "moved/1", "read/1", "calm/1"):
        await mine.append(new_unit(new_event(name, 1)))
    moved = [new_event("moved/1", 2), *(new_event(f"other/{n}", 1) for n in range(1, others))]
    await theirs.append(new_unit(*moved))
    next_one = new_unit(new_event("kept/1", 2), reads={"read/1": 1})
    little = others <= writer.FEW_EVENTS
    admin = await asyncpg.connect(database.admin_dsn)
    try:
        await admin.execute("ALTER FUNCTION log.refusals RENAME TO renamed")
        if little:
            assert await mine.append(next_one) == Appended(others + 5, others + 5)
        else:
            with pytest.raises(Busy):
                await mine.append(next_one)
        await admin.execute("ALTER FUNCTION log.renamed RENAME TO refusals")
    finally:
        await admin.close()
    assert await mine.append(next_one) == Appended(others + 5, others + 5, same=little)
    assert ("calm/1" in mine._writer._versions) is little
    assert await mine.append(new_unit(new_event("moved/1", 2))) == Conflict("moved/1", 2)
    assert await mine.append(new_unit(new_event("moved/1", 3))) == Appended(others + 6, others + 6)


async def test_a_version_that_another_made_stale_is_not_believed_later(two_stores: list[PostgresStore]) -> None:
    mine, theirs = two_stores
    for name in ("kept/1", "read/1"):
        await mine.append(new_unit(new_event(name, 1)))
    await theirs.append(new_unit(new_event("read/1", 2)))
    assert await mine.append(new_unit(new_event("kept/1", 2))) == Appended(4, 4)
    assert await mine.append(new_unit(new_event("kept/1", 3), reads={"read/1": 1})) == Conflict("read/1", 2)
    assert await mine.append(new_unit(new_event("kept/1", 3), reads={"read/1": 2})) == Appended(5, 5)


async def test_what_others_wrote_need_not_be_read_for_an_append_to_be_answered(
    two_stores: list[PostgresStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, theirs = two_stores
    await mine.append(new_unit(new_event("kept/1", 1)))
    await theirs.append(new_unit(new_event("other/1", 1)))
    with monkeypatch.context() as patched:
        patched.setattr(writer, "WRITTEN", "SELECT 1 / 0 WHERE $1::bigint < $2::bigint")
        assert await mine.append(new_unit(new_event("kept/1", 2))) == Appended(3, 3)
    assert mine.trouble is None
    assert await mine.append(new_unit(new_event("kept/1", 3), reads={"other/1": 0})) == Conflict("other/1", 1)
    assert await mine.append(new_unit(new_event("kept/1", 3))) == Appended(4, 4)


@pytest.fixture
async def idle_transaction(reused_database: FreshDatabase) -> AsyncIterator[asyncpg.Connection]:
    """Return a connection that holds a transaction with an id open in another database of the server."""
    other = await reused_database("kpi")
    connection = await asyncpg.connect(other.admin_dsn)
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute("SELECT pg_current_xact_id()")
    yield connection
    await transaction.rollback()
    await connection.close()


@pytest.mark.usefixtures("idle_transaction")
async def test_an_idle_transaction_elsewhere_stalls_no_reader(postgres_store: PostgresStore) -> None:
    waiting = asyncio.create_task(postgres_store.wait("jars", 0, 5))
    await filled(postgres_store, 3)
    assert await waiting
    assert len(await postgres_store.read("jars", 0, 10)) == 3


async def test_a_lost_connection_leaves_an_append_that_is_known_again(
    reused_database: FreshDatabase, open_store: OpenStore
) -> None:
    database = await reused_database("jars")
    store = await open_store(database)
    await filled(store, 1)
    admin = await asyncpg.connect(database.admin_dsn)
    try:
        stop = asyncio.Event()

        async def disturb() -> None:
            while not stop.is_set():
                await admin.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = $1 AND usename = 'jars' AND query LIKE '%log.append%'", database.name
                )  # fmt: skip
                await asyncio.sleep(0.05)

        disturbing = asyncio.create_task(disturb())
        outcomes = []
        for n in range(15):
            outcomes.append(await store.append(new_unit(new_event("hot/1", n + 1))))
            await asyncio.sleep(0.01)
        stop.set()
        await disturbing
    finally:
        await admin.close()
    assert [o.first for o in outcomes if isinstance(o, Appended)] == list(range(2, 17))
    assert [event.version for event in (await store.tails({"hot/1": 0}))["hot/1"]] == list(range(1, 16))


async def test_nobody_can_write_around_the_append(reused_database: FreshDatabase) -> None:
    database = await reused_database("jars")
    for dsn in (database.dsn, database.owner_dsn):
        connection = await asyncpg.connect(dsn)
        try:
            for statement in ("DELETE FROM log.events", "UPDATE log.keys SET count = 0", "TRUNCATE log.replicas"):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(statement)
        finally:
            await connection.close()


async def test_an_append_that_waits_for_a_stopped_writer_fails_at_once(postgres_store: PostgresStore) -> None:
    await postgres_store.__aexit__(None, None, None)
    with pytest.raises(Exception, match="has stopped"):
        await asyncio.wait_for(postgres_store.append(new_unit(new_event("a/1", 1))), 1)


async def test_a_database_that_refuses_everything_is_named_and_forgiven(
    reused_database: FreshDatabase, open_store: OpenStore
) -> None:
    database = await reused_database("jars")
    store = await open_store(database)
    admin = await asyncpg.connect(database.admin_dsn)
    try:
        await admin.execute("REVOKE USAGE ON SCHEMA log FROM jars")
        with pytest.raises(Busy, match="cannot be written"):
            await store.append(new_unit(new_event("a/1", 1)))
        assert "InsufficientPrivilegeError" in str(store.trouble)
    finally:
        await admin.execute("GRANT USAGE ON SCHEMA log TO jars")
        await admin.close()
    assert isinstance(await store.append(new_unit(new_event("a/1", 1))), Appended)
    assert store.trouble is None


async def test_a_connection_that_breaks_while_the_log_is_looked_at_ends_no_writer(
    reused_database: FreshDatabase, open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("regesta.writer.PROBE_SECONDS", 0.05)
    broken = [asyncpg.InternalClientError("unexpected end"), asyncpg.InterfaceError("the connection is closed")]
    database = await reused_database("jars")
    store = await open_store(database)
    connected = store._writer._connected

    async def breaking() -> asyncpg.Connection[asyncpg.Record]:
        if store.trouble and broken:
            raise broken.pop()
        return await connected()

    async def well() -> bool:
        return store.trouble is None

    monkeypatch.setattr(store._writer, "_connected", breaking)
    admin = await asyncpg.connect(database.admin_dsn)
    try:
        await admin.execute("REVOKE USAGE ON SCHEMA log FROM jars")
        with pytest.raises(Busy, match="cannot be written"):
            await store.append(new_unit(new_event("a/1", 1)))
    finally:
        await admin.execute("GRANT USAGE ON SCHEMA log TO jars")
        await admin.close()
    await until(well)
    assert broken == []
    assert await store.append(new_unit(new_event("a/1", 1))) == Appended(1, 1)


async def test_a_statement_with_too_few_arguments_is_not_sent_for_ever(
    postgres_store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(writer, "APPEND", "SELECT $1::text")
        with pytest.raises(Busy, match="cannot be written"):
            await asyncio.wait_for(postgres_store.append(new_unit(new_event("a/1", 1))), 5)
    assert "InterfaceError" in str(postgres_store.trouble)
    assert isinstance(await postgres_store.append(new_unit(new_event("a/1", 1))), Appended)


async def test_a_value_that_cannot_be_sent_fails_alone(postgres_store: PostgresStore) -> None:
    beyond, good = new_unit(new_event("a/1", 2**31)), new_unit(new_event("b/1", 1))
    sent = asyncio.gather(postgres_store.append(beyond), postgres_store.append(good), return_exceptions=True)
    outcomes = await asyncio.wait_for(sent, 5)
    assert isinstance(outcomes[0], DataRefused)
    assert isinstance(outcomes[1], Appended)


async def test_a_key_too_long_for_the_index_fails_alone(postgres_store: PostgresStore) -> None:
    long = new_unit(new_event("a/1", 1))
    subject = secrets.token_hex(10_000)  # nothing that compresses
    long.keys = [KeyUse(subject, "k", b"h", 0, 1)]
    outcomes = await asyncio.gather(
        postgres_store.append(long), postgres_store.append(new_unit(new_event("b/1", 1))), return_exceptions=True
    )
    assert isinstance(outcomes[0], DataRefused)
    assert isinstance(outcomes[1], Appended)


async def test_a_listener_that_lost_its_connection_listens_again(
    reused_database: FreshDatabase, open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waking, "POLL_SECONDS", 60)
    monkeypatch.setattr(waking, "CHECK_SECONDS", 0.1)
    monkeypatch.setattr(waking, "RETRY_SECONDS", 0.05)
    database = await reused_database("jars")
    listens = await open_store(database)
    admin = await asyncpg.connect(database.admin_dsn)

    async def listeners() -> set[int]:
        query = "SELECT pid FROM pg_stat_activity WHERE datname = $1 AND query IN ('LISTEN \"regesta\"', 'SELECT 1')"
        return {row["pid"] for row in await admin.fetch(query, database.name)}

    async def listening() -> bool:
        return bool(await listeners() - lost)

    lost: set[int] = set()
    try:
        await until(listening)
        lost = await listeners()
        for pid in lost:
            await admin.execute("SELECT pg_terminate_backend($1)", pid)
        await until(listening)
    finally:
        await admin.close()
    waiting = asyncio.create_task(listens.wait("jars", 0, 5))
    await filled(await open_store(database), 1)
    assert await waiting


async def test_a_turn_that_nobody_took_goes_away(two_stores: list[PostgresStore]) -> None:
    """While one stands every append is checked, which costs; its holder may have died."""
    one, other = two_stores
    await one.append(new_unit(new_event("hot/1", 1)))
    lost = new_unit(new_event("hot/1", 1))
    lost.claim = True
    assert await other.append(lost) == Conflict("hot/1", 1)
    assert await one.append(new_unit(new_event("hot/1", 2))) == OtherTurn()
    assert await one.append(new_unit(new_event("cold/1", 1))) == Appended(2, 2)
    await asyncio.sleep(0.06)
    assert await one.append(new_unit(new_event("hot/1", 2))) == Appended(3, 3)
    assert await one.pool.fetchval("SELECT count(*) FROM log.turns") == 0


async def test_a_turn_from_before_the_clock_was_set_back_is_over(
    reused_database: FreshDatabase, open_store: OpenStore
) -> None:
    database = await reused_database("jars")
    one, other = await open_store(database), await open_store(database)
    await one.append(new_unit(new_event("hot/1", 1)))
    lost = new_unit(new_event("hot/1", 1))
    lost.claim = True
    assert await other.append(lost) == Conflict("hot/1", 1)
    await execute(database.admin_dsn, "UPDATE log.turns SET until = until + interval '1 hour'")
    assert await one.append(new_unit(new_event("hot/1", 2))) == Appended(2, 2)
    assert await one.pool.fetchval("SELECT count(*) FROM log.turns") == 0


async def test_the_turn_goes_round_among_those_who_wait_for_it(
    reused_database: FreshDatabase, open_store: OpenStore
) -> None:
    database = await reused_database("jars")
    one, two, three = [await open_store(database) for _ in range(3)]
    admin = await asyncpg.connect(database.admin_dsn)

    async def claim(store: PostgresStore, version: int) -> Outcome:
        unit = new_unit(new_event("hot/1", version))
        unit.claim = True
        outcome = await store.append(unit)
        await admin.execute(
            "UPDATE log.turns SET until = clock_timestamp() + interval '4 s'"
        )  # however slow this test is
        return outcome

    try:
        assert await claim(one, 1) == Appended(1, 1)
        assert await claim(two, 1) == Conflict("hot/1", 1)
        assert [await claim(store, 2) for store in (one, three, one)] == [OtherTurn()] * 3
        assert await claim(two, 2) == Appended(2, 2)
        assert [await claim(store, 3) for store in (two, three)] == [OtherTurn()] * 2
        assert await claim(one, 3) == Appended(3, 3)
        assert [await claim(store, 4) for store in (one, two)] == [OtherTurn()] * 2
        assert await claim(three, 4) == Appended(4, 4)
        assert await claim(two, 5) == Appended(5, 5)
        await admin.execute("UPDATE log.turns SET until = now()")
        assert await claim(three, 6) == Appended(6, 6)  # whose turn it was did not come
        assert await admin.fetchval("SELECT count(*) FROM log.turns") == 0
    finally:
        await admin.close()


async def test_a_statement_that_takes_too_long_is_refused_and_the_log_looked_at_again(
    reused_database: FreshDatabase, open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("regesta.writer.PROBE_SECONDS", 0.05)
    database = await reused_database("jars")
    role = f'ROLE jars IN DATABASE "{database.name}"'
    admin = await asyncpg.connect(database.admin_dsn)
    try:
        await admin.execute(f"ALTER {role} SET statement_timeout = '200ms'")
        store = await open_store(database)
        await admin.execute("SELECT pg_advisory_lock(7234017283807667300)")
        with pytest.raises(Busy):
            await store.append(new_unit(new_event("a/1", 1)))
        assert "QueryCanceledError" in str(store.trouble)
        await admin.execute("SELECT pg_advisory_unlock(7234017283807667300)")

        async def well() -> bool:
            return store.trouble is None

        await until(well)
        assert await store.append(new_unit(new_event("a/1", 1))) == Appended(1, 1)
    finally:
        await admin.execute(f"ALTER {role} RESET statement_timeout")
        await admin.close()


async def test_a_unit_whose_events_do_not_follow_on_what_it_expects_is_a_conflict_without_a_cache_too(
    postgres_store: PostgresStore,
) -> None:
    assert await postgres_store.append(new_unit(new_event("b/1", 1))) == Appended(1, 1)
    postgres_store._writer._versions.clear()  # as after an answer that was lost
    stale = Unit({"b/1": 0}, [new_event("b/1", 2)])
    assert await postgres_store.append(stale) == Conflict("b/1", 1)
