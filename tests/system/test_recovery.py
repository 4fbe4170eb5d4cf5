"""The database of one service is lost: what it recorded comes back from a backup, and what came after that from its consumers."""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from cli import welcome
from cli.embedded import Embedded
from contracts import budget
from regesta.event import DayStarted, Registry
from regesta.store import PostgresStore
from regesta.unit import Appended, Meta, NewEvent, Unit
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
    """Drop the database, the demo being stopped or killed."""

    async def drop(dsn: str) -> None:
        admin = await asyncpg.connect(dsn)
        try:
            await admin.execute("DROP DATABASE budget WITH (FORCE)")
        finally:
            await admin.close()

    with Embedded(demo.folder / "data") as server:
        asyncio.run(drop(server.admin_dsn))


def command(demo: Demo, *arguments: str, check: bool = True) -> Any:
    """Run the command with --json, on the folder of the demo where it works on a database; return what it answers."""
    place = [] if arguments[0] in {"recover", "adopt"} else ["--data-dir", str(demo.folder / "data")]
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
    demo.kill()
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


async def go_on_otherwise(dsn: str, events: int) -> None:
    """Append to budget's log what its consumers know nothing of."""
    async with PostgresStore("budget", dsn, Registry(budget.EVENTS), pool_size=2) as store:
        await store.pool.execute("SELECT log.open(NULL)")  # as somebody might who does not wait for the consumers
        days = [DayStarted(date=date(2001, 1, 1) + timedelta(days=number)) for number in range(events)]
        new = [NewEvent.of("calendar/2001", number, day, Meta("test")) for number, day in enumerate(days, start=1)]
        assert isinstance(await store.append(Unit({"calendar/2001": 0}, new)), Appended)


def not_ready(demo: Demo) -> dict[str, list[str]]:
    """Return why services are not ready."""
    with demo.client() as client:
        found = {name: client.get(f"{at}/readyz").json()["reasons"] for name, at in demo.services.items()}
    return {name: [each["name"] for each in reasons] for name, reasons in found.items() if reasons}


def test_a_log_that_went_on_otherwise_is_adopted(demo: Demo) -> None:
    backup = demo.folder / "budget.backup"
    early = frozen(demo, welcome.NOTE)
    taken = command(demo, "backup", "budget", "--out", str(backup))
    paid = pay(demo, "LOST")
    lost = json.dumps(letter_of(demo, paid.json()["token"]))
    assert "LOST" in lost
    late = frozen(demo, other_note(demo))
    assert (early["cut"]["budget"], late["cut"]["budget"]) == (taken["head"], demo.heads()["budget"])
    given_up = demo.heads()["budget"] - taken["head"]
    demo.stop()
    lose_budget(demo)
    command(demo, "restore", "budget", str(backup))
    with Embedded(demo.folder / "data") as server:
        asyncio.run(go_on_otherwise(server.dsn("budget"), given_up + 5))

    demo.start()
    wait_until(lambda: not_ready(demo) == {"objectives": ["forked"], "reporting": ["forked"]})
    for consumer in ("objectives", "reporting"):
        done = command(demo, "adopt", consumer, "budget", "--yes")
        assert (done["position"], done["given_up"]) == (taken["head"], given_up)
        assert done["touched"] == ([f"letter/{late['note']}/2024"] if consumer == "reporting" else [])
    wait_until(lambda: not_ready(demo) == {})
    head = demo.heads()["budget"]
    now = json.dumps(letter_of(demo, f"budget:{head}"))
    assert "LOST" not in now
    check_frozen(demo, early, None)
    check_frozen(demo, late, taken["head"])
    again = pay(demo, "LOST")
    assert again.status_code == 201
    assert "LOST" in json.dumps(letter_of(demo, again.json()["token"]))
    for consumer in ("objectives", "reporting"):  # what is left is what the logs give
        rebuilt = json.loads(demo.regesta("rebuild", consumer, "--json").stdout)
        assert rebuilt["failures"] == []


def other_note(demo: Demo) -> str:
    """Record another note, and return its slug once its letter is made of that."""
    with demo.client() as client:
        opened = client.put("/objectives/v1/notes/other", json={"title": {"fr": "Autre"}, "planned_year": 2024})
        assert opened.status_code == 201, opened.text
        client.get(f"{welcome.letter_path('other')}", params={"at_least": opened.json()["token"]}).raise_for_status()
    return "other"


def frozen(demo: Demo, note: str) -> Any:
    """Freeze the letter of a note, and return as what, with its bytes."""
    answer = json.loads(demo.regesta("freeze", note, "2024", "--json").stdout)
    assert (answer["recorded"], answer["touched"]) == (True, [])
    return answer | {"bytes": demo.regesta("letter", note, "2024", "--frozen").stdout}


def check_frozen(demo: Demo, before: Any, touched_beyond: int | None) -> None:
    """Check that a frozen letter is what it was, and says which adoption gave up events of budget that its cut names."""
    read = demo.regesta("letter", before["note"], "2024", "--frozen")
    assert read.stdout == before["bytes"]
    told = f"Its cut names events of budget beyond {touched_beyond}, which operator gave up at "
    assert (told in read.stderr) == (touched_beyond is not None)
    with demo.client() as client:
        answer = client.get(f"{welcome.letter_path(before['note'])}/frozen")
    touched = [(each["source"], each["position"], each["adopted_by"]) for each in answer.json()["touched"]]
    assert touched == ([] if touched_beyond is None else [("budget", touched_beyond, "operator")])
    assert answer.headers["ETag"] == f'"{before["hash"]}{"-touched-1" if touched else ""}"'


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


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
