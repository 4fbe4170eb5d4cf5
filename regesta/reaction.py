"""Reactions: a fact, here or elsewhere, leads to a command here, exactly once.

Each has its own checkpoint and commands with a key of the cause and its name, so a repeated step answers itself. The facts
of one stream are reacted to in turn, those of several streams together. A rebuild never runs them.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import asyncpg

from regesta.checkpoint import ADD_CHECKPOINT, enter
from regesta.command import Command, Context
from regesta.database import Connection as Db
from regesta.database import is_lost
from regesta.decider import Decider
from regesta.envelope import Envelope, Key
from regesta.errors import LaterRelease, NotYet, RegestaError
from regesta.event import Event, Recorded, unversioned
from regesta.follower import RETRY_SECONDS, RETRY_SECONDS_MOST, WAIT_SECONDS
from regesta.projection import Projection, newest
from regesta.unit import Store

BATCH_EVENTS = 500
STREAMS_TOGETHER = 64
FOLDED_SECONDS = 2.0
FOLDED_POLL_SECONDS = 0.02
READ = "SELECT position, failure FROM projections.checkpoints WHERE projection = $1 AND source = $2"
READ_FOLDED = """
SELECT CASE WHEN parked = 0 THEN position ELSE 0 END FROM projections.checkpoints
WHERE projection = $1 AND source = $2 AND version = $3 AND live
"""
MOVE = """
UPDATE projections.checkpoints SET position = $3, failure = NULL
WHERE projection = $1 AND source = $2 AND position < $3
"""
FAIL = "UPDATE projections.checkpoints SET failure = $3 WHERE projection = $1 AND source = $2"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Here:
    """What a reaction may read: the log and the replicas of its own service, and its tables."""

    store: Store
    pool: asyncpg.Pool

    async def folded(self, projection: Projection, position: int | None = None) -> None:
        """Return when a read model holds a position of its log; without one, all that has arrived.

        Raises NotYet, also as long as streams of it are parked: what is decided on a part cannot be taken back.
        """
        wanted = (await self.store.head(projection.source)).position if position is None else position
        deadline = asyncio.get_running_loop().time() + FOLDED_SECONDS
        mine = projection.name, projection.source, projection.version
        while (reached := await self.pool.fetchval(READ_FOLDED, *mine) or 0) < wanted:
            if asyncio.get_running_loop().time() > deadline:
                raise NotYet(
                    f"{projection.name} is at {reached}, not yet at {wanted}",
                    source=projection.source, reached=reached, wanted=wanted,
                )  # fmt: skip
            await asyncio.sleep(FOLDED_POLL_SECONDS)

    @asynccontextmanager
    async def reading(self, *projections: Projection) -> AsyncIterator[Db]:
        """Give a connection on which SQL finds the tables of these read models, all of one moment."""
        async with self.pool.acquire() as db, db.transaction(isolation="repeatable_read", readonly=True):
            await enter(db, projections)
            yield db


@dataclass(frozen=True, slots=True)
class Reaction:
    """What a service does when facts of `events` come in one log.

    events: the newest classes, with whatever these replace; a version that is not known here holds the reaction up.
    react: (here, recorded, event) -> the commands to handle, in order. It must give the same commands for the same fact,
    for a crash repeats it, whatever came meanwhile of facts of other streams.
    """

    name: str
    source: str
    events: tuple[type[Event], ...]
    react: Callable[[Here, Recorded, Event], Awaitable[Sequence[Command]]]


@dataclass(frozen=True, slots=True)
class _Failed:
    """A fact that could not be reacted to."""

    position: int
    error: Exception


class Reacting:
    """Runs one reaction. `run` is its task. trouble: why it stands still; the failure at its checkpoint says so too."""

    def __init__(self, here: Here, decider: Decider, reaction: Reaction) -> None:
        self.name = f"reaction:{reaction.name}:{reaction.source}"
        self.trouble: str | None = None
        self._here = here
        self._decider = decider
        self._reaction = reaction

    async def run(self) -> None:
        """React until cancelled. What fails is tried again, never skipped: a command that waits for something else passes."""
        pause = RETRY_SECONDS
        while True:
            try:
                position = await self.step()
                self.trouble, pause = None, RETRY_SECONDS
                await self._here.store.wait(self._reaction.source, position, WAIT_SECONDS)
            except Exception as error:  # noqa: BLE001 - a fault of its own must not end the process; it is shown
                await self._fail(error)
                await asyncio.sleep(pause)
                pause = min(pause * 2, RETRY_SECONDS_MOST)

    async def step(self) -> int:
        """React to what is there now; return the position reached. Raises what stopped it."""
        source, pool = self._reaction.source, self._here.pool
        position, failure = await self._checkpoint()
        while batch := await self._here.store.read(source, position, BATCH_EVENTS):
            failed = await self._react_to(batch)
            reached = batch[-1].position if failed is None else failed.position - 1
            if reached > position:
                await pool.execute(MOVE, self.name, source, reached)
            if failed is not None:
                raise failed.error
            position = reached
        if failure is not None:
            await pool.execute(FAIL, self.name, source, None)
        return position

    async def _checkpoint(self) -> tuple[int, str | None]:
        """Return the position reached and why it went no further."""
        row = await self._here.pool.fetchrow(READ, self.name, self._reaction.source)
        if row is None:
            await self._here.pool.execute(ADD_CHECKPOINT, self.name, self._reaction.source, 1)
            return 0, None
        return row["position"], row["failure"]

    async def _fail(self, error: Exception) -> None:
        """Say why the reaction stands still, where `/readyz` and `/projections` show it."""
        trouble = f"{type(error).__name__}: {error}"
        foreseen = is_lost(error) or isinstance(error, RegestaError | asyncpg.PostgresError)
        logger.warning("%s: %s; trying again", self.name, trouble, exc_info=None if foreseen else error)
        self.trouble = trouble
        try:
            await self._here.pool.execute(FAIL, self.name, self._reaction.source, trouble)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            logger.warning("%s: its checkpoint cannot be written", self.name)

    async def _react_to(self, batch: Sequence[Recorded]) -> _Failed | None:
        """React to all of a batch; return the first that failed, of which the later ones of its stream were left alone."""
        wanted = {unversioned(event.name) for event in self._reaction.events}
        streams: dict[str, list[Recorded]] = {}
        for recorded in batch:
            if unversioned(recorded.type) in wanted:
                streams.setdefault(recorded.stream, []).append(recorded)
        room = asyncio.Semaphore(STREAMS_TOGETHER)
        found = await asyncio.gather(*(self._in_turn(facts, room) for facts in streams.values()))
        return min((each for each in found if each is not None), key=lambda each: each.position, default=None)

    async def _in_turn(self, facts: Iterable[Recorded], room: asyncio.Semaphore) -> _Failed | None:
        async with room:
            for recorded in facts:
                try:
                    await self._react(recorded)
                except Exception as error:  # noqa: BLE001 - the step raises it, once the other streams are done
                    return _Failed(recorded.position, error)
        return None

    async def _react(self, recorded: Recorded) -> None:
        fact = newest(recorded)
        if fact is None:  # of a version that is not known here: what is skipped would never be reacted to
            message = f"{recorded.name} is a {recorded.type!r} of a later release, which this one cannot read"
            raise LaterRelease(message, source=recorded.source, position=recorded.position)
        if not isinstance(fact[1], self._reaction.events):
            return
        context = Context(
            f"reaction:{self._reaction.name}", frozenset({"reaction"}), frozenset({"*"}), datetime.now(UTC)
        )
        for number, command in enumerate(await self._reaction.react(self._here, *fact)):
            name = f"{recorded.log}:{recorded.name}:{number}"
            key = Key(self.name, name, hashlib.sha256(name.encode()).digest())
            cause = Envelope(
                key=key,
                cause=recorded.name,
                correlation=recorded.correlation or recorded.name,
                traceparent=recorded.traceparent,
            )
            await self._decider.handle(command, context, cause)
