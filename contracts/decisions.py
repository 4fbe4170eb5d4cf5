"""What the objectives service records on the way of a dossier to its decision: applications, tests, opinions, approvals."""

from __future__ import annotations

from typing import Literal, TypeAlias

from contracts.types import Cents, Origin, PartyId, Ref, Round, RuleName, Text, Uuid, Words
from regesta.event import Event

ApplicationId: TypeAlias = Uuid
# Who decides or advises.
Body: TypeAlias = Literal[
    "government",
    "minister",
    "budget_minister",
    "inspector_of_finance",
    "council_of_state",
    "controller",
    "administration",
    "monitoring_committee",
    "european_commission",
    "municipality",
    "parliament",
    "other",
]
# What is approved, or the reading of a text; a step can come again, as the next round.
ApprovalStep: TypeAlias = Literal[
    "perimeter",
    "conditions",
    "selection",
    "programme",
    "grant",
    "draft",
    "first_reading",
    "second_reading",
    "third_reading",
    "provisional",
    "final",
    "amendment",
    "final_account",
    "other",
]
ImpactKind: TypeAlias = Literal["equality", "dnsh", "regulatory", "gender"]
Outcome: TypeAlias = Literal["positive", "neutral", "negative", "compliant", "not_compliant", "not_applicable"]


class ApplicationReceived(Event):
    """Someone applied. application: its id in the dossier; amount_cents: what is asked for."""

    name = "application-received.v1"
    withdrawable = True
    application: ApplicationId
    applicant: PartyId | None = None
    reference: Ref | None = None
    amount_cents: Cents | None = None
    origin: Origin | None = None
    breaches: tuple[RuleName, ...] = ()


class ApplicationCompleted(Event):
    """An application has everything that it needs; the clock of its instruction starts when this occurred."""

    name = "application-completed.v1"
    withdrawable = True
    application: ApplicationId
    origin: Origin | None = None
    breaches: tuple[RuleName, ...] = ()


class ImpactTestAttached(Event):
    """An impact test was made. document: where it is kept; application: None when it is of the whole dossier."""

    name = "impact-test-attached.v1"
    withdrawable = True
    kind: ImpactKind
    outcome: Outcome
    document: Ref | None = None
    application: ApplicationId | None = None
    origin: Origin | None = None
    breaches: tuple[RuleName, ...] = ()


class OpinionRequested(Event):
    """Advice was asked for. round: 1, or more when the same body is asked again."""

    name = "opinion-requested.v1"
    withdrawable = True
    by: Body
    round: Round = 1
    application: ApplicationId | None = None
    origin: Origin | None = None
    breaches: tuple[RuleName, ...] = ()


class OpinionIssued(Event):
    """Advice was given. by: who gave it; document: its number."""

    name = "opinion-issued.v1"
    withdrawable = True
    by: Body
    verdict: Literal["favourable", "with_remarks", "unfavourable"]
    round: Round = 1
    application: ApplicationId | None = None
    remarks: Text | None = None
    document: Ref | None = None
    origin: Origin | None = None
    breaches: tuple[RuleName, ...] = ()


class OpinionOverridden(Event):
    """A decision goes against an opinion. opinion_of, round: which one; by: who overrides it."""

    name = "opinion-overridden.v1"
    withdrawable = True
    opinion_of: Body
    by: Body
    reason: Words
    round: Round = 1
    application: ApplicationId | None = None
    origin: Origin | None = None
    breaches: tuple[RuleName, ...] = ()


class ApprovalRequested(Event):
    """A decision was asked for. reference: of the document that asks; amount_cents: at stake."""

    name = "approval-requested.v1"
    withdrawable = True
    authority: Body
    step: ApprovalStep
    round: Round = 1
    reference: Ref | None = None
    amount_cents: Cents | None = None
    title: Text | None = None
    origin: Origin | None = None
    breaches: tuple[RuleName, ...] = ()


class ApprovalGranted(Event):
    """An authority approved a step. reference: of the decision; title: what it approved, where the step does not say."""

    name = "approval-granted.v1"
    withdrawable = True
    authority: Body
    step: ApprovalStep
    round: Round = 1
    reference: Ref | None = None
    amount_cents: Cents | None = None
    title: Text | None = None
    origin: Origin | None = None
    breaches: tuple[RuleName, ...] = ()


class ApprovalRefused(Event):
    """An authority refused a step."""

    name = "approval-refused.v1"
    withdrawable = True
    authority: Body
    step: ApprovalStep
    round: Round = 1
    reference: Ref | None = None
    reason: Words | None = None
    origin: Origin | None = None
    breaches: tuple[RuleName, ...] = ()


class ApprovalWithdrawn(Event):
    """An authority took an approval back: a decision of its own, not the correction of a wrong record."""

    name = "approval-withdrawn.v1"
    withdrawable = True
    authority: Body
    step: ApprovalStep
    reason: Words
    round: Round = 1
    reference: Ref | None = None
    origin: Origin | None = None
    breaches: tuple[RuleName, ...] = ()


class DecisionNotified(Event):
    """A party was told the decision. reference: of the letter."""

    name = "decision-notified.v1"
    withdrawable = True
    to: PartyId
    reference: Ref | None = None
    origin: Origin | None = None
    breaches: tuple[RuleName, ...] = ()


class ProjectSelected(Event):
    """A project of a call was chosen."""

    name = "project-selected.v1"
    withdrawable = True
    party: PartyId
    application: ApplicationId | None = None
    title: Text | None = None
    amount_cents: Cents | None = None
    origin: Origin | None = None
    breaches: tuple[RuleName, ...] = ()


class ContractAwarded(Event):
    """A procurement was awarded."""

    name = "contract-awarded.v1"
    withdrawable = True
    party: PartyId
    reference: Ref | None = None
    title: Text | None = None
    amount_cents: Cents | None = None
    origin: Origin | None = None
    breaches: tuple[RuleName, ...] = ()


EVENTS: tuple[type[Event], ...] = (
    ApplicationReceived,
    ApplicationCompleted,
    ImpactTestAttached,
    OpinionRequested,
    OpinionIssued,
    OpinionOverridden,
    ApprovalRequested,
    ApprovalGranted,
    ApprovalRefused,
    ApprovalWithdrawn,
    DecisionNotified,
    ProjectSelected,
    ContractAwarded,
)
