"""The event behind a figure, from the replica: as a CloudEvent, or as a page."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Path, Response

from contracts.types import EventName
from regesta.caller import Caller
from regesta.cloudevents import encode
from regesta.errors import Forbidden
from regesta.event import Recorded, split_name
from regesta.runtime import Runtime, runtime_of
from services.reporting.api.negotiation import form_of
from services.reporting.asking import Asking, Asks
from services.reporting.domain.errors import UnknownEvent
from services.reporting.web.pages import event_page
from services.reporting.web.responding import PageRoute

MEDIA_TYPE: Final = "application/cloudevents+json"
# Above this no log reaches; a database would refuse the number.
LAST_POSITION: Final = 2**62

router = APIRouter(tags=["events"], route_class=PageRoute)


@router.get(
    "/events/{name}",
    response_class=Response,
    responses={200: {"content": {MEDIA_TYPE: {}, "text/html": {}}}, 304: {}, 404: {}, 406: {}},
)
async def get_event(name: Annotated[EventName, Path()], caller: Caller, asked: Asks) -> Response:
    """Return the event behind a figure, such as `budget:1234`. 404 when it has not arrived here."""
    if not {"reporting:read", "events:read"} & caller.scopes:
        raise Forbidden("this needs the scope 'reporting:read' or 'events:read'", scope="reporting:read")
    form = form_of(asked.accept, (MEDIA_TYPE, "application/json"))
    event = await read_event(runtime_of(asked.request), name)
    return (
        await event_page(asked.request, event, asked.choices.leaf) if form == "html" else _event_response(event, asked)
    )


async def read_event(runtime: Runtime, name: EventName) -> Recorded:
    """Return the event of a name, from the own log or a replica. Raises UnknownEvent."""
    source, position = split_name(name)
    if position <= LAST_POSITION:
        found = await runtime.store.read(source, position - 1, 1)
        if found:
            return found[0]
    raise UnknownEvent(f"no event {name!r} has arrived here", event=name)


def _event_response(event: Recorded, asked: Asking) -> Response:
    # A name means the same event for ever in one log; a restore that lost events makes another log.
    etag = f'"{event.log}:{event.position}"'
    headers = {"ETag": etag, "Vary": "Accept", "Cache-Control": "private, no-cache"}
    if asked.holds(etag):
        return Response(status_code=304, headers=headers)
    return Response(encode(event), media_type=MEDIA_TYPE, headers=headers)
