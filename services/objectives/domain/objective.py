"""One objective or action: what its fields say, when it is due, how far it is, who works on it, what was printed. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Self, TypeAlias, assert_never

from pydantic import AfterValidator, model_validator

from contracts.dates import ImpreciseDate
from contracts.dossiers import DossierAttached, DossierDetached
from contracts.objectives import (
    AmountPrinted,
    Deadline,
    DeadlineSet,
    FactPrinted,
    FactType,
    FieldName,
    FieldStated,
    ObjectiveOpened,
    Reading,
    Role,
    StaffBasis,
    StaffEstimated,
    Status,
    StatusReported,
    UnitAssigned,
    UnitReleased,
)
from contracts.types import (
    Cents,
    Known,
    Number,
    ObjectiveId,
    OutOfBounds,
    Place,
    Printed,
    Section,
    Stated,
    Text,
    UnitSlug,
    Words,
)
from regesta.command import Context, Facts, Read, State, fact, nothing, recorded, repeats
from services.objectives.domain.command import ObjectivesCommand
from services.objectives.domain.errors import LeadTaken, NotLeadUnit, RoleDiffers, UnknownObjective

Statement: TypeAlias = FieldStated | DeadlineSet | StatusReported | StaffEstimated
ObjectiveEvent: TypeAlias = (
    ObjectiveOpened
    | Statement
    | UnitAssigned
    | UnitReleased
    | DossierAttached
    | DossierDetached
    | FactPrinted
    | AmountPrinted
)


@dataclass(slots=True)
class Objective(State):
    """said: the latest statement about each subject. dossiers: that serve it, also ended ones.

    units: what became last of each role of a unit, by (unit, role).
    """

    prefix: ClassVar[str] = "objective"

    note: str = ""
    said: dict[str, Statement] = field(default_factory=dict)
    units: dict[tuple[str, Role], UnitAssigned | UnitReleased] = field(default_factory=dict)
    dossiers: set[str] = field(default_factory=set)

    @property
    def leads(self) -> list[str]:
        """The lead unit, if any; a history from elsewhere may know several."""
        return sorted(unit for unit, role in self.assigned if role == "lead")

    @property
    def assigned(self) -> list[tuple[str, Role]]:
        """Who works on it now, as (unit, role)."""
        return [key for key, last in self.units.items() if isinstance(last, UnitAssigned)]


class ObjectiveCommand(ObjectivesCommand):
    """A command on an objective."""

    objective: ObjectiveId

    @property
    def stream(self) -> str:
        """The objective's stream."""
        return Objective.name_of(self.objective)


class StateField(ObjectiveCommand):
    """State what a field of the letter says: a text, or one of the kinds of empty. Replaces the former statement."""

    name = "state-field"
    field: FieldName
    value: Stated[Text]
    section: Section | None = None
    as_printed: Printed | None = None
    place: Place | None = None


class SetDeadline(ObjectiveCommand):
    """State when an objective or an action is due. Replaces the former statement for the section."""

    name = "set-deadline"
    deadline: Stated[Deadline]
    section: Section | None = None
    as_printed: Printed | None = None
    place: Place | None = None


class ReportStatus(ObjectiveCommand):
    """State how far an objective or an action is. Replaces the former statement for the section."""

    name = "report-status"
    status: Status
    section: Section | None = None
    as_printed: Printed | None = None
    place: Place | None = None

    @model_validator(mode="after")
    def _other_in_words(self) -> Self:
        if self.status == "other" and self.as_printed is None:
            raise ValueError("the status 'other' needs as_printed, the words it was read from")
        return self


class AssignUnit(ObjectiveCommand):
    """Make an administrative unit the lead, or a contributor."""

    name = "assign-unit"
    unit: UnitSlug
    role: Role


class ReleaseUnit(ObjectiveCommand):
    """Take a role from an administrative unit."""

    name = "release-unit"
    unit: UnitSlug
    role: Role


def _none_below_zero(fte: Stated[Number]) -> Stated[Number]:
    if isinstance(fte, Known) and fte.value < 0:
        raise OutOfBounds(f"{fte.value} is less than zero")
    return fte


class EstimateStaff(ObjectiveCommand):
    """State how many full-time equivalents work on it. Replaces the former statement for section, basis, unit and rate."""

    name = "estimate-staff"
    fte: Annotated[Stated[Number], AfterValidator(_none_below_zero)]
    section: Section | None = None
    basis: StaffBasis | None = None
    unit: UnitSlug | None = None
    per: Words | None = None
    as_printed: Printed | None = None
    place: Place | None = None


class PrintFact(ObjectiveCommand):
    """Record that a document prints a dated fact; two equal ones are two, so a repeated request needs its key."""

    name = "print-fact"
    type: FactType
    text: Text
    reading: Reading
    day: ImpreciseDate | None = None
    day_as_printed: Printed | None = None
    type_as_printed: Printed | None = None
    actor: Words | None = None
    section: Section | None = None
    place: Place | None = None


class PrintAmount(ObjectiveCommand):
    """Record that a document names an amount in its text; two equal ones are two, so a repeated request needs its key."""

    name = "print-amount"
    text: Text
    amount_cents: Cents | None = None
    amount_as_printed: Printed | None = None
    section: Section | None = None
    place: Place | None = None


def state_field(command: StateField, read: Read, context: Context) -> Facts:
    """Return the statement; nothing when it is what was said last. Raises UnknownObjective, NotLeadUnit."""
    return _said(_led(command, read, context), fact(FieldStated, command))


def set_deadline(command: SetDeadline, read: Read, context: Context) -> Facts:
    """Return the deadline; nothing when it is what was said last. Raises UnknownObjective, NotLeadUnit."""
    return _said(_led(command, read, context), fact(DeadlineSet, command))


def report_status(command: ReportStatus, read: Read, context: Context) -> Facts:
    """Return the status; nothing when it is what was said last. Raises UnknownObjective, NotLeadUnit."""
    return _said(_led(command, read, context), fact(StatusReported, command))


def estimate_staff(command: EstimateStaff, read: Read, context: Context) -> Facts:
    """Return the estimate; nothing when it is what was said last. Raises UnknownObjective, NotLeadUnit."""
    return _said(_led(command, read, context), fact(StaffEstimated, command))


def assign_unit(command: AssignUnit, read: Read, context: Context) -> Facts:
    """Return the assignment; nothing when the unit has this role.

    Raises LeadTaken, RoleDiffers, UnknownObjective, NotLeadUnit.
    """
    objective, asked = _led(command, read, context), fact(UnitAssigned, command)
    last = objective.units.get((command.unit, command.role))
    if isinstance(last, UnitAssigned) and recorded(last, asked, RoleDiffers):
        return nothing()
    if command.role == "lead" and objective.leads:
        lead = objective.leads[0]
        raise LeadTaken(f"objective {objective.key!r} is led by {lead!r}; release it first", unit=lead)
    return {objective.stream: [asked]}


def release_unit(command: ReleaseUnit, read: Read, context: Context) -> Facts:
    """Return the release; nothing when the unit has no such role. Raises RoleDiffers, UnknownObjective, NotLeadUnit."""
    objective, asked = _led(command, read, context), fact(UnitReleased, command)
    last = objective.units.get((command.unit, command.role))
    if last is None or (isinstance(last, UnitReleased) and recorded(last, asked, RoleDiffers)):
        return nothing()
    return {objective.stream: [asked]}


def print_fact(command: PrintFact, read: Read, _context: Context) -> Facts:
    """Return what is printed, which is evidence and no decision of a unit. Raises UnknownObjective."""
    return {_known(command, read).stream: [fact(FactPrinted, command)]}


def print_amount(command: PrintAmount, read: Read, _context: Context) -> Facts:
    """Return what is printed, which is evidence and no decision of a unit. Raises UnknownObjective."""
    return {_known(command, read).stream: [fact(AmountPrinted, command)]}


def require_lead(objectives: Iterable[Objective], context: Context) -> None:
    """Raise NotLeadUnit when some of these objectives have a lead unit, and the token acts for none of theirs.

    objectives: what a command is about; not even read for a token that acts for every unit.
    """
    if context.may_act_for_all:
        return
    led = [objective for objective in objectives if objective.leads]
    if led and not any(context.may_act_for(unit) for objective in led for unit in objective.leads):
        unit, units = led[0].leads[0], sorted(context.units)
        raise NotLeadUnit(
            f"objective {led[0].key!r} is led by {unit!r}; this token acts for {units or 'no unit'}",
            objective=led[0].key,
            unit=unit,
            units=units,
        )


def _known(command: ObjectiveCommand, read: Read) -> Objective:
    """Return the objective that a command is on. Raises UnknownObjective."""
    objective = read(Objective, command.objective)
    if objective.version == 0:
        raise UnknownObjective(f"no objective {command.objective!r}", objective=command.objective)
    return objective


def _led(command: ObjectiveCommand, read: Read, context: Context) -> Objective:
    """Return the objective of a command that only its lead unit may give, where there is one. Raises as above, NotLeadUnit."""
    objective = _known(command, read)
    require_lead([objective], context)
    return objective


def _said(objective: Objective, statement: Statement) -> Facts:
    """Return a statement; nothing when it is what was said last."""
    if repeats(objective.said.get(subject_of(statement)), statement):
        return nothing()
    return {objective.stream: [statement]}


def subject_of(statement: Statement) -> str:
    """Return what a statement is about: the latest one about a subject counts."""
    section = statement.section
    where = "whole" if section is None else f"{section.kind} {section.year}"
    match statement:
        case FieldStated():
            return f"field {statement.field}, {where}"
        case DeadlineSet():
            return f"deadline, {where}"
        case StatusReported():
            return f"status, {where}"
        case StaffEstimated():
            return f"staff, {where}, {statement.basis}, {statement.unit}, {statement.per}"


def evolve(objective: Objective, event: ObjectiveEvent) -> None:
    """Apply one recorded fact of an objective. What was printed is no part of any rule."""
    match event:
        case ObjectiveOpened():
            objective.note = event.note
        case FieldStated() | DeadlineSet() | StatusReported() | StaffEstimated():
            objective.said[subject_of(event)] = event
        case UnitAssigned() | UnitReleased():
            objective.units[event.unit, event.role] = event
        case DossierAttached():
            objective.dossiers.add(event.dossier)
        case DossierDetached():
            objective.dossiers.discard(event.dossier)
        case FactPrinted() | AmountPrinted():
            pass
        case _:
            assert_never(event)
