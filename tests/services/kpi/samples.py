"""Indicators, bands and measurements that the tests of kpi speak of."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Final

from contracts.bands import Band, BandColour
from contracts.dates import Period
from contracts.kpi import IndicatorDefined, IndicatorMeasured, Manual
from contracts.types import UNKNOWN, Known, Number, Stated, Text
from regesta.testing import Domain
from services.kpi.app import AGGREGATES, RULES

ONE: Final = "01930000-0000-7000-8000-000000000001"
TWO: Final = "01930000-0000-7000-8000-000000000002"
OBJECTIVE: Final = "01930000-0000-7000-8000-00000000000a"
STREAM: Final = f"indicator/{ONE}"
YEAR: Final = Period(starts_on=date(2024, 1, 1), ends_on=date(2024, 12, 31))
MANUAL: Final = Manual(kind="manual")
DEFINED: Final = IndicatorDefined(measure=MANUAL, title=Text(fr="Crédits consommés", nl="Verbruikte kredieten"))


def domain() -> Domain:
    """Return the domain in which nobody defined anything."""
    return Domain(AGGREGATES, RULES)


def defined(event: IndicatorDefined = DEFINED) -> Domain:
    """Return the domain in which indicator ONE is defined: kpi:1."""
    return domain().given({STREAM: [event]})


def percent(number: str) -> Stated[Number]:
    """Return the statement of a number."""
    return Known[Number](state="known", value=Decimal(number))


def measured(value: Stated[Number] = UNKNOWN, period: Period = YEAR) -> IndicatorMeasured:
    """Return a measurement."""
    return IndicatorMeasured(period=period, value=value)


def below(colour: BandColour, upper: str) -> Band:
    """Return the band of numbers below an edge."""
    return Band(colour=colour, upper=Decimal(upper))


def between(colour: BandColour, lower: str, upper: str) -> Band:
    """Return the band of numbers from one edge to below another."""
    return Band(colour=colour, lower=Decimal(lower), lower_inclusive=True, upper=Decimal(upper))


def at_least(colour: BandColour, lower: str) -> Band:
    """Return the band of numbers from an edge on."""
    return Band(colour=colour, lower=Decimal(lower), lower_inclusive=True)


# Liquidations in per cent of the year's forecast.
LIQUIDATED: Final = (below("red", "80"), between("amber", "80", "90"), at_least("green", "90"))
