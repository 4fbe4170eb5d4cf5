"""Rebuilds: what an operator asks for, and how far it is. The work is the rebuilder's.

A rebuild fills a build of the same version beside the live one, from the first event on; what it has done is in the database,
so that any process goes on with it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

import asyncpg
from pydantic import BaseModel, TypeAdapter

from regesta.checkpoint import names
from regesta.comparison import Difference
from regesta.database import Connection as Db
from regesta.projection import Projection

RebuildState = Literal["filling", "differs", "swapped", "done", "given up"]
DIFFERENCES = TypeAdapter(list[Difference])

# Who asks for the same waits here.
LOCK_LIVE = """
SELECT schema, position FROM projections.checkpoints
WHERE projection = $1 AND source = $2 AND version = $3 AND live FOR UPDATE
"""
READ_OPEN = """
SELECT number, state, schema FROM projections.rebuilds
WHERE projection = $1 AND source = $2 AND version = $3 AND state IN ('filling', 'differs')
"""
ADD = """
INSERT INTO projections.rebuilds (projection, source, version, schema, accept, asked_by) VALUES ($1, $2, $3, '', $4, $5)
RETURNING number
"""
MAKE = "UPDATE projections.rebuilds SET schema = projections.make_build($2, $1) WHERE number = $1 RETURNING schema"
ADD_CHECKPOINT = """
INSERT INTO projections.checkpoints (projection, source, version, position, schema, live)
VALUES ($1, $2, $3, 0, $4, false)
"""
GO_ON = "UPDATE projections.rebuilds SET state = 'filling', accept = accept OR $2, ended_at = NULL WHERE number = $1"
GIVE_UP = "UPDATE projections.rebuilds SET state = 'given up', ended_at = clock_timestamp() WHERE number = $1"
FORGET = """
WITH parked AS (DELETE FROM projections.parked WHERE schema = $1)
DELETE FROM projections.checkpoints WHERE schema = $1 AND NOT live
"""
READ = """
SELECT number, projection, source, version, schema AS build, old_schema AS old_build, state, accept, asked_by, asked_at, ended_at,
       coalesce(mine.position, 0) AS position, coalesce(live.position, 0) AS wanted, compared_at, differences
FROM projections.rebuilds
LEFT JOIN (SELECT schema, position FROM projections.checkpoints) AS mine USING (schema)
LEFT JOIN (SELECT projection, source, version, position FROM projections.checkpoints WHERE live) AS live USING (projection, source, version)
"""
READ_NEWEST = (
    f"SELECT DISTINCT ON (projection, version) * FROM ({READ}) AS asked ORDER BY projection, version, number DESC"
)
READ_ONE = f"{READ} WHERE number = $1"
READ_TO_DO = f"""{READ}
JOIN unnest($1::text[], $2::integer[]) AS these (projection, version) USING (projection, version)
WHERE state IN ('filling', 'swapped') ORDER BY number
"""


class Rebuild(BaseModel):
    """A rebuild of one version of a read model.

    state: filling until the new build is compared; differs: it waits for somebody to accept it; swapped: it is the live one, done:
    and the old one is gone; given up: another was asked for instead.
    build, old_build: the schemas of the new one and of the one whose place it took. accept: it takes it even if they differ.
    position: of the new build; wanted: of the live one. compared_at: the position at which they were compared.
    """

    number: int
    projection: str
    source: str
    version: int
    build: str
    old_build: str | None
    state: RebuildState
    accept: bool
    asked_by: str
    asked_at: datetime
    ended_at: datetime | None
    position: int
    wanted: int
    compared_at: int | None
    differences: list[Difference]

    @property
    def ended(self) -> bool:
        """Whether nothing more happens by itself but that the old build goes."""
        return self.state != "filling"


async def ask(pool: asyncpg.Pool, projection: Projection, by: str, *, accept: bool = False) -> Rebuild:
    """Return the rebuild of a read model that now goes on: a new one, or the one that is under way.

    accept: make the new build the live one even if it differs; one that was found to differ then goes on to that. Without it
    such a one is given up, and a new one begun.
    """
    mine = projection.name, projection.source, projection.version
    async with pool.acquire() as db, db.transaction():
        await db.execute(LOCK_LIVE, *mine)
        known = await db.fetchrow(READ_OPEN, *mine)
        if known is not None and (accept or known["state"] == "filling"):
            await db.execute(GO_ON, known["number"], accept)
            return await read(db, known["number"])
        if known is not None:
            await db.execute(GIVE_UP, known["number"])
            await unmake(db, known["schema"])
        number = await db.fetchval(ADD, *mine, accept, by)
        schema = await db.fetchval(MAKE, number, projection.schema)
        await db.execute(ADD_CHECKPOINT, *mine, schema)
        return await read(db, number)


async def unmake(db: Db, schema: str) -> None:
    """Take away a build that is not the live one, in a transaction."""
    await db.execute(FORGET, schema)
    await db.execute("SELECT projections.drop_build($1)", schema)


async def read(db: Db | asyncpg.Pool, number: int) -> Rebuild:
    """Return a rebuild. Raises LookupError when there is none of this number."""
    row = await db.fetchrow(READ_ONE, number)
    if row is None:
        raise LookupError(f"no rebuild {number}")
    return _rebuild(row)


async def newest(db: Db | asyncpg.Pool) -> list[Rebuild]:
    """Return the last rebuild of each version of a read model for which one was ever asked."""
    return [_rebuild(row) for row in await db.fetch(READ_NEWEST)]


async def to_do(pool: asyncpg.Pool, projections: Iterable[Projection]) -> list[Rebuild]:
    """Return the rebuilds of these versions that somebody must work on, oldest first."""
    return [_rebuild(row) for row in await pool.fetch(READ_TO_DO, *names(projections))]


def _rebuild(row: asyncpg.Record) -> Rebuild:
    return Rebuild(**dict(row) | {"differences": DIFFERENCES.validate_json(row["differences"] or "[]")})
