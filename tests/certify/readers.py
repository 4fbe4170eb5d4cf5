"""A process of readers, each of its own manner: `python -m tests.certify.readers PLAN`, until its input ends."""

from __future__ import annotations

import asyncio
import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence

import httpx2
import uvloop

from regesta.bus import Seen
from regesta.errors import RegestaError
from regesta.event import Recorded
from regesta.source import FeedClient
from regesta.store import PostgresStore
from tests.certify.journal import Delivery, Digest, Journal, runs_of
from tests.certify.plan import AWAY, Plan, begun
from tests.certify.units import REGISTRY, SERVICE

WAIT_SECONDS = 1.0
RETRY_SECONDS = 0.1
# Name, most events of a batch, and whether it waits to be woken.
STORE_READERS = (("patient", 5_000, True), ("small", 200, True), ("hasty", 1_000, False))
HASTE_SECONDS = 0.005
FEED_READER = "feed"
FEED_EVENTS = 1_000
READERS = (*(name for name, _, _ in STORE_READERS), FEED_READER)


class Reader(ABC):
    """Follows the log from its beginning and writes down what it was given, in the order it was given."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._digest = Digest()

    @abstractmethod
    async def fetch(self, after: int) -> Sequence[Recorded]:
        """Return what follows on a position; nothing when nothing came for a moment."""

    async def run(self) -> None:
        """Read until cancelled, whatever happens to the database."""
        after = 0
        while True:
            try:
                events = await self.fetch(after)
            except (RegestaError, *AWAY):
                await asyncio.sleep(RETRY_SECONDS)
                continue
            if events:
                for event in events:
                    self._digest.take(event)
                self._journal.write(Delivery(runs_of([event.position for event in events]), self._digest.text()))
                after = events[-1].position


class StoreReader(Reader):
    """Reads as projections do. waits: until it is woken; else it asks again and again."""

    def __init__(self, journal: Journal, store: PostgresStore, limit: int, *, waits: bool) -> None:
        super().__init__(journal)
        self._store = store
        self._limit = limit
        self._waits = waits

    async def fetch(self, after: int) -> Sequence[Recorded]:
        """Return the next events of the table."""
        if self._waits:
            await self._store.wait(SERVICE, after, WAIT_SECONDS)
        else:
            await asyncio.sleep(HASTE_SECONDS)
        return await self._store.read(SERVICE, after, self._limit)


class FeedReader(Reader):
    """Reads over HTTP, as an integration does."""

    def __init__(self, journal: Journal, client: FeedClient) -> None:
        super().__init__(journal)
        self._client = client

    async def fetch(self, after: int) -> Sequence[Recorded]:
        """Return the next events of the feed."""
        return (await self._client.fetch(Seen(after), FEED_EVENTS, WAIT_SECONDS)).events


async def main(file: str) -> None:
    """Run all readers."""
    plan = Plan.read(file)
    async with (
        PostgresStore(SERVICE, plan.dsn, REGISTRY, pool_size=4) as store,
        httpx2.AsyncClient() as http,
        asyncio.TaskGroup() as group,
    ):
        journals = {name: Journal(plan.reader(name)) for name in READERS}
        readers: list[Reader] = [
            StoreReader(journals[name], store, limit, waits=waits) for name, limit, waits in STORE_READERS
        ]
        readers.append(FeedReader(journals[FEED_READER], FeedClient(http, plan.feed_url, plan.token, REGISTRY)))
        tasks = [
            group.create_task(_written(journal, reader))
            for journal, reader in zip(journals.values(), readers, strict=True)
        ]
        await begun().wait()
        for task in tasks:
            task.cancel()


async def _written(journal: Journal, reader: Reader) -> None:
    with journal:
        await reader.run()


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
