"""The notes that have letters, and of which years. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.objectives import ObjectiveRegistered, PolicyNoteOpened, SectionPrinted
from contracts.types import NoteSlug, Year
from services.reporting.domain.figure import Answer
from services.reporting.domain.letter import Note
from services.reporting.domain.standing import StandingFact
from services.reporting.domain.tree import note_of


class NoteLine(Answer):
    """A note and the years that it has letters for: N of each plan, the year after each account."""

    note: Note
    years: tuple[Year, ...]


def note_line(slug: NoteSlug, facts: Sequence[StandingFact]) -> NoteLine | None:
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
