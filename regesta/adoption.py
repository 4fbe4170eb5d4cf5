"""Adoption: a replica gives up what only it holds, and follows its source's log as that is now.

Everything here that was made of the events given up goes in one transaction: rows of read models, what was closed by such an event
is open again, parked and dropped events, rebuilds that are under way, and what reactions have gone past.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from regesta.database import Connection as Db
from regesta.errors import CutGone, Forked, NotFound
from regesta.event import Event, event_name, types_of
from regesta.rebuild import GIVE_UP, unmake
from regesta.unit import Fork
from regesta.unknown import forget_unknown

# An answer names no more of what reactions made of events that were given up.
MOST_NAMED = 100

READ_FORKS = "SELECT source, common, log::text, reason FROM log.forks ORDER BY source"
ADOPT = "SELECT log.adopt($1, $2, $3, $4)"
# Whoever folds, or has locked a checkpoint, is waited for; who comes later waits, and then finds another epoch.
HOLD = "LOCK TABLE projections.checkpoints IN EXCLUSIVE MODE"
# Of all builds and reactions, for one that stands before the cut may be about to fold what was read beyond it.
RAISE_EPOCH = "UPDATE projections.checkpoints SET epoch = epoch + 1 WHERE source = $1"
READ_OPEN = "SELECT number, schema FROM projections.rebuilds WHERE source = $1 AND state IN ('filling', 'differs')"
READ_BUILDS = "SELECT schema FROM projections.checkpoints WHERE source = $1 AND position > $2"
# The tables of a build, and by which columns their rows name the event that they are of and the one that ended them.
READ_TABLES = """
SELECT relname AS name, max(attname) FILTER (WHERE attname IN ('from_position', 'position')) AS began,
       count(*) FILTER (WHERE attname = 'to_position') > 0 AS ends
FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
WHERE relnamespace = to_regnamespace($1) AND relkind = 'r' GROUP BY relname
"""
REMOVE = 'DELETE FROM "{schema}"."{table}" WHERE {began} > $1'
REOPEN = 'UPDATE "{schema}"."{table}" SET to_position = NULL WHERE to_position > $1'
EMPTY = 'DELETE FROM "{schema}"."{table}"'
CUT_BACK = """
WITH gone AS (DELETE FROM projections.parked WHERE schema = $1 AND position > $2)
UPDATE projections.checkpoints
SET position = $2, failure = NULL, unknown = CASE $2 WHEN 0 THEN 0 ELSE unknown END,
    parked = (SELECT count(*) FROM projections.parked AS still WHERE still.schema = $1 AND still.position <= $2)
WHERE schema = $1
"""
UNDROP = "DELETE FROM projections.dropped WHERE source = $1 AND position > $2"
READ_OWN_HEAD = "SELECT coalesce(max(position), 0) FROM log.events"
# $4: what is recorded later is because of events that take the places of those.
READ_CAUSED = """
SELECT position FROM log.events
WHERE position <= $4 AND split_part(meta ->> 'cause', ':', 1) = $1 AND split_part(meta ->> 'cause', ':', 2)::bigint > $2
ORDER BY position LIMIT $3
"""
# $1, $2: a cut. What is beyond the head was given up, or has not arrived yet.
READ_GONE = """
SELECT cut.source, cut.position, given_up.position AS common, given_up.adopted_by, given_up.adopted_at
FROM unnest($1::text[], $2::bigint[]) AS cut (source, position) JOIN log.adoptions AS given_up USING (source)
WHERE cut.position > given_up.position AND cut.position <= given_up.head AND cut.position > coalesce(
    (SELECT head FROM log.sources WHERE sources.source = cut.source), (SELECT max(events.position) FROM log.events), 0
)
ORDER BY number DESC LIMIT 1
"""
NEWEST = "SELECT coalesce(max(number), 0) FROM log.adoptions"
READ_LATER = (
    "SELECT number, source, position, adopted_by, adopted_at FROM log.adoptions WHERE number > $1 ORDER BY number"
)
READ_OF_CUTS = """
SELECT stream, data::text FROM log.events
WHERE type = ANY ($1::text[]) AND (data -> 'cut' ->> $2)::bigint > $3 ORDER BY position
"""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Adopted:
    """What an adoption came to. position: where the replica goes on from; given_up: how many events it had beyond that.

    number: which of this service's adoptions it is, from 1. caused: the first events of the own log that were recorded because of such events. They stay; somebody should look at them.
    """

    source: str
    log: str
    position: int
    given_up: int
    number: int
    caused: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Adoption:
    """An adoption that was made here. number: from 1; position: the events of `source` beyond it were given up."""

    number: int
    source: str
    position: int
    adopted_by: str
    adopted_at: datetime


async def read_forks(db: Db | asyncpg.Pool) -> dict[str, Fork]:
    """Return where sources are other logs than the replicas of them."""
    return {source: Fork(common, log, reason) for source, common, log, reason in await db.fetch(READ_FORKS)}


async def adopt(pool: asyncpg.Pool, service: str, source: str, wanted: tuple[str, int], by: str) -> Adopted:
    """Cut the replica of a source back to where it is still the same, and follow the source from there.

    wanted: the id and the last common position that somebody said yes to. Raises NotFound when the source does not differ,
    Forked when it differs otherwise by now; nothing is changed then.
    """
    async with pool.acquire() as db, db.transaction():
        await db.execute(HOLD)
        fork = (await read_forks(db)).get(source)
        if fork is None:
            raise NotFound(f"the log of {source!r} does not differ from the replica of it here", source=source)
        if (fork.log, fork.common) != wanted:
            raise Forked(
                f"{source!r} is the log {fork.log} now, and both hold the same up to {fork.common}",
                source=source, log=fork.log, position=fork.common,
            )  # fmt: skip
        head: int = await db.fetchval("SELECT head FROM log.sources WHERE source = $1", source)
        await db.execute(ADOPT, source, UUID(fork.log), fork.common, by)
        await _give_up(db, source, fork.common)
        number = await newest_adoption(db)
        own_head = await db.fetchval(READ_OWN_HEAD)
    # Not while all wait, for the whole own log is read.
    caused = await pool.fetch(READ_CAUSED, source, fork.common, MOST_NAMED, own_head)
    logger.critical("%s adopted the log %s of %s: %s events given up", by, fork.log, source, head - fork.common)
    names = tuple(event_name(service, row["position"]) for row in caused)
    return Adopted(source, fork.log, fork.common, head - fork.common, number, names)


async def require_there(db: Db, cut: Mapping[str, int]) -> None:
    """Raise CutGone when a cut names events that were given up, and there are none of these positions now."""
    row = await db.fetchrow(READ_GONE, list(cut), list(cut.values()))
    if row is not None:
        name = event_name(row["source"], row["position"])
        raise CutGone(
            f"{name} was given up, with all of {row['source']} beyond {row['common']}, when another log was adopted",
            event=name, adopted_by=row["adopted_by"], adopted_at=row["adopted_at"].isoformat(),
        )  # fmt: skip


async def newest_adoption(db: Db) -> int:
    """Return the number of the last adoption that a transaction sees; 0 when there is none."""
    number: int = await db.fetchval(NEWEST)
    return number


async def touching(db: Db | asyncpg.Pool, cut: Mapping[str, int], since: int) -> tuple[Adoption, ...]:
    """Return the adoptions that gave up events of a cut, in their order. since: number of the last one when the cut was read."""
    return _touching([Adoption(*row) for row in await db.fetch(READ_LATER, since)], cut)


async def touched_by(pool: asyncpg.Pool, adopted: Adopted, events: Iterable[type[Event]]) -> tuple[str, ...]:
    """Return the streams of the own log with an event that says a cut which names what an adoption gave up.

    It says so in two members: `cut`, and `adoptions`, the number of the newest adoption by then, for after another one the
    same cut names other events. events: those that this service records.
    """
    types = types_of(each for each in events if {"cut", "adoptions"} <= each.model_fields.keys())
    if not types:
        return ()
    later = [Adoption(*row) for row in await pool.fetch(READ_LATER, 0)]
    rows = await pool.fetch(READ_OF_CUTS, sorted(types), adopted.source, adopted.position)
    return tuple(dict.fromkeys(row["stream"] for row in rows if _is_touched(orjson.loads(row["data"]), later, adopted)))


def _is_touched(data: dict[str, Any], adoptions: Iterable[Adoption], adopted: Adopted) -> bool:
    later = [each for each in adoptions if each.number > data["adoptions"]]
    return any(each.number == adopted.number for each in _touching(later, data["cut"]))


def _touching(adoptions: Iterable[Adoption], cut: Mapping[str, int]) -> tuple[Adoption, ...]:
    """Return which adoptions gave up what was left of a cut by the ones before."""
    left, found = dict(cut), []
    for each in adoptions:
        if each.position < left.get(each.source, 0):
            left[each.source] = each.position
            found.append(each)
    return tuple(found)


async def _give_up(db: Db, source: str, cut: int) -> None:
    """Take away what was made of events beyond a cut, in builds of all versions, and in reactions."""
    await db.execute(RAISE_EPOCH, source)
    for rebuild in await db.fetch(READ_OPEN, source):
        await db.execute(GIVE_UP, rebuild["number"])
        await unmake(db, rebuild["schema"])
    for build in await db.fetch(READ_BUILDS, source, cut):
        schema, tables = build["schema"], await db.fetch(READ_TABLES, build["schema"])
        whole = all(table["began"] for table in tables)
        for table in tables:
            await _cut_table(db, schema, table, cut if whole else None)
        await db.execute(CUT_BACK, schema, cut if whole else 0)
    await db.execute(UNDROP, source, cut)
    await forget_unknown(db, source, cut)


async def _cut_table(db: Db, schema: str, table: asyncpg.Record, cut: int | None) -> None:
    """Remove the rows from beyond a cut and open again what was ended there; None: it is filled again from the first event on."""
    if cut is None:
        await db.execute(EMPTY.format(schema=schema, table=table["name"]))
        return
    await db.execute(REMOVE.format(schema=schema, table=table["name"], began=table["began"]), cut)
    if table["ends"]:
        await db.execute(REOPEN.format(schema=schema, table=table["name"]), cut)
