"""Reactions: a fact, here or elsewhere, leads to a command here, exactly once.

Each has its own checkpoint and commands with a key of the cause, its content and its name, so a repeated step answers
itself. The facts of one stream are reacted to in turn, those of several streams together. A stream with a fact that cannot be
reacted to is parked, tried again by itself, and holds up no other. A rebuild never runs them.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic

import asyncpg
from opentelemetry import trace

from regesta.checkpoint import ADD_BUILD, Move, Overtaken, enter, move
from regesta.cloudevents import digest
from regesta.command import Command, Context
from regesta.database import Connection as Db
from regesta.decider import Decider
from regesta.envelope import Envelope, Key
from regesta.errors import LaterRelease, NotYet, RegestaError
from regesta.event import Event, Recorded, unversioned
from regesta.folding import is_poison
from regesta.follower import RETRY_SECONDS, RETRY_SECONDS_MOST, WAIT_SECONDS
from regesta.outage import passes, public, words_of
from regesta.pace import Pace
from regesta.parked import START, ParkedStreams
from regesta.parking import park, parked_among
from regesta.projection import Build, Fact, Projection, newest
from regesta.signals import REACT
from regesta.telemetry import batch_span
from regesta.unit import Store
from regesta.unknown import unknown_among

# Few facts are reacted to, and none is waited for: those of a burst are looked at together.
PACE_SECONDS = 0.05
BATCH_EVENTS = 500
STREAMS_TOGETHER = 64
FOLDED_SECONDS = 2.0
FOLDED_POLL_SECONDS = 0.02
# A parked stream is tried again after so long, then after twice as long, up to the most.
AGAIN_SECONDS = 2.0
AGAIN_SECONDS_MOST = 60.0
AGAIN_STREAMS = 500
READ = "SELECT position, failure, parked, epoch FROM projections.checkpoints WHERE schema = $1"
READ_FOLDED = """
SELECT position, parked FROM projections.checkpoints WHERE projection = $1 AND source = $2 AND version = $3 AND live
"""
FAIL = "UPDATE projections.checkpoints SET failure = $2 WHERE schema = $1"

logger = logging.getLogger(__name__)
tracer = trace.get_tracer("regesta.reaction")


class Incomplete(Exception):
    """Streams are parked in a read model: what is decided on a part of it cannot be taken back.

    It does not pass by itself, so what needs that read model is parked meanwhile, and all else goes on.
    """


@dataclass(frozen=True, slots=True)
class Here:
    """What a reaction may read: the log and the replicas of its own service, and its tables."""

    store: Store
    pool: asyncpg.Pool

    async def folded(self, projection: Projection, position: int | None = None) -> None:
        """Return when a read model holds a position of its log; without one, all that has arrived.

        Raises NotYet; Incomplete as long as streams of it are parked.
        """
        wanted = (await self.store.head(projection.source)).position if position is None else position
        deadline = asyncio.get_running_loop().time() + FOLDED_SECONDS
        while (reached := await self._reached(projection)) < wanted:
            if asyncio.get_running_loop().time() > deadline:
                raise NotYet(
                    f"{projection.name} is at {reached}, not yet at {wanted}",
                    source=projection.source, reached=reached, wanted=wanted,
                )  # fmt: skip
            await asyncio.sleep(FOLDED_POLL_SECONDS)

    async def _reached(self, projection: Projection) -> int:
        row = await self.pool.fetchrow(READ_FOLDED, projection.name, projection.source, projection.version)
        if row is None:
            return 0
        if row["parked"]:
            raise Incomplete(
                f"{row['parked']} streams are parked in {projection.name}, see `regesta park list {self.store.service}`"
            )
        position: int = row["position"]
        return position

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

    recorded: Recorded
    error: Exception


class Again:
    """When what is parked is tried again: soon after it was parked, then ever later."""

    def __init__(self) -> None:
        self._parked = 0
        self._pause = AGAIN_SECONDS
        self._at = 0.0

    def due(self, parked: int) -> bool:
        """Return whether it is time, with so many streams parked."""
        now = monotonic()
        if parked > self._parked:
            self._pause, self._at = AGAIN_SECONDS, now + AGAIN_SECONDS
        self._parked = parked
        if not parked or now < self._at:
            return False
        self._pause = min(self._pause * 2, AGAIN_SECONDS_MOST)
        self._at = now + self._pause
        return True


class Reacting:
    """Runs one reaction. `run` is its task. trouble: why it stands still; the failure at its checkpoint says so too.

    held_up: by which fact of a later release, which a process of that release can react to: no trouble of all processes.
    It is a Folding too: what is parked of it is retried, and left out, as in a read model.
    """

    version = 1

    def __init__(self, here: Here, decider: Decider, reaction: Reaction) -> None:
        self.name = f"reaction:{reaction.name}:{reaction.source}"
        self.source, self.schema, self.events = reaction.source, self.name, reaction.events
        self.trouble: str | None = None
        self.held_up: str | None = None
        self._here = here
        self._decider = decider
        self._reaction = reaction
        self._kinds = {unversioned(event.name) for event in reaction.events}
        self._build = Build(self, self.schema, epoch=0)
        self._parked = ParkedStreams(here.store, here.pool, [self])
        self._again = Again()
        self._tried = START

    async def run(self) -> None:
        """React until cancelled. What fails is tried again, never skipped: a command that waits for something else passes."""
        pause, pace = RETRY_SECONDS, Pace(PACE_SECONDS)
        while True:
            try:
                await pace.step()
                position = await self.step()
                self.trouble, self.held_up, pause = None, None, RETRY_SECONDS
                await self._here.store.wait(self.source, position, WAIT_SECONDS)
            except LaterRelease as error:
                self.trouble, self.held_up = None, str(error)
                await asyncio.sleep(RETRY_SECONDS)
            except Exception as error:  # noqa: BLE001 - a fault of its own must not end the process; it is shown
                await self._fail(error)
                await asyncio.sleep(pause)
                pause = min(pause * 2, RETRY_SECONDS_MOST)

    async def step(self) -> int:
        """React to what is there now, and again to what is parked; return the position reached. Raises what stopped it."""
        position, failure, parked = await self._checkpoint()
        while batch := await self._here.store.read(self.source, position, BATCH_EVENTS):
            # Another process may have been first.
            with suppress(Overtaken):
                await self._step(position, batch, parked)
            position, failure, parked = await self._checkpoint()
        if failure is not None:
            await self._here.pool.execute(FAIL, self.schema, None)
        if self._again.due(parked):
            await self._try_parked()
        return position

    async def _try_parked(self) -> None:
        """React to some of what is parked; the next time to those behind them, so that each has its turn."""
        streams = await self._parked.all(AGAIN_STREAMS, after=self._tried)
        self._tried = (self.name, streams[-1].position) if len(streams) == AGAIN_STREAMS else START
        for each in streams:
            try:
                await self._parked.retry(self.name, each.stream)
            except RegestaError as error:
                logger.info("%s: %s stays parked: %s", self.name, each.stream, error)

    async def prepare(self, events: Iterable[Recorded]) -> None:
        """React to what it follows of some events of a stream, in turn (see Folding): it may take as long as commands do.

        Nothing is held meanwhile. The keys of its commands make it once, should another process be first.
        """
        for recorded in events:
            if self._follows(recorded):
                await self._react(recorded)

    async def fold(self, _db: Db, events: Iterable[Recorded], _known: dict[int, Fact | None]) -> int:
        """Return to how many of some events it has reacted (see Folding)."""
        return sum(self._follows(recorded) for recorded in events)

    async def _checkpoint(self) -> tuple[int, str | None, int]:
        """Return the position reached, why it went no further, and how many streams are parked."""
        row = await self._here.pool.fetchrow(READ, self.schema)
        if row is None:
            await self._here.pool.execute(ADD_BUILD, self.name, self.source, self.version, self.schema)
            return 0, None, 0
        self._build = Build(self, self.schema, row["epoch"])
        return row["position"], row["failure"], row["parked"]

    async def _fail(self, error: Exception) -> None:
        """Say why the reaction stands still, where `/readyz` and `/projections` show it."""
        foreseen = passes(error) or isinstance(error, RegestaError)
        logger.warning("%s: %s; trying again", self.name, words_of(error), exc_info=None if foreseen else error)
        self.trouble = public(error)
        try:
            await self._here.pool.execute(FAIL, self.schema, self.trouble)
        except Exception as again:
            if not passes(again):
                raise
            logger.warning("%s: its checkpoint cannot be written", self.name)

    async def _step(self, after: int, batch: Sequence[Recorded], parked: int) -> None:
        """React to a batch, park the streams whose facts cannot be, and move on.

        Raises what stopped it: a failure that passes, Overtaken.
        """
        skipped = await self._parked_among(self._here.pool, batch) if parked else set()
        failed = await self._react_to([each for each in batch if each.stream not in skipped])
        stopping = next((each for each in failed if not is_poison(each.error)), None)
        for each in failed:
            if each is stopping:
                break
            before = each.recorded.position - 1
            await self._move(after, before, batch, skipped)
            await park(self._here.pool, self._build, before, each.recorded, each.error)
            skipped.add(each.recorded.stream)
            after = each.recorded.position
        reached = batch[-1].position if stopping is None else stopping.recorded.position - 1
        await self._move(after, reached, batch, skipped)
        if stopping is not None:
            raise stopping.error

    async def _move(self, after: int, to: int, batch: Sequence[Recorded], skipped: set[str]) -> None:
        """Move the checkpoint past what was reacted to, while the streams that were skipped are still parked.

        Raises Overtaken when they are not, or when it does not stand at `after`.
        """
        if to == after:
            return
        unknown = unknown_among(each for each in batch if after < each.position <= to)
        async with self._here.pool.acquire() as db, db.transaction():
            parked = await move(db, [self._build], Move(after, to, unknown))
            if (parked[self.schema] or skipped) and await self._parked_among(db, batch) != skipped:
                raise Overtaken

    async def _parked_among(self, db: Db | asyncpg.Pool, batch: Sequence[Recorded]) -> set[str]:
        return {stream for _, stream in await parked_among(db, [self._build], (each.stream for each in batch))}

    async def _react_to(self, events: Sequence[Recorded]) -> list[_Failed]:
        """React to all of some events; return those that failed, by position. Later ones of their streams are left alone."""
        streams: dict[str, list[Recorded]] = {}
        for recorded in events:
            if self._follows(recorded):
                streams.setdefault(recorded.stream, []).append(recorded)
        room = asyncio.Semaphore(STREAMS_TOGETHER)
        found = await asyncio.gather(*(self._in_turn(facts, room) for facts in streams.values()))
        return sorted((each for each in found if each is not None), key=lambda each: each.recorded.position)

    async def _in_turn(self, facts: Iterable[Recorded], room: asyncio.Semaphore) -> _Failed | None:
        async with room:
            for recorded in facts:
                try:
                    await self._react(recorded)
                except Exception as error:  # noqa: BLE001 - parked or raised, once the other streams are done
                    return _Failed(recorded, error)
        return None

    def _follows(self, recorded: Recorded) -> bool:
        return unversioned(recorded.type) in self._kinds

    async def _react(self, recorded: Recorded) -> None:
        fact = newest(recorded)
        if fact is None:  # of a version that is not known here: what is skipped would never be reacted to
            message = f"{recorded.name} is a {recorded.type!r} of a later release, which this one cannot read"
            raise LaterRelease(message, source=recorded.source, position=recorded.position)
        if not isinstance(fact[1], self.events):
            return
        context = Context(
            f"reaction:{self._reaction.name}", frozenset({"reaction"}), frozenset({"*"}), datetime.now(UTC)
        )
        commands = await self._reaction.react(self._here, *fact)
        if not commands:
            return
        with batch_span(tracer, REACT, [recorded.traceparent], self._reaction.name):
            for number, command in enumerate(commands):
                await self._decider.handle(command, context, self._cause(recorded, number))

    def _cause(self, recorded: Recorded, number: int) -> Envelope:
        """Return the envelope of the command of this number that a fact leads to.

        The key tells the fact by its content too: when it was given up, it does not answer for what comes at its position. The id
        of the log would not do, for a log that got a new one still has the facts from before.
        """
        name = f"{recorded.name}:{number}:{digest(recorded)}"
        return Envelope(
            key=Key(self.name, name, hashlib.sha256(name.encode()).digest()),
            cause=recorded.name,
            correlation=recorded.correlation or recorded.name,
            traceparent=recorded.traceparent,
        )
