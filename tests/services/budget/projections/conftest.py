from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from regesta.database import Connection
from regesta.projection import search_path
from services.budget.app import SERVICE
from tests.conftest import FreshDatabase


@pytest.fixture
async def database(fresh_database: FreshDatabase) -> AsyncIterator[Connection]:
    """Return a connection of budget's runtime to a database of its own."""
    path = search_path([each.schema for each in SERVICE.projections])
    connection = await asyncpg.connect((await fresh_database("budget")).dsn, server_settings={"search_path": path})
    yield connection
    await connection.close()
