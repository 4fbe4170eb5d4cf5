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
from contracts.dates import Day, Period
from contracts.types import PositiveCents, Ref
from regesta.command import Context, Facts, Read, nothing, recorded
from regesta.errors import Refused
from services.budget.domain.command import PathRef, Reason, judge
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
    period: Period | None = None


class RejectClaim(CommitmentCommand):
    """Record that a claim will not be paid."""

    name = "reject-claim"

    claim: PathRef
    reason: Reason


class EstablishRecovery(CommitmentCommand):
    """Record that the beneficiary owes money back. recovery: its reference, unique in the commitment."""

    name = "establish-recovery"

    recovery: PathRef
    amount_cents: PositiveCents
    payment: Ref | None = None
    reason: Reason | None = None


class CollectRecovery(CommitmentCommand):
    """Record that money owed back came in, in whole or in part. Each one counts: give it a key."""

    name = "collect-recovery"

    recovery: PathRef
    amount_cents: PositiveCents
    collected_on: Day | None = None


def decide(
    command: ReceiveClaim | RejectClaim | EstablishRecovery | CollectRecovery, read: Read, context: Context
) -> Facts:
    """Return the facts of a command on a claim or a recovery; nothing when they stand already."""
    commitment = require_commitment(read, command.commitment)
    match command:
        case ReceiveClaim():
            return _receive(commitment, command, context)
        case RejectClaim():
            return _reject(commitment, command, context)
        case EstablishRecovery():
            return _establish(commitment, command, context)
        case CollectRecovery():
            return _collect(commitment, command, context)


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


def _receive(commitment: Commitment, command: ReceiveClaim, context: Context) -> Facts:
    """Return the claim; more than is outstanding can be asked for, not paid. Raises ClaimDiffers."""
    asked = ClaimReceived(
        claim=command.claim, amount_cents=command.amount_cents, period=command.period, origin=command.origin
    )
    if recorded(commitment.claims.get(command.claim), asked, ClaimDiffers):
        return nothing()
    judge(command.origin, context, ())
    return {commitment.stream: [asked]}


def _reject(commitment: Commitment, command: RejectClaim, context: Context) -> Facts:
    """Return the rejection. Raises UnknownClaim, ClaimDiffers, ClaimPaid."""
    _require_claim(commitment, command.claim)
    asked = ClaimRejected(claim=command.claim, reason=command.reason, origin=command.origin)
    if recorded(commitment.rejections.get(command.claim), asked, ClaimDiffers):
        return nothing()
    paid_cents = commitment.claimed_cents.get(command.claim, 0)
    broken = []
    if paid_cents > 0:
        broken.append(ClaimPaid(f"{paid_cents} cents are paid on the claim {command.claim!r}", claim=command.claim))
    breaches = judge(command.origin, context, broken)
    return {commitment.stream: [asked.model_copy(update={"breaches": breaches})]}


def _establish(commitment: Commitment, command: EstablishRecovery, context: Context) -> Facts:
    """Return the recovery. Raises UnknownPayment, RecoveryDiffers, ExceedsLiquidated."""
    if command.payment is not None and command.payment not in commitment.payments:
        raise UnknownPayment(f"{commitment.key!r} has no payment {command.payment!r}", payment=command.payment)
    asked = RecoveryEstablished(
        recovery=command.recovery,
        amount_cents=command.amount_cents,
        payment=command.payment,
        reason=command.reason,
        origin=command.origin,
    )
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
    breaches = judge(command.origin, context, broken)
    return {commitment.stream: [asked.model_copy(update={"breaches": breaches})]}


def _collect(commitment: Commitment, command: CollectRecovery, context: Context) -> Facts:
    """Return the collection. Raises UnknownRecovery, ExceedsRecovery."""
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
    event = RecoveryCollected(
        recovery=command.recovery,
        amount_cents=command.amount_cents,
        collected_on=command.collected_on,
        origin=command.origin,
        breaches=judge(command.origin, context, broken),
    )
    return {commitment.stream: [event]}


def _require_claim(commitment: Commitment, claim: Ref) -> ClaimReceived:
    received = commitment.claims.get(claim)
    if received is None:
        raise UnknownClaim(f"{commitment.key!r} has no claim {claim!r}", claim=claim)
    return received
