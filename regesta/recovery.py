"""Recovery: a log that was restored, or ends before what its consumers hold, is closed until it has its own tail back.

A closed log takes no append of any process; the database refuses it. Recovering asks all consumers, takes the events that are
missing from the replica that holds most, and opens the log when nothing that anybody may hold is missing any more.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Literal

import asyncpg

from regesta.bus import BATCH_EVENTS, Carrier, Seen
from regesta.cloudevents import digest
from regesta.database import Connection as Db
from regesta.errors import Forked, NotRecoverable, RegestaError
from regesta.outage import passes
from regesta.store import PostgresStore, columns_of
from regesta.unit import Head

# Whoever records waits so long after a start until the consumers have answered. One that does not is asked later too.
HOLD_SECONDS = 5.0
ASK_AGAIN_SECONDS = 0.25
ASK_AGAIN_SECONDS_MOST = 2.0
# A reader that claims to hold more makes it ask them no more often.
HEED_SECONDS = 1.0
# One step of a recovery takes no longer, so that who asks for it sees how far it is.
STEP_SECONDS = 2.0

READ_CLOSED = "SELECT reason, consumer, held, since FROM log.closed"
CLOSE_BEHIND = "SELECT log.close('behind', $1, $2)"
RECOVER = "SELECT log.recover($1, $2, $3, $4, $5, $6, $7)"
OPEN = "SELECT log.open($1)"
OPEN_ANEW = "SELECT log.open_anew($1, $2, $3)"
# Another process works on the same recovery: it has appended these events, or opened the log.
OVERTAKEN = frozenset({"RG409", "RG412"})

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Closed:
    """Why a log is closed. consumer, held: who said to hold it how far, when that is more than there is."""

    reason: Literal["restored", "behind"]
    consumer: str | None
    held: int | None
    since: datetime

    def told(self, service: str) -> str:
        """Return it as an operator is told, with what to do."""
        why = "it was restored or moved" if self.reason == "restored" else "it lacks events"
        claim = "" if self.held is None else f", {self.consumer} holds it up to {self.held}"
        return f"the log is closed: {why}{claim}; see `regesta recover {service}`"


@dataclass(frozen=True, slots=True)
class Recovered:
    """How far a recovery is. state: open when nothing is left to do. position: of the log; wanted: what it goes on to."""

    state: Literal["recovering", "open"]
    log: str
    position: int
    wanted: int


async def read_closed(db: Db | asyncpg.Pool) -> Closed | None:
    """Return why the log is closed; None when it is open."""
    row = await db.fetchrow(READ_CLOSED)
    return None if row is None else Closed(*row)


async def close_behind(pool: asyncpg.Pool, consumer: str, held: int) -> None:
    """Close the log, for a consumer holds it up to `held`; nothing happens when that is no more than there is."""
    await pool.execute(CLOSE_BEHIND, consumer, held)
    if await read_closed(pool) is not None:
        logger.critical("the log is closed: %s holds it up to %s", consumer, held)


class Guard:
    """Asks the consumers how much they hold: after a start, before anything is recorded, and when a reader claims more.

    `run` is its task.
    """

    def __init__(self, store: PostgresStore, consumers: Mapping[str, Carrier]) -> None:
        self._store = store
        self._consumers = consumers
        self._claimed = asyncio.Event()
        if consumers:
            store.hold()

    def heed(self) -> None:
        """Ask again: a reader claims to hold the log beyond its end. By itself that closes nothing, for any reader can say so."""
        self._claimed.set()

    async def run(self) -> None:
        """Ask each until it has answered, and all again when there is a claim; until cancelled."""
        async with asyncio.TaskGroup() as group:
            asking = {group.create_task(self._until_answered(name), name=name) for name in self._consumers}
            if asking:
                _, late = await asyncio.wait(asking, timeout=HOLD_SECONDS)
                for each in late:
                    logger.warning("%s did not say how much of this log it holds; it is asked again", each.get_name())
            self._store.let_go()
            await self._heed()

    async def _until_answered(self, name: str) -> None:
        pause = ASK_AGAIN_SECONDS
        while await self._holds_more(name) is None:
            await asyncio.sleep(pause)
            pause = min(pause * 2, ASK_AGAIN_SECONDS_MOST)

    async def _heed(self) -> None:
        while True:
            await self._claimed.wait()
            self._claimed.clear()
            if not any([await self._holds_more(name) for name in self._consumers]):
                logger.warning("a reader claims more of this log than there is; no consumer that answers holds more")
            await asyncio.sleep(HEED_SECONDS)

    async def _holds_more(self, name: str) -> bool | None:
        """Return whether a consumer holds more of this log than there is, which is then closed; None without an answer."""
        try:
            held = await self._consumers[name].head()
            mine = await self._store.head(self._store.service)
            more = held.log == mine.log and held.position > mine.position
            if more:
                await close_behind(self._store.pool, name, held.position)
        except Exception as error:
            if not passes(error) and not isinstance(error, RegestaError):
                raise
            logger.debug("asking %s: %s", name, error)
            return None
        return more


class Recovery:
    """Recovers the log of a service. consumers: the replicas of it, by who keeps them."""

    def __init__(self, store: PostgresStore, consumers: Mapping[str, Carrier]) -> None:
        self._store = store
        self._consumers = consumers
        self._turn = asyncio.Lock()

    async def step(self, by: str, *, accept_loss: bool = False) -> Recovered:
        """Bring the recovery as far as it goes in some seconds; call it again until the log is open.

        accept_loss: open it also when somebody holds, or may hold, what nobody gives back; it then gets a new id.
        Raises NotRecoverable, which names them.
        """
        async with self._turn:
            head = await self._head()
            if await read_closed(self._store.pool) is None:
                return _recovered("open", head)
            held, missing = await self._ask(str(head.log))
            ends_at = monotonic() + STEP_SECONDS
            # Who holds most comes first; the others are then compared with what that one gave back.
            for name, until in sorted(held.items(), key=lambda each: -each[1]):
                try:
                    done = await self._take_back(self._consumers[name], until, ends_at)
                except RegestaError as error:
                    missing[name] = _why(error)
                else:
                    if not done:
                        return _recovered("recovering", await self._head(), until)
            return await self._end(missing, by, accept_loss=accept_loss)

    async def _end(self, missing: dict[str, str], by: str, *, accept_loss: bool) -> Recovered:
        """Open the log, all that was given being back. missing: who may hold more, and why nobody knows."""
        head, closed = await self._head(), await read_closed(self._store.pool)
        claim = None if closed is None else closed.held
        if closed is not None and claim is not None and claim > head.position:
            missing.setdefault(str(closed.consumer), f"said that it holds it up to {claim}")
        if closed is not None and closed.reason == "restored" and not self._consumers:
            missing["REGESTA_CONSUMERS"] = "names nobody who could say"
        if missing and not accept_loss:
            told = "; ".join(f"{name} {why}" for name, why in sorted(missing.items()))
            raise NotRecoverable(
                f"the log of {self._store.service} ends at {head.position}, and more may be held: {told}. "
                "Mend that and recover again, or accept the loss with --accept-loss",
                service=self._store.service, position=head.position, missing=missing,
            )  # fmt: skip
        if missing:
            logger.critical("%s accepts what is lost beyond %s", by, head.position)
            opened = await self._store.pool.fetchval(OPEN_ANEW, claim, claim or head.position, by)
        else:
            opened = await self._store.pool.fetchval(OPEN, claim)
        await self._store.turn()
        now = await self._head()
        logger.warning("the log is %s at %s, its id %s", "open" if opened else "still closed", now.position, now.log)
        return _recovered("open" if opened else "recovering", now)

    async def _ask(self, log: str) -> tuple[dict[str, int], dict[str, str]]:
        """Return how far each consumer holds this log, and why that is not known of the others."""
        held: dict[str, int] = {}
        missing: dict[str, str] = {}
        for name, carrier in self._consumers.items():
            try:
                head = await carrier.head()
            except RegestaError as error:
                missing[name] = _why(error)
                continue
            if head.log == log:
                held[name] = head.position
            elif head.log is not None:  # else it has taken in nothing
                missing[name] = f"follows another log of this name, {head.log}"
        return held, missing

    async def _take_back(self, replica: Carrier, until: int, ends_at: float) -> bool:
        """Append what a replica has beyond this log; return whether that is all. Raises Forked when it has other events."""
        await self._compare(replica, until)
        while (head := await self._head()).position < until:
            batch = await replica.fetch(Seen(head.position, head.log), BATCH_EVENTS, 0)
            if not batch.events:  # it holds less than it said, so it is asked again
                return False
            try:
                reached = await self._store.pool.fetchval(RECOVER, *columns_of(batch.events))
            except asyncpg.PostgresError as error:
                if error.sqlstate not in OVERTAKEN:
                    raise
                if error.sqlstate == "RG412" and await self._head() == head:
                    raise Forked(str(error), source=self._store.service, position=head.position) from error
                return False
            logger.warning("the log is recovered up to %s of %s", reached, until)
            if monotonic() > ends_at:
                return False
        return True

    async def _compare(self, replica: Carrier, until: int) -> None:
        """Raise Forked when a replica has another event than this log at the last position that both have."""
        position = min((await self._head()).position, until)
        if position:
            (last,) = await self._store.read(self._store.service, position - 1, 1)
            await replica.fetch(Seen(position, last.log, digest(last)), 1, 0)

    async def _head(self) -> Head:
        return await self._store.head(self._store.service)


def _why(error: RegestaError) -> str:
    return f"holds other events: {error}" if isinstance(error, Forked) else f"does not answer: {error}"


def _recovered(state: Literal["recovering", "open"], head: Head, wanted: int = 0) -> Recovered:
    return Recovered(state, str(head.log), head.position, max(wanted, head.position))
