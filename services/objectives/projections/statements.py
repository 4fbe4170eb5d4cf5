"""What is said about each objective: its fields, deadlines, statuses and staff, and the units that work on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from contracts.dossiers import DossierAttached, DossierDetached
from contracts.objectives import (
    AmountPrinted,
    Deadline,
    DeadlineSet,
    FactPrinted,
    FieldName,
    FieldStated,
    ObjectiveOpened,
    Role,
    StaffBasis,
    StaffEstimated,
    Status,
    StatusReported,
    UnitAssigned,
    UnitReleased,
)
from contracts.types import Number, Place, Section, Stated, Text, UnitSlug
from regesta.database import Connection as Db
from regesta.event import Event, FactWithdrawn
from regesta.periods import Change, Periods, as_of
from regesta.projection import Fact, Projection
from services.objectives.domain.command import LOG
from services.objectives.domain.objective import Objective, subject_of
from services.objectives.projections.row import Row, row_of

VERSIONS: Final = Periods("objective_versions", {"objective": "text"}, {"version": "integer"})
STATEMENTS: Final = Periods("statements", {"objective": "text", "subject": "text"}, {"type": "text", "fact": "json"})
UNITS: Final = Periods("objective_units", {"objective": "text", "unit": "text", "role": "text"}, {"fact": "json"})

VERSION = f"SELECT v.version FROM objective_versions AS v WHERE v.objective = $2 AND {as_of('v', '$1')}"
READ = f"""
SELECT s.type, s.from_position, s.fact::text FROM statements AS s
WHERE s.objective = $2 AND {as_of("s", "$1")} ORDER BY s.subject
"""
READ_UNITS = f"""
SELECT u.from_position, u.fact::text FROM objective_units AS u
WHERE u.objective = $2 AND {as_of("u", "$1")} ORDER BY u.role DESC, u.unit
"""


class Said(Row):
    """A statement about a year-section, or about the whole without one."""

    section: Section | None = None
    as_printed: str | None = None
    place: Place | None = None


class FieldSaid(Said):
    """What a field of the letter says."""

    field: FieldName
    value: Stated[Text]


class DeadlineSaid(Said):
    """When it is due."""

    deadline: Stated[Deadline]


class StatusSaid(Said):
    """How far it is."""

    status: Status


class StaffSaid(Said):
    """How many full-time equivalents work on it. per: what a rate is for; a rate is never summed."""

    fte: Stated[Number]
    basis: StaffBasis | None = None
    unit: UnitSlug | None = None
    per: str | None = None


class Unit(Row):
    """An administrative unit that leads or contributes."""

    unit: UnitSlug
    role: Role


@dataclass(slots=True)
class Statements:
    """All that is said about one objective."""

    fields: list[FieldSaid] = field(default_factory=list)
    deadlines: list[DeadlineSaid] = field(default_factory=list)
    statuses: list[StatusSaid] = field(default_factory=list)
    staff: list[StaffSaid] = field(default_factory=list)


async def read(db: Db, cut: int, objective: str) -> Statements:
    """Return what is said about an objective, the latest about each subject."""
    said = Statements()
    for kind, position, fact in await db.fetch(READ, cut, objective):
        match kind:
            case FieldStated.name:
                said.fields.append(row_of(FieldSaid, fact, position))
            case DeadlineSet.name:
                said.deadlines.append(row_of(DeadlineSaid, fact, position))
            case StatusReported.name:
                said.statuses.append(row_of(StatusSaid, fact, position))
            case _:
                said.staff.append(row_of(StaffSaid, fact, position))
    return said


async def read_units(db: Db, cut: int, objective: str) -> list[Unit]:
    """Return the units of an objective, the lead first."""
    return [row_of(Unit, fact, position) for position, fact in await db.fetch(READ_UNITS, cut, objective)]


async def version(db: Db, cut: int, objective: str) -> int:
    """Return the version of an objective's stream; 0 when it was not open then."""
    return await db.fetchval(VERSION, cut, objective) or 0


async def project(db: Db, facts: Sequence[Fact]) -> None:
    """Fold a batch, in three statements whatever its size."""
    versions: list[Change] = []
    statements: list[Change] = []
    units: list[Change] = []
    for recorded, event in facts:
        if not recorded.stream.startswith(f"{Objective.prefix}/"):
            continue
        objective, position = recorded.key, recorded.position
        versions.append(Change(position, (objective,), (recorded.version,)))
        match event:
            case FieldStated() | DeadlineSet() | StatusReported() | StaffEstimated():
                key = (objective, subject_of(event))
                statements.append(Change(position, key, (event.name, recorded.raw)))
            case UnitAssigned():
                units.append(Change(position, (objective, event.unit, event.role), (recorded.raw,)))
            case UnitReleased():
                units.append(Change(position, (objective, event.unit, event.role), None))
            case _:
                pass  # only the version moves
    await VERSIONS.put(db, versions)
    await STATEMENTS.put(db, statements)
    await UNITS.put(db, units)


IN_OBJECTIVES: Final[tuple[type[Event], ...]] = (
    ObjectiveOpened,
    FieldStated,
    DeadlineSet,
    StatusReported,
    StaffEstimated,
    UnitAssigned,
    UnitReleased,
    FactPrinted,
    AmountPrinted,
    DossierAttached,
    DossierDetached,
    FactWithdrawn,
)
PROJECTION: Final = Projection(
    "statements", LOG, 1, IN_OBJECTIVES, (VERSIONS.table, STATEMENTS.table, UNITS.table), project
)
