"""What was measured: the value of each period and dimensions, as last corrected.

A correction is a row of its own that names the one it replaces; which one stands is seen when reading, so that withdrawing a
correction brings back what it replaced.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

from pydantic import Field

from contracts.dates import Period
from contracts.kpi import IndicatorMeasured, MeasurementCorrected, Member
from contracts.types import Number, Origin, Place, Printed, RuleName, Stated, Words
from regesta.database import Connection as Db
from regesta.event import FactWithdrawn, split_name
from regesta.periods import Change, Periods, as_of
from regesta.projection import Fact, Projection
from services.kpi.domain.command import LOG
from services.kpi.projections.row import FACT, Row, row_of

MEASUREMENTS: Final = Periods(
    "measurements",
    {"event": "bigint"},
    {"indicator": "text", "starts_on": "date", "ends_on": "date", "whole": "boolean", "corrects": "bigint", **FACT},
)

# A measurement that stands, with the positions of those that it replaced one after the other, itself first.
STANDING = f"""
SELECT m.*, m.fact::text AS fact_text, ARRAY(
    WITH RECURSIVE replaced AS (
        SELECT m.event, m.corrects
        UNION ALL
        SELECT earlier.event, earlier.corrects
        FROM measurements AS earlier JOIN replaced ON earlier.event = replaced.corrects
    )
    SELECT event FROM replaced ORDER BY event DESC
) AS events
FROM measurements AS m
WHERE {as_of("m", "$1")} AND NOT EXISTS (
    SELECT FROM measurements AS later WHERE later.corrects = m.event AND {as_of("later", "$1")}
)
"""
PAGE = f"""
{STANDING} AND m.indicator = $2 AND m.event > $3 ORDER BY m.event LIMIT $4
"""
LATEST = f"""
SELECT DISTINCT ON (indicator) indicator, fact_text, events FROM (
    {STANDING} AND m.indicator = ANY ($2::text[]) AND m.whole AND ($3::date IS NULL OR m.ends_on <= $3)
) AS standing
ORDER BY indicator, ends_on DESC, starts_on DESC, event DESC
"""


class Measurement(Row):
    """A value as last corrected. events: of the last correction first. reason: of that; None when it was not corrected."""

    period: Period
    value: Stated[Number]
    dimensions: dict[Member, Words] = Field(default_factory=dict)
    source: Words | None = None
    reason: Words | None = None
    as_printed: Printed | None = None
    place: Place | None = None
    origin: Origin | None = None
    breaches: tuple[RuleName, ...] = ()


async def page(db: Db, cut: int, indicator: str, after: int, limit: int) -> list[tuple[int, Measurement]]:
    """Return an indicator's measurements recorded after a position, with theirs, in the order recorded."""
    rows = await db.fetch(PAGE, cut, indicator, after, limit)
    return [(row["event"], row_of(Measurement, row["fact_text"], *row["events"])) for row in rows]


async def latest(db: Db, cut: int, indicators: Sequence[str], ends_by: date | None) -> dict[str, Measurement]:
    """Return of some indicators the value, not broken down, of the period that ends last (by a day)."""
    rows = await db.fetch(LATEST, cut, indicators, ends_by)
    return {indicator: row_of(Measurement, fact, *events) for indicator, fact, events in rows}


async def project(db: Db, facts: Sequence[Fact]) -> None:
    """Fold a batch, in one statement whatever its size."""
    changes = []
    for recorded, event in facts:
        if isinstance(event, FactWithdrawn):
            changes.append(Change(recorded.position, (split_name(event.event)[1],), None))
            continue
        assert isinstance(event, IndicatorMeasured | MeasurementCorrected)
        corrects = split_name(event.corrects)[1] if isinstance(event, MeasurementCorrected) else None
        period, whole = event.period, not event.dimensions
        values = (recorded.key, period.starts_on, period.ends_on, whole, corrects, recorded.raw)
        changes.append(Change(recorded.position, (recorded.position,), values))
    await MEASUREMENTS.put(db, changes)


PROJECTION: Final = Projection(
    "measurements",
    LOG,
    1,
    (IndicatorMeasured, MeasurementCorrected, FactWithdrawn),
    (MEASUREMENTS.table,),
    project,
)
