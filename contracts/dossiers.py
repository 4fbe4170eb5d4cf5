"""What the objectives service records about dossiers: what they serve, their milestones, calls, inquiries and end."""

from __future__ import annotations

from typing import Literal, TypeAlias

from contracts.dates import ImpreciseDate
from contracts.types import (
    Count,
    DossierId,
    EventName,
    Flag,
    ObjectiveId,
    Origin,
    PartyId,
    Place,
    Ref,
    RuleName,
    Text,
    Uuid,
    Words,
)
from regesta.event import Event

MilestoneId: TypeAlias = Uuid
AppealId: TypeAlias = Uuid
DossierKind: TypeAlias = Literal[
    "programme", "call", "subsidy", "procurement", "plan", "regulation", "study", "agreement", "project"
]
# The order of evidence for a subsidy, and what other dossiers plan.
MilestoneKind: TypeAlias = Literal[
    "call",
    "application",
    "complete_application",
    "instruction",
    "impact_test",
    "opinion",
    "budget_agreement",
    "approval",
    "commitment",
    "notification",
    "convention",
    "advance",
    "claim",
    "liquidation",
    "justification",
    "final_account",
    "public_inquiry",
    "study",
    "publication",
    "other",
]


class DossierOpened(Event):
    """Something that moves through steps is followed. Opens dossier/{id}.

    objectives: that it serves. programmes: the dossiers of kind programme that it belongs to, often none.
    reference: what the administration calls it.
    """

    name = "dossier-opened.v1"
    kind: DossierKind
    title: Text
    objectives: tuple[ObjectiveId, ...] = ()
    programmes: tuple[DossierId, ...] = ()
    reference: Ref | None = None
    origin: Origin | None = None
    place: Place | None = None


class DossierLinked(Event):
    """The dossier serves one more objective, or belongs to one more programme: one of the two."""

    name = "dossier-linked.v1"
    objective: ObjectiveId | None = None
    programme: DossierId | None = None


class DossierUnlinked(Event):
    """The dossier no longer serves an objective, or belongs to a programme: one of the two."""

    name = "dossier-unlinked.v1"
    objective: ObjectiveId | None = None
    programme: DossierId | None = None


class DossierAttached(Event):
    """A dossier serves this objective or belongs to this programme, in whose stream it is recorded with the link."""

    name = "dossier-attached.v1"
    dossier: DossierId


class DossierDetached(Event):
    """A dossier no longer serves this objective or belongs to this programme; recorded with the end of the link."""

    name = "dossier-detached.v1"
    dossier: DossierId


class MilestonePlanned(Event):
    """A dated step is planned. milestone: its id in the dossier; kind: the fact that reaches it."""

    name = "milestone-planned.v1"
    withdrawable = True
    milestone: MilestoneId
    kind: MilestoneKind
    due: ImpreciseDate
    title: Text | None = None


class MilestoneRescheduled(Event):
    """A planned step has another date. old: the one that it replaces."""

    name = "milestone-rescheduled.v1"
    withdrawable = True
    milestone: MilestoneId
    old: ImpreciseDate
    new: ImpreciseDate
    reason: Words | None = None


class MilestoneReached(Event):
    """A planned step was reached. evidence: the facts that reached it, when a reaction recorded this."""

    name = "milestone-reached.v1"
    withdrawable = True
    milestone: MilestoneId
    on: ImpreciseDate
    evidence: tuple[EventName, ...] = ()


class MilestoneCancelled(Event):
    """A planned step will not come."""

    name = "milestone-cancelled.v1"
    withdrawable = True
    milestone: MilestoneId
    reason: Words


class CallLaunched(Event):
    """A call for projects is open. closes_on: the last day to apply, as far as it is known."""

    name = "call-launched.v1"
    closes_on: ImpreciseDate | None = None
    origin: Origin | None = None
    breaches: tuple[RuleName, ...] = ()


class CallClosed(Event):
    """A call for projects is closed. received: how many applications came; None when that is not known."""

    name = "call-closed.v1"
    received: Count | None = None
    origin: Origin | None = None
    breaches: tuple[RuleName, ...] = ()


class PublicInquiryOpened(Event):
    """A public inquiry is open. closes_on: its last day."""

    name = "public-inquiry-opened.v1"
    closes_on: ImpreciseDate | None = None
    origin: Origin | None = None
    breaches: tuple[RuleName, ...] = ()


class PublicInquiryClosed(Event):
    """A public inquiry is closed. received: how many remarks came; None when that is not known."""

    name = "public-inquiry-closed.v1"
    received: Count | None = None
    origin: Origin | None = None
    breaches: tuple[RuleName, ...] = ()


class AppealLodged(Event):
    """Someone appealed against the decision. court: which one, in words."""

    name = "appeal-lodged.v1"
    appeal: AppealId
    court: Words | None = None
    by: PartyId | None = None
    origin: Origin | None = None
    breaches: tuple[RuleName, ...] = ()


class AppealDecided(Event):
    """An appeal came to its end. upheld: the decision appealed against falls."""

    name = "appeal-decided.v1"
    appeal: AppealId
    outcome: Literal["upheld", "partly_upheld", "dismissed", "withdrawn"]
    origin: Origin | None = None
    breaches: tuple[RuleName, ...] = ()


class DossierSuspended(Event):
    """The dossier waits; its clocks stop."""

    name = "dossier-suspended.v1"
    reason: Words


class DossierResumed(Event):
    """The dossier goes on after a wait."""

    name = "dossier-resumed.v1"
    reason: Words | None = None


class DossierStopped(Event):
    """The dossier will not be completed. registered_in_error: it should never have been opened."""

    name = "dossier-stopped.v1"
    reason: Words
    registered_in_error: Flag = False


class DossierMerged(Event):
    """The dossier goes on as part of another one."""

    name = "dossier-merged.v1"
    into: DossierId
    reason: Words | None = None


class DossierCompleted(Event):
    """The dossier came to its end as intended."""

    name = "dossier-completed.v1"
    reason: Words | None = None


EVENTS: tuple[type[Event], ...] = (
    DossierOpened,
    DossierLinked,
    DossierUnlinked,
    DossierAttached,
    DossierDetached,
    MilestonePlanned,
    MilestoneRescheduled,
    MilestoneReached,
    MilestoneCancelled,
    CallLaunched,
    CallClosed,
    PublicInquiryOpened,
    PublicInquiryClosed,
    AppealLodged,
    AppealDecided,
    DossierSuspended,
    DossierResumed,
    DossierStopped,
    DossierMerged,
    DossierCompleted,
)
