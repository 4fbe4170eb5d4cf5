"""Reactions: a fact, here or elsewhere, leads to a command here, exactly once.

Each has its own checkpoint and commands with a key of the cause and its name, so a repeated step answers itself. A rebuild
never runs them.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import asyncpg

from regesta.command import Command, Context
from regesta.decider import Decider
from regesta.envelope import Envelope, Key
from regesta.errors import NotYet, RegestaError
from regesta.event import Event, Recorded
from regesta.projection import ADD_CHECKPOINT, RETRY_SECONDS, RETRY_SECONDS_MOST, WAIT_SECONDS, Projection
from regesta.unit import Store
from regesta.writer import LOST

BATCH_EVENTS = 500
FOLDED_SECONDS = 2.0
FOLDED_POLL_SECONDS = 0.02
READ = "SELECT position FROM projections.checkpoints WHERE projection = $1 AND source = $2"
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
        """Return when a read model holds a position of its log; without one, all that has arrived. Raises NotYet."""
        wanted = (await self.store.head(projection.source)).position if position is None else position
        deadline = asyncio.get_running_loop().time() + FOLDED_SECONDS
        while (reached := await self.pool.fetchval(READ, projection.name, projection.source) or 0) < wanted:
            if asyncio.get_running_loop().time() > deadline:
                raise NotYet(
                    f"{projection.name} is at {reached}, not yet at {wanted}",
                    source=projection.source, reached=reached, wanted=wanted,
                )  # fmt: skip
            await asyncio.sleep(FOLDED_POLL_SECONDS)


@dataclass(frozen=True, slots=True)
class Reaction:
    """What a service does when facts of `events` come in one log.

    react: (here, recorded, event) -> the commands to handle, in order. It must give the same commands for the same fact,
    for a crash repeats it.
    """

    name: str
    source: str
    events: tuple[type[Event], ...]
    react: Callable[[Here, Recorded, Event], Awaitable[Sequence[Command]]]


class Reacting:
    """Runs one reaction. `run` is its task. trouble: why it stands still."""

    def __init__(self, here: Here, decider: Decider, reaction: Reaction) -> None:
        self.name = f"reaction:{reaction.name}:{reaction.source}"
        self.trouble: str | None = None
        self._here = here
        self._decider = decider
        self._reaction = reaction

    async def run(self) -> None:
        """React until cancelled. A command that is refused for want of something else is tried again, never skipped."""
        await self._here.pool.execute(ADD_CHECKPOINT, self.name, self._reaction.source, 1)
        pause = RETRY_SECONDS
        while True:
            try:
                position = await self.step()
                self.trouble, pause = None, RETRY_SECONDS
                await self._here.store.wait(self._reaction.source, position, WAIT_SECONDS)
            except (RegestaError, asyncpg.PostgresError, *LOST) as error:
                self.trouble = f"{type(error).__name__}: {error}"
                logger.warning("%s: %s; trying again", self.name, self.trouble)
                await asyncio.sleep(pause)
                pause = min(pause * 2, RETRY_SECONDS_MOST)

    async def step(self) -> int:
        """React to what is there now; return the position reached."""
        source = self._reaction.source
        position: int = await self._here.pool.fetchval(READ, self.name, source) or 0
        while batch := await self._here.store.read(source, position, BATCH_EVENTS):
            for recorded in batch:
                await self._react(recorded)
            position = batch[-1].position
            await self._here.pool.execute(MOVE, self.name, source, position)
        return position

    async def _react(self, recorded: Recorded) -> None:
        if not any(event.name == recorded.type for event in self._reaction.events):
            return
        event = recorded.event
        if event is None:
            return
        context = Context(
            f"reaction:{self._reaction.name}", frozenset({"reaction"}), frozenset({"*"}), datetime.now(UTC)
        )
        for number, command in enumerate(await self._reaction.react(self._here, recorded, event)):
            name = f"{recorded.log}:{recorded.name}:{number}"
            key = Key(self.name, name, hashlib.sha256(name.encode()).digest())
            cause = Envelope(
                key=key,
                cause=recorded.name,
                correlation=recorded.correlation or recorded.name,
                traceparent=recorded.traceparent,
            )
            await self._decider.handle(command, context, cause)
