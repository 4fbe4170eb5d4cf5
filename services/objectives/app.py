"""The objectives service, wired."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Final

from contracts import budget, objectives
from regesta.command import Aggregate, Rule
from regesta.runtime import Service
from services.objectives.api.commands import ROUTES
from services.objectives.api.reads import router
from services.objectives.domain import (
    decisions,
    dossier,
    lifecycle,
    milestones,
    note,
    objective,
    party,
    procedure,
    withdrawal,
)
from services.objectives.domain.limits import Limits
from services.objectives.projections import advances, dossiers, notes, parties, printed, statements
from services.objectives.reactions import REACTIONS

HERE: Final = Path(__file__).parent
LIMITS: Final = Limits.model_validate(tomllib.loads((HERE / "limits.toml").read_text("utf-8")))
AGGREGATES: Final = (
    Aggregate(note.Note, note.evolve),
    Aggregate(objective.Objective, objective.evolve),
    Aggregate(dossier.Dossier, dossier.evolve, dossier.undo),
    Aggregate(party.Party, party.evolve),
)
APPROVALS: Final = decisions.Approvals(LIMITS)
WITHDRAWALS: Final = withdrawal.Withdrawals(LIMITS)
RULES: Final = (
    Rule(note.OpenNote, note.decide),
    Rule(note.RegisterObjective, note.decide),
    Rule(note.PrintSection, note.decide),
    Rule(note.RetitleObjective, note.decide),
    Rule(note.RenumberObjective, note.decide),
    Rule(note.MoveObjective, note.decide),
    Rule(note.CloseObjective, note.decide),
    Rule(objective.StateField, objective.decide),
    Rule(objective.SetDeadline, objective.decide),
    Rule(objective.ReportStatus, objective.decide),
    Rule(objective.AssignUnit, objective.decide),
    Rule(objective.ReleaseUnit, objective.decide),
    Rule(objective.EstimateStaff, objective.decide),
    Rule(objective.PrintFact, objective.decide),
    Rule(objective.PrintAmount, objective.decide),
    Rule(lifecycle.OpenDossier, lifecycle.decide),
    Rule(lifecycle.LinkDossier, lifecycle.decide),
    Rule(lifecycle.UnlinkDossier, lifecycle.decide),
    Rule(lifecycle.SuspendDossier, lifecycle.decide),
    Rule(lifecycle.ResumeDossier, lifecycle.decide),
    Rule(lifecycle.StopDossier, lifecycle.decide),
    Rule(lifecycle.MergeDossier, lifecycle.decide),
    Rule(lifecycle.CompleteDossier, lifecycle.decide),
    Rule(milestones.PlanMilestone, milestones.decide),
    Rule(milestones.RescheduleMilestone, milestones.decide),
    Rule(milestones.ReachMilestone, milestones.decide),
    Rule(milestones.CancelMilestone, milestones.decide),
    Rule(milestones.SettleAdvance, milestones.settle_advance),
    Rule(procedure.LaunchCall, procedure.decide),
    Rule(procedure.CloseCall, procedure.decide),
    Rule(procedure.OpenPublicInquiry, procedure.decide),
    Rule(procedure.ClosePublicInquiry, procedure.decide),
    Rule(procedure.LodgeAppeal, procedure.decide),
    Rule(procedure.DecideAppeal, procedure.decide),
    Rule(procedure.ReceiveApplication, procedure.decide),
    Rule(procedure.CompleteApplication, procedure.decide),
    Rule(procedure.AttachImpactTest, procedure.decide),
    Rule(decisions.RequestOpinion, decisions.decide_opinion),
    Rule(decisions.IssueOpinion, decisions.decide_opinion),
    Rule(decisions.OverrideOpinion, decisions.decide_opinion),
    Rule(decisions.RequestApproval, APPROVALS.decide),
    Rule(decisions.GrantApproval, APPROVALS.decide),
    Rule(decisions.RefuseApproval, APPROVALS.decide),
    Rule(decisions.WithdrawApproval, APPROVALS.decide),
    Rule(decisions.NotifyDecision, decisions.decide_outcome),
    Rule(decisions.SelectProject, decisions.decide_outcome),
    Rule(decisions.AwardContract, decisions.decide_outcome),
    Rule(party.RegisterParty, party.decide),
    Rule(party.EraseParty, party.decide),
    Rule(withdrawal.WithdrawFact, WITHDRAWALS.decide),
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
        advances.PROJECTION,
    ),
    reactions=REACTIONS,
)
