"""The indicator table of a letter: printed thresholds, bands, targets, the last value and its colour. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeAlias

from contracts.bands import Band, BandColour
from contracts.kpi import Direction
from contracts.types import IndicatorId, Number, Place, Section, Text, UnitSlug, Year
from services.reporting.domain.figure import Events, Figure, Part, When

Colour: TypeAlias = Literal["red", "amber", "green", "no_data"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold(Part):
    """The texts of an indicator's row, exactly as printed; null where the document has none. units: the UA / AE column."""

    red: str | None = None
    amber: str | None = None
    green: str | None = None
    units: str | None = None
    value: str | None = None
    place: Place | None = None
    events: Events


@dataclass(frozen=True, slots=True, kw_only=True)
class BandTable(Part):
    """Bands that hold every number once. year: the one they were set for. hit: the band of the last value, if it has one."""

    year: Year
    level: Literal["legal", "internal"]
    bands: tuple[Band, ...]
    hit: BandColour | None = None
    events: Events


@dataclass(frozen=True, slots=True, kw_only=True)
class Target(Part):
    """What should be reached, and by when."""

    target: Figure[Number]
    baseline: Figure[Number]
    benchmark: Figure[Number]
    horizon: When
    events: Events


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement(Part):
    """A value of a period. dimensions: what it is broken down by. colour: no_data when the value is none."""

    starts_on: date
    ends_on: date
    value: Figure[Number]
    colour: Colour | None = None
    dimensions: dict[str, str]
    source: str | None = None
    as_printed: str | None = None
    place: Place | None = None
    events: Events


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator(Part):
    """An indicator where it stands.

    section: null when it stands under the objective as a whole. unit: who provides it. owner: that unit, else the lead unit,
    which owes a pending value. bands: legal and internal, those in force in the section's year. last: the newest whole value
    up to that year. colour: of `last` by the internal bands, else the legal ones; no_data without a value; null when there is
    a value but no band. breakdown: newest values by dimension.
    """

    id: IndicatorId
    title: Figure[Text]
    description: Figure[Text]
    measured_in: Figure[str]
    unit: Figure[UnitSlug]
    owner: UnitSlug | None = None
    direction: Direction | None = None
    measure: Literal["manual", "elapsed", "ratio", "count", "milestone"]
    section: Section | None = None
    retired: Figure[str] | None = None
    thresholds: tuple[Threshold, ...] = ()
    bands: tuple[BandTable, ...] = ()
    target: Target | None = None
    last: Measurement | None = None
    colour: Colour | None = None
    breakdown: tuple[Measurement, ...] = ()
    place: Place | None = None
    events: Events
