"""Whether a process lives, and whether it is ready to be used. The only routes without a token."""

from __future__ import annotations

import asyncio

import orjson
from fastapi import APIRouter, Request, Response

from regesta.runtime import Runtime, runtime_of

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
    reasons, parked = await _reasons(runtime), _parked(runtime)
    status = "not ready" if reasons else "degraded" if parked else "ok"
    body = {"status": status, "reasons": reasons + parked}
    return Response(orjson.dumps(body), 503 if reasons else 200, media_type="application/json")


async def _reasons(runtime: Runtime) -> list[str]:
    """Return why the service is not well: a fork, a stuck reaction, a read model being built, a lag beyond the limit."""
    reasons = [f"intake of {intake.source}: {intake.trouble}" for intake in runtime.intakes if intake.alarm]
    reasons += [f"{reacting.name}: {reacting.trouble}" for reacting in runtime.reactings if reacting.trouble]
    if runtime.store.trouble:
        reasons.append(runtime.store.trouble)
    reasons += [_ended(task) for task in (*runtime.store_tasks, *runtime.tasks) if task.done()]
    for source, follower in runtime.followers.items():
        reasons += [
            f"projection {name} of this release is being built: {position} of {wanted} events"
            for name, (position, wanted) in follower.building.items()
        ]
        if follower.trouble:
            reasons.append(f"projections of {source}: {follower.trouble}")
        lag = (await runtime.store.head(source)).position - follower.position
        if lag > runtime.lag_limit_events:
            reasons.append(f"projections of {source} are {lag} events behind")
    return reasons


def _parked(runtime: Runtime) -> list[str]:
    return [
        f"projection {name}: {count} parked stream{'s' if count > 1 else ''}, see `regesta park list {runtime.service.name}`"
        for follower in runtime.followers.values()
        for name, count in follower.parked.items()
    ]


def _ended(task: asyncio.Task[None]) -> str:
    error = None if task.cancelled() else task.exception()
    why = "" if error is None else f": {type(error).__name__}: {error}"
    return f"task {task.get_name()!r} ended{why}"
