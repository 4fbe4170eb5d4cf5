"""Claims and recoveries on a commitment: what a beneficiary asks for, and what he owes back."""

from __future__ import annotations

from collections.abc import Iterator

from contracts.commitments import (
    ClaimReceived,
    ClaimRejected,
    PaymentLiquidated,
    RecoveryCollected,
    RecoveryEstablished,
)
from contracts.dates import BoundedDay, BoundedPeriod
from contracts.types import BoundedRef, BoundedWords, PathRef, PositiveCents, Ref
from regesta.command import Context, Facts, Read, fact, judge, nothing, recorded
from regesta.errors import Refused
from services.budget.domain.commitment import Commitment, CommitmentCommand, require_commitment
from services.budget.domain.errors import (
    ClaimDiffers,
    ClaimPaid,
    ExceedsClaim,
    ExceedsLiquidated,
    ExceedsRecovery,
    RecoveryDiffers,
    RejectedClaim,
    UnknownClaim,
    UnknownPayment,
    UnknownRecovery,
)


class ReceiveClaim(CommitmentCommand):
    """Record that the beneficiary asks for payment. claim: its reference, unique in the commitment."""

    name = "receive-claim"

    claim: PathRef
    amount_cents: PositiveCents
    period: BoundedPeriod | None = None


class RejectClaim(CommitmentCommand):
    """Record that a claim will not be paid."""

    name = "reject-claim"

    claim: PathRef
    reason: BoundedWords


class EstablishRecovery(CommitmentCommand):
    """Record that the beneficiary owes money back. recovery: its reference, unique in the commitment."""

    name = "establish-recovery"

    recovery: PathRef
    amount_cents: PositiveCents
    payment: BoundedRef | None = None
    reason: BoundedWords | None = None


class CollectRecovery(CommitmentCommand):
    """Record that money owed back came in, in whole or in part. Each one counts: give it a key."""

    name = "collect-recovery"

    recovery: PathRef
    amount_cents: PositiveCents
    collected_on: BoundedDay | None = None


def receive(command: ReceiveClaim, read: Read, context: Context) -> Facts:
    """Return the claim; nothing when it is recorded. More than is outstanding can be asked for, not paid. Raises ClaimDiffers."""
    commitment = require_commitment(read, command.commitment)
    asked = fact(ClaimReceived, command)
    if recorded(commitment.claims.get(command.claim), asked, ClaimDiffers):
        return nothing()
    context.require_reporter(command.origin)
    return {commitment.stream: [asked]}


def reject(command: RejectClaim, read: Read, context: Context) -> Facts:
    """Return the rejection; nothing when it is recorded. Raises UnknownClaim, ClaimDiffers, ClaimPaid."""
    commitment = require_commitment(read, command.commitment)
    _require_claim(commitment, command.claim)
    asked = fact(ClaimRejected, command)
    if recorded(commitment.rejections.get(command.claim), asked, ClaimDiffers):
        return nothing()
    paid_cents = commitment.claimed_cents.get(command.claim, 0)
    broken = []
    if paid_cents > 0:
        broken.append(ClaimPaid(f"{paid_cents} cents are paid on the claim {command.claim!r}", claim=command.claim))
    return {commitment.stream: [judge(asked, context, broken)]}


def establish(command: EstablishRecovery, read: Read, context: Context) -> Facts:
    """Return the recovery; nothing when it is recorded. Raises UnknownPayment, RecoveryDiffers, ExceedsLiquidated."""
    commitment = require_commitment(read, command.commitment)
    if command.payment is not None and command.payment not in commitment.payments:
        raise UnknownPayment(f"{commitment.key!r} has no payment {command.payment!r}", payment=command.payment)
    asked = fact(RecoveryEstablished, command)
    if recorded(commitment.recoveries.get(command.recovery), asked, RecoveryDiffers):
        return nothing()
    recovered_cents = commitment.recovered_cents + command.amount_cents
    broken = []
    if recovered_cents > commitment.liquidated_cents:
        broken.append(
            ExceedsLiquidated(
                f"{recovered_cents} cents owed back are more than the {commitment.liquidated_cents} liquidated",
                recovered_cents=recovered_cents, liquidated_cents=commitment.liquidated_cents,
            )
        )  # fmt: skip
    return {commitment.stream: [judge(asked, context, broken)]}


def collect(command: CollectRecovery, read: Read, context: Context) -> Facts:
    """Return the collection. Raises UnknownRecovery, ExceedsRecovery."""
    commitment = require_commitment(read, command.commitment)
    recovery = commitment.recoveries.get(command.recovery)
    if recovery is None:
        raise UnknownRecovery(f"{commitment.key!r} has no recovery {command.recovery!r}", recovery=command.recovery)
    collected_cents = commitment.collected_cents.get(command.recovery, 0) + command.amount_cents
    broken = []
    if collected_cents > recovery.amount_cents:
        broken.append(
            ExceedsRecovery(
                f"{collected_cents} cents are more than the {recovery.amount_cents} of {command.recovery!r}",
                recovery=command.recovery, collected_cents=collected_cents, recovery_cents=recovery.amount_cents,
            )
        )  # fmt: skip
    return {commitment.stream: [judge(fact(RecoveryCollected, command), context, broken)]}


def paying(commitment: Commitment, payment: PaymentLiquidated) -> Iterator[Refused]:
    """Yield why a payment may not be made on its claim. Raises UnknownClaim."""
    if payment.claim is None:
        return
    claim = _require_claim(commitment, payment.claim)
    if payment.claim in commitment.rejections:
        yield RejectedClaim(f"the claim {payment.claim!r} was rejected", claim=payment.claim)
    paid_cents = commitment.claimed_cents.get(payment.claim, 0) + payment.amount_cents
    if paid_cents > claim.amount_cents:
        yield ExceedsClaim(
            f"{paid_cents} cents are more than the {claim.amount_cents} of the claim {payment.claim!r}",
            claim=payment.claim, paid_cents=paid_cents, claim_cents=claim.amount_cents,
        )  # fmt: skip


def _require_claim(commitment: Commitment, claim: Ref) -> ClaimReceived:
    received = commitment.claims.get(claim)
    if received is None:
        raise UnknownClaim(f"{commitment.key!r} has no claim {claim!r}", claim=claim)
    return received
