"""Conventions and commitments as they stood at a cut, with their payments, claims and recoveries. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.commitments import (
    AmountCommitted,
    AmountDecommitted,
    ClaimReceived,
    ClaimRejected,
    CommitmentReversed,
    ConventionAmended,
    ConventionSigned,
    ConventionTerminated,
    EvidenceChecked,
    PaymentLiquidated,
    PaymentReversed,
    RecoveryCollected,
    RecoveryEstablished,
)
from contracts.types import Origin
from services.reporting.domain.dossiers import Claim, Commitment, Convention, Payment, Recovery
from services.reporting.domain.figure import Events, Figure, When, names
from services.reporting.domain.standing import StandingFact


def convention_of(facts: Sequence[StandingFact]) -> Convention | None:
    """Return a convention as last amended; None when its signature is not among the facts."""
    signed: ConventionSigned | None = None
    terms: ConventionSigned | ConventionAmended | None = None
    by: list[str] = []
    convention, signed_on, ended = "", None, None
    for fact in facts:
        match fact.event:
            case ConventionSigned() as event:
                signed = terms = event
                convention, signed_on = fact.key, fact.occurred
            case ConventionAmended() as event:
                terms = event
            case ConventionTerminated() as event:
                ended = event
            case _:
                continue
        by.append(fact.name)
    if signed is None or terms is None:
        return None
    return Convention(
        convention=convention,
        state="signed" if ended is None else "terminated",
        amount=Figure.known(terms.amount_cents, *by),
        advance_ppm=terms.advance_ppm,
        tranches=terms.tranches,
        ends_on=When.maybe(terms.ends_on),
        reference=terms.reference or signed.reference,
        parties=signed.parties,
        signed_on=When.maybe(signed_on),
        reason=None if ended is None else ended.reason,
        origin=_system(signed.origin),
        breaches=names(*(each.breaches for each in (signed, terms, ended) if each is not None)),
        events=tuple(by),
    )


def commitment_of(facts: Sequence[StandingFact]) -> Commitment | None:
    """Return a commitment with what was paid on it; None when it was never committed."""
    found = next(((fact, fact.event) for fact in facts if isinstance(fact.event, AmountCommitted)), None)
    if found is None:
        return None
    fact, committed = found
    payments = _payments(facts)
    amounts = [(each.name, event.amount_cents) for each in facts if isinstance(event := each.event, AmountDecommitted)]
    amounts += [
        (each.name, event.amount_cents) for each in facts if isinstance(event := each.event, CommitmentReversed)
    ]
    decommitted = _sum(amounts)
    liquidated = _figure_sum([payment.amount for payment in payments])
    outstanding = committed.amount_cents - (decommitted.value or 0) - (liquidated.value or 0)
    checked = [each.event.breaches for each in facts if isinstance(each.event, EvidenceChecked)]
    return Commitment(
        commitment=fact.key,
        line=committed.line,
        year=committed.year,
        committed=Figure.known(committed.amount_cents, fact.name),
        decommitted=decommitted,
        liquidated=liquidated,
        outstanding=Figure.known(outstanding, *names([fact.name], decommitted.events, liquidated.events)),
        convention=committed.convention,
        visa=committed.visa,
        occurred=When.maybe(fact.occurred),
        unchecked=committed.unchecked,
        payments=payments,
        claims=_claims(facts),
        recoveries=_recoveries(facts),
        origin=_system(committed.origin),
        breaches=names(committed.breaches, *checked[-1:]),
        events=tuple(each.name for each in facts),
    )


def _payments(facts: Sequence[StandingFact]) -> tuple[Payment, ...]:
    """Return the payments in the order recorded. A reference that was wholly reversed and paid again stands twice."""
    payments: list[tuple[StandingFact, PaymentLiquidated]] = []
    reversals: dict[str, list[tuple[str, int]]] = {}
    for fact in facts:
        event = fact.event
        if isinstance(event, PaymentLiquidated):
            payments.append((fact, event))
        elif isinstance(event, PaymentReversed):
            paid = next((each for each, other in reversed(payments) if other.payment == event.payment), None)
            if paid is not None:
                reversals.setdefault(paid.name, []).append((fact.name, event.amount_cents))
    return tuple(_payment(fact, event, reversals.get(fact.name, [])) for fact, event in payments)


def _payment(fact: StandingFact, event: PaymentLiquidated, reversals: Sequence[tuple[str, int]]) -> Payment:
    reversed_cents = sum(cents for _, cents in reversals)
    by: Events = (fact.name, *(name for name, _ in reversals))
    return Payment(
        payment=event.payment,
        part=event.part,
        line=event.line,
        year=event.year,
        amount=Figure.known(event.amount_cents - reversed_cents, *by),
        reversed_cents=reversed_cents,
        paid_on=event.paid_on,
        occurred=When.maybe(fact.occurred),
        claim=event.claim,
        visa=event.visa,
        unchecked=event.unchecked,
        origin=_system(event.origin),
        breaches=event.breaches,
        events=by,
    )


def _claims(facts: Sequence[StandingFact]) -> tuple[Claim, ...]:
    rejected = {event.claim: (fact.name, event) for fact in facts if isinstance(event := fact.event, ClaimRejected)}
    claims = []
    for fact in facts:
        event = fact.event
        if isinstance(event, ClaimReceived):
            no = rejected.get(event.claim)
            claims.append(
                Claim(
                    claim=event.claim,
                    amount=Figure.known(event.amount_cents, fact.name),
                    period=event.period,
                    rejected=None if no is None else no[1].reason,
                    origin=_system(event.origin),
                    breaches=event.breaches,
                    events=names([fact.name], [] if no is None else [no[0]]),
                )
            )
    return tuple(claims)


def _recoveries(facts: Sequence[StandingFact]) -> tuple[Recovery, ...]:
    recoveries = []
    for fact in facts:
        event = fact.event
        if isinstance(event, RecoveryEstablished):
            collected = [
                (other.name, other.event.amount_cents)
                for other in facts
                if isinstance(other.event, RecoveryCollected) and other.event.recovery == event.recovery
            ]
            recoveries.append(
                Recovery(
                    recovery=event.recovery,
                    amount=Figure.known(event.amount_cents, fact.name),
                    collected=_sum(collected),
                    payment=event.payment,
                    reason=event.reason,
                    origin=_system(event.origin),
                    breaches=event.breaches,
                    events=names([fact.name], [name for name, _ in collected]),
                )
            )
    return tuple(recoveries)


def _sum(amounts: Sequence[tuple[str, int]]) -> Figure[int]:
    """Return a sum of facts; none when there is not one of them."""
    if not amounts:
        return Figure(state="none")
    return Figure.known(sum(cents for _, cents in amounts), *(name for name, _ in amounts))


def _figure_sum(figures: Sequence[Figure[int]]) -> Figure[int]:
    if not figures:
        return Figure(state="none")
    return Figure.known(sum(each.value or 0 for each in figures), *names(*(each.events for each in figures)))


def _system(origin: Origin | None) -> str | None:
    return None if origin is None else origin.system
