"""Refilling: a replica and what was folded of it are emptied, and come again over the carrier, from the first event on.

Reactions stay where they are: what they made of these events is in the own log.
"""

from __future__ import annotations

import logging

import asyncpg

from regesta.adoption import EMPTY, HOLD, READ_OPEN, READ_TABLES
from regesta.bus import Carrier, Seen
from regesta.cloudevents import digest
from regesta.database import Connection as Db
from regesta.rebuild import GIVE_UP, unmake
from regesta.unit import Store
from regesta.unknown import forget_unknown

FORGET = "SELECT log.forget_replica($1)"
# A reaction has no tables, so its name is that of no schema.
READ_BUILDS = "SELECT schema FROM projections.checkpoints WHERE source = $1 AND to_regnamespace(schema) IS NOT NULL"
BEGIN_ANEW = """
WITH gone AS (DELETE FROM projections.parked WHERE schema = $1)
UPDATE projections.checkpoints SET position = 0, failure = NULL, unknown = 0, parked = 0 WHERE schema = $1
"""

logger = logging.getLogger(__name__)


async def refill(store: Store, pool: asyncpg.Pool, source: str, origin: Carrier) -> int:
    """Empty the replica of a source and its read models, in one transaction; return how many events are to come again.

    Processes of the service may run. Raises Forked, SourceUnreachable, nothing being changed, unless the source shows that it
    holds all of it.
    """
    head = await store.head(source)
    if head.position:
        (last,) = await store.read(source, head.position - 1, 1)
        await origin.fetch(Seen(head.position, head.log, digest(last)), 1, 0)
    async with pool.acquire() as db, db.transaction():
        await db.execute(HOLD)
        await db.execute(FORGET, source)
        await forget_unknown(db, source, 0)
        await _empty(db, source)
    logger.warning("the replica of %s is empty; %d events of it come again", source, head.position)
    return head.position


async def _empty(db: Db, source: str) -> None:
    """Empty the builds of all versions, and give up rebuilds that are under way.

    Who has events in hand finds the checkpoint moved; from the first event on they are the same ones that come again.
    """
    for rebuild in await db.fetch(READ_OPEN, source):
        await db.execute(GIVE_UP, rebuild["number"])
        await unmake(db, rebuild["schema"])
    for build in await db.fetch(READ_BUILDS, source):
        for table in await db.fetch(READ_TABLES, build["schema"]):
            await db.execute(EMPTY.format(schema=build["schema"], table=table["name"]))
        await db.execute(BEGIN_ANEW, build["schema"])
