"""The annexes: recommendations with their answers, and regulations on their way."""

from __future__ import annotations

import pytest

from contracts.agenda import (
    ImpactCheck,
    RecommendationAnswered,
    RecommendationRegistered,
    RegulationAdopted,
    RegulationAdvanced,
    RegulationScheduled,
    Stage,
)
from contracts.types import Text
from regesta.testing import Domain
from services.objectives.app import AGGREGATES, RULES
from services.objectives.domain.errors import (
    RecommendationDiffers,
    RegulationDiffers,
    RegulationIsAdopted,
    RoundMissing,
    UnknownRecommendation,
    UnknownRegulation,
)
from services.objectives.domain.recommendation import AnswerRecommendation, RegisterRecommendation
from services.objectives.domain.regulation import AdoptRegulation, AdvanceRegulation, ScheduleRegulation
from tests.services.objectives.samples import NEW, TITLE

RECOMMENDATION = f"recommendation/{NEW}"
REGULATION = f"regulation/{NEW}"
REGISTER = RegisterRecommendation(recommendation=NEW, report="2023-1", number="3", text=TITLE)
SCHEDULE = ScheduleRegulation.model_validate({"regulation": NEW, "title": TITLE, "due": "2024"})


def answer(status: str, *evidence: str) -> AnswerRecommendation:
    members = {"recommendation": NEW, "status": status, "text": TITLE, "evidence": evidence}
    return AnswerRecommendation.model_validate(members)


def advance(stage: Stage, round_: int = 1) -> AdvanceRegulation:
    return AdvanceRegulation(regulation=NEW, stage=stage, round=round_)


def domain() -> Domain:
    return Domain(AGGREGATES, RULES)


def scheduled() -> Domain:
    return domain().given({REGULATION: [RegulationScheduled.model_validate({"title": TITLE, "due": "2024"})]})


def test_a_recommendation_is_registered_once() -> None:
    here = domain()
    assert here.when(REGISTER) == {RECOMMENDATION: [RecommendationRegistered(report="2023-1", number="3", text=TITLE)]}
    assert here.when(REGISTER) == {}
    with pytest.raises(RecommendationDiffers, match="number"):
        here.when(REGISTER.model_copy(update={"number": "4"}))


def test_the_latest_answer_counts() -> None:
    here = domain()
    with pytest.raises(UnknownRecommendation):
        here.when(answer("accepted"))
    here.when(REGISTER)
    first = RecommendationAnswered(status="accepted", text=TITLE)
    assert here.when(answer("accepted")) == {RECOMMENDATION: [first]}
    assert here.when(answer("accepted")) == {}
    assert here.when(answer("implemented", "budget:12")) != {}
    assert here.when(answer("accepted")) != {}, "it was answered otherwise meanwhile"


def test_a_regulation_is_scheduled_anew_until_it_is_adopted() -> None:
    here = scheduled()
    assert here.when(SCHEDULE) == {}
    other = SCHEDULE.model_copy(update={"title": Text(fr="Autre")})
    assert here.when(other) != {}
    assert here.when(AdoptRegulation(regulation=NEW, reference="R")) == {REGULATION: [RegulationAdopted(reference="R")]}
    assert here.when(AdoptRegulation(regulation=NEW, reference="R")) == {}
    assert here.when(other) == {}, "it is the latest schedule"
    with pytest.raises(RegulationIsAdopted):
        here.when(SCHEDULE)
    with pytest.raises(RegulationIsAdopted):
        here.when(advance("published"))
    with pytest.raises(RegulationDiffers, match="reference"):
        here.when(AdoptRegulation(regulation=NEW))


def test_a_second_first_reading_comes_after_the_first() -> None:
    here = scheduled()
    with pytest.raises(RoundMissing, match="round 2 of 'first_reading' comes after round 1"):
        here.when(advance("first_reading", 2))
    for stage, round_ in (("first_reading", 1), ("second_reading", 1), ("first_reading", 2)):
        command = advance(stage, round_)  # type: ignore[arg-type]  # pairs are of str
        assert here.when(command) == {
            REGULATION: [RegulationAdvanced.model_validate({"stage": stage, "round": round_})]
        }
        assert here.when(command) == {}
    with pytest.raises(RegulationDiffers, match="checklist"):
        here.when(advance("first_reading").model_copy(update={"checklist": (ImpactCheck(kind="equality"),)}))


def test_what_is_not_on_the_agenda_reaches_nothing() -> None:
    for command in (advance("drafted"), AdoptRegulation(regulation=NEW)):
        with pytest.raises(UnknownRegulation):
            domain().when(command)
