from __future__ import annotations

import pytest

from contracts.dates import ImpreciseDate
from contracts.decisions import ApplicationCompleted, ApplicationReceived, ImpactTestAttached
from contracts.dossiers import (
    AppealDecided,
    AppealLodged,
    CallClosed,
    CallLaunched,
    DossierStopped,
    DossierSuspended,
    PublicInquiryClosed,
    PublicInquiryOpened,
)
from contracts.types import Origin
from regesta.errors import MayNotReport, RegestaError
from regesta.event import Event
from services.objectives.domain import errors
from services.objectives.domain.dossier import Dossier
from services.objectives.domain.party import EraseParty, RegisterParty
from services.objectives.domain.procedure import (
    AttachImpactTest,
    CloseCall,
    ClosePublicInquiry,
    CompleteApplication,
    DecideAppeal,
    LaunchCall,
    LodgeAppeal,
    OpenPublicInquiry,
    ReceiveApplication,
    ReportableCommand,
)
from tests.services.objectives.samples import (
    APPLICATION,
    CONNECTOR,
    DOSSIER,
    EUROGES,
    NEW,
    PARTY,
    STREAM,
    domain,
    opened,
)

LAUNCH = LaunchCall(dossier=DOSSIER, closes_on=ImpreciseDate("2024-06"))
RECEIVE = ReceiveApplication(dossier=DOSSIER, application=APPLICATION, applicant=PARTY, amount_cents=1)
STEPS: list[tuple[list[Event], ReportableCommand, Event]] = [
    ([], LAUNCH, CallLaunched(closes_on=ImpreciseDate("2024-06"))),
    ([CallLaunched()], CloseCall(dossier=DOSSIER, received=18), CallClosed(received=18)),
    ([], OpenPublicInquiry(dossier=DOSSIER), PublicInquiryOpened()),
    ([PublicInquiryOpened()], ClosePublicInquiry(dossier=DOSSIER, received=0), PublicInquiryClosed(received=0)),
    ([], LodgeAppeal(dossier=DOSSIER, appeal=NEW, by=PARTY), AppealLodged(appeal=NEW, by=PARTY)),
    (
        [AppealLodged(appeal=NEW)],
        DecideAppeal(dossier=DOSSIER, appeal=NEW, outcome="dismissed"),
        AppealDecided(appeal=NEW, outcome="dismissed"),
    ),
    ([], RECEIVE, ApplicationReceived(application=APPLICATION, applicant=PARTY, amount_cents=1)),
    (
        [ApplicationReceived(application=APPLICATION)],
        CompleteApplication(dossier=DOSSIER, application=APPLICATION),
        ApplicationCompleted(application=APPLICATION),
    ),
    (
        [],
        AttachImpactTest(dossier=DOSSIER, kind="equality", outcome="positive", document="T-1"),
        ImpactTestAttached(kind="equality", outcome="positive", document="T-1"),
    ),
]


@pytest.mark.parametrize(("given", "command", "event"), STEPS)
def test_a_step_is_recorded_once(given: list[Event], command: ReportableCommand, event: Event) -> None:
    here = opened("call").given({STREAM: given})
    assert here.when(command) == {STREAM: [event]}
    assert here.when(command) == {}
    assert here.when(command.model_copy(update={"origin": EUROGES}), roles=CONNECTOR) == {}, "who said so is no content"


@pytest.mark.parametrize(("given", "command", "_event"), STEPS)
def test_nothing_is_decided_on_a_dossier_that_waits_or_has_ended(
    given: list[Event], command: ReportableCommand, _event: Event
) -> None:
    for stop, refusal in (
        (DossierSuspended(reason="appeal"), errors.DossierIsSuspended),
        (DossierStopped(reason="no credits"), errors.DossierHasEnded),
    ):
        here = opened("call").given({STREAM: [*given, stop]})
        with pytest.raises(refusal):
            here.when(command)
        (reported,) = here.when(command.model_copy(update={"origin": EUROGES}), roles=CONNECTOR)[STREAM]
        assert reported.model_dump()["breaches"] == (refusal.code,)
        assert reported.model_dump()["origin"] == {"system": "euroges", "reference": "D-17"}


@pytest.mark.parametrize(
    ("command", "refusal"),
    [
        (CloseCall(dossier=DOSSIER), errors.CallNotLaunched),
        (ClosePublicInquiry(dossier=DOSSIER), errors.InquiryNotOpen),
        (DecideAppeal(dossier=DOSSIER, appeal=NEW, outcome="upheld"), errors.AppealUnknown),
        (CompleteApplication(dossier=DOSSIER, application=NEW), errors.ApplicationUnknown),
        (
            AttachImpactTest(dossier=DOSSIER, kind="dnsh", outcome="compliant", application=NEW),
            errors.ApplicationUnknown,
        ),
    ],
)
def test_what_must_come_first(command: ReportableCommand, refusal: type[RegestaError]) -> None:
    with pytest.raises(refusal):
        opened("call").when(command)
    facts = opened("call").when(command.model_copy(update={"origin": EUROGES}), roles=CONNECTOR)
    assert facts[STREAM][0].model_dump()["breaches"] == (refusal.code,)


def test_all_broken_rules_are_named() -> None:
    here = opened("call").given({STREAM: [DossierSuspended(reason="appeal")]})
    (closed,) = here.when(CloseCall(dossier=DOSSIER, origin=EUROGES), roles=CONNECTOR)[STREAM]
    assert closed.model_dump()["breaches"] == ("dossier-suspended", "call-not-launched")


def test_only_a_connector_reports() -> None:
    with pytest.raises(MayNotReport, match="'euroges'"):
        opened("call").when(CloseCall(dossier=DOSSIER, origin=EUROGES), roles=["inspector"])
    facts = opened("call").when(CloseCall(dossier=DOSSIER, origin=Origin(system="sap")), roles=["administrator"])
    assert facts != {}


def test_the_same_reference_with_other_content() -> None:
    here = opened("call")
    here.when(RECEIVE)
    with pytest.raises(errors.StepDiffers) as refused:
        here.when(RECEIVE.model_copy(update={"amount_cents": 2}))
    assert refused.value.details == {"field": "amount_cents", "recorded": 1, "given": 2}


def test_parties_must_be_registered() -> None:
    for command in (
        RECEIVE.model_copy(update={"applicant": NEW}),
        LodgeAppeal(dossier=DOSSIER, appeal=NEW, by=NEW),
    ):
        with pytest.raises(errors.PartyNotKnown, match=NEW):
            opened("call").when(command)


def test_a_party_is_registered_and_erased_once() -> None:
    here = domain()
    assert here.when(RegisterParty(party=PARTY, kind="organisation")) == {}
    with pytest.raises(errors.PartyDiffers, match="organisation"):
        here.when(RegisterParty(party=PARTY, kind="person"))
    assert here.when(EraseParty(party=PARTY)) != {}
    assert here.when(EraseParty(party=PARTY)) == {}
    with pytest.raises(errors.UnknownParty):
        here.when(EraseParty(party=NEW))


def test_a_step_is_found_by_its_reference() -> None:
    here = opened("call")
    here.when(RECEIVE)
    state = here.state(Dossier, DOSSIER)
    assert state.find(ApplicationReceived, APPLICATION) is not None
    assert state.find(ApplicationReceived, NEW) is None
    assert state.find(ApplicationCompleted, APPLICATION) is None
