"""Events of types that this release does not know: kept in the log, left out of read models, and noted for its operators."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

import asyncpg

from regesta.database import Connection as Db
from regesta.event import Recorded

# In one order, so that two who note the same types wait for each other and not both.
NOTE = """
INSERT INTO projections.unknown_types (source, type, position)
SELECT $1, type, min(position) FROM unnest($2::text[], $3::bigint[]) AS event (type, position) GROUP BY type ORDER BY type
ON CONFLICT DO NOTHING
"""
FORGET = "DELETE FROM projections.unknown_types WHERE source = $1 AND position > $2"
READ = "SELECT type, position, source FROM projections.unknown_types ORDER BY source, position, type"


class Unknown(NamedTuple):
    """An event of a type that a release does not know; of those that are noted the first one of its type."""

    type: str
    position: int


def unknown_among(batch: Iterable[Recorded]) -> list[Unknown]:
    """Return the events in a batch of types that this release does not know."""
    return [Unknown(each.type, each.position) for each in batch if each.type not in each.registry]


async def note_unknown(db: Db, source: str, events: Collection[Unknown]) -> None:
    """Note the types of some events of a log; who reads them later may know some."""
    if events:
        await db.execute(NOTE, source, [each.type for each in events], [each.position for each in events])


async def forget_unknown(db: Db, source: str, beyond: int) -> None:
    """Forget the types that came first beyond a position: what was there was given up, or comes again."""
    await db.execute(FORGET, source, beyond)


async def read_unknown(pool: asyncpg.Pool) -> dict[str, list[Unknown]]:
    """Return what was noted of each log, by position."""
    found: dict[str, list[Unknown]] = {}
    for kind, position, source in await pool.fetch(READ):
        found.setdefault(source, []).append(Unknown(kind, position))
    return found
