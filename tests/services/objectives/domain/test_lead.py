"""Who may command what a unit leads: that unit, whoever acts for all, and for some facts a role."""

from __future__ import annotations

import pytest

from contracts.decisions import ApplicationReceived
from contracts.dossiers import CallLaunched, DossierOpened, DossierUnlinked
from contracts.objectives import UnitAssigned
from contracts.types import NONE, Section, Text
from regesta.command import Command, Facts
from regesta.errors import MayNotReport
from regesta.event import Event
from regesta.testing import Domain
from services.objectives.domain.decisions import (
    AwardContract,
    GrantApproval,
    IssueOpinion,
    NotifyDecision,
    RequestOpinion,
    SelectProject,
)
from services.objectives.domain.errors import NotLeadUnit, UnknownObjective
from services.objectives.domain.lifecycle import (
    CompleteDossier,
    LinkDossier,
    MergeDossier,
    OpenDossier,
    ResumeDossier,
    StopDossier,
    SuspendDossier,
    UnlinkDossier,
)
from services.objectives.domain.milestones import (
    CancelMilestone,
    PlanMilestone,
    ReachMilestone,
    RescheduleMilestone,
    SettleAdvance,
)
from services.objectives.domain.note import (
    CloseObjective,
    MoveObjective,
    PrintSection,
    RenumberObjective,
    RetitleObjective,
)
from services.objectives.domain.objective import StateField
from services.objectives.domain.procedure import AttachImpactTest, LaunchCall, ReceiveApplication
from services.objectives.domain.withdrawal import WithdrawFact
from tests.services.objectives.samples import (
    ACTION,
    APPLICATION,
    CONNECTOR,
    DOSSIER,
    EUROGES,
    MILESTONE,
    NEW,
    OPERATIONAL,
    OTHER,
    PARTY,
    SECOND,
    SLUG,
    STREAM,
    TITLE,
    domain,
    granted,
    opened,
    planned,
)

OF_OBJECTIVE = [
    StateField(objective=ACTION, field="output", value=NONE),
    RetitleObjective(note=SLUG, objective=ACTION, title=Text(fr="Autre")),
    RenumberObjective(note=SLUG, objective=ACTION, code="1.1.B"),
    MoveObjective(note=SLUG, objective=ACTION, parent=OTHER),
    CloseObjective(note=SLUG, objective=ACTION, reason="stopped"),
]
OF_DOSSIER = [
    LinkDossier(dossier=DOSSIER, objective=OTHER),
    UnlinkDossier(dossier=DOSSIER, objective=ACTION),
    SuspendDossier(dossier=DOSSIER, reason="appeal"),
    StopDossier(dossier=DOSSIER, reason="no credits"),
    MergeDossier(dossier=DOSSIER, into=SECOND),
    CompleteDossier(dossier=DOSSIER),
    PlanMilestone.model_validate({"dossier": DOSSIER, "milestone": NEW, "kind": "other", "due": "2024"}),
    RescheduleMilestone.model_validate({"dossier": DOSSIER, "milestone": MILESTONE, "new": "2025"}),
    ReachMilestone.model_validate({"dossier": DOSSIER, "milestone": MILESTONE, "on": "2024-11"}),
    CancelMilestone(dossier=DOSSIER, milestone=MILESTONE, reason="no advance"),
    ReceiveApplication(dossier=DOSSIER, application=NEW),
    AttachImpactTest(dossier=DOSSIER, kind="equality", outcome="neutral"),
    RequestOpinion(dossier=DOSSIER, by="inspector_of_finance"),
    IssueOpinion(dossier=DOSSIER, by="inspector_of_finance", verdict="favourable"),
    GrantApproval(dossier=DOSSIER, authority="government", step="programme"),
    NotifyDecision(dossier=DOSSIER, to=PARTY),
    SelectProject(dossier=DOSSIER, party=PARTY),
    AwardContract(dossier=DOSSIER, party=PARTY),
    WithdrawFact(kind="dossier", id=DOSSIER, event="objectives:15", reason="never came"),
]
OPEN = OpenDossier(dossier=NEW, kind="subsidy", title=TITLE, objectives=(ACTION,))


def lead(objective: str, unit: str) -> Facts:
    return {f"objective/{objective}": [UnitAssigned(unit=unit, role="lead")]}


def led(*steps: Event) -> Domain:
    """Return the domain with a dossier for an action that bup leads, and one that serves nothing; objectives:11 to 15."""
    here = domain().given(lead(ACTION, "bup"))
    here = here.given({STREAM: [DossierOpened(kind="subsidy", title=TITLE, objectives=(ACTION,))]})
    here = here.given({f"dossier/{SECOND}": [DossierOpened(kind="call", title=TITLE)]})
    here = here.given({STREAM: [planned(), *(steps or [ApplicationReceived(application=APPLICATION)])]})
    return here.given({STREAM: [granted("minister", 1)]})


@pytest.mark.parametrize("command", [*OF_OBJECTIVE, *OF_DOSSIER, OPEN])
def test_what_a_unit_leads_is_commanded_by_it(command: Command) -> None:
    here = led()
    for units, roles in (((), ()), (("perspective", "agency"), ("controller", "connector"))):
        with pytest.raises(NotLeadUnit, match="'bup'") as refused:
            here.when(command, units=units, roles=roles)
        assert refused.value.details == {"objective": ACTION, "unit": "bup", "units": sorted(units)}
    assert here.when(command, units=["perspective", "bup"]) != {}


@pytest.mark.parametrize("command", [*OF_OBJECTIVE, *OF_DOSSIER, OPEN])
@pytest.mark.parametrize(("units", "roles"), [(["*"], []), ([], ["administrator"])])
def test_who_acts_for_all_units_commands_it_too(command: Command, units: list[str], roles: list[str]) -> None:
    assert led().when(command, units=units, roles=roles) != {}


def test_a_suspended_dossier_is_resumed_by_its_lead_unit() -> None:
    here = led()
    here.when(SuspendDossier(dossier=DOSSIER, reason="appeal"), units=["bup"])
    with pytest.raises(NotLeadUnit):
        here.when(ResumeDossier(dossier=DOSSIER))
    assert here.when(ResumeDossier(dossier=DOSSIER), units=["bup"]) != {}


@pytest.mark.parametrize("command", [*OF_OBJECTIVE, OPEN])
def test_what_nobody_leads_is_open_to_all(command: Command) -> None:
    assert domain().when(command) != {}


def test_a_dossier_without_a_lead_unit_is_open_to_all() -> None:
    assert opened().when(LaunchCall(dossier=DOSSIER)) == {STREAM: [CallLaunched()]}


def test_each_unit_that_leads_what_a_dossier_serves_commands_it() -> None:
    here = led().given(lead(OTHER, "agency"))
    here.when(LinkDossier(dossier=DOSSIER, objective=OTHER), units=["bup"])
    here.when(LinkDossier(dossier=DOSSIER, objective=OPERATIONAL), units=["bup"])
    with pytest.raises(NotLeadUnit):
        here.when(LaunchCall(dossier=DOSSIER), units=["perspective"])
    assert here.when(LaunchCall(dossier=DOSSIER), units=["agency"]) != {}
    unlink = UnlinkDossier(dossier=DOSSIER, objective=OTHER)
    assert here.when(unlink, units=["agency"])[STREAM] == [DossierUnlinked(objective=OTHER)]
    with pytest.raises(NotLeadUnit):
        here.when(SuspendDossier(dossier=DOSSIER, reason="appeal"), units=["agency"])


def test_nobody_hangs_a_dossier_on_what_another_unit_leads() -> None:
    here = led()
    link = LinkDossier(dossier=SECOND, objective=ACTION)
    with pytest.raises(NotLeadUnit):
        here.when(link, units=["perspective"])
    assert here.when(link, units=["bup"]) != {}
    assert here.when(link, units=["bup"]) == {}


def test_what_is_printed_needs_no_unit() -> None:
    command = PrintSection(note=SLUG, objective=ACTION, section=Section(year=2024, kind="planned"))
    assert led().when(command) != {}


def test_an_objective_of_another_note_is_unknown_before_anything_is_said_of_its_unit() -> None:
    with pytest.raises(UnknownObjective):
        led().when(RetitleObjective(note=SLUG, objective=NEW, title=TITLE))


def test_a_connector_reports_what_happened_to_any_dossier() -> None:
    here = led()
    received = ReceiveApplication(dossier=DOSSIER, application=NEW, origin=EUROGES)
    with pytest.raises(MayNotReport):
        here.when(received)
    assert here.when(received, roles=CONNECTOR) != {}
    assert here.when(OPEN.model_copy(update={"origin": EUROGES}), roles=CONNECTOR) != {}


def test_a_connector_withdraws_only_what_was_reported() -> None:
    here = led(ApplicationReceived(application=APPLICATION, origin=EUROGES), ApplicationReceived(application=NEW))
    reported, decided = (
        WithdrawFact(kind="dossier", id=DOSSIER, event=f"objectives:{position}", reason="twice")
        for position in (15, 16)
    )
    with pytest.raises(NotLeadUnit):
        here.when(reported)
    assert here.when(reported, roles=CONNECTOR) != {}
    with pytest.raises(NotLeadUnit):
        here.when(decided, roles=CONNECTOR)


def test_the_inspector_gives_his_own_opinion_and_no_other() -> None:
    here = led()
    opinion = IssueOpinion(dossier=DOSSIER, by="inspector_of_finance", verdict="favourable")
    with pytest.raises(NotLeadUnit):
        here.when(opinion.model_copy(update={"by": "council_of_state"}), roles=["inspector"])
    assert here.when(opinion, roles=["inspector"]) != {}


def test_a_payment_reaches_a_milestone_whoever_leads() -> None:
    command = SettleAdvance.model_validate({"dossier": DOSSIER, "payment": "budget:3", "on": "2024-03-22"})
    assert led().when(command, roles=["reaction"]) != {}
