"""The history of one stream: what an auditor replays."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from regesta.cloudevents import MEDIA_TYPE, encode_batch
from regesta.errors import Forbidden, NotFound
from regesta.runtime import runtime_of
from regesta.web import Caller

router = APIRouter(tags=["events"])


@router.get("/streams/{stream:path}", response_class=Response, responses={200: {"content": {MEDIA_TYPE: {}}}})
async def get_stream(
    request: Request,
    stream: str,
    caller: Caller,
    until: Annotated[int | None, Query(ge=0, le=2**62, description="Only events up to this position.")] = None,
) -> Response:
    """Return all events of a stream, oldest first, such as `commitment/0193…`; its version is the ETag. 404 when empty."""
    runtime = runtime_of(request)
    read = f"{runtime.service.name}:read"
    if not {read, "events:read"} & caller.scopes:
        raise Forbidden(f"this needs the scope {read!r} or 'events:read'", scope=read)
    if "\0" in stream:
        raise NotFound(f"no stream {stream!r}", stream=stream)
    events = (await runtime.store.tails({stream: 0}))[stream]
    events = [event for event in events if until is None or event.position <= until]
    if not events:
        raise NotFound(f"no stream {stream!r}", stream=stream)
    return Response(encode_batch(events), media_type=MEDIA_TYPE, headers={"ETag": f'"{events[-1].version}"'})
