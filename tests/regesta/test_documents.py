"""A document is kept as it is, once, and nobody changes it."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from regesta.documents import hash_of, keep, kept
from regesta.errors import DiskFull, NotFound
from tests.conftest import Database, FreshDatabase

DOCUMENT = b'{"a":"\x00\xff"}' * 100_000
FULL = """
CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'full' USING ERRCODE = '53100'; END $$;
CREATE TRIGGER full_disk BEFORE INSERT ON log.documents EXECUTE FUNCTION full_disk()
"""


@pytest.fixture
async def database(reused_database: FreshDatabase) -> Database:
    return await reused_database("jars")


async def test_a_document_is_kept_once_whoever_keeps_it(database: Database) -> None:
    async with asyncpg.create_pool(database.dsn, min_size=1, max_size=4) as pool:
        await asyncio.gather(*(keep(pool, each) for each in [DOCUMENT, b"", DOCUMENT] * 4))
        assert await kept(pool, hash_of(DOCUMENT)) == DOCUMENT
        assert await kept(pool, hash_of(b"")) == b""
        assert await pool.fetchval("SELECT count(*) FROM log.documents") == 2


async def test_what_is_not_kept_is_said(database: Database) -> None:
    async with asyncpg.create_pool(database.dsn, min_size=1, max_size=1) as pool:
        with pytest.raises(NotFound, match=hash_of(DOCUMENT)):
            await kept(pool, hash_of(DOCUMENT))


async def test_a_full_disk_is_said(database: Database) -> None:
    """As PostgreSQL says it; the tablespace of a small disk fills in tests/faults."""
    admin = await asyncpg.connect(database.admin_dsn)
    try:
        await admin.execute(FULL)
        async with asyncpg.create_pool(database.dsn, min_size=1, max_size=1) as pool:
            with pytest.raises(DiskFull, match="no space left for a document of 1000000 bytes"):
                await keep(pool, DOCUMENT)
    finally:
        await admin.execute("DROP FUNCTION full_disk CASCADE")
        await admin.close()


async def test_a_document_is_durable_whatever_the_session_says(database: Database) -> None:
    """As an event is: it is there before the event that names it."""
    connection = await asyncpg.connect(database.dsn, server_settings={"synchronous_commit": "off"})
    try:
        async with connection.transaction():
            await connection.execute("SELECT log.keep($1)", DOCUMENT)
            assert await connection.fetchval("SHOW synchronous_commit") == "on"
    finally:
        await connection.close()
