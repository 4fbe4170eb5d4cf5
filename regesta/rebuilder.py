"""The rebuilder: fills new builds beside the live ones, compares the two at one position, and swaps them when they are the same.

The live build goes on all the time; it is held for some milliseconds when both are brought to one position. One process works
on a rebuild, as long as it holds the advisory lock; what it has done is in the database, so that the next one goes on.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import asyncpg

from regesta.checkpoint import Overtaken
from regesta.comparison import Compared, Difference, differences
from regesta.database import Connection as Db
from regesta.folding import fold
from regesta.outage import passes, public, words_of
from regesta.projection import Build, Projection
from regesta.rebuild import DIFFERENCES, LOCK_LIVE, Rebuild, read, to_do, unmake
from regesta.unit import Store

BATCH_EVENTS = 2_000
POLL_SECONDS = 1.0
# Longer than that the live build is not held; then again.
LEVEL_SECONDS = 2.0
# With the number of the rebuild.
WORKING = 0x72656765
TRY = "SELECT pg_try_advisory_lock($1, $2)"
UNLOCK = "SELECT pg_advisory_unlock($1, $2)"

READ_POSITION = "SELECT position, epoch FROM projections.checkpoints WHERE schema = $1"
READ_POSITIONS = "SELECT schema, position FROM projections.checkpoints WHERE schema = ANY ($1::text[])"
READ_LIVE = """
SELECT position FROM projections.checkpoints WHERE projection = $1 AND source = $2 AND version = $3 AND live
"""
NOTE = """
UPDATE projections.rebuilds SET state = $2, compared_at = $3, differences = $4,
       ended_at = CASE WHEN $2 = 'differs' THEN clock_timestamp() END
WHERE number = $1
"""
MAKE_LIVE = "UPDATE projections.checkpoints SET live = true WHERE schema = $1"
RETIRE = """
WITH parked AS (DELETE FROM projections.parked WHERE schema = $1)
DELETE FROM projections.checkpoints WHERE schema = $1
"""
SWAPPED = """
UPDATE projections.rebuilds
SET state = 'swapped', old_schema = $2, swapped = pg_current_xact_id(), ended_at = clock_timestamp() WHERE number = $1
"""
DONE = "UPDATE projections.rebuilds SET state = 'done' WHERE number = $1"
# Whether a transaction may still read what was live before the swap: one with a snapshot as old as it.
IS_READ = """
SELECT EXISTS (
    SELECT FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND age(backend_xmin) >= age(rebuilds.swapped::xid)
)
FROM projections.rebuilds WHERE number = $1
"""

logger = logging.getLogger(__name__)


class NotLevel(Exception):
    """A new build does not stand where the live one does."""


class Rebuilder:
    """Works on the rebuilds of a service. `run` is its task. trouble: why one does not go on; None while all is well."""

    def __init__(self, store: Store, pool: asyncpg.Pool, projections: Sequence[Projection]) -> None:
        self.trouble: str | None = None
        self._store = store
        self._pool = pool
        self._projections = {projection.name: projection for projection in projections}
        self._asked = asyncio.Event()

    def wake(self) -> None:
        """Look at once what there is to do."""
        self._asked.set()

    async def run(self) -> None:
        """Work until cancelled. What fails is tried again, from where it was."""
        while True:
            try:
                await self.step()
                self.trouble = None
            except Overtaken:
                logger.info("rebuilding: another process was faster")
            except Exception as error:
                self.trouble = public(error)
                trace = None if passes(error) else error
                logger.warning("rebuilding: %s; trying again", words_of(error), exc_info=trace)
            self._asked.clear()
            try:
                async with asyncio.timeout(POLL_SECONDS):
                    await self._asked.wait()
            except TimeoutError:
                continue

    async def step(self) -> None:
        """Bring each rebuild as far as it can be brought now; those that another process works on are left to it."""
        for rebuild in await to_do(self._pool, self._projections.values()):
            async with self._pool.acquire() as db:
                if await db.fetchval(TRY, WORKING, rebuild.number):
                    try:
                        await self._work(db, await read(db, rebuild.number))
                    finally:
                        await db.execute(UNLOCK, WORKING, rebuild.number)

    async def _work(self, db: Db, rebuild: Rebuild) -> None:
        if rebuild.state == "filling":
            await self._fill(rebuild)
            found, position = await self._compare(db, rebuild)
            state = "differs" if found and not rebuild.accept else "filling"
            await db.execute(NOTE, rebuild.number, state, position, DIFFERENCES.dump_json(found).decode())
            if state == "filling":
                await self._swap(db, rebuild)
        if (await read(db, rebuild.number)).state == "swapped" and not await db.fetchval(IS_READ, rebuild.number):
            await self._clear(db, rebuild.number)

    async def _fill(self, rebuild: Rebuild, until: int | None = None) -> int:
        """Fold into the new build what the live one has folded; return the position it has come to.

        Without `until` it is then close behind only, for the live one goes on.
        """
        row = await self._pool.fetchrow(READ_POSITION, rebuild.build)
        if row is None:  # it was given up
            raise Overtaken
        build = Build(self._projections[rebuild.projection], rebuild.build, row["epoch"])
        position: int = row["position"]
        while True:
            live = await self._live(rebuild) if until is None else until
            batch = await self._store.read(rebuild.source, position, min(BATCH_EVENTS, live - position))
            if batch:
                await fold(self._pool, [build], position, batch)
                position = batch[-1].position
            # Not when the batch is short: one of large events is, though there are more.
            if not batch or position >= live:
                return position

    async def _live(self, rebuild: Rebuild) -> int:
        position: int = await self._pool.fetchval(READ_LIVE, rebuild.projection, rebuild.source, rebuild.version)
        return position

    @asynccontextmanager
    async def _level(self, db: Db, rebuild: Rebuild) -> AsyncIterator[tuple[str, int]]:
        """Hold the live build where it stands, with the new one at the same position; give its schema and the position.

        Raises TimeoutError when the new one is not there soon, for what is folded meanwhile waits, and NotLevel when it stands
        somewhere else, for it must not take the live one's place then.
        """
        await self._fill(rebuild)
        async with db.transaction():
            row = await db.fetchrow(LOCK_LIVE, rebuild.projection, rebuild.source, rebuild.version)
            assert row is not None
            async with asyncio.timeout(LEVEL_SECONDS):
                reached = await self._fill(rebuild, row["position"])
            if reached != row["position"]:
                raise NotLevel(f"{rebuild.build} stands at {reached}, and {row['schema']} at {row['position']}")
            yield row["schema"], row["position"]

    async def _compare(self, db: Db, rebuild: Rebuild) -> tuple[list[Difference], int]:
        """Return what differs, and at which position. Only the snapshot is taken while the live build is held."""
        tables = self._projections[rebuild.projection].tables
        async with self._pool.acquire() as reader, reader.transaction(isolation="repeatable_read", readonly=True):
            async with self._level(db, rebuild) as (old, position):
                rows = await reader.fetch(READ_POSITIONS, [old, rebuild.build])
            assert [row["position"] for row in rows] == [position, position], rows
            await reader.execute("SET LOCAL enable_seqscan = on")  # all rows are read
            return await differences(reader, Compared(old, rebuild.build, tables)), position

    async def _swap(self, db: Db, rebuild: Rebuild) -> None:
        """Make the new build the live one, in one transaction with what it had still to fold."""
        async with self._level(db, rebuild) as (old, position):
            await db.execute(RETIRE, old)
            await db.execute(MAKE_LIVE, rebuild.build)
            await db.execute(SWAPPED, rebuild.number, old)
        logger.info("rebuilt %s: %s took the place of %s at %s", rebuild.projection, rebuild.build, old, position)

    async def _clear(self, db: Db, number: int) -> None:
        """Take away the old build, which nobody reads any more."""
        async with db.transaction():
            old = (await read(db, number)).old_build
            assert old is not None
            await unmake(db, old)
            await db.execute(DONE, number)
