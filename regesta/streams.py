"""The history of one stream and what it came to: what an auditor replays."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import date
from typing import Annotated

import orjson
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, JsonValue
from pydantic_core import to_jsonable_python

from regesta.cloudevents import CloudEvent, encode_batch
from regesta.command import State, fold
from regesta.errors import Forbidden, NotFound
from regesta.event import IsoDay, Recorded
from regesta.runtime import Runtime, runtime_of
from regesta.strict import IN_DIGITS, StrictRoute
from regesta.view import end_of, require_moment
from regesta.web import Caller

KERNEL_FIELDS = frozenset({"stream", "version", "steps", "gone", "unread"})

router = APIRouter(route_class=StrictRoute, tags=["events"])


class StreamOut(BaseModel):
    """One stream up to a position. state: its fold, as the rules see it.

    null for a stream that is only kept, or that holds a fact of a later release.
    """

    model_config = ConfigDict(extra="forbid")

    stream: str
    version: int
    until: int | None
    state: dict[str, JsonValue] | None
    events: list[CloudEvent]


@router.get("/streams/{stream:path}", response_model=StreamOut)
async def get_stream(
    request: Request,
    stream: str,
    caller: Caller,
    as_of: Annotated[IsoDay | None, Query(description="What was recorded by the end of this day in Brussels.")] = None,
    cut: Annotated[int | None, Query(ge=0, le=2**62, description="Only events up to this position."), IN_DIGITS] = None,
) -> Response:
    """Return the state and all events of a stream, oldest first, such as `commitment/0193…`. 404 when it has none."""
    runtime = runtime_of(request)
    read = f"{runtime.service.name}:read"
    if not {read, "events:read"} & caller.scopes:
        raise Forbidden(f"this needs the scope {read!r} or 'events:read'", scope=read)
    until = await _until(runtime, as_of, cut)
    events = (await runtime.store.tails({stream: 0}))[stream] if "\0" not in stream else []
    events = [event for event in events if until is None or event.position <= until]
    if not events:
        raise NotFound(f"no stream {stream!r}", stream=stream)
    version = events[-1].version
    head = {"stream": stream, "version": version, "until": until, "state": _state(runtime, stream, events)}
    body = orjson.dumps(head | {"events": orjson.Fragment(encode_batch(events))})
    return Response(body, media_type="application/json", headers={"ETag": f'"{version}"'})


async def _until(runtime: Runtime, as_of: date | None, cut: int | None) -> int | None:
    require_moment(as_of, cut)
    if as_of is None:
        return cut
    return await runtime.store.position_before(runtime.service.name, end_of(as_of))


def _state(runtime: Runtime, stream: str, events: list[Recorded]) -> dict[str, JsonValue] | None:
    """Return the fold of a stream as JSON, by the aggregate of its prefix; None without one, or when an event is unknown."""
    prefix = stream.partition("/")[0]
    aggregate = next((each for each in runtime.service.aggregates if each.state.prefix == prefix), None)
    if aggregate is None:
        return None
    known = [(each.position, event) for each in events if (event := each.event) is not None]
    if len(known) < len(events):
        return None
    return _plain(fold(aggregate, stream, known))


def _plain(state: State) -> dict[str, JsonValue]:
    names = [each.name for each in fields(state) if each.name not in KERNEL_FIELDS]
    values = {name: _with_plain_keys(getattr(state, name)) for name in names}
    plain: dict[str, JsonValue] = to_jsonable_python(values, fallback=str)
    return plain


def _with_plain_keys(value: object) -> object:
    """Return a value of a state; where it is kept under keys of several fields, each key as the text of its JSON."""
    if not isinstance(value, dict):
        return value
    return {json.dumps(to_jsonable_python(key)) if isinstance(key, tuple) else key: each for key, each in value.items()}
