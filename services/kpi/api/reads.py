"""What is read of indicators, as of any cut."""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

from fastapi import APIRouter, Path, Query, Response

from contracts.types import IndicatorId, ObjectiveId
from regesta.caller import Caller
from regesta.event import event_name
from regesta.paging import Paged
from regesta.strict import IN_DIGITS, StrictRoute
from regesta.view import AsOf, Reading
from services.kpi.api.answers import (
    IndicatorAnswer,
    IndicatorsAnswer,
    MeasurementOut,
    MeasurementsAnswer,
    indicators_of,
)
from services.kpi.domain.command import LOG
from services.kpi.domain.errors import UnknownIndicator
from services.kpi.projections import bands, indicators, measurements, placements

SCOPE: Final = "kpi:read"
Indicator: TypeAlias = Annotated[IndicatorId, Path()]
Objective: TypeAlias = Annotated[ObjectiveId, Path()]
Year: TypeAlias = Annotated[
    int | None,
    Query(ge=1900, le=2199, description="The year whose definition, bands, placements and value are wanted."),
    IN_DIGITS,
]

router = APIRouter(tags=["reads"], route_class=StrictRoute)


@router.get("/indicators")
async def get_indicators(view: Reading, caller: Caller, paged: Paged, year: Year = None) -> IndicatorsAnswer:
    """Return all indicators, by id."""
    caller.require(SCOPE)
    found = await indicators.page(view.db, view.cut[LOG], paged.after, paged.wanted)
    page = paged.page(view, found, str)
    return IndicatorsAnswer(**AsOf.of(view), indicators=await indicators_of(view, page, year))


@router.get("/indicators/{indicator}")
async def get_indicator(
    indicator: Indicator, view: Reading, caller: Caller, response: Response, year: Year = None
) -> IndicatorAnswer:
    """Return an indicator. ETag: the version of its stream at the cut. 404: nobody had defined it then."""
    caller.require(SCOPE)
    found = await indicators_of(view, [indicator], year)
    if not found:
        raise UnknownIndicator(f"there is no indicator {indicator!r}", indicator=indicator)
    response.headers["ETag"] = f'"{found[0].version}"'
    return IndicatorAnswer(**AsOf.of(view), indicator=found[0])


@router.get("/indicators/{indicator}/measurements")
async def get_measurements(indicator: Indicator, view: Reading, caller: Caller, paged: Paged) -> MeasurementsAnswer:
    """Return the values of an indicator as last corrected, in the order recorded. 404: nobody had defined it then."""
    caller.require(SCOPE)
    cut = view.cut[LOG]
    if not await indicators.read(view.db, cut, [indicator]):
        raise UnknownIndicator(f"there is no indicator {indicator!r}", indicator=indicator)
    rows = await measurements.page(view.db, cut, indicator, paged.position(LOG), paged.wanted)
    page = paged.page(view, rows, lambda row: event_name(LOG, row[0]))
    known = (await bands.read(view.db, cut, [indicator])).get(indicator, [])
    return MeasurementsAnswer(**AsOf.of(view), measurements=tuple(MeasurementOut.of(row, known) for _, row in page))


@router.get("/objectives/{objective}/indicators")
async def get_indicators_of_objective(
    objective: Objective, view: Reading, caller: Caller, paged: Paged, year: Year = None
) -> IndicatorsAnswer:
    """Return the indicators that stand under an objective (in a year), by id; none when this service knows of none."""
    caller.require(SCOPE)
    found = await placements.under(view.db, view.cut[LOG], objective, year, (paged.after, paged.wanted))
    page = paged.page(view, found, str)
    return IndicatorsAnswer(**AsOf.of(view), indicators=await indicators_of(view, page, year))
