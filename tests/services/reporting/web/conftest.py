"""The four services, once for all tests of a module that only read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio

from services.budget.app import SERVICE as BUDGET
from services.kpi.app import SERVICE as KPI
from services.objectives.app import SERVICE as OBJECTIVES
from services.reporting.app import SERVICE as REPORTING
from tests.conftest import Database, Templates
from tests.services.conftest import Running, start


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def four(templates: Templates, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    """Run the four services on databases of their own until the module's tests are done."""
    async with AsyncExitStack() as stack:

        async def fresh(service: str) -> Database:
            database = await templates.copy(service)
            stack.push_async_callback(templates.drop, database)
            return database

        keys = tmp_path_factory.mktemp("pages") / "keys"
        yield await start(stack, fresh, keys, (OBJECTIVES, KPI, BUDGET, REPORTING))
