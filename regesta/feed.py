"""The feed carrier: a log as an HTTP Feed (http-feeds.org) of CloudEvents, with long polling."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request, Response
from opentelemetry import trace
from pydantic import BaseModel, ConfigDict, Field

from regesta.admission import Rooms
from regesta.auth import Principal
from regesta.bus import PACE_SECONDS, Batch, Offer, Seen
from regesta.caller import Caller, weights
from regesta.cloudevents import FOLLOWED, MEDIA_TYPE, digest, encode_batch
from regesta.errors import Forbidden, Forked, Malformed, RegestaError
from regesta.event import DayStarted, Event, FactWithdrawn, Recorded, unversioned
from regesta.outage import passes
from regesta.pace import Pace
from regesta.paced import Flowing, Paced
from regesta.runtime import Runtime, runtime_of
from regesta.seal import OwnSeal
from regesta.signals import FEED, FEED_EVENTS, SERVICE
from regesta.strict import IN_DIGITS, StrictRoute
from regesta.telemetry import batch_span, counter, positions

WAIT_SLICE_SECONDS = 0.5
# So many are written at once, within some 2 ms.
SLICE_EVENTS = 100
POSITION = "Regesta-Position"
LOG = "Regesta-Log"
# Scopes: of the whole feed, and before the name of a type of events, as it is or without its version.
WHOLE = "events:read"
SINGLE = "events:read:"

tracer = trace.get_tracer("regesta.feed")
given = counter(FEED_EVENTS)
router = APIRouter(route_class=StrictRoute, tags=["events"])


class HeadOut(BaseModel):
    """How far a log, or a replica, reaches. time: of its last event; null while it is empty, as is the log of a replica."""

    position: int
    log: str | None
    time: datetime | None


class SealOut(BaseModel):
    """Under which key the records of this log's topic are sealed. key: 32 bytes in hexadecimal; it is a secret."""

    key: str


class LineOut(BaseModel):
    """A batch in an answer that stays open: CloudEvents, and what it speaks up to. position: the next `lastEventId`."""

    model_config = ConfigDict(extra="forbid")

    position: int
    log: str
    events: list[Any]


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
        if self.kind is None:
            return [*events]
        return [event for event in events if self.kind in (event.type, unversioned(event.type))]


async def _never() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class _Waiting:
    """How long a reader waits for events. gone: asks whether it went away; an answer that has begun notices that by itself."""

    ends_at: float
    gone: Callable[[], Awaitable[bool]] = _never


@router.get(
    "/events",
    response_class=Response,
    responses={200: {"content": {MEDIA_TYPE: {}, FOLLOWED: {"schema": LineOut.model_json_schema()}}}},
)
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
            batch = await _poll(runtime, query.seen(), query.limit, _Waiting(ends_at, request.is_disconnected), wanted)
            if _wants_lines(request):
                lines = _lines(runtime, _end_of(batch, wanted), query.limit, _Waiting(ends_at), wanted)
                room, first = runtime.rooms.feed_bytes.half_of(caller.subject), await _line(runtime, batch)
                return Flowing(room, first, lines, held.pop_all(), FOLLOWED)
    except Forked:
        await _heed(runtime, caller, query.seen())
        raise
    return await answer(runtime, caller, batch)


def _wants_lines(request: Request) -> bool:
    """Return whether a reader names lines, and does not like the other form better."""
    accepted = weights(",".join(request.headers.getlist("accept")))
    return accepted.get(FOLLOWED, 0) > 0 and accepted[FOLLOWED] >= accepted.get(MEDIA_TYPE, 0)


async def _heed(runtime: Runtime, caller: Principal, seen: Seen) -> None:
    """Let the consumers be asked when a reader of the whole log claims to hold it beyond its end, which it may have lost.

    The claim itself is not believed: who may read could otherwise stop all recording.
    """
    head = await runtime.store.head(runtime.service.name)
    if WHOLE in caller.scopes and seen.log == head.log and seen.position > head.position:
        runtime.guard.heed()


async def answer(runtime: Runtime, caller: Principal, batch: Batch) -> Response:
    """Return the answer that carries a batch."""
    headers = {POSITION: str(batch.position), LOG: batch.log, "Vary": "Accept"}
    room, body = runtime.rooms.feed_bytes.half_of(caller.subject), await written(batch.events, runtime.rooms)
    return Paced(room, body, headers, MEDIA_TYPE)


async def written(events: Sequence[Recorded], rooms: Rooms) -> bytes:
    """Return events as a JSON array of CloudEvents. Many are written one answer after the other, and slice by slice.

    So whatever many readers ask for, all else waits for one slice at a time. Raises Busy when too many are to be written.
    """
    if not events:
        return encode_batch([])
    given.add(len(events), {SERVICE: events[0].source})
    with batch_span(tracer, FEED, (event.traceparent for event in events)) as span:
        span.set_attributes(positions(events))
        if len(events) <= SLICE_EVENTS:
            return encode_batch(events)
        with rooms.large_answers.share(1):
            async with rooms.writing:
                slices = []
                for first in range(0, len(events), SLICE_EVENTS):
                    slices.append(encode_batch(events[first : first + SLICE_EVENTS])[1:-1])
                    await asyncio.sleep(0)
        return b"[" + b",".join(slices) + b"]"


async def _lines(
    runtime: Runtime, seen: Seen | None, limit: int, waiting: _Waiting, wanted: _Wanted
) -> AsyncIterator[bytes]:
    """Yield the batches that follow on one as lines of JSON. Why it ends early is told to who asks again."""
    pace = Pace(PACE_SECONDS)
    while seen is not None and not runtime.stopping and monotonic() < waiting.ends_at:
        await pace.step()
        try:
            batch = await _poll(runtime, seen, limit, waiting, wanted)
        except Exception as error:
            if not passes(error) and not isinstance(error, RegestaError):
                raise
            return
        seen, line = _end_of(batch, wanted), await _line(runtime, batch)
        del batch  # nothing is kept while the next one is waited for
        yield line


def _end_of(batch: Batch, wanted: _Wanted) -> Seen | None:
    """Return where the next batch begins; None after the last of an answer, which has no events."""
    if not batch.events:
        return None
    # The last of those that were wanted need not be the last of those that were read.
    return Seen(batch.position, batch.log, digest(batch.events[-1]) if wanted.kind is None else None)


async def _line(runtime: Runtime, batch: Batch) -> bytes:
    """Return a batch as one line (see LineOut)."""
    events = orjson.Fragment(await written(batch.events, runtime.rooms))
    return orjson.dumps({"position": batch.position, "log": batch.log, "events": events}) + b"\n"


async def _poll(runtime: Runtime, seen: Seen, limit: int, waiting: _Waiting, wanted: _Wanted) -> Batch:
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
        if ended and not await _more(runtime, seen.position, waiting):
            return Batch(batch.log, [], seen.position)


async def _more(runtime: Runtime, position: int, waiting: _Waiting) -> bool:
    """Return whether the log goes on after this position before the time is over, or the reader gone."""
    while not runtime.stopping and (left := waiting.ends_at - monotonic()) > 0:
        if await runtime.store.wait(runtime.service.name, position, min(left, WAIT_SLICE_SECONDS)):
            return True
        if await waiting.gone():
            return False
    return False


@router.get("/events/head")
async def get_head(request: Request, caller: Caller) -> HeadOut:
    """Return how far this log reaches."""
    if not any(scope.startswith(SINGLE) for scope in caller.scopes):
        caller.require(WHOLE)
    head = await runtime_of(request).store.head(runtime_of(request).service.name)
    return HeadOut(position=head.position, log=head.log, time=head.time)


@router.get("/events/seal")
async def get_seal(request: Request, response: Response, caller: Caller) -> SealOut:
    """Return the key by which a reader of this log's topic sees which records this service has published.

    For who may read the whole log. Who holds it can seal records too, so keep it as a password, and give nobody else the right to write there.
    """
    caller.require(WHOLE)
    response.headers["Cache-Control"] = "no-store"
    return SealOut(key=(await OwnSeal(runtime_of(request).pool).known()).key.hex())
