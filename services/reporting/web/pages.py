"""The pages: a letter's first page, one objective of it, the whole for print, a figure, an event, a note, an objective."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request, Response

from contracts.types import DossierId, NoteSlug, ObjectiveId, SectionKind, Year
from regesta.aside import aside
from regesta.errors import NotFound
from regesta.event import Recorded
from regesta.runtime import runtime_of
from regesta.streams import history
from regesta.strict import IN_DIGITS
from regesta.view import View
from services.reporting.asking import Asking, YearInPath, YearInQuery
from services.reporting.gathering import read_notes
from services.reporting.render import documents, names
from services.reporting.render.events import event_words
from services.reporting.render.words.official import PARTS
from services.reporting.render.words.sayings import SAYINGS
from services.reporting.web.leaf import Leaf, leaf_of, objective_of
from services.reporting.web.reading import Reader, Reads, navigation, recorded
from services.reporting.web.responding import PageRoute, answer, page_of
from services.reporting.web.telling import Telling

# Rows on a leaf: events behind a figure, events of a stream, notes; and the events that an objective's page ends with.
OF_FIGURE: Final = 60
OF_STREAM: Final = 20
NOTES: Final = 50
LATEST: Final = 8

router = APIRouter(include_in_schema=False, route_class=PageRoute)


async def letter_page(asked: Asking, view: View, note: NoteSlug, year: Year) -> Response:
    """Return the first page of a letter, or with `view=whole` all of it for print."""
    reads = Reader(asked.request, page_of(asked.request), view, asked.choices)
    months = await reads.months(note)
    letter = await reads.letter(note, year)
    title = f"{PARTS['letter'].get(reads.page.language)} {letter.year}"
    if reads.choices.view != "whole":
        return await Telling(reads, letter, months).page(Leaf("letter", number=reads.number), title, "letter")
    keys = ["", *(objective.id for objective in letter.objectives)]
    figures = {key: reads.figures(letter, Leaf("letter", key), sheets=False) for key in keys}
    shown = reads.view(months=months, frozen=await reads.frozen(letter))
    about = documents.About(letter, shown, reads.page)
    body = await aside(documents.letter_whole, about, figures)
    return await answer(reads.page, title, body, links=navigation(reads.page, letter, "letter"))


@router.get("/letters/{note}/{year}/objectives/{objective}")
async def get_letter_objective(
    note: NoteSlug, year: YearInPath, objective: ObjectiveId, reads: Reads, section: SectionKind | None = None
) -> Response:
    """Return one objective of a letter; one too long for a page has its year-sections on pages of their own."""
    months = await reads.months(note)
    letter = await reads.letter(note, year)
    leaf = await aside(leaf_of, letter, objective, section, reads.number)
    title = f"{names.name(objective_of(letter, objective), reads.page.language)}, {year}"
    return await Telling(reads, letter, months).page(leaf, title, "letter")


@router.get("/letters/{note}/{year}/dossiers/{dossier}")
async def get_letter_dossier(note: NoteSlug, year: YearInPath, dossier: DossierId, reads: Reads) -> Response:
    """Return a dossier of a letter with every step of it."""
    months = await reads.months(note)
    letter = await reads.letter(note, year)
    title = SAYINGS["dossier"].get(reads.page.language)
    return await Telling(reads, letter, months).page(Leaf("dossier", dossier, reads.number), title)


@router.get("/letters/{note}/{year}/figures/{part}/{number}")
async def get_figure(
    note: NoteSlug, year: YearInPath, part: str, number: Annotated[int, Path(ge=1, le=100_000), IN_DIGITS], reads: Reads
) -> Response:
    """Return a figure of a page with all events behind it. part: which page; number: which of its figures, from 1."""
    leaf = Leaf.of(part)
    letter = await reads.letter(note, year)
    doors = reads.figures(letter, leaf)
    await Telling(reads, letter).body(leaf, doors)
    if number > len(doors.doors):
        raise NotFound(f"this page has {len(doors.doors)} figures, no number {number}", part=part, number=number)
    door = doors.doors[number - 1]
    numbering, shown = reads.rows(door.events, OF_FIGURE)
    told = await recorded(reads.runtime, shown)
    events = [told[name] for name in shown if name in told]
    back = f"{leaf.address(letter, reads.page)}#{door.id}"
    behind = documents.Behind(door, back, events, numbering)
    body = await aside(documents.figure_page, reads.page, reads.view(), behind)
    return await answer(reads.page, door.title, body, links=navigation(reads.page, letter, ""))


@router.get("/notes/{note}")
async def get_note(note: NoteSlug, reads: Reads, year: YearInQuery = None) -> Response:
    """Return the overview of a note: its objectives in one table, as the letter of a year has them."""
    letter = await reads.letter(note, year)
    title = names.short_title(letter.note.title, reads.page.language)
    return await Telling(reads, letter).page(Leaf("overview", number=reads.number), title, "overview")


@router.get("/notes/{note}/objectives/{objective}")
async def get_note_objective(
    note: NoteSlug, objective: ObjectiveId, reads: Reads, year: YearInQuery = None
) -> Response:
    """Return the page of an objective: where it stands, its credits, indicators, dossiers and latest events."""
    letter = await reads.letter(note, year)
    shown = objective_of(letter, objective)
    latest: list[Recorded] = []
    if reads.number == 1:
        told = await recorded(reads.runtime, documents.latest_events(shown, LATEST))
        latest = sorted(told.values(), key=lambda event: event.time, reverse=True)[:LATEST]
    title = names.name(shown, reads.page.language)
    return await Telling(reads, letter, latest=latest).page(Leaf("objective", objective, reads.number), title)


@router.get("/")
async def get_start(
    reads: Reads, after: Annotated[str, Query(max_length=100, description="The last note of the page before.")] = ""
) -> Response:
    """Return the notes that there are."""
    found = await read_notes(reads.known, after, NOTES + 1)
    page = reads.page
    following = page.further(reads.known.again, after=found[NOTES - 1].note.slug) if len(found) > NOTES else ""
    first = page.here(after=None) if after else ""
    body = await aside(
        documents.plain, "start.html", page, {"notes": found[:NOTES], "first": first, "following": following}
    )
    return await answer(page, SAYINGS["notes"].get(page.language), body)


async def event_page(request: Request, event: Recorded, leaf: int | None) -> Response:
    """Return the page of an event: what it says, and the history of the stream it stands in. leaf: of the history."""
    page = page_of(request)
    number = leaf or (event.version - 1) // OF_STREAM + 1
    before = (number - 1) * OF_STREAM
    found: list[Recorded] = []
    async for each in history(runtime_of(request).store, event.source, event.stream, before, OF_STREAM + 1):
        found.append(each)
        if len(found) > OF_STREAM:
            break
    if not found:
        raise NotFound(f"the history of {event.stream} has no leaf {number}", leaf=number)
    given = {"event": event, "history": found[:OF_STREAM], "number": number, "more": len(found) > OF_STREAM}
    body = await aside(documents.plain, "event.html", page, given)
    return await answer(page, f"{event_words(event, page.language)}, {event.name}", body)
