"""Payments on a commitment. Each charges the liquidation credits of its year, and the convention it is made under."""

from __future__ import annotations

from contracts.allocation import LineKey
from contracts.budget import CreditReturned
from contracts.commitments import ConventionDrawn, ConventionReturned, Part, PaymentLiquidated, PaymentReversed
from contracts.dates import BoundedDay
from contracts.types import (
    BoundedRef,
    BoundedWords,
    CommitmentId,
    ConventionId,
    DossierId,
    PathRef,
    PositiveCents,
    Year,
)
from regesta.command import Context, Facts, Read, Reference, fact, judge, nothing, recorded
from regesta.errors import Refused
from services.budget.domain.claim import paying
from services.budget.domain.command import dossier_reference
from services.budget.domain.commitment import (
    Commitment,
    CommitmentCommand,
    exceeding,
    other_dossier,
    require_commitment,
)
from services.budget.domain.convention import Convention, covering, drawing, require_convention
from services.budget.domain.errors import (
    ExceedsLiquidated,
    ExceedsPayment,
    PaymentBeforeCommitment,
    PaymentDiffers,
    ReversalDiffers,
    UnknownPayment,
)
from services.budget.domain.ledger import Ledger, consume, ledger_key
from services.budget.domain.line import spending


class Liquidate(CommitmentCommand):
    """Record a payment. payment: the payer's own reference, unique in the commitment.

    line, dossier, convention: those of the commitment when not given. year: whose liquidation credits it uses.
    """

    name = "liquidate"

    payment: PathRef
    year: Year
    amount_cents: PositiveCents
    part: Part
    line: LineKey | None = None
    dossier: DossierId | None = None
    convention: ConventionId | None = None
    claim: BoundedRef | None = None
    visa: BoundedRef | None = None
    paid_on: BoundedDay | None = None

    def references(self) -> tuple[Reference, ...]:
        """The dossier must exist."""
        return dossier_reference(self.dossier)


class ReversePayment(CommitmentCommand):
    """Take back a payment that was wrong, by an opposite amount.

    reversal: its reference, unique in the payment. amount_cents: all that stands of the payment when not given.
    """

    name = "reverse-payment"

    payment: PathRef
    reversal: PathRef
    reason: BoundedWords
    amount_cents: PositiveCents | None = None


def liquidate(command: Liquidate, read: Read, context: Context) -> Facts:
    """Return the payment and its charge on the ledger and the convention.

    Raises UnknownCommitment, UnknownConvention, UnknownClaim; PaymentDiffers when the reference is known with other content;
    ExceedsCommitment, ExceedsCredits, ExceedsConvention, ExceedsAdvance, ExceedsTranches, ExceedsClaim and the like.
    """
    commitment = require_commitment(read, command.commitment)
    asked = _asked(command, commitment)
    if recorded(commitment.payments.get(command.payment), asked, PaymentDiffers):
        return nothing()
    broken = [*exceeding(commitment, asked.amount_cents), *_untimely(commitment, asked), *spending(read, asked.line)]
    broken += paying(commitment, asked)
    ledger = read(Ledger, ledger_key(asked.line, asked.year))
    consumed, exceeded = consume(ledger, command.commitment, command.payment, asked.amount_cents)
    broken += exceeded
    drawn: Facts = {}
    if asked.convention is not None:
        convention = require_convention(read, asked.convention)
        broken += [*other_dossier(convention, asked.dossier), *drawing(convention, asked)]
        if asked.convention != commitment.opening.convention:
            broken += covering(convention, commitment.opening.year, commitment.opening.amount_cents)
        drawn = {convention.stream: [_drawn(command.commitment, asked)]}
    paid = judge(asked.model_copy(update={"unchecked": consumed.unchecked}), context, broken)
    return {commitment.stream: [paid], ledger.stream: [consumed], **drawn}


def reverse(command: ReversePayment, read: Read, context: Context) -> Facts:
    """Return the reversal and what it gives back to the ledger and the convention.

    Raises UnknownPayment, ReversalDiffers; ExceedsPayment when more than stands, ExceedsLiquidated when recoveries would be
    left without what they recover.
    """
    commitment = require_commitment(read, command.commitment)
    payment = commitment.payments.get(command.payment)
    if payment is None:
        raise UnknownPayment(f"{commitment.key!r} has no payment {command.payment!r}", payment=command.payment)
    reference = (command.payment, command.reversal)
    stands_cents = commitment.paid_cents[command.payment]
    # Asked again, all that stands is what stood the first time.
    asked_cents = command.amount_cents or commitment.stood_cents.get(reference, stands_cents)
    if asked_cents <= 0:
        raise ExceedsPayment(f"nothing stands of the payment {command.payment!r}", payment=command.payment)
    asked = fact(
        PaymentReversed,
        command,
        line=payment.line,
        year=payment.year,
        amount_cents=asked_cents,
        dossier=payment.dossier,
        convention=payment.convention,
    )
    if recorded(commitment.reversals.get(reference), asked, ReversalDiffers):
        return nothing()
    taken_back = judge(asked, context, _unreversible(commitment, asked, stands_cents))
    return {commitment.stream: [taken_back], **_returned(commitment, payment, asked_cents)}


def _asked(command: Liquidate, commitment: Commitment) -> PaymentLiquidated:
    opened = commitment.opening
    return fact(
        PaymentLiquidated,
        command,
        line=command.line or opened.line,
        dossier=command.dossier or opened.dossier,
        convention=command.convention or opened.convention,
    )


def _untimely(commitment: Commitment, asked: PaymentLiquidated) -> list[Refused]:
    committed = commitment.opening.year
    if asked.year >= committed:
        return []
    return [PaymentBeforeCommitment(f"{asked.year} is before {committed}, the year of the commitment", year=asked.year)]


def _drawn(commitment: CommitmentId, asked: PaymentLiquidated) -> ConventionDrawn:
    return ConventionDrawn(
        commitment=commitment,
        payment=asked.payment,
        part=asked.part,
        year=asked.year,
        amount_cents=asked.amount_cents,
    )


def _unreversible(commitment: Commitment, asked: PaymentReversed, stands_cents: int) -> list[Refused]:
    broken: list[Refused] = []
    cents = asked.amount_cents
    if cents > stands_cents:
        broken.append(
            ExceedsPayment(
                f"{cents} cents are more than the {stands_cents} that stand of the payment {asked.payment!r}",
                payment=asked.payment, amount_cents=cents, standing_cents=stands_cents,
            )
        )  # fmt: skip
    left_cents = commitment.liquidated_cents - cents
    if left_cents < commitment.recovered_cents:
        broken.append(
            ExceedsLiquidated(
                f"{commitment.recovered_cents} cents are owed back, more than the {left_cents} that would stay liquidated",
                recoveries=[*commitment.recoveries], recovered_cents=commitment.recovered_cents,
            )
        )  # fmt: skip
    return broken


def _returned(commitment: Commitment, payment: PaymentLiquidated, cents: int) -> Facts:
    """Return what a reversal gives back, in the ledger and the convention that the payment charged."""
    returned = CreditReturned(
        line=payment.line,
        year=payment.year,
        commitment=commitment.key,
        payment=payment.payment,
        amount_cents=cents,
    )
    facts: Facts = {Ledger.name_of(ledger_key(payment.line, payment.year)): [returned]}
    if payment.convention is not None:
        given_back = ConventionReturned(
            commitment=commitment.key,
            payment=payment.payment,
            part=payment.part,
            year=payment.year,
            amount_cents=cents,
        )
        facts[Convention.name_of(payment.convention)] = [given_back]
    return facts
