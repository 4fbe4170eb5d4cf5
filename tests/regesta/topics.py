"""For tests of topics: a topic that the test fills as it likes, and the intake of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from regesta.broker import Broker
from regesta.bus import Batch, Carrier, Intake, Seen
from regesta.cloudevents import digest
from regesta.errors import SourceUnreachable
from regesta.event import Recorded
from regesta.kafka import KafkaCarrier
from regesta.reasons import Reason
from regesta.seal import Seal
from regesta.store import PostgresStore
from regesta.topic import KafkaPublisher, Reader
from regesta.topics import RECORD_BYTES, TOPIC_UNKNOWN
from regesta.unit import Head, Store
from tests.regesta import jars
from tests.regesta.seals import SEAL, Told
from tests.regesta.serving import until

EVENTS = 9


@dataclass
class Origin:
    """The source itself, which can be away, or another."""

    carrier: Carrier
    away: bool = False
    asked: int = 0

    async def fetch(self, seen: Seen, limit: int, timeout_seconds: float) -> Batch:
        self.asked += 1
        self._require_there()
        return await self.carrier.fetch(seen, limit, timeout_seconds)

    async def head(self) -> Head:
        self._require_there()
        return await self.carrier.head()

    def _require_there(self) -> None:
        if self.away:
            raise SourceUnreachable("nobody is there")


@dataclass
class Way:
    """A topic of jars, and the replica of it that kpi has."""

    broker: Broker
    source: Store
    origin: Origin
    replica: PostgresStore
    publisher: KafkaPublisher
    seals: Told = field(default_factory=lambda: Told(SEAL, SEAL))
    carriers: list[KafkaCarrier] = field(default_factory=list)

    def carrier(self) -> KafkaCarrier:
        """Return a carrier that stands nowhere yet."""
        self.carriers.append(KafkaCarrier(self.broker, "kpi", "jars", jars.REGISTRY, self.origin, seals=self.seals))
        return self.carriers[-1]

    def remarks(self) -> list[Reason]:
        """Return what is shown beside what stands still, by the last carrier."""
        return list(self.carriers[-1].remarks.reasons())

    async def publish(self, *runs: Sequence[int]) -> None:
        """Publish events of the source by their positions."""
        events = await self.source.read("jars", 0, 10_000)
        for run in runs:
            await self.publisher.publish([events[position - 1] for position in run])

    async def send(self, value: bytes | None, headers: Sequence[tuple[str, bytes]] = ()) -> None:
        """Put any record into the topic."""
        await send(self.broker, value, headers)

    @asynccontextmanager
    async def taking_in(self) -> AsyncIterator[Intake]:
        """Run the intake of the topic, as a process that begins."""
        carrier = self.carrier()
        intake = Intake(self.replica, "jars", carrier, self.origin)
        running = asyncio.create_task(intake.run())
        try:
            yield intake
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await carrier.close()

    async def taken_in(self, position: int = EVENTS) -> None:
        """Take in until the replica holds a position, and is what the source has up to there."""
        async with self.taking_in():
            assert await self.replica.wait("jars", position - 1, 20)
        assert await self.held() == await self.recorded(position)

    async def held(self) -> list[str]:
        """Return the digests of what the replica holds."""
        return [digest(event) for event in await self.replica.read("jars", 0, 10_000)]

    async def recorded(self, position: int = EVENTS) -> list[str]:
        """Return the digests of the source's events up to a position."""
        return [digest(event) for event in await self.source.read("jars", 0, position)]


async def send(broker: Broker, value: bytes | None, headers: Sequence[tuple[str, bytes]] = ()) -> None:
    """Put any record into the topic of jars."""
    producer = AIOKafkaProducer(bootstrap_servers=broker.bootstrap, max_request_size=RECORD_BYTES)
    await producer.start()
    try:
        await producer.send_and_wait(broker.topic("jars"), value, b"key", headers=headers)
    finally:
        await producer.stop()


async def positions_in(broker: Broker, service: str = "jars", seal: Seal = SEAL) -> list[int]:
    """Return the positions of all events in a topic, as they stand there."""
    return [event.position for event in await events_in(broker, service, seal)]


async def events_in(broker: Broker, service: str = "jars", seal: Seal = SEAL) -> list[Recorded]:
    """Return all events in a topic, as they stand there."""
    reader = Reader(broker, service, jars.REGISTRY, seal)
    await reader.open()
    try:
        found: list[Recorded] = []
        end = await reader.end()
        while reader.place < end:
            found += [event for record in await reader.take(10_000, 5) if (event := reader.event_of(record))]
        return found
    finally:
        await reader.close()


async def delete_topic(broker: Broker, name: str) -> None:
    """Delete a topic, and wait until it is gone."""
    async with administering(broker) as admin:
        await admin.delete_topics([name])

        async def gone() -> bool:
            return bool((await admin.describe_topics([name]))[0]["error_code"] == TOPIC_UNKNOWN)

        await until(gone, 10)


@asynccontextmanager
async def administering(broker: Broker) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap, **broker.options)
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


async def configured(broker: Broker, name: str, keys: list[str]) -> dict[str, str]:
    """Return some settings of a topic."""
    async with administering(broker) as admin:
        asked = ConfigResource(ConfigResourceType.TOPIC, name, dict.fromkeys(keys))
        answer: Any = (await admin.describe_configs([asked]))[0]
        return {key: value for key, value, *_ in answer.resources[0][4]}


async def configure(broker: Broker, settings: dict[str, str]) -> None:
    """Give the topic of jars these settings, and no others."""
    async with administering(broker) as admin:
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, broker.topic("jars"), settings)])
