"""The broker that all rows over Kafka share, and topics in it that are filled for them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager
from itertools import count
from pathlib import Path
from time import perf_counter
from typing import Final

from deploy.kafka.cluster import Cluster, missing
from regesta.broker import Broker
from regesta.event import Recorded
from regesta.relay import Relay
from regesta.store import PostgresStore
from regesta.topic import KafkaPublisher, Reader
from regesta.topics import ensure_topic
from tests.bench.catching_up import REGISTRY
from tests.bench.ground import SERVICE
from tests.bench.rows import NotInstalled
from tests.conftest import Database, execute
from tests.regesta.seals import SEAL, SEALED

MOST_SECONDS: Final = 300.0
FORGET_RELAY: Final = "DELETE FROM bus.relay"
_numbers = count(1)


def one_node(stack: ExitStack, folder: Path) -> Callable[[], str]:
    """Return what gives the address of a broker, which is started when it is asked first and ends with the stack."""
    running: list[str] = []

    def bootstrap() -> str:
        if absent := missing():
            raise NotInstalled(f"no Apache Kafka: {' and '.join(absent)} not found; JDK 17 and Maven are needed")
        if not running:
            running.append(stack.enter_context(Cluster(folder)).bootstrap)
        return running[0]

    return bootstrap


def unused(bootstrap: str) -> Broker:
    """Return the broker with names of topics that nobody used."""
    return Broker(bootstrap, f"bench-{next(_numbers)}", {})


class Timed(KafkaPublisher):
    """The service's own publisher, which notes when it could begin and when all was acknowledged."""

    def __init__(self, broker: Broker, events: int) -> None:
        super().__init__(broker, SERVICE, REGISTRY, SEALED)
        self._events = events
        self.began = 0.0
        self.ended: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    async def open(self, *, make: bool = True) -> Recorded | None:
        """Connect (see relay.Publisher)."""
        last = await super().open(make=make)
        self.began = perf_counter()
        return last

    async def publish(self, events: Sequence[Recorded]) -> None:
        """Append events (see relay.Publisher)."""
        await super().publish(events)
        # All of them may be published again; a relay that was refused here would end unseen.
        if events[-1].position == self._events and not self.ended.done():
            self.ended.set_result(perf_counter())


async def relayed(store: PostgresStore, broker: Broker, events: int) -> float:
    """Publish a log of so many events as a service does; return the seconds that it took after it was connected."""
    publisher = Timed(broker, events)
    relaying = asyncio.create_task(Relay(store, publisher).run())
    try:
        async with asyncio.timeout(MOST_SECONDS):
            return (await publisher.ended) - publisher.began
    finally:
        relaying.cancel()
        await asyncio.gather(relaying, return_exceptions=True)


@asynccontextmanager
async def topic_of(source: Database, broker: Broker, events: int) -> AsyncIterator[PostgresStore]:
    """Fill the topic of a log; give the store that answers for it."""
    async with PostgresStore(SERVICE, source.dsn, REGISTRY) as store:
        await execute(source.admin_dsn, FORGET_RELAY)
        await relayed(store, broker, events)
        assert await records_in(broker) == events
        yield store


async def records_in(broker: Broker) -> int:
    """Return how many records the topic of the log has."""
    await ensure_topic(broker, broker.topic(SERVICE))
    reader = Reader(broker, SERVICE, REGISTRY, SEAL)
    try:
        await reader.open()
        return await reader.end()
    finally:
        await reader.close()
