"""Rights to money and the cash of them: receipt/{id}, each dated apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from contracts.allocation import LineKey
from contracts.commitments import ReceiptCollected, RightEstablished
from contracts.dates import Day
from contracts.types import Origin, PartyId, PositiveCents, Ref, Uuid, Year
from regesta.command import Context, Facts, Read, Reference, State, nothing, recorded
from regesta.event import Event
from services.budget.domain.command import BudgetCommand, judge, party_references
from services.budget.domain.errors import ExceedsRight, ReceiptDiffers, UnknownReceipt
from services.budget.domain.line import receiving


@dataclass(slots=True)
class Receipt(State):
    """A right, and what came in of it. established: None while nobody did."""

    prefix: ClassVar[str] = "receipt"

    established: RightEstablished | None = None
    collected_cents: int = 0


class EstablishRight(BudgetCommand):
    """Record that someone owes money to the entity."""

    name = "establish-right"

    receipt: Uuid
    line: LineKey
    year: Year
    amount_cents: PositiveCents
    debtor: PartyId | None = None
    reference: Ref | None = None
    origin: Origin | None = None

    @property
    def stream(self) -> str:
        """The receipt."""
        return Receipt.name_of(self.receipt)

    def references(self) -> tuple[Reference, ...]:
        """The debtor must exist."""
        return () if self.debtor is None else party_references([self.debtor])


class CollectReceipt(BudgetCommand):
    """Record that cash of a right came in, in whole or in part, on the right's line in a year. Each one counts: give it a key."""

    name = "collect-receipt"

    receipt: Uuid
    year: Year
    amount_cents: PositiveCents
    collected_on: Day | None = None
    origin: Origin | None = None

    @property
    def stream(self) -> str:
        """The receipt."""
        return Receipt.name_of(self.receipt)


def decide(command: EstablishRight | CollectReceipt, read: Read, context: Context) -> Facts:
    """Return the facts of a command on a receipt; nothing when they stand already."""
    receipt = read(Receipt, command.receipt)
    match command:
        case EstablishRight():
            return _establish(receipt, command, read, context)
        case CollectReceipt():
            return _collect(receipt, command, context)


def _establish(receipt: Receipt, command: EstablishRight, read: Read, context: Context) -> Facts:
    """Return the right. Raises UnknownLine, ReceiptDiffers, ExpenditureLine."""
    broken = receiving(read, command.line)
    asked = RightEstablished(
        line=command.line,
        year=command.year,
        amount_cents=command.amount_cents,
        debtor=command.debtor,
        reference=command.reference,
        origin=command.origin,
    )
    if recorded(receipt.established, asked, ReceiptDiffers):
        return nothing()
    breaches = judge(command.origin, context, broken)
    return {receipt.stream: [asked.model_copy(update={"breaches": breaches})]}


def _collect(receipt: Receipt, command: CollectReceipt, context: Context) -> Facts:
    """Return the cash. Raises UnknownReceipt, ExceedsRight."""
    right = receipt.established
    if right is None:
        raise UnknownReceipt(f"no right {receipt.key!r} was established", receipt=receipt.key)
    collected_cents = receipt.collected_cents + command.amount_cents
    broken = []
    if collected_cents > right.amount_cents:
        broken.append(
            ExceedsRight(
                f"{collected_cents} cents are more than the {right.amount_cents} of the right {receipt.key!r}",
                receipt=receipt.key, collected_cents=collected_cents, right_cents=right.amount_cents,
            )
        )  # fmt: skip
    event = ReceiptCollected(
        line=right.line,
        year=command.year,
        amount_cents=command.amount_cents,
        collected_on=command.collected_on,
        origin=command.origin,
        breaches=judge(command.origin, context, broken),
    )
    return {receipt.stream: [event]}


def evolve(state: Receipt, event: Event) -> None:
    """Apply one recorded fact."""
    match event:
        case RightEstablished():
            state.established = event
        case ReceiptCollected():
            state.collected_cents += event.amount_cents
        case _:
            pass
