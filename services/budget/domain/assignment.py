"""Which budget lines serve an objective: assignment/{objective}. An amount here is a statement of a document, not money."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, assert_never

from contracts.allocation import LineKey
from contracts.budget import AllocationPrinted, AssignmentId, Basis, Category, LineAssigned, LineUnassigned
from contracts.types import (
    UNKNOWN,
    BoundedPrinted,
    BoundedText,
    BoundedWords,
    Cents,
    EventName,
    Flag,
    ObjectiveId,
    Place,
    Ppm,
    Section,
    Stated,
)
from regesta.command import Context, Facts, Read, Reference, State, fact, nothing, recorded, withdraw
from services.budget.domain.command import LOG, BudgetCommand
from services.budget.domain.errors import AssignmentDiffers, UnknownAssignment
from services.budget.domain.line import require_line


@dataclass(slots=True)
class Assignments(State):
    """The lines of an objective, by id. lines: all that were ever assigned; ended: how those ended that no longer are."""

    prefix: ClassVar[str] = "assignment"

    lines: dict[AssignmentId, LineAssigned] = field(default_factory=dict)
    ended: dict[AssignmentId, LineUnassigned] = field(default_factory=dict)


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
    label: BoundedText | None = None
    as_printed: BoundedPrinted | None = None
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
    reason: BoundedWords | None = None


class PrintAllocation(AssignmentCommand):
    """Keep a code printed under an objective that cannot be a budget line. reason: why not."""

    name = "print-allocation"

    as_printed: BoundedPrinted
    reason: BoundedWords
    section: Section | None = None
    category: Category | None = None
    basis: Basis | None = None
    label: BoundedText | None = None
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
    reason: BoundedWords


def objective_reference(objective: ObjectiveId) -> Reference:
    """Return the stream of an objective."""
    return Reference("objectives", f"objective/{objective}")


def assign(command: AssignLine, read: Read, _context: Context) -> Facts:
    """Return the assignment; nothing when it stands.

    Raises UnknownLine, and AssignmentDiffers when the id stands for other content or has ended.
    """
    require_line(read, command.line)
    known = read(Assignments, command.objective).lines.get(command.assignment)
    asked = fact(LineAssigned, command)
    return nothing() if recorded(known, asked, AssignmentDiffers) else {command.stream: [asked]}


def unassign(command: UnassignLine, read: Read, _context: Context) -> Facts:
    """Return the end of an assignment; nothing when it has ended. Raises UnknownAssignment, AssignmentDiffers."""
    state = read(Assignments, command.objective)
    assigned = state.lines.get(command.assignment)
    if assigned is None:
        raise UnknownAssignment(
            f"{command.objective!r} has no assignment {command.assignment!r}", assignment=command.assignment
        )
    asked = fact(LineUnassigned, command, line=assigned.line)
    known = state.ended.get(command.assignment)
    return nothing() if recorded(known, asked, AssignmentDiffers) else {state.stream: [asked]}


def print_allocation(command: PrintAllocation, read: Read, _context: Context) -> Facts:
    """Return what was printed; two equal ones are two, so a repeated request needs its key."""
    return {read(Assignments, command.objective).stream: [fact(AllocationPrinted, command)]}


def withdraw_fact(command: WithdrawFact, read: Read, _context: Context) -> Facts:
    """Return the withdrawal of a printed allocation; nothing when it is withdrawn. Raises NotWithdrawable."""
    return withdraw(read(Assignments, command.objective), LOG, command)


def evolve(state: Assignments, event: LineAssigned | LineUnassigned | AllocationPrinted) -> None:
    """Apply one recorded fact."""
    match event:
        case LineAssigned():
            state.lines[event.assignment] = event
        case LineUnassigned():
            state.ended[event.assignment] = event
        case AllocationPrinted():
            pass  # evidence, no part of any rule
        case _:
            assert_never(event)
