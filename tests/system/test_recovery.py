"""The database of one service is lost: what it recorded comes back from a backup, and what came after that from its consumers."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from cli import welcome
from cli.embedded import Embedded
from tests.system.conftest import Demo, folder

PAID = f"/budget/v1/commitments/{welcome.COMMITMENT}/payments"
PAYMENT = {"year": 2024, "amount_cents": 100, "part": "interim"}
LOG = "SELECT position, stream, version, type, time, meta::text, data::text FROM log.events ORDER BY position"


@pytest.fixture
def demo() -> Iterator[Demo]:
    """Run the demo with its sample and the commands that it prints, for one test."""
    with folder() as place:
        running = Demo(place).start()
        for one in welcome.TRIES:
            environment = {"REGESTA_URL": running.url, "REGESTA_TOKEN": running.token, "PATH": "/usr/bin:/bin"}
            subprocess.run(["/bin/bash", "-c", welcome.curl(one)], env=environment, capture_output=True, check=True)
        yield running
        if running.process is not None and running.process.poll() is None:
            running.stop()


def pay(demo: Demo, reference: str) -> Any:
    with demo.client() as client:
        return client.put(f"{PAID}/{reference}", json=PAYMENT)


def letter_of(demo: Demo, at_least: str) -> Any:
    with demo.client() as client:
        return client.get(
            welcome.letter_path(), params={"at_least": at_least}, headers={"Accept": "application/json"}
        ).json()


def in_budget(demo: Demo, statement: str) -> list[tuple[object, ...]]:
    """Return the rows of a query on budget's database, while the demo runs."""

    async def run() -> list[tuple[object, ...]]:
        connection = await asyncpg.connect(Embedded(demo.folder / "data").dsn("budget"))
        try:
            return [tuple(row) for row in await connection.fetch(statement)]
        finally:
            await connection.close()

    return asyncio.run(run())


def lose_budget(demo: Demo) -> None:
    """Drop the database, the demo being stopped."""

    async def drop(dsn: str) -> None:
        admin = await asyncpg.connect(dsn)
        try:
            await admin.execute("DROP DATABASE budget")
        finally:
            await admin.close()

    with Embedded(demo.folder / "data") as server:
        asyncio.run(drop(server.admin_dsn))


def command(demo: Demo, *arguments: str, check: bool = True) -> Any:
    """Run the command with --json, on the folder of the demo where it works on a database; return what it answers."""
    place = [] if arguments[0] == "recover" else ["--data-dir", str(demo.folder / "data")]
    done = demo.regesta(*arguments, *place, "--json", check=check)
    return json.loads(done.stdout) | {"exit": done.returncode}


def test_a_lost_log_comes_back_whole(demo: Demo) -> None:
    backup = demo.folder / "budget.backup"
    taken = command(demo, "backup", "budget", "--out", str(backup))
    assert taken["rows"]["event"] == taken["head"]
    paid = pay(demo, "AFTER-BACKUP")
    assert paid.status_code == 201, paid.text
    letter, log = letter_of(demo, paid.json()["token"]), in_budget(demo, LOG)
    assert len(log) > taken["head"]
    demo.stop()
    lose_budget(demo)
    restored = command(demo, "restore", "budget", str(backup))
    assert {**restored, "exit": 0} == taken

    demo.start()
    assert "the log is closed: it was restored or moved" in demo.output()
    refused = pay(demo, "TOO-EARLY")
    assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (503, "log-behind")
    assert refused.headers["Retry-After"] == "5"
    recovered = command(demo, "recover", "budget")
    assert (recovered["recovered"], recovered["position"]) == (len(log) - taken["head"], len(log))
    assert recovered["new_log"] is False
    assert in_budget(demo, LOG) == log
    assert letter_of(demo, paid.json()["token"]) == letter
    assert (pay(demo, "AFTER-BACKUP").status_code, pay(demo, "NOW").status_code) == (200, 201)
    assert "is open" in demo.regesta("recover", "budget").stdout


def test_what_cannot_be_backed_up_or_restored_is_named(empty_demo: Demo, tmp_path: Path) -> None:
    demo = empty_demo.start()
    kpi = demo.folder / "kpi.backup"
    command(demo, "backup", "kpi", "--out", str(kpi))
    before = in_budget(demo, LOG)
    for service, problem in (("budget", "foreign-backup"), ("kpi", "not-empty")):
        refused = command(demo, "restore", service, str(kpi), check=False)
        assert (refused["exit"], refused["type"].rpartition("/")[2]) == (1, problem), refused
    assert in_budget(demo, LOG) == before
    wrong = demo.regesta("backup", "budget", "--out", str(tmp_path / "x"), "--data-dir", str(tmp_path), check=False)
    assert wrong.returncode == 2
    assert "is no installation, and REGESTA_DATABASE_URL is not set" in " ".join(wrong.stderr.split())
