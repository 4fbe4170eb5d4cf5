"""The four services on databases of their own, fed with given logs, without anything that records or travels by itself."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias
from uuid import uuid4

import asyncpg
import httpx2
from pydantic import SecretStr

from cli.tokens import ISSUER, Issuer
from regesta.event import Recorded
from regesta.main import create_app
from regesta.runtime import Runtime, Service
from regesta.settings import Settings
from regesta.store import columns_of
from services.budget.app import SERVICE as BUDGET
from services.kpi.app import SERVICE as KPI
from services.objectives.app import SERVICE as OBJECTIVES
from services.reporting.app import SERVICE as REPORTING
from tests.conftest import Database
from tests.services.reporting.past import LOG, Source

Fresh: TypeAlias = Callable[[str], Awaitable[Database]]

SERVICES: Final = (OBJECTIVES, KPI, BUDGET, REPORTING)
COLUMNS: Final = ("position", "stream", "version", "type", "time", "meta", "data", "unit")
REPLICATED: Final = 5_000
HOURS: Final = 12.0
NOWHERE: Final = "http://127.0.0.1:9"


@dataclass
class Part:
    """One service. `runtime` moves only when it is told to; `client` asks it in-process, as somebody who may everything."""

    service: Service
    admin_dsn: str
    runtime: Runtime
    client: httpx2.AsyncClient


@dataclass
class System:
    """Four services that hold the beginnings of three logs. fed: how much of each."""

    parts: Mapping[str, Part]
    fed: dict[Source, int] = field(default_factory=lambda: {"objectives": 0, "kpi": 0, "budget": 0})

    async def feed(self, source: Source, log: Sequence[Recorded], to: int) -> None:
        """Let every service have a log up to a position, and fold it."""
        events = log[self.fed[source] : to]
        if not events:
            return
        self.fed[source] = to
        for part in self.parts.values():
            if part.service.name == source:
                await _write(part.admin_dsn, events)
            elif source in part.service.sources:
                for begin in range(0, len(events), REPLICATED):
                    await part.runtime.store.replicate(LOG[source], events[begin : begin + REPLICATED])
            if source in part.runtime.followers:
                await part.runtime.followers[source].catch_up()
                assert not part.runtime.followers[source].parked, part.runtime.followers[source].parked

    async def feed_all(self, logs: Mapping[Source, Sequence[Recorded]], cut: Mapping[str, int]) -> None:
        """Let every service have all logs up to a cut."""
        for source, log in logs.items():
            await self.feed(source, log, cut[source])


async def _write(admin_dsn: str, events: Sequence[Recorded]) -> None:
    """Put events into a service's own log, as they were recorded: its writer would give them another time."""
    rows = list(zip(*columns_of(events), [uuid4() for _ in events], strict=True))
    connection = await asyncpg.connect(admin_dsn)
    try:
        await connection.copy_records_to_table("events", schema_name="log", columns=COLUMNS, records=rows)
    finally:
        await connection.close()


@asynccontextmanager
async def system(fresh: Fresh, folder: Path) -> AsyncIterator[System]:
    """Run a system on new databases. folder: for the keys of its tokens."""
    issuer = Issuer(folder)
    headers = {"Authorization": f"Bearer {issuer.everything(HOURS)}"}
    async with AsyncExitStack() as stack:
        parts = {}
        for service in SERVICES:
            database = await fresh(service.name)
            if service.name in LOG:
                await _name_log(database.admin_dsn, LOG[service.name])
            settings = Settings(
                database_url=SecretStr(database.dsn),
                issuer=ISSUER,
                jwks=str(issuer.jwks),
                sources=dict.fromkeys(service.sources, NOWHERE),
                token_file=issuer.service_token(service.name, HOURS),
                pool_size=4,
            )
            app = create_app(service, settings, worker=False)
            await stack.enter_async_context(app.router.lifespan_context(app))
            transport = httpx2.ASGITransport(app=app)
            client = httpx2.AsyncClient(transport=transport, base_url="http://regesta.test", headers=headers)
            await stack.enter_async_context(client)
            parts[service.name] = Part(service, database.admin_dsn, app.state.runtime, client)
        yield System(parts)


async def _name_log(admin_dsn: str, log: str) -> None:
    """Give a log the id that its events name."""
    connection = await asyncpg.connect(admin_dsn)
    try:
        await connection.execute("UPDATE log.identity SET log = $1::uuid", log)
    finally:
        await connection.close()
