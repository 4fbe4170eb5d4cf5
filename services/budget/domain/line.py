"""Budget lines: line/{entity}.{allocation}. The same code is another line in another entity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from contracts.allocation import LineKey, split_line
from contracts.budget import BudgetLineOpened
from contracts.types import BoundedPrinted, BoundedText, Flag, Place
from regesta.command import Context, Facts, Read, State, fact, nothing, recorded
from regesta.errors import Refused
from services.budget.domain.command import BudgetCommand
from services.budget.domain.errors import ExpenditureLine, LineDiffers, ReceiptLine, UnknownLine


@dataclass(slots=True)
class Line(State):
    """A line. opened: None while nobody opened it."""

    prefix: ClassVar[str] = "line"

    opened: BudgetLineOpened | None = None


class OpenLine(BudgetCommand):
    """Open a budget line. Its direction follows from the economic code.

    Whoever meets a line first opens it. label, sec: a line that is open already must not have other ones; None says nothing.
    repaired_from, place: what was printed where, kept from the first time only. occurred: too, but must not be another one.
    """

    name = "open-line"

    line: LineKey
    label: BoundedText | None = None
    sec: Flag | None = None
    repaired_from: BoundedPrinted | None = None
    place: Place | None = None

    @property
    def stream(self) -> str:
        """The line."""
        return Line.name_of(self.line)


def open_line(command: OpenLine, read: Read, _context: Context) -> Facts:
    """Return the opening of a line; nothing when it is open. Raises LineDiffers when it is open otherwise than is said."""
    opened = read(Line, command.line).opened
    if opened is None:
        entity, allocation = split_line(command.line)
        asked = fact(BudgetLineOpened, command, entity=entity, allocation=allocation, direction=allocation.direction)
        return {command.stream: [asked]}
    said = {name: value for name, value in (("label", command.label), ("sec", command.sec)) if value is not None}
    recorded(opened, opened.model_copy(update=said).dated(opened.occurred and command.occurred), LineDiffers)
    return nothing()


def evolve(state: Line, event: BudgetLineOpened) -> None:
    """Apply one recorded fact."""
    state.opened = event


def require_line(read: Read, line: LineKey) -> BudgetLineOpened:
    """Return an open line. Raises UnknownLine."""
    opened = read(Line, line).opened
    if opened is None:
        raise UnknownLine(f"no budget line {line!r} is open", line=line)
    return opened


def spending(read: Read, line: LineKey) -> list[Refused]:
    """Return why a line cannot be spent from. Raises UnknownLine."""
    if require_line(read, line).direction == "receipt":
        return [ReceiptLine(f"{line!r} is a line of receipts", line=line)]
    return []


def receiving(read: Read, line: LineKey) -> list[Refused]:
    """Return why a line cannot take receipts. Raises UnknownLine."""
    if require_line(read, line).direction == "expenditure":
        return [ExpenditureLine(f"{line!r} is a line of expenditure", line=line)]
    return []
