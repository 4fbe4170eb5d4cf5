"""Followers: the read models of one log, moved forward together.

A batch is read once for those that stand at the same place, and they move in one transaction; those that lag go by themselves
and never hold up the others.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from time import perf_counter

import asyncpg

from regesta.checkpoint import Checkpoint, Overtaken, add_builds, read_live
from regesta.event import Recorded
from regesta.folding import fold
from regesta.outage import passes, public, words_of
from regesta.pace import Pace
from regesta.projection import Build, Projection
from regesta.signals import (
    PROJECTION,
    PROJECTION_DURATION,
    PROJECTION_EVENTS,
    PROJECTION_UNKNOWN,
    SERVICE,
    SOURCE,
    TYPE,
)
from regesta.telemetry import counter, histogram
from regesta.unit import Store
from regesta.unknown import unknown_among

BATCH_EVENTS = 2_000
# After a batch of so many there is more, most likely: it is read while this one is folded.
AHEAD_EVENTS = 500
WAIT_SECONDS = 2.0
RETRY_SECONDS = 0.5
# Of facts that are recorded here one close upon another so many are folded together; those of others come together.
PACE_SECONDS = 0.01
RETRY_SECONDS_MOST = 10.0

logger = logging.getLogger(__name__)
durations, sizes = histogram(PROJECTION_DURATION), histogram(PROJECTION_EVENTS)
unknown = counter(PROJECTION_UNKNOWN)


class Follower:
    """Moves the projections of one log forward. `run` is its task.

    trouble: why nothing moves; None while all is well. built_to: how far the older version of a read model was when this one
    was opened; it is not whole before.
    """

    def __init__(self, store: Store, pool: asyncpg.Pool, source: str, projections: Iterable[Projection]) -> None:
        self.source = source
        self.trouble: str | None = None
        self.built_to: dict[str, int] = {}
        self._store = store
        self._pool = pool
        self._projections = {projection.name: projection for projection in projections}
        self._at: dict[str, Checkpoint] = {}
        self._moved = asyncio.Condition()
        self._said: set[str] = set()
        self._ahead: tuple[int, asyncio.Task[list[Recorded]]] | None = None
        self._labels = {SERVICE: store.service, SOURCE: source}

    @property
    def position(self) -> int:
        """The position that every projection of this log has reached, as far as this process knows."""
        return min((each.position for each in self._at.values()), default=0)

    @property
    def parked(self) -> dict[str, int]:
        """How many streams stand still in which read model, as far as this process knows; those without are absent."""
        return {name: each.parked for name, each in self._at.items() if each.parked}

    async def open(self) -> None:
        """Read the checkpoints; a version that is new here begins at the first event. Raises DatabaseAway (see add_builds)."""
        await add_builds(self._pool, self._projections.values())
        for each in await read_live(self._pool, self.source):
            mine = self._projections.get(each.projection)
            if mine is not None and each.version < mine.version:
                self.built_to[mine.name] = max(each.position, self.built_to.get(mine.name, 0))
        await self.reload()

    async def run(self) -> None:
        """Fold until cancelled. Errors of the database are tried again; an event that cannot be folded parks its stream."""
        pause, pace = RETRY_SECONDS, Pace(PACE_SECONDS if self.source == self._store.service else 0)
        while True:
            try:
                if not await self._store.wait(self.source, self.position, WAIT_SECONDS):
                    await self.reload()  # another process may have moved them, or parked a stream
                    continue
                if self._ahead is None:
                    await pace.step()
                await self._turn()
                self.trouble, pause = None, RETRY_SECONDS
            except Overtaken:
                await asyncio.sleep(0.01)
                await self._reload_quietly()
            except asyncio.CancelledError:
                self._forget_ahead()
                raise
            except Exception as error:
                if not passes(error):
                    raise
                self.trouble = public(error)
                logger.warning("projections of %s: %s; trying again", self.source, words_of(error))
                await asyncio.sleep(pause)
                pause = min(pause * 2, RETRY_SECONDS_MOST)
                await self._reload_quietly()

    async def catch_up(self) -> None:
        """Fold everything that is there now."""
        while await self._turn():
            pass

    async def _turn(self) -> bool:
        """Fold one batch into those that are furthest, then one into each that lags; return whether there was any."""
        folded = False
        for after in sorted({each.position for each in self._at.values()}, reverse=True):
            those = [each for each in self._at.values() if each.position == after]
            ahead = min((each.position for each in self._at.values() if each.position > after), default=None)
            limit = BATCH_EVENTS if ahead is None else min(BATCH_EVENTS, ahead - after)
            batch = await self._read(after, limit) if those else []
            if batch:
                if ahead is None and len(batch) >= AHEAD_EVENTS:
                    self._read_ahead(batch[-1].position)
                builds = [Build(self._projections[each.projection], each.schema, each.epoch) for each in those]
                began = perf_counter()
                parked = await fold(self._pool, builds, after, batch)
                durations.record(perf_counter() - began, self._labels)
                sizes.record(len(batch), self._labels)
                self._note_unknown(those, batch)
                await self._move(those, batch[-1].position, parked)
                folded = True
        return folded

    async def _read(self, after: int, limit: int) -> list[Recorded]:
        """Return the events that follow, which may have been read while those before them were folded."""
        if self._ahead is not None and self._ahead[0] == after and limit == BATCH_EVENTS:
            (_, reading), self._ahead = self._ahead, None
            return await reading
        return await self._store.read(self.source, after, limit)

    def _read_ahead(self, after: int) -> None:
        self._forget_ahead()
        reading = asyncio.create_task(self._store.read(self.source, after, BATCH_EVENTS))
        reading.add_done_callback(lambda done: done.cancelled() or done.exception())  # told where it is awaited
        self._ahead = after, reading

    def _forget_ahead(self) -> None:
        """Read anew what was read ahead: it may have been given up since."""
        if self._ahead is not None:
            self._ahead[1].cancel()
            self._ahead = None

    def _note_unknown(self, those: Iterable[Checkpoint], batch: Sequence[Recorded]) -> None:
        """Count the events of types that are not known here, and say once of each type that there are some."""
        for kind, count in Counter(each.type for each in unknown_among(batch)).items():
            for each in those:
                unknown.add(count, {**self._labels, PROJECTION: each.projection, TYPE: kind})
            if kind not in self._said:
                self._said.add(kind)
                first = next(each.name for each in batch if each.type == kind)
                logger.warning(
                    "projections of %s: events of type %r are not known to this release and are left out, such as %s",
                    self.source, kind, first,
                )  # fmt: skip

    async def _move(self, those: Iterable[Checkpoint], position: int, parked: dict[str, int]) -> None:
        for each in those:
            self._at[each.projection] = replace(each, position=position, parked=parked[each.schema])
        async with self._moved:
            self._moved.notify_all()

    async def reload(self) -> None:
        """Read from the database which builds are live and how far they are."""
        self._forget_ahead()
        versions = {name: each.version for name, each in self._projections.items()}
        live = await read_live(self._pool, self.source)
        self._at = {each.projection: each for each in live if versions.get(each.projection) == each.version}
        async with self._moved:
            self._moved.notify_all()

    async def _reload_quietly(self) -> None:
        try:
            await self.reload()
        except Exception as error:
            if not passes(error):
                raise
            logger.warning("checkpoints of %s cannot be read", self.source)

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
                await self.reload()
        return True
