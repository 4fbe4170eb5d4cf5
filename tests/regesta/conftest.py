"""Stores, deciders and a running service for the kernel's tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TypeAlias
from uuid import uuid4

import asyncpg
import pytest

from regesta.broker import Broker
from regesta.decider import Decider
from regesta.event import Registry
from regesta.store import PostgresStore
from regesta.testing import MemoryStore
from regesta.unit import Store
from tests.conftest import NEW_LOG, Database, FreshDatabase, Templates
from tests.regesta import jars
from tests.regesta.deciding import Start
from tests.regesta.serving import Issuer, Served, migrated, served, settings_of

OpenStore: TypeAlias = Callable[[Database], Awaitable[PostgresStore]]


EMPTY = """
DELETE FROM log.events; DELETE FROM log.keys; DELETE FROM log.replicas; DELETE FROM log.sources; DELETE FROM log.turns;
DELETE FROM projections.checkpoints; DELETE FROM projections.parked; DELETE FROM projections.dropped;
DELETE FROM projections.rebuilds; DELETE FROM log.closed; DELETE FROM log.forks; DELETE FROM log.adoptions;
DELETE FROM log.documents; DELETE FROM bus.relay; DELETE FROM bus.offsets; DELETE FROM bus.seals; DELETE FROM bus.findings; DELETE FROM projections.unknown_types;
ALTER TABLE log.events DISABLE TRIGGER closed;
"""
EMPTY_JARS = "DELETE FROM levels_v1.levels"


class Reused:
    """Databases that tests have used: to empty one for the next test is much faster than to make it."""

    def __init__(self, templates: Templates) -> None:
        self._templates = templates
        self._free: dict[str, list[Database]] = {}

    async def take(self, service: str) -> Database:
        """Return an empty database with a log of its own; one of jars has its read models."""
        free = self._free.setdefault(service, [])
        if not free:
            database = await self._templates.copy(service)
            return await migrated(database) if service == "jars" else database
        database = free.pop()
        admin = await asyncpg.connect(database.admin_dsn)
        try:
            await admin.execute(EMPTY + NEW_LOG + (f"; {EMPTY_JARS}" if service == "jars" else ""))
        finally:
            await admin.close()
        return database

    def give_back(self, service: str, database: Database) -> None:
        """Take back a database that nobody uses any more."""
        self._free[service].append(database)


@pytest.fixture(autouse=True)
def current_health(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `/readyz` look each time: a test asks right after it changed something."""
    monkeypatch.setattr("regesta.health.KEEP_SECONDS", 0.0)


@pytest.fixture(scope="session")
def reused(templates: Templates) -> Reused:
    return Reused(templates)


@pytest.fixture
async def reused_database(reused: Reused) -> AsyncIterator[FreshDatabase]:
    """Return a function that gives an empty database of a service, for this test alone."""
    taken: list[tuple[str, Database]] = []

    async def take(service: str) -> Database:
        taken.append((service, await reused.take(service)))
        return taken[-1][1]

    yield take
    for service, database in taken:
        reused.give_back(service, database)


@pytest.fixture
async def open_store() -> AsyncIterator[OpenStore]:
    """Return a function that opens a store on a database; all are closed when the test ends."""
    async with AsyncExitStack() as stack:

        async def opened(database: Database) -> PostgresStore:
            return await stack.enter_async_context(PostgresStore("jars", database.dsn, jars.REGISTRY, pool_size=4))

        yield opened


@pytest.fixture
async def postgres_store(reused_database: FreshDatabase, open_store: OpenStore) -> PostgresStore:
    """Return an open store on a new database."""
    return await open_store(await reused_database("jars"))


@pytest.fixture
async def two_stores(reused_database: FreshDatabase, open_store: OpenStore) -> list[PostgresStore]:
    """Return two stores, as of two processes, on one database."""
    database = await reused_database("jars")
    return [await open_store(database), await open_store(database)]


@pytest.fixture
def memory_store() -> MemoryStore:
    return MemoryStore("jars", Registry(jars.EVENTS))


@pytest.fixture
def broker(kafka: str) -> Broker:
    """Give the session's broker, with topics for this test alone."""
    return Broker(kafka, f"test-{uuid4().hex[:12]}", {})


@pytest.fixture
def issuer(tmp_path: Path) -> Issuer:
    return Issuer(tmp_path)


@pytest.fixture
async def jars_service(reused_database: FreshDatabase, issuer: Issuer) -> AsyncIterator[Served]:
    """Serve jars on a new database."""
    database = await reused_database("jars")
    async with served(jars.SERVICE, settings_of(database, issuer), issuer) as running:
        yield running


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Return a function that runs a decider over a store until the test ends."""
    async with AsyncExitStack() as stack:

        async def started(store: Store) -> Decider:
            decider = Decider(store, [jars.AGGREGATE], jars.RULES)
            task = asyncio.create_task(decider.run())
            stack.push_async_callback(asyncio.wait, [task])
            stack.callback(task.cancel)
            await asyncio.sleep(0)
            return decider

        yield started


@pytest.fixture(params=["memory", "postgres"])
def store(request: pytest.FixtureRequest) -> Store:
    """Return each kind of store in turn."""
    found: Store = request.getfixturevalue(f"{request.param}_store")
    return found


@pytest.fixture
async def decider(store: Store, start: Start) -> Decider:
    return await start(store)
