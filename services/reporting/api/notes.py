"""The notes that have letters, and the overview of one."""

from __future__ import annotations

from datetime import date

from fastapi import APIRouter, Response

from contracts.objectives import ObjectiveRegistered, PolicyNoteOpened, SectionPrinted
from contracts.types import NoteSlug, Year
from regesta.aside import aside
from regesta.event import Cut
from regesta.paging import Paged
from regesta.strict import StrictRoute
from regesta.view import Reading, View
from regesta.web import Caller
from services.reporting.api.asking import YearInQuery
from services.reporting.domain.figure import Answer
from services.reporting.domain.knowledge import by_stream
from services.reporting.domain.letter import Letter, Note
from services.reporting.domain.overview import Overview, overview_of
from services.reporting.domain.standing import Standing
from services.reporting.domain.tree import note_of
from services.reporting.gathering import read_letter
from services.reporting.projections.standing import StandingReader
from services.reporting.writing import canonical

router = APIRouter(tags=["notes"], route_class=StrictRoute)


class NoteLine(Answer):
    """A note and the years that it has letters for: N of each plan, the year after each account."""

    note: Note
    years: tuple[Year, ...]


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


async def read_notes(view: View, after: str, limit: int) -> tuple[NoteLine, ...]:
    """Return the next notes after one, by slug, in two statements."""
    reader = StandingReader(view.db, view.cut)
    slugs = await reader.keys("objectives", "note", after, limit)
    facts = by_stream(await reader.of("objectives", [f"note/{slug}" for slug in slugs]))
    return tuple(line for slug in slugs if (line := note_line(slug, facts[f"note/{slug}"])) is not None)


def note_line(slug: NoteSlug, facts: list[Standing]) -> NoteLine | None:
    """Return a note with the years of its letters; None when nobody opened it."""
    found = note_of(slug, facts)
    if found is None:
        return None
    note, opened = found
    sections = [fact.event.section for fact in facts if isinstance(fact.event, ObjectiveRegistered | SectionPrinted)]
    years = {each.year for each in sections if each is not None and each.kind == "planned"}
    years |= {each.year + 1 for each in sections if each is not None and each.kind == "realised"} - _other(opened)
    years |= set() if opened.planned_year is None else {opened.planned_year}
    return NoteLine(note=note, years=tuple(sorted(years)))


def _other(opened: PolicyNoteOpened) -> set[int]:
    """Return the year after the account of a note's first letter, which is none of its own when the letter skips a year."""
    return set() if opened.realised_year is None or opened.planned_year is None else {opened.realised_year + 1}


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
