"""Tables whose rows carry the positions between which they were known: `[from_position, to_position)`.

A row is fed by one stream. The value as of a cut is the row with from_position <= cut and to_position null or > cut. One
statement closes the rows that ended and adds the new ones, whatever the size of the batch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from pydantic import JsonValue

from regesta.database import Connection as Db

# Follows the condition of `as_of` on one key: its rows are looked at from the last one back, up to the one that is wanted.
LAST = "ORDER BY from_position DESC LIMIT 1"
# What the statements themselves call their columns.
RESERVED = frozenset({"position", "gone", "next", "from_position", "to_position"})

Cell: TypeAlias = "JsonValue | object"
Row: TypeAlias = tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """From `position` on, the row of `key` holds `values`; None: there is no row any more."""

    position: int
    key: Row
    values: Row | None


@dataclass(frozen=True)
class Periods:
    """One such table. key, columns: SQL types by name; their order is that of Change.key and Change.values.

    The table also needs `from_position bigint NOT NULL, to_position bigint`, the key with from_position as primary key,
    and a unique index on the key WHERE to_position IS NULL. Raises ValueError for a column with a reserved name.
    """

    table: str
    key: Mapping[str, str]
    columns: Mapping[str, str]
    _put: str = field(init=False, repr=False)
    _current: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if taken := RESERVED & {*self.key, *self.columns}:
            raise ValueError(f"columns of {self.table!r} may not be named {sorted(taken)!r}")
        keys = ", ".join(self.key)
        names = ", ".join([*self.key, *self.columns])
        types = [*self.key.values(), *self.columns.values()]
        arrays = ", ".join(f"${n}::{_array(kind)}" for n, kind in enumerate(types, start=3))
        values = ", ".join(_from_text(name, kind) for name, kind in [*self.key.items(), *self.columns.items()])
        same = " AND ".join(f"kept.{name} = opened.{name}" for name in self.key)
        put = f"""
            WITH changed AS (
                SELECT position, gone, lead(position) OVER run AS next, {values}
                FROM unnest($1::bigint[], $2::boolean[], {arrays}) AS change (position, gone, {names})
                WINDOW run AS (PARTITION BY {keys} ORDER BY position)
            ), closed AS (
                UPDATE {self.table} AS kept SET to_position = opened.position
                FROM (SELECT {keys}, min(position) AS position FROM changed GROUP BY {keys}) AS opened
                WHERE {same} AND kept.to_position IS NULL
                RETURNING 1
            )
            INSERT INTO {self.table} ({names}, from_position, to_position)
            SELECT {names}, position, next FROM changed WHERE NOT gone
            -- Reading `closed` makes it come first: else a new row would meet the old one, still open, in the unique index.
            AND (SELECT count(*) FROM closed) >= 0
        """
        wanted = ", ".join(f"${n}::{_array(kind)}" for n, kind in enumerate(self.key.values(), start=1))
        matching = " AND ".join(f"kept.{name} = wanted.{name}" for name in self.key)
        chosen = ", ".join(f"kept.{name}" for name in [*self.key, *self.columns])
        current = f"""
            SELECT {chosen} FROM unnest({wanted}) AS wanted ({keys})
            JOIN {self.table} AS kept ON {matching} AND kept.to_position IS NULL
        """
        object.__setattr__(self, "_put", put)
        object.__setattr__(self, "_current", current)

    async def put(self, db: Db, changes: Iterable[Change]) -> None:
        """Apply changes; of several at one position for one key the last counts."""
        last = {(change.position, change.key): change for change in changes}
        if not last:
            return
        empty = (None,) * len(self.columns)
        rows = [
            (change.position, change.values is None, *change.key, *(change.values or empty)) for change in last.values()
        ]
        await db.execute(self._put, *map(list, zip(*rows, strict=True)))

    async def current(self, db: Db, keys: Iterable[Row]) -> dict[Row, Row]:
        """Return the values that stand now, by key; keys without a row are absent."""
        wanted = list(dict.fromkeys(keys))
        if not wanted:
            return {}
        rows = await db.fetch(self._current, *map(list, zip(*wanted, strict=True)))
        size = len(self.key)
        return {tuple(row)[:size]: tuple(row)[size:] for row in rows}


def _array(kind: str) -> str:
    """Arrays of arrays must be rectangular in SQL, so an array column travels as text and is cast back."""
    return "text[]" if kind.endswith("[]") else f"{kind}[]"


def _from_text(name: str, kind: str) -> str:
    return f"{name}::{kind} AS {name}" if kind.endswith("[]") else name


def array_text(values: Iterable[int]) -> str:
    """Return whole numbers as the text of a PostgreSQL array, for a column of kind "bigint[]"."""
    return "{" + ",".join(str(value) for value in values) + "}"


def as_of(table: str, cut: str) -> str:
    """Return the SQL condition that rows of `table` (an alias) are those known at the parameter `cut`, such as "$2"."""
    return f"({table}.from_position <= {cut} AND ({table}.to_position IS NULL OR {table}.to_position > {cut}))"
