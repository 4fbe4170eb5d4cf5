from __future__ import annotations

from contracts.commitments import (
    AmountCommitted,
    AmountDecommitted,
    ClaimReceived,
    ClaimRejected,
    ConventionAmended,
    ConventionSigned,
    ConventionTerminated,
    EvidenceChecked,
    PaymentLiquidated,
    PaymentReversed,
    RecoveryCollected,
    RecoveryEstablished,
)
from contracts.dates import ImpreciseDate
from contracts.decisions import ApprovalGranted, OpinionIssued
from contracts.dossiers import (
    DossierOpened,
    DossierResumed,
    DossierStopped,
    DossierSuspended,
    MilestoneCancelled,
    MilestonePlanned,
    MilestoneReached,
    MilestoneRescheduled,
)
from contracts.objectives import ObjectiveRegistered
from contracts.types import Origin, Text
from regesta.event import Event
from services.reporting.domain.dossiers import Commitment, Dossier, Milestone
from tests.services.reporting.domain.facts import LINE, ONE, THREE, TWO, Facts

COMMITTED = AmountCommitted(line=LINE, year=2024, amount_cents=1_000, dossier=TWO, unchecked=True)


def served(*events: Event) -> Facts:
    facts = Facts()
    facts.register(ObjectiveRegistered(objective=ONE, level="operational", code="IV.1"))
    opened = DossierOpened(kind="subsidy", title=Text(fr="Petite Suisse"), objectives=(ONE,))
    facts.add("dossiers", f"dossier/{TWO}", opened, *events)
    facts.dossier_links[f"dossier/{TWO}"] = (f"objective/{ONE}",)
    return facts


def dossier(facts: Facts) -> Dossier:
    (objective,) = facts.letter().objectives
    (shown,) = objective.dossiers
    return shown


def milestone(*events: Event) -> Milestone:
    (shown,) = dossier(served(*events)).milestones
    return shown


def planned(due: str) -> MilestonePlanned:
    return MilestonePlanned(milestone=THREE, kind="advance", due=ImpreciseDate(due))


def reached(on: str) -> MilestoneReached:
    return MilestoneReached(milestone=THREE, on=ImpreciseDate(on), evidence=("budget:7",))


def moved(new: str) -> MilestoneRescheduled:
    return MilestoneRescheduled(milestone=THREE, old=ImpreciseDate("2024-33"), new=ImpreciseDate(new))


def committed(*events: Event) -> Commitment:
    facts = served()
    facts.add("commitments", f"commitment/{THREE}", COMMITTED, *events)
    (shown,) = dossier(facts).commitments
    return shown


def paid(payment: str, cents: int) -> PaymentLiquidated:
    return PaymentLiquidated(payment=payment, line=LINE, year=2024, amount_cents=cents, part="interim")


def taken_back(payment: str, cents: int) -> PaymentReversed:
    return PaymentReversed(payment=payment, line=LINE, year=2024, amount_cents=cents, reason="paid twice")


def test_a_milestone_is_late_only_when_that_is_certain() -> None:
    assert milestone(planned("2024-33"), reached("2024-04-10")).late is True
    assert milestone(planned("2024-33"), reached("2024-03-31")).late is False
    assert milestone(planned("2024-33"), reached("2024-03/2024-04")).late is None
    assert milestone(planned("2024-01/.."), reached("2025")).late is None
    assert milestone(planned("2024-33")).late is None


def test_a_milestone_that_was_moved_is_measured_by_its_new_date() -> None:
    shown = milestone(planned("2024-33"), moved("2024-34"), reached("2024-04-10"))
    assert (shown.first_due.edtf, shown.due.edtf, shown.late, shown.evidence) == (
        "2024-33",
        "2024-34",
        False,
        ("budget:7",),
    )


def test_a_milestone_stands_as_last_said() -> None:
    cancelled = MilestoneCancelled(milestone=THREE, reason="no more")
    assert [milestone(planned("2024"), *more).state for more in ((), (reached("2024"),), (cancelled,))] == [
        "planned",
        "reached",
        "cancelled",
    ]
    # Its plan was withdrawn: what else was said of it does not stand alone.
    assert dossier(served(reached("2024"))).milestones == ()


def test_steps_come_in_the_order_recorded_with_what_their_kind_has() -> None:
    opinion = OpinionIssued(by="inspector_of_finance", verdict="favourable", document="IF-12")
    approval = ApprovalGranted(
        authority="government",
        step="first_reading",
        round=2,
        amount_cents=5,
        origin=Origin(system="sap"),
        breaches=("too-much",),
    )
    first, second = dossier(served(opinion, approval)).steps
    assert (first.kind, first.body, first.verdict, first.reference, first.party) == (
        "opinion-issued",
        "inspector_of_finance",
        "favourable",
        "IF-12",
        None,
    )
    assert (second.body, second.step, second.round, second.amount_cents) == ("government", "first_reading", 2, 5)
    assert (second.origin, second.breaches) == ("sap", ("too-much",))


def test_a_step_shows_no_member_that_only_a_later_release_knows() -> None:
    granted = ApprovalGranted.model_validate(
        {"step": "grant", "authority": "government", "reason": "of a later release"}
    )
    (shown,) = dossier(served(granted)).steps
    assert granted.model_extra
    assert (shown.step, shown.reason) == ("grant", None)


def test_a_dossier_is_in_the_state_last_said_and_one_opened_in_error_is_left_out() -> None:
    wait, go = DossierSuspended(reason="waiting"), DossierResumed()
    assert [dossier(served(*more)).state for more in ((), (wait,), (wait, go))] == ["open", "suspended", "open"]
    error = served(DossierStopped(reason="twice", registered_in_error=True))
    assert error.letter().objectives[0].dossiers == ()


def test_a_convention_shows_its_terms_as_last_amended() -> None:
    facts = served()
    names = facts.add(
        "conventions",
        f"convention/{THREE}",
        ConventionSigned(dossier=TWO, amount_cents=100, advance_ppm=200_000, reference="C-1"),
        ConventionAmended(amount_cents=120),
        ConventionTerminated(reason="given up"),
    )
    (shown,) = dossier(facts).conventions
    assert (shown.amount.value, shown.advance_ppm, shown.reference) == (120, None, "C-1")
    assert (shown.state, shown.reason, shown.events) == ("terminated", "given up", tuple(names))


def test_a_commitment_of_the_convention_belongs_to_the_dossier() -> None:
    facts = served()
    facts.add("conventions", f"convention/{THREE}", ConventionSigned(dossier=TWO, amount_cents=100))
    of_it = COMMITTED.model_copy(update={"dossier": None, "convention": THREE})
    facts.add("commitments", f"commitment/{ONE}", of_it)
    facts.add("commitments", f"commitment/{TWO}", COMMITTED.model_copy(update={"dossier": THREE}))
    assert [each.commitment for each in dossier(facts).commitments] == [ONE]


def test_what_is_outstanding_is_committed_less_decommitted_less_liquidated() -> None:
    freed = AmountDecommitted(decommitment="D", line=LINE, year=2024, amount_cents=100, reason="never due")
    shown = committed(paid("P1", 300), freed, paid("P2", 200), taken_back("P2", 50))
    figures = (shown.committed, shown.decommitted, shown.liquidated, shown.outstanding)
    assert [each.value for each in figures] == [1_000, 100, 450, 450]
    assert committed().decommitted.state == "none"


def test_a_payment_shows_what_still_counts_of_it() -> None:
    shown = committed(paid("P1", 300), taken_back("P1", 100), taken_back("P1", 50)).payments[0]
    assert (shown.amount.value, shown.reversed_cents, len(shown.events)) == (150, 150, 3)


def test_a_reference_paid_again_after_its_reversal_stands_twice() -> None:
    shown = committed(paid("P1", 300), taken_back("P1", 300), paid("P1", 250), taken_back("P1", 50))
    assert [each.amount.value for each in shown.payments] == [0, 200]


def test_claims_and_recoveries_do_not_change_what_was_liquidated() -> None:
    shown = committed(
        paid("P1", 300),
        ClaimReceived(claim="C1", amount_cents=300),
        ClaimRejected(claim="C1", reason="late"),
        RecoveryEstablished(recovery="R1", amount_cents=40, payment="P1"),
        RecoveryCollected(recovery="R1", amount_cents=15),
    )
    assert (shown.liquidated.value, shown.claims[0].rejected) == (300, "late")
    assert (shown.recoveries[0].amount.value, shown.recoveries[0].collected.value) == (40, 15)


def test_the_last_check_of_the_evidence_counts() -> None:
    broken = EvidenceChecked(breaches=("no-opinion",), inputs={})
    mended = EvidenceChecked(breaches=(), inputs={})
    assert [committed(*checks).breaches for checks in ((broken,), (broken, mended))] == [("no-opinion",), ()]
