"""The far end of a feed: what is asked of the log of another service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar

import anyio
import httpx2
import orjson

from regesta.bus import Batch, Seen
from regesta.cloudevents import FOLLOWED, decode_all, decode_batch
from regesta.errors import Forked, RegestaError, SourceUnreachable
from regesta.event import Registry
from regesta.feed import LOG, POSITION, HeadOut, SealOut
from regesta.seal import Seal
from regesta.unit import Head

T = TypeVar("T")


class FeedClient:
    """The far end of a feed. base_url: of the source, such as http://127.0.0.1:8000/budget/v1."""

    def __init__(self, client: httpx2.AsyncClient, base_url: str, token: str, registry: Registry) -> None:
        self._client = client
        self._url = base_url
        self._headers = {"Authorization": f"Bearer {token}"}
        self._registry = registry

    async def fetch(self, seen: Seen, limit: int, timeout_seconds: float) -> Batch:
        """Return the events after what was seen (see bus.Carrier). Raises SourceUnreachable."""
        answer = await closing(self._get("/events", _asked(seen, limit, timeout_seconds), timeout_seconds + 10))
        return self._batch(answer)

    @asynccontextmanager
    async def follow(self, seen: Seen, limit: int, timeout_seconds: float) -> AsyncIterator[AsyncIterator[Batch]]:
        """Give an answer that stays open: its batches, until the time is over or the source ends it. Raises SourceUnreachable.

        To be left early by a scope of anyio, not by cancelling the task (see closing).
        """
        params = _asked(seen, limit, timeout_seconds)
        answer = await self._get("/events", params, timeout_seconds + 10, follow=True)
        try:
            yield self._batches(answer)
        finally:
            await answer.aclose()

    async def _batches(self, answer: httpx2.Response) -> AsyncIterator[Batch]:
        if not answer.headers.get("content-type", "").startswith(FOLLOWED):  # as a source of an earlier release answers
            await _read_whole(answer)
            yield self._batch(answer)
            return
        batch = None
        async for line in _lines_of(answer):
            with self._reading("line of a feed"):
                said = orjson.loads(line)
                batch = Batch(said["log"], decode_all(said["events"], self._registry), said["position"])
            yield batch
        if batch is None:
            raise SourceUnreachable(f"{self._url} answered without a line", url=self._url)

    def _batch(self, answer: httpx2.Response) -> Batch:
        with self._reading("feed"):
            events = decode_batch(answer.content, self._registry)
            return Batch(answer.headers[LOG], events, int(answer.headers[POSITION]))

    async def head(self) -> Head:
        """Return how far the source's log reaches. Raises SourceUnreachable."""
        answer = await closing(self._get("/events/head", {}, 5))
        with self._reading("head"):
            head = HeadOut.model_validate_json(answer.content)
        return Head(head.position, head.log, head.time)

    async def seal(self) -> Seal:
        """Return what the source seals the records of its topic with. Raises SourceUnreachable."""
        answer = await closing(self._get("/events/seal", {}, 5))
        with self._reading("key of a seal"):
            return Seal(bytes.fromhex(SealOut.model_validate_json(answer.content).key))

    async def _get(
        self, path: str, params: dict[str, int | str], timeout_seconds: float, *, follow: bool = False
    ) -> httpx2.Response:
        """Return an answer with 200. follow: it may stay open; its body is read by who asks, who also closes it."""
        url, headers = self._url + path, self._headers | ({"Accept": FOLLOWED} if follow else {})
        request = self._client.build_request("GET", url, params=params, headers=headers, timeout=timeout_seconds)
        try:
            answer = await self._client.send(request, stream=follow)
        except httpx2.HTTPError as error:
            raise _silent(url, error) from error
        if follow and answer.status_code != 200:
            await _read_whole(answer)
        if answer.status_code == 409:
            raise _forked(answer)
        if answer.status_code != 200:
            raise SourceUnreachable(f"{url} answered {answer.status_code}", url=url, answered=answer.status_code)
        return answer

    @contextmanager
    def _reading(self, what: str) -> Iterator[None]:
        """Raise SourceUnreachable for what cannot be read as that."""
        try:
            yield
        except (ValueError, TypeError, KeyError) as error:
            raise SourceUnreachable(f"{self._url} answered what is no {what}: {error!r}", url=self._url) from error


async def closing(job: Coroutine[Any, Any, T]) -> T:
    """Await a request; when cancelled, let the client close what it opened.

    It guards its closing by scopes of anyio, which a task that is cancelled as such does not heed.
    """
    scope = anyio.CancelScope()

    async def within() -> T:
        with scope:
            return await job
        raise asyncio.CancelledError

    asking = asyncio.create_task(within())
    try:
        return await asyncio.shield(asking)
    except asyncio.CancelledError:
        scope.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        raise


def _asked(seen: Seen, limit: int, timeout_seconds: float) -> dict[str, int | str]:
    """Return what a feed is asked for."""
    asked = {
        "lastEventId": seen.position, "limit": limit, "log": seen.log, "digest": seen.digest,
        "timeout": int(timeout_seconds * 1000) or None,
    }  # fmt: skip
    return {name: value for name, value in asked.items() if value is not None}


def _silent(url: str, error: httpx2.HTTPError) -> SourceUnreachable:
    return SourceUnreachable(f"{url} did not answer: {str(error) or type(error).__name__}", url=url)


async def _read_whole(answer: httpx2.Response) -> None:
    """Read the body of an answer. Raises SourceUnreachable when it breaks off."""
    try:
        await answer.aread()
    except httpx2.HTTPError as error:
        raise _silent(str(answer.url), error) from error


async def _lines_of(answer: httpx2.Response) -> AsyncIterator[bytes]:
    """Yield the lines of an answer as they come. Raises SourceUnreachable when it breaks off.

    The client's own way would also part them at U+2028, which stands in JSON as it is.
    """
    kept = bytearray()
    try:
        async for piece in answer.aiter_bytes():
            *ended, rest = piece.split(b"\n")
            for end in ended:
                yield bytes(kept + end)
                kept.clear()
            kept += rest
    except httpx2.HTTPError as error:
        raise _silent(str(answer.url), error) from error


def _forked(answer: httpx2.Response) -> RegestaError:
    """Return what a 409 says; SourceUnreachable when it is nobody's problem document."""
    try:
        problem = answer.json()
        where = {name: problem[name] for name in ("source", "position", "log") if name in problem}
        return Forked(str(problem["detail"]), **where)
    except (ValueError, TypeError, KeyError) as error:
        url = str(answer.url)
        return SourceUnreachable(f"{url} answered 409 without a problem: {error!r}", url=url, answered=409)
