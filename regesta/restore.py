"""Restoring a backup into an empty database: all of it in one transaction, so that a damaged file changes nothing."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import asyncpg
import orjson
from pydantic import JsonValue, ValidationError

from regesta.backup import END, FORMAT, HEADER, OF_REACTIONS, TABLES, End, Header, Lines, Summary, Tick
from regesta.database import Connection as Db
from regesta.errors import DamagedBackup, ForeignBackup, NotEmpty

# Of one statement.
ROWS, BYTES = 5_000, 4 * 1024 * 1024
TOLD_LINES = 500
ADVICE = "take another copy of it, or an older backup; nothing was changed"

FORGET_REACTIONS = f"DELETE FROM projections.checkpoints WHERE {OF_REACTIONS}"
# A backup holds the key; one of before there was a key has none.
FORGET_SEAL = "DELETE FROM log.seal"
ENSURE_SEAL = "INSERT INTO log.seal DEFAULT VALUES ON CONFLICT DO NOTHING"
COUNT = """
SELECT (SELECT count(*) FROM log.events) AS events, (SELECT count(*) FROM log.replicas) AS replicated,
       (SELECT count(*) FROM log.keys) AS keys, (SELECT count(*) FROM log.documents) AS documents
"""
# A process that runs nevertheless appends nothing in between, and then finds the log closed.
HOLD = "SELECT pg_advisory_xact_lock(7234017283807667300)"
BECOME = "UPDATE log.identity SET log = $1::text::uuid"
CLOSE = "SELECT log.close('restored', NULL, NULL), pg_notify('regesta', $1)"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a backup whose checksum is right. number: from 1."""

    number: int
    raw: bytes
    kind: str
    values: list[JsonValue]


async def restore_backup(owner_dsn: str, service: str, path: Path, tick: Tick) -> Summary:
    """Restore a backup into the empty, migrated database of a service, and return what it held. The log is closed then.

    owner_dsn: of the role that migrates. tick: told how many of how many bytes are read. Raises DamagedBackup, ForeignBackup,
    NotEmpty; nothing is changed then.
    """
    connection = await asyncpg.connect(owner_dsn, server_settings={"timezone": "UTC"})
    try:
        with path.open("rb") as file:
            async with connection.transaction():
                size = os.fstat(file.fileno()).st_size
                lines = _lines(file, path)
                first = next(lines)
                header = _header(first, service, path)
                await _begin(connection, header)
                restoring = _Restoring(connection, path, header, first)
                for line in lines:
                    await restoring.take(line)
                    if line.number % TOLD_LINES == 0:
                        tick(file.tell(), size)
                await _finish(connection, header)
    finally:
        await connection.close()
    assert restoring.end is not None  # _lines gives it, or raises
    return Summary(**header.model_dump(), **restoring.end.model_dump())


def _lines(file: IO[bytes], path: Path) -> Iterator[Line]:
    """Give the lines of a backup to its end. Raises DamagedBackup at the first that is not as it was written."""
    number = 0
    while True:
        number, raw = number + 1, file.readline()
        if not raw.endswith(b"\n"):
            raise _damaged(path, number, "is missing or cut")
        checksum, _, rest = raw[:-1].partition(b",")
        text = b"[" + rest
        if checksum != b"[%d" % zlib.crc32(text):
            raise _damaged(path, number, "is not as it was written")
        line = _line(number, raw, text)
        if line is None:
            raise _damaged(path, number, "is not what a backup has")
        yield line
        if line.kind == END:
            break
    if file.read(1):
        raise _damaged(path, number + 1, "comes after the end")


def _line(number: int, raw: bytes, text: bytes) -> Line | None:
    """Return a line by its text without the checksum, which anyone can make; None when it is no array that begins with a kind."""
    try:
        values = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    match values:
        case [str(kind), *rest]:
            return Line(number, raw, kind, rest)
        case _:
            return None


def _damaged(path: Path, number: int, what: str) -> DamagedBackup:
    return DamagedBackup(f"line {number} of {str(path)!r} {what}; {ADVICE}", file=str(path), line=number)


def _header(line: Line, service: str, path: Path) -> Header:
    """Return what the first line says. Raises DamagedBackup when it is no header, ForeignBackup when it is of another service."""
    document = line.values[0] if line.kind == HEADER and len(line.values) == 1 else None
    try:
        header = Header.model_validate(document)
    except ValidationError as error:
        raise _damaged(path, 1, "is no header of a backup") from error
    if header.format != FORMAT:
        raise _damaged(path, 1, f"has format {header.format}, of another release: this one reads format {FORMAT}")
    if header.service != service:
        raise ForeignBackup(
            f"{str(path)!r} is a backup of {header.service!r}, not of {service!r}; nothing was changed",
            file=str(path), service=header.service, wanted=service,
        )  # fmt: skip
    return header


async def _begin(db: Db, header: Header) -> None:
    """Hold the log, if there is nothing in it. Raises NotEmpty."""
    await db.execute(FORGET_REACTIONS)
    await db.execute(f"SET LOCAL ROLE {header.service}_log")
    await db.execute(HOLD)
    row = await db.fetchrow(COUNT)
    assert row is not None
    if any(row.values()):
        raise NotEmpty(
            f"the database of {header.service!r} holds {row['events']} events, {row['replicated']} of other logs, "
            f"{row['keys']} keys and {row['documents']} documents; a backup is restored into an empty one only",
            service=header.service, **dict(row),
        )  # fmt: skip
    await db.execute(FORGET_SEAL)


class _Restoring:
    """Inserts the rows of a backup, line by line. end: its last line, once that was taken."""

    def __init__(self, db: Db, path: Path, header: Header, first: Line) -> None:
        self.end: End | None = None
        self._db = db
        self._path = path
        self._header = header
        self._lines = Lines()
        self._lines.note(first.raw, first.kind)
        self._tables = {table.kind: number for number, table in enumerate(TABLES)}
        self._table = TABLES[0]
        self._rows: list[list[JsonValue]] = []
        self._bytes = 0

    async def take(self, line: Line) -> None:
        """Insert a row, soon; at the end all of them. Raises DamagedBackup for a line that cannot stand where it does."""
        if line.kind == END:
            await self._insert(line)
            self.end = self._lines.end()
            if not _ends(line.values, self.end):
                raise _damaged(self._path, line.number, f"says {line.values}, but before it there are {self.end.rows}")
            if self._header.head != self.end.rows["event"]:
                raise _damaged(
                    self._path,
                    1,
                    f"says that the log ends at {self._header.head}, but {self.end.rows['event']} events came",
                )
            return
        number = self._tables.get(line.kind, -1)
        if number < self._tables[self._table.kind] or len(line.values) != len(TABLES[number].columns):
            raise _damaged(self._path, line.number, f"is a {line.kind!r}, which cannot stand there")
        if line.kind == "event" and line.values[0] != self._lines.rows["event"] + 1:
            raise _damaged(self._path, line.number, f"is event {line.values[0]}, after {self._lines.rows['event']}")
        if TABLES[number] != self._table or len(self._rows) >= ROWS or self._bytes >= BYTES:
            await self._insert(line)
            self._table = TABLES[number]
        self._rows.append(line.values)
        self._bytes += len(line.raw)
        self._lines.note(line.raw, line.kind)

    async def _insert(self, before: Line) -> None:
        """Insert the rows that wait. Raises DamagedBackup when the database refuses them."""
        columns = [
            [None if value is None else str(value) for value in column] for column in zip(*self._rows, strict=True)
        ]
        self._rows, self._bytes = [], 0
        if not columns:
            return
        await self._db.execute(f"SET LOCAL ROLE {self._header.service}_{'log' if self._table.of_log else 'owner'}")
        try:
            await self._db.execute(self._table.insert, *columns)
        except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as error:
            raise _damaged(self._path, before.number, f"comes after rows that cannot be: {error}") from error


def _ends(values: list[JsonValue], end: End) -> bool:
    """Return whether a last line says what came. One of an older release does not count kinds of rows that there were not yet."""
    match values:
        case [{"rows": dict(rows), **more}]:
            counted: dict[str, JsonValue] = dict.fromkeys(end.rows, 0)
            return {"rows": counted | rows, **more} == end.model_dump()
        case _:
            return False


async def _finish(db: Db, header: Header) -> None:
    """Make the log the one that was backed up, and close it: others may hold more of it."""
    await db.execute(f"SET LOCAL ROLE {header.service}_log")
    await db.execute(BECOME, header.log)
    await db.execute(ENSURE_SEAL)
    await db.execute(CLOSE, f"{header.service} {header.head} back")
