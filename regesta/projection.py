"""Projections: logs folded into tables, each batch with its checkpoint in one transaction.

The projections of one log are followed together: a batch is read once, those that stand at the same place move in one
transaction, one that lags or failed goes by itself.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import asyncpg
from opentelemetry import trace

from regesta.database import Connection as Db
from regesta.database import is_lost
from regesta.event import Event, Recorded
from regesta.telemetry import batch_span
from regesta.unit import Store

BATCH_EVENTS = 2_000
WAIT_SECONDS = 2.0
RETRY_SECONDS = 0.5
RETRY_SECONDS_MOST = 10.0

Fact: TypeAlias = tuple[Recorded, Event]

ADD_CHECKPOINT = """
INSERT INTO projections.checkpoints (projection, source, version, position) VALUES ($1, $2, $3, 0)
ON CONFLICT (projection, source) DO NOTHING
"""
READ_CHECKPOINTS = "SELECT projection, position, version, failure FROM projections.checkpoints WHERE source = $1"
# The guard: of two processes that would fold the same batch one waits here, then finds the checkpoint moved.
MOVE_CHECKPOINTS = """
UPDATE projections.checkpoints SET position = $3, failure = NULL
WHERE source = $1 AND position = $2 AND projection = ANY ($4::text[])
"""
MARK_FAILURE = "UPDATE projections.checkpoints SET failure = $3 WHERE projection = $1 AND source = $2"
RESET_CHECKPOINT = """
UPDATE projections.checkpoints SET position = 0, version = $3, failure = NULL WHERE projection = $1 AND source = $2
"""

logger = logging.getLogger(__name__)
tracer = trace.get_tracer("regesta.projection")


@dataclass(frozen=True, slots=True)
class Projection:
    """A read model fed by one log.

    name: of the read model, unique in the service. version: raised when its meaning changes or it learns an event type;
    a service that starts with another version than the checkpoint's rebuilds it. events: the types it folds; others are
    skipped. tables: what a rebuild empties. project: applies (recorded, event) pairs in position order, each exactly once;
    any batching must give the same rows.
    """

    name: str
    source: str
    version: int
    events: tuple[type[Event], ...]
    tables: tuple[str, ...]
    project: Callable[[Db, Sequence[Fact]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one projection is. failure: why it stopped at a poison event; None while it runs."""

    projection: str
    source: str
    position: int
    failure: str | None


class _Overtaken(Exception):
    """Another process moved the checkpoint first."""


class Follower:
    """Moves the projections of one log forward. `run` is its task."""

    def __init__(self, store: Store, pool: asyncpg.Pool, source: str, projections: Iterable[Projection]) -> None:
        self.source = source
        self._store = store
        self._pool = pool
        self._projections = {projection.name: projection for projection in projections}
        self._at: dict[str, int] = {}
        self._moved = asyncio.Condition()
        self.failures: dict[str, str] = {}

    @property
    def position(self) -> int:
        """The position that every projection of this log has reached, as far as this process knows."""
        return min(self._at.values(), default=0)

    async def open(self) -> None:
        """Read the checkpoints; rebuild what has another version."""
        for projection in self._projections.values():
            await self._pool.execute(ADD_CHECKPOINT, projection.name, self.source, projection.version)
        for row in await self._pool.fetch(READ_CHECKPOINTS, self.source):
            mine = self._projections.get(row["projection"])
            if mine is not None and row["version"] != mine.version:
                await reset(self._pool, mine)
        await self._reload()

    async def run(self) -> None:
        """Fold until cancelled. Errors of the connection are retried; a poison event stops its projection alone."""
        pause = RETRY_SECONDS
        while True:
            try:
                await self.catch_up()
                pause = RETRY_SECONDS
                moved = await self._store.wait(self.source, self.position, WAIT_SECONDS)
                if self.failures:
                    await asyncio.sleep(RETRY_SECONDS)
                if self.failures or not moved:
                    await self._reload()  # another process may have begun a rebuild
            except Exception as error:
                if not is_lost(error) and not isinstance(error, asyncpg.PostgresError | _Overtaken):
                    raise
                logger.warning("projections of %s: %s; trying again", self.source, str(error) or "overtaken")
                await asyncio.sleep(pause if not isinstance(error, _Overtaken) else 0.01)
                pause = min(pause * 2, RETRY_SECONDS_MOST)
                await self._reload_quietly()

    async def catch_up(self) -> None:
        """Fold everything that is there now."""
        while True:
            running = {name: at for name, at in self._at.items() if name not in self.failures}
            if not running:
                return
            lowest = min(running.values())
            together = [self._projections[name] for name, at in running.items() if at == lowest]
            ahead = min((at for at in running.values() if at > lowest), default=lowest + BATCH_EVENTS)
            batch = await self._store.read(self.source, lowest, min(BATCH_EVENTS, ahead - lowest))
            if not batch:
                return
            await self._fold(together, lowest, batch)

    async def _fold(self, projections: Sequence[Projection], after: int, batch: Sequence[Recorded]) -> None:
        try:
            await self._fold_whole(projections, after, batch)
        except Exception as error:
            passing = isinstance(error, asyncpg.PostgresError) and (error.sqlstate or "")[:2] not in {"22", "23"}
            if passing or is_lost(error) or isinstance(error, _Overtaken):
                raise
            await self._isolate(projections, after, batch, error)

    async def _fold_whole(self, projections: Sequence[Projection], after: int, batch: Sequence[Recorded]) -> None:
        """Fold one batch into some projections and move their checkpoints, in one transaction."""
        wanted = {event.name for projection in projections for event in projection.events}
        facts = [(each, event) for each in batch if each.type in wanted and (event := each.event) is not None]
        names = [projection.name for projection in projections]
        head = batch[-1].position
        with batch_span(tracer, "project", (recorded.traceparent for recorded, _ in facts)) as span:
            span.set_attributes({"regesta.source": self.source, "regesta.events": len(batch)})
            async with self._pool.acquire() as connection, connection.transaction():
                moved = await connection.execute(MOVE_CHECKPOINTS, self.source, after, head, names)
                if moved != f"UPDATE {len(names)}":
                    raise _Overtaken
                for projection in projections:
                    mine = [fact for fact in facts if isinstance(fact[1], projection.events)]
                    if mine:
                        await projection.project(connection, mine)
        self._at.update(dict.fromkeys(names, head))
        async with self._moved:
            self._moved.notify_all()

    async def _isolate(
        self, projections: Sequence[Projection], after: int, batch: Sequence[Recorded], error: Exception
    ) -> None:
        """Find the projection and the event that cannot be folded: all others go on, this one stops before it."""
        if len(projections) > 1:
            for projection in projections:
                await self._fold([projection], after, batch)
            return
        if len(batch) > 1:
            middle = len(batch) // 2
            await self._fold(projections, after, batch[:middle])
            if projections[0].name not in self.failures:
                await self._fold(projections, batch[middle - 1].position, batch[middle:])
            return
        failure = f"{batch[0].name}: {type(error).__name__}: {error}"
        logger.error("projection %s stops at %s", projections[0].name, failure)
        self.failures[projections[0].name] = failure
        await self._pool.execute(MARK_FAILURE, projections[0].name, self.source, failure)

    async def _reload(self) -> None:
        """Read how far the projections are, from the database."""
        rows = await self._pool.fetch(READ_CHECKPOINTS, self.source)
        mine = [row for row in rows if row["projection"] in self._projections]
        self._at = {row["projection"]: row["position"] for row in mine}
        self.failures = {name: why for name, why in self.failures.items() if name in self._at}
        for row in mine:
            if row["failure"] is None:
                self.failures.pop(row["projection"], None)
        async with self._moved:
            self._moved.notify_all()

    async def _reload_quietly(self) -> None:
        try:
            await self._reload()
        except Exception as error:
            if not is_lost(error) and not isinstance(error, asyncpg.PostgresError):
                raise
            logger.warning("checkpoints of %s cannot be read", self.source)

    async def rebuild(self, names: Iterable[str]) -> None:
        """Empty these projections; whoever runs this log's follower fills them again."""
        for name in names:
            await reset(self._pool, self._projections[name])
        await self._reload()

    async def reach(self, position: int, timeout_seconds: float) -> bool:
        """Wait until every projection of this log has folded `position`; False when the time is over.

        Works in a process that does not fold itself: it then reads the checkpoints again as it waits.
        """
        deadline = asyncio.get_running_loop().time() + timeout_seconds
        while self.position < position:
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0:
                return False
            try:
                async with asyncio.timeout(min(left, 0.05)), self._moved:
                    await self._moved.wait()
            except TimeoutError:
                await self._reload()
        return True


async def reset(pool: asyncpg.Pool, projection: Projection) -> None:
    """Empty a projection's tables and put its checkpoint to 0, in one transaction; the follower then fills it again."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(RESET_CHECKPOINT, projection.name, projection.source, projection.version)
        for table in projection.tables:
            await connection.execute(f"TRUNCATE {table}")  # names from our own code, never from a request


async def progress(pool: asyncpg.Pool) -> list[Progress]:
    """Return how far each projection of this database is."""
    rows = await pool.fetch("SELECT projection, source, position, failure FROM projections.checkpoints ORDER BY 1, 2")
    return [Progress(*row) for row in rows]
