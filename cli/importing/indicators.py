"""Indicators of a file: defined, placed, their thresholds as printed, and bands and values where the texts have a machine form."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import partial

from cli.importing.file import Indicator
from cli.importing.plan import Facts, Item, Plan, Spot, Wanted, text_of
from cli.importing.statements import empty_of
from cli.importing.thresholds import NoBands, bands_of, number_of, unit_of
from contracts.bands import Band, BandColour
from contracts.dates import Period
from contracts.kpi import Manual
from contracts.types import Empty, Known, Number, known
from services.kpi.domain.command import KpiCommand
from services.kpi.domain.indicator import DefineIndicator, PlaceIndicator, PrintThreshold, SetBands
from services.kpi.domain.measurement import MeasureIndicator


def map_indicators(spots: Sequence[Spot], facts: Facts, year: int | None, plan: Plan) -> None:
    """Add the indicators of all nodes to a plan. year: of bands that stand in no year-section."""
    for spot in spots:
        for index, fact in enumerate(spot.node.indicators):
            key = facts.key(spot.node.code, "indicators", fact, spot.section)
            bands_year = year if spot.section is None else spot.section.year
            reading = _Reading(spot, fact, facts.id(key), bands_year)
            pointer = f"{spot.pointer}/indicators/{index}"
            plan.add(pointer, "indicator", partial(_map, reading, pointer, key))


class _Reading:
    """What one row of a table says. bands: None when its texts have no machine form; reasons: what stays as printed."""

    def __init__(self, spot: Spot, fact: Indicator, indicator: str, year: int | None) -> None:
        self.spot = spot
        self.fact = fact
        self.indicator = indicator
        self.year = year
        self.reasons: list[str] = []
        self.printed: dict[BandColour, str | None] = {"red": fact.red, "amber": fact.amber, "green": fact.green}
        self.bands = self._bands()
        self.unit = None if self.bands is None else unit_of(self.printed)

    def commands(self) -> list[KpiCommand]:
        """Return the commands that record the row, in order."""
        found = (self._define(), self._place(), self._thresholds(), self._set_bands(), self._measure())
        return [command for command in found if command is not None]

    def _bands(self) -> tuple[Band, ...] | None:
        if not any(self.printed.values()):
            return None
        try:
            bands = bands_of(self.printed)
        except NoBands as error:
            self.reasons.append(str(error))
            return None
        if self.year is None:
            self.reasons.append("no year is printed for the bands")
            return None
        return bands

    def _define(self) -> DefineIndicator:
        section = self.spot.section
        return DefineIndicator(
            indicator=self.indicator,
            measure=Manual(kind="manual"),
            title=text_of(self.fact.name),
            measured_in=self.unit,
            year=None if section is None else section.year,
            place=self.spot.place(self.fact.source_line),
        )

    def _place(self) -> PlaceIndicator:
        return PlaceIndicator(
            indicator=self.indicator,
            objective=self.spot.objective,
            section=self.spot.section,
            place=self.spot.place(self.fact.source_line),
        )

    def _thresholds(self) -> PrintThreshold | None:
        fact = self.fact
        if not any((fact.red, fact.amber, fact.green, fact.units, fact.value)):
            return None
        return PrintThreshold(
            indicator=self.indicator,
            red=fact.red,
            amber=fact.amber,
            green=fact.green,
            units=fact.units,
            value=fact.value,
            objective=self.spot.objective,
            section=self.spot.section,
            place=self.spot.place(fact.source_line),
        )

    def _set_bands(self) -> SetBands | None:
        if self.bands is None or self.year is None:
            return None
        return SetBands(indicator=self.indicator, year=self.year, level="internal", bands=self.bands)

    def _measure(self) -> MeasureIndicator | None:
        printed, section = self.fact.value, self.spot.section
        if printed is None:
            return None
        value = self._value(printed)
        if value is None:
            self.reasons.append(f"the value {printed!r} is no number in the unit of its bands")
            return None
        if section is None or section.kind != "realised":
            self.reasons.append(f"the period of the value {printed!r} is not printed")
            return None
        period = Period(starts_on=date(section.year, 1, 1), ends_on=date(section.year, 12, 31))
        return MeasureIndicator(
            indicator=self.indicator,
            period=period,
            value=value,
            as_printed=printed,
            place=self.spot.place(self.fact.source_line),
        )

    def _value(self, printed: str) -> Known[Number] | Empty | None:
        empty = empty_of(printed)
        if isinstance(empty, Empty):
            return empty
        found = number_of(printed)
        if found is None or (self.bands is not None and found[1] != (self.unit or "")):
            return None
        return known(found[0])


def _map(reading: _Reading, pointer: str, key: str) -> tuple[Item, list[Wanted]]:
    wanted = [Wanted("kpi", each, f"{key}/{each.name}", (pointer,)) for each in reading.commands()]
    if not reading.reasons:
        return Item(pointer, "indicator"), wanted
    return Item(pointer, "indicator", "as_printed", "; ".join(reading.reasons)), wanted
