"""Stores, deciders and a running service for the kernel's tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TypeAlias

import pytest

from regesta.event import Registry
from regesta.store import PostgresStore
from regesta.testing import MemoryStore
from tests.conftest import Database, FreshDatabase
from tests.regesta import jars
from tests.regesta.serving import Issuer, Served, migrated, served, settings_of

pytest.register_assert_rewrite("regesta.suites")

OpenStore: TypeAlias = Callable[[Database], Awaitable[PostgresStore]]


@pytest.fixture
async def open_store() -> AsyncIterator[OpenStore]:
    """Return a function that opens a store on a database; all are closed when the test ends."""
    async with AsyncExitStack() as stack:

        async def opened(database: Database) -> PostgresStore:
            return await stack.enter_async_context(PostgresStore("jars", database.dsn, jars.REGISTRY, pool_size=4))

        yield opened


@pytest.fixture
async def postgres_store(fresh_database: FreshDatabase, open_store: OpenStore) -> PostgresStore:
    """Return an open store on a new database."""
    return await open_store(await fresh_database("jars"))


@pytest.fixture
async def two_stores(fresh_database: FreshDatabase, open_store: OpenStore) -> list[PostgresStore]:
    """Return two stores, as of two processes, on one database."""
    database = await fresh_database("jars")
    return [await open_store(database), await open_store(database)]


@pytest.fixture
def memory_store() -> MemoryStore:
    return MemoryStore("jars", Registry(jars.EVENTS))


@pytest.fixture
def issuer(tmp_path: Path) -> Issuer:
    return Issuer(tmp_path)


@pytest.fixture
async def jars_service(fresh_database: FreshDatabase, issuer: Issuer) -> AsyncIterator[Served]:
    """Serve jars on a new database."""
    database = await migrated(await fresh_database("jars"))
    async with served(jars.SERVICE, settings_of(database, issuer), issuer) as running:
        yield running
