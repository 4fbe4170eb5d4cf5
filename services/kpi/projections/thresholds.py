"""What documents print in the tables of indicators."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from contracts.kpi import ThresholdPrinted
from contracts.types import ObjectiveId, Place, Printed, Section
from regesta.database import Connection as Db
from regesta.event import FactWithdrawn, split_name
from regesta.periods import Change, Periods, as_of
from regesta.projection import Fact, Projection
from services.kpi.domain.command import LOG
from services.kpi.projections.row import FACT, Row, by_indicator

THRESHOLDS: Final = Periods("thresholds", {"event": "bigint"}, {"indicator": "text", **FACT})

READ = f"""
SELECT t.indicator, t.event, t.fact::text FROM thresholds AS t
WHERE t.indicator = ANY ($2::text[]) AND {as_of("t", "$1")} ORDER BY t.event
"""


class Threshold(Row):
    """Texts exactly as printed; None where the table is empty."""

    red: Printed | None = None
    amber: Printed | None = None
    green: Printed | None = None
    units: Printed | None = None
    value: Printed | None = None
    objective: ObjectiveId | None = None
    section: Section | None = None
    place: Place | None = None


async def read(db: Db, cut: int, indicators: Sequence[str]) -> dict[str, list[Threshold]]:
    """Return what is printed about some indicators, in the order recorded."""
    return by_indicator(Threshold, await db.fetch(READ, cut, indicators))


async def project(db: Db, facts: Sequence[Fact]) -> None:
    """Fold a batch, in one statement whatever its size."""
    changes = []
    for recorded, event in facts:
        if isinstance(event, FactWithdrawn):
            changes.append(Change(recorded.position, (split_name(event.event)[1],), None))
        else:
            values = (recorded.key, recorded.raw)
            changes.append(Change(recorded.position, (recorded.position,), values))
    await THRESHOLDS.put(db, changes)


PROJECTION: Final = Projection("thresholds", LOG, 1, (ThresholdPrinted, FactWithdrawn), (THRESHOLDS.table,), project)
