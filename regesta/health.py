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
    """Return 200 when nothing stands still, else 503 with the reasons."""
    reasons = await _reasons(runtime_of(request))
    body = {"status": "not ready" if reasons else "ok", "reasons": reasons}
    return Response(orjson.dumps(body), 503 if reasons else 200, media_type="application/json")


async def _reasons(runtime: Runtime) -> list[str]:
    """Return why the service is not well: a fork, a poison event, a stuck reaction, a lag beyond the limit."""
    reasons = [f"intake of {intake.source}: {intake.trouble}" for intake in runtime.intakes if intake.alarm]
    reasons += [f"{reacting.name}: {reacting.trouble}" for reacting in runtime.reactings if reacting.trouble]
    if runtime.store.trouble:
        reasons.append(runtime.store.trouble)
    reasons += [_ended(task) for task in (*runtime.store_tasks, *runtime.tasks) if task.done()]
    for source, follower in runtime.followers.items():
        reasons += [f"projection {name}: {why}" for name, why in follower.failures.items()]
        lag = (await runtime.store.head(source)).position - follower.position
        if lag > runtime.lag_limit_events:
            reasons.append(f"projections of {source} are {lag} events behind")
    return reasons


def _ended(task: asyncio.Task[None]) -> str:
    error = None if task.cancelled() else task.exception()
    why = "" if error is None else f": {type(error).__name__}: {error}"
    return f"task {task.get_name()!r} ended{why}"
