"""Parking: a stream with an event that cannot be folded stands still in that read model; all others go on.

Only where it stands is stored: what comes behind is in the log, in order.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence

import asyncpg

from regesta.checkpoint import Overtaken, names
from regesta.database import Connection as Db
from regesta.event import Recorded
from regesta.faults import told
from regesta.projection import Build, Projection

# An answer names no more of what is missing in it.
MOST_NAMED = 100

IS_DROPPED = """
SELECT EXISTS (
    SELECT FROM projections.dropped WHERE projection = $1 AND source = $2 AND version = $3 AND position = $4
)
"""
LEAVE_OUT = """
UPDATE projections.checkpoints SET position = $4 WHERE schema = $1 AND epoch = $2 AND position = $3 RETURNING parked
"""
PARK = """
WITH moved AS (
    UPDATE projections.checkpoints SET position = $6, parked = parked + 1
    WHERE schema = $1 AND epoch = $2 AND position = $3 RETURNING parked
), added AS (
    INSERT INTO projections.parked (schema, stream, version, position, error) SELECT $1, $4, $5, $6, $7 FROM moved
)
SELECT parked FROM moved
"""
# $1, $2: names and versions of read models. $3, $4: the cut, by log.
PARKED_UNTIL = """
SELECT DISTINCT source || '/' || stream AS name
FROM projections.parked JOIN projections.checkpoints AS build USING (schema)
JOIN unnest($3::text[], $4::bigint[]) AS cut (source, position) USING (source)
WHERE build.live AND build.version = ($2::integer[])[array_position($1::text[], build.projection)]
AND parked.position <= cut.position ORDER BY 1 LIMIT $5
"""
PARKED_AMONG = (
    "SELECT schema, stream FROM projections.parked WHERE schema = ANY ($1::text[]) AND stream = ANY ($2::text[])"
)

logger = logging.getLogger(__name__)


async def parked_among(db: Db | asyncpg.Pool, builds: Sequence[Build], streams: Iterable[str]) -> set[tuple[str, str]]:
    """Return which of some streams are parked, as (schema, stream)."""
    rows = await db.fetch(PARKED_AMONG, [build.schema for build in builds], list(set(streams)))
    return {(row["schema"], row["stream"]) for row in rows}


async def parked_until(db: Db, projections: Iterable[Projection], cut: Mapping[str, int]) -> set[str]:
    """Return which streams are parked at or before a cut, as log and stream; the first MOST_NAMED of them."""
    rows = await db.fetch(PARKED_UNTIL, *names(projections), list(cut), list(cut.values()), MOST_NAMED)
    return {row["name"] for row in rows}


async def park(pool: asyncpg.Pool, build: Build, after: int, recorded: Recorded, error: Exception) -> int:
    """Move a build past an event that it cannot fold: its stream is parked, unless the event may be left out.

    Returns how many streams are then parked in it. Raises Overtaken when it does not stand at `after` any more, or
    events were given up.
    """
    mine, why = build.projection, told(error)
    if await is_dropped(pool, build, recorded):
        logger.warning("%s leaves out %s, as told: %s", mine.name, recorded.name, why)
        parked: int | None = await pool.fetchval(LEAVE_OUT, build.schema, build.epoch, after, recorded.position)
    else:
        logger.error("%s parks %s at %s: %s", mine.name, recorded.stream, recorded.name, why)
        place = (recorded.stream, recorded.version, recorded.position)
        parked = await pool.fetchval(PARK, build.schema, build.epoch, after, *place, why)
    if parked is None:
        raise Overtaken
    return parked


async def is_dropped(pool: asyncpg.Pool, build: Build, recorded: Recorded) -> bool:
    """Return whether an operator let this version of a read model leave out an event that it cannot fold."""
    mine = build.projection
    dropped: bool = await pool.fetchval(IS_DROPPED, mine.name, mine.source, mine.version, recorded.position)
    return dropped
