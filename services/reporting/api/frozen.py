"""Frozen letters over HTTP: to freeze one, and to read it for ever as it was."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from contracts.reporting import Hash
from contracts.types import EventName
from regesta.caller import Caller
from regesta.event import Cut, IsoDay
from regesta.paced import Paced
from regesta.runtime import runtime_of
from regesta.strict import StrictRoute
from regesta.view import folded, require_moment
from regesta.web import Acknowledgement, Conditions, acknowledged, decide
from services.reporting.api.negotiation import JSON
from services.reporting.asking import Addressed, Asks
from services.reporting.domain.errors import NotFrozen
from services.reporting.domain.figure import Answer
from services.reporting.domain.frozen import FreezeLetter, letter_stream
from services.reporting.domain.letter import Letter
from services.reporting.freezing import Moment, freezing, frozen_document, frozen_letter

router = APIRouter(prefix="/letters/{note}/{year}/frozen", tags=["letters"], route_class=StrictRoute)

Position = Annotated[int, Field(strict=True, ge=0, le=2**62)]


class CutIn(BaseModel):
    """A position of each log: none is left out, for what is frozen without it would never have it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    objectives: Position
    kpi: Position
    budget: Position


class FreezeIn(BaseModel):
    """As of when: a cut, or the end of a day in Brussels; neither: all that has arrived."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cut: CutIn | None = None
    as_of: IsoDay | None = None

    def moment(self) -> Moment:
        """Return it as a letter is read. Raises Malformed."""
        cut = None if self.cut is None else self.cut.model_dump()
        require_moment(self.as_of, None if cut is None else str(cut))
        return Moment(self.as_of, cut)


class TouchedOut(Answer):
    """An adoption that gave up events which the cut of a frozen letter names: those of `source` beyond `position`."""

    source: str
    position: int
    adopted_by: str
    adopted_at: datetime


class FrozenOut(Answer):
    """A frozen letter as it is served. `letter` is the very bytes that were frozen, and what is hashed.

    model: of the form and the rules of the letter. event: that froze it. touched: empty while the logs hold all that its cut
    names, so that replaying them gives the same bytes.
    """

    letter: Letter
    hash: Hash
    cut: Cut
    model: int
    event: EventName
    frozen_at: datetime
    frozen_by: str
    touched: tuple[TouchedOut, ...]


@router.put(
    "",
    operation_id=FreezeLetter.name,
    summary="Freeze letter",
    response_model=Acknowledgement,
    status_code=201,
    responses={200: {"model": Acknowledgement, "description": "Frozen before, as of this cut; nothing is added."}},
)
async def put_frozen(
    request: Request,
    letter: Addressed,
    caller: Caller,
    conditions: Annotated[Conditions, Depends()],
    body: FreezeIn | None = None,
) -> Response:
    """Freeze the letter of a note and year as of a cut. 404 unknown; 409 not all of it has arrived, or frozen otherwise."""
    caller.require(FreezeLetter.scope)
    runtime, asked = runtime_of(request), body or FreezeIn()
    envelope = conditions.envelope(caller, f"{FreezeLetter.name} {letter.note}/{letter.year}", asked)
    moment = asked.moment()
    if envelope.key is not None:
        # Before a letter is made, which takes long and may not be possible by now: a stream may be parked.
        first = await runtime.decider.repeated(envelope.key, letter_stream(letter.note, letter.year))
        if first is not None:
            return acknowledged(first)
    await folded(runtime, conditions.at_least)
    command = await freezing(runtime, letter.note, letter.year, moment)
    return acknowledged(await decide(runtime, caller, command, envelope))


@router.get("", response_class=Response, responses={200: {"model": FrozenOut}, 304: {}})
async def get_frozen(letter: Addressed, caller: Caller, asked: Asks) -> Response:
    """Return a frozen letter, with what is known of it by now. 404 nobody froze it, or its document is not here.

    The ETag is its hash; of one that adoptions touched it says so too.
    """
    caller.require("reporting:read")
    runtime = runtime_of(asked.request)
    found = await frozen_letter(runtime, letter.note, letter.year)
    if found is None:
        raise NotFrozen(
            f"nobody froze the letter of {letter.note!r} of {letter.year}", note=letter.note, year=letter.year
        )
    recorded, event, touched = found.recorded, found.event, found.touched
    etag = f'"{event.hash}-touched-{len(touched)}"' if touched else f'"{event.hash}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if asked.holds(etag):
        return Response(status_code=304, headers=headers)
    document = await frozen_document(runtime, found)
    members = {
        "letter": orjson.Fragment(document), "hash": event.hash, "cut": event.cut, "model": event.model,
        "event": recorded.name, "frozen_at": recorded.time, "frozen_by": recorded.actor,
        "touched": [
            TouchedOut(
                source=each.source, position=each.position, adopted_by=each.adopted_by, adopted_at=each.adopted_at
            ).model_dump()
            for each in touched
        ],
    }  # fmt: skip
    return Paced(runtime.rooms.document_bytes, orjson.dumps(members), headers, JSON)
