"""Whether a process lives, and whether it is ready to be used. The only routes without a token."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from functools import partial

import orjson
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from regesta import clock
from regesta.adoption import read_forks
from regesta.checkpoint import Checkpoint, read_all
from regesta.decider import QUEUE_COMMANDS
from regesta.event import event_name
from regesta.outage import passes, public
from regesta.projection import Folding
from regesta.reasons import Cause, Level, Reason, level_of
from regesta.recovery import read_closed
from regesta.relay import unpublished
from regesta.runtime import Runtime, runtime_of, waits_of
from regesta.unknown import read_unknown
from regesta.writer import QUEUE_UNITS

# Who asks gives up soon, and must then know why.
DATABASE_SECONDS = 2.0
# Of types that are not known so many are named.
TYPES = 3
# Anybody may ask, and the database is asked no more often than that.
KEEP_SECONDS = 1.0

router = APIRouter(tags=["health"])


def paths(prefix: str) -> frozenset[str]:
    """Return where these routes are: a process that has much to do is alive, and who watches it must know how it is."""
    return frozenset(before + route for before in ("", prefix) for route in ("/livez", "/readyz"))


class ReasonOut(BaseModel):
    """Why a process is not ready or degraded. name: of the cause; detail: what stands still; action: what to do."""

    name: str
    detail: str
    action: str


class ReadyOut(BaseModel):
    """Whether a process is ready. status: "ok", "degraded" (callers may come) or "not ready"."""

    status: str
    reasons: list[ReasonOut]


@router.get("/livez")
async def livez() -> dict[str, str]:
    """Return that the process answers."""
    return {"status": "ok"}


@router.get(
    "/readyz",
    response_model=ReadyOut,
    responses={503: {"model": ReadyOut, "description": "Not ready; the reasons say why."}},
)
async def readyz(request: Request) -> Response:
    """Return 200 when callers may come, else 503; the reasons say what stands still and what to do.

    With the status "degraded" some are there too, but none for which callers should be sent elsewhere.
    """
    waits = waits_of(request)
    reasons = await reasons_of(runtime_of(request)) if waits is None else [waits]
    status = level_of(reasons)
    body = {"status": status, "reasons": [reason.shown() for reason in reasons]}
    return Response(orjson.dumps(body), 503 if status == Level.NOT_READY else 200, media_type="application/json")


async def reasons_of(runtime: Runtime) -> list[Reason]:
    """Return why a process is not ready or degraded, each reason once, those that make it not ready first.

    What the database says of it may be a second old.
    """
    reasons = [*elsewhere(runtime), *_issuer(runtime), *_standstill(runtime), *_reactions(runtime), *_waiting(runtime)]
    reasons += await runtime.found.get(partial(_of_database, runtime), KEEP_SECONDS)
    return sorted(dict.fromkeys(reasons), key=lambda reason: reason.cause.value.level is not Level.NOT_READY)


async def _of_database(runtime: Runtime) -> list[Reason]:
    """Return what the database says stands still, whichever process should move it; or that it does not answer."""
    try:
        async with asyncio.timeout(DATABASE_SECONDS):
            reasons = await _logs(runtime)
            known = await read_all(runtime.pool)
            reasons += [*_stuck(known), *_building(runtime, known), *_parked(runtime, known)]
            reasons += [*await _unknown(runtime), *await runtime.beside.others(runtime.pool)]
            return [*reasons, *await _behind(runtime, known), *await _clock(runtime)]
    except Exception as error:
        if not passes(error):
            raise
        return [Reason(Cause.DATABASE_AWAY, f"the database does not answer: {public(error)}")]


def elsewhere(runtime: Runtime) -> Iterator[Reason]:
    """Yield who does not answer this process, or as it should: a source, the broker. Its other processes show it too (see Beside)."""
    for intake in runtime.intakes:
        if intake.trouble:
            yield Reason(intake.alarm or Cause.SOURCE_AWAY, f"intake of {intake.source}: {intake.trouble}")
    if runtime.relay is not None and runtime.relay.trouble:
        yield Reason(
            runtime.relay.alarm or Cause.DATABASE_AWAY, f"relay of {runtime.service.name}: {runtime.relay.trouble}"
        )
    for remarks in runtime.remarks:
        yield from remarks.reasons()


def _issuer(runtime: Runtime) -> Iterator[Reason]:
    if runtime.verifier.trouble:
        yield Reason(Cause.ISSUER_AWAY, runtime.verifier.trouble)


def _standstill(runtime: Runtime) -> Iterator[Reason]:
    """Yield what stands still in this process: the writer, a task, the projections of a log, a rebuild."""
    if runtime.store.trouble:
        yield Reason(Cause.WRITER_REFUSED, runtime.store.trouble)
    for task in (*runtime.store_tasks, *runtime.tasks):
        if task.done():
            yield Reason(Cause.TASK_ENDED, _ended(task))
    for source, follower in runtime.followers.items():
        if follower.trouble:
            yield Reason(Cause.PROJECTION_STOPPED, f"projections of {source}: {follower.trouble}")
    if runtime.rebuilder.trouble:
        yield Reason(Cause.REBUILD_STOPPED, f"rebuilding: {runtime.rebuilder.trouble}")


def _reactions(runtime: Runtime) -> Iterator[Reason]:
    """Yield the reactions that stand still in this process."""
    for reacting in runtime.reactings:
        if reacting.trouble:
            yield Reason(Cause.REACTION_STOPPED, f"{reacting.name}: {reacting.trouble}")
        if reacting.held_up:
            yield Reason(Cause.LATER_RELEASE, f"{reacting.name}: {reacting.held_up}")


def _waiting(runtime: Runtime) -> Iterator[Reason]:
    """Yield the queues that are full."""
    for what, waiting, most in (
        ("commands", runtime.decider.waiting, QUEUE_COMMANDS),
        ("units", runtime.store.waiting, QUEUE_UNITS),
    ):
        if waiting >= most:
            yield Reason(Cause.QUEUE_FULL, f"{waiting} {what} wait, of {most} that may")


def _stuck(known: Iterable[Checkpoint]) -> Iterator[Reason]:
    """Yield the reactions that stand still, whichever process moves them."""
    for each in known:
        if each.failure:
            yield Reason(Cause.REACTION_STOPPED, f"{each.projection}: {each.failure}")


async def _logs(runtime: Runtime) -> list[Reason]:
    """Return whether the own log is closed, and which sources are other logs than they were."""
    closed = await read_closed(runtime.pool)
    reasons = [] if closed is None else [Reason(Cause.LOG_CLOSED, closed.told(runtime.service.name))]
    forks = await read_forks(runtime.pool)
    return reasons + [Reason(Cause.FORKED, f"intake of {source}: {fork.reason}") for source, fork in forks.items()]


async def _behind(runtime: Runtime, known: Sequence[Checkpoint]) -> list[Reason]:
    """Return the logs of which read models, or the relay, are too far behind, whichever process moves them."""
    reasons = []
    for source, position in _lowest(runtime, known).items():
        lag = (await runtime.store.head(source)).position - position
        if lag > runtime.lag_limit_events:
            reasons.append(Reason(Cause.LAG, f"projections of {source} are {lag} events behind"))
    if runtime.relay is not None and (left := (await unpublished(runtime.pool)).events) > runtime.lag_limit_events:
        reasons.append(Reason(Cause.LAG, f"the relay of {runtime.service.name} is {left} events behind"))
    return reasons


async def _unknown(runtime: Runtime) -> list[Reason]:
    """Return the logs with events that this release does not know, whichever release met them first."""
    reasons = []
    for source, noted in (await read_unknown(runtime.pool)).items():
        types = [each for each in noted if each.type not in runtime.store.registry]
        if types:
            named = ", ".join(repr(each.type) for each in types[:TYPES])
            more = f" and {len(types) - TYPES} more" if len(types) > TYPES else ""
            detail = (
                f"{source} has events of the types {named}{more}; the first is {event_name(source, types[0].position)}"
            )
            reasons.append(Reason(Cause.TYPE_UNKNOWN, detail))
    return reasons


async def _clock(runtime: Runtime) -> list[Reason]:
    """Return that the database's clock is behind its newest event, if so."""
    newest = await clock.newest(runtime.pool, runtime.service.name)
    if newest is None or not newest.wrong:
        return []
    return [Reason(Cause.CLOCK_BEHIND, f"the database's clock is {newest.seconds:.0f} s behind {newest.event}")]


def _building(runtime: Runtime, known: Iterable[Checkpoint]) -> Iterator[Reason]:
    """Yield the read models of this release that have not come as far as those of the release before."""
    at = {(each.projection, each.version): each.position for each in known}
    wanted = {name: position for follower in runtime.followers.values() for name, position in follower.built_to.items()}
    for each in runtime.service.projections:
        position = at.get((each.name, each.version), 0)
        if position < wanted.get(each.name, 0):
            detail = f"version {each.version} of {each.name} is being built: {position} of {wanted[each.name]} events"
            yield Reason(Cause.READ_MODEL_BUILDING, detail)


def _lowest(runtime: Runtime, known: Iterable[Checkpoint]) -> dict[str, int]:
    """Return the position that every read model of this release has reached in its log, by log."""
    at = {(each.projection, each.version): each.position for each in known}
    lowest: dict[str, int] = {}
    for mine in runtime.service.projections:
        position = at.get((mine.name, mine.version), 0)
        lowest[mine.source] = min(position, lowest.get(mine.source, position))
    return lowest


def _parked(runtime: Runtime, known: Iterable[Checkpoint]) -> Iterator[Reason]:
    following: list[Folding] = [*runtime.service.projections, *runtime.reactings]
    mine = {(each.name, each.version) for each in following}
    for each in known:
        if each.parked and (each.projection, each.version) in mine:
            streams = f"{each.parked} parked stream{'s' if each.parked > 1 else ''}"
            see = f"see `regesta park list {runtime.service.name}`"
            yield Reason(Cause.PARKED, f"{each.projection}: {streams}, {see}")


def _ended(task: asyncio.Task[None]) -> str:
    error = None if task.cancelled() else task.exception()
    why = "" if error is None else f": {public(error)}"
    return f"task {task.get_name()!r} ended{why}"
