"""Checkpoints: how far each build of a read model has folded its log, and which build is the one that is read.

The first statement of each transaction reads or moves them, and makes the tables of these builds those that SQL names
without a schema: so all that a transaction reads or writes is of one build, whenever the live one is swapped.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import asyncpg

from regesta.database import Connection as Db
from regesta.errors import DatabaseAway
from regesta.projection import Build, Folding, Projection, search_path
from regesta.unknown import Unknown, note_unknown

ADD_BUILD = """
INSERT INTO projections.checkpoints (projection, source, version, position, schema) VALUES ($1, $2, $3, 0, $4)
ON CONFLICT DO NOTHING
"""
HAS_SCHEMA = "SELECT to_regnamespace($1) IS NOT NULL"
COLUMNS = "projection, source, version, schema, epoch, position, parked, failure"
READ_LIVE = f"SELECT {COLUMNS} FROM projections.checkpoints WHERE source = $1 AND live"
READ_ALL = f"SELECT {COLUMNS} FROM projections.checkpoints WHERE live ORDER BY projection, source, version"
# $1, $2: names and versions. Schemas are named by us, so that nothing must be quoted.
ENTER = """
WITH mine AS MATERIALIZED (
    SELECT source, position, parked, schema FROM projections.checkpoints
    WHERE live AND version = ($2::integer[])[array_position($1::text[], projection)]
)
SELECT source, min(position), max(parked) > 0,
       (SELECT set_config('search_path', string_agg(schema, ', '), true) FROM mine)
FROM mine GROUP BY source
"""
# The guard: of two processes that would fold the same batch one waits here, then finds the checkpoint moved; who read events
# that were given up since finds another epoch. What it returns is the row as it is after the wait, so that a stream parked or
# taken up again meanwhile is seen.
MOVE = """
WITH moved AS (
    UPDATE projections.checkpoints SET position = $2, unknown = unknown + $3
    WHERE schema = ANY ($4::text[]) AND position = $1 AND epoch = ($6::integer[])[array_position($4::text[], schema)]
    RETURNING schema, parked
)
SELECT schema, parked, entered.path FROM moved CROSS JOIN (SELECT set_config('search_path', $5, true) AS path) AS entered
"""


class Overtaken(Exception):
    """Another process moved a checkpoint first, or made another build the live one."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far the live build of a read model is, or a reaction.

    schema: of its tables; of a reaction only a name. epoch: see Build. parked: how many streams stand still in it. failure: why a reaction stands still.
    """

    projection: str
    source: str
    version: int
    schema: str
    epoch: int
    position: int
    parked: int
    failure: str | None


@dataclass(frozen=True, slots=True)
class Reached:
    """What all of some read models of one log have folded. parked: streams of it stand still in one of them."""

    position: int
    parked: bool


@dataclass(frozen=True, slots=True)
class Move:
    """A step of checkpoints: from the position `after` to `to`, past some events of types that are not known."""

    after: int
    to: int
    unknown: Sequence[Unknown]


async def add_builds(pool: asyncpg.Pool, projections: Iterable[Projection]) -> None:
    """Give each version that has none yet a checkpoint at 0, on the tables that its migration made.

    Raises DatabaseAway when there are no such tables.
    """
    for projection in projections:
        if projection.tables and not await pool.fetchval(HAS_SCHEMA, projection.schema):
            raise DatabaseAway(
                f"there is no schema {projection.schema!r} for version {projection.version} of {projection.name!r}: "
                "migrate first, or start the release that the database was migrated to"
            )
        await pool.execute(ADD_BUILD, projection.name, projection.source, projection.version, projection.schema)


async def read_live(pool: asyncpg.Pool, source: str) -> list[Checkpoint]:
    """Return the checkpoints of what follows one log: of all versions, and of reactions."""
    return [Checkpoint(*row) for row in await pool.fetch(READ_LIVE, source)]


async def read_all(pool: asyncpg.Pool) -> list[Checkpoint]:
    """Return all checkpoints of this database but those of builds that are not read yet."""
    return [Checkpoint(*row) for row in await pool.fetch(READ_ALL)]


async def enter(db: Db, projections: Sequence[Projection]) -> dict[str, Reached]:
    """Make the live tables of some read models those that SQL names in this transaction; return how far they are, by log."""
    rows = await db.fetch(ENTER, *names(projections))
    return {source: Reached(position, parked) for source, position, parked, _ in rows}


def names(projections: Iterable[Folding]) -> tuple[list[str], list[int]]:
    """Return names and versions, as two columns."""
    each_one = [(each.name, each.version) for each in projections]
    return [name for name, _ in each_one], [version for _, version in each_one]


async def move(db: Db, builds: Sequence[Build], step: Move) -> dict[str, int]:
    """Move the checkpoints of some builds, and make theirs the tables that SQL names in this transaction.

    Returns how many streams are parked in each, by schema. Raises Overtaken when one does not stand at `after` any more, or events were given up.
    """
    schemas, epochs = [build.schema for build in builds], [build.epoch for build in builds]
    rows = await db.fetch(MOVE, step.after, step.to, len(step.unknown), schemas, search_path(schemas), epochs)
    if len(rows) < len(builds):
        raise Overtaken
    await note_unknown(db, builds[0].projection.source, step.unknown)
    return {row["schema"]: row["parked"] for row in rows}
