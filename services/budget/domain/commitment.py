"""Obligations: commitment/{id}. What is liquidated never exceeds what is committed and not decommitted."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import ClassVar, TypeAlias, assert_never

from contracts.allocation import LineKey
from contracts.budget import CreditReleased
from contracts.commitments import (
    AmountCommitted,
    AmountDecommitted,
    ClaimReceived,
    ClaimRejected,
    CommitmentReversed,
    ConventionCommitted,
    ConventionReleased,
    EvidenceChecked,
    PaymentLiquidated,
    PaymentReversed,
    RecoveryCollected,
    RecoveryEstablished,
)
from contracts.evidence import EVIDENCE_RULES, Order
from contracts.types import (
    BoundedRef,
    BoundedWords,
    CommitmentId,
    ConventionId,
    DossierId,
    Origin,
    PathRef,
    PositiveCents,
    Ref,
    RuleName,
    Year,
)
from regesta.command import Context, Facts, Read, Reference, State, fact, judge, nothing, recorded
from regesta.errors import Refused
from regesta.event import BRUSSELS
from services.budget.domain.command import BudgetCommand, dossier_reference
from services.budget.domain.convention import Convention, committing, require_convention
from services.budget.domain.errors import (
    CommitmentDiffers,
    DecommitmentDiffers,
    ExceedsCommitment,
    NothingCommitted,
    OtherDossier,
    ReversalDiffers,
    StillLiquidated,
    UnknownCommitment,
)
from services.budget.domain.evidence import DossierEvidence, missing, refusal
from services.budget.domain.ledger import Ledger, ledger_key, reserve
from services.budget.domain.line import spending

CommitmentEvent: TypeAlias = (
    AmountCommitted
    | AmountDecommitted
    | CommitmentReversed
    | EvidenceChecked
    | PaymentLiquidated
    | PaymentReversed
    | ClaimReceived
    | ClaimRejected
    | RecoveryEstablished
    | RecoveryCollected
)


@dataclass(slots=True)
class Commitment(State):
    """An obligation, and what was paid, claimed and owed back on it: facts by their references, totals net of reversals.

    evidence_breaches: what was missing of its evidence when that was looked at last. paid_cents, claimed_cents, collected_cents: net by payment, by claim, by recovery. stood_cents: of the payment before each
    reversal of it.
    """

    prefix: ClassVar[str] = "commitment"

    committed: AmountCommitted | None = None
    decommitted_cents: int = 0
    liquidated_cents: int = 0
    recovered_cents: int = 0
    reversed: CommitmentReversed | None = None
    evidence_breaches: tuple[RuleName, ...] = ()
    decommitments: dict[Ref, AmountDecommitted] = field(default_factory=dict)
    payments: dict[Ref, PaymentLiquidated] = field(default_factory=dict)
    reversals: dict[tuple[Ref, Ref | None], PaymentReversed] = field(default_factory=dict)
    stood_cents: dict[tuple[Ref, Ref | None], int] = field(default_factory=dict)
    paid_cents: dict[Ref, int] = field(default_factory=dict)
    claims: dict[Ref, ClaimReceived] = field(default_factory=dict)
    rejections: dict[Ref, ClaimRejected] = field(default_factory=dict)
    claimed_cents: dict[Ref, int] = field(default_factory=dict)
    recoveries: dict[Ref, RecoveryEstablished] = field(default_factory=dict)
    collected_cents: dict[Ref, int] = field(default_factory=dict)

    @property
    def opening(self) -> AmountCommitted:
        """What opened it; only for one that require_commitment returned."""
        assert self.committed is not None
        return self.committed

    @property
    def remaining_cents(self) -> int:
        """Committed and not decommitted."""
        return self.opening.amount_cents - self.decommitted_cents

    @property
    def outstanding_cents(self) -> int:
        """What can still be liquidated (encours / uitstaand bedrag)."""
        return self.remaining_cents - self.liquidated_cents


class CommitmentCommand(BudgetCommand):
    """A command on one obligation. origin: the system that reports it; None when it is decided here."""

    commitment: CommitmentId
    origin: Origin | None = None

    @property
    def stream(self) -> str:
        """The commitment."""
        return Commitment.name_of(self.commitment)


class Commit(CommitmentCommand):
    """Reserve credit for an obligation. amount_cents: the whole of it, for all years. visa: of the controller.

    dossier: that of the convention when only the convention is given.
    """

    name = "commit"

    line: LineKey
    year: Year
    amount_cents: PositiveCents
    dossier: DossierId | None = None
    convention: ConventionId | None = None
    visa: BoundedRef | None = None

    def references(self) -> tuple[Reference, ...]:
        """The dossier must exist."""
        return dossier_reference(self.dossier)


class CheckEvidence(BudgetCommand):
    """Look again at the evidence behind a commitment: what the reaction to new steps of its dossier asks for."""

    name = "check-evidence"
    roles = frozenset({"reaction"})

    commitment: CommitmentId

    @property
    def stream(self) -> str:
        """The commitment."""
        return Commitment.name_of(self.commitment)


class Decommit(CommitmentCommand):
    """Release what will never be due. decommitment: its reference, unique in the commitment."""

    name = "decommit"

    decommitment: PathRef
    amount_cents: PositiveCents
    reason: BoundedWords


class ReverseCommitment(CommitmentCommand):
    """Take back a commitment that was wrong, with all that is still committed of it."""

    name = "reverse-commitment"

    reason: BoundedWords


def commit(order: Order, command: Commit, read: Read, context: Context) -> Facts:
    """Return the commitment and its charge on the ledger and the convention.

    Raises CommitmentDiffers, UnknownLine, UnknownConvention; ReceiptLine, ExceedsCredits, OtherDossier, ConventionEnded,
    NotWhole, NotFirstYear, OvercommitsConvention, EvidenceMissing under the order of evidence of its day.
    """
    commitment = read(Commitment, command.commitment)
    broken = spending(read, command.line)
    dossier = command.dossier
    if command.convention is not None:
        convention = require_convention(read, command.convention)
        dossier = dossier or convention.opening.dossier
        broken += other_dossier(convention, dossier)
        broken += committing(convention, command.year, command.amount_cents)
    asked = fact(AmountCommitted, command, dossier=dossier)
    if recorded(commitment.committed, asked, CommitmentDiffers):
        return nothing()
    ledger = read(Ledger, ledger_key(command.line, command.year))
    reserved, exceeded = reserve(ledger, command.commitment, command.amount_cents)
    known = asked.model_copy(update={"unchecked": reserved.unchecked})
    if dossier is not None:
        evidence, day = read(DossierEvidence, dossier), _day_of(command, context)
        broken += refusal(missing(evidence, command.line, command.amount_cents, day, order))
        known = known.model_copy(update={"inputs": {evidence.source: evidence.seen}, "judged_on": day})
    made = judge(known, context, [*broken, *exceeded])
    facts: Facts = {commitment.stream: [made], ledger.stream: [reserved]}
    if command.convention is not None:
        held = ConventionCommitted(commitment=command.commitment, amount_cents=command.amount_cents)
        facts[Convention.name_of(command.convention)] = [held]
    return facts


def check_evidence(order: Order, command: CheckEvidence, read: Read, context: Context) -> Facts:
    """Return what is missing of the evidence now; nothing when that is what was found last. Raises UnknownCommitment."""
    del context
    commitment = require_commitment(read, command.commitment)
    opened = commitment.opening
    if opened.dossier is None or opened.judged_on is None:
        return nothing()
    evidence = read(DossierEvidence, opened.dossier)
    steps = missing(evidence, opened.line, opened.amount_cents, opened.judged_on, order)
    # What was taken back needs nothing any more.
    found = tuple(dict.fromkeys(each.rule for each in steps)) if commitment.remaining_cents else ()
    if found == commitment.evidence_breaches:
        return nothing()
    assert evidence.source is not None
    return {commitment.stream: [EvidenceChecked(breaches=found, inputs={evidence.source: evidence.seen})]}


def decommit(command: Decommit, read: Read, context: Context) -> Facts:
    """Return the decommitment and what it releases. Raises DecommitmentDiffers, ExceedsCommitment."""
    commitment = require_commitment(read, command.commitment)
    opened = commitment.opening
    asked = fact(AmountDecommitted, command, line=opened.line, year=opened.year)
    if recorded(commitment.decommitments.get(command.decommitment), asked, DecommitmentDiffers):
        return nothing()
    released = judge(asked, context, exceeding(commitment, command.amount_cents))
    return {commitment.stream: [released], **_release(commitment, command.amount_cents)}


def reverse(command: ReverseCommitment, read: Read, context: Context) -> Facts:
    """Return the reversal and what it releases.

    Raises ReversalDiffers, StillLiquidated while payments stand, NothingCommitted when all was decommitted.
    """
    commitment = require_commitment(read, command.commitment)
    before, opened = commitment.reversed, commitment.opening
    cents = commitment.remaining_cents if before is None else before.amount_cents
    if cents <= 0:
        raise NothingCommitted(f"nothing of {commitment.key!r} is left to take back", commitment=commitment.key)
    asked = fact(CommitmentReversed, command, line=opened.line, year=opened.year, amount_cents=cents)
    if recorded(before, asked, ReversalDiffers):
        return nothing()
    broken: list[Refused] = []
    if standing := [payment for payment, paid_cents in commitment.paid_cents.items() if paid_cents > 0]:
        broken.append(StillLiquidated(f"the payments {standing} stand on {commitment.key!r}", payments=[*standing]))
    return {commitment.stream: [judge(asked, context, broken)], **_release(commitment, cents)}


def evolve(state: Commitment, event: CommitmentEvent) -> None:  # noqa: C901 one case per event
    """Apply one recorded fact."""
    match event:
        case AmountCommitted():
            state.committed = event
            state.evidence_breaches = tuple(rule for rule in event.breaches if rule in EVIDENCE_RULES)
        case AmountDecommitted():
            state.decommitted_cents += event.amount_cents
            state.decommitments[event.decommitment] = event
        case CommitmentReversed():
            state.decommitted_cents += event.amount_cents
            state.reversed = event
        case PaymentLiquidated():
            state.payments[event.payment] = event
            _pay(state, event, event.amount_cents)
        case PaymentReversed():
            state.reversals[event.payment, event.reversal] = event
            state.stood_cents[event.payment, event.reversal] = state.paid_cents[event.payment]
            _pay(state, state.payments[event.payment], -event.amount_cents)
        case ClaimReceived():
            state.claims[event.claim] = event
        case ClaimRejected():
            state.rejections[event.claim] = event
        case RecoveryEstablished():
            state.recoveries[event.recovery] = event
            state.recovered_cents += event.amount_cents
        case RecoveryCollected():
            collected_cents = state.collected_cents.get(event.recovery, 0)
            state.collected_cents[event.recovery] = collected_cents + event.amount_cents
        case EvidenceChecked():
            state.evidence_breaches = event.breaches
        case _:
            assert_never(event)


def require_commitment(read: Read, commitment: CommitmentId) -> Commitment:
    """Return a commitment that was made. Raises UnknownCommitment."""
    state = read(Commitment, commitment)
    if state.committed is None:
        raise UnknownCommitment(f"nothing was committed as {commitment!r}", commitment=commitment)
    return state


def _day_of(command: Commit, context: Context) -> date:
    """Return the day of a commitment: when it occurred at the latest, else today in Brussels."""
    occurred = None if command.occurred is None else command.occurred.latest
    return occurred or context.at.astimezone(BRUSSELS).date()


def exceeding(commitment: Commitment, cents: int) -> list[Refused]:
    """Return the refusal of an amount that is more than is outstanding."""
    outstanding_cents = commitment.outstanding_cents
    if cents <= outstanding_cents:
        return []
    refusal = ExceedsCommitment(
        f"{cents} cents are more than the {outstanding_cents} outstanding on {commitment.key!r}",
        commitment=commitment.key, amount_cents=cents, outstanding_cents=outstanding_cents,
    )  # fmt: skip
    return [refusal]


def other_dossier(convention: Convention, dossier: DossierId | None) -> list[Refused]:
    """Return the refusal of a convention that belongs to another dossier."""
    if dossier is None or dossier == convention.opening.dossier:
        return []
    return [
        OtherDossier(
            f"the convention {convention.key!r} belongs to the dossier {convention.opening.dossier!r}, not {dossier!r}",
            convention=convention.key, dossier=dossier,
        )
    ]  # fmt: skip


def _pay(state: Commitment, payment: PaymentLiquidated, cents: int) -> None:
    state.liquidated_cents += cents
    state.paid_cents[payment.payment] = state.paid_cents.get(payment.payment, 0) + cents
    if payment.claim is not None:
        state.claimed_cents[payment.claim] = state.claimed_cents.get(payment.claim, 0) + cents


def _release(commitment: Commitment, cents: int) -> Facts:
    """Return what is given back to the ledger, and to the convention that the commitment was made under."""
    opened = commitment.opening
    released = CreditReleased(line=opened.line, year=opened.year, commitment=commitment.key, amount_cents=cents)
    facts: Facts = {Ledger.name_of(ledger_key(opened.line, opened.year)): [released]}
    if opened.convention is not None:
        given_back = ConventionReleased(commitment=commitment.key, amount_cents=cents)
        facts[Convention.name_of(opened.convention)] = [given_back]
    return facts
