"""What was published of the own log: its topic as one more consumer, which can give back what a restored log lacks.

Imported only where it is used.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from regesta.broker import Broker
from regesta.bus import Batch, Seen, Standstill
from regesta.database import Connection as Db
from regesta.errors import Forked, SourceUnreachable
from regesta.event import Recorded
from regesta.kafka import KafkaCarrier
from regesta.outage import AWAY
from regesta.recovery import read_closed
from regesta.seal import Seals
from regesta.store import PostgresStore
from regesta.topic import Reader
from regesta.topics import TopicMissing, TopicUnusable
from regesta.unit import Head

# For a connection, and for what is asked over it.
ANSWER_SECONDS: Final = 5.0
WAS_PUBLISHED = "SELECT EXISTS (SELECT FROM bus.relay JOIN log.identity USING (log) WHERE position > 0)"


class PublishedLog:
    """The topic of a service's own log, as that service asks for it (see bus.Carrier)."""

    def __init__(self, broker: Broker, store: PostgresStore, seals: Seals) -> None:
        self._broker = broker
        self._store = store
        self._seals = seals
        self.name = f"topic {broker.topic(store.service)}"
        self._has_answered = False

    async def may_be_made(self) -> bool:
        """Return whether the topic, when it is missing, took nothing along that the log may lack.

        So it is when nothing was published, or the topic said since this process began how far it holds the log. A log that was
        restored does not know what was published of it.
        """
        if not self._has_answered:
            return not await self._may_hold_more()
        async with self._asking() as db:
            return await read_closed(db) is None

    async def head(self) -> Head:
        """Return how far the log was published. Raises SourceUnreachable when the broker does not say, or lost what it had."""
        try:
            last = await self._last_event()
        except TopicMissing as error:
            if await self._may_hold_more():
                raise SourceUnreachable(f"{error}; this log may have been published into it") from error
            last = None
        except Standstill as error:
            raise SourceUnreachable(str(error)) from error
        self._has_answered = True
        return Head(0, None, None) if last is None else Head(last.position, last.log, last.time)

    async def fetch(self, seen: Seen, limit: int, timeout_seconds: float) -> Batch:
        """Return the events that were published after what was seen. Raises Forked when the topic does not show that.

        Each time the place is found anew, for a log is recovered seldom; behind a place that was found comes what follows, not
        what is repeated.
        """
        service, registry = self._store.service, self._store.registry
        carrier = _OwnTopic(self._broker, service, service, registry, _Nobody(self.name), seals=self._seals)
        try:
            return await carrier.fetch(seen, limit, timeout_seconds)
        except Standstill as error:
            raise SourceUnreachable(str(error)) from error
        finally:
            await carrier.close()

    async def _may_hold_more(self) -> bool:
        """Return whether a topic that is missing may hold something of the log: this was published, or does not know it."""
        async with self._asking() as db:
            return await read_closed(db) is not None or bool(await db.fetchval(WAS_PUBLISHED))

    @asynccontextmanager
    async def _asking(self) -> AsyncIterator[Db]:
        """Give a connection for a while. Raises TimeoutError then: who waited longer would keep the lease and publish nothing."""
        try:
            async with self._store.pool.acquire(timeout=ANSWER_SECONDS) as db, asyncio.timeout(ANSWER_SECONDS):
                yield db
        except TimeoutError as error:
            raise TimeoutError(AWAY) from error

    async def _last_event(self) -> Recorded | None:
        """Return the last event of the topic. Raises TopicMissing, Standstill."""
        reader = Reader(self._broker, self._store.service, self._store.registry, await self._seals.known())
        try:
            with self._broker.told():
                await reader.open()
                return await reader.last_event()
        finally:
            await reader.close()


class _OwnTopic(KafkaCarrier):
    """A topic that nobody stands in for."""

    async def _without_topic(self, seen: Seen, limit: int, timeout_seconds: float, unusable: TopicUnusable) -> Batch:
        """Raise `unusable`."""
        del seen, limit, timeout_seconds
        raise unusable


class _Nobody:
    """In place of a source that could be asked: the one who asks is the source."""

    def __init__(self, name: str) -> None:
        self._name = name

    async def fetch(self, seen: Seen, limit: int, timeout_seconds: float) -> Batch:
        """Raise Forked: the topic alone does not show what was seen, or what follows."""
        del limit, timeout_seconds
        raise Forked(
            f"the {self._name} does not hold the event at {seen.position}, or not what follows", position=seen.position
        )

    async def head(self) -> Head:
        """Return that nothing is known."""
        return Head(0, None, None)
