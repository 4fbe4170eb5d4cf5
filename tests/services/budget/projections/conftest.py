from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from regesta.database import Connection
from tests.conftest import FreshDatabase


@pytest.fixture
async def database(fresh_database: FreshDatabase) -> AsyncIterator[Connection]:
    """Return a connection of budget's runtime to a database of its own."""
    connection = await asyncpg.connect((await fresh_database("budget")).dsn)
    yield connection
    await connection.close()
