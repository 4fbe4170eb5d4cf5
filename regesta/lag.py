"""How far read models and reactions are behind the logs they read, in events and in seconds."""

from __future__ import annotations

from dataclasses import dataclass

import asyncpg

from regesta.database import Connection as Db

# In one snapshot, so that no checkpoint is beyond the head. Positions have no gap: the oldest event still to come is the next.
READ = """
WITH heads (source, head) AS (
    SELECT $1, coalesce(max(position), 0) FROM log.events
    UNION ALL
    SELECT source, head FROM log.sources
)
SELECT projection, source, version, position, coalesce(head, 0), parked, unknown, failure,
    CASE WHEN coalesce(head, 0) <= position THEN 0 ELSE greatest(0, extract(epoch FROM clock_timestamp() - CASE
        WHEN source = $1 THEN (SELECT time FROM log.events AS next WHERE next.position = at.position + 1)
        ELSE (SELECT time FROM log.replicas AS next WHERE next.source = at.source AND next.position = at.position + 1)
    END)) END::float8
FROM projections.checkpoints AS at LEFT JOIN heads USING (source)
WHERE live ORDER BY projection, source, version
"""


@dataclass(frozen=True, slots=True)
class Lag:
    """How far the live build of a read model is, or a reaction.

    head: of the log it reads. parked: streams that stand still in it. unknown: events it went past whose type was not known.
    failure: why a reaction stands still. seconds: age of the oldest event still to come, by the database's clock; 0 without.
    """

    projection: str
    source: str
    version: int
    position: int
    head: int
    parked: int
    unknown: int
    failure: str | None
    seconds: float

    @property
    def events(self) -> int:
        """How many events are still to come."""
        return self.head - self.position


async def lags(db: Db | asyncpg.Pool, service: str) -> list[Lag]:
    """Return how far everything is that follows a log in the database of a service."""
    return [Lag(*row) for row in await db.fetch(READ, service)]
