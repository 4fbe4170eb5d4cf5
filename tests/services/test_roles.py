"""Each service keeps to its own database, and nobody writes a log but through the functions made for it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import permutations
from typing import Final, Literal, TypeAlias

import asyncpg
import pytest

from cli.embedded import Embedded
from cli.tokens import SERVICES
from regesta.database import Connection
from tests.conftest import FreshDatabase

Role: TypeAlias = Literal["runtime", "owner"]

ROLES: Final[tuple[Role, ...]] = ("runtime", "owner")
WRITES: Final = (
    "INSERT INTO {table} SELECT * FROM {table}",
    "UPDATE {table} SET {column} = {column}",
    "DELETE FROM {table}",
    "TRUNCATE {table}",
    "SELECT * FROM {table} FOR UPDATE",
    "LOCK TABLE {table} IN EXCLUSIVE MODE",
    "ALTER TABLE {table} ADD COLUMN more integer",
    "DROP TABLE {table}",
)
TABLES: Final = """
SELECT format('%I.%I', n.nspname, c.relname) AS name, (
    SELECT quote_ident(a.attname) FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum = 1
) AS first_column
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = 'log' AND c.relkind = 'r' ORDER BY 1
"""
FUNCTIONS: Final = """
SELECT p.proname FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
WHERE n.nspname = 'log' AND has_function_privilege(p.oid, 'EXECUTE') ORDER BY 1
"""

GIVEN: Final = [
    "adopt", "append", "close", "forget_keys", "forget_replica", "keep", "note_fork", "open", "open_anew", "position_before", "recover", "renew", "replicate",
    "stand",
]  # fmt: skip


@asynccontextmanager
async def connected(dsn: str) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(dsn)
    try:
        yield connection
    finally:
        await connection.close()


async def refused(connection: Connection, statement: str) -> bool:
    """Return whether a statement is refused for want of a right, not for anything else."""
    attempt = connection.transaction()
    await attempt.start()
    try:
        await connection.execute(statement)
    except asyncpg.InsufficientPrivilegeError:
        return True
    finally:
        await attempt.rollback()
    return False


async def test_a_role_enters_no_database_but_its_own(postgres: Embedded, fresh_database: FreshDatabase) -> None:
    databases = {service: await fresh_database(service) for service in SERVICES}
    others = [(service, databases[other].name) for service, other in permutations(SERVICES, 2)]
    shared = [(service, name) for service in SERVICES for name in ("postgres", "template1")]
    for service, database in others + shared:
        for role in ROLES:
            with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied for database"):
                await asyncpg.connect(postgres.dsn(service, role, database))
    for service, own in databases.items():
        async with connected(own.dsn) as connection:
            assert await connection.fetchval("SELECT current_user") == service


@pytest.mark.parametrize("service", SERVICES)
async def test_nobody_writes_the_tables_of_a_log(service: str, fresh_database: FreshDatabase) -> None:
    database = await fresh_database(service)
    for dsn in (database.dsn, database.owner_dsn):
        async with connected(dsn) as connection:
            tables = await connection.fetch(TABLES)
            assert {"log.events", "log.replicas", "log.keys"} <= {table["name"] for table in tables}
            for name, column in tables:
                assert not await refused(connection, f"SELECT * FROM {name}")
                for write in WRITES:
                    statement = write.format(table=name, column=column)
                    assert await refused(connection, statement), statement


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_executes_only_the_functions_made_for_it(service: str, fresh_database: FreshDatabase) -> None:
    database = await fresh_database(service)
    async with connected(database.dsn) as runtime, connected(database.owner_dsn) as owner:
        assert [row["proname"] for row in await runtime.fetch(FUNCTIONS)] == GIVEN
        assert await owner.fetch(FUNCTIONS) == []
        assert await refused(runtime, "SELECT log.refusals(NULL, '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}')")
        assert await runtime.fetchval("SELECT log.position_before(NULL, now())") == 0


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_becomes_no_other_role_and_makes_nothing(service: str, fresh_database: FreshDatabase) -> None:
    async with connected((await fresh_database(service)).dsn) as connection:
        for statement in (
            f"SET ROLE {service}_log",
            f"SET ROLE {service}_owner",
            "SET ROLE postgres",
            "CREATE SCHEMA mine",
            "CREATE TABLE log.mine (n integer)",
            "CREATE TABLE public.mine (n integer)",
            "CREATE FUNCTION log.mine() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
            "ALTER FUNCTION log.position_before SECURITY DEFINER",
            "SET session_replication_role = replica",
        ):
            assert await refused(connection, statement), statement
