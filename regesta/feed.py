"""The feed carrier: a log as an HTTP Feed (http-feeds.org) of CloudEvents, with long polling."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Annotated, Any, TypeVar

import anyio
import httpx2
import orjson
from fastapi import APIRouter, Query, Request, Response
from opentelemetry import trace
from pydantic import BaseModel, ConfigDict, Field

from regesta.auth import Principal
from regesta.bus import PACE_SECONDS, Batch, Offer, Seen, digest
from regesta.caller import Caller, weights
from regesta.cloudevents import FOLLOWED, MEDIA_TYPE, decode_all, decode_batch, encode_batch
from regesta.errors import Forbidden, Forked, Malformed, RegestaError, SourceUnreachable
from regesta.event import DayStarted, Event, FactWithdrawn, Recorded, Registry, unversioned
from regesta.outage import passes
from regesta.pace import Pace
from regesta.paced import Flowing, Paced
from regesta.runtime import Runtime, runtime_of
from regesta.signals import FEED, FEED_EVENTS, SERVICE
from regesta.strict import IN_DIGITS, StrictRoute
from regesta.telemetry import batch_span, counter, positions
from regesta.unit import Head

WAIT_SLICE_SECONDS = 0.5
POSITION = "Regesta-Position"
LOG = "Regesta-Log"
# Scopes: of the whole feed, and before the name of a type of events, as it is or without its version.
WHOLE = "events:read"
SINGLE = "events:read:"

T = TypeVar("T")
tracer = trace.get_tracer("regesta.feed")
given = counter(FEED_EVENTS)
router = APIRouter(route_class=StrictRoute, tags=["events"])


class HeadOut(BaseModel):
    """How far a log, or a replica, reaches. time: of its last event; null while it is empty, as is the log of a replica."""

    position: int
    log: str | None
    time: datetime | None


class SeenQuery(BaseModel):
    """What a reader holds of a log (see Seen), and how much more it wants."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    last_event_id: Annotated[int, Field(alias="lastEventId", ge=0, le=2**62), IN_DIGITS] = 0
    limit: Annotated[int, Field(ge=1, le=5000), IN_DIGITS] = 1000
    log: Annotated[str | None, Field(max_length=36)] = None
    digest: Annotated[str | None, Field(max_length=64)] = None

    def seen(self) -> Seen:
        """Return what the reader holds."""
        return Seen(self.last_event_id, self.log, self.digest)


class FeedQuery(SeenQuery):
    """What a reader of the feed asks for. timeout: of the long poll, milliseconds."""

    timeout: Annotated[int, Field(ge=0, le=30_000), IN_DIGITS] = 0
    type: Annotated[str | None, Field(max_length=200)] = None


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Which events a reader wants: all, those of one type ("payment-liquidated.v1"), or of all its versions."""

    kind: str | None

    def require(self, caller: Principal, known: Iterable[type[Event]]) -> None:
        """Raise Forbidden unless the caller may read these, Malformed when no event of this log is named so.

        The whole feed is for services and auditors; integrations get the types of their scopes, a version or all of them.
        """
        scopes = {WHOLE} | ({SINGLE + self.kind, SINGLE + unversioned(self.kind)} if self.kind else set())
        if not scopes & caller.scopes:
            raise Forbidden(f"this needs one of the scopes {', '.join(sorted(scopes))}", scopes=sorted(scopes))
        names = {unversioned(event.name) for event in known}
        if self.kind is not None and unversioned(self.kind) not in names:
            raise Malformed(f"no event here is a {self.kind!r}", parameter="type", value=self.kind, types=sorted(names))

    def of(self, events: Iterable[Recorded]) -> list[Recorded]:
        """Return those of some events that are wanted."""
        return [event for event in events if self.kind in (None, event.type, unversioned(event.type))]


@router.get("/events", response_class=Response, responses={200: {"content": {MEDIA_TYPE: {}, FOLLOWED: {}}}})
async def get_events(request: Request, caller: Caller, query: Annotated[FeedQuery, Query()]) -> Response:
    """Return the events after `lastEventId`, oldest first. 409 when the reader holds another log than this one.

    With `type` only those of one type, or of all its versions (`payment-liquidated`), looked for among the next `limit`
    events and, when none is there, on to the next one: an empty answer says that the log has no more. The header
    Regesta-Position says how far the answer speaks: the next `lastEventId`, also when nothing is in it.

    Who accepts `application/x-ndjson` gets an answer that stays open until `timeout` is over, or it cannot go on, with a line
    `{"position": ..., "log": ..., "events": [...]}` for each batch; then it is asked for again from the last `position`.
    """
    runtime, wanted = runtime_of(request), _Wanted(query.type)
    wanted.require(caller, (FactWithdrawn, DayStarted, *runtime.service.events))
    try:
        with ExitStack() as held:
            held.enter_context(runtime.rooms.polls.share(1 if query.timeout else 0))
            ends_at = monotonic() + query.timeout / 1000
            batch = await _poll(runtime, query.seen(), query.limit, ends_at, wanted)
            if weights(",".join(request.headers.getlist("accept"))).get(FOLLOWED, 0) > 0:
                lines = _lines(runtime, _end_of(batch, wanted), query.limit, ends_at, wanted)
                return Flowing(runtime.rooms.feed_bytes, _line(batch), lines, held.pop_all(), FOLLOWED)
    except Forked:
        await _heed(runtime, caller, query.seen())
        raise
    return answer(runtime, batch)


async def _heed(runtime: Runtime, caller: Principal, seen: Seen) -> None:
    """Let the consumers be asked when a reader of the whole log claims to hold it beyond its end, which it may have lost.

    The claim itself is not believed: who may read could otherwise stop all recording.
    """
    head = await runtime.store.head(runtime.service.name)
    if WHOLE in caller.scopes and seen.log == head.log and seen.position > head.position:
        runtime.guard.heed()


def answer(runtime: Runtime, batch: Batch) -> Response:
    """Return the answer that carries a batch."""
    headers = {POSITION: str(batch.position), LOG: batch.log}
    return Paced(runtime.rooms.feed_bytes, _encoded(batch.events), headers, MEDIA_TYPE)


def _encoded(events: Sequence[Recorded]) -> bytes:
    """Return the body of an answer."""
    if not events:
        return encode_batch([])
    given.add(len(events), {SERVICE: events[0].source})
    with batch_span(tracer, FEED, (event.traceparent for event in events)) as span:
        span.set_attributes(positions(events))
        return encode_batch(list(events))


async def _lines(
    runtime: Runtime, seen: Seen | None, limit: int, ends_at: float, wanted: _Wanted
) -> AsyncIterator[bytes]:
    """Yield the batches that follow on one as lines of JSON. Why it ends early is told to who asks again."""
    pace = Pace(PACE_SECONDS)
    while seen is not None and not runtime.stopping and monotonic() < ends_at:
        await pace.step()
        try:
            batch = await _poll(runtime, seen, limit, ends_at, wanted)
        except Exception as error:
            if not passes(error) and not isinstance(error, RegestaError):
                raise
            return
        seen, line = _end_of(batch, wanted), _line(batch)
        del batch  # nothing is kept while the next one is waited for
        yield line


def _end_of(batch: Batch, wanted: _Wanted) -> Seen | None:
    """Return where the next batch begins; None after the last of an answer, which has no events."""
    if not batch.events:
        return None
    # The last of those that were wanted need not be the last of those that were read.
    return Seen(batch.position, batch.log, digest(batch.events[-1]) if wanted.kind is None else None)


def _line(batch: Batch) -> bytes:
    events = orjson.Fragment(_encoded(batch.events))
    return orjson.dumps({"position": batch.position, "log": batch.log, "events": events}) + b"\n"


async def _poll(runtime: Runtime, seen: Seen, limit: int, ends_at: float, wanted: _Wanted) -> Batch:
    """Return the wanted ones of the next events, waiting for the first until the time is over.

    Empty only at the end of the log, for a reader that goes on from the last event it was given would ask the same again.
    In slices: the server waits for open requests when it stops, so they must notice. While it waits the log is not read.
    """
    offer = Offer(runtime.store)
    while True:
        batch = await offer.fetch(seen, limit, 0)
        events = wanted.of(batch.events)
        if events:
            return Batch(batch.log, events, batch.position)
        ended = True
        if batch.events:
            seen = Seen(batch.position, batch.log, digest(batch.events[-1]))
        if wanted.kind is not None:
            blank = await runtime.blanks.after(seen.position, wanted.kind, batch.log)
            ended, seen = blank.ended, Seen(blank.until, batch.log)
        if ended and not await _more(runtime, seen.position, ends_at):
            return Batch(batch.log, [], seen.position)


async def _more(runtime: Runtime, position: int, ends_at: float) -> bool:
    """Return whether the log goes on after this position before the time is over."""
    while not runtime.stopping and (left := ends_at - monotonic()) > 0:
        if await runtime.store.wait(runtime.service.name, position, min(left, WAIT_SLICE_SECONDS)):
            return True
    return False


@router.get("/events/head")
async def get_head(request: Request, caller: Caller) -> HeadOut:
    """Return how far this log reaches."""
    if not any(scope.startswith(SINGLE) for scope in caller.scopes):
        caller.require(WHOLE)
    head = await runtime_of(request).store.head(runtime_of(request).service.name)
    return HeadOut(position=head.position, log=head.log, time=head.time)


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
