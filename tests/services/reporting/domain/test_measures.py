from __future__ import annotations

from datetime import date
from decimal import Decimal

from contracts.bands import Band
from contracts.dates import ImpreciseDate, Period
from contracts.kpi import (
    BandsSet,
    IndicatorDefined,
    IndicatorMeasured,
    IndicatorPlaced,
    IndicatorRetired,
    IndicatorRevised,
    Manual,
    MeasurementCorrected,
    TargetSet,
    ThresholdPrinted,
)
from contracts.objectives import ObjectiveRegistered, UnitAssigned
from contracts.types import PENDING, Number, Section, Stated, Text, known
from regesta.event import Event
from services.reporting.domain.indicators import Indicator
from tests.services.reporting.domain.facts import ACCOUNT, ONE, PLAN, TWO, Facts, said

STREAM = f"indicator/{TWO}"
MANUAL = Manual(kind="manual")
DEFINED = IndicatorDefined(measure=MANUAL, title=Text(fr="Liquidations"), measured_in="%")


def bands(edge: int, year: int = 2024) -> BandsSet:
    red = Band(colour="red", upper=Decimal(edge))
    green = Band(colour="green", lower=Decimal(edge), lower_inclusive=True)
    return BandsSet(year=year, level="internal", bands=(red, green))


def measured(value: Stated[Number], year: int = 2023, **dimensions: str) -> IndicatorMeasured:
    period = Period(starts_on=date(year, 1, 1), ends_on=date(year, 12, 31))
    return IndicatorMeasured(period=period, value=value, dimensions=dimensions)


def corrected(by: str, value: int, year: int = 2023) -> MeasurementCorrected:
    period = Period(starts_on=date(year, 1, 1), ends_on=date(year, 12, 31))
    return MeasurementCorrected(corrects=by, period=period, value=known(Decimal(value)), reason="recount")


def placed(*events: Event, section: Section | None = PLAN) -> tuple[Facts, list[str]]:
    facts = Facts()
    facts.register(ObjectiveRegistered(objective=ONE, level="operational", code="IV.1"))
    names = facts.add("indicators", STREAM, DEFINED, IndicatorPlaced(objective=ONE, section=section), *events)
    return facts, names


def rows(facts: Facts) -> list[Indicator]:
    (objective,) = facts.letter().objectives
    contents = [objective.content, *(each.content for each in (objective.realised, objective.planned) if each)]
    return [row for content in contents for row in content.indicators]


def row(*events: Event, section: Section | None = PLAN) -> Indicator:
    (shown,) = rows(placed(*events, section=section)[0])
    return shown


def test_a_value_has_the_colour_of_its_band_and_no_value_is_no_data() -> None:
    assert row(bands(90), measured(known(Decimal(90)))).colour == "green"
    assert row(bands(90), measured(known(Decimal("89.9")))).colour == "red"
    assert row(bands(90)).colour == "no_data"
    assert row(bands(90), measured(PENDING)).colour == "no_data"
    assert row(measured(known(Decimal(90)))).colour is None


def test_a_pending_value_is_owed_by_who_provides_it_else_by_the_lead_unit() -> None:
    facts, _ = placed(measured(PENDING))
    assert [each.owner for each in rows(facts)] == [None]
    facts.add("objectives", f"objective/{ONE}", UnitAssigned(unit="dru", role="lead"))
    assert [each.owner for each in rows(facts)] == ["dru"]
    facts.add("indicators", STREAM, IndicatorRevised(year=2024, measure=MANUAL, provider="perspective"))
    assert [(each.owner, each.last and each.last.value.state) for each in rows(facts)] == [("perspective", "pending")]


def test_the_band_of_the_last_value_is_hit() -> None:
    shown = row(bands(90), measured(known(Decimal(95))))
    assert [(each.year, each.level, each.hit) for each in shown.bands] == [(2024, "internal", "green")]
    assert row(bands(90)).bands[0].hit is None


def test_bands_of_a_later_year_do_not_count_yet() -> None:
    assert row(bands(90, 2024), bands(50, 2025), measured(known(Decimal(60)))).colour == "red"
    assert row(bands(90, 2023), bands(50, 2024), measured(known(Decimal(60)))).colour == "green"
    assert row(bands(90, 2024), bands(50, 2024), measured(known(Decimal(60)))).colour == "green"
    assert row(bands(50, 2024), measured(known(Decimal(60))), section=ACCOUNT).bands == ()


def test_the_last_value_is_of_the_newest_period_up_to_the_year_and_not_broken_down() -> None:
    shown = row(
        measured(known(Decimal(3)), 2025),
        measured(known(Decimal(2)), 2024),
        measured(known(Decimal(1)), 2023),
        measured(known(Decimal(9)), 2024, commune="Ixelles"),
    )
    assert shown.last is not None
    assert shown.last.value.value == 2
    assert [(each.dimensions, each.value.value) for each in shown.breakdown] == [({"commune": "Ixelles"}, Decimal(9))]


def test_a_correction_takes_the_place_of_what_it_corrects() -> None:
    facts, names = placed(measured(known(Decimal(1))))
    first = facts.add("indicators", STREAM, corrected(names[2], 2))
    second = facts.add("indicators", STREAM, corrected(first[0], 3))
    (shown,) = rows(facts)
    assert shown.last is not None
    assert (shown.last.value.value, shown.last.events) == (Decimal(3), (second[0],))
    assert shown.last.value.events == (second[0], first[0])
    facts.lists["indicators"].pop()
    (shown,) = rows(facts)
    assert shown.last is not None
    assert shown.last.value.value == 2


def test_thresholds_stand_as_printed_where_they_were_printed() -> None:
    printed = [
        ThresholdPrinted(red="< 80 %", units="DRU"),
        ThresholdPrinted(red="here", objective=ONE, section=PLAN),
        ThresholdPrinted(red="other section", objective=ONE, section=ACCOUNT),
        ThresholdPrinted(red="other objective", objective=TWO),
    ]
    assert [each.red for each in row(*printed).thresholds] == ["< 80 %", "here"]


def test_the_definition_is_that_of_the_year() -> None:
    revised = [IndicatorRevised(measure=MANUAL, year=year, title=Text(fr=str(year))) for year in (2023, 2025, 2024)]
    assert said(row(*revised).title) == "2024"
    assert said(row(*revised, section=ACCOUNT).title) == "2023"
    assert said(row(revised[1]).title) == "Liquidations"


def test_targets_and_retirement_are_said() -> None:
    shown = row(
        TargetSet(target=Decimal(90), horizon=ImpreciseDate("2024")),
        IndicatorRetired(reason="replaced"),
    )
    assert shown.target is not None
    assert shown.retired is not None
    assert (shown.target.target.value, shown.target.baseline.state) == (Decimal(90), "unknown")
    assert shown.retired.value == "replaced"
    facts, _ = placed(IndicatorRetired(reason="twice", registered_in_error=True))
    assert rows(facts) == []
