"""How the indicator table of a place is made from the indicators placed there. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from contracts.bands import Band, NoBand, band_of
from contracts.kpi import (
    BandsSet,
    IndicatorDefined,
    IndicatorEvaluated,
    IndicatorMeasured,
    IndicatorPlaced,
    IndicatorRetired,
    IndicatorRevised,
    MeasurementCorrected,
    TargetSet,
    ThresholdPrinted,
)
from contracts.types import Number, ObjectiveId, Section, UnitSlug
from services.reporting.domain.figure import Figure, When
from services.reporting.domain.indicators import BandTable, Colour, Indicator, Measurement, Target, Threshold
from services.reporting.domain.knowledge import Knowledge, by_stream
from services.reporting.domain.standing import StandingFact

LEVELS: Final[tuple[Literal["legal", "internal"], ...]] = ("legal", "internal")


@dataclass(frozen=True, slots=True)
class Placed:
    """An indicator at a place.

    facts: all of the indicator. year: up to which definitions, bands and values count. owner: the lead unit of the place.
    """

    indicator: str
    facts: Sequence[StandingFact]
    placed: StandingFact
    section: Section | None
    year: int
    owner: UnitSlug | None


class Measures:
    """Makes the indicator tables of a letter. year: of the letter, for indicators placed without a section."""

    def __init__(self, knowledge: Knowledge, year: int) -> None:
        self._streams = by_stream(knowledge.indicators)
        self._year = year
        self._placed: dict[ObjectiveId, list[StandingFact]] = {}
        for fact in knowledge.indicators:
            if isinstance(fact.event, IndicatorPlaced):
                self._placed.setdefault(fact.event.objective, []).append(fact)

    def at(
        self, objective: ObjectiveId, sections: Sequence[Section | None], owner: UnitSlug | None
    ) -> tuple[Indicator, ...]:
        """Return the indicators placed under an objective in some of its sections, in the order placed. owner: who leads it."""
        rows = []
        for fact in self._placed.get(objective, []):
            if isinstance(fact.event, IndicatorPlaced) and fact.event.section in sections:
                section = fact.event.section or next((each for each in sections if each), None)
                year = section.year if section else self._year
                placed = Placed(fact.key, self._streams[fact.stream], fact, section, year, owner)
                row = _indicator(placed, objective)
                rows += [] if row is None else [row]
        return tuple(rows)

    def sections(self, objective: ObjectiveId) -> list[Section | None]:
        """Return the sections in which indicators stand under an objective."""
        placed = [fact.event for fact in self._placed.get(objective, [])]
        return [event.section for event in placed if isinstance(event, IndicatorPlaced)]


def _indicator(placed: Placed, objective: ObjectiveId) -> Indicator | None:
    """Return a row of the table; None for an indicator without a definition, or that should never have had one."""
    found = _definition(placed)
    if found is None:
        return None
    definition, defined = found
    retired = [fact for fact in placed.facts if isinstance(fact.event, IndicatorRetired)]
    if any(fact.event.registered_in_error for fact in retired if isinstance(fact.event, IndicatorRetired)):
        return None
    name = definition.name
    values = _measurements(placed)
    last = max((value for value in values if not value.dimensions), key=_newest, default=None)
    bands = _bands(placed, last)
    ended = retired[-1] if retired else None
    return Indicator(
        id=placed.indicator,
        title=Figure.maybe(defined.title, name),
        description=Figure.maybe(defined.description, name),
        measured_in=Figure.maybe(defined.measured_in, name),
        unit=Figure.maybe(defined.provider, name),
        owner=defined.provider or placed.owner,
        direction=defined.direction,
        measure=defined.measure.kind,
        section=placed.section,
        retired=_reason(ended),
        thresholds=_thresholds(placed, objective),
        bands=bands,
        target=_target(placed),
        last=last,
        colour=_colour(last, bands),
        breakdown=_breakdown(values),
        place=placed.placed.event.place if isinstance(placed.placed.event, IndicatorPlaced) else None,
        events=(placed.placed.name, name),
    )


def _reason(ended: StandingFact | None) -> Figure[str] | None:
    if ended is None or not isinstance(ended.event, IndicatorRetired):
        return None
    return Figure.known(ended.event.reason, ended.name)


def _definition(placed: Placed) -> tuple[StandingFact, IndicatorDefined | IndicatorRevised] | None:
    """Return the definition that holds in the year of the place: the last one that begins by then, else the first."""
    found: tuple[StandingFact, IndicatorDefined | IndicatorRevised] | None = None
    for fact in placed.facts:
        match fact.event:
            case IndicatorDefined() as event:
                found = fact, event
            case IndicatorRevised() as event if event.year <= placed.year and (
                found is None or (found[1].year or 0) <= event.year
            ):
                found = fact, event
    return found


def _thresholds(placed: Placed, objective: ObjectiveId) -> tuple[Threshold, ...]:
    return tuple(
        Threshold(
            red=event.red,
            amber=event.amber,
            green=event.green,
            units=event.units,
            value=event.value,
            place=event.place,
            events=(fact.name,),
        )
        for fact in placed.facts
        if isinstance(event := fact.event, ThresholdPrinted)
        and event.objective in {None, objective}
        and (event.section is None or placed.section is None or event.section == placed.section)
    )


def _bands(placed: Placed, last: Measurement | None) -> tuple[BandTable, ...]:
    """Return the bands in force in the year of the place, one table per level."""
    in_force: dict[str, tuple[StandingFact, BandsSet]] = {}
    for fact in placed.facts:
        event = fact.event
        if isinstance(event, BandsSet) and event.year <= placed.year:
            known = in_force.get(event.level)
            if known is None or known[1].year <= event.year:
                in_force[event.level] = fact, event
    return tuple(
        BandTable(year=event.year, level=level, bands=event.bands, hit=_hit(last, event.bands), events=(fact.name,))
        for level in LEVELS
        if level in in_force
        for fact, event in [in_force[level]]
    )


def _hit(last: Measurement | None, bands: Sequence[Band]) -> Literal["red", "amber", "green"] | None:
    if last is None or last.value.value is None:
        return None
    try:
        return band_of(last.value.value, bands).colour
    except NoBand:
        return None


def _colour(last: Measurement | None, bands: Sequence[BandTable]) -> Colour | None:
    if last is None or last.value.value is None:
        return "no_data"
    if last.colour is not None:
        return last.colour
    return bands[-1].hit if bands else None


def _target(placed: Placed) -> Target | None:
    said = [(fact, fact.event) for fact in placed.facts if isinstance(fact.event, TargetSet)]
    if not said:
        return None
    fact, event = said[-1]
    return Target(
        target=Figure.known(event.target, fact.name),
        baseline=Figure.maybe(event.baseline, fact.name),
        benchmark=Figure.maybe(event.benchmark, fact.name),
        horizon=When.of(event.horizon),
        events=(fact.name,),
    )


def _measurements(placed: Placed) -> list[Measurement]:
    """Return the values that count, in the order recorded: of a period and its dimensions the one corrected last."""
    counting: dict[tuple[date, date, tuple[tuple[str, str], ...]], Measurement] = {}
    corrected = {fact.event.corrects for fact in placed.facts if isinstance(fact.event, MeasurementCorrected)}
    for fact in placed.facts:
        match fact.event:
            case IndicatorMeasured() | MeasurementCorrected() as event if fact.name not in corrected:
                dimensions, source = event.dimensions, event.source
            case IndicatorEvaluated() as event:
                dimensions, source = {}, None
            case _:
                continue
        if event.period.starts_on.year > placed.year:
            continue
        key = event.period.starts_on, event.period.ends_on, tuple(sorted(dimensions.items()))
        counting.pop(key, None)
        counting[key] = Measurement(
            starts_on=event.period.starts_on,
            ends_on=event.period.ends_on,
            value=_value(event, fact.name),
            colour=event.colour if isinstance(event, IndicatorEvaluated) else None,
            dimensions=dict(sorted(dimensions.items())),
            source=source,
            as_printed=event.as_printed if isinstance(event, IndicatorMeasured) else None,
            place=event.place if isinstance(event, IndicatorMeasured) else None,
            events=(fact.name,),
        )
    return list(counting.values())


def _value(event: IndicatorMeasured | MeasurementCorrected | IndicatorEvaluated, name: str) -> Figure[Number]:
    evidence = event.evidence if isinstance(event, IndicatorEvaluated) else ()
    corrects = (event.corrects,) if isinstance(event, MeasurementCorrected) else ()
    return Figure.of(event.value, name, *corrects, *evidence)


def _newest(value: Measurement) -> tuple[date, date]:
    return value.ends_on, value.starts_on


def _breakdown(values: Sequence[Measurement]) -> tuple[Measurement, ...]:
    """Return the newest value of each combination of dimensions."""
    newest: dict[tuple[tuple[str, str], ...], Measurement] = {}
    for value in values:
        key = tuple(value.dimensions.items())
        if key and (key not in newest or _newest(newest[key]) <= _newest(value)):
            newest[key] = value
    return tuple(newest[key] for key in sorted(newest))
