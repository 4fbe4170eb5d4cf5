"""A topic as records with offsets: a reader that stands where it is told to, and a publisher. Imported only where it is used."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.errors import CorruptRecordException, KafkaTimeoutError, ProducerClosed, UnsupportedCodecError
from aiokafka.producer.message_accumulator import BatchBuilder, MessageAccumulator

from regesta.broker import REQUEST_MS, Broker
from regesta.bus import Standstill
from regesta.client import ANSWER_SECONDS, START_SECONDS, answered_within, start, stop
from regesta.cloudevents import decode_binary, encode_binary
from regesta.event import Recorded, Registry
from regesta.reasons import Cause
from regesta.seal import Seal, Seals
from regesta.topics import RECORD_BYTES, TopicUnusable, TopicWrong, check_topic, ensure_topic
from regesta.unit import READ_BYTES

BATCH_BYTES: Final = 1024 * 1024
# What is known to be there comes within milliseconds.
THERE_SECONDS: Final = 5.0
# A broker that has more gives it sooner.
MORE_SECONDS: Final = 0.002
# So many records are looked at in one piece for one that is an event.
PIECE_RECORDS: Final = 100
# So long a client may take to be handed events, and again until they are acknowledged, before it is made anew: more than a
# broker takes to come back. It sends by itself again what is not acknowledged.
GIVE_UP_SECONDS: Final = 60.0


class Reader:
    """Reads a topic from any offset on. registry: what its events are read with. place: offset of the record that comes next.

    seal: what records have that are believed. group: under which it tells the broker how far it is.
    """

    def __init__(self, broker: Broker, source: str, registry: Registry, seal: Seal, group: str | None = None) -> None:
        self.place = 0
        self.seal = seal
        self._broker = broker
        self._source = source
        self._registry = registry
        self._partition = TopicPartition(broker.topic(source), 0)
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=broker.bootstrap,
            request_timeout_ms=REQUEST_MS,
            group_id=group,
            auto_offset_reset="none",
            enable_auto_commit=False,
            max_partition_fetch_bytes=RECORD_BYTES,
            **broker.options,
        )

    async def open(self) -> None:
        """Check the topic and connect. Raises TopicMissing, Standstill, KafkaError."""
        await answered_within(check_topic(self._broker, self._partition.topic), START_SECONDS)
        await start(self._consumer.start())
        self._consumer.assign([self._partition])
        self.seek(0)

    async def close(self) -> None:
        """Disconnect."""
        await stop(self._consumer.stop())
        # A fetch that was under way cancels its own way to stop before that comes to the connections.
        await stop(self._consumer._client.close())  # noqa: SLF001 - see above

    async def begin(self) -> int:
        """Return the offset of the first record that is kept."""
        asked = self._consumer.beginning_offsets([self._partition])
        return (await answered_within(asked, ANSWER_SECONDS))[self._partition]

    async def end(self) -> int:
        """Return the offset of the record that will be appended next. Raises KafkaError when the broker does not answer."""
        asked = self._consumer.end_offsets([self._partition])
        return (await answered_within(asked, ANSWER_SECONDS))[self._partition]

    async def reached(self) -> int:
        """Return an offset that the topic reaches: what the last answer of the broker said when that is further, else its end."""
        return self.told_end if self.told_end > self.place else await self.end()

    @property
    def told_end(self) -> int:
        """Where the topic ended by the last answer of the broker; 0 before one."""
        return self._consumer.highwater(self._partition) or 0

    def seek(self, offset: int) -> None:
        """Stand before the record with this offset."""
        self._consumer.seek(self._partition, offset)
        self.place = offset

    async def tell(self, offset: int) -> None:
        """Tell the broker how far the reader is, for who watches there; nothing goes by it. Raises KafkaError."""
        await self._consumer.commit({self._partition: offset})

    async def take(self, limit: int, timeout_seconds: float) -> list[ConsumerRecord]:
        """Return the next records, waiting for the first until the time is over; those that are there too, up to a limit.

        Raises TopicWrong for what this process cannot unpack, KafkaError.
        """
        found: list[ConsumerRecord] = []
        size, wait = 0, 0.0
        # What was kept is no longer all: the client asks the broker for more only when that is taken from it.
        later = MORE_SECONDS
        while len(found) < limit and size < READ_BYTES:
            most = limit - len(found)
            new = await self._next(wait, most)
            if not new and not found and wait < timeout_seconds:
                wait, later = timeout_seconds, 0.0
                continue
            if not new:
                # The end of a transaction has an offset too, and is no record.
                self.place = await answered_within(self._consumer.position(self._partition), ANSWER_SECONDS)
                break
            found += new
            size += sum(map(_bytes_of, new))
            self.place = new[-1].offset + 1
            wait = THERE_SECONDS if self.place < self.told_end else later
        return found

    async def _next(self, wait_seconds: float, most: int) -> list[ConsumerRecord]:
        try:
            return await self._getmany(wait_seconds, most)
        except UnicodeDecodeError:
            # The client has gone past records that it did not give.
            self.seek(self.place)
            return await self._next_singly(most)

    async def _next_singly(self, most: int) -> list[ConsumerRecord]:
        """Return the next records up to one that has a header whose name is no text, and that one without content.

        The client raises for it, and what it is asked for together with it is lost; so is what follows in the same batch.
        """
        found: list[ConsumerRecord] = []
        while len(found) < most:
            try:
                one = await self._getmany(THERE_SECONDS, 1)
            except UnicodeDecodeError:
                found.append(_without_content(self._partition.topic, self.place))
                self.seek(self.place + 1)
                break
            if not one:
                break
            found += one
            self.place = one[-1].offset + 1
        return found

    async def _getmany(self, wait_seconds: float, most: int) -> list[ConsumerRecord]:
        try:
            taking = self._consumer.getmany(self._partition, timeout_ms=int(wait_seconds * 1000), max_records=most)
            return (await answered_within(taking, wait_seconds + ANSWER_SECONDS)).get(self._partition, [])
        except (CorruptRecordException, UnsupportedCodecError) as error:
            name = self._partition.topic
            told = (
                f"the topic {name!r} cannot be read from record {self.place} on: {str(error) or type(error).__name__}"
            )
            raise TopicWrong(
                f"{told}; delete it: its service makes it anew and fills it, or tells the command that makes it"
            ) from error

    def withheld(self, end: int) -> TopicUnusable:
        """Return what to raise when nothing comes from a topic that holds more, as the broker says."""
        topic = self._partition.topic
        told = f"the topic {topic!r} ends at {end}, and the broker gives nothing from {self.place} on"
        return TopicUnusable(Cause.BROKER_AWAY, told)

    def event_of(self, record: ConsumerRecord) -> Recorded | None:
        """Return the event of a record; None when it is none that this log's service has sealed."""
        try:
            event = decode_binary(record.headers, record.value, self._registry, self.seal)
        except (ValueError, TypeError):
            return None
        return event if event.source == self._source else None

    async def next_event(self, offset: int, end: int) -> tuple[int, Recorded] | None:
        """Return the first event from an offset on, before `end`, with its own offset; None without one.

        Raises TopicUnusable when the topic does not give what it holds.
        """
        self.seek(offset)
        while self.place < end:
            for record in await self._piece(end):
                if (event := self.event_of(record)) is not None:
                    return record.offset, event
        return None

    async def last_event(self) -> Recorded | None:
        """Return the last event of the log that was published last; None when the topic has no event at all.

        Raises TopicUnusable when the topic does not give what it holds.
        """
        begin, end = await self.begin(), await self.end()
        last = await self._event_before(begin, end)
        if last is None:
            return None
        # It may be one that was published again, by a relay that went no further. What follows it has no earlier time.
        async for _, event in self.since(last.time, begin, end):
            if event.log == last.log and event.position > last.position:
                last = event
        return last

    async def since(self, time: datetime, begin: int, end: int) -> AsyncIterator[tuple[int, Recorded]]:
        """Give all events before `end` that have this time or a later one, perhaps others too, each with its offset.

        Raises TopicUnusable when the topic does not give what it holds.
        """
        asked = self._consumer.offsets_for_times({self._partition: _at_ms(time)})
        found = (await answered_within(asked, ANSWER_SECONDS))[self._partition]
        self.seek(begin if found is None else found.offset)
        while self.place < end:
            for record in await self._piece(end):
                if (event := self.event_of(record)) is not None:
                    yield record.offset, event

    async def _event_before(self, begin: int, end: int) -> Recorded | None:
        """Return the event that stands nearest before an offset, at `begin` or behind it."""
        while begin < end:
            first = max(begin, end - PIECE_RECORDS)
            self.seek(first)
            last = None
            while self.place < end:
                for record in await self._piece(end):
                    last = self.event_of(record) or last
            if last is not None:
                return last
            end = first
        return None

    async def _piece(self, end: int) -> list[ConsumerRecord]:
        """Return the next records before an end that the broker told. Raises TopicUnusable when none comes, for they are there."""
        place = self.place
        records = await self.take(PIECE_RECORDS, THERE_SECONDS)
        if self.place == place:
            raise self.withheld(end)
        return [record for record in records if record.offset < end]


class KafkaPublisher:
    """Publishes the log of a service to its topic (see relay.Publisher)."""

    def __init__(self, broker: Broker, service: str, registry: Registry, seals: Seals) -> None:
        self._broker = broker
        self._service = service
        self._registry = registry
        self._seals = seals
        self.weakness: str | None = None
        self._topic = broker.topic(service)
        self._producer: AIOKafkaProducer | None = None
        # Who comes first publishes first; behind what failed nothing is published.
        self._turn = asyncio.Lock()
        self._is_torn = False

    async def open(self, *, make: bool = True) -> Recorded | None:
        """Make or check the topic and connect; return its last event (see relay.Publisher)."""
        self._seal = await self._seals.known()
        with self._broker.told():
            self.weakness = await answered_within(ensure_topic(self._broker, self._topic, make=make), START_SECONDS)
            self._producer = AIOKafkaProducer(
                bootstrap_servers=self._broker.bootstrap,
                request_timeout_ms=REQUEST_MS,
                acks="all",
                enable_idempotence=True,
                max_batch_size=BATCH_BYTES,
                max_request_size=RECORD_BYTES,
                **self._broker.options,
            )
            await start(self._producer.start())
            self._is_torn = False
            reader = Reader(self._broker, self._service, self._registry, self._seal)
            try:
                await reader.open()
                return await reader.last_event()
            finally:
                await reader.close()

    async def check(self) -> None:
        """Check the topic again (see relay.Publisher)."""
        with self._broker.told():
            self.weakness = await answered_within(check_topic(self._broker, self._topic), START_SECONDS)

    async def publish(self, events: Sequence[Recorded]) -> None:
        """Append events in this order (see relay.Publisher)."""
        assert self._producer is not None, "it is open"
        try:
            with self._broker.told():
                async with self._turn:
                    if self._is_torn:
                        raise Standstill(
                            Cause.BROKER_AWAY, f"what comes before {events[0].name} could not be published"
                        )
                    waiting = await answered_within(self._begin(self._producer, events), GIVE_UP_SECONDS)
                await answered_within(_all(waiting), GIVE_UP_SECONDS)
        except BaseException:
            self._is_torn = True
            raise

    async def _begin(self, producer: AIOKafkaProducer, events: Sequence[Recorded]) -> list[asyncio.Future[object]]:
        """Hand events over in batches; return what ends when each batch is durable."""
        waiting, batch = [], producer.create_batch()
        for event in events:
            if not _append(batch, event, self._seal):
                waiting.append(await self._hand_over(producer, batch))
                batch = producer.create_batch()
                if not _append(batch, event, self._seal):  # the first record of a batch may have any size
                    raise TopicWrong(f"{event.name} finds no room in the topic {self._topic!r}")
        waiting.append(await self._hand_over(producer, batch))
        return waiting

    async def _hand_over(self, producer: AIOKafkaProducer, batch: BatchBuilder) -> asyncio.Future[object]:
        """Hand a batch over once there is room: one may wait while another is under way, and a client waits for that 10 s only."""
        while True:
            with suppress(KafkaTimeoutError):
                sent = await producer.send_batch(batch, self._topic, partition=0)
                sent.add_done_callback(_heard)
                return sent

    async def close(self) -> None:
        """Disconnect; what is under way is given up (see relay.Publisher)."""
        producer, self._producer = self._producer, None
        if producer is None:
            return
        # Its own way to stop waits until all is sent, for ever.
        if producer._sender is not None:  # noqa: SLF001 - there is no other way to give up
            await stop(producer._sender.close())  # noqa: SLF001
        _fail_all(producer._message_accumulator)  # noqa: SLF001
        await stop(producer.stop())
        # Where it waits in vain for one thing, it does not come to its connections.
        await stop(producer.client.close())


async def _all(waiting: Sequence[asyncio.Future[object]]) -> None:
    """Return once all batches are acknowledged."""
    await asyncio.gather(*waiting)


def _heard(sent: asyncio.Future[object]) -> None:
    """Take note of how a batch ended, which asyncio would tell otherwise where another one failed before."""
    if not sent.cancelled():
        sent.exception()


def _fail_all(accumulator: MessageAccumulator) -> None:
    """Fail what was handed over, and let asyncio tell nothing of those for whom nobody waits until they are sent."""
    for batches in accumulator._batches.values():  # noqa: SLF001 - there is no other way to them
        for batch in batches:
            batch._drain_waiter.add_done_callback(_heard)  # noqa: SLF001
    accumulator.fail_all(ProducerClosed())


def _bytes_of(record: ConsumerRecord) -> int:
    """Return how many bytes a record has, wherever they are."""
    headers = sum(len(name) + len(content or b"") for name, content in record.headers)
    return len(record.key or b"") + len(record.value or b"") + headers


def _without_content(topic: str, offset: int) -> ConsumerRecord:
    """Return what stands for a record that the client cannot give."""
    return ConsumerRecord(topic, 0, offset, 0, 0, None, None, None, -1, -1, ())


def _append(batch: BatchBuilder, event: Recorded, seal: Seal) -> bool:
    """Add an event to a batch; return whether it has room."""
    value, headers = encode_binary(event, seal)
    return (
        batch.append(timestamp=_at_ms(event.time), key=event.stream.encode(), value=value, headers=headers) is not None
    )


def _at_ms(time: datetime) -> int:
    """Return a time as the broker keeps that of a record."""
    return int(time.timestamp() * 1000)
