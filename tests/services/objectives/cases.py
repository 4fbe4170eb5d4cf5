"""Every command of objectives, with other values of each of its members."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from contracts.agenda import ImpactCheck
from contracts.dates import ImpreciseDate
from contracts.objectives import Continuous
from contracts.types import PENDING, Place, Section, Text, known
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
)
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
    SettleMilestone,
)
from services.objectives.domain.note import (
    CloseObjective,
    MoveObjective,
    OpenNote,
    PrintSection,
    RegisterObjective,
    RenumberObjective,
    RetitleObjective,
)
from services.objectives.domain.objective import (
    AssignUnit,
    EstimateStaff,
    PrintAmount,
    PrintFact,
    ReleaseUnit,
    ReportStatus,
    SetDeadline,
    StateField,
)
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
)
from services.objectives.domain.recommendation import AnswerRecommendation, RegisterRecommendation
from services.objectives.domain.regulation import AdoptRegulation, AdvanceRegulation, ScheduleRegulation
from services.objectives.domain.withdrawal import WithdrawFact
from tests.services.cases import Case, Others
from tests.services.objectives.samples import (
    ACTION,
    APPLICATION,
    DOSSIER,
    MILESTONE,
    NEW,
    OPERATIONAL,
    OTHER,
    PARTY,
    PROGRAMME,
    SECOND,
    SLUG,
    STRATEGIC,
    TITLE,
)

PLANNED: Final = Section(year=2024, kind="planned")
PLACE: Final = Place(document="A-123", page=4)
ELSEWHERE: Final = Place(document="A-124")
AUTRE: Final = Text(fr="Autre")
OPEN: Final = OpenDossier(dossier=DOSSIER, kind="subsidy", title=TITLE)
OPEN_PROGRAMME: Final = OpenDossier(dossier=PROGRAMME, kind="programme", title=TITLE)
LINK: Final = LinkDossier(dossier=DOSSIER, objective=ACTION)
SUSPEND: Final = SuspendDossier(dossier=DOSSIER, reason="appeal")
PLAN: Final = PlanMilestone(
    dossier=DOSSIER, milestone=MILESTONE, kind="advance", due=ImpreciseDate("2024-36"), title=TITLE
)
RECEIVE: Final = ReceiveApplication(
    dossier=DOSSIER, application=APPLICATION, applicant=PARTY, reference="A", amount_cents=1
)
LAUNCH: Final = LaunchCall(dossier=DOSSIER, closes_on=ImpreciseDate("2024"))
INQUIRE: Final = OpenPublicInquiry(dossier=DOSSIER, closes_on=ImpreciseDate("2024"))
LODGE: Final = LodgeAppeal(dossier=DOSSIER, appeal=NEW, court="Council of State", by=PARTY)
ISSUE: Final = IssueOpinion(
    dossier=DOSSIER, by="inspector_of_finance", verdict="unfavourable", remarks=TITLE, document="D"
)
ASSIGN: Final = AssignUnit(objective=ACTION, unit="housing", role="contributor")
RECOMMEND: Final = RegisterRecommendation(recommendation=NEW, report="2023-1", number="3", text=TITLE)
ANSWER: Final = AnswerRecommendation(recommendation=NEW, status="in_progress", text=TITLE, evidence=("budget:1",))
CHECKED: Final = ImpactCheck(kind="equality", outcome="neutral")
SCHEDULE: Final = ScheduleRegulation(regulation=NEW, title=TITLE, due=ImpreciseDate("2024"), checklist=(CHECKED,))
ADVANCE: Final = AdvanceRegulation(regulation=NEW, stage="first_reading", checklist=(CHECKED,))
REGISTER_PARTY: Final = RegisterParty(party=NEW, kind="person")
APPROVAL: Final = {"dossier": DOSSIER, "authority": "government", "step": "final", "reference": "G1"}
GRANT: Final = GrantApproval.model_validate({**APPROVAL, "amount_cents": 1, "title": {"fr": "Projet"}})
DECIDED: Final = GrantApproval(dossier=DOSSIER, authority="minister", step="grant", amount_cents=1)
TITLED: Final[Others] = {"reference": ["G2", None], "amount_cents": [2, None], "title": [AUTRE, None]}

# Each of these is one more: a repetition is known by its key. And what only a reaction asks for, by what happened.
COUNTED: Final = (
    PrintFact(
        objective=ACTION, type="approval", text=TITLE, reading="done", day=ImpreciseDate("2023-06"), section=PLANNED
    ),
    PrintAmount(objective=ACTION, text=TITLE, amount_cents=1, place=PLACE),
    SettleAdvance(dossier=DOSSIER),
    SettleMilestone(dossier=DOSSIER, kind="approval"),
)
ENDINGS: Final = (CloseObjective(note=SLUG, objective=ACTION, reason="completed"),)
NOTES: Final = (
    Case(
        OpenNote(
            note="tourism", title=TITLE, reference="A-123", legislature="2019-2024", realised_year=2023, planned_year=2024
        ),
        {
            "title": [AUTRE], "reference": ["A-124", None], "legislature": ["2024-2029", None], "template": ["cards"],
            "realised_year": [2022, None], "planned_year": [2025, None],
        },
    ),
    Case(
        RegisterObjective(
            note=SLUG, objective=NEW, level="action", code="X", parent=OPERATIONAL, title=TITLE, section=PLANNED, place=PLACE
        ),
        {
            "level": ["operational"], "code": ["Y", None], "parent": [STRATEGIC, None], "title": [AUTRE, None],
            "section": [Section(year=2025, kind="planned"), None], "place": [ELSEWHERE, None],
        },
    ),
    Case(
        PrintSection(note=SLUG, objective=ACTION, section=PLANNED, code="A", title=TITLE),
        which=("section", "code", "title", "place"),
    ),
    Case(RetitleObjective(note=SLUG, objective=ACTION, title=AUTRE), {"title": [TITLE]}, anew=("title", "occurred")),
    Case(RenumberObjective(note=SLUG, objective=ACTION, code="X"), {"code": ["Y", None]}, anew=("code", "occurred")),
    Case(MoveObjective(note=SLUG, objective=ACTION, parent=OTHER), {"parent": [STRATEGIC]}, anew=("parent", "occurred")),
    Case(
        CloseObjective(note=SLUG, objective=OTHER, reason="merged", into=OPERATIONAL),
        {"reason": ["stopped"], "into": [STRATEGIC, None]},
    ),
    Case(
        StateField(objective=ACTION, field="ict_needs", value=known(TITLE), as_printed="Site", place=PLACE),
        {"value": [known(AUTRE), PENDING], "as_printed": ["Web", None], "place": [ELSEWHERE, None]},
        which=("section",),
        anew=("value", "as_printed", "place", "occurred"),
    ),
    Case(
        SetDeadline(objective=ACTION, deadline=PENDING, as_printed="2024", place=PLACE),
        {
            "deadline": [known(Continuous(kind="continuous"))], "as_printed": ["2025", None], "place": [ELSEWHERE, None],
        },
        which=("section",),
        anew=("deadline", "as_printed", "place", "occurred"),
    ),
    Case(
        ReportStatus(objective=ACTION, status="behind", as_printed="Retard", place=PLACE),
        {"status": ["completed"], "as_printed": ["Fini", None], "place": [ELSEWHERE, None]},
        which=("section",),
        anew=("status", "as_printed", "place", "occurred"),
    ),
    Case(ASSIGN),
    Case(ReleaseUnit(objective=ACTION, unit="housing", role="contributor"), before=(ASSIGN,)),
    Case(
        EstimateStaff(objective=ACTION, fte=PENDING, as_printed="2 ETP", place=PLACE),
        {"as_printed": ["3 ETP", None], "place": [ELSEWHERE, None], "fte": [known(Decimal(2))]},
        which=("section", "basis", "unit", "per"),
        anew=("fte", "as_printed", "place", "occurred"),
    ),
    Case(REGISTER_PARTY, {"kind": ["organisation"]}),
    Case(EraseParty(party=NEW), before=(REGISTER_PARTY,)),
    Case(RECOMMEND, {"report": ["2023-2"], "number": ["4"], "text": [AUTRE]}),
    Case(
        ANSWER,
        {"status": ["implemented"], "text": [AUTRE], "evidence": [()]},
        anew=("status", "text", "evidence", "occurred"),
        before=(RECOMMEND,),
    ),
    Case(
        SCHEDULE,
        {"title": [AUTRE], "due": [ImpreciseDate("2025"), None], "checklist": [()]},
        anew=("title", "due", "checklist", "occurred"),
    ),
    Case(
        ADVANCE,
        {"checklist": [()]},
        which=("round",),
        before=(SCHEDULE,),
    ),
    Case(AdoptRegulation(regulation=NEW, reference="R1"), {"reference": ["R2", None]}, before=(SCHEDULE,)),
)  # fmt: skip
DOSSIERS: Final = (
    Case(
        OPEN.model_copy(
            update={"objectives": (ACTION,), "programmes": (PROGRAMME,), "reference": "D-1", "place": PLACE}
        ),
        {
            "kind": ["call"], "title": [AUTRE], "objectives": [(OTHER,), ()], "programmes": [()],
            "reference": ["D-2", None], "place": [ELSEWHERE, None],
        },
        before=(OPEN_PROGRAMME,),
    ),
    Case(LINK, which=("objective", "programme"), before=(OPEN,)),
    Case(UnlinkDossier(dossier=DOSSIER, objective=ACTION), which=("objective", "programme"), before=(OPEN, LINK)),
    Case(SUSPEND, {"reason": ["lack of money"]}, before=(OPEN,)),
    Case(ResumeDossier(dossier=DOSSIER, reason="settled"), {"reason": ["paid", None]}, before=(OPEN, SUSPEND)),
    Case(
        StopDossier(dossier=DOSSIER, reason="too dear"),
        {"reason": ["too late"], "registered_in_error": [True]},
        before=(OPEN,),
    ),
    Case(
        MergeDossier(dossier=DOSSIER, into=SECOND, reason="one site"),
        {"into": [PROGRAMME], "reason": ["one owner", None]},
        before=(OPEN, OPEN_PROGRAMME, OPEN.model_copy(update={"dossier": SECOND})),
    ),
    Case(CompleteDossier(dossier=DOSSIER, reason="built"), {"reason": ["paid", None]}, before=(OPEN,)),
    Case(PLAN, {"kind": ["convention"], "due": [ImpreciseDate("2025")], "title": [AUTRE, None]}, before=(OPEN,)),
    Case(
        RescheduleMilestone(dossier=DOSSIER, milestone=MILESTONE, new=ImpreciseDate("2025"), reason="rain"),
        {"new": [ImpreciseDate("2026")], "reason": ["snow", None]},
        anew=("new",),
        before=(OPEN, PLAN),
    ),
    Case(
        ReachMilestone(dossier=DOSSIER, milestone=MILESTONE, on=ImpreciseDate("2024-06"), evidence=("budget:1",)),
        {"on": [ImpreciseDate("2024-07")], "evidence": [("budget:2",), ()]},
        before=(OPEN, PLAN),
    ),
    Case(
        CancelMilestone(dossier=DOSSIER, milestone=MILESTONE, reason="no money"),
        {"reason": ["no need"]},
        before=(OPEN, PLAN),
    ),
    Case(
        WithdrawFact(kind="dossier", id=DOSSIER, event="objectives:12", reason="misread"),
        {"reason": ["twice"]},
        which=("kind", "id"),
        before=(OPEN, PLAN),
    ),
)  # fmt: skip
STEPS: Final = (
    Case(LAUNCH, {"closes_on": [ImpreciseDate("2025"), None]}, before=(OPEN,)),
    Case(CloseCall(dossier=DOSSIER, received=5), {"received": [6, None]}, before=(OPEN, LAUNCH)),
    Case(INQUIRE, {"closes_on": [ImpreciseDate("2025"), None]}, before=(OPEN,)),
    Case(ClosePublicInquiry(dossier=DOSSIER, received=5), {"received": [6, None]}, before=(OPEN, INQUIRE)),
    Case(LODGE, {"court": ["Labour court", None], "by": [NEW, None]}, before=(OPEN, REGISTER_PARTY)),
    Case(
        DecideAppeal(dossier=DOSSIER, appeal=NEW, outcome="dismissed"),
        {"outcome": ["upheld"]},
        before=(OPEN, LODGE),
    ),
    Case(
        RECEIVE,
        {"applicant": [NEW, None], "reference": ["B", None], "amount_cents": [2, None]},
        before=(OPEN, REGISTER_PARTY),
    ),
    Case(CompleteApplication(dossier=DOSSIER, application=APPLICATION), before=(OPEN, RECEIVE)),
    Case(
        AttachImpactTest(dossier=DOSSIER, kind="equality", outcome="positive"),
        {"outcome": ["negative"]},
        which=("document", "application"),
        before=(OPEN,),
    ),
    Case(RequestOpinion(dossier=DOSSIER, by="council_of_state"), which=("round", "application"), before=(OPEN,)),
    Case(
        ISSUE,
        {"verdict": ["favourable"], "remarks": [AUTRE, None], "document": ["E", None]},
        which=("round", "application"),
        before=(OPEN,),
    ),
    Case(
        OverrideOpinion(dossier=DOSSIER, opinion_of="inspector_of_finance", by="government", reason="urgent"),
        {"by": ["minister"], "reason": ["needed"]},
        which=("round", "application"),
        before=(OPEN, ISSUE),
    ),
    Case(
        RequestApproval.model_validate({**APPROVAL, "amount_cents": 1, "title": {"fr": "Projet"}}),
        TITLED,
        which=("round",),
        before=(OPEN,),
    ),
    Case(GRANT, TITLED, which=("round",), before=(OPEN,)),
    Case(
        RefuseApproval.model_validate({**APPROVAL, "reason": "no money"}),
        {"reference": ["G2", None], "reason": ["late", None]},
        which=("round",),
        before=(OPEN,),
    ),
    Case(
        WithdrawApproval.model_validate({**APPROVAL, "reason": "unlawful"}),
        {"reference": ["G2", None], "reason": ["late"]},
        which=("round",),
        before=(OPEN, GRANT),
    ),
    Case(NotifyDecision(dossier=DOSSIER, to=PARTY), which=("reference",), before=(OPEN, DECIDED)),
    Case(
        SelectProject(dossier=DOSSIER, party=PARTY, title=TITLE, amount_cents=1),
        {"title": [AUTRE, None], "amount_cents": [2, None]},
        which=("application",),
        before=(OPEN,),
    ),
    Case(
        AwardContract(dossier=DOSSIER, party=PARTY, reference="M", title=TITLE, amount_cents=1),
        {"title": [AUTRE, None], "amount_cents": [2, None]},
        which=("reference",),
        before=(OPEN,),
    ),
)
CASES: Final = (*NOTES, *DOSSIERS, *STEPS)
