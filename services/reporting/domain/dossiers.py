"""Dossiers in a letter: milestones, the steps of evidence, conventions, commitments and payments. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeAlias

from contracts.allocation import LineKey
from contracts.commitments import Tranche
from contracts.dates import Period
from contracts.decisions import ApprovalStep, Body
from contracts.dossiers import DossierKind, MilestoneKind
from contracts.types import CommitmentId, ConventionId, DossierId, ObjectiveId, Ppm, Text, Uuid, Year
from services.reporting.domain.figure import Events, Figure, Part, Said, When

StepKind: TypeAlias = Literal[
    "call-launched",
    "call-closed",
    "public-inquiry-opened",
    "public-inquiry-closed",
    "appeal-lodged",
    "appeal-decided",
    "application-received",
    "application-completed",
    "impact-test-attached",
    "opinion-requested",
    "opinion-issued",
    "opinion-overridden",
    "approval-requested",
    "approval-granted",
    "approval-refused",
    "approval-withdrawn",
    "decision-notified",
    "project-selected",
    "contract-awarded",
    "dossier-suspended",
    "dossier-resumed",
    "dossier-stopped",
    "dossier-merged",
    "dossier-completed",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(Said):
    """One fact on the way of a dossier, in the order recorded. Members that its kind does not have are null.

    kind: the event's name without its version. occurred: when it happened in the world, null when not said; recorded_on: the
    day in UTC it was recorded. body: who decides or advises. verdict: of an opinion, a test or an appeal.
    """

    kind: StepKind
    recorded_on: date
    occurred: When | None = None
    body: Body | None = None
    step: ApprovalStep | None = None
    round: int | None = None
    verdict: str | None = None
    text: Text | None = None
    reason: str | None = None
    reference: str | None = None
    amount_cents: int | None = None
    received: int | None = None
    party: Uuid | None = None
    application: Uuid | None = None
    closes_on: When | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestone(Part):
    """A dated step. due: the date that counts now; first_due: the one it was first planned for. reached: when it was.

    late: whether it was reached after everything `due` can mean; null while that cannot be told.
    """

    milestone: Uuid
    kind: MilestoneKind
    state: Literal["planned", "reached", "cancelled"]
    title: Figure[Text]
    due: When
    first_due: When
    reached: When | None = None
    late: bool | None = None
    reason: str | None = None
    evidence: Events = ()
    events: Events


@dataclass(frozen=True, slots=True, kw_only=True)
class Convention(Said):
    """An agreement with beneficiaries, as last amended. signed_on: when it was, null when not said."""

    convention: ConventionId
    state: Literal["signed", "terminated"]
    amount: Figure[int]
    advance_ppm: Ppm | None = None
    tranches: tuple[Tranche, ...] = ()
    ends_on: When | None = None
    reference: str | None = None
    parties: tuple[Uuid, ...] = ()
    signed_on: When | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment(Said):
    """A payment, and what of it was taken back. amount: what counts now, in cents."""

    payment: str
    part: Literal["advance", "interim", "balance"]
    line: LineKey
    year: Year
    amount: Figure[int]
    reversed_cents: int
    paid_on: date | None = None
    occurred: When | None = None
    claim: str | None = None
    visa: str | None = None
    unchecked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim(Said):
    """A request for payment. rejected: why it will not be paid."""

    claim: str
    amount: Figure[int]
    period: Period | None = None
    rejected: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery(Said):
    """Money that the beneficiary owes back; it never lowers what was liquidated."""

    recovery: str
    amount: Figure[int]
    collected: Figure[int]
    payment: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Commitment(Said):
    """An obligation, in cents. outstanding: committed less decommitted less liquidated."""

    commitment: CommitmentId
    line: LineKey
    year: Year
    committed: Figure[int]
    decommitted: Figure[int]
    liquidated: Figure[int]
    outstanding: Figure[int]
    convention: ConventionId | None = None
    visa: str | None = None
    occurred: When | None = None
    unchecked: bool
    payments: tuple[Payment, ...] = ()
    claims: tuple[Claim, ...] = ()
    recoveries: tuple[Recovery, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier(Part):
    """What moves through steps and serves objectives; the same dossier stands under each of them.

    state: the last of open, suspended, stopped, merged, completed. commitments: those of the dossier or its conventions.
    """

    dossier: DossierId
    kind: DossierKind
    title: Figure[Text]
    reference: str | None = None
    state: Literal["open", "suspended", "stopped", "merged", "completed"]
    objectives: tuple[ObjectiveId, ...]
    milestones: tuple[Milestone, ...] = ()
    steps: tuple[Step, ...] = ()
    conventions: tuple[Convention, ...] = ()
    commitments: tuple[Commitment, ...] = ()
    events: Events
