"""A service's roles see their own database only, and migrations go forward or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from cli.embedded import Embedded
from regesta import database
from regesta.database import (
    LOCK_SECONDS,
    Passwords,
    check_durable,
    create_service,
    migrate,
    password_of,
    scram_verifier,
)
from regesta.errors import Misconfigured
from tests.conftest import FreshDatabase, migrations_of

WriteSql = Callable[[str, str], Path]

END_SLEEPERS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'bare' AND wait_event = 'PgSleep'
"""


@asynccontextmanager
async def connected(dsn: str) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    connection = await asyncpg.connect(dsn)
    try:
        yield connection
    finally:
        await connection.close()


@pytest.fixture
async def owner_dsn(postgres: Embedded) -> AsyncIterator[str]:
    """Return the owner's address of a database without migrations."""
    await create_service(postgres.admin_dsn, "bare", postgres.passwords("bare"))
    yield postgres.dsn("bare", "owner")
    async with connected(postgres.admin_dsn) as admin:
        await admin.execute("DROP DATABASE bare WITH (FORCE)")


@pytest.fixture
def write_sql(tmp_path: Path) -> WriteSql:
    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    return write


@pytest.mark.parametrize("role", ["runtime", "owner"])
async def test_roles_are_refused_by_other_databases(
    fresh_database: FreshDatabase, postgres: Embedded, role: str
) -> None:
    await fresh_database("budget")
    await fresh_database("kpi")
    login = "budget" if role == "runtime" else "budget_owner"
    own = postgres.dsn("budget", "runtime" if role == "runtime" else "owner")
    async with connected(own) as connection:
        assert await connection.fetchval("SELECT current_user") == login
    for other in ("kpi", "postgres", "template1"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied for database"):
            await asyncpg.connect(own, database=other)


async def test_a_wrong_password_is_refused(fresh_database: FreshDatabase) -> None:
    database = await fresh_database("budget")
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(database.dsn, password="guessed")


async def test_the_runtime_role_cannot_write_around_the_log(fresh_database: FreshDatabase) -> None:
    database = await fresh_database("budget")
    async with connected(database.dsn) as connection:
        assert await connection.fetchval("SELECT count(*) FROM log.events") == 0
        for statement in (
            "DELETE FROM log.events",
            "UPDATE log.identity SET log = gen_random_uuid()",
            "SET ROLE budget_log",
            "SET ROLE budget_owner",
            "CREATE TABLE mine (id integer)",
            "CREATE SCHEMA mine",
            "DELETE FROM regesta.migrations",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)


async def test_the_owner_cannot_change_the_log_by_its_own_rights(fresh_database: FreshDatabase) -> None:
    database = await fresh_database("budget")
    async with connected(database.owner_dsn) as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("DELETE FROM log.events")


async def test_copies_have_logs_of_their_own(fresh_database: FreshDatabase) -> None:
    logs = set()
    for _ in range(2):
        database = await fresh_database("budget")
        async with connected(database.dsn) as connection:
            logs.add(await connection.fetchval("SELECT log FROM log.identity"))
    assert len(logs) == 2


async def test_creating_a_service_again_changes_only_its_passwords(owner_dsn: str, postgres: Embedded) -> None:
    changed = Passwords(runtime="changed-runtime", owner="changed-owner")
    await create_service(postgres.admin_dsn, "bare", changed)
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(owner_dsn)
    connection = await asyncpg.connect(owner_dsn, password="changed-owner")
    await connection.close()
    await create_service(postgres.admin_dsn, "bare", postgres.passwords("bare"))
    async with connected(owner_dsn):
        pass


@pytest.mark.parametrize(
    ("dsn", "password"),
    [("postgresql://jars:a%2Fb@db/jars", "a/b"), ("postgresql://jars:p@/jars?host=%2Frun&port=5432", "p")],
)
def test_a_password_is_read_from_an_address(dsn: str, password: str) -> None:
    assert password_of(dsn) == password


def test_an_address_without_a_password_makes_no_role() -> None:
    with pytest.raises(Misconfigured, match="must hold its password"):
        password_of("postgresql://jars@db/jars")


async def test_a_service_is_created_once_by_callers_at_the_same_time(postgres: Embedded) -> None:
    passwords = postgres.passwords("fresh")
    await asyncio.gather(*(create_service(postgres.admin_dsn, "fresh", passwords) for _ in range(4)))
    try:
        async with connected(postgres.dsn("fresh", "owner")):
            pass
    finally:
        async with connected(postgres.admin_dsn) as admin:
            await admin.execute("DROP DATABASE fresh WITH (FORCE)")
            for role in ("fresh", "fresh_owner", "fresh_log"):
                await admin.execute(f"DROP ROLE {role}")


async def test_a_powerful_role_is_not_taken_over(postgres: Embedded) -> None:
    async with connected(postgres.admin_dsn) as admin:
        await admin.execute("CREATE ROLE mighty SUPERUSER")
        try:
            with pytest.raises(Misconfigured, match=r"\['mighty'\]"):
                await create_service(postgres.admin_dsn, "mighty", postgres.passwords("mighty"))
        finally:
            await admin.execute("DROP ROLE mighty")


@pytest.mark.parametrize("name", ["", "Budget", "budget;drop", "1budget", "b" * 52, "a-b"])
async def test_names_that_need_quotes_are_refused(postgres: Embedded, name: str) -> None:
    with pytest.raises(Misconfigured, match="cannot name a service"):
        await create_service(postgres.admin_dsn, name, Passwords("a", "b"))


@pytest.mark.parametrize("password", ["", "geheim-€"])
def test_passwords_that_clients_may_encode_otherwise_are_refused(password: str) -> None:
    with pytest.raises(Misconfigured, match="ASCII"):
        scram_verifier(password)


async def test_migrations_are_applied_once_in_order(owner_dsn: str, write_sql: WriteSql) -> None:
    first = write_sql("0001_table.sql", "CREATE SCHEMA {service}_rows; CREATE TABLE {service}_rows.kept (id integer);")
    second = write_sql("0002_row.sql", "INSERT INTO {service}_rows.kept VALUES (1);")
    assert await migrate(owner_dsn, "bare", [first]) == ["0001_table.sql"]
    assert await migrate(owner_dsn, "bare", [first, second]) == ["0002_row.sql"]
    assert await migrate(owner_dsn, "bare", [first, second]) == []
    async with connected(owner_dsn) as owner:
        assert await owner.fetchval("SELECT count(*) FROM bare_rows.kept") == 1
        assert await owner.fetchval("SELECT array_agg(name ORDER BY number) FROM regesta.migrations") == [
            "0001_table.sql",
            "0002_row.sql",
        ]


async def test_the_kernels_migration_is_owned_by_the_log_role(owner_dsn: str) -> None:
    await migrate(owner_dsn, "bare", migrations_of("bare"))
    async with connected(owner_dsn) as owner:
        owners = "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'log'"
        assert [row["tableowner"] for row in await owner.fetch(owners)] == ["bare_log"]


async def test_processes_that_start_together_migrate_once(owner_dsn: str, write_sql: WriteSql) -> None:
    slow = write_sql("0001_slow.sql", "SELECT pg_sleep(0.2); CREATE SCHEMA once;")
    applied = await asyncio.gather(*(migrate(owner_dsn, "bare", [slow]) for _ in range(3)))
    assert sorted(applied) == [[], [], ["0001_slow.sql"]]


async def test_a_changed_migration_is_refused(owner_dsn: str, write_sql: WriteSql) -> None:
    first = write_sql("0001_schema.sql", "CREATE SCHEMA one;")
    await migrate(owner_dsn, "bare", [first])
    write_sql("0001_schema.sql", "CREATE SCHEMA two;")
    second = write_sql("0002_schema.sql", "CREATE SCHEMA three;")
    with pytest.raises(Misconfigured, match=r"'0001_schema\.sql' of 'bare' was changed"):
        await migrate(owner_dsn, "bare", [first, second])
    async with connected(owner_dsn) as owner:
        assert not await owner.fetchval("SELECT 1 FROM pg_namespace WHERE nspname = 'three'")


async def test_a_missing_migration_is_refused(owner_dsn: str, write_sql: WriteSql) -> None:
    first = write_sql("0001_schema.sql", "CREATE SCHEMA one;")
    await migrate(owner_dsn, "bare", [first])
    with pytest.raises(Misconfigured, match=r"'0001_schema\.sql', which this release does not know"):
        await migrate(owner_dsn, "bare", [write_sql("0002_schema.sql", "CREATE SCHEMA two;")])


async def test_a_new_migration_before_an_applied_one_is_refused(owner_dsn: str, write_sql: WriteSql) -> None:
    last = write_sql("0002_schema.sql", "CREATE SCHEMA two;")
    await migrate(owner_dsn, "bare", [last])
    early = write_sql("0001_schema.sql", "CREATE SCHEMA one;")
    with pytest.raises(Misconfigured, match=r"'0001_schema\.sql' of 'bare' comes before '0002_schema\.sql'"):
        await migrate(owner_dsn, "bare", [early, last])


async def test_a_new_kernel_migration_may_come_before_those_of_a_service(owner_dsn: str, write_sql: WriteSql) -> None:
    kernel = write_sql("kernel/0001_log.sql", "CREATE SCHEMA one;")
    service = write_sql("service/0001_rows.sql", "CREATE SCHEMA two;")
    await migrate(owner_dsn, "bare", [kernel, service])
    more = write_sql("kernel/0002_more.sql", "CREATE SCHEMA three;")
    assert await migrate(owner_dsn, "bare", [kernel, more, service]) == ["0002_more.sql"]


async def test_functions_are_made_anew_when_their_file_changed(owner_dsn: str, write_sql: WriteSql) -> None:
    first = write_sql("0001_schema.sql", "CREATE SCHEMA one;")
    one = "CREATE OR REPLACE FUNCTION one.number() RETURNS integer LANGUAGE sql AS 'SELECT 1';"
    functions = write_sql("functions.sql", one)
    assert await migrate(owner_dsn, "bare", [first, functions]) == ["0001_schema.sql", "functions.sql"]
    write_sql("functions.sql", one.replace("SELECT 1", "SELECT 2"))
    second = write_sql("0002_schema.sql", "CREATE SCHEMA two;")
    assert await migrate(owner_dsn, "bare", [first, second, functions]) == ["0002_schema.sql", "functions.sql"]
    assert await migrate(owner_dsn, "bare", [first, second, functions]) == []
    async with connected(owner_dsn) as owner:
        assert await owner.fetchval("SELECT one.number()") == 2


async def test_two_migrations_of_one_name_are_refused(owner_dsn: str, write_sql: WriteSql) -> None:
    files = [write_sql("a/0001_rows.sql", "SELECT 1"), write_sql("b/0001_rows.sql", "SELECT 2")]
    with pytest.raises(Misconfigured, match="one name"):
        await migrate(owner_dsn, "bare", files)


async def test_a_failing_migration_leaves_nothing_and_is_named(owner_dsn: str, write_sql: WriteSql) -> None:
    good, last = write_sql("0001_good.sql", "CREATE SCHEMA good;"), write_sql("0003_last.sql", "CREATE SCHEMA last;")
    bad = write_sql("0002_bad.sql", "CREATE SCHEMA half;\nSET ROLE bare_log;\nSELECT 1,\n  nothing_like_it;")
    for _ in range(2):
        with pytest.raises(Misconfigured) as raised:
            await migrate(owner_dsn, "bare", [good, bad, last])
        assert str(raised.value) == (
            "migration '0002_bad.sql' of 'bare' failed at line 4 and left nothing; mend it, then migrate again: it goes on "
            'from there (column "nothing_like_it" does not exist)'
        )
        assert await schemas(owner_dsn, "good", "half", "last") == {"good"}
    mended = write_sql("0002_bad.sql", "CREATE SCHEMA whole;")
    assert await migrate(owner_dsn, "bare", [good, mended, last]) == ["0002_bad.sql", "0003_last.sql"]
    assert await schemas(owner_dsn, "half", "whole", "last") == {"whole", "last"}


async def test_a_migration_that_cannot_be_noted_leaves_nothing(owner_dsn: str, write_sql: WriteSql) -> None:
    """Else it would be applied a second time."""
    unnoted = write_sql("0001_unnoted.sql", "CREATE SCHEMA half; ALTER TABLE regesta.migrations RENAME TO gone;")
    with pytest.raises(Misconfigured, match=r"'0001_unnoted\.sql' of 'bare' failed"):
        await migrate(owner_dsn, "bare", [unnoted])
    assert await schemas(owner_dsn, "half") == set()


@pytest.mark.parametrize("end", ["COMMIT;", "  rollback ;", "commit and chain;", "ABORT work;"])
async def test_a_migration_that_ends_its_transaction_is_refused(owner_dsn: str, write_sql: WriteSql, end: str) -> None:
    halves = write_sql("0001_halves.sql", f"CREATE SCHEMA half;\n{end}\nSELECT nothing_like_it;")
    with pytest.raises(Misconfigured, match=f"says '{end.strip()}': a file is one transaction"):
        await migrate(owner_dsn, "bare", [halves])
    assert await schemas(owner_dsn, "half") == set()


async def test_a_migration_whose_connection_is_lost_is_named_and_goes_on(
    owner_dsn: str, write_sql: WriteSql, postgres: Embedded
) -> None:
    slow = write_sql("0001_slow.sql", "CREATE SCHEMA half; SELECT pg_sleep(60);")
    migrating = asyncio.create_task(migrate(owner_dsn, "bare", [slow]))
    async with connected(postgres.admin_dsn) as admin, asyncio.timeout(20):
        while not await admin.fetchval(END_SLEEPERS):
            await admin.fetchval("SELECT pg_sleep(0.01)")
    with pytest.raises(Misconfigured, match=r"'0001_slow\.sql' of 'bare' was interrupted; migrate again"):
        await migrating
    assert await schemas(owner_dsn, "half") == set()
    assert await migrate(owner_dsn, "bare", [write_sql("0001_slow.sql", "CREATE SCHEMA half;")]) == ["0001_slow.sql"]


async def test_a_migration_gives_way_to_readers_and_lets_nobody_wait_long(
    owner_dsn: str, write_sql: WriteSql, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever reads a table holds up the migration that alters it, and that would hold up all who come to read."""
    monkeypatch.setattr(database, "LOCK_PAUSE_SECONDS", 0.5)
    kept = write_sql("0001_kept.sql", "CREATE SCHEMA rows; CREATE TABLE rows.kept (id integer);")
    await migrate(owner_dsn, "bare", [kept])
    wider = write_sql("0002_wider.sql", "CREATE SCHEMA more; ALTER TABLE rows.kept ADD COLUMN name text;")
    async with asyncio.timeout(30), connected(owner_dsn) as long, connected(owner_dsn) as quick:
        async with long.transaction():
            await long.fetch("SELECT * FROM rows.kept")
            migrating = asyncio.create_task(migrate(owner_dsn, "bare", [kept, wider]))
            waits = []
            for _ in range(60):
                began = asyncio.get_running_loop().time()
                await quick.fetch("SELECT id FROM rows.kept")
                waits.append(asyncio.get_running_loop().time() - began)
                await asyncio.sleep(0.05)
            assert not migrating.done()
            assert LOCK_SECONDS / 2 < max(waits) < LOCK_SECONDS * 2
            assert await schemas(owner_dsn, "more") == set()
        assert await migrating == ["0002_wider.sql"]
        assert await quick.fetchval("SELECT count(name) FROM rows.kept") == 0


async def test_a_migration_that_gives_way_for_too_long_is_named(
    owner_dsn: str, write_sql: WriteSql, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "LOCK_TRIES", 2)
    monkeypatch.setattr(database, "LOCK_PAUSE_SECONDS", 0.01)
    kept = write_sql("0001_kept.sql", "CREATE SCHEMA rows; CREATE TABLE rows.kept (id integer);")
    await migrate(owner_dsn, "bare", [kept])
    wider = write_sql("0002_wider.sql", "ALTER TABLE rows.kept ADD COLUMN name text;")
    async with connected(owner_dsn) as long, long.transaction():
        await long.fetch("SELECT * FROM rows.kept")
        with pytest.raises(Misconfigured, match=r"'0002_wider\.sql' of 'bare' gave way to others .* migrate again"):
            await migrate(owner_dsn, "bare", [kept, wider])
    assert await migrate(owner_dsn, "bare", [kept, wider]) == ["0002_wider.sql"]


async def schemas(dsn: str, *names: str) -> set[str]:
    """Return which of some schemas there are."""
    async with connected(dsn) as connection:
        found = await connection.fetch("SELECT nspname FROM pg_namespace WHERE nspname = ANY ($1)", names)
        return {row["nspname"] for row in found}


async def test_a_database_that_may_forget_is_refused(postgres: Embedded) -> None:
    async with connected(postgres.admin_dsn) as connection:
        await check_durable(connection)
        await connection.execute("SET synchronous_commit = off")
        with pytest.raises(Misconfigured, match="synchronous_commit is off"):
            await check_durable(connection)
        await check_durable(connection, allow_unsafe=True)


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes"])
async def test_a_server_that_may_forget_is_refused(postgres: Embedded, setting: str) -> None:
    async with connected(postgres.admin_dsn) as connection:
        try:
            await connection.execute(f"ALTER SYSTEM SET {setting} = off")
            await connection.execute("SELECT pg_reload_conf()")
            await wait_for_setting(connection, setting, "off")
            with pytest.raises(Misconfigured, match=f"{setting} is off"):
                await check_durable(connection)
        finally:
            await connection.execute(f"ALTER SYSTEM RESET {setting}")
            await connection.execute("SELECT pg_reload_conf()")
            await wait_for_setting(connection, setting, "on")


async def wait_for_setting(connection: asyncpg.Connection[asyncpg.Record], setting: str, value: str) -> None:
    async with asyncio.timeout(10):
        while await connection.fetchval(f"SHOW {setting}") != value:
            await connection.fetchval("SELECT pg_sleep(0.01)")
