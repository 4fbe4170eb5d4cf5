"""One embedded PostgreSQL for the session, and fresh databases of any service in it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit

import asyncpg
import pytest
from hypothesis import HealthCheck, settings

import services
from cli.embedded import Embedded
from regesta.database import create_database, create_service, migrate, migrations
from tests.kafka import bootstrap

pytest.register_assert_rewrite("regesta.suites", "tests.faults.checker")

# A busy machine is slow, not wrong.
settings.register_profile("regesta", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("regesta")

NEW_LOG = "UPDATE log.identity SET log = gen_random_uuid()"


@dataclass(frozen=True)
class Database:
    """A migrated database of one service; `dsn` is the runtime's, `admin_dsn` its administrator's."""

    name: str
    dsn: str
    owner_dsn: str
    admin_dsn: str


FreshDatabase: TypeAlias = Callable[[str], Awaitable[Database]]


class Templates:
    """A migrated database per service, made when first asked for, of which fresh ones are copies."""

    def __init__(self, server: Embedded) -> None:
        self.server = server
        self._made: set[str] = set()
        self._numbers = count(1)

    async def copy(self, service: str) -> Database:
        """Return a new copy, with a log of its own."""
        database = self.database(service, f"{service}_{next(self._numbers)}")
        if service not in self._made:
            await create_service(self.server.admin_dsn, service, self.server.passwords(service))
            await migrate(self.server.dsn(service, "owner"), service, migrations_of(service))
            self._made.add(service)
        admin = await asyncpg.connect(self.server.admin_dsn)
        try:
            await create_database(admin, service, database.name, template=service)
        finally:
            await admin.close()
        await execute(database.admin_dsn, NEW_LOG)
        return database

    async def drop(self, database: Database) -> None:
        """Drop a copy, whoever is connected to it."""
        await execute(self.server.admin_dsn, f"DROP DATABASE {database.name} WITH (FORCE)")

    def database(self, service: str, name: str) -> Database:
        """Return the addresses of a service's database of another name."""
        admin = as_administrator(self.server, name)
        runtime, owner = (self.server.dsn(service, role, name) for role in ("runtime", "owner"))
        return Database(name, runtime, owner, admin)


async def execute(dsn: str, *statements: str) -> None:
    """Run statements on a connection of their own, each by itself."""
    connection = await asyncpg.connect(dsn)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


def as_administrator(server: Embedded, database: str) -> str:
    """Return the address of a database for the server's administrator."""
    return urlsplit(server.admin_dsn)._replace(path=f"/{database}").geturl()


def migrations_of(service: str) -> list[Path]:
    """Return the kernel's migrations and those of a service; a service made up by a test has none."""
    return migrations(Path(services.__path__[0]) / service / "migrations")


@pytest.fixture(scope="session")
def short_folder() -> Iterator[Path]:
    """Return a folder whose path is short and open enough for a server of another user."""
    folder = Path(tempfile.mkdtemp(prefix="regesta-test-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgres(short_folder: Path) -> Iterator[Embedded]:
    """Run one server for the session, durable as the demo's."""
    with Embedded(short_folder / "session") as server:
        yield server


@pytest.fixture(scope="session")
def templates(postgres: Embedded) -> Templates:
    """Return the session's templates."""
    return Templates(postgres)


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of the session's broker."""
    with bootstrap(tmp_path_factory.mktemp("kafka") / "nodes") as address:
        yield address


@pytest.fixture
async def fresh_database(templates: Templates) -> AsyncIterator[FreshDatabase]:
    """Return a function that gives a new migrated database of a service; all go when the test ends."""
    made: list[Database] = []

    async def fresh(service: str) -> Database:
        made.append(await templates.copy(service))
        return made[-1]

    yield fresh
    for database in made:
        await templates.drop(database)
