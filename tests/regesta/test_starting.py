"""A process whose database is away serves and waits, says why, and goes on by itself; by real processes."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

import asyncpg
import httpx2
import pytest

from cli.embedded import Embedded
from regesta import gauges
from regesta.database import create_database, create_service, migrate, migrations
from regesta.errors import DatabaseAway
from regesta.reasons import Cause, Reason
from regesta.runtime import Runtime
from regesta.signals import CAUSE
from regesta.starting import Starting
from tests.conftest import FreshDatabase, as_administrator, execute, migrations_of
from tests.otlp import Collector
from tests.regesta.jars import SERVICE
from tests.regesta.serving import ISSUER, Issuer, until
from tests.system.apart import free_port

PASSWORD: Final = "hunter2"
NOBODY: Final = f"postgresql://jars:{PASSWORD}@127.0.0.1:1/jars"
JARS: Final = "tests.faults.service"
TOLD: Final = "jars cannot begin yet: the database "


@dataclass
class Waiting:
    """A process that may wait for its database. log: the file of what it says."""

    process: asyncio.subprocess.Process
    url: str
    log: Path

    def told(self, *levels: str) -> list[str]:
        """Return what it said so far at these levels."""
        lines = [json.loads(line) for line in self.log.read_text().splitlines(keepends=True) if line.endswith("\n")]
        assert not [line for line in lines if "exception" in line], lines
        return [line["message"] for line in lines if line["level"] in levels]

    async def says(self, words: str) -> str:
        """Return the newest error once it has these words."""

        async def said() -> bool:
            assert self.process.returncode is None, self.log.read_text()
            return words in "".join(self.told("error")[-1:])

        await until(said, 30)
        return self.told("error")[-1]

    async def answer(self, path: str) -> httpx2.Response:
        """Return its answer, as soon as it listens."""
        async with httpx2.AsyncClient(timeout=10) as user:
            while True:
                try:
                    return await user.get(self.url + path)
                except httpx2.ConnectError:
                    assert self.process.returncode is None, self.log.read_text()
                    await asyncio.sleep(0.05)

    async def ready(self, service: str = "jars") -> tuple[int, list[tuple[str, str]]]:
        """Return the status of its readiness, with the causes and their details."""
        answer = await self.answer(f"/{service}/v1/readyz")
        return answer.status_code, [(each["name"], each["detail"]) for each in answer.json()["reasons"]]


@asynccontextmanager
async def started(folder: Path, environment: Mapping[str, str], *command: str) -> AsyncIterator[Waiting]:
    """Run a Python module with only this of REGESTA_*, on a free port; killed at the end when it still runs."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("REGESTA_")}
    port, log = free_port(), folder / "log"
    with log.open("wb") as said:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", *command, env={**kept, **environment, "REGESTA_PORT": str(port)},
            stdout=said, stderr=said,
        )  # fmt: skip
    try:
        yield Waiting(process, f"http://127.0.0.1:{port}", log)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def settings(dsn: str, issuer: Issuer) -> dict[str, str]:
    return {"REGESTA_DATABASE_URL": dsn, "REGESTA_ISSUER": ISSUER, "REGESTA_JWKS": str(issuer.jwks)}


@pytest.mark.parametrize("role", ["api", "all", "worker"])
async def test_it_goes_on_once_its_database_is_there_is_made_is_migrated_and_is_safe(
    short_folder: Path, tmp_path: Path, issuer: Issuer, role: str
) -> None:
    with Embedded(short_folder / role) as server:
        await create_service(server.admin_dsn, "jars", server.passwords("jars"))
        dsn, owner = server.dsn("jars", "runtime", "later"), server.dsn("jars", "owner", "later")
        server.stop_immediate()
        async with started(tmp_path, settings(dsn, issuer), JARS, role) as waiting:
            await waiting.says("later' cannot be used: ")
            if role != "worker":
                await waits(waiting)
            await asyncio.sleep(2.5)  # it has tried again by then, and says nothing new
            assert len(waiting.told("error")) == 1
            server.start()
            await waiting.says("does not exist; was it installed?")
            admin = await asyncpg.connect(server.admin_dsn)
            await create_database(admin, "jars", "later")
            await waiting.says("does not exist; was it migrated?")
            await admin.execute("ALTER DATABASE later SET synchronous_commit = off")
            await migrate(owner, "jars", migrations(SERVICE.migrations))
            await waiting.says("synchronous_commit is off")
            await admin.execute("ALTER DATABASE later RESET synchronous_commit")
            await admin.close()
            await goes_on(waiting, as_administrator(server, "later"), issuer, serves=role != "worker")
            errors = waiting.told("error", "critical")
            assert all(one != following for one, following in pairwise(errors)), errors
            assert all(each.endswith("; the service goes on by itself.") for each in errors), errors
            assert server.passwords("jars").runtime not in waiting.log.read_text()
            waiting.process.terminate()
            ended = await asyncio.wait_for(waiting.process.wait(), 20)
            assert ended == (0 if role == "worker" else -signal.SIGTERM)


async def waits(waiting: Waiting) -> None:
    """Require the answers of a process that waits."""
    for prefix in ("", "/jars/v1"):
        alive = await waiting.answer(f"{prefix}/livez")
        assert (alive.status_code, alive.json()) == (200, {"status": "ok"})
        ready = await waiting.answer(f"{prefix}/readyz")
        (reason,) = ready.json()["reasons"]
        assert (ready.status_code, ready.json()["status"], reason["name"]) == (503, "not ready", "database-away")
        assert "the database 'jars@" in reason["detail"]
    for path in ("/events", "/events/head", "/events/seal", "/levels/a", "/streams/jar/a", "/projections"):
        told = await waiting.answer(f"/jars/v1{path}")
        assert (told.status_code, told.headers["content-type"]) == (503, "application/problem+json"), path
        assert told.json()["type"].endswith("/busy")
        assert told.headers["retry-after"] == "1"


async def goes_on(waiting: Waiting, admin_dsn: str, issuer: Issuer, *, serves: bool) -> None:
    """Require that it runs, and said so once."""

    async def said() -> bool:
        return [each for each in waiting.told("warning") if "no longer" in each] == [
            "jars: no longer database-away; it runs now"
        ]

    await until(said, 30)
    if serves:
        assert await waiting.ready() == (200, [])
        async with httpx2.AsyncClient(headers={"Authorization": f"Bearer {issuer.token()}"}, timeout=30) as user:
            put = await user.put(f"{waiting.url}/jars/v1/jars/a/fills/r", json={"amount": 1})
            assert put.status_code == 201, put.text
        return
    admin = await asyncpg.connect(admin_dsn)
    try:

        async def recorded() -> bool:
            return bool(await admin.fetchval("SELECT count(*) FROM log.events"))

        await until(recorded, 30)  # the day
    finally:
        await admin.close()


@pytest.mark.parametrize("role", ["api", "all", "worker"])
async def test_while_it_waits_it_is_counted_and_ends_at_once_when_told_to(
    tmp_path: Path, issuer: Issuer, role: str
) -> None:
    with Collector().taking() as collector:
        environment = settings(NOBODY, issuer) | collector.environment(OTEL_METRIC_EXPORT_INTERVAL="600000")
        async with started(tmp_path, environment, JARS, role) as waiting:
            await waiting.says(TOLD)
            if role != "worker":
                assert (await waiting.answer("/livez")).status_code == 200
            waiting.process.terminate()
            code = await asyncio.wait_for(waiting.process.wait(), 30)
            assert code == (0 if role == "worker" else -signal.SIGTERM)
            (said,) = waiting.told("error", "critical")
            assert said.startswith("jars cannot begin yet: the database 'jars@127.0.0.1:1/jars' cannot be used: ")
            assert PASSWORD not in waiting.log.read_text()
        assert collector.values("regesta.ready.reasons", cause="database-away") == [1.0]
        assert set(collector.values("regesta.ready.reasons", cause="lag")) == {0.0}


async def test_a_database_that_says_nothing_is_waited_for_too(tmp_path: Path, issuer: Issuer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        dsn = f"postgresql://jars:{PASSWORD}@127.0.0.1:{silent.getsockname()[1]}/jars"
        async with started(tmp_path, settings(dsn, issuer), JARS, "all") as waiting:
            said = "the database of jars has not answered for 5 s"
            assert await waiting.ready() == (503, [("database-away", said)])
            assert (await waiting.answer("/jars/v1/livez")).status_code == 200
            assert [each.partition(". ")[0] for each in waiting.told("error")] == [f"jars cannot begin yet: {said}"]


@pytest.mark.parametrize("role", ["all", "worker"])
async def test_a_process_that_is_still_at_its_first_attempt_ends_at_once(
    tmp_path: Path, issuer: Issuer, role: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        dsn = f"postgresql://jars:{PASSWORD}@127.0.0.1:{silent.getsockname()[1]}/jars"
        async with started(tmp_path, settings(dsn, issuer), JARS, role) as waiting:
            came, _ = await asyncio.to_thread(silent.accept)
            waiting.process.terminate()
            await asyncio.wait_for(waiting.process.wait(), 30)
            assert waiting.told("error", "critical") == []  # as it would be once the time of the first attempt is over
            came.close()


async def test_a_wrong_password_is_waited_for_and_not_shown(
    reused_database: FreshDatabase, postgres: Embedded, tmp_path: Path, issuer: Issuer
) -> None:
    right, known = (await reused_database("jars")).dsn, postgres.passwords("jars").runtime
    try:
        async with started(tmp_path, settings(right.replace(known, PASSWORD), issuer), JARS, "api") as waiting:
            said = await waiting.says("are the role and the password in its address right?")
            assert 'password authentication failed for user "jars"' in said
            status, ((cause, detail),) = await waiting.ready()
            assert (status, cause) == (503, "database-away")
            assert detail in said
            assert PASSWORD not in detail + waiting.log.read_text()
            await execute(postgres.admin_dsn, f"ALTER ROLE jars PASSWORD '{PASSWORD}'")

            async def well() -> bool:
                return (await waiting.ready())[0] == 200

            await until(well, 20)
    finally:
        await execute(postgres.admin_dsn, f"ALTER ROLE jars PASSWORD '{known}'")


@pytest.mark.parametrize("role", ["api", "worker"])
@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"REGESTA_JWKS": "none"}, "REGESTA_JWKS, the issuer's keys, cannot be read"),
        ({"REGESTA_CONSUMERS": '{"kpi": "http://kpi"}'}, "REGESTA_SERVICE_TOKEN must be"),
        ({"REGESTA_CARRIER": "kafka"}, "REGESTA_KAFKA_BOOTSTRAP must name the broker"),
        ({"REGESTA_DATABASE_URL": f"jars:{PASSWORD}@nowhere"}, "has no address such as"),
    ],
)
async def test_what_no_database_mends_is_said_at_once_also_while_it_is_away(
    tmp_path: Path, issuer: Issuer, role: str, changed: dict[str, str], said: str
) -> None:
    async with started(tmp_path, settings(NOBODY, issuer) | changed, JARS, role) as refused:
        assert await asyncio.wait_for(refused.process.wait(), 30) == 2
        (told,) = refused.told("critical")
        assert said in told
        assert PASSWORD not in refused.log.read_text()


async def test_a_service_that_waits_stops_no_other_of_its_process(
    fresh_database: FreshDatabase, postgres: Embedded, tmp_path: Path, issuer: Issuer
) -> None:
    there, roles = await fresh_database("budget"), await fresh_database("kpi")
    missing = f"{roles.name}_later"
    nowhere = "http://127.0.0.1:1"
    environment = settings("", issuer) | {
        "REGESTA_BUDGET_DATABASE_URL": there.dsn,
        "REGESTA_KPI_DATABASE_URL": postgres.dsn("kpi", "runtime", missing),
        "REGESTA_SOURCES": json.dumps({"objectives": nowhere}),
        "REGESTA_SERVICE_TOKEN": issuer.token(),
    }
    async with started(tmp_path, environment, "cli", "serve", "budget", "kpi") as both:
        status, ((cause, detail),) = await both.ready("kpi")
        assert (status, cause, missing in detail) == (503, "database-away", True)
        assert (await both.answer("/kpi/v1/events")).status_code == 503

        async def other_works() -> bool:
            status, reasons = await both.ready("budget")
            return (status, [name for name, _ in reasons]) == (200, ["source-away"])

        await until(other_works, 20)
        admin = await asyncpg.connect(postgres.admin_dsn)
        try:
            await create_database(admin, "kpi", missing)
            await migrate(postgres.dsn("kpi", "owner", missing), "kpi", migrations_of("kpi"))

            async def goes_on() -> bool:
                return (await both.ready("kpi"))[0] == 200

            await until(goes_on, 20)
            assert (await both.ready("budget"))[0] == 200
            both.process.terminate()
            assert await asyncio.wait_for(both.process.wait(), 20) == -signal.SIGTERM
        finally:
            await admin.execute(f"DROP DATABASE IF EXISTS {missing} WITH (FORCE)")
            await admin.close()


async def test_a_start_that_fails_otherwise_is_not_tried_for_ever() -> None:
    """What is raised here is a fault of ours, which no real part has."""
    errors: list[Exception] = [KeyError("a fault"), DatabaseAway("no database")]

    @asynccontextmanager
    async def run() -> AsyncIterator[Runtime]:
        raise errors.pop()
        yield

    starting = Starting("jars", run)
    async with starting.lasting():
        assert starting.waits == Reason(Cause.DATABASE_AWAY, "no database")
        assert counted() == {"database-away"}
        await asyncio.wait_for(starting.ended.wait(), 10)
        assert starting.waits == Reason(Cause.TASK_ENDED, "the start of jars ended: KeyError")
        assert counted() == {"task-ended"}


def counted() -> set[object]:
    """Return the causes that the metric of this process has of jars."""
    return {(each.attributes or {})[CAUSE] for each in gauges.reasons._shown["jars"] if each.value}
