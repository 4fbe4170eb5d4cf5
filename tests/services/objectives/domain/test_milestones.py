from __future__ import annotations

import pytest

from contracts.dates import ImpreciseDate
from contracts.dossiers import (
    DossierCompleted,
    DossierSuspended,
    MilestoneCancelled,
    MilestoneReached,
    MilestoneRescheduled,
)
from regesta.event import Event, FactWithdrawn
from services.objectives.domain import errors
from services.objectives.domain.milestones import (
    CancelMilestone,
    PlanMilestone,
    ReachMilestone,
    RescheduleMilestone,
    SettleAdvance,
)
from tests.services.objectives.samples import DOSSIER, MILESTONE, NEW, STREAM, domain, opened, planned

PLAN = PlanMilestone(dossier=DOSSIER, milestone=MILESTONE, kind="advance", due=ImpreciseDate("2024-36"))
MOVE = RescheduleMilestone(dossier=DOSSIER, milestone=MILESTONE, new=ImpreciseDate("2025-33"))
REACH = ReachMilestone(dossier=DOSSIER, milestone=MILESTONE, on=ImpreciseDate("2024-12-02"))
CANCEL = CancelMilestone(dossier=DOSSIER, milestone=MILESTONE, reason="no advance")
MOVED = MilestoneRescheduled(milestone=MILESTONE, old=ImpreciseDate("2024-36"), new=ImpreciseDate("2025-33"))
REACHED = MilestoneReached(milestone=MILESTONE, on=ImpreciseDate("2024-12-02"))
CANCELLED = MilestoneCancelled(milestone=MILESTONE, reason="no advance")
FIRST = SettleAdvance(dossier=DOSSIER, payment="budget:7", on=ImpreciseDate("2024-02-01"))
BY_PAYMENT = MilestoneReached(milestone=MILESTONE, on=ImpreciseDate("2024-02-01"), evidence=("budget:7",))


def test_planned_moved_and_reached() -> None:
    here = opened()
    for command, event in ((PLAN, planned()), (MOVE, MOVED), (REACH, REACHED)):
        assert here.when(command) == {STREAM: [event]}
        assert here.when(command) == {}
    with pytest.raises(errors.MilestoneDiffers):
        here.when(PLAN.model_copy(update={"kind": "approval"}))
    with pytest.raises(errors.MilestoneDiffers):
        here.when(REACH.model_copy(update={"on": "2024-12-03"}))
    with pytest.raises(errors.MilestoneSettled):
        here.when(CANCEL)
    with pytest.raises(errors.MilestoneSettled):
        here.when(MOVE.model_copy(update={"new": "2026"}))


def test_a_cancelled_milestone_is_not_reached() -> None:
    here = opened().given({STREAM: [planned()]})
    assert here.when(CANCEL) == {STREAM: [CANCELLED]}
    assert here.when(CANCEL) == {}
    with pytest.raises(errors.MilestoneSettled):
        here.when(REACH)


@pytest.mark.parametrize("command", [MOVE, REACH, CANCEL])
def test_what_was_not_planned_is_unknown(command: ReachMilestone) -> None:
    with pytest.raises(errors.UnknownMilestone, match=MILESTONE):
        opened().when(command)
    with pytest.raises(errors.UnknownDossier):
        domain().when(command)


def test_a_dossier_that_waits_may_plan_and_one_that_ended_may_only_cancel() -> None:
    waiting = opened().given({STREAM: [DossierSuspended(reason="appeal")]})
    assert waiting.when(PLAN) != {}
    ended = opened().given({STREAM: [planned(), DossierCompleted()]})
    for command in (MOVE, REACH, PLAN.model_copy(update={"milestone": NEW})):
        with pytest.raises(errors.DossierHasEnded):
            ended.when(command)
    assert ended.when(CANCEL) != {}


def test_an_advance_reaches_the_first_open_milestone_of_its_kind() -> None:
    here = opened().given({STREAM: [planned("approval", NEW), planned(), planned("advance", DOSSIER)]})
    assert here.when(FIRST) == {STREAM: [BY_PAYMENT]}
    assert here.when(FIRST) == {}
    assert here.when(FIRST.model_copy(update={"payment": "budget:8"})) == {}


@pytest.mark.parametrize("facts", [[], [planned("approval")], [planned(), CANCELLED], [planned(), REACHED]])
def test_an_advance_reaches_nothing_else(facts: list[Event]) -> None:
    assert opened().given({STREAM: facts}).when(FIRST) == {}


def test_an_advance_of_an_unknown_or_ended_dossier_is_no_error() -> None:
    assert domain().when(FIRST) == {}
    assert opened().given({STREAM: [planned(), DossierCompleted()]}).when(FIRST) == {STREAM: [BY_PAYMENT]}


def test_a_reversed_advance_takes_back_what_it_reached() -> None:
    here = opened().given({STREAM: [planned(), BY_PAYMENT]})  # objectives:12, objectives:13
    command = SettleAdvance(dossier=DOSSIER, reversed=("budget:7",))
    (withdrawn,) = here.when(command)[STREAM]
    assert isinstance(withdrawn, FactWithdrawn)
    assert withdrawn.event == "objectives:13"
    assert here.when(command) == {}
    later = FIRST.model_copy(update={"payment": "budget:9", "reversed": ("budget:7",)})
    assert here.when(later) == {STREAM: [BY_PAYMENT.model_copy(update={"evidence": ("budget:9",)})]}


def test_the_next_advance_takes_over_in_the_same_unit() -> None:
    here = opened().given({STREAM: [planned(), BY_PAYMENT]})
    facts = here.when(FIRST.model_copy(update={"payment": "budget:9", "reversed": ("budget:7",)}))[STREAM]
    assert [fact.name for fact in facts] == ["fact-withdrawn.v1", "milestone-reached.v1"]
    assert facts[1] == BY_PAYMENT.model_copy(update={"evidence": ("budget:9",)})


def test_a_late_word_of_a_payment_that_was_withdrawn_does_nothing() -> None:
    here = opened().given({STREAM: [planned(), BY_PAYMENT, FactWithdrawn(event="objectives:13", reason="mistake")]})
    assert here.when(FIRST) == {}
