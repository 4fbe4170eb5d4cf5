"""The months in which something was recorded of a note: its objectives, their dossiers, money, lines and indicators."""

from __future__ import annotations

from datetime import date
from typing import Final

from contracts.objectives import ObjectiveRegistered
from contracts.types import NoteSlug
from regesta.database import Connection as Db

# $1: the note. Whatever the letter of any year reads is about one of these streams; a line leads to its ledgers only, not to
# other objectives that it serves. A fact counts when it was recorded, even where a later one has taken its place.
MONTHS: Final = f"""
WITH RECURSIVE of AS (
    SELECT 'note/' || $1::text COLLATE "C" AS stream
    UNION
    SELECT next.stream FROM of CROSS JOIN LATERAL (
        SELECT kind || (f.data->>'objective') AS stream
        FROM objectives_facts AS f, unnest(ARRAY['objective/', 'assignment/']) AS kind
        WHERE f.stream = of.stream AND of.stream LIKE 'note/%' AND f.type = '{ObjectiveRegistered.name}'
        UNION ALL SELECT l.stream FROM objectives_links AS l WHERE l.about = of.stream
        UNION ALL SELECT l.stream FROM kpi_links AS l WHERE l.about = of.stream
        UNION ALL SELECT l.stream FROM budget_links AS l WHERE l.about = of.stream AND of.stream NOT LIKE 'line/%'
        UNION ALL SELECT l.about FROM budget_links AS l WHERE l.stream = of.stream AND of.stream LIKE 'assignment/%'
    ) AS next
), recorded AS (
    SELECT f.recorded_at FROM of JOIN objectives_facts AS f USING (stream)
    UNION ALL SELECT f.recorded_at FROM of JOIN kpi_facts AS f USING (stream)
    UNION ALL SELECT f.recorded_at FROM of JOIN budget_facts AS f USING (stream)
    UNION ALL SELECT f.recorded_at FROM of JOIN (
        SELECT stream, recorded_at FROM budget_facts UNION ALL SELECT stream, recorded_at FROM ledger_totals
    ) AS f ON of.stream LIKE 'line/%'
        AND f.stream > 'ledger/' || substr(of.stream, 6) || '/' AND f.stream < 'ledger/' || substr(of.stream, 6) || '0'
), hours AS (
    -- An hour is in one month of Brussels, and is reckoned far quicker.
    SELECT date_bin('1 hour', recorded_at, 'epoch') AS hour, count(*) AS facts FROM recorded GROUP BY 1
)
SELECT date_trunc('month', hour AT TIME ZONE 'Europe/Brussels')::date AS month, sum(facts)::bigint AS facts
FROM hours GROUP BY 1 ORDER BY 1
"""


async def months_of(db: Db, note: NoteSlug) -> dict[date, int]:
    """Return how many facts of a note were recorded in each month, by its first day in Brussels, in order."""
    return {row["month"]: row["facts"] for row in await db.fetch(MONTHS, note)}
