"""Comparing two builds of a read model at one position, table by table, whatever the order of their rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import asyncpg
import orjson
from pydantic import BaseModel, JsonValue

from regesta.database import Connection as Db

KEYS_SHOWN: Final = 10
PARKED: Final = "projections.parked"

# A sum of 64-bit hashes does not depend on the order, and unlike XOR sees a row that is there twice.
CHECKSUM = 'SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)), 0) FROM "{schema}"."{table}" AS t'
PRIMARY_KEY = """
SELECT array_agg(quote_ident(a.attname) ORDER BY key.n) FROM pg_index AS i
CROSS JOIN unnest(i.indkey::smallint[]) WITH ORDINALITY AS key (attnum, n)
JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = key.attnum
WHERE i.indrelid = to_regclass($1) AND i.indisprimary
"""
# Rows are compared as text: `json` knows no equality.
DIFFERING = """
WITH differing AS (
    SELECT {keys} FROM "{old}"."{table}" AS was FULL JOIN "{new}"."{table}" AS now USING ({keys})
    WHERE was::text IS DISTINCT FROM now::text
)
SELECT (SELECT count(*) FROM differing),
       (SELECT json_agg(one)::text FROM (SELECT * FROM differing ORDER BY {keys} LIMIT {shown}) AS one)
"""
PARKED_ALIKE = """
WITH differing AS (
    SELECT stream FROM (SELECT * FROM projections.parked WHERE schema = $1) AS was
    FULL JOIN (SELECT * FROM projections.parked WHERE schema = $2) AS now USING (stream)
    WHERE was.position IS DISTINCT FROM now.position
)
SELECT (SELECT count(*) FROM projections.parked WHERE schema = $1),
       (SELECT count(*) FROM projections.parked WHERE schema = $2),
       (SELECT count(*) FROM differing),
       (SELECT json_agg(one)::text FROM (SELECT * FROM differing ORDER BY stream LIMIT $3) AS one)
"""


class Difference(BaseModel):
    """A table in which two builds differ. rows, new_rows: how many each has. differing: keys whose rows differ, the first few in keys.

    The table "projections.parked" speaks of the streams that are parked.
    """

    table: str
    rows: int
    new_rows: int
    differing: int
    keys: list[dict[str, JsonValue]]


@dataclass(frozen=True, slots=True)
class Compared:
    """Two builds of the same tables, by their schemas."""

    old: str
    new: str
    tables: tuple[str, ...]


async def differences(db: Db, compared: Compared) -> list[Difference]:
    """Return in which tables two builds differ, in a transaction whose snapshot has both at one position."""
    found = [await _parked(db, compared)]
    found += [await _table(db, compared, table) for table in compared.tables]
    return [each for each in found if each is not None]


async def _row(db: Db, query: str, *values: object) -> asyncpg.Record:
    row = await db.fetchrow(query, *values)
    assert row is not None
    return row


async def _table(db: Db, compared: Compared, table: str) -> Difference | None:
    rows, was = await _row(db, CHECKSUM.format(schema=compared.old, table=table))
    new_rows, now = await _row(db, CHECKSUM.format(schema=compared.new, table=table))
    if (rows, was) == (new_rows, now):
        return None
    names = ", ".join(await db.fetchval(PRIMARY_KEY, f'"{compared.new}"."{table}"'))
    query = DIFFERING.format(keys=names, old=compared.old, new=compared.new, table=table, shown=KEYS_SHOWN)
    differing, keys = await _row(db, query)
    return Difference(table=table, rows=rows, new_rows=new_rows, differing=differing, keys=orjson.loads(keys or "[]"))


async def _parked(db: Db, compared: Compared) -> Difference | None:
    rows, new_rows, differing, keys = await _row(db, PARKED_ALIKE, compared.old, compared.new, KEYS_SHOWN)
    if not differing:
        return None
    return Difference(table=PARKED, rows=rows, new_rows=new_rows, differing=differing, keys=orjson.loads(keys))
