"""The bus: how a log is offered to others, and how another service's log becomes a replica here.

A carrier is only a pipe. `Offer` is its near end, over the own log; `Intake` works at its far end and keeps the replica a
contiguous prefix: what it holds is compared and dropped, what follows is stored, a difference stops that source.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Protocol

from opentelemetry import trace

from regesta.cloudevents import digest
from regesta.errors import Detail, Forked, NotFound, RegestaError
from regesta.event import Recorded, event_name
from regesta.outage import passes, public, words_of
from regesta.pace import Pace
from regesta.reasons import Cause
from regesta.signals import INTAKE, INTAKE_EVENTS, SERVICE, SOURCE
from regesta.telemetry import batch_span, counter, positions
from regesta.unit import Fork, Gap, Head, Store

BATCH_EVENTS = 5_000
# After a batch of so many there is more, most likely.
AHEAD_EVENTS = 500
POLL_SECONDS = 20.0
# A source is not asked for each of its events by itself while they come one close upon another.
PACE_SECONDS = 0.01
RETRY_SECONDS = 0.1
# A source that comes back is followed soon.
RETRY_SECONDS_MOST = 1.0
# Services that start or stop together do not answer each other for so long; nobody need hear of it.
GRACE_SECONDS = 5.0
CLOCK_SECONDS = 5.0
# Who asks how far the source is goes without after that.
ASK_SECONDS = 2.0
# A source that differs is looked at again: it may get back what it lost, or be adopted.
FORKED_SECONDS = 2.0
CLOCK_AHEAD = timedelta(seconds=60)

logger = logging.getLogger(__name__)
tracer = trace.get_tracer("regesta.bus")
taken_in = counter(INTAKE_EVENTS)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a reader holds of a log: up to `position`, of the log with this id; digest: of its last event.

    offset: of the record behind that event, where events are records of a topic.
    """

    position: int
    log: str | None = None
    digest: str | None = None
    offset: int | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Events that follow on what was seen. log: id of the log they are of. position: how far this answer speaks.

    offset: of the record behind the last of them, where they are records of a topic; they may then begin before what was seen.
    """

    log: str
    events: Sequence[Recorded]
    position: int
    offset: int | None = None


class Standstill(Exception):
    """A carrier cannot go on. cause: as /readyz names it."""

    def __init__(self, cause: Cause, told: str) -> None:
        super().__init__(told)
        self.cause = cause


class Carrier(Protocol):
    """The far end of a pipe from one source's log."""

    async def fetch(self, seen: Seen, limit: int, timeout_seconds: float) -> Batch:
        """Return the events after what was seen, waiting for the first one until the time is over.

        Raises Forked when the log is another, shorter, or holds another event where the reader's last one is.
        """
        ...

    async def head(self) -> Head:
        """Return how far the log reaches."""
        ...


# What passes by itself, or when somebody mends it: worth another try.
PASSING = (RegestaError, Gap, Standstill)


def words(error: Exception) -> str:
    """Return an error with all its words, for the log of the process; a carrier's say all by themselves."""
    return str(error) if isinstance(error, Standstill) else words_of(error)


def why(error: Exception) -> tuple[Cause | None, str]:
    """Return which cause an error is of, None for that of a source that is away, and what is told of it."""
    if isinstance(error, Standstill):
        return error.cause, str(error)
    return None, public(error)


async def last_common(store: Store, carrier: Carrier, source: str, until: int) -> int:
    """Return the last position, at most `until`, up to which a source's log and the replica of it hold the same events.

    Logs that differ at a position differ from there on, for an event's time is never given again; so it is found by halving.
    """
    low = 0
    while low < until:
        middle = (low + until + 1) // 2
        event = await _last(store, source, middle)
        try:
            await carrier.fetch(Seen(middle, None, digest(event)), 1, 0)
            low = middle
        except Forked:
            until = middle - 1
    return low


async def _last(store: Store, source: str, position: int) -> Recorded:
    """Return the event at a position. Raises Gap when it is not there any more: the replica was cut back meanwhile."""
    found = await store.read(source, position - 1, 1)
    if not found:
        raise Gap(position - 1)
    return found[0]


class Offer:
    """The near end: answers what the own log, or a replica, holds after a reader's position. Also a Carrier within one process."""

    def __init__(self, store: Store, source: str | None = None) -> None:
        self._store = store
        self._source = source or store.service

    async def fetch(self, seen: Seen, limit: int, timeout_seconds: float) -> Batch:
        """Return the events after what was seen (see Carrier). Raises NotFound when nothing of a source has arrived."""
        batch = await self._after(seen, limit)
        if not batch.events and timeout_seconds > 0:
            await self._store.wait(self._source, seen.position, timeout_seconds)
            # It may have become another log meanwhile.
            batch = await self._after(seen, limit)
        return batch

    async def head(self) -> Head:
        """Return how far the log reaches."""
        return await self._store.head(self._source)

    async def _after(self, seen: Seen, limit: int) -> Batch:
        """Return the next events. The reader's last one is read with them: it shows that both hold the same."""
        held = min(seen.position, 1)
        events = await self._store.read(self._source, seen.position - held, limit + held)
        ends = None if events else await self._store.head(self._source)
        log = events[0].log if ends is None else ends.log
        if log is None:
            raise NotFound(f"nothing of {self._source!r} has arrived", source=self._source)
        where: dict[str, Detail] = {"source": self._source, "position": seen.position, "log": log}
        if seen.log is not None and seen.log != log:
            raise Forked(f"{self._source!r} is another log than {seen.log!r}", **where)
        if held and ends is not None:
            raise Forked(
                f"{self._source!r} ends at {ends.position}, before {seen.position}", head=ends.position, **where
            )
        if held and seen.digest is not None and digest(events[0]) != seen.digest:
            raise Forked(f"'{event_name(self._source, seen.position)}' has other content here", **where)
        return Batch(log, events[held:], events[-1].position if events else seen.position)


@dataclass(slots=True)
class Outage:
    """What cannot go on, such as "intake of kpi". Its operator hears once that it began, when it lasts, and once that it is over.

    told: the causes that he has heard of; one that takes another's place is told too.
    """

    what: str
    began_at: float | None = None
    told: set[Cause | None] = field(default_factory=set)

    def note(self, trouble: str, cause: Cause | None = None) -> None:
        """Take note of one more failure. cause: what it is of, which says what to do."""
        now = monotonic()
        self.began_at = now if self.began_at is None else self.began_at
        if cause in self.told or now - self.began_at < GRACE_SECONDS:
            logger.debug("%s: %s", self.what, trouble)
            return
        self.told.add(cause)
        action = "" if cause is None else f". {cause.value.action}"
        logger.warning("%s: %s; trying again%s", self.what, trouble, action)

    def end(self) -> None:
        """Take note of a success."""
        if self.told and self.began_at is not None:
            logger.warning("%s goes on after %.0f s", self.what, monotonic() - self.began_at)
        self.began_at = None
        self.told.clear()


@dataclass(frozen=True, slots=True)
class Behind:
    """How far a replica is. head: of its source. seconds: age of the oldest event still to come; 0 without."""

    position: int
    head: int
    seconds: float


class Intake:
    """Copies one source's log into the replica. `run` is its task.

    carrier: what brings the events. origin: who answers for the source itself, when that is another than the carrier.
    trouble: why it stands still, None while it is well. alarm: which cause that is when it does not pass by itself.
    """

    def __init__(self, store: Store, source: str, carrier: Carrier, origin: Carrier | None = None) -> None:
        self.source = source
        self.trouble: str | None = None
        self.alarm: Cause | None = None
        self._store = store
        self._carrier = carrier
        self._origin = origin or carrier
        self._may_be_noted = True
        self._fetched: Batch | None = None
        self._held: Seen | None = None
        self._examined: tuple[tuple[int, str | None, int], tuple[Fork | None, str]] | None = None

    async def run(self) -> None:
        """Copy until cancelled. Errors of the connection are retried; while the logs differ nothing is copied."""
        pause, outage, pace = RETRY_SECONDS, Outage(f"intake of {self.source}"), Pace(PACE_SECONDS)
        while True:
            try:
                if self._fetched is None:
                    await pace.step()
                # After a failure without waiting for events, so that its end is known at once.
                await self._follow(POLL_SECONDS if outage.began_at is None else 0)
                pause = RETRY_SECONDS
                outage.end()
            except Exception as error:
                if not passes(error) and not isinstance(error, PASSING):
                    raise
                self.alarm, self.trouble = why(error)
                outage.note(words(error), self.alarm)
                await asyncio.sleep(pause)
                pause = min(pause * 2, RETRY_SECONDS_MOST)

    async def _follow(self, timeout_seconds: float) -> None:
        """Copy one batch, or find out where the logs differ. The difference is noted as long as it is there."""
        try:
            await self.step(timeout_seconds)
        except Forked as forked:
            fork, trouble = await self._examine(forked)
            if trouble != self.trouble:
                logger.critical("intake of %s stopped: %s %s", self.source, trouble, forked.details)
            self._may_be_noted = True
            await self._store.note_fork(self.source, fork)  # before it is shown: who sees it may adopt
            self.alarm, self.trouble = Cause.SOURCE_BEHIND if fork is None else Cause.FORKED, trouble
            await asyncio.sleep(FORKED_SECONDS)
        else:
            if self._may_be_noted:
                await self._store.note_fork(self.source, None)
                self._may_be_noted, self._examined = False, None

    async def _examine(self, forked: Forked) -> tuple[Fork | None, str]:
        """Return where the source is another log, None when it only lacks its end; and what is told of it.

        What was found stays so until one of the two ends elsewhere.
        """
        mine, theirs = await self._store.head(self.source), await self._origin.head()
        heads = mine.position, theirs.log, theirs.position
        if self._examined is None or self._examined[0] != heads:
            self._examined = heads, await self._compared(forked, mine, theirs)
        return self._examined[1]

    async def _compared(self, forked: Forked, mine: Head, theirs: Head) -> tuple[Fork | None, str]:
        common = await last_common(self._store, self._origin, self.source, min(mine.position, theirs.position))
        if theirs.log is None or (theirs.log == mine.log and common == theirs.position):
            return None, f"{forked}; it lacks what this replica holds, see `regesta recover {self.source}`"
        told = f"{forked}; both hold the same up to {common}, see `regesta adopt {self._store.service} {self.source}`"
        return Fork(common, theirs.log, told), told

    async def step(self, timeout_seconds: float) -> int:
        """Copy one batch; return how many events came. Raises Forked, SourceUnreachable.

        Raises Gap when the pipe left something out: the next poll asks for it, from the head that the replica really has.
        """
        batch, self._fetched = self._fetched, None
        if batch is None:
            # Another process may have taken in more, or given some up: then what comes next says so, and it is read anew.
            held, self._held = self._held or await self._seen(), None
            batch = await self._carrier.fetch(held, BATCH_EVENTS, timeout_seconds)
        if not batch.events:
            self.alarm, self.trouble = None, None
            return 0
        ahead = batch.events[-1].time - datetime.now(UTC)
        if ahead > CLOCK_AHEAD:
            self.alarm = Cause.SOURCE_CLOCK
            self.trouble = f"the clock of {self.source} is {ahead.total_seconds():.0f} s ahead"
            logger.error("intake of %s stands still: %s", self.source, self.trouble)
            await asyncio.sleep(CLOCK_SECONDS)
            return 0
        await self._take_in(batch)
        self.alarm, self.trouble = None, None
        return len(batch.events)

    async def _take_in(self, batch: Batch) -> None:
        """Store a batch; when there is more to come, with the next one on its way meanwhile."""
        seen = Seen(batch.position, batch.log, digest(batch.events[-1]), batch.offset)
        if len(batch.events) < AHEAD_EVENTS:
            await self._store_batch(batch)
            self._held = seen
            return
        stored, fetched = await asyncio.gather(
            self._store_batch(batch), self._carrier.fetch(seen, BATCH_EVENTS, 0), return_exceptions=True
        )
        if isinstance(stored, BaseException):
            raise stored
        # What failed is asked for again by the next step, which says why.
        if isinstance(fetched, Batch) and fetched.events:
            self._fetched = fetched

    async def _store_batch(self, batch: Batch) -> None:
        with batch_span(tracer, INTAKE, (event.traceparent for event in batch.events)) as span:
            span.set_attributes(positions(batch.events))
            await self._store.replicate(batch.log, batch.events, batch.offset)
        taken_in.add(len(batch.events), {SERVICE: self._store.service, SOURCE: self.source})

    async def behind(self) -> Behind | None:
        """Return how far the replica is behind its source; None while the source does not say."""
        try:
            async with asyncio.timeout(ASK_SECONDS):
                return await self._behind()
        except Exception as error:
            if not passes(error) and not isinstance(error, RegestaError):
                raise
            return None

    async def _behind(self) -> Behind:
        mine, theirs = (await self._store.head(self.source)).position, (await self._origin.head()).position
        waiting = (await self._origin.fetch(Seen(mine), 1, 0)).events if theirs > mine else ()
        seconds = max(0.0, (datetime.now(UTC) - waiting[0].time).total_seconds()) if waiting else 0.0
        return Behind(mine, max(mine, theirs), seconds)

    async def _seen(self) -> Seen:
        head = await self._store.head(self.source)
        if head.position == 0:
            return Seen(0, head.log)
        last = await _last(self._store, self.source, head.position)
        return Seen(head.position, head.log, digest(last), await self._offset())

    async def _offset(self) -> int | None:
        """Return where the topic goes on behind the replica; None also for a carrier that is the source itself."""
        return None if self._carrier is self._origin else await self._store.offset(self.source)
