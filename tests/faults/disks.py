"""Small disks that are full: tables of a service are put on one while it works, and go back to where they were."""

from __future__ import annotations

import asyncio
import os
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Final

from tests.faults.checker import behind, caught_up, execute, heads_of, rows
from tests.faults.systems import System
from tests.faults.users import Using
from tests.regesta.serving import until

DISK_BYTES: Final = 64 * 1024 * 1024
LIVE_TABLES: Final = """
SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
WHERE schemaname IN (SELECT schema FROM projections.checkpoints WHERE live)
"""
DISK_FULL: Final = "disk-full"
NO_ROOM: Final = "could not extend file"
SEEN_SECONDS: Final = 60.0
STILL_SECONDS: Final = 0.5
# Commands, while a disk is full and after there was room.
SOME: Final = 5

numbers = count(1)


def mount(place: Path, size_bytes: int) -> str:
    """Mount a small disk at a folder; return why it cannot be, "" when it is. Needs the right to mount."""
    command = ["/bin/mount", "-t", "tmpfs", "-o", f"size={size_bytes}", "tmpfs", str(place)]
    try:
        done = subprocess.run(command, capture_output=True, check=False)
    except FileNotFoundError as error:
        return f"no small disk can be mounted: {error}"
    return f"no small disk can be mounted: {done.stderr.decode().strip()}" if done.returncode else ""


def unmount(place: Path) -> None:
    """Take a disk away; who still has a file of it open keeps that."""
    subprocess.run(["/bin/umount", "--lazy", place], check=True)


def unmountable() -> str:
    """Return why no small disk can be mounted here, "" when one can."""
    with tempfile.TemporaryDirectory(prefix="regesta-disk-") as place:
        if why := mount(Path(place), DISK_BYTES):
            return why
        unmount(Path(place))
    return ""


@contextmanager
def small_disk(place: Path, size_bytes: int = DISK_BYTES) -> Iterator[Path]:
    """Mount a small disk at a new folder. Raises OSError."""
    place.mkdir()
    if why := mount(place, size_bytes):
        raise OSError(why)
    try:
        yield place
    finally:
        unmount(place)


async def fill_producer(system: System, users: Using) -> None:
    """Fill the disk of budget's log, then that of its copies of other logs; others go on."""
    async with on_small_disk(system, "budget", ["log.events"]) as disk:
        with full(disk):
            await refused(users, "budget", DISK_FULL)
            await users.busy(SOME, "objectives", "kpi")
        await users.busy(SOME, "budget")
    async with on_small_disk(system, "budget", ["log.replicas"]) as disk:
        with full(disk):
            await logged(system, "budget worker", "intake of objectives")
            await users.busy(SOME, "objectives", "kpi")
            await stands_still(system, "budget, the replica of objectives")
        await caught_up(system.apart)


async def fill_consumer(system: System, users: Using) -> None:
    """Fill the disk of reporting's read models, then that of its copies of other logs; all others go on."""
    read_models = [row[0] for row in await rows(system.apart, "reporting", LIVE_TABLES)]
    for tables, task in ((read_models, "projections of budget"), (["log.replicas"], "intake of budget")):
        async with on_small_disk(system, "reporting", tables) as disk:
            with full(disk):
                await logged(system, "reporting", task)
                assert task in await reasons(system, "reporting")
                await users.busy(SOME, "objectives", "kpi", "budget")
                await stands_still(system, "reporting, ")
            await caught_up(system.apart)


@asynccontextmanager
async def on_small_disk(system: System, service: str, tables: Sequence[str]) -> AsyncIterator[Path]:
    """Put tables on a small disk while their service is at work, and back at the end."""
    apart, space = system.apart, f"small{next(numbers)}"
    with small_disk(apart.place / space) as disk:
        folder = _space(disk, apart.server(service).server_pid())
        await execute(apart, service, f"CREATE TABLESPACE {space} LOCATION '{folder}'")
        try:
            await execute(apart, service, *(f"ALTER TABLE {each} SET TABLESPACE {space}" for each in tables))
            yield disk
        finally:
            # A recovery from before would look for the disk.
            back = [f"ALTER TABLE {each} SET TABLESPACE pg_default" for each in tables]
            await execute(apart, service, *back, f"DROP TABLESPACE {space}", "CHECKPOINT")


def _space(disk: Path, pid: int) -> Path:
    """Make a folder on a disk for the user of a server."""
    folder, owner = disk / "space", Path(f"/proc/{pid}").stat()
    folder.mkdir()
    os.chown(folder, owner.st_uid, owner.st_gid)
    return folder


@contextmanager
def full(disk: Path) -> Iterator[None]:
    """Leave no room on a disk, and make some at the end."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(b"0" * 4096):
            pass
    try:
        yield
    finally:
        filler.unlink()


async def refused(users: Using, service: str, kind: str) -> None:
    """Return once some more callers of a service were answered so."""
    before = users.told.answers[service, kind]

    async def seen() -> bool:
        users.require_well()
        return users.told.answers[service, kind] > before

    await until(seen, SEEN_SECONDS)


async def logged(system: System, process: str, task: str) -> None:
    """Return once a process tells that a task has no room."""
    file = system.apart.log(process)
    began = file.stat().st_size

    async def told() -> bool:
        lines = file.read_bytes()[began:].decode(errors="replace").splitlines()
        return any(task in line and NO_ROOM in line for line in lines)

    await until(told, SEEN_SECONDS)


async def reasons(system: System, service: str) -> str:
    """Return why a service is not well, as it says."""
    with system.apart.client(service) as client:
        return (await asyncio.to_thread(client.get, f"/{service}/v1/readyz")).text


async def stands_still(system: System, what: str) -> None:
    """See that something is behind what is recorded by now, and stays there."""
    heads = await heads_of(system.apart)
    await asyncio.sleep(STILL_SECONDS)
    left = await behind(system.apart, heads)
    assert any(each.startswith(what) for each in left), left
