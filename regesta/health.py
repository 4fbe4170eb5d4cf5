"""Whether a process lives, and whether it is ready to be used. The only routes without a token."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

import asyncpg
import orjson
from fastapi import APIRouter, Request, Response

from regesta.checkpoint import Checkpoint, read_all
from regesta.database import is_lost
from regesta.runtime import Runtime, runtime_of

# Who asks gives up soon, and must then know why.
DATABASE_SECONDS = 2.0

router = APIRouter(tags=["health"])


@router.get("/livez")
async def livez() -> dict[str, str]:
    """Return that the process answers."""
    return {"status": "ok"}


@router.get("/readyz", responses={503: {"description": "Not ready; the reasons say why."}})
async def readyz(request: Request) -> Response:
    """Return 200 when nothing stands still, else 503 with the reasons.

    Parked streams are reasons too, but not to send callers elsewhere: the status is then "degraded", with 200.
    """
    runtime = runtime_of(request)
    reasons, parked = _standstill(runtime), []
    try:
        async with asyncio.timeout(DATABASE_SECONDS):
            known = await read_all(runtime.pool)
            reasons += await _behind(runtime, known)
            parked = _parked(runtime, known)
    except Exception as error:
        if not is_lost(error) and not isinstance(error, asyncpg.PostgresError):
            raise
        reasons.append(f"the database does not answer: {error!r}")
    status = "not ready" if reasons else "degraded" if parked else "ok"
    body = {"status": status, "reasons": [*dict.fromkeys(reasons + parked)]}
    return Response(orjson.dumps(body), 503 if reasons else 200, media_type="application/json")


def _standstill(runtime: Runtime) -> list[str]:
    """Return what stands still in this process: a fork, a reaction, the writer, a task, the projections of a log."""
    reasons = [f"intake of {intake.source}: {intake.trouble}" for intake in runtime.intakes if intake.alarm]
    reasons += [f"{reacting.name}: {reacting.trouble}" for reacting in runtime.reactings if reacting.trouble]
    if runtime.store.trouble:
        reasons.append(runtime.store.trouble)
    reasons += [_ended(task) for task in (*runtime.store_tasks, *runtime.tasks) if task.done()]
    for source, follower in runtime.followers.items():
        if follower.trouble:
            reasons.append(f"projections of {source}: {follower.trouble}")
    return reasons


async def _behind(runtime: Runtime, known: Sequence[Checkpoint]) -> list[str]:
    """Return which reactions stand still and which read models lag, whichever process moves them."""
    reasons = [f"{each.projection}: {each.failure}" for each in known if each.failure]
    reasons += _building(runtime, known)
    reached = _lowest(runtime, known)
    for source, position in reached.items():
        lag = (await runtime.store.head(source)).position - position
        if lag > runtime.lag_limit_events:
            reasons.append(f"projections of {source} are {lag} events behind")
    return reasons


def _building(runtime: Runtime, known: Iterable[Checkpoint]) -> list[str]:
    """Return which read models of this release have not come as far as those of the release before."""
    at = {(each.projection, each.version): each.position for each in known}
    wanted = {name: position for follower in runtime.followers.values() for name, position in follower.built_to.items()}
    mine = [(each.name, each.version) for each in runtime.service.projections if each.name in wanted]
    return [
        f"version {version} of {name} is being built: {at.get((name, version), 0)} of {wanted[name]} events"
        for name, version in mine
        if at.get((name, version), 0) < wanted[name]
    ]


def _lowest(runtime: Runtime, known: Iterable[Checkpoint]) -> dict[str, int]:
    """Return the position that every read model of this release has reached in its log, by log."""
    at = {(each.projection, each.version): each.position for each in known}
    lowest: dict[str, int] = {}
    for mine in runtime.service.projections:
        position = at.get((mine.name, mine.version), 0)
        lowest[mine.source] = min(position, lowest.get(mine.source, position))
    return lowest


def _parked(runtime: Runtime, known: Iterable[Checkpoint]) -> list[str]:
    mine = {(each.name, each.version) for each in runtime.service.projections}
    return [
        f"projection {each.projection}: {each.parked} parked stream{'s' if each.parked > 1 else ''}, "
        f"see `regesta park list {runtime.service.name}`"
        for each in known
        if each.parked and (each.projection, each.version) in mine
    ]


def _ended(task: asyncio.Task[None]) -> str:
    error = None if task.cancelled() else task.exception()
    why = "" if error is None else f": {type(error).__name__}: {error}"
    return f"task {task.get_name()!r} ended{why}"
