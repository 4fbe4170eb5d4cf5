"""What this service holds of other logs, offered as it was taken in; whether its own log is open, and how it is recovered."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from regesta.adoption import adopt, read_forks, touched_by
from regesta.auth import Principal
from regesta.bus import Offer
from regesta.caller import Caller
from regesta.cloudevents import MEDIA_TYPE
from regesta.database import Connection as Db
from regesta.errors import NotFound
from regesta.feed import WHOLE, HeadOut, SeenQuery, answer
from regesta.operation import operated
from regesta.recovery import read_closed
from regesta.relay import unpublished
from regesta.runtime import Runtime, runtime_of
from regesta.strict import StrictRoute

router = APIRouter(route_class=StrictRoute, tags=["operation"])


class ClosedOut(BaseModel):
    """Why nothing is recorded. consumer, held: who said to hold the log how far, when that is more than there is."""

    reason: Literal["restored", "behind"]
    consumer: str | None
    held: int | None
    since: datetime


class RelayLagOut(BaseModel):
    """How far the own log is published to its topic. lag: events still to come; lag_seconds: age of the oldest; 0 without.

    trouble: why this process publishes nothing now, when it should.
    """

    position: int
    lag: int
    lag_seconds: float
    trouble: str | None


class LogOut(HeadOut):
    """The own log. closed: null while it is open. relay: null where no broker carries the events."""

    closed: ClosedOut | None
    relay: RelayLagOut | None


class RecoveredOut(BaseModel):
    """How far a recovery is. recovering: ask again. position: of the log; wanted: what it goes on to."""

    state: Literal["recovering", "open"]
    log: str
    position: int
    wanted: int


class ForkOut(BaseModel):
    """Where a source's log is another than the replica of it. position: the last at which both are the same.

    log: the id of the source's log now. given_up: how many events only the replica holds.
    """

    position: int
    log: str
    given_up: int
    reason: str


class ReplicaOut(HeadOut):
    """How far a replica reaches. fork: null while the source's log is the same."""

    fork: ForkOut | None


class AdoptIn(BaseModel):
    """What is agreed to, as `fork` of the replica has it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    position: Annotated[int, Field(ge=0, le=2**62)]
    log: UUID


class AdoptedOut(BaseModel):
    """What an adoption came to. position: where the replica goes on from. given_up: how many events it had beyond that.

    caused: the first events here that were recorded because of such events; touched: the streams here with an event that
    says a cut which names such, as a frozen letter. They stay; somebody should look at them.
    """

    source: str
    log: str
    position: int
    given_up: int
    caused: tuple[str, ...]
    touched: tuple[str, ...]


@router.get("/log")
async def get_log(request: Request, caller: Caller) -> LogOut:
    """Return how far this log reaches, whether it is open, and how far it is published."""
    runtime = runtime_of(request)
    caller.require(f"{runtime.service.name}:read")
    async with runtime.readers.connection() as db:
        closed = await read_closed(db)
        relay = None if runtime.relay is None else await _relay_lag(db, runtime.relay.trouble)
    head = await runtime.store.head(runtime.service.name)  # read last, so that it is not behind what is published
    why = None
    if closed is not None:
        why = ClosedOut(reason=closed.reason, consumer=closed.consumer, held=closed.held, since=closed.since)
    return LogOut(position=head.position, log=head.log, time=head.time, closed=why, relay=relay)


async def _relay_lag(db: Db, trouble: str | None) -> RelayLagOut:
    left = await unpublished(db)
    return RelayLagOut(position=left.position, lag=left.events, lag_seconds=left.seconds, trouble=trouble)


@router.post("/log/recover")
async def post_recover(
    request: Request,
    caller: Caller,
    accept_loss: Annotated[bool, Query(description="Open it also when events may be lost; it gets a new id.")] = False,  # noqa: FBT002 - a query parameter
) -> RecoveredOut:
    """Take back what consumers hold of this log beyond its end, then open it. To be asked again until it is open.

    409 names the consumers that do not answer or hold other events.
    """
    runtime = operated(request, caller)
    done = await runtime.recovery.step(caller.subject, accept_loss=accept_loss)
    return RecoveredOut(state=done.state, log=done.log, position=done.position, wanted=done.wanted)


@router.get("/replicas/{source}")
async def get_replica(request: Request, caller: Caller, source: str) -> ReplicaOut:
    """Return how much of another log this service holds, and where that log is another one by now."""
    runtime = operated(request, caller)
    _require_source(runtime, source)
    head = await runtime.store.head(source)
    async with runtime.readers.connection() as db:
        fork = (await read_forks(db)).get(source)
    shown = None
    if fork is not None:
        given_up = head.position - fork.common
        shown = ForkOut(position=fork.common, log=fork.log, given_up=given_up, reason=fork.reason)
    return ReplicaOut(position=head.position, log=head.log, time=head.time, fork=shown)


@router.post("/replicas/{source}/adopt")
async def post_adopt(request: Request, caller: Caller, source: str, body: AdoptIn) -> AdoptedOut:
    """Give up what only this service holds of another log, with all that was made of it, and follow the log as it is now.

    The body says what was agreed to, as `fork` shows it; 409 when it is otherwise by now, 404 when nothing differs.
    """
    runtime = operated(request, caller)
    _require_source(runtime, source)
    wanted = str(body.log), body.position
    done = await adopt(runtime.pool, runtime.service.name, source, wanted, caller.subject)
    return AdoptedOut(
        source=done.source, log=done.log, position=done.position, given_up=done.given_up, caused=done.caused,
        touched=await touched_by(runtime.pool, done, runtime.service.events),
    )  # fmt: skip


@router.get("/replicas/{source}/events", response_class=Response, responses={200: {"content": {MEDIA_TYPE: {}}}})
async def get_replica_events(
    request: Request, caller: Caller, source: str, query: Annotated[SeenQuery, Query()]
) -> Response:
    """Return what this service holds of another log, as that log's own feed would. It does not wait for more."""
    runtime = _held(request, caller, source)
    batch = await Offer(runtime.store, source).fetch(query.seen(), query.limit, 0)
    return await answer(runtime, caller, batch)


@router.get("/replicas/{source}/events/head")
async def get_replica_head(request: Request, caller: Caller, source: str) -> HeadOut:
    """Return how much of another log this service holds."""
    head = await _held(request, caller, source).store.head(source)
    return HeadOut(position=head.position, log=head.log, time=head.time)


def _held(request: Request, caller: Principal, source: str) -> Runtime:
    """Return the service, to one who may read whole logs. Raises NotFound when it does not take this one in."""
    runtime = runtime_of(request)
    caller.require(WHOLE)
    _require_source(runtime, source)
    return runtime


def _require_source(runtime: Runtime, source: str) -> None:
    """Raise NotFound when this service does not take in a log."""
    if source not in runtime.service.sources:
        raise NotFound(f"{runtime.service.name} takes in no log {source!r}", source=source)
