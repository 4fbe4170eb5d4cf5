"""The way of a dossier to its decision: opinions, approvals, and who is told, selected or awarded. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Literal, TypeAlias, assert_never

from contracts.decisions import (
    ApplicationId,
    ApprovalGranted,
    ApprovalRefused,
    ApprovalRequested,
    ApprovalStep,
    ApprovalWithdrawn,
    Body,
    ContractAwarded,
    DecisionNotified,
    OpinionIssued,
    OpinionOverridden,
    OpinionRequested,
    ProjectSelected,
)
from contracts.types import Cents, PartyId, Ref, Round, Text, Words
from regesta.command import Context, Facts, Read, fact
from regesta.errors import Refused
from regesta.event import BRUSSELS
from services.objectives.domain.dossier import Dossier, commanded, take
from services.objectives.domain.errors import AlreadyDecided, NotGranted, NothingToOverride, OpinionNotIssued
from services.objectives.domain.limits import Limits, lacking
from services.objectives.domain.party import require_party
from services.objectives.domain.procedure import ReportableCommand, without_application


class RequestOpinion(ReportableCommand):
    """Ask a body for its advice. round: more than 1 when it is asked again."""

    name = "request-opinion"
    by: Body
    round: Round = 1
    application: ApplicationId | None = None


class IssueOpinion(ReportableCommand):
    """Record the advice that a body gave."""

    name = "issue-opinion"
    by: Body
    verdict: Literal["favourable", "with_remarks", "unfavourable"]
    round: Round = 1
    application: ApplicationId | None = None
    remarks: Text | None = None
    document: Ref | None = None

    def open_to(self, context: Context) -> bool:
        """The Inspector of Finance gives his opinions himself."""
        return super().open_to(context) or (self.by == "inspector_of_finance" and "inspector" in context.roles)


class OverrideOpinion(ReportableCommand):
    """Decide against an opinion, with a reason. opinion_of: who gave it; by: who overrides it."""

    name = "override-opinion"
    opinion_of: Body
    by: Body
    reason: Words
    round: Round = 1
    application: ApplicationId | None = None


class ApprovalCommand(ReportableCommand):
    """A command on what an authority decides about a step; a step can come again, as the next round."""

    authority: Body
    step: ApprovalStep
    round: Round = 1
    reference: Ref | None = None


class RequestApproval(ApprovalCommand):
    """Ask an authority for its decision."""

    name = "request-approval"
    amount_cents: Cents | None = None
    title: Text | None = None


class GrantApproval(ApprovalCommand):
    """Record that an authority approved a step. A grant needs the evidence and the authority of its amount."""

    name = "grant-approval"
    amount_cents: Cents | None = None
    title: Text | None = None


class RefuseApproval(ApprovalCommand):
    """Record that an authority refused a step."""

    name = "refuse-approval"
    reason: Words | None = None


class WithdrawApproval(ApprovalCommand):
    """Record that an authority took an approval back: its own decision, not the correction of a wrong record."""

    name = "withdraw-approval"
    reason: Words


class NotifyDecision(ReportableCommand):
    """Record that a party was told the decision."""

    name = "notify-decision"
    to: PartyId
    reference: Ref | None = None


class SelectProject(ReportableCommand):
    """Record that a project of a call was chosen."""

    name = "select-project"
    party: PartyId
    application: ApplicationId | None = None
    title: Text | None = None
    amount_cents: Cents | None = None


class AwardContract(ReportableCommand):
    """Record that a procurement was awarded."""

    name = "award-contract"
    party: PartyId
    reference: Ref | None = None
    title: Text | None = None
    amount_cents: Cents | None = None


OpinionCommands: TypeAlias = RequestOpinion | IssueOpinion | OverrideOpinion
ApprovalCommands: TypeAlias = RequestApproval | GrantApproval | RefuseApproval | WithdrawApproval
OutcomeCommands: TypeAlias = NotifyDecision | SelectProject | AwardContract


def decide_opinion(command: OpinionCommands, read: Read, context: Context) -> Facts:
    """Return a step of an opinion; nothing when it is recorded.

    Raises UnknownDossier, NotLeadUnit, StepDiffers, MayNotReport, and when it is decided here, not reported: DossierIsSuspended, DossierHasEnded,
    ApplicationUnknown, OpinionNotIssued, NothingToOverride.
    """
    dossier = commanded(command, read, context)
    unknown = without_application(dossier, command.application)
    match command:
        case RequestOpinion():
            return take(dossier, context, fact(OpinionRequested, command), unknown)
        case IssueOpinion():
            return take(dossier, context, fact(OpinionIssued, command), unknown)
        case OverrideOpinion():
            return take(
                dossier, context, fact(OpinionOverridden, command), [*unknown, *_not_to_override(dossier, command)]
            )
        case _:
            assert_never(command)


def _not_to_override(dossier: Dossier, command: OverrideOpinion) -> Iterator[Refused]:
    issued = dossier.find(OpinionIssued, command.opinion_of, command.round, command.application)
    if issued is None:
        yield OpinionNotIssued(
            f"{command.opinion_of!r} gave no opinion in round {command.round}",
            opinion_of=command.opinion_of,
            round=command.round,
        )
    elif issued.verdict == "favourable":
        yield NothingToOverride(
            f"the opinion of {command.opinion_of!r} in round {command.round} is favourable",
            opinion_of=command.opinion_of,
            round=command.round,
        )


class Approvals:
    """Decides on approvals under the limits of its configuration."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    def decide(self, command: ApprovalCommands, read: Read, context: Context) -> Facts:
        """Return a step of an approval; nothing when it is recorded.

        Raises UnknownDossier, NotLeadUnit, StepDiffers, MayNotReport, and when it is decided here, not reported: DossierIsSuspended, DossierHasEnded,
        AlreadyDecided, NotGranted, and what a grant lacks (see limits.py).
        """
        dossier = commanded(command, read, context)
        match command:
            case RequestApproval():
                return take(dossier, context, fact(ApprovalRequested, command))
            case GrantApproval():
                granted = fact(ApprovalGranted, command)
                limits = self._limits.on(_day_of(command, context))
                return take(
                    dossier,
                    context,
                    granted,
                    [*_decided(dossier, ApprovalRefused, command), *lacking(dossier, granted, limits)],
                )
            case RefuseApproval():
                return take(
                    dossier, context, fact(ApprovalRefused, command), _decided(dossier, ApprovalGranted, command)
                )
            case WithdrawApproval():
                return take(dossier, context, fact(ApprovalWithdrawn, command), _not_granted(dossier, command))
            case _:
                assert_never(command)


def _day_of(command: GrantApproval, context: Context) -> date:
    """Return the day of a decision: when it occurred at the latest, else today in Brussels."""
    occurred = None if command.occurred is None else command.occurred.latest
    return occurred or context.at.astimezone(BRUSSELS).date()


def _decided(
    dossier: Dossier, other: type[ApprovalGranted | ApprovalRefused], command: ApprovalCommand
) -> Iterator[Refused]:
    if dossier.find(other, command.authority, command.step, command.round) is not None:
        yield AlreadyDecided(
            f"{command.authority!r} decided {command.step!r}, round {command.round}, already: {other.name!r}",
            authority=command.authority,
            step=command.step,
            round=command.round,
        )


def _not_granted(dossier: Dossier, command: ApprovalCommand) -> Iterator[Refused]:
    if dossier.find(ApprovalGranted, command.authority, command.step, command.round) is None:
        yield NotGranted(
            f"{command.authority!r} did not grant {command.step!r} in round {command.round}",
            authority=command.authority,
            step=command.step,
            round=command.round,
        )


def decide_outcome(command: OutcomeCommands, read: Read, context: Context) -> Facts:
    """Return who was told, selected or awarded; nothing when it is recorded.

    Raises UnknownDossier, NotLeadUnit, PartyNotKnown, StepDiffers, MayNotReport, and when it is decided here, not reported: DossierIsSuspended,
    DossierHasEnded, ApplicationUnknown.
    """
    dossier = commanded(command, read, context)
    match command:
        case NotifyDecision():
            require_party(read, command.to)
            return take(dossier, context, fact(DecisionNotified, command))
        case SelectProject():
            require_party(read, command.party)
            return take(
                dossier, context, fact(ProjectSelected, command), without_application(dossier, command.application)
            )
        case AwardContract():
            require_party(read, command.party)
            return take(dossier, context, fact(ContractAwarded, command))
        case _:
            assert_never(command)
