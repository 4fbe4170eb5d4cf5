"""How much disk an event takes: in the log of its service, in a topic, in a replica, and in the read models of reporting."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg

from services.reporting.app import SERVICE
from tests.bench.ground import Ground, seen
from tests.bench.growing import grow
from tests.bench.letter import fold, imported, opened
from tests.bench.relaying import prepared, size_of
from tests.bench.rows import Row
from tests.bench.serving import everything
from tests.conftest import Database, execute

OBJECTIVES = 2_000
EVENTS = 200_000
# Each event of a replica, once more as its own service holds it, with the key of a command of its own.
AS_RECORDED = """
WITH taken AS (
    SELECT *, row_number() OVER (ORDER BY source, position) AS place, gen_random_uuid() AS unit FROM log.replicas
), keys AS (
    INSERT INTO log.keys SELECT 'subject', unit::text, sha256(unit::text::bytea), unit, place, 1, place, time FROM taken
)
INSERT INTO log.events SELECT place, source || '/' || stream, version, type, time, unit, meta, data FROM taken
"""
SIZES = """
SELECT n.nspname || '.' || c.relname AS name, pg_total_relation_size(c.oid) AS bytes
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema')
"""
LOG = {"log.events", "log.keys"}
REPLICA = {"log.replicas"}


async def rows(ground: Ground) -> AsyncIterator[Row]:
    """Yield the rows of disk, all with their indexes."""
    async with everything(ground) as running:
        sample = await imported(running)
    events = ground.size(EVENTS, 3_000)
    async with ground.database("reporting") as database:
        await grow(database, sample, ground.size(OBJECTIVES, 50), events)
        async with opened(database) as store:
            ground.say(f"folding {events:,} events")
            await fold(store)
            in_topic = sum([size_of(await prepared(store, source)) for source in SERVICE.sources])
        await execute(database.admin_dsn, AS_RECORDED)
        sizes = await tables(database)
    of_log, of_replica = (sum(sizes[name] for name in names) for names in (LOG, REPLICA))
    models = sum(sizes.values()) - of_log - of_replica
    for name, size in (("log, with its key", of_log), ("replica", of_replica), ("read models of reporting", models)):
        yield Row(f"disk of an event: {name}", seen(size / events), "bytes", starting_rows=events)
    yield Row("disk of an event: topic, each copy", seen(in_topic / events), "bytes", starting_rows=events)


async def tables(database: Database) -> dict[str, int]:
    """Return the bytes of each table, with its indexes."""
    connection = await asyncpg.connect(database.admin_dsn)
    try:
        return {row["name"]: row["bytes"] for row in await connection.fetch(SIZES)}
    finally:
        await connection.close()
