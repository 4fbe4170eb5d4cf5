"""The relay: publishes the own log to a broker, in order, by one process at a time.

A crash, or a holder that was paused beyond its lease, can publish events again, never leave one out: the position moves only
when the broker has acknowledged everything up to it, and only for who holds the lease.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from typing import Protocol
from uuid import UUID, uuid4

import asyncpg
from opentelemetry import trace

from regesta.bus import AHEAD_EVENTS, BATCH_EVENTS, PASSING, Outage, Standstill, why, words
from regesta.cloudevents import digest
from regesta.database import Connection as Db
from regesta.event import Recorded
from regesta.outage import AWAY, passes, words_of
from regesta.reasons import Cause
from regesta.remarks import Remarks
from regesta.signals import RELAY, RELAY_EVENTS, SERVICE
from regesta.store import PostgresStore
from regesta.telemetry import batch_span, counter, positions

LEASE = timedelta(seconds=5)
RENEW_SECONDS = 1.0
# For a connection, for a statement on the lease, and to give it up: together less than the lease.
ANSWER_SECONDS = 1.0
# A broker acknowledges within some milliseconds.
SLOW_SECONDS = 5.0
# Somebody may change a topic's settings at any time.
CHECK_SECONDS = 60.0

TAKE = """
INSERT INTO bus.relay AS held (holder, epoch, until, log, position) VALUES ($1, 1, clock_timestamp() + $2, $3, 0)
ON CONFLICT (one) DO UPDATE SET
    holder = excluded.holder, epoch = held.epoch + 1, until = excluded.until, log = excluded.log,
    position = CASE WHEN held.log = excluded.log THEN held.position ELSE 0 END
-- One that would last longer than leases do is of before the clock was set back.
WHERE held.until < clock_timestamp() OR held.until > clock_timestamp() + $2
RETURNING epoch, position
"""
RENEW = "UPDATE bus.relay SET until = clock_timestamp() + $2 WHERE epoch = $1 RETURNING epoch"
# A topic that was lost, or its end, is filled again: what it lacks is unpublished.
BEGIN = "UPDATE bus.relay SET position = $2 WHERE epoch = $1 RETURNING epoch"
ADVANCE = "UPDATE bus.relay SET position = greatest(position, $2) WHERE epoch = $1 RETURNING epoch"
RELEASE = "UPDATE bus.relay SET until = clock_timestamp() WHERE epoch = $1 AND until > clock_timestamp()"
# How far it is, whichever process publishes.
READ = """
SELECT position, head - position, CASE WHEN head <= position THEN 0 ELSE greatest(0, extract(epoch FROM clock_timestamp() - (
    SELECT time FROM log.events AS next WHERE next.position = at.position + 1
))) END::float8
FROM (SELECT coalesce(max(position), 0) FROM log.events) AS log (head), (
    SELECT coalesce((SELECT position FROM bus.relay JOIN log.identity USING (log)), 0)
) AS at (position)
"""

logger = logging.getLogger(__name__)
tracer = trace.get_tracer("regesta.relay")
relayed = counter(RELAY_EVENTS)


class Publisher(Protocol):
    """The near end of a topic. weakness: how it could lose what it acknowledges, as it was checked last."""

    weakness: str | None

    async def open(self, *, make: bool) -> Recorded | None:
        """Make ready to publish; return the last event that the topic holds. Raises Standstill.

        make: whether a topic that is missing may be made.
        """
        ...

    async def check(self) -> None:
        """Look whether the topic still keeps a log. Raises Standstill."""
        ...

    async def publish(self, events: Sequence[Recorded]) -> None:
        """Append events in this order, behind those of earlier calls, which may be under way; they are durable when this returns.

        Raises Standstill, some may be there then.
        """
        ...

    async def close(self) -> None:
        """Give up what is under way."""
        ...


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to publish a log. position: up to which it was published."""

    epoch: int
    log: str
    position: int


@dataclass(frozen=True, slots=True)
class Unpublished:
    """How far the relay is behind the log. seconds: age of the oldest event still to come; 0 without.

    position: up to where the log is published; 0 while the topic's log is another.
    """

    position: int
    events: int
    seconds: float


async def always() -> bool:
    """Return true: a topic that is missing took nothing along."""
    return True


async def unpublished(db: Db | asyncpg.Pool) -> Unpublished:
    """Return how far the relay is behind, whichever process publishes."""
    row = await db.fetchrow(READ)
    assert row is not None
    return Unpublished(*row)


class Relay:
    """Publishes the log of a service while it holds the lease. `run` is its task.

    trouble: why nothing is published, None while it is well or another process publishes. alarm: which cause that is.
    remarks: what somebody has to look at while it goes on. may_make: whether a topic that is missing may be made.
    """

    def __init__(
        self, store: PostgresStore, publisher: Publisher, may_make: Callable[[], Awaitable[bool]] = always
    ) -> None:
        self.trouble: str | None = None
        self.alarm: Cause | None = None
        self.remarks = Remarks()
        self._store = store
        self._publisher = publisher
        self._may_make = may_make
        self._check_at = 0.0
        self._holder = uuid4()
        self._outage = Outage(f"relay of {store.service}")

    async def run(self) -> None:
        """Publish until cancelled, whenever no other process does. Whatever fails is tried again."""
        while True:
            try:
                lease = await self._take()
                if lease is None:
                    self._well()
                else:
                    await self._hold(lease)
            except Exception as error:
                if not passes(error) and not isinstance(error, PASSING):
                    raise
                self._ill(*why(error), words(error))
            await asyncio.sleep(RENEW_SECONDS)

    async def _hold(self, lease: Lease) -> None:
        """Publish until the lease is another's, or the log another."""
        publishing, renewing = asyncio.create_task(self._publish(lease)), asyncio.create_task(self._renew(lease))
        both = {publishing, renewing}
        try:
            done, _ = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            for each in done:
                each.result()
        finally:
            for each in both:
                each.cancel()
            await asyncio.gather(*both, return_exceptions=True)
            await self._publisher.close()
            await self._release(lease)

    async def _publish(self, lease: Lease) -> None:
        last = await self._publisher.open(make=await self._may_make())
        self._checked()
        await self._require_own(lease, last)
        position = _start(lease, last)
        if await self._ask(BEGIN, lease.epoch, position) is None:
            return
        await self._pass_on(lease, position)

    async def _pass_on(self, lease: Lease, position: int) -> None:
        """Publish what is behind a position. While there is much, the next batch is read and handed over before the last is acknowledged."""
        events: Sequence[Recorded] = ()
        under_way: asyncio.Task[None] | None = None
        try:
            while True:
                await self._look()
                is_much = under_way is None or len(events) >= AHEAD_EVENTS
                events = await self._store.read(self._store.service, position, BATCH_EVENTS) if is_much else ()
                if events and events[0].log != lease.log:
                    return
                before, under_way = under_way, asyncio.create_task(self._send(events)) if events else None
                if before is not None:
                    await before
                    if await self._ask(ADVANCE, lease.epoch, position) is None:
                        return
                    self._well()
                if events:
                    position = events[-1].position
                    continue
                if before is None:
                    self._well()
                if not await self._more(lease, position):
                    return
        finally:
            if under_way is not None:
                under_way.cancel()
                await asyncio.gather(under_way, return_exceptions=True)

    async def _more(self, lease: Lease, position: int) -> bool:
        """Wait for more events, for a while; return whether the log is still the one that is published, as far as is known."""
        if await self._store.wait(self._store.service, position, RENEW_SECONDS):
            return True
        return (await self._store.head(self._store.service)).log == lease.log

    async def _look(self) -> None:
        """Look at the topic now and then."""
        if monotonic() >= self._check_at:
            await self._publisher.check()
            self._checked()

    def _checked(self) -> None:
        """Show what was found of the topic."""
        self._check_at = monotonic() + CHECK_SECONDS
        where = f"relay of {self._store.service}"
        if self._publisher.weakness is None:
            self.remarks.settle(where, Cause.TOPIC_WEAK)
        else:
            self.remarks.note(Cause.TOPIC_WEAK, where, self._publisher.weakness)

    async def _require_own(self, lease: Lease, last: Recorded | None) -> None:
        """Raise Standstill when the topic ends with an event that this log lacks, or has otherwise."""
        if last is None or last.log != lease.log:
            return
        if not (mine := await self._store.at([last.position])):
            raise Standstill(Cause.LOG_CLOSED, f"the topic holds {last.name}, beyond the end of the log")
        if digest(mine[0]) != digest(last):
            told = f"{last.name} has other content in the topic; delete the topic: it is made anew and filled from the log, or the command that makes it is told"
            raise Standstill(Cause.FORKED, told)

    async def _send(self, events: Sequence[Recorded]) -> None:
        """Publish a batch; while the broker does not acknowledge it that is told, and it is waited for."""
        with batch_span(tracer, RELAY, (event.traceparent for event in events)) as span:
            span.set_attributes(positions(events))
            sending = asyncio.create_task(self._publisher.publish(events))
            try:
                while not (await asyncio.wait({sending}, timeout=SLOW_SECONDS))[0]:
                    self._ill(Cause.BROKER_AWAY, "the broker does not acknowledge what is published")
                sending.result()
            finally:
                sending.cancel()
        relayed.add(len(events), {SERVICE: self._store.service})

    async def _take(self) -> Lease | None:
        """Return the lease; None when another process holds it."""
        head = await self._store.head(self._store.service)
        row = await self._ask(TAKE, self._holder, LEASE, UUID(head.log))
        return None if row is None else Lease(row["epoch"], str(head.log), row["position"])

    async def _renew(self, lease: Lease) -> None:
        """Keep the lease; return when it is another's."""
        while await self._ask(RENEW, lease.epoch, LEASE) is not None:  # noqa: ASYNC110 - time is what it keeps
            await asyncio.sleep(RENEW_SECONDS)
        logger.warning("the relay of %s was paused too long; another process publishes", self._store.service)

    async def _release(self, lease: Lease) -> None:
        """Let another process publish at once. Without an answer it waits until the lease is over."""
        try:
            await self._ask(RELEASE, lease.epoch)
        except Exception as error:
            if not passes(error):
                raise
            logger.debug("the lease of %s is not given back: %s", self._store.service, words_of(error))

    async def _ask(self, statement: str, *values: object) -> asyncpg.Record | None:
        """Run a statement on the lease; return its row. Raises TimeoutError while the lease is still held."""
        try:
            async with self._store.pool.acquire(timeout=ANSWER_SECONDS) as db:
                row: asyncpg.Record | None = await db.fetchrow(statement, *values, timeout=ANSWER_SECONDS)
                return row
        except TimeoutError as error:
            raise TimeoutError(AWAY) from error

    def _well(self) -> None:
        self.alarm, self.trouble = None, None
        self._outage.end()

    def _ill(self, alarm: Cause | None, trouble: str, told: str | None = None) -> None:
        """Show what is the matter. told: all its words, for the log of the process."""
        self.alarm, self.trouble = alarm, trouble
        self._outage.note(told or trouble, alarm)


def _start(lease: Lease, last: Recorded | None) -> int:
    """Return the position behind which to publish. A topic that was lost, or its end, is filled again from the log."""
    if last is None or last.log != lease.log:
        return 0
    return min(lease.position, last.position)
