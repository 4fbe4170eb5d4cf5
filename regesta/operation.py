"""What an operator asks of a running service: how far its read models are, to rebuild them, to mend what is parked."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from regesta import rebuild as rebuilds
from regesta.auth import Principal
from regesta.caller import Caller
from regesta.errors import NotFound
from regesta.event import event_name
from regesta.lag import lags
from regesta.paging import Paged, place_key
from regesta.parked import Dropped, Parked
from regesta.rebuild import Rebuild
from regesta.runtime import Runtime, runtime_of
from regesta.strict import StrictRoute

OPERATORS = frozenset({"operator", "administrator"})

router = APIRouter(route_class=StrictRoute, tags=["operation"])

Name = Annotated[str | None, Query(max_length=100, description="Only the read model of this name.")]


class ProjectionOut(BaseModel):
    """How far one read model or reaction is. head: of the log it reads; lag: events still to come.

    lag_seconds: age of the oldest of these; 0 without. parked: streams that stand still in it. unknown: events it went past
    whose type was not known. failure: why a reaction stands still, or how many streams do.
    """

    projection: str
    source: str
    version: int
    position: int
    head: int
    lag: int
    lag_seconds: float
    parked: int
    unknown: int
    failure: str | None


class ReplicaLagOut(BaseModel):
    """How far the copy of a source's log is. head: of the source; lag: events still to come; lag_seconds: age of the oldest.

    head and lag are null while the source does not answer. trouble: why it is not followed now.
    """

    source: str
    position: int
    head: int | None
    lag: int | None
    lag_seconds: float | None
    trouble: str | None


class ParkedOut(BaseModel):
    """A stream that stands still in a read model. event: the one that cannot be folded. attempts: how often it was tried."""

    projection: str
    source: str
    stream: str
    event: str
    error: str
    parked_at: datetime
    attempts: int

    @classmethod
    def of(cls, parked: Parked) -> ParkedOut:
        """Return it as shown."""
        return cls(
            projection=parked.projection, source=parked.source, stream=parked.stream,
            event=event_name(parked.source, parked.position), error=parked.error, parked_at=parked.parked_at,
            attempts=parked.attempts,
        )  # fmt: skip


class ParkedWholeOut(ParkedOut):
    """The same, with how many events wait: the one that cannot be folded, and those behind it."""

    waiting: int


class DroppedOut(BaseModel):
    """An event that a read model may leave out, for it could not fold it."""

    projection: str
    event: str
    stream: str
    error: str
    reason: str
    dropped_by: str
    dropped_at: datetime

    @classmethod
    def of(cls, dropped: Dropped) -> DroppedOut:
        """Return it as shown."""
        return cls(
            projection=dropped.projection, event=event_name(dropped.source, dropped.position), stream=dropped.stream,
            error=dropped.error, reason=dropped.reason, dropped_by=dropped.dropped_by, dropped_at=dropped.dropped_at,
        )  # fmt: skip


class DropIn(BaseModel):
    """Why an event is left out."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reason: Annotated[str, Field(min_length=1, max_length=500)]


class RetriedOut(BaseModel):
    """What a retry came to. folded: events; parked: where the stream stands again, null when it goes on with the others."""

    folded: int
    parked: ParkedOut | None


@router.get("/projections")
async def get_projections(request: Request, caller: Caller) -> list[ProjectionOut]:
    """Return how far every read model and reaction of this service is."""
    runtime = runtime_of(request)
    caller.require(f"{runtime.service.name}:read")
    async with runtime.readers.connection() as db:
        found = await lags(db, runtime.service.name)
    return [
        ProjectionOut(
            projection=each.projection,
            source=each.source,
            version=each.version,
            position=each.position,
            head=each.head,
            lag=each.events,
            lag_seconds=each.seconds,
            parked=each.parked,
            unknown=each.unknown,
            failure=each.failure or (f"{each.parked} parked" if each.parked else None),
        )
        for each in found
    ]


@router.get("/replicas")
async def get_replicas(request: Request, caller: Caller) -> list[ReplicaLagOut]:
    """Return how far the copies of other services' logs are; each source is asked."""
    runtime = runtime_of(request)
    caller.require(f"{runtime.service.name}:read")
    behind = await asyncio.gather(*(intake.behind() for intake in runtime.intakes))
    return [
        ReplicaLagOut(
            source=intake.source,
            position=(await runtime.store.head(intake.source)).position if each is None else each.position,
            head=None if each is None else each.head,
            lag=None if each is None else each.head - each.position,
            lag_seconds=None if each is None else each.seconds,
            trouble=intake.trouble,
        )
        for intake, each in zip(runtime.intakes, behind, strict=True)
    ]


@router.post("/projections/rebuild", status_code=202)
async def post_rebuild(
    request: Request,
    response: Response,
    caller: Caller,
    projection: Name = None,
    accept: Annotated[bool, Query(description="Take the new rows even if they differ.")] = False,  # noqa: FBT002 - a query parameter
) -> list[Rebuild]:
    """Rebuild read models beside the live ones, which go on; Location tells how far it is.

    One that is under way goes on. One that was found to differ is begun anew, or accepted.
    """
    runtime = operated(request, caller)
    chosen = [each for each in runtime.service.projections if projection in {None, each.name}]
    if not chosen:
        raise NotFound(f"{runtime.service.name} has no projection {projection!r}", projection=projection)
    asked = [await rebuilds.ask(runtime.pool, each, caller.subject, accept=accept) for each in chosen]
    runtime.rebuilder.wake()
    response.headers["Location"] = f"{runtime.service.prefix}/projections/rebuilds"
    return asked


@router.get("/projections/rebuilds")
async def get_rebuilds(request: Request, caller: Caller) -> list[Rebuild]:
    """Return the last rebuild of each read model that was ever rebuilt."""
    runtime = runtime_of(request)
    caller.require(f"{runtime.service.name}:read")
    async with runtime.readers.connection() as db:
        return await rebuilds.newest(db)


@router.get("/projections/parked")
async def get_parked(request: Request, caller: Caller, paged: Paged, projection: Name = None) -> list[ParkedOut]:
    """Return parked streams of the read models, by read model and position; the next page is in the Link header."""
    runtime = operated(request, caller)
    found = await runtime.parked.all(paged.wanted, projection, paged.place())
    return [ParkedOut.of(each) for each in paged.page_of_now(found, _key)]


@router.get("/projections/dropped")
async def get_dropped(request: Request, caller: Caller, paged: Paged) -> list[DroppedOut]:
    """Return events that read models may leave out, by read model and position; the next page is in the Link header."""
    runtime = operated(request, caller)
    found = await runtime.parked.dropped(paged.wanted, paged.place())
    return [DroppedOut.of(each) for each in paged.page_of_now(found, _key)]


@router.get("/projections/{projection}/parked/{stream}")
async def get_parked_stream(request: Request, caller: Caller, projection: str, stream: str) -> ParkedWholeOut:
    """Return where a stream is parked in a read model, and how many events wait; a slash in its name is %2F."""
    runtime = operated(request, caller)
    parked = await runtime.parked.one(projection, stream)
    return ParkedWholeOut(**ParkedOut.of(parked).model_dump(), waiting=await runtime.parked.waiting(parked))


@router.post("/projections/{projection}/parked/{stream}/retry")
async def post_retry(request: Request, caller: Caller, projection: str, stream: str) -> RetriedOut:
    """Fold what is parked of a stream, in order, as far as it goes."""
    runtime = operated(request, caller)
    folded = await runtime.parked.retry(projection, stream)
    return await _retried(runtime, projection, stream, folded)


@router.post("/projections/{projection}/parked/{stream}/drop")
async def post_drop(request: Request, caller: Caller, projection: str, stream: str, body: DropIn) -> RetriedOut:
    """Let a read model leave out the event at which a stream is parked, and fold what is behind it. It stays in the log."""
    runtime = operated(request, caller)
    folded = await runtime.parked.drop(projection, stream, caller.subject, body.reason)
    return await _retried(runtime, projection, stream, folded)


def _key(each: Parked | Dropped) -> str:
    return place_key(each.projection, each.position)


def operated(request: Request, caller: Principal) -> Runtime:
    """Return the service, to one who operates it; what changes anything needs the scope to write. Raises Forbidden."""
    runtime = runtime_of(request)
    right = "read" if request.method == "GET" else "write"
    caller.require(f"{runtime.service.name}:{right}", OPERATORS)
    return runtime


async def _retried(runtime: Runtime, projection: str, stream: str, folded: int) -> RetriedOut:
    again = await runtime.parked.find(projection, stream)
    return RetriedOut(folded=folded, parked=None if again is None else ParkedOut.of(again))
