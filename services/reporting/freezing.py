"""Letters made to be frozen, and frozen letters found again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from contracts.reporting import LetterFrozen
from contracts.types import NoteSlug, Year
from regesta.adoption import Adoption, newest_adoption, touching
from regesta.aside import aside
from regesta.documents import hash_of, keep, kept
from regesta.errors import NotFound
from regesta.event import Recorded
from regesta.runtime import Runtime
from regesta.view import View, opened
from services.reporting.domain.errors import LetterIncomplete, LetterNotKept, UnknownLetter, UnknownNote
from services.reporting.domain.frozen import FreezeLetter, LetterEvent, letter_stream
from services.reporting.domain.letter import MODEL
from services.reporting.domain.notes import note_line
from services.reporting.gathering import read_letter
from services.reporting.projections.standing import StandingReader
from services.reporting.writing import canonical


@dataclass(frozen=True, slots=True)
class Moment:
    """As of when a letter is read: a day or a cut of all logs; neither: all that is here."""

    as_of: date | None = None
    cut: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class FrozenAs:
    """As what a letter is frozen. recorded, event: by which event; touched: the adoptions that gave up events of its cut.

    later: what happened to the letter since, by its facts.
    """

    recorded: Recorded
    event: LetterFrozen
    touched: tuple[Adoption, ...]
    later: tuple[tuple[Recorded, LetterEvent], ...]


async def freezing(runtime: Runtime, note: NoteSlug, year: Year, moment: Moment) -> FreezeLetter:
    """Make a letter, keep its document, and return the command that freezes it.

    Raises LetterIncomplete, UnknownNote, UnknownLetter, and what `opened` does.
    """
    async with opened(runtime, moment.as_of, moment.cut) as view:
        _require_complete(view)
        await _require_letter(view, note, year)
        adoptions = await newest_adoption(view.db)
        letter = await read_letter(view, note, year)
    document = await aside(canonical, letter)
    cut, hashed = dict(letter.cut), hash_of(document)
    found = await frozen_letter(runtime, note, year)
    # Of one that is frozen as this the event may have come back by recovery, without its document. Another will be refused.
    if found is None or found.event.hash == hashed:
        await keep(runtime.pool, document)
    return FreezeLetter(note=note, year=year, cut=cut, adoptions=adoptions, model=MODEL, hash=hashed)


async def frozen_document(runtime: Runtime, found: FrozenAs) -> bytes:
    """Return the bytes that were frozen. Raises LetterNotKept."""
    try:
        async with runtime.readers.connection() as db:
            return await kept(db, found.event.hash)
    except NotFound as error:
        raise LetterNotKept(
            "its event came back after a loss and its document did not: freeze it again as of its cut",
            cut=found.event.cut, model=found.event.model, hash=found.event.hash,
        ) from error  # fmt: skip


async def frozen_letter(runtime: Runtime, note: NoteSlug, year: Year) -> FrozenAs | None:
    """Return as what a letter is frozen; None while nobody froze it."""
    stream = letter_stream(note, year)
    recorded = (await runtime.store.tails({stream: 0}))[stream]
    facts = [(each, event) for each in recorded if isinstance(event := each.event, LetterEvent)]
    for first, event in facts:
        if isinstance(event, LetterFrozen):
            async with runtime.readers.connection() as db:
                return FrozenAs(first, event, await touching(db, event.cut, event.adoptions), tuple(facts[1:]))
    return None


def _require_complete(view: View) -> None:
    """Raise LetterIncomplete when less has arrived, or is read, than the cut names."""
    if not view.complete:
        raise LetterIncomplete(
            f"what there is up to this cut is not all here, of {', '.join(view.missing)}",
            cut=dict(view.cut), reached=view.reached, missing=list(view.missing),
        )  # fmt: skip


async def _require_letter(view: View, note: NoteSlug, year: Year) -> None:
    """Raise UnknownNote or UnknownLetter when the note has no letter of this year."""
    line = note_line(note, await StandingReader(view.db, view.cut).of("objectives", [f"note/{note}"]))
    if line is None:
        raise UnknownNote(f"no note {note!r} was open at this cut", note=note)
    if year not in line.years:
        there = ", ".join(map(str, line.years)) or "no year"
        raise UnknownLetter(f"{note!r} has letters of {there} at this cut, not of {year}", year=year, years=line.years)
