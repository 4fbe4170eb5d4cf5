"""Which indicators there are, how each is defined from a year on, and which are retired."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from contracts.kpi import EVENTS, Direction, IndicatorDefined, IndicatorRetired, IndicatorRevised, Measure
from contracts.types import Flag, Place, Text, UnitSlug, Words, Year
from regesta.database import Connection as Db
from regesta.event import FactWithdrawn
from regesta.periods import Change, Periods, as_of
from regesta.projection import Fact, Projection
from services.kpi.domain.command import LOG
from services.kpi.projections.row import FACT, Row, by_indicator, row_of

# As first defined, without a year.
FIRST: Final = 0
INDICATORS: Final = Periods(
    "indicators", {"indicator": "text"}, {"version": "integer", "retired": "bigint", "retirement": "json"}
)
DEFINITIONS: Final = Periods("definitions", {"indicator": "text", "year": "integer"}, FACT)

PAGE = f"""
SELECT i.indicator FROM indicators AS i
WHERE {as_of("i", "$1")} AND i.indicator > $2 ORDER BY i.indicator LIMIT $3
"""
READ = f"""
SELECT i.indicator, i.version, i.retired, i.retirement::text FROM indicators AS i
WHERE i.indicator = ANY ($2::text[]) AND {as_of("i", "$1")}
"""
READ_DEFINITIONS = f"""
SELECT d.indicator, d.from_position, d.fact::text FROM definitions AS d
WHERE d.indicator = ANY ($2::text[]) AND {as_of("d", "$1")} ORDER BY d.indicator, d.year
"""


class Definition(Row):
    """How an indicator is defined from a year on. year: None for the first definition when it named none."""

    year: Year | None = None
    measure: Measure
    title: Text | None = None
    description: Text | None = None
    measured_in: Words | None = None
    direction: Direction | None = None
    provider: UnitSlug | None = None
    place: Place | None = None


class Retirement(Row):
    """Why an indicator is measured no more."""

    reason: Words
    registered_in_error: Flag = False


@dataclass(frozen=True, slots=True)
class Indicator:
    """An indicator as of a cut. version: of its stream."""

    indicator: str
    version: int
    retired: Retirement | None


async def page(db: Db, cut: int, after: str, limit: int) -> list[str]:
    """Return the ids of indicators after one, in their order."""
    return [row["indicator"] for row in await db.fetch(PAGE, cut, after, limit)]


async def read(db: Db, cut: int, indicators: Sequence[str]) -> list[Indicator]:
    """Return those of some indicators that there are, in the order asked."""
    found = {}
    for indicator, version, retired, retirement in await db.fetch(READ, cut, indicators):
        why = None if retirement is None else row_of(Retirement, retirement, retired)
        found[indicator] = Indicator(indicator, version, why)
    return [found[indicator] for indicator in indicators if indicator in found]


async def read_definitions(db: Db, cut: int, indicators: Sequence[str]) -> dict[str, list[Definition]]:
    """Return the definitions of some indicators, the earliest year first."""
    return by_indicator(Definition, await db.fetch(READ_DEFINITIONS, cut, indicators))


async def project(db: Db, facts: Sequence[Fact]) -> None:
    """Fold a batch, in three statements whatever its size."""
    rows = await INDICATORS.current(db, [(recorded.key,) for recorded, _ in facts])
    indicators: list[Change] = []
    definitions: list[Change] = []
    for recorded, event in facts:
        key = (recorded.key,)
        _, retired, retirement = rows.get(key, (0, None, None))
        match event:
            case IndicatorDefined():
                definitions.append(Change(recorded.position, (*key, FIRST), (recorded.raw,)))
            case IndicatorRevised():
                definitions.append(Change(recorded.position, (*key, event.year), (recorded.raw,)))
            case IndicatorRetired():
                retired, retirement = recorded.position, recorded.raw
            case _:
                pass  # only the version moves
        rows[key] = (recorded.version, retired, retirement)
        indicators.append(Change(recorded.position, key, rows[key]))
    await INDICATORS.put(db, indicators)
    await DEFINITIONS.put(db, definitions)


PROJECTION: Final = Projection(
    "indicators", LOG, 1, (*EVENTS, FactWithdrawn), (INDICATORS.table, DEFINITIONS.table), project
)
