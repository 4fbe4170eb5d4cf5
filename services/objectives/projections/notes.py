"""Policy notes, the tree of their objectives, and the year-sections printed in them. Fed by the notes' streams."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from asyncpg import Record

from contracts.objectives import (
    ClosingReason,
    Level,
    ObjectiveClosed,
    ObjectiveMoved,
    ObjectiveRegistered,
    ObjectiveRenumbered,
    ObjectiveRetitled,
    PolicyNoteOpened,
    SectionPrinted,
    Template,
)
from contracts.types import NoteSlug, ObjectiveId, Place, Section, Text, Year
from regesta.database import Connection as Db
from regesta.event import Event, Recorded, event_name
from regesta.periods import Change, Periods, array_text, as_of
from regesta.periods import Row as Cells
from regesta.projection import Fact, Projection
from services.objectives.domain.command import LOG
from services.objectives.projections.row import Row, row_of

NOTES: Final = Periods("notes", {"note": "text"}, {"version": "integer", "opened": "bigint", "fact": "json"})
OBJECTIVES: Final = Periods(
    "objectives",
    {"objective": "text"},
    {
        "note": "text",
        "registered": "bigint",
        "code": "text",
        "parent": "text",
        "title": "json",
        "fact": "json",
        "closing": "json",
        "changed_at": "timestamptz",
        "events": "bigint[]",
    },
)
SECTIONS: Final = Periods("sections", {"event": "bigint"}, {"objective": "text", "fact": "json"})

NOTES_PAGE = f"""
SELECT n.note, n.version, n.opened, n.fact::text FROM notes AS n
WHERE {as_of("n", "$1")} AND n.note > $2 ORDER BY n.note LIMIT $3
"""
NOTE = f"""
SELECT n.note, n.version, n.opened, n.fact::text FROM notes AS n WHERE n.note = $2 AND {as_of("n", "$1")}
"""
COLUMNS = """
o.objective, o.note, o.registered, o.code, o.parent, o.title::text, o.fact::text, o.closing::text, o.events
"""
TREE_PAGE = f"""
SELECT {COLUMNS} FROM objectives AS o
WHERE o.note = $2 AND {as_of("o", "$1")} AND o.registered > $3 ORDER BY o.registered LIMIT $4
"""
OBJECTIVE = f"SELECT {COLUMNS} FROM objectives AS o WHERE o.objective = $2 AND {as_of('o', '$1')}"
READ_SECTIONS = f"""
SELECT s.event, s.fact::text FROM sections AS s
WHERE s.objective = $2 AND {as_of("s", "$1")} ORDER BY s.event
"""
# A code is an alias from the position at which another one followed it.
ALIASES = """
SELECT o.code, o.to_position, next.changed_at FROM objectives AS o
JOIN objectives AS next ON next.objective = o.objective AND next.from_position = o.to_position
WHERE o.objective = $2 AND o.to_position <= $1 AND o.code IS NOT NULL AND next.code IS DISTINCT FROM o.code
ORDER BY o.to_position
"""


class Note(Row):
    """A policy note as it was opened. version: of its stream."""

    note: NoteSlug
    version: int
    title: Text
    reference: str | None = None
    legislature: str | None = None
    template: Template = "full"
    realised_year: Year | None = None
    planned_year: Year | None = None


class Closing(Row):
    """How an objective ended."""

    reason: ClosingReason
    into: ObjectiveId | None = None


class Node(Row):
    """An objective where it stands in its note. closed: None while it is followed."""

    objective: ObjectiveId
    note: NoteSlug
    level: Level
    code: str | None
    parent: ObjectiveId | None
    title: Text | None
    section: Section | None = None
    place: Place | None = None
    closed: Closing | None


class Alias(Row):
    """A code that an objective once had. until: when another one followed it."""

    code: str
    until: datetime


class PrintedSection(Row):
    """A year-section as it is printed."""

    section: Section
    code: str | None = None
    title: Text | None = None
    place: Place | None = None


async def page(db: Db, cut: int, after: str, limit: int) -> list[Note]:
    """Return the notes after one, by slug."""
    return [_note(row) for row in await db.fetch(NOTES_PAGE, cut, after, limit)]


async def read(db: Db, cut: int, note: str) -> Note | None:
    """Return a note; None when it was not open then."""
    row = await db.fetchrow(NOTE, cut, note)
    return None if row is None else _note(row)


async def tree_page(db: Db, cut: int, note: str, after: int, limit: int) -> list[tuple[int, Node]]:
    """Return the objectives of a note registered after a position, each with its own, in that order: parents first."""
    return [(row["registered"], _node(row)) for row in await db.fetch(TREE_PAGE, cut, note, after, limit)]


async def read_node(db: Db, cut: int, objective: str) -> Node | None:
    """Return an objective; None when it was not registered then."""
    row = await db.fetchrow(OBJECTIVE, cut, objective)
    return None if row is None else _node(row)


async def read_sections(db: Db, cut: int, objective: str) -> list[PrintedSection]:
    """Return the year-sections printed for an objective."""
    return [row_of(PrintedSection, fact, position) for position, fact in await db.fetch(READ_SECTIONS, cut, objective)]


async def read_aliases(db: Db, cut: int, objective: str) -> list[Alias]:
    """Return the former codes of an objective, the oldest first."""
    rows = await db.fetch(ALIASES, cut, objective)
    return [Alias(code=code, until=until, events=(event_name(LOG, at),)) for code, at, until in rows]


def _note(row: Record) -> Note:
    note, version, opened, fact = row
    return row_of(Note, fact, opened, note=note, version=version)


def _node(row: Record) -> Node:
    objective, note, _, code, parent, title, fact, closing, events = row
    return row_of(
        Node,
        fact,
        *reversed(events),
        objective=objective,
        note=note,
        code=code,
        parent=parent,
        title=None if title is None else json.loads(title),
        closed=None if closing is None else row_of(Closing, closing, events[-1]),
    )


@dataclass(frozen=True, slots=True)
class _Objective:
    """A row of `objectives` while a batch is folded, in the order of its columns."""

    note: str
    registered: int
    code: str | None
    parent: str | None
    title: str | None
    fact: str
    closing: str | None
    changed_at: datetime
    events: tuple[int, ...]

    def cells(self) -> Cells:
        return (
            self.note,
            self.registered,
            self.code,
            self.parent,
            self.title,
            self.fact,
            self.closing,
            self.changed_at,
            array_text(self.events),
        )


async def project(db: Db, facts: Sequence[Fact]) -> None:
    """Fold a batch, in five statements whatever its size."""
    opened = await NOTES.current(db, [(recorded.key,) for recorded, _ in facts])
    kept = await OBJECTIVES.current(db, [(key,) for _, event in facts if (key := _objective_of(event)) is not None])
    objectives = {key: _read(values) for (key,), values in kept.items()}
    notes: list[Change] = []
    nodes: list[Change] = []
    sections: list[Change] = []
    for recorded, event in facts:
        note = (recorded.key,)
        if isinstance(event, PolicyNoteOpened):
            opened[note] = (recorded.version, recorded.position, recorded.raw)
        opened[note] = (recorded.version, *opened[note][1:])
        notes.append(Change(recorded.position, note, opened[note]))
        if isinstance(event, SectionPrinted):
            sections.append(Change(recorded.position, (recorded.position,), (event.objective, recorded.raw)))
        elif (key := _objective_of(event)) is not None:
            objectives[key] = _changed(objectives.get(key), recorded, event)
            nodes.append(Change(recorded.position, (key,), objectives[key].cells()))
    await NOTES.put(db, notes)
    await OBJECTIVES.put(db, nodes)
    await SECTIONS.put(db, sections)


def _objective_of(event: Event) -> str | None:
    match event:
        case ObjectiveRegistered() | ObjectiveRetitled() | ObjectiveRenumbered() | ObjectiveMoved() | ObjectiveClosed():
            return event.objective
        case _:
            return None


def _read(values: Cells) -> _Objective:
    """Return a row as the database gives it."""
    *others, events = values
    assert isinstance(events, list)
    return _Objective(*others, tuple(events))  # type: ignore[call-arg, arg-type]  # in the order of the columns


def _changed(row: _Objective | None, recorded: Recorded, event: Event) -> _Objective:
    """Return the row after one more fact of its objective."""
    if isinstance(event, ObjectiveRegistered):
        return _Objective(
            note=recorded.key,
            registered=recorded.position,
            code=event.code,
            parent=event.parent,
            title=_json(event.title),
            fact=recorded.raw,
            closing=None,
            changed_at=recorded.time,
            events=(recorded.position,),
        )
    assert row is not None
    row = replace(row, changed_at=recorded.time, events=(*row.events, recorded.position))
    match event:
        case ObjectiveRetitled():
            return replace(row, title=_json(event.title))
        case ObjectiveRenumbered():
            return replace(row, code=event.code)
        case ObjectiveMoved():
            return replace(row, parent=event.parent)
        case _:
            return replace(row, closing=recorded.raw)


def _json(title: Text | None) -> str | None:
    return None if title is None else title.model_dump_json(exclude_none=True)


PROJECTION: Final = Projection(
    "notes",
    LOG,
    1,
    (
        PolicyNoteOpened,
        ObjectiveRegistered,
        SectionPrinted,
        ObjectiveRetitled,
        ObjectiveRenumbered,
        ObjectiveMoved,
        ObjectiveClosed,
    ),
    (NOTES.table, OBJECTIVES.table, SECTIONS.table),
    project,
)
