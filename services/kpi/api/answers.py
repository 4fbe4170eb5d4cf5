"""What the reads answer, put together with a fixed number of statements whatever the number of indicators."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final, Self

from pydantic import BaseModel, ConfigDict

from contracts.kpi import Colour, Level
from contracts.types import IndicatorId
from regesta.view import AsOf, View
from services.kpi.domain.colour import colour_of
from services.kpi.domain.command import LOG
from services.kpi.projections import bands, indicators, measurements, placements, targets, thresholds
from services.kpi.projections.bands import Bands
from services.kpi.projections.indicators import Definition, Retirement
from services.kpi.projections.measurements import Measurement
from services.kpi.projections.placements import Placement
from services.kpi.projections.row import Row
from services.kpi.projections.targets import Target
from services.kpi.projections.thresholds import Threshold

LAST_DAY: Final = (12, 31)


class Coloured(Row):
    """The colour of a value by the bands of one level. events: those that set the bands."""

    level: Level
    colour: Colour


class MeasurementOut(Measurement):
    """A measurement with its colour at each level for which the year of its last day has bands; none: no colour is said."""

    colours: tuple[Coloured, ...]

    @classmethod
    def of(cls, measurement: Measurement, known: Sequence[Bands]) -> Self:
        """Return a measurement coloured by those of some bands that are of its year."""
        year = measurement.period.ends_on.year
        colours = tuple(
            Coloured(level=each.level, colour=colour_of(measurement.value, each.bands), events=each.events)
            for each in known
            if each.year == year
        )
        return cls(**dict(measurement), colours=colours)


class IndicatorOut(BaseModel):
    """An indicator. definition: for the year asked, else the latest. latest: the last value that is not broken down."""

    model_config = ConfigDict(frozen=True)

    indicator: IndicatorId
    version: int
    definition: Definition
    definitions: tuple[Definition, ...]
    placements: tuple[Placement, ...]
    thresholds: tuple[Threshold, ...]
    bands: tuple[Bands, ...]
    targets: tuple[Target, ...]
    latest: MeasurementOut | None
    retired: Retirement | None


class IndicatorAnswer(AsOf):
    """One indicator as of a cut."""

    indicator: IndicatorOut


class IndicatorsAnswer(AsOf):
    """A page of indicators as of a cut."""

    indicators: tuple[IndicatorOut, ...]


class MeasurementsAnswer(AsOf):
    """A page of an indicator's measurements as of a cut."""

    measurements: tuple[MeasurementOut, ...]


async def indicators_of(view: View, wanted: Sequence[str], year: int | None) -> tuple[IndicatorOut, ...]:
    """Return those of some indicators that there are, in the order asked, in seven statements.

    year: the definition, the bands and the placements are those of this year, the latest value one of a period that ended
    by then; None: all of them.
    """
    db, cut = view.db, view.cut[LOG]
    defined = await indicators.read_definitions(db, cut, wanted)
    placed = await placements.read(db, cut, wanted)
    printed = await thresholds.read(db, cut, wanted)
    banded = await bands.read(db, cut, wanted)
    aimed = await targets.read(db, cut, wanted)
    measured = await measurements.latest(db, cut, wanted, None if year is None else date(year, *LAST_DAY))
    found = []
    for standing in await indicators.read(db, cut, wanted):
        key = standing.indicator
        latest = measured.get(key)
        definitions = tuple(defined[key])
        found.append(
            IndicatorOut(
                indicator=key,
                version=standing.version,
                definition=_definition(definitions, year),
                definitions=definitions,
                placements=tuple(each for each in placed.get(key, ()) if _in_year(each, year)),
                thresholds=tuple(printed.get(key, ())),
                bands=tuple(each for each in banded.get(key, ()) if year in {None, each.year}),
                targets=tuple(aimed.get(key, ())),
                latest=None if latest is None else MeasurementOut.of(latest, banded.get(key, ())),
                retired=standing.retired,
            )
        )
    return tuple(found)


def _definition(definitions: Sequence[Definition], year: int | None) -> Definition:
    """Return the definition that holds for a year: the last revised by then, else the first."""
    first, *revised = definitions
    held = [each for each in revised if year is None or (each.year is not None and each.year <= year)]
    return held[-1] if held else first


def _in_year(placement: Placement, year: int | None) -> bool:
    return year is None or placement.section is None or placement.section.year == year
