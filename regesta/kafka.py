"""The carrier `kafka`: a source's log as a topic with one partition, read from the offset that is stored with the replica.

The topic may repeat events, for a relay that crashed or was paused publishes some again; they are brought as they come, and the
store compares and drops them. What the topic lacks is taken from the source itself, which also says what a difference means.
Imported only where it is used.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from time import monotonic
from typing import Final, TypeAlias

from aiokafka import ConsumerRecord
from aiokafka.errors import KafkaError

from regesta.broker import Broker
from regesta.bus import Batch, Carrier, Seen, Standstill
from regesta.client import answered_within
from regesta.cloudevents import digest
from regesta.errors import Forked, SourceUnreachable
from regesta.event import Recorded, Registry, event_name
from regesta.outage import passes
from regesta.reasons import Cause
from regesta.remarks import Remarks
from regesta.seal import Seals, newest
from regesta.signals import SERVICE, SOURCE, TOPIC_FOREIGN, TOPIC_LACKING
from regesta.telemetry import counter
from regesta.topic import THERE_SECONDS, Reader
from regesta.topics import TopicMissing, TopicUnusable
from regesta.unit import Head

# While the topic is not as far as the replica, or its source publishes no more, the source is asked, and the topic looked at again so often.
ORIGIN_SECONDS: Final = 1.0

# A broker that gave events is not asked so soon how many there are.
HEARD_SECONDS: Final = 1.0
# A source that starts makes its topic by then; nobody need hear of it.
MAKING_SECONDS: Final = 5.0
TELL_SECONDS: Final = 5.0
# A source is not asked for its seal more often because of records that have none.
SEAL_SECONDS: Final = 1.0
# Events do not wait longer for it.
TELLING_SECONDS: Final = 1.0

_Standing: TypeAlias = tuple[str | None, int | None, int | None]

logger = logging.getLogger(__name__)
foreign = counter(TOPIC_FOREIGN)
lacking = counter(TOPIC_LACKING)


class KafkaCarrier:
    """The far end of a topic, for one reader who goes on from where it was (see bus.Carrier).

    reader: name of the service that reads. origin: the source itself. seals: what its records are known by. remarks: what somebody has to look at.
    Close it when it is not used any more.
    """

    def __init__(  # noqa: PLR0913 - it stands between all of these
        self, broker: Broker, reader: str, source: str, registry: Registry, origin: Carrier, *, seals: Seals
    ) -> None:
        self.remarks = Remarks()
        self._broker = broker
        self._labels = {SERVICE: reader, SOURCE: source}
        self._source = source
        self._registry = registry
        self._origin = origin
        self._seals = seals
        self._reader: Reader | None = None
        # What a reader has seen who may go on here; up to which position, and of which log, answers went since this was found.
        self._standing: _Standing | None = None
        self._reached = 0
        self._log: str | None = None
        # Whether the source had what a silent topic had not: it publishes no more, as it seems.
        self._is_left = False
        # Before this offset records of other logs are known to be of none that the source is.
        self._known_until = 0
        # Before this offset records without a true seal are known to be of nobody who could seal; when the source was asked for its seal.
        self._sealed_until = 0
        self._seal_asked_at = -SEAL_SECONDS
        self._where = f"intake of {source}"
        self._group = broker.topic(reader).removesuffix(".v1")
        self._telling_at = 0.0
        self._heard_at = -HEARD_SECONDS
        # Since when the topic is missing.
        self._missing_at: float | None = None

    async def head(self) -> Head:
        """Return how far the source's log reaches, as the source says it."""
        return await self._origin.head()

    async def fetch(self, seen: Seen, limit: int, timeout_seconds: float) -> Batch:
        """Return the events that follow in the topic (see bus.Carrier), some perhaps from before what was seen.

        Without a topic that can be used those that the source has. Raises Standstill when the broker does not answer or refuses, or neither
        topic nor source can be used; Forked and SourceUnreachable as the source does when it is asked.
        """
        try:
            reader = self._reader or await self._made(seen)
            with self._broker.told():
                batch = await self._fetch(reader, seen, limit, timeout_seconds)
        except TopicUnusable as unusable:
            await self.close()
            return await self._without_topic(seen, limit, timeout_seconds, unusable)
        except Forked:
            self._standing = None
            raise
        except BaseException:
            # A client that was cut off is made anew.
            await self.close()
            raise
        self._missing_at = None
        self.remarks.settle(self._where, Cause.TOPIC_MISSING, Cause.TOPIC_UNUSABLE)
        return batch

    async def close(self) -> None:
        """Disconnect."""
        reader, self._reader, self._standing = self._reader, None, None
        if reader is not None:
            await reader.close()

    async def _fetch(self, reader: Reader, seen: Seen, limit: int, timeout_seconds: float) -> Batch:
        if self._reader is None:
            self._reader = reader
            await reader.open()
        if self._standing != _standing(seen):
            apart = await self._find(reader, seen, limit, timeout_seconds)
            if apart is not None:
                return apart
            self._standing = _standing(seen)
        await self._tell(reader, seen)
        ends_at = monotonic() + (min(timeout_seconds, ORIGIN_SECONDS) if self._is_left else timeout_seconds)
        while True:
            place, end, left = reader.place, 0, ends_at - monotonic()
            # Who waits long enough anyway need not know whether there is more, and a broker that gave some just now is there.
            is_waiting = left >= THERE_SECONDS and monotonic() < self._heard_at + HEARD_SECONDS
            if not is_waiting and place < (end := await reader.reached()):
                left = THERE_SECONDS
            records = await reader.take(limit, max(left, 0.0))
            if reader.place == place < end:
                raise reader.withheld(end)
            batch = await self._batch(reader, seen, records, limit)
            if batch.events:
                self._is_left, self._heard_at = False, monotonic()
                return batch
            if monotonic() >= ends_at:
                return batch if timeout_seconds == 0 else await self._asked(seen, limit)

    async def _tell(self, reader: Reader, seen: Seen) -> None:
        """Tell the broker now and then how far the replica is. Lag monitors see it; here nothing depends on it."""
        if seen.offset is None or monotonic() < self._telling_at:
            return
        self._telling_at = monotonic() + TELL_SECONDS
        try:
            await answered_within(reader.tell(seen.offset), TELLING_SECONDS)
        except (KafkaError, TimeoutError) as error:
            logger.debug("the offset of %s is not told: %r", self._source, error)

    async def _asked(self, seen: Seen, limit: int) -> Batch:
        """Return what the source has beyond a topic that was silent: nothing, unless it publishes no more. Raises Forked."""
        try:
            batch = await self._origin.fetch(replace(seen, offset=None), limit, 0)
        except SourceUnreachable:
            batch = Batch(self._log or "", [], seen.position)
        self._is_left = self._is_left or bool(batch.events)
        return self._answer(replace(batch, offset=seen.offset)) if batch.events else replace(batch, offset=seen.offset)

    async def _without_topic(self, seen: Seen, limit: int, timeout_seconds: float, unusable: TopicUnusable) -> Batch:
        """Return what the source has while its topic is missing or wrong. Raises `unusable` when the source does not answer, Forked."""
        self._is_left = True
        try:
            batch = await self._origin.fetch(replace(seen, offset=None), limit, min(timeout_seconds, ORIGIN_SECONDS))
        except SourceUnreachable:
            raise unusable from None
        self._note(unusable)
        return replace(batch, offset=None)

    def _note(self, unusable: TopicUnusable) -> None:
        """Take note of a topic that is wrong, or missing for longer than its source takes to make it when both start.

        Nothing stands still, so that it is not the cause that `unusable` has where the source does not answer either.
        """
        if not isinstance(unusable, TopicMissing):
            self.remarks.note(Cause.TOPIC_UNUSABLE, self._where, str(unusable))
            return
        self.remarks.settle(self._where, Cause.TOPIC_UNUSABLE)
        self._missing_at = monotonic() if self._missing_at is None else self._missing_at
        if monotonic() >= self._missing_at + MAKING_SECONDS:
            self.remarks.note(Cause.TOPIC_MISSING, self._where, str(unusable))

    async def _made(self, seen: Seen) -> Reader:
        """Return a reader that is still to be opened. Raises SourceUnreachable."""
        # An empty replica must not begin with the log of a service that was replaced; else a key that is another by now is noticed.
        seal = await (newest(self._seals) if seen.position == 0 else self._seals.known())
        self._sealed_until = 0
        return Reader(self._broker, self._source, self._registry, seal, self._group)

    async def _find(self, reader: Reader, seen: Seen, limit: int, timeout_seconds: float) -> Batch | None:
        """Stand behind what was seen and return None, or return what the source has of what the topic has not.

        What was seen is known by its digest where the topic shows it, else by asking the source. Raises Forked.
        """
        self._standing, self._reached, self._log = None, seen.position, seen.log
        self._known_until = 0
        begin, end = await reader.begin(), await reader.end()
        if seen.position == 0:
            last = await reader.last_event()
            if seen.log is None and last is not None:
                self._log = last.log
            reader.seek(begin)
            return None
        if seen.offset is not None and begin < seen.offset <= end:
            last_seen = await reader.next_event(seen.offset - 1, seen.offset)
            if last_seen is not None and _is_last(last_seen[1], seen):
                reader.seek(seen.offset)
                return None
        place, before = await _search(reader, seen, begin, end)
        if before is not None and (behind := await _behind(reader, seen, before, (begin, end))) is not None:
            reader.seek(behind)
            return None
        asked = await self._origin.fetch(seen, limit, min(timeout_seconds, ORIGIN_SECONDS))
        following = await reader.next_event(place, end)
        reader.seek(place)
        return None if following is not None and following[1].position == seen.position + 1 else asked

    async def _batch(self, reader: Reader, seen: Seen, records: list[ConsumerRecord], limit: int) -> Batch:
        """Return the first of some records that follow each other, and stand behind them; without any, what was left out is not read again."""
        run: list[Recorded] = []
        offset = seen.offset
        for record in records:
            event = reader.event_of(record)
            if event is None and await self._is_sealed_anew(reader, record):
                event = reader.event_of(record)
            if event is None:
                self._leave_out(record, f"is no event that {self._source} has published")
                continue
            if not run:
                if event.log != (self._log or event.log):
                    await self._require_no_fork(reader, seen, record)
                    continue
                if event.position > self._reached + 1:
                    filled = await self._fill(seen, event, record, limit)
                    if filled is None:
                        continue
                    reader.seek(record.offset)
                    return filled
            elif event.log != run[-1].log or event.position != run[-1].position + 1:
                reader.seek(record.offset)
                break
            run.append(event)
            offset = record.offset + 1
        if not run:
            return Batch(self._log or "", [], seen.position, offset)
        return self._answer(Batch(run[0].log, run, run[-1].position, offset))

    def _answer(self, batch: Batch) -> Batch:
        """Return a batch, remembering what its reader has seen then."""
        self._log, self._reached = batch.log, max(self._reached, batch.position)
        self._standing = _standing(Seen(batch.position, batch.log, None, batch.offset))
        return batch

    async def _is_sealed_anew(self, reader: Reader, record: ConsumerRecord) -> bool:
        """Return whether the source seals with another key than before, as one does whose database was made anew.

        Asked seldom, for anybody can write many such records. What is left out meanwhile is taken from the source.
        """
        if record.offset < self._sealed_until or monotonic() < self._seal_asked_at + SEAL_SECONDS:
            return False
        until, self._seal_asked_at = max(reader.told_end, record.offset + 1), monotonic()
        try:
            seal = await self._seals.asked()
        except Exception as error:
            if not passes(error) and not isinstance(error, SourceUnreachable):
                raise
            return False
        self._sealed_until = until
        before, reader.seal = reader.seal, seal
        return seal != before

    async def _require_no_fork(self, reader: Reader, seen: Seen, record: ConsumerRecord) -> None:
        """Go past a record of another log, unless that is the source's by now. Raises Forked, SourceUnreachable.

        Nobody need hear of it: so is what was published before a log was opened anew.
        """
        if record.offset >= self._known_until:
            # What the topic holds already cannot be of a log that the source becomes later.
            until = max(reader.told_end, record.offset + 1)
            await self._origin.fetch(Seen(seen.position, self._log, seen.digest), 1, 0)
            self._known_until = until
            logger.debug("%s: records of another log from %d on are left out", self._where, record.offset)
        foreign.add(1, self._labels)

    async def _fill(self, seen: Seen, event: Recorded, record: ConsumerRecord, limit: int) -> Batch | None:
        """Return events that the topic lacks before one, from the source; None when the source does not know that one either.

        At most `limit`, for no source gives more at once: what follows is still lacking at the next turn.
        """
        after = self._reached
        known = Seen(after, self._log, seen.digest if after == seen.position else None)
        try:
            batch = await self._origin.fetch(known, min(limit, event.position - after - 1), 0)
        except SourceUnreachable as error:
            missing = f"{event_name(self._source, after + 1)} to {event.position - 1}"
            told = f"the topic {record.topic!r} lacks {missing}, and the source does not answer: {error}"
            raise Standstill(Cause.TOPIC_HOLE, told) from error
        if not batch.events:
            self._leave_out(record, f"claims to be {event.name}, beyond the end of the log")
            return None
        first, last = batch.events[0], batch.events[-1]
        told = f"the topic {record.topic!r} lacks {first.name} to {last.position}; taken from the source"
        self.remarks.note(Cause.TOPIC_LACKING, self._where, told)
        lacking.add(len(batch.events), self._labels)
        return self._answer(replace(batch, offset=seen.offset))

    def _leave_out(self, record: ConsumerRecord, why: str) -> None:
        foreign.add(1, self._labels)
        told = f"record {record.offset} of the topic {record.topic!r} {why}; it is left out"
        self.remarks.note(Cause.TOPIC_FOREIGN, self._where, told)


def _standing(seen: Seen) -> _Standing:
    """Return what tells readers apart. By the offset alone, for what came again does not move a replica's head."""
    return seen.log, seen.offset, seen.position if seen.offset is None else None


def _is_last(event: Recorded, seen: Seen) -> bool:
    """Return whether an event is the last one that was seen."""
    return event.position == seen.position and seen.log in {None, event.log} and seen.digest in {None, digest(event)}


async def _search(reader: Reader, seen: Seen, begin: int, end: int) -> tuple[int, Recorded | None]:
    """Return an offset behind which positions are beyond what was seen, and the last event of that log before it, by halving.

    Positions rise along a topic but where some are repeated, so there may be several such places; each of them will do.
    Where another log stands, what was seen comes later: the relay publishes a log with a new id behind the old one.
    """
    low, high, before = begin, end, None
    while low < high:
        middle = (low + high) // 2
        found = await reader.next_event(middle, high)
        if found is not None and seen.log not in {None, found[1].log}:
            low = found[0] + 1
        elif found is not None and found[1].position <= seen.position:
            low, before = found[0] + 1, found[1]
        else:
            high = middle
    return low, before


async def _behind(reader: Reader, seen: Seen, before: Recorded, span: tuple[int, int]) -> int | None:
    """Return an offset behind the last event that was seen, where what follows stands if it is there; None without that event.

    before: an event of that log that is not later. span: where the topic begins and ends. Halving may have come to what was
    published again: what was seen stands before that then, or what follows it does.
    """
    is_shown, other = False, None
    async for offset, event in reader.since(before.time, *span):
        if _is_last(event, seen):
            is_shown = True
        elif is_shown and event.log != before.log:
            other = offset if other is None else other
        elif is_shown and event.position > seen.position:
            return offset
    if not is_shown:
        return None
    return span[1] if other is None else other
