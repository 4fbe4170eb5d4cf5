"""What an operator asks of a running service: how far its read models are, and to build them anew."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from regesta.checkpoint import read_all, reset
from regesta.errors import NotFound
from regesta.runtime import runtime_of
from regesta.strict import StrictRoute
from regesta.web import Caller

OPERATORS = frozenset({"operator", "administrator"})

router = APIRouter(route_class=StrictRoute, tags=["operation"])


class ProjectionOut(BaseModel):
    """How far one read model or reaction is. head: of the log it reads; lag: events still to come."""

    projection: str
    source: str
    position: int
    head: int
    lag: int
    failure: str | None


@router.get("/projections")
async def get_projections(request: Request, caller: Caller) -> list[ProjectionOut]:
    """Return how far every read model and reaction of this service is."""
    runtime = runtime_of(request)
    caller.require(f"{runtime.service.name}:read")
    known = await read_all(runtime.pool)
    heads = {each.source: (await runtime.store.head(each.source)).position for each in known}
    return [
        ProjectionOut(
            projection=each.projection,
            source=each.source,
            position=each.position,
            head=heads[each.source],
            lag=heads[each.source] - each.position,
            failure=each.failure,
        )
        for each in known
    ]


@router.post("/projections/rebuild", status_code=202)
async def post_rebuild(
    request: Request,
    caller: Caller,
    projection: Annotated[str | None, Query(max_length=100, description="Only the read model of this name.")] = None,
) -> list[str]:
    """Empty read models and fill them again from the logs; answers are incomplete until `lag` is 0. Returns their names."""
    runtime = runtime_of(request)
    caller.require(f"{runtime.service.name}:read", OPERATORS)
    chosen = [each for each in runtime.service.projections if projection in (None, each.name)]
    if not chosen:
        raise NotFound(f"{runtime.service.name} has no projection {projection!r}", projection=projection)
    for each in chosen:
        await reset(runtime.pool, each)
    return sorted({each.name for each in chosen})
