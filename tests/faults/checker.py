"""Compares what services that run apart hold: the logs, the replicas of them, and the read models with what the logs give."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

import asyncpg

from cli.installation import services
from cli.tokens import SERVICES
from tests import conftest
from tests.conftest import as_administrator
from tests.faults.users import LINE, YEAR, Told
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

# What users.open_all records, and what services record by themselves.
SET_UP: Final = Counter({"policy-note-opened.v1": 1, "budget-line-opened.v1": 1, "credits-voted.v1": 2})
DAY: Final = "day-started.v1"
REACHED: Final = "milestone-reached.v1"
CONSUMED: Final = "credit-consumed.v1"
SUM: Final = "SELECT total_cents FROM {schema}.ledger_totals WHERE type = $1 ORDER BY from_position DESC LIMIT 1"

ReadModels: TypeAlias = Mapping[str, list[str]]
Logs: TypeAlias = Mapping[str, Sequence[asyncpg.Record]]


async def rows(apart: Apart, service: str, query: str, *values: object) -> list[asyncpg.Record]:
    """Return the rows of a query on a service's database."""
    connection = await asyncpg.connect(apart.server(service).dsn(service))
    try:
        found: list[asyncpg.Record] = await connection.fetch(query, *values)
    finally:
        await connection.close()
    return found


async def execute(apart: Apart, service: str, *statements: str) -> None:
    """Run statements on a service's database as the server's administrator, each by itself."""
    await conftest.execute(as_administrator(apart.server(service), service), *statements)


async def heads_of(apart: Apart) -> dict[str, int]:
    """Return how far each log reaches."""
    return {service.name: (await rows(apart, service.name, HEAD))[0][0] for service in services()}


async def behind(apart: Apart, heads: Mapping[str, int]) -> list[str]:
    """Return what has not reached these positions of the logs: replicas, read models and reactions."""
    found = []
    for service in services():
        held = {row["source"]: row["head"] for row in await rows(apart, service.name, REPLICATED)}
        reached = [(f"the replica of {source}", source, held.get(source, 0)) for source in service.sources]
        reached += [tuple(row) for row in await rows(apart, service.name, CHECKPOINTS)]
        found += [f"{service.name}, {what}: {at} of {heads[of]}" for what, of, at in reached if at < heads[of]]
    return found


async def caught_up(apart: Apart) -> None:
    """Return once everything is at the head that its log has now; what still is not is named."""
    heads = await heads_of(apart)
    ends_at = asyncio.get_running_loop().time() + CAUGHT_UP_SECONDS
    while left := await behind(apart, heads):
        assert asyncio.get_running_loop().time() < ends_at, left
        await asyncio.sleep(LOOK_SECONDS)


async def schema_of(apart: Apart, service: str, projection: str) -> str:
    """Return where the tables of a live read model are."""
    (version,) = (each.version for each in services([service])[0].projections if each.name == projection)
    ((schema,),) = await rows(apart, service, BUILDS, projection, version)
    return str(schema)


async def read_models(apart: Apart, name: str) -> ReadModels:
    """Return the rows of the live read models of a service, by table."""
    found = {}
    for projection in services([name])[0].projections:
        schema = await schema_of(apart, name, projection.name)
        for table in projection.tables:
            of_table = await rows(apart, name, ROWS.format(schema=schema, table=table))
            found[table] = [row[0] for row in of_table]
    return found


async def check_logs(apart: Apart) -> Logs:
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


async def check_replicas(apart: Apart, logs: Logs) -> None:
    """Every replica is its source's log."""
    for service in services():
        for source in service.sources:
            assert await rows(apart, service.name, REPLICA, source) == logs[source], (service.name, source)


async def check_read_models(apart: Apart, names: Sequence[str] = SERVICES) -> None:
    """Every read model of some services, or all, holds the rows that its log gives when it is folded anew."""
    await asyncio.gather(*(asyncio.to_thread(_rebuild, apart, service.name) for service in services(names)))


def _rebuild(apart: Apart, service: str) -> None:
    try:
        apart.run(service, "rebuild")
    except subprocess.CalledProcessError as error:
        raise AssertionError(f"{service}: {error.stdout} {error.stderr}") from error


def check_told(logs: Logs, told: Told) -> None:
    """What was acknowledged is recorded, each command once, and nothing else is but what nobody sent."""
    recorded = {f"{service}:{row['position']}": row for service, log in logs.items() for row in log}
    named = [(path, name) for (_, path), names in told.recorded.items() for name in names]
    assert len({name for _, name in named}) == len(named)
    for path, name in named:
        assert name in recorded, (path, name)
        # Its ids and references; other parts are words.
        parts = [part for part in path.split("/") if any(each.isdigit() for each in part)]
        assert all(part in recorded[name]["stream"] + recorded[name]["data"] for part in parts), (path, recorded[name])
    left = [recorded[name] for name in recorded.keys() - {name for _, name in named} - told.planted]
    assert Counter(row["type"] for row in left if row["type"] in SET_UP) == SET_UP
    reached = sorted(row["stream"] for row in left if row["type"] == REACHED)
    assert reached == sorted(f"dossier/{dossier}" for dossier in told.advanced)
    unknown = Counter(row["type"] for row in left) - Counter({DAY: len(left), REACHED: len(reached)}) - SET_UP
    assert not unknown, unknown


async def check_totals(apart: Apart, logs: Logs, told: Told) -> None:
    """What was paid is what the ledger says: in the log, in budget and in reporting."""
    consumed = [json.loads(row["data"]) for row in logs["budget"] if row["type"] == CONSUMED]
    folded = {(each["commitment"], each["payment"]): each["amount_cents"] for each in consumed}
    assert len(folded) == len(consumed)
    assert folded == told.paid
    with apart.client("budget") as client:
        year = client.get(f"/budget/v1/lines/{LINE}/years/{YEAR}").json()
    assert year["ledger"]["liquidation"]["used"]["cents"] == sum(folded.values())
    sums = await rows(apart, "reporting", SUM.format(schema=await schema_of(apart, "reporting", "ledgers")), CONSUMED)
    assert [row["total_cents"] for row in sums] == [sum(folded.values())]


async def settled(apart: Apart) -> None:
    """Return once nothing is recorded any more, by reactions either, and everything is at the heads."""
    before: dict[str, int] = {}
    while before != (before := await heads_of(apart)):
        await caught_up(apart)


async def check(apart: Apart, told: Told) -> None:
    """Compare all but the rows of read models, once everything has caught up."""
    await settled(apart)
    logs = await check_logs(apart)
    await check_replicas(apart, logs)
    check_told(logs, told)
    await check_totals(apart, logs, told)
