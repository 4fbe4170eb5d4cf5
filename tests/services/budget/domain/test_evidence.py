"""A commitment on a dossier comes after the steps that its amount and day require."""

from __future__ import annotations

from datetime import date
from functools import partial

import pytest

from contracts.commitments import AmountCommitted, EvidenceChecked
from contracts.dates import ImpreciseDate
from contracts.decisions import ApprovalGranted, ApprovalWithdrawn, OpinionIssued, OpinionOverridden
from contracts.dossiers import DossierKind, DossierOpened
from contracts.evidence import Exemption
from contracts.types import Text
from regesta.command import Aggregate, Command, Rule
from regesta.errors import EvidenceMissing
from regesta.event import Event, FactWithdrawn
from regesta.testing import Domain
from services.budget.app import AGGREGATES, ELSEWHERE, ORDER, RULES
from services.budget.domain.commitment import CheckEvidence, Commit, ReverseCommitment
from services.budget.domain.commitment import commit as decide
from tests.services.budget.samples import CONNECTOR, CONVENTION, DOSSIER, LINE, ONE, SAP, budget, commit, sign

OF_DOSSIER = f"dossier/{DOSSIER}"
STREAM = f"commitment/{ONE}"
FAVOURABLE = OpinionIssued(by="inspector_of_finance", verdict="favourable")
AGREED = ApprovalGranted(authority="budget_minister", step="grant")
GRANTED = ApprovalGranted(authority="government", step="grant", amount_cents=1_250_000_000)


def known(*steps: Event, kind: DossierKind = "subsidy") -> Domain:
    """Return budget with what it knows of the dossier."""
    return budget().given({OF_DOSSIER: [DossierOpened(kind=kind, title=Text(fr="Quartier")), *steps]})


def on_dossier(cents: int) -> Commit:
    return commit(cents).model_copy(update={"dossier": DOSSIER})


def missing(here: Domain, command: Command) -> list[str]:
    with pytest.raises(EvidenceMissing) as refused:
        here.when(command)
    listed = refused.value.details["missing"]
    assert isinstance(listed, list)
    assert [each["rule"] for each in listed] == list(refused.value.rules)
    return list(refused.value.rules)


def test_a_commitment_says_which_cut_its_evidence_was_seen_at() -> None:
    here = known(FAVOURABLE, AGREED, GRANTED)
    (fact,) = here.when(on_dossier(1_250_000_000))[STREAM]
    assert isinstance(fact, AmountCommitted)
    assert (fact.inputs, fact.breaches) == ({"objectives": 7}, ())
    assert here.when(on_dossier(1_250_000_000)) == {}, "the cut is no part of what it says"


def test_exactly_the_missing_steps_are_listed() -> None:
    assert missing(known(), on_dossier(1)) == ["decision-missing"]
    assert missing(known(GRANTED), on_dossier(310_001)) == ["opinion-missing"]
    assert missing(known(GRANTED, FAVOURABLE), on_dossier(620_001)) == ["budget-agreement-missing"]
    assert missing(known(GRANTED, FAVOURABLE, AGREED), on_dossier(1_250_000_001)) == ["decision-missing"]
    everything = ["opinion-missing", "budget-agreement-missing", "decision-missing"]
    assert missing(known(), on_dossier(1_500_001)) == everything


def test_an_unfavourable_opinion_that_was_overridden_is_enough() -> None:
    against = OpinionIssued(by="inspector_of_finance", verdict="unfavourable")
    assert missing(known(GRANTED, against), on_dossier(310_001)) == ["opinion-unfavourable"]
    over = OpinionOverridden(opinion_of="inspector_of_finance", by="government", reason="urgent")
    assert known(GRANTED, against, over).when(on_dossier(310_001))


def test_an_approval_that_was_taken_back_or_never_given_is_none() -> None:
    back = ApprovalWithdrawn(authority="government", step="grant", reason="blocked")
    assert missing(known(GRANTED, back), on_dossier(1)) == ["decision-missing"]
    here = known(GRANTED)
    here.given({OF_DOSSIER: [FactWithdrawn(event="objectives:5", reason="another dossier")]})
    assert missing(here, on_dossier(1)) == ["decision-missing"]


@pytest.mark.parametrize("kind", ["procurement", "study", "regulation", "plan", "agreement", "programme", "call"])
def test_only_a_subsidy_has_the_order(kind: DossierKind) -> None:
    assert known(kind=kind).when(on_dossier(1_500_001))


def test_a_commitment_under_a_convention_is_on_its_dossier() -> None:
    here = known()
    here.when(sign(100))
    assert missing(here, commit(100, convention=CONVENTION)) == ["decision-missing"]


def test_what_a_system_of_record_did_is_recorded_with_what_it_breaks() -> None:
    (fact,) = known(GRANTED).when(on_dossier(620_001).model_copy(update={"origin": SAP}), roles=CONNECTOR)[STREAM]
    assert isinstance(fact, AmountCommitted)
    assert fact.breaches == ("opinion-missing", "budget-agreement-missing")
    assert fact.inputs == {"objectives": 5}


def test_a_line_that_is_exempt_and_a_day_before_any_ladder_need_nothing() -> None:
    exempt = Exemption(line=LINE, since=date(2024, 1, 1), until=date(2024, 12, 31), reason="Decision of 2023-12-14")
    order = ORDER.model_copy(update={"exemption": (exempt,)})
    aggregates: tuple[Aggregate, ...] = (*AGGREGATES, *ELSEWHERE)  # type: ignore[type-arg]  # of several states
    rules = (*(each for each in RULES if each.command is not Commit), Rule(Commit, partial(decide, order)))
    here = Domain(aggregates, rules)
    here._facts = known()._facts
    last, over = ImpreciseDate("2024-12-31"), ImpreciseDate("2025-01-01")
    assert missing(here, on_dossier(1).model_copy(update={"occurred": over})) == ["decision-missing"]
    assert here.when(on_dossier(1).model_copy(update={"occurred": last}))
    before = on_dossier(1_500_001).model_copy(update={"occurred": ImpreciseDate("1989-01-11")})
    assert known().when(before)


def check(here: Domain) -> list[tuple[str, ...]]:
    """Return what a check of the evidence finds: nothing when it is as it was."""
    facts = here.when(CheckEvidence(commitment=ONE)).get(STREAM, [])
    return [each.breaches for each in facts if isinstance(each, EvidenceChecked)]


def test_a_finding_is_recorded_when_it_changes_and_only_then() -> None:
    here = known(FAVOURABLE, AGREED, GRANTED)
    here.when(on_dossier(1_250_000_000))
    assert check(here) == []
    here.given({OF_DOSSIER: [ApprovalWithdrawn(authority="government", step="grant", reason="annulled")]})
    (found,) = here.when(CheckEvidence(commitment=ONE))[STREAM]
    assert found == EvidenceChecked(breaches=("decision-missing",), inputs={"objectives": 10})
    assert check(here) == []
    again = ApprovalGranted(authority="government", step="grant", round=2)
    here.given({OF_DOSSIER: [again]})
    assert check(here) == [()]
    assert check(here) == []


def test_what_was_reported_without_evidence_is_in_order_once_it_came() -> None:
    here = known(GRANTED)
    here.when(on_dossier(310_001).model_copy(update={"origin": SAP}), roles=CONNECTOR)
    assert check(here) == [], "what it broke when it was reported is known"
    here.given({OF_DOSSIER: [FAVOURABLE]})
    assert check(here) == [()]


def test_what_was_taken_back_needs_no_evidence() -> None:
    here = known(GRANTED)
    here.when(on_dossier(310_001).model_copy(update={"origin": SAP}), roles=CONNECTOR)
    here.when(ReverseCommitment(commitment=ONE, reason="wrong dossier"))
    assert check(here) == [()]


def test_a_commitment_is_judged_later_by_the_order_of_its_day() -> None:
    here = known()
    here.when(on_dossier(1_500_001).model_copy(update={"occurred": ImpreciseDate("1989-01-11")}))
    assert check(here) == []
    nothing_to_look_for = budget()
    nothing_to_look_for.when(commit(1_500_001))
    assert check(nothing_to_look_for) == []
