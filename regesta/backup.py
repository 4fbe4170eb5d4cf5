"""A backup of one service's log, portable and taken while the service runs: lines of JSON, each with a checksum.

It holds what cannot be made again: events, the documents that they name, command keys, the key of the seal on published records, the replicas of other logs (from which those
logs can be recovered), how far reactions are and where they stand still, and what operators decided. Read models are folded from
the events.

Each line is an array [CRC-32 of the rest, kind, ...]: first a header, then the rows of TABLES in their order, last the end with
the numbers of rows and the SHA-256 of all lines before it.
"""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Annotated, Final, TypeAlias

import asyncpg
import orjson
from pydantic import BaseModel, ConfigDict, Field

from regesta.database import Connection as Db

FORMAT: Final = 1
HEADER, END = "regesta-backup", "end"
UUID_TEXT: Final = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
# Rows in memory; an event may have 1 MiB, a document many.
ROWS_AT_ONCE, DOCUMENTS_AT_ONCE = 200, 1

Tick: TypeAlias = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows that a backup holds. kind: how their lines begin. columns: SQL types by name. of_log: it belongs to the log's role.

    at_once: how many are in memory while it is written.
    """

    kind: str
    name: str
    columns: Mapping[str, str]
    order: str
    where: str = "true"
    of_log: bool = True
    at_once: int = ROWS_AT_ONCE

    @property
    def select(self) -> str:
        """The rows, whole numbers as they are and all else as text."""
        wanted = ", ".join(
            name if kind in {"bigint", "integer"} else f"{name}::text" for name, kind in self.columns.items()
        )
        return f"SELECT {wanted} FROM {self.name} WHERE {self.where} ORDER BY {self.order}"

    @property
    def insert(self) -> str:
        """The statement that takes some rows, column by column, all as text."""
        names = ", ".join(self.columns)
        values = ", ".join(f"{name}::{kind}" for name, kind in self.columns.items())
        arrays = ", ".join(f"${number}::text[]" for number in range(1, len(self.columns) + 1))
        return f"INSERT INTO {self.name} ({names}) SELECT {values} FROM unnest({arrays}) AS row ({names})"


# A read model's is made again, with its tables.
OF_REACTIONS: Final = "schema LIKE 'reaction:%'"
EVENT: Final = {
    "position": "bigint", "stream": "text", "version": "integer", "type": "text", "time": "timestamptz",
    "meta": "json", "data": "json",
}  # fmt: skip
TABLES: Final = (
    Table("event", "log.events", EVENT | {"unit": "uuid"}, "position"),
    Table("key", "log.keys", {
        "subject": "text", "key": "text", "hash": "bytea", "unit": "uuid", "first": "bigint", "count": "integer",
        "token": "bigint", "time": "timestamptz",
    }, "subject, key"),
    Table("seal", "log.seal", {"key": "bytea"}, "key"),
    Table("source", "log.sources", {"source": "text", "log": "uuid", "head": "bigint", "time": "timestamptz"}, "source"),
    Table("replica", "log.replicas", {"source": "text"} | EVENT, "source, position"),
    Table("adoption", "log.adoptions", {
        "number": "integer", "source": "text", "old_log": "uuid", "new_log": "uuid", "position": "bigint", "head": "bigint",
        "adopted_by": "text", "adopted_at": "timestamptz",
    }, "number"),
    Table("reaction", "projections.checkpoints", {
        "projection": "text", "source": "text", "version": "integer", "position": "bigint", "schema": "text",
        "parked": "integer", "unknown": "bigint",
    }, "schema", where=OF_REACTIONS, of_log=False),
    Table("parked", "projections.parked", {
        "schema": "text", "stream": "text", "version": "integer", "position": "bigint", "error": "text",
        "parked_at": "timestamptz", "attempts": "integer",
    }, "schema, stream", where=OF_REACTIONS, of_log=False),
    Table("dropped", "projections.dropped", {
        "projection": "text", "source": "text", "version": "integer", "position": "bigint", "stream": "text",
        "error": "text", "reason": "text", "dropped_by": "text", "dropped_at": "timestamptz",
    }, "projection, source, version, position", of_log=False),
    Table("document", "log.documents", {
        "hash": "bytea", "content": "bytea", "kept_at": "timestamptz",
    }, "hash", at_once=DOCUMENTS_AT_ONCE),
)  # fmt: skip
READ_HEADER = """
SELECT identity.log::text, coalesce((SELECT max(position) FROM log.events), 0) AS head, clock_timestamp()::text AS taken_at,
       (SELECT coalesce(sum(head), 0)::bigint FROM log.sources) AS taken_in
FROM log.identity AS identity
"""


class Header(BaseModel):
    """What a backup is of. log: its id; head: its last position; taken_at: by the database's clock, UTC."""

    model_config = ConfigDict(extra="forbid")

    format: int
    service: str
    log: Annotated[str, Field(pattern=UUID_TEXT)]
    head: int
    taken_at: str


class End(BaseModel):
    """What a whole backup ends with. rows: by kind; sha256: of all lines before this one."""

    model_config = ConfigDict(extra="forbid")

    rows: dict[str, int]
    sha256: str


class Summary(Header, End):
    """What a backup holds."""


class Lines:
    """Counts the lines of a backup, as they are written or read."""

    def __init__(self) -> None:
        self.rows = dict.fromkeys((table.kind for table in TABLES), 0)
        self._sha256 = hashlib.sha256()

    def note(self, line: bytes, kind: str) -> None:
        """Take note of a line."""
        self._sha256.update(line)
        if kind in self.rows:
            self.rows[kind] += 1

    def end(self) -> End:
        """Return what must stand at the end, after these lines."""
        return End(rows={**self.rows}, sha256=self._sha256.hexdigest())


def line_of(values: Sequence[object]) -> bytes:
    """Return a line with its checksum."""
    text = orjson.dumps(values)
    return b"[%d,%b\n" % (zlib.crc32(text), text[1:])


async def write_backup(dsn: str, service: str, path: Path, tick: Tick) -> Summary:
    """Write a backup of one moment to a file, which is there only when it is whole, for its owner only, and return what it holds.

    dsn: of the role that runs the service. tick: told how many of how many events are written.
    """
    draft = path.with_name(f".{path.name}.part")
    connection = await asyncpg.connect(dsn, server_settings={"timezone": "UTC"})
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            draft.unlink(missing_ok=True)
            draft.touch(mode=0o600)  # it holds what people wrote
            with draft.open("wb") as file:
                summary = await _write(connection, service, file, tick)
                file.flush()
                os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
        await connection.close()
    return summary


async def _write(db: Db, service: str, file: IO[bytes], tick: Tick) -> Summary:
    row = await db.fetchrow(READ_HEADER)
    assert row is not None  # the own log always has an id
    header = Header(format=FORMAT, service=service, log=row["log"], head=row["head"], taken_at=row["taken_at"])
    lines, total = Lines(), row["head"] + row["taken_in"]

    def write(kind: str, *values: object) -> None:
        line = line_of([kind, *values])
        lines.note(line, kind)
        file.write(line)

    write(HEADER, header.model_dump())
    for table in TABLES:
        async for values in db.cursor(table.select, prefetch=table.at_once):
            write(table.kind, *values)
            if lines.rows[table.kind] % ROWS_AT_ONCE == 0:
                tick(lines.rows["event"] + lines.rows["replica"], total)
    end = lines.end()
    write(END, end.model_dump())
    return Summary(**header.model_dump(), **end.model_dump())
