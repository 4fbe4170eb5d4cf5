"""Parked streams: what an operator sees of them, and how they are folded after all.

A retry folds the events of the stream from the one that failed on, in order and in pieces, until the build has them all; the
stream then goes on with the others. Rows are fed by one stream each, so they become what they would have been.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from regesta.checkpoint import names
from regesta.database import Connection as Db
from regesta.errors import NotFound
from regesta.event import Recorded, types_of
from regesta.faults import told
from regesta.folding import is_poison
from regesta.parking import is_dropped
from regesta.projection import Build, Folding, search_path
from regesta.readers import ending
from regesta.unit import Store

RETRY_EVENTS = 500

READ = """
SELECT build.projection, source, build.schema, epoch, stream, parked.version, parked.position, error, parked_at, attempts,
       build.position AS reached
FROM projections.parked AS parked JOIN projections.checkpoints AS build USING (schema)
JOIN unnest($1::text[], $2::integer[]) AS mine (name, number) ON (build.projection, build.version) = (mine.name, mine.number)
WHERE build.live
"""
LIST = f"{READ} AND (build.projection, parked.position) > ($4, $5) ORDER BY build.projection, parked.position LIMIT $3"
READ_ONE = f"{READ} AND parked.stream = $3"
# Events of the stream from a version on, up to a position. $4: their types.
WAITING_OWN = """
SELECT count(*) FROM log.events WHERE stream = $1 AND version >= $2 AND position <= $3 AND type = ANY ($4::text[])
"""
WAITING_TAKEN_IN = f"{WAITING_OWN.replace('log.events', 'log.replicas')} AND source = $5"
# The first event of the stream after a version, up to a position.
NEXT_OWN = """
SELECT version, position FROM log.events WHERE stream = $1 AND version > $2 AND position <= $3 ORDER BY version LIMIT 1
"""
NEXT_TAKEN_IN = NEXT_OWN.replace("log.events WHERE", "log.replicas WHERE source = $4 AND")
# The checkpoint first: what the live build folds meanwhile waits, so that the stream is taken up where both have come to.
LOCK = """
SELECT position, set_config('search_path', $2, true) FROM projections.checkpoints WHERE schema = $1 AND epoch = $3 AND live FOR UPDATE
"""
IS_AT = "SELECT EXISTS (SELECT FROM projections.parked WHERE schema = $1 AND stream = $2 AND version = $3)"
GO_ON = "UPDATE projections.parked SET version = $3, position = $4, attempts = 0 WHERE schema = $1 AND stream = $2"
FAIL = """
UPDATE projections.parked SET error = $4, attempts = attempts + 1 WHERE schema = $1 AND stream = $2 AND version = $3
"""
TAKE_UP = """
WITH gone AS (DELETE FROM projections.parked WHERE schema = $1 AND stream = $2)
UPDATE projections.checkpoints SET parked = parked - 1 WHERE schema = $1
"""
DROP = """
INSERT INTO projections.dropped (projection, source, version, position, stream, error, reason, dropped_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING
"""
LIST_DROPPED = """
SELECT projection, source, stream, position, error, reason, dropped_by, dropped_at FROM projections.dropped
JOIN unnest($1::text[], $2::integer[]) AS mine (projection, version) USING (projection, version)
WHERE (projection, position) > ($4, $5) ORDER BY projection, position LIMIT $3
"""
# Before every read model and position.
START = ("", 0)


@dataclass(frozen=True, slots=True)
class Parked:
    """A stream that stands still in a read model.

    version, position: of the event that cannot be folded. epoch: see Build. reached: how far the read model is.
    """

    projection: str
    source: str
    schema: str
    epoch: int
    stream: str
    version: int
    position: int
    error: str
    parked_at: datetime
    attempts: int
    reached: int


@dataclass(frozen=True, slots=True)
class Dropped:
    """An event that a read model may leave out."""

    projection: str
    source: str
    stream: str
    position: int
    error: str
    reason: str
    dropped_by: str
    dropped_at: datetime


class ParkedStreams:
    """The parked streams of a service's read models. Retries take turns, so that they need one connection at most."""

    def __init__(self, store: Store, pool: asyncpg.Pool, projections: Iterable[Folding]) -> None:
        self._store = store
        self._pool = pool
        self._projections = {projection.name: projection for projection in projections}
        self._turn = asyncio.Lock()

    async def all(self, limit: int, projection: str | None = None, after: tuple[str, int] = START) -> list[Parked]:
        """Return the first parked streams, by read model and position. Raises NotFound for a read model that is none.

        after: the read model and position that they come behind.
        """
        return [Parked(*row) for row in await self._rows(LIST, *self._names(projection), limit, *after)]

    async def dropped(self, limit: int, after: tuple[str, int] = START) -> list[Dropped]:
        """Return the first events that read models may leave out, by read model and position. after: as in `all`."""
        return [Dropped(*row) for row in await self._rows(LIST_DROPPED, *self._names(None), limit, *after)]

    async def find(self, projection: str, stream: str) -> Parked | None:
        """Return where a stream is parked in a read model; None when it is not."""
        rows = await self._rows(READ_ONE, *self._names(projection), stream)
        return Parked(*rows[0]) if rows else None

    async def one(self, projection: str, stream: str) -> Parked:
        """Return where a stream is parked in a read model. Raises NotFound."""
        parked = await self.find(projection, stream)
        if parked is None:
            raise NotFound(f"{stream!r} is not parked in {projection!r}", projection=projection, stream=stream)
        return parked

    async def waiting(self, parked: Parked) -> int:
        """Return how many events stand in the queue: the one that cannot be folded, and what came behind it."""
        types = list(types_of(self._projections[parked.projection].events))
        async with ending(await self._pool.acquire(), self._pool) as db:
            position = await db.fetchval(
                "SELECT position FROM projections.checkpoints WHERE schema = $1", parked.schema
            )
            return await self._count(db, parked, parked.version, position or 0, types)

    async def _rows(self, statement: str, *values: object) -> list[asyncpg.Record]:
        async with ending(await self._pool.acquire(), self._pool) as db:
            return await db.fetch(statement, *values)

    async def retry(self, projection: str, stream: str) -> int:
        """Fold what is parked of a stream, as far as it goes; return how many events. Raises NotFound."""
        await self.one(projection, stream)
        async with self._turn:
            return await self._retry(projection, stream)

    async def drop(self, projection: str, stream: str, by: str, reason: str) -> int:
        """Let a read model leave out the event at which a stream is parked, then retry; return how many events it folded.

        The read model leaves it out when it cannot fold it, also when it is rebuilt. Raises NotFound.
        """
        parked = await self.one(projection, stream)
        version = self._projections[projection].version
        await self._pool.execute(
            DROP, projection, parked.source, version, parked.position, stream, parked.error, reason, by
        )
        return await self.retry(projection, stream)

    async def _retry(self, projection: str, stream: str) -> int:
        folded, limit = 0, RETRY_EVENTS
        while (parked := await self.find(projection, stream)) is not None:
            build = Build(self._projections[projection], parked.schema, parked.epoch)
            piece = await self._piece(parked, limit)
            try:
                folded += await self._fold(parked, build, piece)
            except Exception as error:
                if not is_poison(error):
                    raise
                if limit > 1:
                    limit //= 2
                elif await is_dropped(self._pool, build, piece[0]):
                    await self._fold(parked, build, piece, out=True)
                    limit = RETRY_EVENTS
                else:
                    await self._pool.execute(FAIL, parked.schema, stream, parked.version, told(error))
                    break
        return folded

    async def _piece(self, parked: Parked, limit: int) -> list[Recorded]:
        """Return the next events of the stream that the read model has gone past."""
        events = await self._store.of_stream(parked.source, parked.stream, parked.version - 1, limit)
        return [each for each in events if each.position <= parked.reached]

    async def _fold(self, parked: Parked, build: Build, piece: Sequence[Recorded], *, out: bool = False) -> int:
        """Fold a piece, or leave it out; return how many events of it were folded.

        The stream is taken up when no more of it is behind the checkpoint. Nothing is done when it is not as it was read.
        """
        if not out:
            await build.projection.prepare(piece)
        async with self._pool.acquire() as db, db.transaction():
            position = await db.fetchval(LOCK, build.schema, search_path([build.schema]), build.epoch)
            if position is None or not await db.fetchval(IS_AT, build.schema, parked.stream, parked.version):
                return 0
            folded = 0 if out else await build.projection.fold(db, piece, {})
            following = await self._next(db, parked, piece[-1].version, position)
            if following is None:
                await db.execute(TAKE_UP, build.schema, parked.stream)
            else:
                await db.execute(GO_ON, build.schema, parked.stream, *following)
            return folded

    async def _next(self, db: Db, parked: Parked, version: int, position: int) -> asyncpg.Record | None:
        """Return version and position of the next event of the stream, up to a position."""
        if parked.source == self._store.service:
            return await db.fetchrow(NEXT_OWN, parked.stream, version, position)
        return await db.fetchrow(NEXT_TAKEN_IN, parked.stream, version, position, parked.source)

    async def _count(self, db: Db, parked: Parked, version: int, position: int, types: list[str]) -> int:
        own = parked.source == self._store.service
        values = parked.stream, version, position, types
        if own:
            count: int = await db.fetchval(WAITING_OWN, *values)
        else:
            count = await db.fetchval(WAITING_TAKEN_IN, *values, parked.source)
        return count

    def _names(self, projection: str | None) -> tuple[list[str], list[int]]:
        """Return the names and versions of all read models, or of one. Raises NotFound when it is none."""
        if projection is not None and projection not in self._projections:
            raise NotFound(f"{self._store.service} has no projection {projection!r}", projection=projection)
        return names(each for name, each in self._projections.items() if projection in {None, name})
