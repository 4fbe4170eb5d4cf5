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
from services.reporting.domain.dossiers import Dossier
from services.reporting.domain.errors import UnknownObjective
from services.reporting.domain.letter import Letter, Objective
from services.reporting.domain.outline import dossiers_of, objectives_in
from services.reporting.gathering import read_notes
from services.reporting.render import documents, names
from services.reporting.render.events import event_words
from services.reporting.render.figures import Figures
from services.reporting.render.words.official import PARTS
from services.reporting.render.words.sayings import SAYINGS
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
        parts = {"": "letter"} | {objective.id: f"letter-{objective.id}" for objective in letter.objectives}
        figures = {key: reads.figures(letter, part, sheets=False) for key, part in parts.items()}
        body = await aside(documents.letter_whole, letter, reads.view(months=months), reads.page, figures)
        return await answer(reads.page, title, body, links=links)
    doors = reads.figures(letter, "letter")
    return await reads.opened(title, await _body(reads, letter, "letter", doors, months), doors, links)


@router.get("/letters/{note}/{year}/objectives/{objective}")
async def get_letter_objective(
    note: NoteSlug, year: YearInPath, objective: ObjectiveId, reads: Reads, section: SectionKind | None = None
) -> Response:
    """Return one objective of a letter; one too long for a page has its year-sections on pages of their own.

    The figures of a year-section that is still too long open on pages of their own, not on sheets.
    """
    months = await reads.months(note)
    letter = await reads.letter(note, year)
    key = f"{section or 'letter'}-{objective}"
    doors = reads.figures(letter, key)
    body = await _body(reads, letter, key, doors, months)
    if section is None and len(body.encode()) > LONGEST_BODY:
        doors = reads.figures(letter, key)
        own = documents.Excerpt(_objective(letter, objective), "own")
        body = await aside(documents.letter_objective, letter, reads.view(months=months), reads.page, doors, own)
    elif len(body.encode()) > LONGEST_BODY:
        doors = Figures(doors.address, sheets=0)
        body = await _body(reads, letter, key, doors, months)
    title = f"{names.name(_objective(letter, objective), reads.page.language)}, {year}"
    return await reads.opened(title, body, doors, navigation(reads.page, letter, "letter"))


@router.get("/letters/{note}/{year}/dossiers/{dossier}")
async def get_letter_dossier(note: NoteSlug, year: YearInPath, dossier: DossierId, reads: Reads) -> Response:
    """Return a dossier of a letter with every step of it."""
    months = await reads.months(note)
    letter = await reads.letter(note, year)
    doors = reads.figures(letter, f"dossier-{dossier}")
    body = await _body(reads, letter, f"dossier-{dossier}", doors, months)
    return await reads.opened(
        SAYINGS["dossier"].get(reads.page.language), body, doors, navigation(reads.page, letter, "")
    )


@router.get("/letters/{note}/{year}/figures/{part}/{number}")
async def get_figure(
    note: NoteSlug, year: YearInPath, part: str, number: Annotated[int, Path(ge=1, le=100_000), IN_DIGITS], reads: Reads
) -> Response:
    """Return a figure of a page with all events behind it. part: which page; number: which of its figures, from 1."""
    letter = await reads.letter(note, year)
    doors = reads.figures(letter, part)
    await _body(reads, letter, part, doors)
    if number > len(doors.doors):
        raise NotFound(f"this page has {len(doors.doors)} figures, no number {number}", part=part, number=number)
    door = doors.doors[number - 1]
    shown = door.events[-OF_FIGURE:]
    told = await recorded(reads.runtime, shown)
    events = [told[name] for name in shown if name in told]
    body = await aside(documents.figure_page, reads.page, door, _back(reads, letter, part, door.id), events)
    return await answer(reads.page, door.title, body, links=navigation(reads.page, letter, ""))


@router.get("/notes/{note}")
async def get_note(note: NoteSlug, reads: Reads, year: YearInQuery = None) -> Response:
    """Return the overview of a note: its objectives in one table, as the letter of a year has them."""
    letter = await reads.letter(note, year)
    doors = reads.figures(letter, "overview")
    title = names.short_title(letter.note.title, reads.page.language)
    body = await _body(reads, letter, "overview", doors)
    return await reads.opened(title, body, doors, navigation(reads.page, letter, "overview"))


@router.get("/notes/{note}/objectives/{objective}")
async def get_note_objective(
    note: NoteSlug, objective: ObjectiveId, reads: Reads, year: YearInQuery = None
) -> Response:
    """Return the page of an objective: where it stands, its credits, indicators, dossiers and latest events."""
    letter = await reads.letter(note, year)
    shown = _objective(letter, objective)
    doors = reads.figures(letter, f"objective-{objective}")
    latest = documents.latest_events(shown, LATEST)
    told = sorted((await recorded(reads.runtime, latest)).values(), key=lambda event: event.time, reverse=True)
    view = reads.view(asks_until=False)
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


async def _body(reads: Reader, letter: Letter, part: str, doors: Figures, months: Months = NO_MONTHS) -> Markup:
    """Return the body of a page whose figures have addresses, adding them to `doors`. Raises NotFound, UnknownObjective."""
    return await aside(_body_now, reads, letter, part, doors, months)


def _body_now(reads: Reader, letter: Letter, part: str, doors: Figures, months: Months) -> Markup:
    kind, _, key = part.partition("-")
    view = reads.view(asks_until=kind not in {"overview", "objective"}, months=months)
    match kind:
        case "letter" if key:
            # What is the objective's own comes first, so its figures have the same numbers on a page without sections.
            chosen = documents.Excerpt(_objective(letter, key))
            return documents.letter_objective(letter, view, reads.page, doors, chosen)
        case "realised" | "planned":
            chosen = documents.Excerpt(_objective(letter, key), kind)
            return documents.letter_objective(letter, view, reads.page, doors, chosen)
        case "letter":
            return documents.letter_first(letter, view, reads.page, doors)
        case "dossier":
            return documents.letter_dossier(letter, view, reads.page, doors, _dossier(letter, key))
        case "overview":
            return documents.overview(letter, view, reads.page, doors)
        case "objective":
            shown = _objective(letter, key)
            return documents.objective_page(letter, view, reads.page, doors, (shown, []))
        case _:
            raise NotFound(f"a letter has no page {part!r}", part=part)


def _back(reads: Reader, letter: Letter, part: str, fragment: str) -> str:
    """Return the address of the page that a figure stands on."""
    kind, _, key = part.partition("-")
    slug, year = letter.note.slug, str(letter.year)
    match kind:
        case "letter":
            address = reads.page.at(f"/letters/{slug}/{year}" + (f"/objectives/{key}" if key else ""))
        case "realised" | "planned":
            address = reads.page.objective(slug, letter.year, key, kind)
        case "dossier":
            address = reads.page.at(f"/letters/{slug}/{year}/dossiers/{key}")
        case "objective":
            address = reads.page.at(f"/notes/{slug}/objectives/{key}", year=year)
        case _:
            address = reads.page.at(f"/notes/{slug}", year=year)
    return f"{address}#{fragment}"


def _objective(letter: Letter, objective: ObjectiveId) -> Objective:
    found = objectives_in(letter).get(objective)
    if found is None:
        raise UnknownObjective(f"this letter has no objective {objective!r}", objective=objective)
    return found


def _dossier(letter: Letter, dossier: DossierId) -> Dossier:
    for objective in letter.objectives:
        for each in dossiers_of(objective):
            if each.dossier == dossier:
                return each
    raise NotFound(f"this letter has no dossier {dossier!r}", dossier=dossier)
