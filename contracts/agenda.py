"""What the objectives service records for the annexes of a letter: the regulation agenda and the Court's recommendations."""

from __future__ import annotations

from typing import Literal, TypeAlias

from contracts.dates import ImpreciseDate
from contracts.decisions import ImpactKind, Outcome
from contracts.types import EventName, Ref, Round, Text, Value
from regesta.event import Event

Stage: TypeAlias = Literal[
    "drafted", "first_reading", "council_of_state", "second_reading", "third_reading", "published"
]
AnswerStatus: TypeAlias = Literal["accepted", "partly_accepted", "rejected", "in_progress", "implemented"]


class RecommendationRegistered(Event):
    """The Court of Audit recommended something. Opens recommendation/{id}. report, number: where it stands."""

    name = "recommendation-registered.v1"
    report: Ref
    number: Ref
    text: Text


class RecommendationAnswered(Event):
    """What was done about a recommendation; the latest answer counts. evidence: facts that show it."""

    name = "recommendation-answered.v1"
    status: AnswerStatus
    text: Text
    evidence: tuple[EventName, ...] = ()


class ImpactCheck(Value):
    """One line of a regulation's impact checklist. outcome: None while it is not made."""

    kind: ImpactKind
    outcome: Outcome | None = None


class RegulationScheduled(Event):
    """A regulation is on the agenda. Opens regulation/{id}. due: when it should be adopted."""

    name = "regulation-scheduled.v1"
    title: Text
    due: ImpreciseDate | None = None
    checklist: tuple[ImpactCheck, ...] = ()


class RegulationAdvanced(Event):
    """A regulation reached a stage, once more when the round is above 1 ("second first reading")."""

    name = "regulation-advanced.v1"
    stage: Stage
    round: Round = 1
    checklist: tuple[ImpactCheck, ...] = ()


class RegulationAdopted(Event):
    """A regulation was adopted. reference: of its publication."""

    name = "regulation-adopted.v1"
    reference: Ref | None = None


EVENTS: tuple[type[Event], ...] = (
    RecommendationRegistered,
    RecommendationAnswered,
    RegulationScheduled,
    RegulationAdvanced,
    RegulationAdopted,
)
