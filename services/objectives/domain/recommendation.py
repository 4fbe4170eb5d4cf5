"""The Court of Audit's recommendations: recommendation/{id}, and what was done about each. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Final, assert_never

from pydantic import Field

from contracts.agenda import AnswerStatus, RecommendationAnswered, RecommendationRegistered
from contracts.types import BoundedRef, BoundedText, EventName, RecommendationId
from regesta.command import Context, Facts, Read, State, fact, nothing, recorded, repeats
from services.objectives.domain.command import ObjectivesCommand
from services.objectives.domain.errors import RecommendationDiffers, UnknownRecommendation

MOST_EVIDENCE: Final = 100


@dataclass(slots=True)
class Recommendation(State):
    """registered: what was recommended. answered: the latest answer."""

    prefix: ClassVar[str] = "recommendation"

    registered: RecommendationRegistered | None = None
    answered: RecommendationAnswered | None = None


class RecommendationCommand(ObjectivesCommand):
    """A command on a recommendation."""

    recommendation: RecommendationId

    @property
    def stream(self) -> str:
        """The recommendation's stream."""
        return Recommendation.name_of(self.recommendation)


class RegisterRecommendation(RecommendationCommand):
    """Follow a recommendation of the Court of Audit. report, number: where it stands."""

    name = "register-recommendation"

    report: BoundedRef
    number: BoundedRef
    text: BoundedText


class AnswerRecommendation(RecommendationCommand):
    """Say what was done about a recommendation; the latest answer counts. evidence: names of events that show it."""

    name = "answer-recommendation"

    status: AnswerStatus
    text: BoundedText
    evidence: Annotated[tuple[EventName, ...], Field(max_length=MOST_EVIDENCE)] = ()


def register(command: RegisterRecommendation, read: Read, _context: Context) -> Facts:
    """Return the registration; nothing when it stands. Raises RecommendationDiffers."""
    recommendation, asked = read(Recommendation, command.recommendation), fact(RecommendationRegistered, command)
    known = recorded(recommendation.registered, asked, RecommendationDiffers)
    return nothing() if known else {recommendation.stream: [asked]}


def answer(command: AnswerRecommendation, read: Read, _context: Context) -> Facts:
    """Return the answer; nothing when it is the latest. Raises UnknownRecommendation."""
    recommendation = read(Recommendation, command.recommendation)
    if recommendation.registered is None:
        key = recommendation.key
        raise UnknownRecommendation(f"no recommendation {key!r} is registered", recommendation=key)
    asked = fact(RecommendationAnswered, command)
    return nothing() if repeats(recommendation.answered, asked) else {recommendation.stream: [asked]}


def evolve(recommendation: Recommendation, event: RecommendationRegistered | RecommendationAnswered) -> None:
    """Apply one recorded fact of a recommendation."""
    match event:
        case RecommendationRegistered():
            recommendation.registered = event
        case RecommendationAnswered():
            recommendation.answered = event
        case _:
            assert_never(event)
