"""The wiring of the kpi service."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from contracts import kpi, objectives
from regesta.command import Aggregate, Rule
from regesta.runtime import Service
from services.kpi.api.reads import router
from services.kpi.api.routes import ROUTES
from services.kpi.domain import indicator, measurement
from services.kpi.projections import bands, indicators, measurements, placements, targets, thresholds

AGGREGATES: Final = (Aggregate(indicator.Indicator, indicator.evolve, indicator.undo),)
RULES: Final = (
    Rule(indicator.DefineIndicator, indicator.define),
    Rule(indicator.ReviseIndicator, indicator.revise),
    Rule(indicator.PlaceIndicator, indicator.place),
    Rule(indicator.RemoveIndicator, indicator.remove),
    Rule(indicator.PrintThreshold, indicator.print_threshold),
    Rule(indicator.SetBands, indicator.set_bands),
    Rule(indicator.SetTarget, indicator.set_target),
    Rule(indicator.RetireIndicator, indicator.retire),
    Rule(measurement.MeasureIndicator, measurement.measure),
    Rule(measurement.CorrectMeasurement, measurement.correct),
    Rule(measurement.WithdrawFact, measurement.withdraw_fact),
)

SERVICE: Final = Service(
    name="kpi",
    title="Regesta: indicators",
    events=kpi.EVENTS,
    migrations=Path(__file__).with_name("migrations"),
    sources={"objectives": objectives.EVENTS},
    aggregates=AGGREGATES,
    rules=RULES,
    routes=ROUTES,
    routers=(router,),
    projections=(
        indicators.PROJECTION,
        placements.PROJECTION,
        thresholds.PROJECTION,
        bands.PROJECTION,
        targets.PROJECTION,
        measurements.PROJECTION,
    ),
)
