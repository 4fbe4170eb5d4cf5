"""The letter over HTTP: as JSON, or as a page."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final

import orjson
from fastapi import APIRouter, Response

from contracts.types import NoteSlug, ObjectiveId
from regesta.aside import aside
from regesta.caller import Caller
from regesta.documents import hash_of
from regesta.view import Reading, View
from services.reporting.api.negotiation import JSON, form_of
from services.reporting.asking import Asking, Asks, YearInPath, YearInQuery
from services.reporting.domain.letter import Letter, LetterOut
from services.reporting.gathering import read_letter, read_objective
from services.reporting.web.pages import letter_page
from services.reporting.web.responding import PageRoute
from services.reporting.writing import canonical

SCOPE: Final = "reporting:read"

router = APIRouter(tags=["letters"], route_class=PageRoute)


@router.get(
    "/letters/{note}/{year}",
    response_class=Response,
    responses={200: {"model": LetterOut, "content": {"text/html": {}}}, 304: {}, 406: {}},
)
async def get_letter(note: NoteSlug, year: YearInPath, view: Reading, caller: Caller, asked: Asks) -> Response:
    """Return the letter of a note and year: N planned, N-1 realised. 404 unknown note; 406 neither JSON nor HTML.

    The ETag is the hash of the letter as of its cut; `complete` and `missing` stand outside what is hashed.
    """
    caller.require(SCOPE)
    form = form_of(asked.accept)
    if form == "html":
        return await letter_page(asked, view, note, year)
    letter = await read_letter(view, note, year, asked.choices.occurred_until)
    return await letter_response(letter, view, asked)


@router.get("/objectives/{objective}", response_class=Response, responses={200: {"model": LetterOut}, 304: {}})
async def get_objective(
    objective: ObjectiveId, view: Reading, caller: Caller, asked: Asks, year: YearInQuery = None
) -> Response:
    """Return the letter of an objective's note with this objective alone and what stands under it. 404 unknown."""
    caller.require(SCOPE)
    letter = await read_objective(view, objective, year, asked.choices.occurred_until)
    return await letter_response(letter, view, asked)


async def letter_response(letter: Letter, view: View, asked: Asking) -> Response:
    """Return a letter as JSON (LetterOut), or 304 when the reader holds this very one."""
    document = await aside(canonical, letter)
    hashed = hash_of(document)
    etag = f'"{hashed}"' if view.complete else f'"{hashed}-without-{_digest(view.missing)}"'
    headers = {"ETag": etag, "Vary": "Accept", "Cache-Control": "private, no-cache"}
    if asked.holds(etag):
        return Response(status_code=304, headers=headers)
    members: dict[str, object] = {"letter": orjson.Fragment(document), "hash": hashed, "complete": view.complete}
    members |= {"missing": view.missing} | ({"as_of": view.as_of} if view.as_of else {})
    return Response(orjson.dumps(members), media_type=JSON, headers=headers)


def _digest(names: Iterable[str]) -> str:
    """Return what stands for some names in a header, which could not hold all of them, nor every character."""
    return hashlib.sha256("\n".join(names).encode()).hexdigest()[:16]
