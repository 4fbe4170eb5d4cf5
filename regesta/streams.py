"""The history of one stream and what it came to: what an auditor replays."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import fields
from datetime import date
from typing import Annotated

import orjson
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, JsonValue
from pydantic_core import to_jsonable_python

from regesta.caller import Caller
from regesta.cloudevents import CloudEvent, members_of
from regesta.command import AnyAggregate, State
from regesta.errors import Forbidden, NotFound
from regesta.event import IsoDay, Recorded
from regesta.faults import wrong_with
from regesta.runtime import Runtime, runtime_of
from regesta.strict import IN_DIGITS, StrictRoute
from regesta.unit import Store
from regesta.view import end_of, require_moment

# Of one read, see Store.of_stream.
PIECE_EVENTS = 500
OF_LATER = "its type is of a later release"
KERNEL_FIELDS = frozenset({"stream", "version", "steps", "gone", "unread"})

router = APIRouter(route_class=StrictRoute, tags=["events"])


class StreamEvent(CloudEvent):
    """One event of a stream. unreadable: why the rules cannot read it; then nothing is decided on its stream."""

    unreadable: str | None = None


class StreamOut(BaseModel):
    """One stream up to a position. state: its fold, as the rules see it; null for a stream that is only kept.

    state_version: of the last event in the state. When that is less than `version`, the next event cannot be read.
    """

    model_config = ConfigDict(extra="forbid")

    stream: str
    version: int
    until: int | None
    state: dict[str, JsonValue] | None
    state_version: int | None
    events: list[StreamEvent]


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
    events = await _events(runtime, stream, until) if "\0" not in stream else []
    if not events:
        raise NotFound(f"no stream {stream!r}", stream=stream)
    version = events[-1].version
    head = {"stream": stream, "version": version, "until": until}
    body = orjson.dumps(head | _folded(runtime, stream, events))
    return Response(body, media_type="application/json", headers={"ETag": f'"{version}"'})


async def history(
    store: Store, source: str, stream: str, after: int = 0, piece: int = PIECE_EVENTS
) -> AsyncIterator[Recorded]:
    """Yield the events of a stream of the own log or a replica from the version after `after` on, read piece by piece."""
    while events := await store.of_stream(source, stream, after, piece):
        for event in events:
            yield event
        after = events[-1].version


async def _events(runtime: Runtime, stream: str, until: int | None) -> list[Recorded]:
    """Return the events of a stream of the own log up to a position; little of what is behind it is read."""
    events: list[Recorded] = []
    async for event in history(runtime.store, runtime.service.name, stream):
        if until is not None and event.position > until:
            break
        events.append(event)
    return events


async def _until(runtime: Runtime, as_of: date | None, cut: int | None) -> int | None:
    require_moment(as_of, cut)
    if as_of is None:
        return cut
    return await runtime.store.position_before(runtime.service.name, end_of(as_of))


def _folded(runtime: Runtime, stream: str, events: list[Recorded]) -> dict[str, object]:
    """Return a stream's state by the aggregate of its prefix, up to the first event that cannot be read, and its events."""
    prefix = stream.partition("/")[0]
    aggregate = next((each for each in runtime.service.aggregates if each.state.prefix == prefix), None)
    if aggregate is None:
        return {"state": None, "state_version": None, "events": _shown(events, _unreadable(events))}
    state, unreadable = _fold(aggregate, stream, events), {}
    if (unread := state.unread) is not None:
        # Half of what could not be folded may be in the state: it is folded again, up to there.
        state = _fold(aggregate, stream, [each for each in events if each.position < unread.position])
        behind = [each for each in events if each.position > unread.position]
        unreadable = {unread.position: unread.fault or OF_LATER} | _unreadable(behind)
    return {"state": _plain(state), "state_version": state.version, "events": _shown(events, unreadable)}


def _fold(aggregate: AnyAggregate, stream: str, events: list[Recorded]) -> State:
    state: State = aggregate.state(stream)
    for event in events:
        aggregate.extend(state, event)
    return state


def _unreadable(events: list[Recorded]) -> dict[int, str]:
    """Return by position what is wrong with each event that cannot be read."""
    return {event.position: fault for event in events if (fault := _fault(event)) is not None}


def _fault(event: Recorded) -> str | None:
    try:
        return OF_LATER if event.event is None else None
    except Exception as error:  # noqa: BLE001 - whatever a contract or an upcast raises
        return wrong_with(error)


def _shown(events: list[Recorded], unreadable: dict[int, str]) -> list[dict[str, object]]:
    marks = {position: {"unreadable": fault} for position, fault in unreadable.items()}
    return [members_of(event) | marks.get(event.position, {}) for event in events]


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
