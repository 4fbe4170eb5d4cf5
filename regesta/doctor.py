"""The doctor: looks at a service's database, and the topics it uses, for what could lose, slow or confuse what is recorded there."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from time import perf_counter

import asyncpg

from regesta import clock, findings
from regesta.bus import Standstill
from regesta.database import Connection, applied, excess_rights, migrations, pending
from regesta.errors import Misconfigured
from regesta.findings import SETTINGS, Finding
from regesta.outage import passes
from regesta.runtime import Service
from regesta.settings import Settings

CONNECT_SECONDS = 5.0
# The writer and the listener of a process have connections beside its pool.
BESIDE_POOL = 2
CLOCK_SAMPLES = 5
COMMITS = 25
UNITS = {"8kB": 8 * 1024, "kB": 1024, "MB": 1024 * 1024}
NUMBERS = ("max_connections", "superuser_reserved_connections", "reserved_connections")
SIZES = ("shared_buffers", "max_wal_size")
OTHERS = ("server_version_num", "wal_sync_method")

READ_SETTINGS = "SELECT name, setting, unit FROM pg_settings WHERE name = ANY ($1::text[])"
READ_CONNECTIONS = """
SELECT count(*) FROM pg_stat_activity WHERE usename IS NOT NULL AND datname IS NOT NULL AND usename <> current_user
"""
READ_COLLATION = """
SELECT datcollate, datcollversion, pg_database_collation_actual_version(oid) FROM pg_database
WHERE datname = current_database()
"""
READ_SIZE = "SELECT pg_database_size(current_database())"
# A durable commit that leaves no row: a message in the log of the server, which nobody reads.
COMMIT = "SELECT pg_logical_emit_message(true, 'regesta', 'doctor')"


@dataclass(frozen=True, slots=True)
class Target:
    """What is examined. dsn: of the role that runs. files: the migrations of this release. folder: of an embedded database.

    kafka: the settings of a broker, where one carries the events; logs: whose topics are looked at then.
    """

    service: str
    dsn: str
    pool_size: int
    files: Sequence[Path]
    folder: Path | None = None
    kafka: Settings | None = None
    logs: Sequence[str] = ()


def target_of(service: Service, settings: Settings) -> Target:
    """Return what is examined of a service that runs with these settings."""
    dsn = settings.database_url.get_secret_value()
    kafka = settings if settings.carrier == "kafka" else None
    files, logs = migrations(service.migrations), (service.name, *service.sources)
    return Target(service.name, dsn, settings.pool_size, files, kafka=kafka, logs=logs)


async def examine(target: Target) -> list[Finding]:
    """Return what was found of one service's database, and of the topics it uses. Raises Misconfigured."""
    return [*await _database(target), *([] if target.kafka is None else await _topics(target.kafka, target.logs))]


async def _topics(settings: Settings, logs: Sequence[str]) -> list[Finding]:
    from regesta import broker, topics  # noqa: PLC0415 - who uses feeds does without aiokafka

    cluster = broker.broker_of(settings)
    found = []
    for name in map(cluster.topic, logs):
        try:
            await topics.check_topic(cluster, name)
            found.append(findings.topic(name, None))
        except Standstill as error:
            found.append(findings.topic(name, str(error)))
    return found


async def _database(target: Target) -> list[Finding]:
    """Return what was found of the database; that it does not answer, when it does not."""
    try:
        db = await asyncpg.connect(target.dsn, timeout=CONNECT_SECONDS)
        try:
            return [found async for found in _examined(db, target)]
        finally:
            await db.close()
    except Exception as error:
        if not passes(error) and not isinstance(error, ValueError):  # the latter of an address that is none
            raise
        return [findings.no_database(error)]


async def _examined(db: Connection, target: Target) -> AsyncIterator[Finding]:
    rows = await db.fetch(READ_SETTINGS, [*SETTINGS, *NUMBERS, *SIZES, *OTHERS])
    values = {row["name"]: row["setting"] for row in rows}
    sizes = {row["name"]: int(row["setting"]) * UNITS[row["unit"]] for row in rows if row["name"] in SIZES}
    yield findings.version(int(values["server_version_num"]))
    for name in SETTINGS:
        yield findings.setting(name, values[name])
    yield findings.sync_method(values["wal_sync_method"], await db.fetchval("SELECT version()"))
    yield findings.buffers(sizes["shared_buffers"])
    limit, *reserved = (int(values.get(name, 0)) for name in NUMBERS)
    others = await db.fetchval(READ_CONNECTIONS)
    yield findings.connections(limit - sum(reserved), target.pool_size + BESIDE_POOL, others)
    yield findings.collation(*(await db.fetchrow(READ_COLLATION) or ()))
    yield findings.clocks(await _ahead_seconds(db))
    newest = await clock.newest(db, target.service)
    if newest is not None:
        yield findings.newest_event(newest.event, newest.seconds)
    free = None if target.folder is None else shutil.disk_usage(target.folder).free
    yield findings.disk(free, await db.fetchval(READ_SIZE), sizes["max_wal_size"])
    yield findings.commits(await _commit_seconds(db))
    yield findings.rights(await excess_rights(db, target.service))
    yield await _migrations(db, target)


async def _ahead_seconds(db: Connection) -> float:
    """Return by how much the database's clock is ahead of this machine's, from the sample that took least time."""
    samples: list[tuple[timedelta, float]] = []
    for _ in range(CLOCK_SAMPLES):
        before = datetime.now(UTC)
        theirs = await db.fetchval("SELECT clock_timestamp()")
        took = datetime.now(UTC) - before
        samples.append((took, (theirs - (before + took / 2)).total_seconds()))
    return min(samples)[1]


async def _commit_seconds(db: Connection) -> float:
    """Return how long a durable commit takes: the median of some, one after the other."""
    took = []
    for _ in range(COMMITS):
        began = perf_counter()
        await db.execute(COMMIT)
        took.append(perf_counter() - began)
    return median(took)


async def _migrations(db: Connection, target: Target) -> Finding:
    try:
        missing = await pending(db, target.service, target.files)
    except Misconfigured as error:
        return findings.other_release(str(error))
    return findings.migrations(len(await applied(db)), missing)
