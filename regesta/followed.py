"""The feed carrier of an intake: one answer that stays open, down which the batches come, instead of a request for each."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

from regesta.bus import Batch, Seen, digest
from regesta.feed import FeedClient
from regesta.unit import Head


class FollowedFeed:
    """A feed whose answer stays open (a bus.Carrier). Close it at the end.

    Who asks without waiting, or from elsewhere than where the last batch ended, asks the source anew.
    """

    def __init__(self, feed: FeedClient) -> None:
        self._feed = feed
        self._open = AsyncExitStack()
        self._batches: AsyncIterator[Batch] | None = None
        self._standing: Seen | None = None
        self._log = ""

    async def head(self) -> Head:
        """Return how far the source's log reaches. Raises SourceUnreachable."""
        return await self._feed.head()

    async def fetch(self, seen: Seen, limit: int, timeout_seconds: float) -> Batch:
        """Return the events after what was seen (see bus.Carrier), none also when the answer ended. Raises SourceUnreachable.

        limit: of an answer, when it is opened.
        """
        if timeout_seconds == 0:
            return await self._feed.fetch(seen, limit, 0)
        try:
            if self._batches is None or self._standing != seen:
                await self.close()
                self._batches = await self._open.enter_async_context(self._feed.follow(seen, limit, timeout_seconds))
            batch = await anext(self._batches, None)
        except BaseException:
            await self.close()
            raise
        if batch is None or not batch.events:
            await self.close()
            return batch or Batch(self._log, [], seen.position)
        self._log = batch.log
        self._standing = Seen(batch.position, batch.log, digest(batch.events[-1]))
        return batch

    async def close(self) -> None:
        """Let the answer go."""
        self._batches = self._standing = None
        await self._open.aclose()
