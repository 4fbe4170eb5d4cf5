"""Rows of a letter's fields: the text fields in their official order, with deadline, status and staff in their places."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from contracts.objectives import Deadline, InWords
from contracts.types import Text
from services.reporting.domain.letter import Content, DeadlineEntry, Staff, Statement, StatusEntry
from services.reporting.render.words.label import Label
from services.reporting.render.words.official import FIELDS

Kind: TypeAlias = Literal["text", "deadline", "status", "staff"]
# Deadline and status stand before these, staff after the conditions of success and before the rest.
AFTER_DEADLINE: Final = frozenset({"success_conditions", "ict_needs", "partners", "indicators"})
AFTER_STAFF: Final = AFTER_DEADLINE - {"success_conditions"}


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One field with its official names. entry: what is said of it."""

    kind: Kind
    label: Label
    entry: Statement | DeadlineEntry | StatusEntry | Staff


def label_of(field: str, level: str) -> Label:
    """Return the official name of a field at a level."""
    return FIELDS.get(f"{field}:{level}", FIELDS[field])


def rows(content: Content, level: str) -> list[FieldRow]:
    """Return the fields of some content in the order of the letter; budget categories are in its table."""
    due, staff = list(_due(content)), [FieldRow("staff", FIELDS["staff"], each) for each in content.staff]
    found: list[FieldRow] = []
    for statement in content.fields:
        if statement.field.startswith("budget_"):
            continue
        if statement.field in AFTER_DEADLINE:
            found, due = found + due, []
        if statement.field in AFTER_STAFF:
            found, staff = found + staff, []
        found.append(FieldRow("text", label_of(statement.field, level), statement))
    return found + due + staff


def stated(content: Content, level: str) -> list[FieldRow]:
    """Return the fields somebody stated, or that somebody owes."""
    return [row for row in rows(content, level) if not silent(row)]


def unstated(content: Content, level: str) -> list[FieldRow]:
    """Return the fields nobody said anything about."""
    return [row for row in rows(content, level) if silent(row)]


def silent(row: FieldRow) -> bool:
    """Return whether nobody said anything about a field, and nobody owes it."""
    match row.entry:
        case Staff():
            return row.entry.fte.state == "unknown" and not row.entry.fte.events
        case entry:
            return entry.figure.state == "unknown" and not entry.figure.events


def _due(content: Content) -> Iterator[FieldRow]:
    if content.deadline is not None:
        yield FieldRow("deadline", FIELDS["deadline"], content.deadline)
    if content.status is not None:
        yield FieldRow("status", FIELDS["status"], content.status)


def own_words(deadline: Deadline | None) -> Text | None:
    """Return the words that a document itself has for a deadline, when no day can be told from them."""
    return deadline.text if isinstance(deadline, InWords) else None
