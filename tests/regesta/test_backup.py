"""A backup holds what cannot be made again; restored into an empty database it is the same log, closed until it is recovered."""

from __future__ import annotations

import asyncio
import hashlib
import stat
import zlib
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import asyncpg
import orjson
import pytest

from regesta.backup import TABLES, write_backup
from regesta.documents import keep
from regesta.errors import DamagedBackup, ForeignBackup, LogBehind, NotEmpty
from regesta.restore import restore_backup
from regesta.suites import filled, foreign, new_event, new_key, new_unit
from tests.conftest import Database, FreshDatabase
from tests.regesta.conftest import OpenStore

OPERATORS_ROWS = """
INSERT INTO projections.checkpoints (projection, source, version, position, schema, parked, unknown)
VALUES ('reaction:stick-full:jars', 'jars', 1, 3, 'reaction:stick-full:jars', 1, 2);
INSERT INTO projections.parked (schema, stream, version, position, error)
VALUES ('reaction:stick-full:jars', 'thing/2', 1, 3, 'NotYet: 1'), ('levels_v1', 'thing/2', 1, 3, 'KeyError: 1');
INSERT INTO projections.checkpoints (projection, source, version, position, schema) VALUES ('levels', 'jars', 1, 3, 'levels_v1');
INSERT INTO projections.dropped VALUES ('levels', 'jars', 1, 2, 'thing/1', 'KeyError: 1', 'Entered twice', 'operator');
"""


def nobody(_done: int, _total: int) -> None:
    """Look at no progress."""


async def rows_of(database: Database) -> dict[str, list[str]]:
    """Return all that a backup holds, as the database has it."""
    admin = await asyncpg.connect(database.admin_dsn)
    try:
        found = {}
        for table in TABLES:
            rows = await admin.fetch(
                f"SELECT row::text FROM {table.name} AS row WHERE {table.where} ORDER BY {table.order}"
            )
            found[table.kind] = [row[0] for row in rows]
        found["log"] = [await admin.fetchval("SELECT log::text FROM log.identity")]
    finally:
        await admin.close()
    return found


@pytest.fixture
async def database(reused_database: FreshDatabase, open_store: OpenStore) -> Database:
    """Return a database with something in every table that is backed up."""
    database = await reused_database("jars")
    store = await open_store(database)
    await filled(store, 5)
    await store.append(new_unit(new_event("a/é\u2028", 1, '{"text":"Liège \\"x\\" \\u0001"}'), keys=[new_key("k")]))
    log = str(uuid4())
    await store.replicate(log, foreign(range(1, 5), log))
    await store.replicate(log, [event._replace(source="other") for event in foreign(range(1, 3), log)])
    await store.pool.execute(OPERATORS_ROWS)
    await store.pool.execute("SELECT log.adopt('other', $1, 1, 'operator')", uuid4())
    await keep(store.pool, "Liège \0 \u2028".encode())
    return database


@pytest.fixture
async def backup(database: Database, tmp_path: Path) -> Path:
    path = tmp_path / "jars.backup"
    await write_backup(database.dsn, "jars", path, nobody)
    return path


@pytest.fixture
async def empty(reused_database: FreshDatabase) -> Database:
    return await reused_database("jars")


async def test_what_is_restored_is_what_was_backed_up(database: Database, empty: Database, tmp_path: Path) -> None:
    before = await rows_of(database)
    path = tmp_path / "jars.backup"
    written = await write_backup(database.dsn, "jars", path, nobody)
    restored = await restore_backup(empty.owner_dsn, "jars", path, nobody)
    assert await rows_of(empty) == before
    assert restored == written
    assert written.rows == {
        "event": 6, "key": 1, "seal": 1, "source": 2, "replica": 5, "adoption": 1, "reaction": 1, "parked": 1, "dropped": 1,
        "document": 1,
    }  # fmt: skip
    assert (written.service, written.log, written.head) == ("jars", before["log"][0], 6)
    assert list(files_in(tmp_path)) == [path.name]
    assert mode_of(path) == 0o600


async def test_a_restored_log_is_closed(backup: Path, empty: Database, open_store: OpenStore) -> None:
    """Also to a process that was running on the empty database."""
    running = await open_store(empty)
    await restore_backup(empty.owner_dsn, "jars", backup, nobody)
    for store in (running, await open_store(empty)):
        with pytest.raises(LogBehind):
            await store.append(new_unit(new_event("b/1", 1)))
        assert (await store.head("jars")).position == 6


async def test_a_backup_is_of_one_moment(database: Database, tmp_path: Path, open_store: OpenStore) -> None:
    """While others append: it holds a prefix of the log, with what belongs to it."""
    store = await open_store(database)
    stop = False

    async def append() -> None:
        number = 0
        while not stop:
            number += 1
            await store.append(new_unit(new_event("busy/1", number), keys=[new_key(f"busy {number}")]))

    appending = asyncio.create_task(append())
    path = tmp_path / "jars.backup"
    for _ in range(5):
        found = await write_backup(database.dsn, "jars", path, nobody)
        assert found.rows["event"] == found.head
        assert found.rows["key"] == found.head - 5
    stop = True
    await appending


async def test_progress_is_told(database: Database, empty: Database, tmp_path: Path, open_store: OpenStore) -> None:
    store = await open_store(database)
    await store.append(new_unit(*(new_event("many/1", number) for number in range(1, 1000))))
    told: list[tuple[int, int]] = []
    path = tmp_path / "jars.backup"
    await write_backup(database.dsn, "jars", path, lambda *each: told.append(each))
    assert told == [(done, 1010) for done in (200, 400, 600, 800, 1000)]
    told.clear()
    await restore_backup(empty.owner_dsn, "jars", path, lambda *each: told.append(each))
    size = sum(map(len, lines_of(path)))
    assert [total for _, total in told] == [size, size]
    assert 0 < told[0][0] < told[1][0] <= size


def lines_of(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)


def write(path: Path, lines: list[bytes]) -> None:
    path.write_bytes(b"".join(lines))


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def files_in(folder: Path) -> dict[str, str]:
    return {each.name: each.read_text() for each in folder.iterdir()}


def written(values: list[object]) -> bytes:
    text = orjson.dumps(values)
    return b"[%d,%b\n" % (zlib.crc32(text), text[1:])


def changed(number: int, old: bytes, new: bytes) -> Callable[[list[bytes]], None]:
    def change(lines: list[bytes]) -> None:
        assert old in lines[number - 1]
        lines[number - 1] = lines[number - 1].replace(old, new)

    return change


def end_says(**members: object) -> Callable[[list[bytes]], None]:
    def change(lines: list[bytes]) -> None:
        _, kind, end = orjson.loads(lines[-1])
        lines[-1] = written([kind, end | members])

    return change


def header_says(**members: object) -> Callable[[list[bytes]], None]:
    def change(lines: list[bytes]) -> None:
        _, kind, header = orjson.loads(lines[0])
        lines[0] = written([kind, header | members])

    return change


def signed(text: bytes) -> bytes:
    """Return a line with the right checksum, whatever it says."""
    return b"[%d,%b\n" % (zlib.crc32(b"[" + text), text)


def forged(**members: object) -> Callable[[list[bytes]], None]:
    """Return what changes the header, and the sum at the end so that it is right."""

    def change(lines: list[bytes]) -> None:
        header_says(**members)(lines)
        end_says(sha256=hashlib.sha256(b"".join(lines[:-1])).hexdigest())(lines)

    return change


def another_document(lines: list[bytes]) -> None:
    """Change what a document says, and every sum but its own hash."""
    _, kind, hashed, content, kept_at = orjson.loads(lines[-2])
    lines[-2] = written([kind, hashed, content[:-2] + "00", kept_at])
    end_says(sha256=hashlib.sha256(b"".join(lines[:-1])).hexdigest())(lines)


NOT_A_LINE = "is not what a backup has"
FAULTS: dict[str, tuple[Callable[[list[bytes]], object], int, str]] = {
    "a bit is another": (changed(3, b"thing/1", b"thing/3"), 3, "is not as it was written"),
    "a line is gone": (lambda lines: lines.pop(3), 4, "is event 4, after 2"),
    "a line is there twice": (lambda lines: lines.insert(3, lines[2]), 4, "is event 2, after 2"),
    "two lines are exchanged": (lambda lines: lines.insert(2, lines.pop(1)), 2, "is event 2, after 0"),
    "a key is gone": (lambda lines: lines.pop(7), 21, "says"),
    "a table comes too late": (
        lambda lines: lines.insert(16, lines.pop(7)),
        17,
        "is a 'key', which cannot stand there",
    ),
    "a document is another": (another_document, 22, "comes after rows that cannot be"),
    "a row has a column less": (lambda lines: lines.insert(1, written(["event", 1])), 2, "is a 'event', which cannot"),
    "another kind of line": (
        lambda lines: lines.insert(1, written(["poem", 1])),
        2,
        "is a 'poem', which cannot stand there",
    ),
    "the end is gone": (lambda lines: lines.pop(), 22, "is missing or cut"),
    "the last line is cut": (lambda lines: lines.append(lines.pop()[:-5]), 22, "is missing or cut"),
    "something comes after the end": (lambda lines: lines.append(b"\n"), 23, "comes after the end"),
    "the sum is another": (end_says(sha256="0" * 64), 22, "says"),
    "the numbers of rows are others": (end_says(rows={}), 22, "says"),
    "no header": (lambda lines: lines.pop(0), 1, "is no header of a backup"),
    "a header that lacks something": (header_says(log=None), 1, "is no header of a backup"),
    "a newer format": (header_says(format=2), 1, "has format 2, of another release: this one reads format 1"),
    "an empty file": (lambda lines: lines.clear(), 1, "is missing or cut"),
    "a signed line that is no JSON": (lambda lines: lines.insert(2, signed(b"nope]")), 3, NOT_A_LINE),
    "a signed line without a kind": (lambda lines: lines.insert(2, signed(b"]")), 3, NOT_A_LINE),
    "a signed line of nothing": (lambda lines: lines.insert(2, b"[%d\n" % zlib.crc32(b"[")), 3, NOT_A_LINE),
    "a signed line whose kind is no text": (lambda lines: lines.insert(2, signed(b'["event"],1]')), 3, NOT_A_LINE),
    "a signed first line that is no JSON": (lambda lines: lines.insert(0, signed(b"nope]")), 1, NOT_A_LINE),
    "a value of another type": (
        lambda lines: lines.insert(1, written(["event", 1, {}, [], None, "soon", 5, "{", "x"])),
        3,
        "is event 1, after 1",
    ),
    "a row that no table takes": (
        lambda lines: lines.insert(7, written(["event", 7, {}, [], None, "soon", 5, "{", "x"])),
        9,
        "comes after rows that cannot be",
    ),
    "a header with more than it has": (
        lambda lines: lines.insert(0, written([*orjson.loads(lines.pop(0))[1:], 5])),
        1,
        "is no header of a backup",
    ),
    "a log's id that is none": (forged(log="nope"), 1, "is no header of a backup"),
    "a head beyond what comes": (forged(head=999), 1, "says that the log ends at 999, but 6 events came"),
    "a head before what comes": (forged(head=5), 1, "says that the log ends at 5, but 6 events came"),
    "no backup": (lambda lines: lines.insert(0, b"{}\n"), 1, "is not as it was written"),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_damaged_backup_changes_nothing_and_its_line_is_named(
    fault: str, backup: Path, empty: Database
) -> None:
    damage, line, told = FAULTS[fault]
    lines = lines_of(backup)
    damage(lines)
    write(backup, lines)
    before = await rows_of(empty)
    with pytest.raises(DamagedBackup) as refused:
        await restore_backup(empty.owner_dsn, "jars", backup, nobody)
    assert refused.value.details["line"] == line
    assert str(refused.value).startswith(f"line {line} of {str(backup)!r} {told}")
    assert str(refused.value).endswith("; take another copy of it, or an older backup; nothing was changed")
    assert await rows_of(empty) == before


async def test_a_backup_without_a_key_leaves_the_database_one_of_its_own(backup: Path, empty: Database) -> None:
    lines = [line for line in lines_of(backup) if b',"seal",' not in line[:30]]
    rows = orjson.loads(lines[-1])[2]["rows"]
    del rows["seal"]
    end_says(rows=rows, sha256=hashlib.sha256(b"".join(lines[:-1])).hexdigest())(lines)
    write(backup, lines)
    before = await rows_of(empty)
    restored = await restore_backup(empty.owner_dsn, "jars", backup, nobody)
    assert restored.rows == {**rows, "seal": 0}
    (key,) = (await rows_of(empty))["seal"]
    assert key != before["seal"][0]
    assert len(key) > 32


async def test_a_backup_from_before_there_were_documents_is_restored(backup: Path, empty: Database) -> None:
    lines = lines_of(backup)
    del lines[-2]
    rows = orjson.loads(lines[-1])[2]["rows"]
    del rows["document"]
    end_says(rows=rows, sha256=hashlib.sha256(b"".join(lines[:-1])).hexdigest())(lines)
    write(backup, lines)
    restored = await restore_backup(empty.owner_dsn, "jars", backup, nobody)
    assert restored.rows == {**rows, "document": 0}


async def test_rows_that_cannot_be_are_a_damaged_backup(backup: Path, empty: Database) -> None:
    """A file that somebody wrote, with checksums that are right."""
    lines = lines_of(backup)
    lines.insert(8, lines[7])
    write(backup, lines)
    with pytest.raises(DamagedBackup) as refused:
        await restore_backup(empty.owner_dsn, "jars", backup, nobody)
    assert "comes after rows that cannot be: duplicate key" in str(refused.value)


async def test_a_backup_of_another_service_is_refused(backup: Path, reused_database: FreshDatabase) -> None:
    other = await reused_database("kpi")
    with pytest.raises(ForeignBackup) as refused:
        await restore_backup(other.owner_dsn, "kpi", backup, nobody)
    assert str(refused.value) == f"{str(backup)!r} is a backup of 'jars', not of 'kpi'; nothing was changed"
    assert (await rows_of(other))["event"] == []


async def test_a_backup_is_restored_into_an_empty_database_only(backup: Path, database: Database) -> None:
    before = await rows_of(database)
    with pytest.raises(NotEmpty) as refused:
        await restore_backup(database.owner_dsn, "jars", backup, nobody)
    assert str(refused.value) == (
        "the database of 'jars' holds 6 events, 5 of other logs, 1 keys and 1 documents; "
        "a backup is restored into an empty one only"
    )
    assert await rows_of(database) == before


async def test_a_backup_that_fails_leaves_no_file(tmp_path: Path, empty: Database) -> None:
    """Nor takes it the place of one that is there."""
    path = tmp_path / "jars.backup"
    path.write_text("an older one")
    admin = await asyncpg.connect(empty.admin_dsn)
    try:
        await admin.execute("ALTER TABLE projections.dropped RENAME TO elsewhere")
        with pytest.raises(asyncpg.UndefinedTableError):
            await write_backup(empty.dsn, "jars", path, nobody)
        await admin.execute("ALTER TABLE projections.elsewhere RENAME TO dropped")
    finally:
        await admin.close()
    assert files_in(tmp_path) == {"jars.backup": "an older one"}
