"""Rights to money and the cash of them: receipt/{id}, each dated apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, assert_never

from contracts.allocation import LineKey
from contracts.commitments import ReceiptCollected, RightEstablished
from contracts.dates import BoundedDay
from contracts.types import BoundedRef, Origin, PartyId, PositiveCents, Uuid, Year
from regesta.command import Context, Facts, Read, Reference, State, fact, judge, nothing, recorded
from services.budget.domain.command import BudgetCommand, party_references
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
    reference: BoundedRef | None = None
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
    collected_on: BoundedDay | None = None
    origin: Origin | None = None

    @property
    def stream(self) -> str:
        """The receipt."""
        return Receipt.name_of(self.receipt)


def establish(command: EstablishRight, read: Read, context: Context) -> Facts:
    """Return the right; nothing when it is established. Raises UnknownLine, ReceiptDiffers, ExpenditureLine."""
    receipt = read(Receipt, command.receipt)
    broken = receiving(read, command.line)
    asked = fact(RightEstablished, command)
    if recorded(receipt.established, asked, ReceiptDiffers):
        return nothing()
    return {receipt.stream: [judge(asked, context, broken)]}


def collect(command: CollectReceipt, read: Read, context: Context) -> Facts:
    """Return the cash. Raises UnknownReceipt, ExceedsRight."""
    receipt = read(Receipt, command.receipt)
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
    return {receipt.stream: [judge(fact(ReceiptCollected, command, line=right.line), context, broken)]}


def evolve(state: Receipt, event: RightEstablished | ReceiptCollected) -> None:
    """Apply one recorded fact."""
    match event:
        case RightEstablished():
            state.established = event
        case ReceiptCollected():
            state.collected_cents += event.amount_cents
        case _:
            assert_never(event)
