"""The doctor finds on a real server what was made wrong there, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest

from cli.embedded import Embedded
from regesta.database import migrations
from regesta.doctor import COMMIT, Target, examine
from regesta.findings import Finding, Status
from tests.conftest import Database, FreshDatabase
from tests.regesta.conftest import OpenStore
from tests.regesta.jars import SERVICE
from tests.regesta.levels import fill
from tests.regesta.serving import ISSUER, Issuer, migrated

ROOT = Path(__file__).parents[2]
NAMES = [
    "version", "fsync", "full_page_writes", "synchronous_commit", "data_checksums", "autovacuum", "server_encoding",
    "TimeZone", "wal_sync_method", "shared_buffers", "max_connections", "collation", "database's clock", "newest event",
    "disk", "durable commit", "roles", "migrations",
]  # fmt: skip
HOUR_AHEAD = "UPDATE log.events SET time = time + interval '1 hour'"


@pytest.fixture
async def database(fresh_database: FreshDatabase, open_store: OpenStore) -> Database:
    """Return a database with an event, which a test may spoil."""
    database = await migrated(await fresh_database("jars"))
    await fill(await open_store(database), "a", 1)
    return database


@pytest.fixture
def target(database: Database, short_folder: Path) -> Target:
    return Target("jars", database.dsn, 4, migrations(SERVICE.migrations), short_folder)


@asynccontextmanager
async def administering(database: Database) -> AsyncIterator[asyncpg.Connection]:
    admin = await asyncpg.connect(database.admin_dsn)
    try:
        yield admin
    finally:
        await admin.close()


async def found(target: Target, name: str) -> Finding:
    (finding,) = [each for each in await examine(target) if each.name == name]
    return finding


async def test_a_database_that_is_well(target: Target) -> None:
    seen = await examine(target)
    assert [each.name for each in seen] == NAMES
    # How fast this machine's disk is, and how full, is its own affair.
    assert {each.status for each in seen if each.name not in {"durable commit", "disk"}} == {Status.OK}
    assert {each.name: each.found for each in seen}["newest event"] == "jars:1, 0 s ago"
    assert "MiB free; the database takes" in {each.name: each.found for each in seen}["disk"]


async def test_the_space_of_another_machine_is_not_known(target: Target) -> None:
    disk = await found(replace(target, folder=None), "disk")
    assert (disk.status, "df -h" in disk.action) == (Status.UNKNOWN, True)


async def test_settings_are_those_of_the_service_not_of_the_server(target: Target, database: Database) -> None:
    async with administering(database) as admin:
        await admin.execute(f"ALTER DATABASE {database.name} SET synchronous_commit = off")
        await admin.execute(f"ALTER DATABASE {database.name} SET timezone = 'Europe/Brussels'")
    seen = {each.name: (each.status, each.found) for each in await examine(target)}
    assert seen["synchronous_commit"] == (Status.FAIL, "off")
    assert seen["TimeZone"] == (Status.WARN, "Europe/Brussels")


async def test_a_clock_that_was_set_back_an_hour_is_named(target: Target, database: Database) -> None:
    async with administering(database) as admin:
        await admin.execute(HOUR_AHEAD)
    newest = await found(target, "newest event")
    assert newest.found in {f"jars:1, {seconds} s after the database's clock" for seconds in range(3590, 3601)}
    assert newest.status is Status.FAIL
    assert "set it right" in newest.action


async def test_connections_that_do_not_suffice(target: Target, database: Database) -> None:
    async with administering(database) as admin:
        limit = int(await admin.fetchval("SHOW max_connections")) - int(
            await admin.fetchval("SHOW superuser_reserved_connections")
        )
    assert (await found(replace(target, pool_size=limit - 2), "max_connections")).status is not Status.FAIL
    assert (await found(replace(target, pool_size=limit - 1), "max_connections")).status is Status.FAIL


@pytest.mark.parametrize(
    ("given", "taken", "said"),
    [
        ("GRANT DELETE ON log.events TO jars", None, "jars may DELETE log.events"),
        ("GRANT UPDATE ON log.keys TO jars_owner", None, "jars_owner may UPDATE log.keys"),
        ("GRANT CREATE ON SCHEMA public TO jars", None, "jars may make tables in the schema public"),
        ("GRANT CONNECT ON DATABASE {name} TO PUBLIC", None, "everybody may connect"),
        ("ALTER ROLE jars CREATEDB", "ALTER ROLE jars NOCREATEDB", "jars may make databases"),
        ("ALTER ROLE jars_log LOGIN", "ALTER ROLE jars_log NOLOGIN", "jars_log may log in"),
    ],
)
async def test_a_right_too_many(target: Target, database: Database, given: str, taken: str | None, said: str) -> None:
    async with administering(database) as admin:
        await admin.execute(given.format(name=database.name))
        try:
            roles = await found(target, "roles")
        finally:
            await admin.execute(taken or "SELECT 1")
    assert (roles.status, roles.found) == (Status.FAIL, said)


async def test_a_role_that_may_become_the_logs(target: Target, database: Database) -> None:
    async with administering(database) as admin:
        await admin.execute("GRANT jars_log TO jars WITH INHERIT FALSE")
        try:
            roles = await found(target, "roles")
        finally:
            await admin.execute("REVOKE jars_log FROM jars")
    assert roles.found == "jars may become jars_log"


async def test_a_database_of_an_older_release(target: Target, database: Database) -> None:
    async with administering(database) as admin:
        await admin.execute("DELETE FROM regesta.migrations WHERE name = 'functions.sql'")
    seen = await found(target, "migrations")
    assert (seen.status, seen.found) == (Status.FAIL, "missing: functions.sql")


async def test_a_database_of_a_newer_release(target: Target, database: Database) -> None:
    async with administering(database) as admin:
        await admin.execute("INSERT INTO regesta.migrations (name, sha256) VALUES ('0099_more.sql', '')")
    seen = await found(target, "migrations")
    assert seen.status is Status.FAIL
    assert "'0099_more.sql', which this release does not know" in seen.found


async def test_a_measured_commit_is_durable_and_leaves_nothing(target: Target, database: Database) -> None:
    connection = await asyncpg.connect(database.dsn)
    before = await connection.fetchval("SELECT pg_current_wal_flush_lsn()")
    await connection.execute(COMMIT)
    after = await connection.fetchrow(
        "SELECT pg_current_wal_insert_lsn() AS written, pg_current_wal_flush_lsn() AS flushed"
    )
    assert after is not None
    sizes = "SELECT sum(n_tup_ins) FROM pg_stat_user_tables"
    rows = await connection.fetchval(sizes)
    await examine(target)
    assert before < after["flushed"] == after["written"]
    assert await connection.fetchval(sizes) == rows
    await connection.close()


@pytest.mark.parametrize("password", ["wrong", None])
async def test_a_database_that_does_not_let_in(target: Target, postgres: Embedded, password: str | None) -> None:
    right = postgres.passwords("jars").runtime
    away = target.dsn.replace(right, password) if password else "postgresql://jars@127.0.0.1:9/jars"
    (finding,) = await examine(replace(target, dsn=away))
    assert (finding.name, finding.status) == ("database", Status.FAIL)
    assert right not in finding.found


async def test_a_process_prints_what_it_found_and_fails_with_it(database: Database, issuer: Issuer) -> None:
    environment = {
        **os.environ, "REGESTA_DATABASE_URL": database.dsn, "REGESTA_ISSUER": ISSUER, "REGESTA_JWKS": str(issuer.jwks),
    }  # fmt: skip

    async def doctor() -> tuple[int | None, dict[str, str]]:
        command = (sys.executable, "-m", "tests.faults.service", "doctor")
        process = await asyncio.create_subprocess_exec(
            *command, env=environment, cwd=ROOT, stdout=asyncio.subprocess.PIPE
        )
        printed, _ = await process.communicate()
        lines = [json.loads(line) for line in printed.splitlines()]
        return process.returncode, {line["name"]: line["status"] for line in lines}

    code, seen = await doctor()
    assert (code, seen["synchronous_commit"], list(seen)) == (0, "ok", NAMES)
    async with administering(database) as admin:
        await admin.execute(f"ALTER DATABASE {database.name} SET synchronous_commit = off")
    code, seen = await doctor()
    assert (code, seen["synchronous_commit"]) == (1, "fail")
