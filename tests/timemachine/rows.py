"""The rows of read models as of a cut, in a system that knows more and in one that knows nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import asyncpg

from regesta.projection import Projection
from tests.timemachine.system import Part

SHOWN: Final = 3
# Tables of which also rows that ended are read: the former codes of objectives, and where each fact of a payment stands in the log.
REMEMBERED: Final = frozenset({"notes_v1.objectives", "payments_v1.payments"})
# Their rows say nothing of a cut by themselves; what is read of them as of one is compared as an answer.
ADDED_UP: Final = frozenset({"sums_v1.sum_blocks", "sums_v1.obligations"})
COLUMNS: Final = """
SELECT column_name FROM information_schema.columns WHERE (table_schema, table_name) = ($1, $2) ORDER BY ordinal_position
"""
# As in regesta.comparison: whatever the order of the rows.
CHECKSUM: Final = "SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)), 0) FROM ({rows}) AS t"
TEXTS: Final = "SELECT t::text FROM ({rows}) AS t"


@dataclass(frozen=True)
class Table:
    """A table of a read model.

    known: SQL for the rows known at the cut $1. whole: SQL for all rows. forget: SQL that removes the rows which ended; "" for
    a table that only grows, or is remembered.
    """

    name: str
    source: str
    known: str
    whole: str
    forget: str


async def tables_of(part: Part) -> list[Table]:
    """Return the tables of all read models of a service."""
    pool, projections = part.runtime.pool, part.service.projections
    named = [(each, table) for each in projections for table in each.tables if f"{each.schema}.{table}" not in ADDED_UP]
    return [await _table(pool, part, each, table) for each, table in named]


async def _table(pool: asyncpg.Pool, part: Part, projection: Projection, name: str) -> Table:
    table = f"{projection.schema}.{name}"
    columns = [row["column_name"] for row in await pool.fetch(COLUMNS, projection.schema, name)]
    begins = "from_position" if "from_position" in columns else "position"
    assert begins in columns, (table, columns)
    known, forget = f"{begins} <= $1", ""
    if "to_position" in columns and table not in REMEMBERED:
        known += " AND (to_position IS NULL OR to_position > $1)"
        forget = f"DELETE FROM {table} WHERE to_position IS NOT NULL"
    # What ended beyond the cut had not ended at it.
    ended = "CASE WHEN to_position <= $1 THEN to_position END AS to_position"
    shown = ", ".join(ended if column == "to_position" else column for column in columns)
    return Table(
        f"{part.service.name} {name}",
        projection.source,
        f"SELECT {shown} FROM {table} WHERE {known}",
        f"SELECT {', '.join(columns)} FROM {table}",
        forget,
    )


async def differing(table: Table, live: Part, rebuilt: Part, position: int) -> tuple[int, list[str]]:
    """Return how many rows were compared, and some that only one of both has. position: the cut, in the table's log.

    The rebuilt system forgets what ended, so that nothing can read it there.
    """
    if table.forget:
        await rebuilt.runtime.pool.execute(table.forget)
    was = await live.runtime.pool.fetchrow(CHECKSUM.format(rows=table.known), position)
    now = await rebuilt.runtime.pool.fetchrow(CHECKSUM.format(rows=table.whole))
    assert was is not None
    assert now is not None
    return now[0], [] if was == now else await _unlike(table, live, rebuilt, position)


async def _unlike(table: Table, live: Part, rebuilt: Part, position: int) -> list[str]:
    was = {row[0] for row in await live.runtime.pool.fetch(TEXTS.format(rows=table.known), position)}
    now = {row[0] for row in await rebuilt.runtime.pool.fetch(TEXTS.format(rows=table.whole))}
    found = [f"as of the cut only: {each}" for each in sorted(was - now)[:SHOWN]]
    return found + [f"rebuilt only: {each}" for each in sorted(now - was)[:SHOWN]]
