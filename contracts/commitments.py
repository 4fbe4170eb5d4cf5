"""What the budget service records about obligations: conventions, commitments, claims, payments, receipts, forecasts."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from contracts.allocation import LineKey
from contracts.dates import Day, ImpreciseDate, Period
from contracts.types import (
    Cents,
    CommitmentId,
    ConventionId,
    DossierId,
    Flag,
    Origin,
    PartyId,
    PositiveCents,
    Ppm,
    Printed,
    Ref,
    RuleName,
    Value,
    Words,
    Year,
)
from regesta.event import Cut, Event

# What is outstanding at the end of the sixth year after that of its commitment is to be decommitted, by a decision.
OUTSTANDING_YEARS: Final = 6
# What a payment is in a payment plan.
Part: TypeAlias = Literal["advance", "interim", "balance"]


class Tranche(Value):
    """What is to be paid in one year."""

    year: Year
    amount_cents: PositiveCents


class ConventionSigned(Event):
    """A convention with beneficiaries was signed. Opens convention/{id}.

    advance_ppm: the part paid when it is signed, in parts per million. tranches: by year, adding up to amount_cents; empty
    when none are agreed.
    """

    name = "convention-signed.v1"
    dossier: DossierId
    amount_cents: PositiveCents
    parties: tuple[PartyId, ...] = ()
    advance_ppm: Ppm | None = None
    tranches: tuple[Tranche, ...] = ()
    ends_on: ImpreciseDate | None = None
    reference: Ref | None = None
    origin: Origin | None = None
    breaches: tuple[RuleName, ...] = ()


class ConventionAmended(Event):
    """A convention was changed. All terms as they are after it, not the change."""

    name = "convention-amended.v1"
    amount_cents: PositiveCents
    advance_ppm: Ppm | None = None
    tranches: tuple[Tranche, ...] = ()
    ends_on: ImpreciseDate | None = None
    reference: Ref | None = None
    reason: Words | None = None
    origin: Origin | None = None
    breaches: tuple[RuleName, ...] = ()


class ConventionTerminated(Event):
    """A convention ended before its time."""

    name = "convention-terminated.v1"
    reason: Words
    origin: Origin | None = None
    breaches: tuple[RuleName, ...] = ()


class ConventionCommitted(Event):
    """An amount was committed under a convention; recorded together with AmountCommitted, in the stream of the convention."""

    name = "convention-committed.v1"
    commitment: CommitmentId
    amount_cents: PositiveCents


class ConventionReleased(Event):
    """What was committed under a convention was given back; recorded together with AmountDecommitted or CommitmentReversed."""

    name = "convention-released.v1"
    commitment: CommitmentId
    amount_cents: PositiveCents


class ConventionDrawn(Event):
    """A payment was made under a convention; recorded together with PaymentLiquidated, in the stream of the convention."""

    name = "convention-drawn.v1"
    commitment: CommitmentId
    payment: Ref
    part: Part
    year: Year
    amount_cents: PositiveCents


class ConventionReturned(Event):
    """The reversal of a payment gave back what it drew on a convention; recorded together with PaymentReversed."""

    name = "convention-returned.v1"
    commitment: CommitmentId
    payment: Ref
    part: Part
    year: Year
    amount_cents: PositiveCents


class AmountCommitted(Event):
    """Credit was reserved for an obligation (engagement / vastlegging). Opens commitment/{id}.

    line, year: the ledger whose commitment credits it uses. amount_cents: the whole of it, for all years. visa: of the
    controller. unchecked: the line's credits were never stated. inputs: the cut at which the evidence of the dossier was looked at; judged_on: the day whose order
    of evidence it is judged by, also later.
    """

    name = "amount-committed.v1"
    line: LineKey
    year: Year
    amount_cents: PositiveCents
    dossier: DossierId | None = None
    convention: ConventionId | None = None
    visa: Ref | None = None
    unchecked: Flag = False
    inputs: Cut | None = None
    judged_on: Day | None = None
    origin: Origin | None = None
    breaches: tuple[RuleName, ...] = ()


class AmountDecommitted(Event):
    """A part of a commitment will never be due and was released. decommitment: its reference, unique in the commitment."""

    name = "amount-decommitted.v1"
    decommitment: Ref
    line: LineKey
    year: Year
    amount_cents: PositiveCents
    reason: Words
    origin: Origin | None = None
    breaches: tuple[RuleName, ...] = ()


class CommitmentReversed(Event):
    """A commitment was wrong and is taken back. amount_cents: what was still committed of it."""

    name = "commitment-reversed.v1"
    line: LineKey
    year: Year
    amount_cents: PositiveCents
    reason: Words
    origin: Origin | None = None
    breaches: tuple[RuleName, ...] = ()


class EvidenceChecked(Event):
    """The evidence behind a commitment was checked again and the finding differs from the last one.

    breaches: the rules that it breaks now, none when it is in order. inputs: the cut that the check saw.
    """

    name = "evidence-checked.v1"
    breaches: tuple[RuleName, ...]
    inputs: Cut


class ClaimReceived(Event):
    """The beneficiary asked for payment (déclaration de créance / schuldvordering). claim: its reference, unique here."""

    name = "claim-received.v1"
    claim: Ref
    amount_cents: PositiveCents
    period: Period | None = None
    origin: Origin | None = None
    breaches: tuple[RuleName, ...] = ()


class ClaimRejected(Event):
    """A claim will not be paid."""

    name = "claim-rejected.v1"
    claim: Ref
    reason: Words
    origin: Origin | None = None
    breaches: tuple[RuleName, ...] = ()


class PaymentLiquidated(Event):
    """A due amount was established and paid out on a commitment (liquidation / vereffening).

    payment: the payer's own reference, unique in the commitment. line, year: the ledger whose liquidation credits it uses.
    part: advance, interim payment or balance. convention: whose terms it was checked against. visa: of the controller.
    paid_on: the bank's execution day in Brussels.
    """

    name = "payment-liquidated.v1"
    payment: Ref
    line: LineKey
    year: Year
    amount_cents: PositiveCents
    part: Part
    dossier: DossierId | None = None
    convention: ConventionId | None = None
    claim: Ref | None = None
    visa: Ref | None = None
    paid_on: Day | None = None
    unchecked: Flag = False
    origin: Origin | None = None
    breaches: tuple[RuleName, ...] = ()


class PaymentReversed(Event):
    """A recorded payment was wrong, in whole or in part; what it liquidated is taken back by an opposite amount.

    reversal: its reference, unique in the commitment.
    """

    name = "payment-reversed.v1"
    payment: Ref
    reversal: Ref | None = None
    line: LineKey
    year: Year
    amount_cents: PositiveCents
    reason: Words
    dossier: DossierId | None = None
    convention: ConventionId | None = None
    origin: Origin | None = None
    breaches: tuple[RuleName, ...] = ()


class RecoveryEstablished(Event):
    """The beneficiary owes money back; what was liquidated stays. recovery: its reference, unique in the commitment."""

    name = "recovery-established.v1"
    recovery: Ref
    amount_cents: PositiveCents
    payment: Ref | None = None
    reason: Words | None = None
    origin: Origin | None = None
    breaches: tuple[RuleName, ...] = ()


class RecoveryCollected(Event):
    """Money that was owed back came in, in whole or in part."""

    name = "recovery-collected.v1"
    recovery: Ref
    amount_cents: PositiveCents
    collected_on: Day | None = None
    origin: Origin | None = None
    breaches: tuple[RuleName, ...] = ()


class RightEstablished(Event):
    """Someone owes money to the entity: the right, dated apart from the cash. Opens receipt/{id}."""

    name = "right-established.v1"
    line: LineKey
    year: Year
    amount_cents: PositiveCents
    debtor: PartyId | None = None
    reference: Ref | None = None
    origin: Origin | None = None
    breaches: tuple[RuleName, ...] = ()


class ReceiptCollected(Event):
    """Cash of an established right came in, in whole or in part."""

    name = "receipt-collected.v1"
    line: LineKey
    year: Year
    amount_cents: PositiveCents
    collected_on: Day | None = None
    origin: Origin | None = None
    breaches: tuple[RuleName, ...] = ()


class LiquidationForecast(Event):
    """What is expected to be liquidated in a year on a line or for a dossier: one of the two; the latest one counts."""

    name = "liquidation-forecast.v1"
    year: Year
    amount_cents: Cents
    line: LineKey | None = None
    dossier: DossierId | None = None
    as_given: Printed | None = None
    origin: Origin | None = None
    breaches: tuple[RuleName, ...] = ()


def decommit_due(year: Year, outstanding_cents: int) -> Year | None:
    """Return the year at whose end what is outstanding of a commitment of `year` is to be decommitted; None for nothing.

    It is due to be looked at, never released by itself.
    """
    return year + OUTSTANDING_YEARS if outstanding_cents > 0 else None


EVENTS: tuple[type[Event], ...] = (
    ConventionSigned,
    ConventionAmended,
    ConventionTerminated,
    ConventionCommitted,
    ConventionReleased,
    ConventionDrawn,
    ConventionReturned,
    AmountCommitted,
    AmountDecommitted,
    CommitmentReversed,
    EvidenceChecked,
    ClaimReceived,
    ClaimRejected,
    PaymentLiquidated,
    PaymentReversed,
    RecoveryEstablished,
    RecoveryCollected,
    RightEstablished,
    ReceiptCollected,
    LiquidationForecast,
)
