"""Compares what services that run apart hold: the logs, the replicas of them, and the read models with what the logs give."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Mapping
from typing import Final, TypeAlias

import asyncpg

from cli.installation import services
from tests.conftest import as_administrator
from tests.system.apart import Apart

COLUMNS: Final = "position, stream, version, type, time, meta::text, data::text"
LOG: Final = f"SELECT {COLUMNS} FROM log.events ORDER BY position"
REPLICA: Final = f"SELECT {COLUMNS} FROM log.replicas WHERE source = $1 ORDER BY position"
HEAD: Final = "SELECT coalesce(max(position), 0) FROM log.events"
REPLICATED: Final = "SELECT source, head FROM log.sources"
CHECKPOINTS: Final = "SELECT schema, source, position FROM projections.checkpoints WHERE live"
BUILDS: Final = "SELECT schema FROM projections.checkpoints WHERE live AND projection = $1 AND version = $2"
ROWS: Final = "SELECT t::text FROM {schema}.{table} AS t ORDER BY 1"

CAUGHT_UP_SECONDS: Final = 60.0
LOOK_SECONDS: Final = 0.05

ReadModels: TypeAlias = Mapping[str, list[str]]


async def rows(apart: Apart, service: str, query: str, *values: object) -> list[asyncpg.Record]:
    """Return the rows of a query on a service's database."""
    connection = await asyncpg.connect(apart.database.dsn(service))
    try:
        found: list[asyncpg.Record] = await connection.fetch(query, *values)
    finally:
        await connection.close()
    return found


async def execute(apart: Apart, service: str, statement: str) -> None:
    """Run a statement on a service's database as the server's administrator."""
    connection = await asyncpg.connect(as_administrator(apart.database, service))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def behind(apart: Apart) -> list[str]:
    """Return what is not at the head of its log: replicas, read models and reactions."""
    heads = {service.name: (await rows(apart, service.name, HEAD))[0][0] for service in services()}
    found = []
    for service in services():
        held = {row["source"]: row["head"] for row in await rows(apart, service.name, REPLICATED)}
        reached = [(f"the replica of {source}", source, held.get(source, 0)) for source in service.sources]
        reached += [tuple(row) for row in await rows(apart, service.name, CHECKPOINTS)]
        found += [f"{service.name}, {what}: {at} of {heads[of]}" for what, of, at in reached if at < heads[of]]
    return found


async def caught_up(apart: Apart) -> None:
    """Return once everything is at the head of its log; what still is not is named."""
    ends_at = asyncio.get_running_loop().time() + CAUGHT_UP_SECONDS
    while left := await behind(apart):
        assert asyncio.get_running_loop().time() < ends_at, left
        await asyncio.sleep(LOOK_SECONDS)


async def read_models(apart: Apart, name: str) -> ReadModels:
    """Return the rows of the live read models of a service, by table."""
    found = {}
    for projection in services([name])[0].projections:
        ((schema,),) = await rows(apart, name, BUILDS, projection.name, projection.version)
        for table in projection.tables:
            of_table = await rows(apart, name, ROWS.format(schema=schema, table=table))
            found[table] = [row[0] for row in of_table]
    return found


async def check_logs(apart: Apart) -> dict[str, list[asyncpg.Record]]:
    """Return all logs. No position or version is missing or there twice, and no time goes back."""
    logs = {}
    for service in services():
        logs[service.name] = log = await rows(apart, service.name, LOG)
        assert [row["position"] for row in log] == list(range(1, len(log) + 1)), service.name
        assert [row["time"] for row in log] == sorted(row["time"] for row in log), service.name
        versions: dict[str, list[int]] = {}
        for row in log:
            versions.setdefault(row["stream"], []).append(row["version"])
        wrong = [stream for stream, of in versions.items() if of != list(range(1, len(of) + 1))]
        assert not wrong, (service.name, wrong)
    return logs


async def check_replicas(apart: Apart, logs: Mapping[str, list[asyncpg.Record]]) -> None:
    """Every replica is its source's log."""
    for service in services():
        for source in service.sources:
            assert await rows(apart, service.name, REPLICA, source) == logs[source], (service.name, source)


async def check_read_models(apart: Apart) -> None:
    """Every read model holds the rows that its log gives when it is folded anew."""
    for service in services():
        try:
            await asyncio.to_thread(apart.run, service.name, "rebuild")
        except subprocess.CalledProcessError as error:
            raise AssertionError(f"{service.name}: {error.stdout} {error.stderr}") from error


async def check(apart: Apart) -> dict[str, list[asyncpg.Record]]:
    """Return all logs, once everything has caught up with them and was compared."""
    await caught_up(apart)
    logs = await check_logs(apart)
    await check_replicas(apart, logs)
    await check_read_models(apart)
    return logs
