"""Under which objectives an indicator stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from contracts.kpi import IndicatorPlaced, IndicatorRemoved
from contracts.types import ObjectiveId, Place, Section
from regesta.database import Connection as Db
from regesta.periods import Change, Periods, as_of
from regesta.projection import Fact, Projection
from services.kpi.domain.command import LOG
from services.kpi.projections.row import FACT, Row, by_indicator

# A key has no nulls: a placement in all sections has this instead of a year and kind.
ALL_SECTIONS: Final = (0, "")
PLACEMENTS: Final = Periods(
    "placements",
    {"indicator": "text", "objective": "text", "section_year": "integer", "section_kind": "text"},
    FACT,
)

READ = f"""
SELECT p.indicator, p.from_position, p.fact::text FROM placements AS p
WHERE p.indicator = ANY ($2::text[]) AND {as_of("p", "$1")}
ORDER BY p.indicator, p.objective, p.section_year, p.section_kind
"""
UNDER = f"""
SELECT DISTINCT p.indicator FROM placements AS p
WHERE p.objective = $2 AND {as_of("p", "$1")} AND ($3::integer IS NULL OR p.section_year IN (0, $3))
  AND p.indicator > $4 ORDER BY p.indicator LIMIT $5
"""


class Placement(Row):
    """Where an indicator stands. section: None for all sections of the objective."""

    objective: ObjectiveId
    section: Section | None = None
    place: Place | None = None


async def read(db: Db, cut: int, indicators: Sequence[str]) -> dict[str, list[Placement]]:
    """Return where some indicators stand."""
    return by_indicator(Placement, await db.fetch(READ, cut, indicators))


async def under(db: Db, cut: int, objective: str, year: int | None, page: tuple[str, int]) -> list[str]:
    """Return the ids of indicators under an objective, in sections of a year or of all years.

    page: the id after which it begins, and how many.
    """
    return [row["indicator"] for row in await db.fetch(UNDER, cut, objective, year, *page)]


async def project(db: Db, facts: Sequence[Fact]) -> None:
    """Fold a batch, in one statement whatever its size."""
    changes = []
    for recorded, event in facts:
        assert isinstance(event, IndicatorPlaced | IndicatorRemoved)
        section = ALL_SECTIONS if event.section is None else (event.section.year, event.section.kind)
        key = (recorded.key, event.objective, *section)
        changes.append(Change(recorded.position, key, (recorded.raw,) if isinstance(event, IndicatorPlaced) else None))
    await PLACEMENTS.put(db, changes)


PROJECTION: Final = Projection("placements", LOG, 1, (IndicatorPlaced, IndicatorRemoved), (PLACEMENTS.table,), project)
