"""Which budget lines serve an objective: assignment/{objective}. An amount here is a statement of a document, not money."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from contracts.allocation import LineKey
from contracts.budget import AllocationPrinted, AssignmentId, Basis, Category, LineAssigned, LineUnassigned
from contracts.types import UNKNOWN, Cents, EventName, Flag, ObjectiveId, Place, Ppm, Section, Stated
from regesta.command import Context, Facts, Read, Reference, State, nothing, recorded, withdraw
from regesta.event import Event
from services.budget.domain.command import AsPrinted, BudgetCommand, Label, Reason
from services.budget.domain.errors import AssignmentDiffers, UnknownAssignment
from services.budget.domain.line import require_line


@dataclass(slots=True)
class Assignments(State):
    """The lines of an objective. lines: all that were ever assigned, by id; ended: ids of those that no longer are."""

    prefix: ClassVar[str] = "assignment"

    lines: dict[AssignmentId, LineAssigned] = field(default_factory=dict)
    ended: set[AssignmentId] = field(default_factory=set)


class AssignmentCommand(BudgetCommand):
    """A command on the lines of one objective."""

    objective: ObjectiveId

    @property
    def stream(self) -> str:
        """The assignments of the objective."""
        return Assignments.name_of(self.objective)


class AssignLine(AssignmentCommand):
    """Say that a budget line serves an objective; the fields are those of LineAssigned."""

    name = "assign-line"

    assignment: AssignmentId
    line: LineKey
    section: Section | None = None
    category: Category | None = None
    basis: Basis | None = None
    label: Label | None = None
    as_printed: AsPrinted | None = None
    commitment_cents: Stated[Cents] = UNKNOWN
    liquidation_cents: Stated[Cents] = UNKNOWN
    unspecified_cents: Stated[Cents] = UNKNOWN
    shared: Flag = False
    share_ppm: Ppm | None = None
    place: Place | None = None

    def references(self) -> tuple[Reference, ...]:
        """The objective must exist."""
        return (objective_reference(self.objective),)


class UnassignLine(AssignmentCommand):
    """Say that a line no longer serves an objective in this way."""

    name = "unassign-line"

    assignment: AssignmentId
    reason: Reason | None = None


class PrintAllocation(AssignmentCommand):
    """Keep a code printed under an objective that cannot be a budget line. reason: why not."""

    name = "print-allocation"

    as_printed: AsPrinted
    reason: Reason
    section: Section | None = None
    category: Category | None = None
    basis: Basis | None = None
    label: Label | None = None
    commitment_cents: Stated[Cents] = UNKNOWN
    liquidation_cents: Stated[Cents] = UNKNOWN
    unspecified_cents: Stated[Cents] = UNKNOWN
    place: Place | None = None

    def references(self) -> tuple[Reference, ...]:
        """The objective must exist."""
        return (objective_reference(self.objective),)


class WithdrawFact(AssignmentCommand):
    """Take back a printed allocation that was recorded wrongly. event: its name, such as "budget:12"."""

    name = "withdraw-fact"

    event: EventName
    reason: Reason


def objective_reference(objective: ObjectiveId) -> Reference:
    """Return the stream of an objective."""
    return Reference("objectives", f"objective/{objective}")


def decide(command: AssignLine | UnassignLine | PrintAllocation | WithdrawFact, read: Read, _context: Context) -> Facts:
    """Return the facts of a command on the lines of an objective; nothing when they stand already."""
    state = read(Assignments, command.objective)
    match command:
        case AssignLine():
            return _assign(state, command, read)
        case UnassignLine():
            return _unassign(state, command)
        case PrintAllocation():
            return {state.stream: [_printed(command)]}
        case WithdrawFact():
            return withdraw(state, "budget", command.event, command.reason)


def _assign(state: Assignments, command: AssignLine, read: Read) -> Facts:
    """Return the assignment. Raises UnknownLine, and AssignmentDiffers when the id stands for other content or has ended."""
    event = LineAssigned(
        assignment=command.assignment,
        line=command.line,
        section=command.section,
        category=command.category,
        basis=command.basis,
        label=command.label,
        as_printed=command.as_printed,
        commitment_cents=command.commitment_cents,
        liquidation_cents=command.liquidation_cents,
        unspecified_cents=command.unspecified_cents,
        shared=command.shared,
        share_ppm=command.share_ppm,
        place=command.place,
    )
    require_line(read, command.line)
    if recorded(state.lines.get(command.assignment), event, AssignmentDiffers):
        return nothing()
    return {state.stream: [event]}


def _unassign(state: Assignments, command: UnassignLine) -> Facts:
    """Return the end of an assignment. Raises UnknownAssignment."""
    assigned = state.lines.get(command.assignment)
    if assigned is None:
        raise UnknownAssignment(
            f"{command.objective!r} has no assignment {command.assignment!r}", assignment=command.assignment
        )
    if command.assignment in state.ended:
        return nothing()
    event = LineUnassigned(assignment=command.assignment, line=assigned.line, reason=command.reason)
    return {state.stream: [event]}


def _printed(command: PrintAllocation) -> AllocationPrinted:
    return AllocationPrinted(
        as_printed=command.as_printed,
        reason=command.reason,
        section=command.section,
        category=command.category,
        basis=command.basis,
        label=command.label,
        commitment_cents=command.commitment_cents,
        liquidation_cents=command.liquidation_cents,
        unspecified_cents=command.unspecified_cents,
        place=command.place,
    )


def evolve(state: Assignments, event: Event) -> None:
    """Apply one recorded fact."""
    match event:
        case LineAssigned():
            state.lines[event.assignment] = event
        case LineUnassigned():
            state.ended.add(event.assignment)
        case _:
            pass
