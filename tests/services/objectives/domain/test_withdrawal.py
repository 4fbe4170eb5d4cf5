from __future__ import annotations

import pytest

from contracts.decisions import ApplicationCompleted, ApplicationReceived, ApprovalWithdrawn, OpinionOverridden
from contracts.dossiers import DossierCompleted, MilestoneCancelled, MilestoneReached, MilestoneRescheduled
from contracts.objectives import AmountPrinted, FieldStated
from contracts.types import NONE, Text
from regesta.errors import NotWithdrawable
from regesta.event import Event, FactWithdrawn
from services.objectives.domain import errors
from services.objectives.domain.decisions import GrantApproval
from services.objectives.domain.dossier import Dossier
from services.objectives.domain.withdrawal import WithdrawFact
from tests.services.objectives.samples import (
    ACTION,
    APPLICATION,
    DOSSIER,
    EUROGES,
    MILESTONE,
    STREAM,
    domain,
    granted,
    inspected,
    opened,
    planned,
)

# The eleventh fact opens the dossier.
FIRST, SECOND, THIRD = "objectives:12", "objectives:13", "objectives:14"
AGREED = granted("budget_minister")


def withdraw(event: str) -> WithdrawFact:
    return WithdrawFact(kind="dossier", id=DOSSIER, event=event, reason="typed twice")


def test_a_step_is_withdrawn_once_and_may_come_again() -> None:
    here = opened().given({STREAM: [granted("minister", 5)]})
    assert here.when(withdraw(FIRST)) == {STREAM: [FactWithdrawn(event=FIRST, reason="typed twice")]}
    assert here.when(withdraw(FIRST)) == {}
    command = GrantApproval(dossier=DOSSIER, authority="minister", step="grant", amount_cents=6)
    assert here.when(command) == {STREAM: [granted("minister", 6)]}


def test_a_printed_fact_is_withdrawn_and_a_statement_is_not() -> None:
    here = domain().given(
        {f"objective/{ACTION}": [AmountPrinted(text=Text(fr="12 Mio")), FieldStated(field="output", value=NONE)]}
    )
    command = WithdrawFact(kind="objective", id=ACTION, event="objectives:11", reason="typed twice")
    assert here.when(command) == {f"objective/{ACTION}": [FactWithdrawn(event="objectives:11", reason="typed twice")]}
    for event in ("objectives:12", "objectives:1", "objectives:99", "budget:12"):
        with pytest.raises(NotWithdrawable, match=event):
            here.when(command.model_copy(update={"event": event}))


@pytest.mark.parametrize("event", ["objectives:11", "objectives:1", "budget:12"])
def test_what_opens_a_thing_is_never_withdrawn(event: str) -> None:
    with pytest.raises(NotWithdrawable):
        opened().when(withdraw(event))


@pytest.mark.parametrize(
    ("step", "resting"),
    [
        (planned(), MilestoneReached.model_validate({"milestone": MILESTONE, "on": "2024"})),
        (planned(), MilestoneCancelled(milestone=MILESTONE, reason="x")),
        (ApplicationReceived(application=APPLICATION), ApplicationCompleted(application=APPLICATION)),
        (
            inspected("unfavourable"),
            OpinionOverridden(opinion_of="inspector_of_finance", by="government", reason="urgent"),
        ),
        (granted("minister", 1), ApprovalWithdrawn(authority="minister", step="grant", reason="x")),
        (inspected(), granted("minister", 310_001)),
    ],
)
def test_what_others_rest_on_stays_until_they_are_withdrawn(step: Event, resting: Event) -> None:
    here = opened().given({STREAM: [step, resting]})
    with pytest.raises(errors.FactsInTheWay) as refused:
        here.when(withdraw(FIRST))
    assert refused.value.details["events"] == [SECOND]
    here.when(withdraw(SECOND))
    assert here.when(withdraw(FIRST)) != {}


def test_the_agreement_that_a_grant_needs_stays() -> None:
    here = opened().given({STREAM: [inspected(), AGREED, granted("government", 1_500_001)]})
    with pytest.raises(errors.FactsInTheWay) as refused:
        here.when(withdraw(SECOND))
    assert refused.value.details["events"] == [THIRD]


def test_a_reported_grant_holds_nothing_back() -> None:
    reported = granted("minister", 310_001).model_copy(update={"origin": EUROGES})
    assert opened().given({STREAM: [inspected(), reported]}).when(withdraw(FIRST)) != {}


def test_a_grant_that_needs_no_opinion_holds_none_back() -> None:
    assert opened().given({STREAM: [inspected(), granted("minister", 310_000)]}).when(withdraw(FIRST)) != {}


def test_another_opinion_takes_its_place() -> None:
    facts = [inspected(), inspected(round_=2), granted("minister", 310_001)]
    assert opened().given({STREAM: facts}).when(withdraw(FIRST)) != {}


def test_what_a_grant_lacked_before_holds_nothing_back() -> None:
    unrelated = granted("minister").model_copy(update={"step": "programme"})
    assert opened().given({STREAM: [unrelated, granted("minister", 310_001)]}).when(withdraw(FIRST)) != {}


def test_a_mistake_is_corrected_after_the_end_too() -> None:
    here = opened().given({STREAM: [granted("minister", 1), DossierCompleted()]})
    assert here.when(withdraw(FIRST)) != {}


def test_a_withdrawn_milestone_is_as_if_never_planned() -> None:
    here = opened().given({STREAM: [planned()]})
    here.when(withdraw(FIRST))
    assert here.state(Dossier, DOSSIER).milestones == {}


def test_a_move_that_is_withdrawn_gives_the_former_date_back() -> None:
    move = {"milestone": MILESTONE, "old": "2024-36", "new": "2025"}
    here = opened().given({STREAM: [planned(), MilestoneRescheduled.model_validate(move)]})
    assert here.state(Dossier, DOSSIER).milestones[MILESTONE].due == "2025"
    here.when(withdraw(SECOND))
    assert here.state(Dossier, DOSSIER).milestones[MILESTONE].due == "2024-36"
