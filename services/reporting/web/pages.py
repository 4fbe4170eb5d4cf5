"""The pages: a letter's first page, one objective of it, the whole for print, a figure, an event, a note, an objective."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Path, Request, Response
from markupsafe import Markup

from contracts.types import DossierId, NoteSlug, ObjectiveId, SectionKind, Year
from regesta.aside import aside
from regesta.errors import NotFound
from regesta.event import Recorded
from regesta.runtime import runtime_of
from regesta.strict import IN_DIGITS
from regesta.view import View
from services.reporting.asking import Asking, YearInPath, YearInQuery
from services.reporting.domain.letter import Letter
from services.reporting.gathering import read_notes
from services.reporting.render import documents, names
from services.reporting.render.events import event_words
from services.reporting.render.figures import Figures
from services.reporting.render.words.official import PARTS
from services.reporting.render.words.sayings import SAYINGS
from services.reporting.web.leaf import Leaf, objective_of
from services.reporting.web.reading import NO_MONTHS, Months, Reader, Reads, navigation, recorded
from services.reporting.web.responding import PageRoute, answer, page_of

# Events of one figure, of a stream; notes on the start page.
OF_FIGURE: Final = 500
OF_STREAM: Final = 200
NOTES: Final = 500
LATEST: Final = 8
# A page has 100 kB: the stylesheet takes 25 of them, the frame and the sheets of 15 figures 19.
LONGEST_BODY: Final = 55_000

router = APIRouter(include_in_schema=False, route_class=PageRoute)


async def letter_page(asked: Asking, view: View, note: NoteSlug, year: Year) -> Response:
    """Return the first page of a letter, or with `view=whole` all of it for print."""
    reads = Reader(asked.request, page_of(asked.request), view, asked.choices)
    months = await reads.months(note)
    letter = await reads.letter(note, year)
    links = navigation(reads.page, letter, "letter")
    title = f"{PARTS['letter'].get(reads.page.language)} {letter.year}"
    if reads.choices.view == "whole":
        keys = ["", *(objective.id for objective in letter.objectives)]
        figures = {key: reads.figures(letter, Leaf("letter", key), sheets=False) for key in keys}
        body = await aside(documents.letter_whole, letter, reads.view(months=months), reads.page, figures)
        return await answer(reads.page, title, body, links=links)
    first = Leaf("letter")
    doors = reads.figures(letter, first)
    return await reads.opened(title, await _body(reads, letter, first, doors, months), doors, links)


@router.get("/letters/{note}/{year}/objectives/{objective}")
async def get_letter_objective(
    note: NoteSlug, year: YearInPath, objective: ObjectiveId, reads: Reads, section: SectionKind | None = None
) -> Response:
    """Return one objective of a letter; one too long for a page has its year-sections on pages of their own.

    The figures of a year-section that is still too long open on pages of their own, not on sheets.
    """
    months = await reads.months(note)
    letter = await reads.letter(note, year)
    leaf = Leaf(section or "letter", objective)
    doors = reads.figures(letter, leaf)
    body = await _body(reads, letter, leaf, doors, months)
    if section is None and len(body.encode()) > LONGEST_BODY:
        doors = reads.figures(letter, leaf)
        own = documents.Excerpt(objective_of(letter, objective), "own")
        body = await aside(documents.letter_objective, letter, reads.view(months=months), reads.page, doors, own)
    elif len(body.encode()) > LONGEST_BODY:
        doors = Figures(doors.address, sheets=0)
        body = await _body(reads, letter, leaf, doors, months)
    title = f"{names.name(objective_of(letter, objective), reads.page.language)}, {year}"
    return await reads.opened(title, body, doors, navigation(reads.page, letter, "letter"))


@router.get("/letters/{note}/{year}/dossiers/{dossier}")
async def get_letter_dossier(note: NoteSlug, year: YearInPath, dossier: DossierId, reads: Reads) -> Response:
    """Return a dossier of a letter with every step of it."""
    months = await reads.months(note)
    letter = await reads.letter(note, year)
    leaf = Leaf("dossier", dossier)
    doors = reads.figures(letter, leaf)
    body = await _body(reads, letter, leaf, doors, months)
    return await reads.opened(
        SAYINGS["dossier"].get(reads.page.language), body, doors, navigation(reads.page, letter, "")
    )


@router.get("/letters/{note}/{year}/figures/{part}/{number}")
async def get_figure(
    note: NoteSlug, year: YearInPath, part: str, number: Annotated[int, Path(ge=1, le=100_000), IN_DIGITS], reads: Reads
) -> Response:
    """Return a figure of a page with all events behind it. part: which page; number: which of its figures, from 1."""
    letter = await reads.letter(note, year)
    leaf = Leaf.of(part)
    doors = reads.figures(letter, leaf)
    await _body(reads, letter, leaf, doors)
    if number > len(doors.doors):
        raise NotFound(f"this page has {len(doors.doors)} figures, no number {number}", part=part, number=number)
    door = doors.doors[number - 1]
    shown = door.events[-OF_FIGURE:]
    told = await recorded(reads.runtime, shown)
    events = [told[name] for name in shown if name in told]
    back = f"{leaf.address(letter, reads.page)}#{door.id}"
    body = await aside(documents.figure_page, reads.page, door, back, events)
    return await answer(reads.page, door.title, body, links=navigation(reads.page, letter, ""))


@router.get("/notes/{note}")
async def get_note(note: NoteSlug, reads: Reads, year: YearInQuery = None) -> Response:
    """Return the overview of a note: its objectives in one table, as the letter of a year has them."""
    letter = await reads.letter(note, year)
    leaf = Leaf("overview")
    doors = reads.figures(letter, leaf)
    title = names.short_title(letter.note.title, reads.page.language)
    body = await _body(reads, letter, leaf, doors)
    return await reads.opened(title, body, doors, navigation(reads.page, letter, "overview"))


@router.get("/notes/{note}/objectives/{objective}")
async def get_note_objective(
    note: NoteSlug, objective: ObjectiveId, reads: Reads, year: YearInQuery = None
) -> Response:
    """Return the page of an objective: where it stands, its credits, indicators, dossiers and latest events."""
    letter = await reads.letter(note, year)
    shown = objective_of(letter, objective)
    leaf = Leaf("objective", objective)
    doors = reads.figures(letter, leaf)
    latest = documents.latest_events(shown, LATEST)
    told = sorted((await recorded(reads.runtime, latest)).values(), key=lambda event: event.time, reverse=True)
    view = reads.view(asks_until=leaf.asks_until)
    body = await aside(documents.objective_page, letter, view, reads.page, doors, (shown, told[:LATEST]))
    title = names.name(shown, reads.page.language)
    return await reads.opened(title, body, doors, navigation(reads.page, letter, ""))


@router.get("/")
async def get_start(reads: Reads) -> Response:
    """Return the notes that there are."""
    notes = await read_notes(reads.known, "", NOTES)
    body = await aside(documents.plain, "start.html", reads.page, {"notes": notes})
    return await answer(reads.page, SAYINGS["notes"].get(reads.page.language), body)


async def event_page(request: Request, event: Recorded) -> Response:
    """Return the page of an event: what it says, and the history of the stream it stands in."""
    page = page_of(request)
    history = await runtime_of(request).store.of_stream(event.source, event.stream, 0, OF_STREAM)
    body = await aside(documents.plain, "event.html", page, {"event": event, "history": history or [event]})
    return await answer(page, f"{event_words(event, page.language)}, {event.name}", body)


async def _body(reads: Reader, letter: Letter, leaf: Leaf, doors: Figures, months: Months = NO_MONTHS) -> Markup:
    """Return the body of a leaf, adding its figures to `doors`. Raises NotFound, UnknownObjective."""
    view = reads.view(asks_until=leaf.asks_until, months=months)
    return await aside(leaf.body, letter, view, reads.page, doors)
