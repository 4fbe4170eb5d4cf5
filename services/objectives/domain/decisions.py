"""The way of a dossier to its decision: opinions, approvals, and who is told, selected or awarded. Pure.

Every rule here returns a step, nothing when it is recorded, and raises what `commanded` and `take` do beside its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Literal

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
from contracts.evidence import Order
from contracts.types import BoundedRef, Cents, PartyId, Round, Text, Words
from regesta.command import Context, Facts, Read, fact
from regesta.errors import Refused
from regesta.event import BRUSSELS
from services.objectives.domain.dossier import Dossier, commanded, take
from services.objectives.domain.errors import AlreadyDecided, NotGranted, NothingToOverride, OpinionNotIssued
from services.objectives.domain.limits import lacking, lacking_notice
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
    document: BoundedRef | None = None

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
    reference: BoundedRef | None = None


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
    """Record that a party was told the decision. reference: of the notice; another one, or none, is another notice."""

    name = "notify-decision"
    to: PartyId
    reference: BoundedRef | None = None


class SelectProject(ReportableCommand):
    """Record that a project of a call was chosen."""

    name = "select-project"
    party: PartyId
    application: ApplicationId | None = None
    title: Text | None = None
    amount_cents: Cents | None = None


class AwardContract(ReportableCommand):
    """Record that a procurement was awarded. reference: of the award; another one, or none, is another award."""

    name = "award-contract"
    party: PartyId
    reference: BoundedRef | None = None
    title: Text | None = None
    amount_cents: Cents | None = None


def request_opinion(command: RequestOpinion, read: Read, context: Context) -> Facts:
    """Return the request. Raises ApplicationUnknown."""
    dossier = commanded(command, read, context)
    unknown = without_application(dossier, command.application)
    return take(dossier, context, fact(OpinionRequested, command), unknown)


def issue_opinion(command: IssueOpinion, read: Read, context: Context) -> Facts:
    """Return the opinion. Raises ApplicationUnknown."""
    dossier = commanded(command, read, context)
    unknown = without_application(dossier, command.application)
    return take(dossier, context, fact(OpinionIssued, command), unknown)


def override_opinion(command: OverrideOpinion, read: Read, context: Context) -> Facts:
    """Return the override. Raises ApplicationUnknown, OpinionNotIssued, NothingToOverride."""
    dossier = commanded(command, read, context)
    unknown = without_application(dossier, command.application)
    objections = [*unknown, *_not_to_override(dossier, command)]
    return take(dossier, context, fact(OpinionOverridden, command), objections)


def request_approval(command: RequestApproval, read: Read, context: Context) -> Facts:
    """Return the request."""
    return take(commanded(command, read, context), context, fact(ApprovalRequested, command))


def grant_approval(order: Order, command: GrantApproval, read: Read, context: Context) -> Facts:
    """Return the approval. Raises AlreadyDecided, and what it lacks under the order of evidence of its day."""
    dossier, granted = commanded(command, read, context), fact(ApprovalGranted, command)
    missing = lacking(dossier, granted, order.on(_day_of(command, context)))
    return take(dossier, context, granted, [*_decided(dossier, ApprovalRefused, command), *missing])


def refuse_approval(command: RefuseApproval, read: Read, context: Context) -> Facts:
    """Return the refusal. Raises AlreadyDecided."""
    dossier = commanded(command, read, context)
    return take(dossier, context, fact(ApprovalRefused, command), _decided(dossier, ApprovalGranted, command))


def withdraw_approval(command: WithdrawApproval, read: Read, context: Context) -> Facts:
    """Return the withdrawal. Raises NotGranted."""
    dossier = commanded(command, read, context)
    return take(dossier, context, fact(ApprovalWithdrawn, command), _not_granted(dossier, command))


def notify_decision(order: Order, command: NotifyDecision, read: Read, context: Context) -> Facts:
    """Return the notice. Raises PartyNotKnown, EvidenceMissing under the order of evidence of its day."""
    dossier = commanded(command, read, context)
    require_party(read, command.to)
    missing = lacking_notice(dossier, order.on(_day_of(command, context)))
    return take(dossier, context, fact(DecisionNotified, command), missing)


def select_project(command: SelectProject, read: Read, context: Context) -> Facts:
    """Return the choice. Raises PartyNotKnown, ApplicationUnknown."""
    dossier = commanded(command, read, context)
    require_party(read, command.party)
    unknown = without_application(dossier, command.application)
    return take(dossier, context, fact(ProjectSelected, command), unknown)


def award_contract(command: AwardContract, read: Read, context: Context) -> Facts:
    """Return the award. Raises PartyNotKnown."""
    dossier = commanded(command, read, context)
    require_party(read, command.party)
    return take(dossier, context, fact(ContractAwarded, command))


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


def _day_of(command: ReportableCommand, context: Context) -> date:
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
