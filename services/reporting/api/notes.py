"""The notes that have letters, and the overview of one."""

from __future__ import annotations

from datetime import date

from fastapi import APIRouter, Response

from contracts.types import NoteSlug
from regesta.aside import aside
from regesta.caller import Caller
from regesta.event import Cut
from regesta.paging import Paged
from regesta.strict import StrictRoute
from regesta.view import Reading, View
from services.reporting.asking import YearInQuery
from services.reporting.domain.figure import Answer
from services.reporting.domain.letter import Letter
from services.reporting.domain.notes import NoteLine
from services.reporting.domain.overview import Overview, overview_of
from services.reporting.gathering import read_letter, read_notes
from services.reporting.writing import canonical

router = APIRouter(tags=["notes"], route_class=StrictRoute)


class NotesOut(Answer):
    """A page of notes by name. cut, complete, missing: what the answer speaks of."""

    notes: tuple[NoteLine, ...]
    cut: Cut
    complete: bool
    missing: tuple[str, ...] = ()


class OverviewOut(Answer):
    """The overview of a note as of a cut."""

    overview: Overview
    complete: bool
    missing: tuple[str, ...] = ()
    as_of: date | None = None


@router.get("/notes", response_model_exclude_none=True)
async def get_notes(view: Reading, caller: Caller, paged: Paged) -> NotesOut:
    """Return the notes known, by name; the next page, as of the same cut, is in the Link header."""
    caller.require("reporting:read")
    found = await read_notes(view, paged.after, paged.wanted)
    notes = paged.page(view, found, lambda line: line.note.slug)
    return NotesOut(notes=notes, cut=dict(sorted(view.cut.items())), complete=view.complete, missing=view.missing)


@router.get("/notes/{note}/overview", response_class=Response, responses={200: {"model": OverviewOut}})
async def get_overview(
    note: NoteSlug,
    view: Reading,
    caller: Caller,
    year: YearInQuery = None,
) -> Response:
    """Return what the note's letter says of each objective in one line. 404 unknown note."""
    caller.require("reporting:read")
    letter = await read_letter(view, note, year)
    body = await aside(_overview_document, letter, view)
    return Response(body, media_type="application/json")


def _overview_document(letter: Letter, view: View) -> bytes:
    out = OverviewOut(overview=overview_of(letter), complete=view.complete, missing=view.missing, as_of=view.as_of)
    return canonical(out)
