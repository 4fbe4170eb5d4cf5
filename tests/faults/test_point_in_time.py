"""PostgreSQL is recovered to a point in time, from a base backup and archived WAL; the log is closed until it has its end back."""

from __future__ import annotations

import asyncio
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

from cli.embedded import Embedded
from regesta.bus import Offer
from regesta.errors import LogBehind
from regesta.recovery import Recovered, Recovery, read_closed
from regesta.store import PostgresStore
from regesta.suites import filled, new_event, new_unit
from regesta.testing import MemoryStore
from regesta.unit import Appended
from tests.conftest import execute
from tests.faults.test_crash import prepare, rows
from tests.regesta.jars import REGISTRY

LOG = "SELECT position, stream, version, type, time, meta::text, data::text FROM log.events ORDER BY position"


@dataclass(frozen=True)
class Places:
    """The folders of the server that is lost and of the one that is recovered, and of the WAL."""

    before: Path
    after: Path
    archive: Path


@pytest.fixture
def places(short_folder: Path) -> Places:
    made = Places(short_folder / "before", short_folder / "after", short_folder / "archive")
    for each in (made.after, made.archive):
        each.mkdir()
    return made


def give(path: Path, like: Path) -> None:
    """Give a file, or all of a folder, to whom another belongs: the server's user."""
    owner = like.stat()
    for each in (path, *path.rglob("*")):
        os.chown(each, owner.st_uid, owner.st_gid, follow_symlinks=False)


def copy_cluster(cluster: Path, copy: Path) -> None:
    """Copy the files of a server as they stand, which it goes on writing."""

    def gone(source: str, target: str) -> None:
        try:
            shutil.copy2(source, target)
        except FileNotFoundError:  # removed meanwhile: the WAL has it
            Path(target).unlink(missing_ok=True)

    ignored = shutil.ignore_patterns("postmaster.pid", "postmaster.opts", ".s.PGSQL*", "pg_wal")
    shutil.copytree(cluster, copy, copy_function=gone, ignore=ignored, symlinks=True)
    (copy / "pg_wal").mkdir()


async def base_backup(server: Embedded, cluster: Path, copy: Path) -> None:
    """Take a base backup while the server works."""
    session = await asyncpg.connect(server.admin_dsn)
    try:
        await session.execute("SELECT pg_backup_start('base', fast => true)")
        await asyncio.to_thread(copy_cluster, cluster, copy)
        label = await session.fetchval("SELECT labelfile FROM pg_backup_stop(wait_for_archive => true)")
        (copy / "backup_label").write_text(label)
    finally:
        await session.close()


async def copied(store: PostgresStore) -> MemoryStore:
    """Return a consumer's store with the whole log."""
    consumer = MemoryStore("shelves", REGISTRY)
    events = await store.read("jars", 0, 1000)
    await consumer.replicate(events[0].log, events)
    return consumer


async def archive_into(server: Embedded, archive: Path) -> None:
    """Let a server archive its WAL, which it begins at a start."""
    command = f"cp %p {archive}/%f"
    await execute(
        server.admin_dsn, "ALTER SYSTEM SET archive_mode = on", f"ALTER SYSTEM SET archive_command = '{command}'"
    )
    server.stop_immediate()
    server.start()


def aim(cluster: Path, archive: Path) -> None:
    """Let a copied cluster recover to the point that is named `wanted` when it is started."""
    settings = {
        "archive_mode": "off", "restore_command": f"cp {archive}/%f %p", "recovery_target_name": "wanted",
        "recovery_target_action": "promote",
    }  # fmt: skip
    with (cluster / "postgresql.auto.conf").open("a") as file:
        file.writelines(f"{name} = '{value}'\n" for name, value in settings.items())
    (cluster / "recovery.signal").touch()
    cluster.chmod(0o700)


async def lose_the_newest(places: Places) -> tuple[list[asyncpg.Record], MemoryStore]:
    """Run a server, with a base backup after the fifth event of twelve, to be recovered to the point after the eighth.

    Return the whole log, and a consumer that holds it.
    """
    with Embedded(places.before) as server:
        give(places.archive, places.before / "postgres")
        await prepare(server)
        await archive_into(server, places.archive)
        async with PostgresStore("jars", server.dsn("jars"), REGISTRY, pool_size=2) as store:
            await filled(store, 5)
            await base_backup(server, places.before / "postgres", places.after / "postgres")
            await filled_on(store, 5, 3)
            await execute(server.admin_dsn, "SELECT pg_create_restore_point('wanted')")
            await filled_on(store, 8, 4)
            consumer = await copied(store)
        whole = await rows(server.dsn("jars"), LOG)
        await execute(server.admin_dsn, "SELECT pg_switch_wal()")
    shutil.copy(places.before / "secrets.json", places.after / "secrets.json")
    aim(places.after / "postgres", places.archive)
    give(places.after / "postgres", places.before / "postgres")
    return whole, consumer


async def filled_on(store: PostgresStore, head: int, events: int) -> None:
    for number in range(head + 1, head + events + 1):
        assert await store.append(new_unit(new_event(f"late/{number}", 1))) == Appended(number, number)


async def promoted(server: Embedded) -> None:
    """Return once the server has recovered; until then it can only be read."""
    admin = await asyncpg.connect(server.admin_dsn)
    try:
        async with asyncio.timeout(60):
            while await admin.fetchval("SELECT pg_is_in_recovery()"):  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.1)
    finally:
        await admin.close()


async def test_a_log_recovered_to_a_point_in_time_is_closed_until_it_has_its_end_back(places: Places) -> None:
    whole, consumer = await lose_the_newest(places)
    assert len(whole) == 12
    with Embedded(places.after) as server:
        await promoted(server)
        assert await rows(server.dsn("jars"), LOG) == whole[:8]
        async with PostgresStore("jars", server.dsn("jars"), REGISTRY, pool_size=2) as store:
            closed = await read_closed(store.pool)
            assert closed is not None
            assert (closed.reason, closed.held) == ("restored", None)
            with pytest.raises(LogBehind):
                await store.append(new_unit(new_event("a/1", 1)))
            log = str((await store.head("jars")).log)
            done = await Recovery(store, {"shelves": Offer(consumer, "jars")}).step("operator")
            assert done == Recovered("open", log, 12, 12)
            assert await rows(server.dsn("jars"), LOG) == whole
            assert await store.append(new_unit(new_event("a/1", 1))) == Appended(13, 13)
