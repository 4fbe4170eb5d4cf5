"""The lines of objectives, and the printed codes that are none."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel

from contracts.budget import AllocationPrinted, Basis, BudgetLineOpened, Category, LineAssigned, LineUnassigned
from contracts.types import Cents, Place, Section, Stated, Text
from regesta.database import Connection as Db
from regesta.event import FactWithdrawn, split_name
from regesta.periods import Change, Periods, as_of
from regesta.projection import Fact, Projection
from regesta.view import View
from services.budget.domain.command import LOG
from services.budget.projections.figure import Names, names, position_of, stored

LINES = Periods(
    "assigned_lines",
    key={"objective": "text", "assignment": "text"},
    columns={"line": "text", "assigned": "jsonb"},
)
PRINTED = Periods("printed_allocations", key={"fact": "bigint"}, columns={"objective": "text", "printed": "jsonb"})
# The line was open before it was assigned, so both are seen at any cut that shows the assignment.
READ_LINES = f"""
SELECT a.assigned, a.from_position, l.opened
FROM assigned_lines AS a
LEFT JOIN lines AS l ON l.line = a.line AND {as_of("l", "$1")}
WHERE {as_of("a", "$1")} AND a.objective = $2 ORDER BY a.from_position
"""
READ_PRINTED = f"""
SELECT printed, fact FROM printed_allocations AS p WHERE {as_of("p", "$1")} AND objective = $2 ORDER BY fact
"""


class AssignedOut(BaseModel):
    """A line that serves an objective, as a document says it. repaired_from: the code as printed, when it was repaired."""

    assignment: str
    line: str
    direction: str | None
    repaired_from: str | None
    section: Section | None
    category: Category | None
    basis: Basis | None
    label: Text | None
    as_printed: str | None
    commitment: Stated[Cents]
    liquidation: Stated[Cents]
    unspecified: Stated[Cents]
    shared: bool
    share_ppm: int | None
    place: Place | None
    events: Names


class PrintedOut(BaseModel):
    """A printed code that cannot be a line, and why."""

    as_printed: str
    reason: str
    section: Section | None
    category: Category | None
    basis: Basis | None
    label: Text | None
    commitment: Stated[Cents]
    liquidation: Stated[Cents]
    unspecified: Stated[Cents]
    place: Place | None
    events: Names


async def project(db: Db, facts: Sequence[Fact]) -> None:
    """Add one batch of assignments and printed codes, and end those taken back."""
    lines: list[Change] = []
    printed: list[Change] = []
    for recorded, event in facts:
        position, objective = recorded.position, recorded.key
        match event:
            case LineAssigned():
                lines.append(Change(position, (objective, event.assignment), (event.line, event.model_dump_json())))
            case LineUnassigned():
                lines.append(Change(position, (objective, event.assignment), None))
            case AllocationPrinted():
                printed.append(Change(position, (position,), (objective, event.model_dump_json())))
            case FactWithdrawn():
                printed.append(Change(position, (split_name(event.event)[1],), None))
            case _:
                pass
    await LINES.put(db, lines)
    await PRINTED.put(db, printed)


PROJECTION = Projection(
    "assignments",
    LOG,
    1,
    (LineAssigned, LineUnassigned, AllocationPrinted, FactWithdrawn),
    ("assigned_lines", "printed_allocations"),
    project,
)


async def read_assignments(view: View, objective: str) -> tuple[tuple[AssignedOut, ...], tuple[PrintedOut, ...]]:
    """Return the lines of an objective and the printed codes that are none, in the order in which they were recorded."""
    lines = await view.db.fetch(READ_LINES, position_of(view), objective)
    printed = await view.db.fetch(READ_PRINTED, position_of(view), objective)
    return (
        tuple(_assigned(row["assigned"], row["opened"], row["from_position"]) for row in lines),
        tuple(_printed(row["printed"], row["fact"]) for row in printed),
    )


def _assigned(assigned: str, opened: str | None, position: int) -> AssignedOut:
    event = stored(LineAssigned, assigned)
    line = None if opened is None else stored(BudgetLineOpened, opened)
    return AssignedOut(
        assignment=event.assignment,
        line=event.line,
        direction=None if line is None else line.direction,
        repaired_from=None if line is None else line.repaired_from,
        section=event.section,
        category=event.category,
        basis=event.basis,
        label=event.label,
        as_printed=event.as_printed,
        commitment=event.commitment_cents,
        liquidation=event.liquidation_cents,
        unspecified=event.unspecified_cents,
        shared=event.shared,
        share_ppm=event.share_ppm,
        place=event.place,
        events=names([position]),
    )


def _printed(printed: str, position: int) -> PrintedOut:
    event = stored(AllocationPrinted, printed)
    return PrintedOut(
        as_printed=event.as_printed,
        reason=event.reason,
        section=event.section,
        category=event.category,
        basis=event.basis,
        label=event.label,
        commitment=event.commitment_cents,
        liquidation=event.liquidation_cents,
        unspecified=event.unspecified_cents,
        place=event.place,
        events=names([position]),
    )
