from __future__ import annotations

from decimal import Decimal

import pytest
from pydantic import ValidationError

from contracts.bands import Band
from contracts.dates import ImpreciseDate
from contracts.kpi import (
    BandsSet,
    CountOf,
    Fact,
    IndicatorDefined,
    IndicatorPlaced,
    IndicatorRemoved,
    IndicatorRetired,
    IndicatorRevised,
    TargetSet,
    ThresholdPrinted,
)
from contracts.types import Place, Section, Text
from regesta.command import Command, Reference
from regesta.errors import RegestaError
from regesta.event import FactWithdrawn
from regesta.testing import Domain
from services.kpi.domain import errors
from services.kpi.domain.indicator import (
    DefineIndicator,
    Indicator,
    PlaceIndicator,
    PrintThreshold,
    RemoveIndicator,
    RetireIndicator,
    ReviseIndicator,
    SetBands,
    SetTarget,
)
from services.kpi.domain.measurement import WithdrawFact
from tests.services.kpi.samples import (
    DEFINED,
    LIQUIDATED,
    MANUAL,
    OBJECTIVE,
    ONE,
    STREAM,
    at_least,
    below,
    defined,
    domain,
    measured,
)

PLANNED = Section(year=2024, kind="planned")
DEFINE = DefineIndicator(indicator=ONE, measure=MANUAL, title=DEFINED.title)
PLACE = PlaceIndicator(indicator=ONE, objective=OBJECTIVE, section=PLANNED)
PRINT = PrintThreshold(indicator=ONE, red="95 %", green="100 % ", place=Place(document="A-785", line=7025))
BANDS = SetBands(indicator=ONE, year=2024, level="internal", bands=LIQUIDATED)
TARGET = SetTarget(indicator=ONE, target=Decimal(90), horizon=ImpreciseDate("2024-41"), baseline=Decimal("71.5"))
RETIRE = RetireIndicator(indicator=ONE, reason="replaced by the share of the forecast")
REVISE = ReviseIndicator(indicator=ONE, year=2025, measure=MANUAL, measured_in="days")
AFTER_DEFINITION = [PLACE, PRINT, BANDS, TARGET, RETIRE, REVISE]


def retired() -> Domain:
    return defined().given({STREAM: [IndicatorRetired(reason="over")]})


def test_an_indicator_is_defined() -> None:
    assert domain().when(DEFINE) == {STREAM: [DEFINED]}


@pytest.mark.parametrize("command", [DEFINE, *AFTER_DEFINITION], ids=lambda command: command.name)
def test_a_repeated_command_records_nothing(command: Command) -> None:
    given = defined()
    given.when(command)
    assert given.when(command) == {}


@pytest.mark.parametrize("command", AFTER_DEFINITION, ids=lambda command: command.name)
def test_an_indicator_that_nobody_defined_is_unknown(command: Command) -> None:
    with pytest.raises(errors.UnknownIndicator, match=ONE):
        domain().when(command)


@pytest.mark.parametrize(
    "other",
    [
        {"title": Text(fr="Crédits engagés")},
        {"measured_in": "%"},
        {"measure": CountOf(kind="count", of=Fact(service="budget", type="payment-liquidated.v1"))},
        {"provider": "dsv"},
        {"year": 2024},
        {"place": Place(document="A-785")},
    ],
)
def test_an_id_cannot_be_defined_otherwise(other: dict[str, object]) -> None:
    with pytest.raises(errors.IndicatorDiffers) as refusal:
        defined().when(DEFINE.model_copy(update=other))
    assert refusal.value.details["field"] in other


def test_a_revision_says_the_whole_definition_again_and_the_latest_for_a_year_counts() -> None:
    given = defined()
    assert given.when(REVISE) == {STREAM: [IndicatorRevised(year=2025, measure=MANUAL, measured_in="days")]}
    again = REVISE.model_copy(update={"measured_in": "working days"})
    assert given.when(again) == {STREAM: [IndicatorRevised(year=2025, measure=MANUAL, measured_in="working days")]}
    assert given.when(again) == {}
    indicator = given.state(Indicator, ONE)
    assert [_unit(indicator, year) for year in (2024, 2025, 2026)] == [None, "working days", "working days"]


def _unit(indicator: Indicator, year: int) -> str | None:
    definition = indicator.definition(year)
    assert definition is not None
    return definition.measured_in


def test_a_revision_is_not_earlier_than_the_definition() -> None:
    given = defined(IndicatorDefined(measure=MANUAL, year=2025))
    assert given.when(REVISE) != {}
    with pytest.raises(errors.RevisionTooEarly, match="from 2025 on, not for 2024"):
        given.when(REVISE.model_copy(update={"year": 2024}))


def test_an_indicator_stands_under_an_objective_per_section() -> None:
    given = defined()
    everywhere = PLACE.model_copy(update={"section": None})
    assert given.when(PLACE) == {STREAM: [IndicatorPlaced(objective=OBJECTIVE, section=PLANNED)]}
    assert given.when(everywhere) == {STREAM: [IndicatorPlaced(objective=OBJECTIVE)]}
    remove = RemoveIndicator(indicator=ONE, objective=OBJECTIVE, section=PLANNED)
    assert given.when(remove) == {STREAM: [IndicatorRemoved(objective=OBJECTIVE, section=PLANNED)]}
    assert given.when(remove) == {}
    assert given.when(everywhere) == {}
    assert given.when(PLACE) == {STREAM: [IndicatorPlaced(objective=OBJECTIVE, section=PLANNED)]}


def test_an_indicator_is_removed_only_from_where_it_stood() -> None:
    given = defined()
    given.when(PLACE)
    with pytest.raises(errors.NotPlaced, match="'realised 2024'"):
        given.when(RemoveIndicator(indicator=ONE, objective=OBJECTIVE, section=Section(year=2024, kind="realised")))


def test_a_placement_and_a_printed_threshold_name_an_objective_that_must_exist() -> None:
    objective = (Reference("objectives", f"objective/{OBJECTIVE}"),)
    assert PLACE.references() == objective
    assert PRINT.references() == ()
    assert PRINT.model_copy(update={"objective": OBJECTIVE}).references() == objective


def test_a_threshold_is_kept_exactly_as_printed() -> None:
    printed = ThresholdPrinted(red="95 %", green="100 % ", place=Place(document="A-785", line=7025))
    assert defined().when(PRINT) == {STREAM: [printed]}


def test_a_withdrawn_threshold_can_be_printed_again() -> None:
    given = defined()
    given.when(PRINT)
    given.when(WithdrawFact(indicator=ONE, event="kpi:2", reason="another line"))
    assert given.when(PRINT) != {}


def test_bands_are_set_and_set_anew() -> None:
    given = defined()
    assert given.when(BANDS) == {STREAM: [BandsSet(year=2024, level="internal", bands=LIQUIDATED)]}
    assert given.when(BANDS.model_copy(update={"level": "legal"})) != {}
    stricter = (below("red", "85"), at_least("green", "85"))
    assert given.when(BANDS.model_copy(update={"bands": stricter})) != {}
    assert given.when(BANDS) != {}


@pytest.mark.parametrize(
    ("bands", "error", "named", "value"),
    [
        ((below("red", "1"), Band(colour="green", lower=Decimal(1))), errors.BandsUncovered, "no band holds 1$", "1"),
        (
            (below("red", "80"), at_least("green", "70")),
            errors.BandsOverlap,
            "red and green both hold numbers from 70",
            "numbers from 70 and below 80",
        ),
        (
            (Band(colour="red"), Band(colour="green", upper_inclusive=True)),
            errors.BandEmpty,
            "green band includes",
            {"colour": "green", "lower_inclusive": False, "upper_inclusive": True},
        ),
        ((), errors.BandsUncovered, "no band holds any number", "any number"),
    ],
)
def test_bands_that_do_not_hold_every_number_once_are_refused(
    bands: tuple[Band, ...], error: type[RegestaError], named: str, value: object
) -> None:
    with pytest.raises(error, match=named) as refusal:
        defined().when(BANDS.model_copy(update={"bands": bands}))
    assert refusal.value.details["value"] == value


def test_the_latest_target_of_a_horizon_counts() -> None:
    given = defined()
    target = TargetSet(target=Decimal(90), horizon=ImpreciseDate("2024-41"), baseline=Decimal("71.5"))
    assert given.when(TARGET) == {STREAM: [target]}
    assert given.when(TARGET.model_copy(update={"horizon": ImpreciseDate("2029")})) != {}
    assert given.when(TARGET.model_copy(update={"target": Decimal(95)})) != {}
    assert given.when(TARGET) != {}


@pytest.mark.parametrize("command", [PLACE, BANDS, TARGET, REVISE], ids=lambda command: command.name)
def test_a_retired_indicator_is_left_as_it_is(command: Command) -> None:
    with pytest.raises(errors.IndicatorRetired, match="'over'"):
        retired().when(command)


def test_what_was_printed_about_a_retired_indicator_is_kept() -> None:
    assert retired().when(PRINT) != {}


def test_an_indicator_is_retired_for_one_reason() -> None:
    with pytest.raises(errors.RetirementDiffers, match="'over'"):
        retired().when(RETIRE)


@pytest.mark.parametrize(
    ("fact", "named"),
    [
        (IndicatorPlaced(objective=OBJECTIVE), OBJECTIVE),
        (ThresholdPrinted(red="95 %"), "kpi:2"),
        (measured(), "kpi:2"),
    ],
)
def test_an_indicator_registered_in_error_has_nothing_that_stands(
    fact: IndicatorPlaced | ThresholdPrinted, named: str
) -> None:
    given = defined().given({STREAM: [fact]})
    error = RetireIndicator(indicator=ONE, reason="twice", registered_in_error=True)
    with pytest.raises(errors.IndicatorInUse, match=named):
        given.when(error)
    cleared = (
        IndicatorRemoved(objective=OBJECTIVE)
        if isinstance(fact, IndicatorPlaced)
        else FactWithdrawn(event="kpi:2", reason="in error")
    )
    given.given({STREAM: [cleared]})
    assert given.when(error) == {STREAM: [IndicatorRetired(reason="twice", registered_in_error=True)]}


@pytest.mark.parametrize(
    "data",
    [
        {"year": "2024"},
        {"year": True},
        {"year": 2024.0},
        {"provider": "Not A Slug"},
        {"title": {"fr": "x" * 10_001}},
        {"title": {"fr": " "}},
        {"title": {"fr": "a\0b"}},
        {"measured_in": "x" * 201},
        {"measure": {"kind": "guess"}},
        {"unheard": 1},
        {"indicator": "no uuid"},
    ],
)
def test_a_definition_with_a_wrong_field_is_no_command(data: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        DefineIndicator.model_validate({"indicator": ONE, "measure": {"kind": "manual"}} | data)
