from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import pytest

from contracts.dates import Period
from contracts.kpi import (
    CountOf,
    Fact,
    IndicatorDefined,
    IndicatorMeasured,
    IndicatorRetired,
    IndicatorRevised,
    MeasurementCorrected,
)
from contracts.types import NONE, UNKNOWN, Origin
from regesta.command import Command
from regesta.errors import MayNotReport, NotWithdrawable
from regesta.event import FactWithdrawn
from regesta.testing import Domain
from services.kpi.domain import errors
from services.kpi.domain.measurement import CorrectMeasurement, MeasureIndicator, WithdrawFact
from tests.services.kpi.samples import MANUAL, ONE, STREAM, TWO, YEAR, defined, domain, measured, percent

COUNTED = CountOf(kind="count", of=Fact(service="budget", type="payment-liquidated.v1"))
HALF = Period(starts_on=date(2024, 1, 1), ends_on=date(2024, 6, 30))
MEASURE = MeasureIndicator(indicator=ONE, period=YEAR, value=percent("81.50"))
CORRECT = CorrectMeasurement(indicator=ONE, corrects="kpi:2", value=percent("91"), reason="a payment was missed")
WITHDRAW = WithdrawFact(indicator=ONE, event="kpi:2", reason="of another indicator")
SAP = Origin(system="sap", reference="Q4")


def once_measured() -> Domain:
    """Return the domain in which ONE is measured: kpi:2."""
    return defined().given({STREAM: [measured(percent("81.50"))]})


def test_a_measurement_is_recorded_with_its_digits() -> None:
    facts = defined().when(MEASURE)
    assert facts == {STREAM: [measured(percent("81.50"))]}
    assert '"81.50"' in facts[STREAM][0].model_dump_json()


@pytest.mark.parametrize("command", [MEASURE, CORRECT, WITHDRAW], ids=lambda command: command.name)
def test_a_repeated_command_records_nothing(command: Command) -> None:
    given = defined() if command is MEASURE else once_measured()
    assert given.when(command) != {}
    assert given.when(command) == {}


@pytest.mark.parametrize("command", [MEASURE, CORRECT, WITHDRAW], ids=lambda command: command.name)
def test_an_indicator_that_nobody_defined_is_unknown(command: Command) -> None:
    with pytest.raises(errors.UnknownIndicator, match=ONE):
        domain().when(command)


def test_no_value_is_measured_as_none_or_unknown() -> None:
    given = defined()
    assert given.when(MEASURE.model_copy(update={"value": UNKNOWN})) == {STREAM: [measured(UNKNOWN)]}
    assert given.when(MEASURE.model_copy(update={"value": NONE, "period": HALF})) == {STREAM: [measured(NONE, HALF)]}


@pytest.mark.parametrize("other", [{"value": percent("81.6")}, {"value": UNKNOWN}, {"source": "annual report"}])
def test_a_period_is_measured_once(other: dict[str, object]) -> None:
    with pytest.raises(errors.MeasurementDiffers, match=r"81\.50|None"):
        once_measured().when(MEASURE.model_copy(update=other))


@pytest.mark.parametrize("other", [{"period": HALF}, {"dimensions": {"programme": "2021-2027"}}])
def test_another_period_or_dimension_is_another_measurement(other: dict[str, object]) -> None:
    assert once_measured().when(MEASURE.model_copy(update=other)) != {}


def test_what_is_computed_from_events_is_not_measured_by_hand() -> None:
    given = defined().given({STREAM: [IndicatorRevised(measure=COUNTED, year=2024)]})
    with pytest.raises(errors.MeasuredByEvents, match="count"):
        given.when(MEASURE)
    earlier = Period(starts_on=date(2023, 1, 1), ends_on=date(2023, 12, 31))
    assert given.when(MEASURE.model_copy(update={"period": earlier})) != {}


def test_a_measurement_is_corrected_and_the_correction_too() -> None:
    given = once_measured()
    corrected = MeasurementCorrected(corrects="kpi:2", period=YEAR, value=percent("91"), reason="a payment was missed")
    assert given.when(CORRECT) == {STREAM: [corrected]}
    again = CORRECT.model_copy(update={"corrects": "kpi:3", "value": percent("92")})
    assert given.when(again) == {STREAM: [corrected.model_copy(update={"corrects": "kpi:3", "value": percent("92")})]}


def test_one_measurement_has_one_correction() -> None:
    given = once_measured()
    given.when(CORRECT)
    with pytest.raises(errors.CorrectionDiffers, match=r"'91'.*not.*'92'"):
        given.when(CORRECT.model_copy(update={"value": percent("92")}))


@pytest.mark.parametrize("event", ["kpi:1", "kpi:3", "budget:2"])
def test_only_a_measurement_that_stands_is_corrected(event: str) -> None:
    with pytest.raises(errors.NotMeasurement, match=event):
        once_measured().when(CORRECT.model_copy(update={"corrects": event}))


def test_a_measurement_of_another_indicator_is_not_corrected_here() -> None:
    given = once_measured().given({f"indicator/{TWO}": [IndicatorDefined(measure=MANUAL), measured(percent("1"))]})
    with pytest.raises(errors.NotMeasurement, match="kpi:4"):
        given.when(CORRECT.model_copy(update={"corrects": "kpi:4"}))


def test_a_withdrawn_measurement_makes_room() -> None:
    given = once_measured()
    assert given.when(WITHDRAW) == {STREAM: [FactWithdrawn(event="kpi:2", reason="of another indicator")]}
    with pytest.raises(errors.NotMeasurement):
        given.when(CORRECT)
    assert given.when(MEASURE.model_copy(update={"value": percent("12")})) != {}


def test_a_correction_is_withdrawn_before_what_it_corrects() -> None:
    given = once_measured()
    given.when(CORRECT)
    with pytest.raises(errors.MeasurementCorrected, match="kpi:2"):
        given.when(WITHDRAW)
    given.when(WITHDRAW.model_copy(update={"event": "kpi:3"}))
    assert given.when(CORRECT.model_copy(update={"value": percent("92")})) != {}
    given.when(WITHDRAW.model_copy(update={"event": "kpi:5"}))
    assert given.when(WITHDRAW) != {}


@pytest.mark.parametrize("event", ["kpi:1", "kpi:9", "objectives:2"])
def test_what_is_no_step_is_not_withdrawn(event: str) -> None:
    with pytest.raises(NotWithdrawable, match=event):
        once_measured().when(WITHDRAW.model_copy(update={"event": event}))


class TestReported:
    """What another system recorded already happened: it is kept, with the rules it breaks."""

    REPORT = MEASURE.model_copy(update={"origin": SAP})

    @pytest.mark.parametrize("roles", [["connector"], ["administrator"]])
    def test_a_connector_reports(self, roles: Iterable[str]) -> None:
        expected = IndicatorMeasured(period=YEAR, value=percent("81.50"), origin=SAP)
        assert defined().when(self.REPORT, roles=roles) == {STREAM: [expected]}

    def test_nobody_else_does(self) -> None:
        with pytest.raises(MayNotReport, match="sap"):
            defined().when(self.REPORT, roles=["controller"], units=["*"])

    def test_what_breaks_rules_says_which(self) -> None:
        given = defined(IndicatorDefined(measure=COUNTED)).given({STREAM: [IndicatorRetired(reason="over")]})
        (event,) = given.when(self.REPORT, roles=["connector"])[STREAM]
        assert isinstance(event, IndicatorMeasured)
        assert event.breaches == ("indicator-retired", "measured-by-events")
        assert given.when(self.REPORT, roles=["connector"]) == {}

    def test_a_decision_that_breaks_rules_is_refused(self) -> None:
        given = defined().given({STREAM: [IndicatorRetired(reason="over")]})
        with pytest.raises(errors.IndicatorRetired, match="over"):
            given.when(MEASURE, roles=["connector"])

    def test_a_measurement_once_decided_and_once_reported_is_the_same(self) -> None:
        assert once_measured().when(self.REPORT, roles=["connector"]) == {}


class TestProvider:
    """Who measures: the unit that provides the indicator in the period's year."""

    PROVIDED = IndicatorDefined(measure=MANUAL, provider="dsv")

    def test_the_unit_measures_corrects_and_withdraws(self) -> None:
        given = defined(self.PROVIDED)
        assert given.when(MEASURE, units=["dsv"]) != {}
        assert given.when(CORRECT, units=["dsv"]) != {}
        assert given.when(WITHDRAW.model_copy(update={"event": "kpi:3"}), units=["dsv"]) != {}

    @pytest.mark.parametrize("command", [MEASURE, CORRECT, WITHDRAW], ids=lambda command: command.name)
    def test_another_unit_does_not(self, command: Command) -> None:
        given = defined(self.PROVIDED)
        if command is not MEASURE:
            given.when(MEASURE, units=["dsv"])
        with pytest.raises(errors.NotProvider, match="dsv"):
            given.when(command, units=["dru"])

    def test_a_revision_names_another_provider_from_its_year_on(self) -> None:
        given = defined(self.PROVIDED).given({STREAM: [IndicatorRevised(measure=MANUAL, year=2025, provider="dru")]})
        with pytest.raises(errors.NotProvider, match="dsv"):
            given.when(MEASURE, units=["dru"])
        period = Period(starts_on=date(2024, 7, 1), ends_on=date(2025, 6, 30))
        assert given.when(MEASURE.model_copy(update={"period": period}), units=["dru"]) != {}
