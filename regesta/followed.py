"""The feed carrier of an intake: one answer that stays open, down which the batches come, instead of a request for each."""

from __future__ import annotations

import asyncio
from collections import deque

import anyio

from regesta.bus import Batch, Seen
from regesta.cloudevents import digest
from regesta.source import FeedClient
from regesta.unit import Head

# Each may have the largest size that a log is read with.
AHEAD_LINES = 4


class _OpenAnswer:
    """An answer that is being read. seen: what the batch taken last ended with. ended: nothing more comes."""

    def __init__(self, feed: FeedClient, seen: Seen, limit: int, timeout_seconds: float) -> None:
        self.seen = seen
        self.ended = False
        self._limit = limit
        self._batches: deque[Batch] = deque()
        self._moved = asyncio.Event()
        self._taken = asyncio.Event()
        self._scope = anyio.CancelScope()
        self._reading = asyncio.create_task(self._read(feed, timeout_seconds))

    async def _read(self, feed: FeedClient, timeout_seconds: float) -> None:
        """Read some lines ahead of who takes them."""
        try:
            with self._scope:
                async with feed.follow(self.seen, self._limit, timeout_seconds) as batches:
                    async for batch in batches:
                        self._batches.append(batch)
                        self._moved.set()
                        while len(self._batches) >= AHEAD_LINES:
                            self._taken.clear()
                            await self._taken.wait()
        finally:
            self._moved.set()

    async def take(self, *, wait: bool) -> Batch:
        """Return what has come, several batches as one. wait: for the first. Raises what the reading raised."""
        while wait and not self._batches and not self._reading.done():
            self._moved.clear()
            await self._moved.wait()
        if not self._batches:
            if self._reading.done():
                self.ended = True
                self._reading.result()
            return Batch(self.seen.log or "", [], self.seen.position)
        batch = self._batches.popleft()
        events = [*batch.events]
        while self._batches and len(events) + len(self._batches[0].events) <= self._limit:
            batch = self._batches.popleft()
            events += batch.events
        self._taken.set()
        if events:
            self.seen = Seen(batch.position, batch.log, digest(events[-1]))
        self.ended = not batch.events
        return Batch(batch.log, events, batch.position)

    async def close(self) -> None:
        self._scope.cancel()  # and not the task (see source.closing)
        await asyncio.gather(self._reading, return_exceptions=True)  # what it raised is told to who takes, or to nobody


class FollowedFeed:
    """A feed whose answer stays open (a bus.Carrier). Close it at the end.

    Who asks from elsewhere than where the last batch ended is answered by the source anew.
    """

    def __init__(self, feed: FeedClient) -> None:
        self._feed = feed
        self._open: _OpenAnswer | None = None

    async def head(self) -> Head:
        """Return how far the source's log reaches. Raises SourceUnreachable."""
        return await self._feed.head()

    async def fetch(self, seen: Seen, limit: int, timeout_seconds: float) -> Batch:
        """Return the events after what was seen (see bus.Carrier), none also when the answer ended. Raises SourceUnreachable.

        Without waiting: what has come down the open answer, if there is one.
        """
        if self._open is not None and self._open.seen != seen:
            await self.close()
        if self._open is None:
            if timeout_seconds == 0:
                return await self._feed.fetch(seen, limit, 0)
            self._open = _OpenAnswer(self._feed, seen, limit, timeout_seconds)
        try:
            batch = await self._open.take(wait=timeout_seconds > 0)
        except BaseException:
            await self.close()
            raise
        if self._open.ended:
            await self.close()
        return batch

    async def close(self) -> None:
        """Let the answer go."""
        answer, self._open = self._open, None
        if answer is not None:
            await answer.close()
