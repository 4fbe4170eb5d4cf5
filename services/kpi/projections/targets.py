"""The targets of each indicator, by horizon."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from contracts.dates import ImpreciseDate
from contracts.kpi import TargetSet
from contracts.types import Number
from regesta.database import Connection as Db
from regesta.periods import Change, Periods, as_of
from regesta.projection import Fact, Projection
from services.kpi.domain.command import LOG
from services.kpi.projections.row import FACT, Row, by_indicator

TARGETS: Final = Periods("targets", {"indicator": "text", "horizon": "text"}, FACT)

READ = f"""
SELECT t.indicator, t.from_position, t.fact::text FROM targets AS t
WHERE t.indicator = ANY ($2::text[]) AND {as_of("t", "$1")} ORDER BY t.indicator, t.horizon
"""


class Target(Row):
    """What an indicator should reach by a horizon. baseline: where it started; benchmark: what others reach."""

    target: Number
    horizon: ImpreciseDate
    baseline: Number | None = None
    benchmark: Number | None = None


async def read(db: Db, cut: int, indicators: Sequence[str]) -> dict[str, list[Target]]:
    """Return the targets of some indicators, by horizon."""
    return by_indicator(Target, await db.fetch(READ, cut, indicators))


async def project(db: Db, facts: Sequence[Fact]) -> None:
    """Fold a batch, in one statement whatever its size."""
    changes = []
    for recorded, event in facts:
        assert isinstance(event, TargetSet)
        changes.append(Change(recorded.position, (recorded.key, event.horizon), (recorded.raw,)))
    await TARGETS.put(db, changes)


PROJECTION: Final = Projection("targets", LOG, 1, (TargetSet,), (TARGETS.table,), project)
