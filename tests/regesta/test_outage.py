"""What passes is told from what does not, and ends no task."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from regesta.errors import Busy, Misconfigured
from regesta.outage import addressing, answering, is_lost, passes, public, reaching
from tests.conftest import Database, FreshDatabase

NO_ADDRESS = "jars:secret@nowhere"


@pytest.fixture
async def database(reused_database: FreshDatabase) -> Database:
    return await reused_database("jars")


async def test_a_closed_connection_is_lost_and_a_wrong_statement_is_not(database: Database) -> None:
    connection = await asyncpg.connect(database.dsn)
    with pytest.raises(asyncpg.InterfaceError) as wrong:
        await connection.fetchval("SELECT $1::int", 1, 2)
    with pytest.raises(asyncpg.PostgresError) as missing:
        await connection.fetchval("SELECT 1 FROM nothing")
    await connection.close()
    with pytest.raises(asyncpg.InterfaceError) as closed:
        await connection.fetchval("SELECT 1")
    assert [is_lost(each.value) for each in (wrong, missing, closed)] == [False, False, True]
    assert [passes(each.value) for each in (wrong, missing, closed)] == [True, True, True]


@pytest.mark.parametrize(
    "error", [ConnectionResetError, TimeoutError, asyncpg.InternalClientError, asyncpg.AdminShutdownError]
)
def test_what_comes_of_a_lost_connection_passes(error: type[Exception]) -> None:
    assert passes(error("gone"))
    with pytest.raises(Busy), answering():
        raise error("gone")


@pytest.mark.parametrize("error", [KeyError, ValueError, asyncio.CancelledError, ZeroDivisionError])
def test_a_fault_of_ours_does_not_pass(error: type[BaseException]) -> None:
    assert not passes(error("a fault"))
    with pytest.raises(error), answering():
        raise error("a fault")


async def test_only_an_address_that_is_none_is_told_as_such() -> None:
    with pytest.raises(Misconfigured, match="has no address such as") as told, reaching(NO_ADDRESS), addressing():
        await asyncpg.connect(NO_ADDRESS)
    assert "secret" not in str(told.value)
    assert type(told.value) is Misconfigured
    with pytest.raises(ValueError, match="of ours"), reaching(NO_ADDRESS):
        raise ValueError("a fault of ours")


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("SELECT 1 FROM nothing", 'UndefinedTableError: relation "nothing" does not exist'),
        ("SELECT 'secret'::int", "InvalidTextRepresentationError 22P02"),
        (
            "INSERT INTO levels_v1.levels VALUES ('secret', 1, '', 2, NULL), ('secret', 1, '', 2, NULL)",
            "UniqueViolationError 23505",
        ),
        ("DO $$BEGIN RAISE 'secret'; END$$", "RaiseError P0001"),
    ],
)
async def test_what_anybody_may_see_of_an_error_quotes_no_fact(database: Database, statement: str, said: str) -> None:
    connection = await asyncpg.connect(database.dsn)
    try:
        with pytest.raises(asyncpg.PostgresError) as refused:
            await connection.execute(statement)
    finally:
        await connection.close()
    assert public(refused.value) == said
    assert public(KeyError("secret")) == "KeyError"
    assert public(ConnectionResetError("reset by peer")) == "ConnectionResetError: reset by peer"
