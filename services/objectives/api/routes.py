"""Where each command is addressed."""

from __future__ import annotations

from typing import Final

from regesta.runtime import CommandRoute
from services.objectives.domain import (
    decisions,
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

NOTE: Final = "/notes/{note}"
OF_NOTE: Final = "/notes/{note}/objectives/{objective}"
OBJECTIVE: Final = "/objectives/{objective}"
DOSSIER: Final = "/dossiers/{dossier}"
MILESTONE: Final = "/dossiers/{dossier}/milestones/{milestone}"
APPROVAL: Final = "/dossiers/{dossier}/approvals/{authority}/{step}"
RECOMMENDATION: Final = "/recommendations/{recommendation}"
REGULATION: Final = "/regulations/{regulation}"

NOTES: Final = (
    CommandRoute("PUT", NOTE, note.OpenNote),
    CommandRoute("PUT", OF_NOTE, note.RegisterObjective),
    CommandRoute("PUT", f"{OF_NOTE}/sections", note.PrintSection),
    CommandRoute("PUT", f"{OF_NOTE}/title", note.RetitleObjective),
    CommandRoute("PUT", f"{OF_NOTE}/code", note.RenumberObjective),
    CommandRoute("PUT", f"{OF_NOTE}/parent", note.MoveObjective),
    CommandRoute("PUT", f"{OF_NOTE}/closing", note.CloseObjective),
)
OBJECTIVES: Final = (
    CommandRoute("PUT", f"{OBJECTIVE}/fields/{{field}}", objective.StateField),
    CommandRoute("PUT", f"{OBJECTIVE}/deadline", objective.SetDeadline),
    CommandRoute("PUT", f"{OBJECTIVE}/status", objective.ReportStatus),
    CommandRoute("PUT", f"{OBJECTIVE}/staff", objective.EstimateStaff),
    CommandRoute("PUT", f"{OBJECTIVE}/units/{{unit}}/{{role}}", objective.AssignUnit),
    CommandRoute("PUT", f"{OBJECTIVE}/units/{{unit}}/{{role}}/release", objective.ReleaseUnit),
    CommandRoute("POST", f"{OBJECTIVE}/facts", objective.PrintFact),
    CommandRoute("POST", f"{OBJECTIVE}/amounts", objective.PrintAmount),
)
DOSSIERS: Final = (
    CommandRoute("PUT", DOSSIER, lifecycle.OpenDossier),
    CommandRoute("PUT", f"{DOSSIER}/links", lifecycle.LinkDossier),
    CommandRoute("PUT", f"{DOSSIER}/unlinks", lifecycle.UnlinkDossier),
    CommandRoute("PUT", f"{DOSSIER}/suspension", lifecycle.SuspendDossier),
    CommandRoute("PUT", f"{DOSSIER}/resumption", lifecycle.ResumeDossier),
    CommandRoute("PUT", f"{DOSSIER}/stop", lifecycle.StopDossier),
    CommandRoute("PUT", f"{DOSSIER}/merger", lifecycle.MergeDossier),
    CommandRoute("PUT", f"{DOSSIER}/completion", lifecycle.CompleteDossier),
    CommandRoute("PUT", MILESTONE, milestones.PlanMilestone),
    CommandRoute("PUT", f"{MILESTONE}/due", milestones.RescheduleMilestone),
    CommandRoute("PUT", f"{MILESTONE}/reached", milestones.ReachMilestone),
    CommandRoute("PUT", f"{MILESTONE}/cancelled", milestones.CancelMilestone),
)
STEPS: Final = (
    CommandRoute("PUT", f"{DOSSIER}/call", procedure.LaunchCall),
    CommandRoute("PUT", f"{DOSSIER}/call/closing", procedure.CloseCall),
    CommandRoute("PUT", f"{DOSSIER}/public-inquiry", procedure.OpenPublicInquiry),
    CommandRoute("PUT", f"{DOSSIER}/public-inquiry/closing", procedure.ClosePublicInquiry),
    CommandRoute("PUT", f"{DOSSIER}/appeals/{{appeal}}", procedure.LodgeAppeal),
    CommandRoute("PUT", f"{DOSSIER}/appeals/{{appeal}}/decision", procedure.DecideAppeal),
    CommandRoute("PUT", f"{DOSSIER}/applications/{{application}}", procedure.ReceiveApplication),
    CommandRoute("PUT", f"{DOSSIER}/applications/{{application}}/completion", procedure.CompleteApplication),
    CommandRoute("PUT", f"{DOSSIER}/impact-tests/{{kind}}", procedure.AttachImpactTest),
    CommandRoute("PUT", f"{DOSSIER}/opinions/{{by}}/requested", decisions.RequestOpinion),
    CommandRoute("PUT", f"{DOSSIER}/opinions/{{by}}/issued", decisions.IssueOpinion),
    CommandRoute("PUT", f"{DOSSIER}/opinions/{{opinion_of}}/overridden", decisions.OverrideOpinion),
    CommandRoute("PUT", f"{APPROVAL}/requested", decisions.RequestApproval),
    CommandRoute("PUT", f"{APPROVAL}/granted", decisions.GrantApproval),
    CommandRoute("PUT", f"{APPROVAL}/refused", decisions.RefuseApproval),
    CommandRoute("PUT", f"{APPROVAL}/withdrawn", decisions.WithdrawApproval),
    CommandRoute("PUT", f"{DOSSIER}/notifications/{{to}}", decisions.NotifyDecision),
    CommandRoute("PUT", f"{DOSSIER}/selections/{{party}}", decisions.SelectProject),
    CommandRoute("PUT", f"{DOSSIER}/awards/{{party}}", decisions.AwardContract),
)
OTHERS: Final = (
    CommandRoute("PUT", "/parties/{party}", party.RegisterParty),
    CommandRoute("PUT", "/parties/{party}/erasure", party.EraseParty),
    CommandRoute("PUT", RECOMMENDATION, recommendation.RegisterRecommendation),
    CommandRoute("PUT", f"{RECOMMENDATION}/answer", recommendation.AnswerRecommendation),
    CommandRoute("PUT", REGULATION, regulation.ScheduleRegulation),
    CommandRoute("PUT", f"{REGULATION}/stages/{{stage}}", regulation.AdvanceRegulation),
    CommandRoute("PUT", f"{REGULATION}/adoption", regulation.AdoptRegulation),
    CommandRoute("PUT", "/withdrawals/{event}", withdrawal.WithdrawFact),
)
ROUTES: Final = (*NOTES, *OBJECTIVES, *DOSSIERS, *STEPS, *OTHERS)
