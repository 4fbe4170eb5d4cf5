"""The disk fills during appends: whoever is not answered is told so, nothing acknowledged is lost, and it goes on by itself."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import httpx2
import pytest

from cli.embedded import Embedded
from regesta import writer
from tests.conftest import Database, FreshDatabase
from tests.faults.disks import small_disk, unmountable
from tests.regesta import jars
from tests.regesta.serving import Issuer, client, migrated, served, settings_of, until

DISK_BYTES, FILLER_BYTES = 24 * 1024 * 1024, 16 * 1024 * 1024
LABEL_BYTES = 200_000


@pytest.fixture
def disk(short_folder: Path) -> Iterator[Path]:
    """Return a disk of some megabytes, most of which a file takes that can be removed. Needs the right to mount."""
    if why := unmountable():
        pytest.skip(why)
    with small_disk(short_folder / "disk", DISK_BYTES) as place:
        yield place


@pytest.fixture
def issuer(tmp_path: Path) -> Issuer:
    return Issuer(tmp_path)


@pytest.fixture
async def database(postgres: Embedded, fresh_database: FreshDatabase, short_folder: Path, disk: Path) -> Database:
    """Return a database of jars whose log is on the small disk."""
    database = await migrated(await fresh_database("jars"))
    space = disk / "space"
    space.mkdir()
    owner = (short_folder / "session" / "postgres").stat()
    os.chown(space, owner.st_uid, owner.st_gid)
    (disk / "filler").write_bytes(b"0" * FILLER_BYTES)
    await execute(postgres.admin_dsn, f"CREATE TABLESPACE small LOCATION '{space}'")
    await execute(database.admin_dsn, "ALTER TABLE log.events SET TABLESPACE small")
    return database


async def execute(dsn: str, statement: str) -> list[asyncpg.Record]:
    admin = await asyncpg.connect(dsn)
    try:
        found: list[asyncpg.Record] = await admin.fetch(statement)
    finally:
        await admin.close()
    return found


async def label(user: httpx2.AsyncClient, number: int) -> httpx2.Response:
    body = {"label": secrets.token_hex(LABEL_BYTES // 2)}
    return await user.post("/jars/a/labels", json=body, headers={"Idempotency-Key": f"label {number}"})


async def test_a_full_disk_is_said_and_nothing_acknowledged_is_lost(
    database: Database, postgres: Embedded, disk: Path, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "PROBE_SECONDS", 0.2)
    events: list[str] = []
    async with served(jars.SERVICE, settings_of(database, issuer), issuer) as running, client(running) as user:
        number = 0
        while (answer := await label(user, number)).status_code == 201:
            events += answer.json()["events"]
            number += 1
            assert number < DISK_BYTES / LABEL_BYTES, "the disk never fills"
        problem = answer.json()
        assert (answer.status_code, problem["type"].rpartition("/")[2]) == (503, "disk-full")
        assert answer.headers["Retry-After"] == "5"
        ready = await user.get("/readyz")
        (reason,) = ready.json()["reasons"]
        assert (ready.status_code, reason["name"]) == (503, "writer-refused")
        assert reason["detail"].startswith("no space is left for the log: ")
        assert (await user.get("/events/head")).json()["position"] == len(events) + 1

        (disk / "filler").unlink()

        async def well() -> bool:
            return (await user.get("/readyz")).status_code == 200

        await until(well, seconds=10)  # nobody has to record anything for it
        answer = await label(user, number)
        assert answer.status_code == 201
        events += answer.json()["events"]
    stored = await execute(
        database.admin_dsn, "SELECT position FROM log.events WHERE type = 'jar-labelled.v1' ORDER BY 1"
    )
    assert [f"jars:{row['position']}" for row in stored] == events
    assert [row["position"] for row in stored] == list(range(2, len(events) + 2))
    await execute(database.admin_dsn, "ALTER TABLE log.events SET TABLESPACE pg_default")
    await execute(postgres.admin_dsn, "DROP TABLESPACE small")
