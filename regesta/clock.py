"""The clock of the database beside the times in its logs. Times never go back, so a clock that was set back shows here."""

from __future__ import annotations

from dataclasses import dataclass

import asyncpg

from regesta.database import Connection

# Clocks of machines differ by less, and a source's events bring its clock here.
BEHIND_SECONDS = 5.0

READ_NEWEST = """
SELECT name, extract(epoch FROM time - clock_timestamp())::float8 AS ahead_seconds FROM (
    (SELECT $1 || ':' || position AS name, time FROM log.events ORDER BY position DESC LIMIT 1)
    UNION ALL
    SELECT source || ':' || head, time FROM log.sources WHERE isfinite(time)
) AS newest ORDER BY time DESC LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Ahead:
    """The newest event of a database, and how many seconds it is later than the database's clock; negative when earlier."""

    event: str
    seconds: float

    @property
    def wrong(self) -> bool:
        """Whether clocks that are right could not give this."""
        return self.seconds > BEHIND_SECONDS


async def newest(db: Connection | asyncpg.Pool, service: str) -> Ahead | None:
    """Return the newest event of a service's log and replicas beside the clock; None while there is none."""
    row = await db.fetchrow(READ_NEWEST, service)
    return None if row is None else Ahead(row["name"], row["ahead_seconds"])
