"""The objectives service, wired."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Final

from contracts import budget, objectives
from contracts.evidence import order_in_force
from regesta.command import Aggregate, Rule
from regesta.runtime import Service
from services.objectives import reactions, settling
from services.objectives.api.reads import router
from services.objectives.api.routes import ROUTES
from services.objectives.domain import (
    decisions,
    dossier,
    lifecycle,
    milestones,
    note,
    objective,
    party,
    procedure,
    recommendation,
    regulation,
    withdrawal,
)
from services.objectives.projections import advances, agenda, dossiers, notes, obligations, parties, printed, statements

HERE: Final = Path(__file__).parent
ORDER: Final = order_in_force()
AGGREGATES: Final = (
    Aggregate(note.Note, note.evolve),
    Aggregate(objective.Objective, objective.evolve),
    Aggregate(dossier.Dossier, dossier.evolve, dossier.undo),
    Aggregate(party.Party, party.evolve),
    Aggregate(recommendation.Recommendation, recommendation.evolve),
    Aggregate(regulation.Regulation, regulation.evolve),
)
RULES: Final = (
    Rule(note.OpenNote, note.open_note),
    Rule(note.RegisterObjective, note.register),
    Rule(note.PrintSection, note.print_section),
    Rule(note.RetitleObjective, note.retitle),
    Rule(note.RenumberObjective, note.renumber),
    Rule(note.MoveObjective, note.move),
    Rule(note.CloseObjective, note.close),
    Rule(objective.StateField, objective.state_field),
    Rule(objective.SetDeadline, objective.set_deadline),
    Rule(objective.ReportStatus, objective.report_status),
    Rule(objective.AssignUnit, objective.assign_unit),
    Rule(objective.ReleaseUnit, objective.release_unit),
    Rule(objective.EstimateStaff, objective.estimate_staff),
    Rule(objective.PrintFact, objective.print_fact),
    Rule(objective.PrintAmount, objective.print_amount),
    Rule(lifecycle.OpenDossier, lifecycle.open_dossier),
    Rule(lifecycle.LinkDossier, lifecycle.link),
    Rule(lifecycle.UnlinkDossier, lifecycle.unlink),
    Rule(lifecycle.SuspendDossier, lifecycle.suspend),
    Rule(lifecycle.ResumeDossier, lifecycle.resume),
    Rule(lifecycle.StopDossier, lifecycle.stop),
    Rule(lifecycle.MergeDossier, lifecycle.merge),
    Rule(lifecycle.CompleteDossier, lifecycle.complete),
    Rule(milestones.PlanMilestone, milestones.plan),
    Rule(milestones.RescheduleMilestone, milestones.reschedule),
    Rule(milestones.ReachMilestone, milestones.reach),
    Rule(milestones.CancelMilestone, milestones.cancel),
    Rule(milestones.SettleAdvance, milestones.settle_advance),
    Rule(milestones.SettleMilestone, milestones.settle_milestone),
    Rule(procedure.LaunchCall, procedure.launch_call),
    Rule(procedure.CloseCall, procedure.close_call),
    Rule(procedure.OpenPublicInquiry, procedure.open_inquiry),
    Rule(procedure.ClosePublicInquiry, procedure.close_inquiry),
    Rule(procedure.LodgeAppeal, procedure.lodge_appeal),
    Rule(procedure.DecideAppeal, procedure.decide_appeal),
    Rule(procedure.ReceiveApplication, procedure.receive_application),
    Rule(procedure.CompleteApplication, procedure.complete_application),
    Rule(procedure.AttachImpactTest, procedure.attach_impact_test),
    Rule(decisions.RequestOpinion, decisions.request_opinion),
    Rule(decisions.IssueOpinion, decisions.issue_opinion),
    Rule(decisions.OverrideOpinion, decisions.override_opinion),
    Rule(decisions.RequestApproval, decisions.request_approval),
    Rule(decisions.GrantApproval, partial(decisions.grant_approval, ORDER)),
    Rule(decisions.RefuseApproval, decisions.refuse_approval),
    Rule(decisions.WithdrawApproval, decisions.withdraw_approval),
    Rule(decisions.NotifyDecision, partial(decisions.notify_decision, ORDER)),
    Rule(decisions.SelectProject, decisions.select_project),
    Rule(decisions.AwardContract, decisions.award_contract),
    Rule(party.RegisterParty, party.register),
    Rule(party.EraseParty, party.erase),
    Rule(recommendation.RegisterRecommendation, recommendation.register),
    Rule(recommendation.AnswerRecommendation, recommendation.answer),
    Rule(regulation.ScheduleRegulation, regulation.schedule),
    Rule(regulation.AdvanceRegulation, regulation.advance),
    Rule(regulation.AdoptRegulation, regulation.adopt),
    Rule(withdrawal.WithdrawFact, partial(withdrawal.withdraw_fact, ORDER)),
)
SERVICE: Final = Service(
    name="objectives",
    title="Regesta: objectives and dossiers",
    events=objectives.EVENTS,
    migrations=HERE / "migrations",
    sources={"budget": budget.EVENTS},
    aggregates=AGGREGATES,
    rules=RULES,
    routes=ROUTES,
    routers=(router,),
    projections=(
        notes.PROJECTION,
        statements.PROJECTION,
        printed.PROJECTION,
        dossiers.PROJECTION,
        parties.PROJECTION,
        agenda.PROJECTION,
        advances.PROJECTION,
        obligations.PROJECTION,
    ),
    reactions=(*reactions.REACTIONS, *settling.REACTIONS),
)
