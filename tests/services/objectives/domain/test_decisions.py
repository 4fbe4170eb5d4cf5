from __future__ import annotations

from datetime import date
from functools import partial

import pytest
from pydantic import ValidationError

from contracts.dates import ImpreciseDate
from contracts.decisions import (
    ApprovalGranted,
    ApprovalRefused,
    ApprovalRequested,
    ApprovalWithdrawn,
    Body,
    ContractAwarded,
    DecisionNotified,
    OpinionOverridden,
    OpinionRequested,
    ProjectSelected,
)
from contracts.dossiers import DossierSuspended
from contracts.evidence import Ladder, Order
from regesta.command import Aggregate, Command, Rule
from regesta.errors import EvidenceMissing, Refused
from regesta.event import Event
from regesta.testing import Domain
from services.objectives.app import AGGREGATES, ORDER
from services.objectives.domain import errors
from services.objectives.domain.decisions import (
    AwardContract,
    GrantApproval,
    IssueOpinion,
    NotifyDecision,
    OverrideOpinion,
    RefuseApproval,
    RequestApproval,
    RequestOpinion,
    SelectProject,
    WithdrawApproval,
    grant_approval,
)
from tests.services.objectives.samples import (
    APPLICATION,
    CONNECTOR,
    DOSSIER,
    EUROGES,
    NEW,
    PARTY,
    SECOND,
    STREAM,
    granted,
    inspected,
    opened,
)

AGREED = granted("budget_minister")
OVERRIDDEN = OpinionOverridden(opinion_of="inspector_of_finance", by="government", reason="urgent")


def grant(authority: Body, cents: int | None) -> GrantApproval:
    return GrantApproval(dossier=DOSSIER, authority=authority, step="grant", amount_cents=cents)


@pytest.mark.parametrize(
    ("given", "authority", "cents"),
    [
        ([], "minister", 0),
        ([inspected(), AGREED], "government", None),
        ([], "minister", 310_000),
        ([inspected()], "minister", 310_001),
        ([inspected("with_remarks")], "minister", 310_001),
        ([inspected()], "minister", 620_000),
        ([inspected(), AGREED], "minister", 620_001),
        ([inspected(), AGREED], "minister", 1_500_000),
        ([inspected(), granted("budget_minister", 1_400_000)], "minister", 1_400_000),
        ([inspected(), AGREED], "government", 1_500_001),
        ([inspected("unfavourable"), OVERRIDDEN, AGREED], "government", 1_500_001),
        ([inspected("unfavourable"), inspected(round_=2), AGREED], "government", 1_500_001),
        ([], "budget_minister", 1_500_001),
        ([], "monitoring_committee", 1_500_001),
        ([], "government", 310_000),
    ],
)
def test_who_decides_with_which_evidence(given: list[Event], authority: Body, cents: int | None) -> None:
    facts = opened().given({STREAM: given}).when(grant(authority, cents))
    assert facts == {STREAM: [granted(authority, cents)]}


AGREED_TO_A_PERIMETER = granted("budget_minister").model_copy(update={"step": "perimeter"})
WITHDRAWN = ApprovalWithdrawn(authority="budget_minister", step="grant", reason="credits blocked")


@pytest.mark.parametrize(
    ("given", "authority", "cents", "lacking"),
    [
        ([], "minister", 310_001, ["opinion-missing"]),
        ([inspected("unfavourable")], "minister", 310_001, ["opinion-unfavourable"]),
        ([inspected(), inspected("unfavourable", 2)], "minister", 310_001, ["opinion-unfavourable"]),
        ([inspected(), inspected("unfavourable", 2), OVERRIDDEN], "minister", 310_001, ["opinion-unfavourable"]),
        ([inspected()], "minister", 620_001, ["budget-agreement-missing"]),
        ([inspected(), AGREED, WITHDRAWN], "minister", 620_001, ["budget-agreement-missing"]),
        ([inspected(), granted("budget_minister", 620_000)], "minister", 620_001, ["budget-agreement-missing"]),
        ([inspected(), AGREED_TO_A_PERIMETER], "minister", 620_001, ["budget-agreement-missing"]),
        ([inspected(), AGREED], "minister", 1_500_001, ["authority-too-low"]),
        ([], "minister", None, ["opinion-missing", "budget-agreement-missing", "authority-too-low"]),
        (
            [inspected("unfavourable", application=APPLICATION), inspected(round_=2, application=SECOND)],
            "minister",
            310_001,
            ["opinion-unfavourable"],
        ),
        ([], "administration", 1, ["authority-too-low"]),
        ([], "other", 1, ["authority-too-low"]),
        ([], "minister", 1_500_001, ["opinion-missing", "budget-agreement-missing", "authority-too-low"]),
    ],
)
def test_a_cent_more_needs_more(given: list[Event], authority: Body, cents: int, lacking: list[str]) -> None:
    here = opened().given({STREAM: given})
    command = grant(authority, cents)
    with pytest.raises(Refused) as refused:
        here.when(command)
    assert refused.value.code == lacking[0]
    (reported,) = here.when(command.model_copy(update={"origin": EUROGES}), roles=CONNECTOR)[STREAM]
    assert reported.model_dump()["breaches"] == tuple(lacking)


def test_only_a_grant_has_limits() -> None:
    command = grant("minister", 1_250_000_000).model_copy(update={"step": "programme"})
    assert opened("programme").when(command) != {}


def test_limits_hold_from_their_day() -> None:
    old = ORDER.ladder[0]
    new = old.model_copy(update={"since": date(2024, 1, 1), "opinion_above_cents": 500_000})
    decide = partial(grant_approval, Order(ladder=(old, new)))
    aggregates: tuple[Aggregate, ...] = AGGREGATES  # type: ignore[type-arg]  # of several states
    rules: tuple[Rule[Command], ...] = (Rule(GrantApproval, decide),)

    def given() -> Domain:
        here = Domain(aggregates, rules)
        here._facts = opened()._facts
        return here

    before, after = ImpreciseDate("2023-12-31"), ImpreciseDate("2024-01-01")
    command = grant("minister", 500_000)
    with pytest.raises(errors.OpinionMissing):
        given().when(command.model_copy(update={"occurred": before}))
    assert given().when(command.model_copy(update={"occurred": after})) != {}
    assert given().when(command) != {}, "today is after both"
    none = Order(ladder=(new,))
    assert none.on(date(2023, 12, 31)) is None


def test_limits_are_in_the_order_of_their_days() -> None:
    one = ORDER.ladder[0]
    with pytest.raises(ValidationError, match="must rise"):
        Order(ladder=(one, one))
    with pytest.raises(ValidationError):
        Ladder.model_validate(one.model_dump() | {"government_above_cents": 0})


def test_the_rounds_of_an_approval() -> None:
    here = opened("regulation")
    first = {"dossier": DOSSIER, "authority": "government", "step": "first_reading"}
    again = first | {"round": 2, "reference": "R2"}
    same = {"authority": "government", "step": "first_reading"}
    for command, event in (
        (RequestApproval.model_validate(first), ApprovalRequested.model_validate(same)),
        (GrantApproval.model_validate(first), ApprovalGranted.model_validate(same)),
        (
            WithdrawApproval.model_validate(first | {"reason": "new facts"}),
            ApprovalWithdrawn.model_validate(same | {"reason": "new facts"}),
        ),
        (
            RefuseApproval.model_validate(again),
            ApprovalRefused.model_validate(same | {"round": 2, "reference": "R2"}),
        ),
    ):
        assert here.when(command) == {STREAM: [event]}
        assert here.when(command) == {}
    with pytest.raises(errors.AlreadyDecided, match="round 1"):
        here.when(RefuseApproval.model_validate(first))
    with pytest.raises(errors.AlreadyDecided, match="round 2"):
        here.when(GrantApproval.model_validate(again))
    with pytest.raises(errors.NotGranted):
        here.when(WithdrawApproval.model_validate(again | {"reason": "x"}))
    with pytest.raises(errors.StepDiffers):
        here.when(GrantApproval.model_validate(first | {"reference": "R1"}))


def test_opinions_are_asked_given_and_overridden() -> None:
    here = opened()
    body = {"dossier": DOSSIER, "by": "inspector_of_finance"}
    override = OverrideOpinion(dossier=DOSSIER, opinion_of="inspector_of_finance", by="government", reason="urgent")
    assert here.when(RequestOpinion.model_validate(body)) == {STREAM: [OpinionRequested(by="inspector_of_finance")]}
    with pytest.raises(errors.OpinionNotIssued):
        here.when(override)
    assert here.when(IssueOpinion.model_validate(body | {"verdict": "unfavourable"})) == {
        STREAM: [inspected("unfavourable")]
    }
    assert here.when(override) == {STREAM: [OVERRIDDEN]}
    with pytest.raises(errors.StepDiffers):
        here.when(IssueOpinion.model_validate(body | {"verdict": "favourable"}))
    here.when(IssueOpinion.model_validate(body | {"verdict": "favourable", "round": 2}))
    with pytest.raises(errors.NothingToOverride):
        here.when(override.model_copy(update={"round": 2}))
    with pytest.raises(errors.ApplicationUnknown):
        here.when(RequestOpinion.model_validate(body | {"application": NEW}))


def test_who_is_told_selected_and_awarded() -> None:
    for command, event in (
        (NotifyDecision(dossier=DOSSIER, to=PARTY), DecisionNotified(to=PARTY)),
        (SelectProject(dossier=DOSSIER, party=PARTY), ProjectSelected(party=PARTY)),
        (AwardContract(dossier=DOSSIER, party=PARTY, amount_cents=3), ContractAwarded(party=PARTY, amount_cents=3)),
    ):
        here = opened().given({STREAM: [granted("minister", 1)]})
        assert here.when(command) == {STREAM: [event]}
        assert here.when(command) == {}
        field = "to" if isinstance(command, NotifyDecision) else "party"
        with pytest.raises(errors.PartyNotKnown):
            here.when(command.model_copy(update={field: NEW}))


def test_nothing_is_decided_while_it_waits() -> None:
    here = opened().given({STREAM: [DossierSuspended(reason="appeal")]})
    with pytest.raises(errors.DossierIsSuspended):
        here.when(grant("minister", 1))
    (reported,) = here.when(grant("minister", 1).model_copy(update={"origin": EUROGES}), roles=CONNECTOR)[STREAM]
    assert reported.model_dump()["breaches"] == ("dossier-suspended",)


def test_a_notice_before_its_decision_is_refused_with_all_that_is_missing() -> None:
    told = NotifyDecision(dossier=DOSSIER, to=PARTY)
    with pytest.raises(EvidenceMissing, match="no decision of minister or government") as refused:
        opened().when(told)
    assert refused.value.rules == ("decision-missing",)
    here = opened().given({STREAM: [granted("minister", 1_500_001)]})
    with pytest.raises(EvidenceMissing) as refused:
        here.when(told)
    assert refused.value.rules == ("opinion-missing", "budget-agreement-missing", "decision-missing")
    reported = told.model_copy(update={"origin": EUROGES})
    (kept,) = here.when(reported, roles=CONNECTOR)[STREAM]
    assert kept.model_dump()["breaches"] == refused.value.rules


def test_a_notice_on_what_is_no_subsidy_needs_no_grant() -> None:
    assert opened("procurement").when(NotifyDecision(dossier=DOSSIER, to=PARTY)) != {}


def test_a_notice_of_a_refusal_needs_the_refusal() -> None:
    here = opened().given({STREAM: [ApprovalRefused(authority="minister", step="grant")]})
    assert here.when(NotifyDecision(dossier=DOSSIER, to=PARTY)) != {}
