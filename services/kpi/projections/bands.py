"""The bands of each indicator, by year and level."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from contracts.bands import Band
from contracts.kpi import BandsSet, Level
from contracts.types import Year
from regesta.database import Connection as Db
from regesta.periods import Change, Periods, as_of
from regesta.projection import Fact, Projection
from services.kpi.domain.command import LOG
from services.kpi.projections.row import FACT, Row, by_indicator

BANDS: Final = Periods("bands", {"indicator": "text", "year": "integer", "level": "text"}, FACT)

READ = f"""
SELECT b.indicator, b.from_position, b.fact::text FROM bands AS b
WHERE b.indicator = ANY ($2::text[]) AND {as_of("b", "$1")} ORDER BY b.indicator, b.year, b.level
"""


class Bands(Row):
    """The colours of an indicator's values in a year, by law or by the administration's own choice."""

    year: Year
    level: Level
    bands: tuple[Band, ...]


async def read(db: Db, cut: int, indicators: Sequence[str]) -> dict[str, list[Bands]]:
    """Return the bands of some indicators, by year and level."""
    return by_indicator(Bands, await db.fetch(READ, cut, indicators))


async def project(db: Db, facts: Sequence[Fact]) -> None:
    """Fold a batch, in one statement whatever its size."""
    changes = []
    for recorded, event in facts:
        assert isinstance(event, BandsSet)
        key = (recorded.key, event.year, event.level)
        changes.append(Change(recorded.position, key, (recorded.raw,)))
    await BANDS.put(db, changes)


PROJECTION: Final = Projection("bands", LOG, 1, (BandsSet,), (BANDS.table,), project)
