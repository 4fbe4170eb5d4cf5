"""Nothing acknowledged is lost and nothing is doubled: the process is killed, PostgreSQL stopped as by a loss of power."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import httpx2
import pytest

from cli.embedded import Embedded
from regesta import bus
from regesta.bus import Intake
from regesta.database import create_service, migrate, migrations
from regesta.source import FeedClient
from regesta.store import PostgresStore
from tests.regesta.jars import REGISTRY, SERVICE
from tests.regesta.serving import ISSUER, Issuer

KILLS = 5
POURS = 30
USERS = 6
HOT = "hot"


@dataclass
class Acknowledged:
    """What users were told is recorded: how many commands, the names of their events, and every status they saw."""

    commands: Counter[str] = field(default_factory=Counter)
    events: list[str] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)


@pytest.fixture
def own_server(short_folder: Path) -> Iterator[Embedded]:
    """Run a server that may be stopped, beside the session's."""
    with Embedded(short_folder / "crash") as server:
        yield server
    gc.collect()  # what anybody left open fails this test, not a later one


@asynccontextmanager
async def process(environment: dict[str, str]) -> AsyncIterator[None]:
    """Run the service until it is killed by SIGKILL."""
    running = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.faults.service", "all",
        env=os.environ | environment, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield
    finally:
        running.kill()
        await running.wait()


class User:
    """Pours coins to and fro, one after the other; sends each again with its key until it is answered."""

    def __init__(self, number: int, http: httpx2.AsyncClient, told: Acknowledged) -> None:
        self._jar = f"own{number}"
        self._http = http
        self._told = told
        self.stop = False

    async def run(self) -> None:
        await self._insist("PUT", f"/jars/{self._jar}/fills/first", {"amount": 100}, "fill")
        turn = 0
        while not self.stop:
            source, into = (self._jar, HOT) if turn % 2 == 0 else (HOT, self._jar)
            await self._insist(
                "POST", f"/jars/{source}/pours", {"into": into, "amount": 1}, "pour", f"{self._jar}-{turn}"
            )
            turn += 1

    async def _insist(self, method: str, path: str, body: object, kind: str, key: str = "fill") -> None:
        headers = {"Idempotency-Key": f"{self._jar} {key}"}
        while True:
            try:
                answer = await self._http.request(method, path, json=body, headers=headers)
            except httpx2.HTTPError:
                await asyncio.sleep(0.05)
                continue
            self._told.statuses[answer.status_code] += 1
            if answer.status_code in {200, 201}:
                self._told.commands[kind] += 1
                self._told.events += answer.json()["events"]
                return
            await asyncio.sleep(0.05)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port


async def prepare(server: Embedded) -> None:
    for service in ("jars", "kpi"):
        await create_service(server.admin_dsn, service, server.passwords(service))
        own = SERVICE.migrations if service == "jars" else None
        await migrate(server.dsn(service, "owner"), service, migrations(own))


def environment_of(server: Embedded, issuer: Issuer, port: int) -> dict[str, str]:
    return {
        "REGESTA_DATABASE_URL": server.dsn("jars"),
        "REGESTA_ISSUER": ISSUER,
        "REGESTA_JWKS": str(issuer.jwks),
        "REGESTA_PORT": str(port),
    }


async def serving(http: httpx2.AsyncClient) -> None:
    """Return once the service answers."""
    async with asyncio.timeout(60):
        while True:
            try:
                await http.get("/livez")
            except httpx2.HTTPError:
                await asyncio.sleep(0.05)
            else:
                return


async def busy(told: Acknowledged) -> None:
    """Return once some more commands were answered."""
    before = told.commands["pour"]
    async with asyncio.timeout(60):
        while told.commands["pour"] < before + POURS:  # noqa: ASYNC110 - nobody tells, the users only count
            await asyncio.sleep(0.02)


async def disturb(server: Embedded, http: httpx2.AsyncClient, environment: dict[str, str], told: Acknowledged) -> None:
    """Kill the service KILLS times at work, once while PostgreSQL is away too; leave after a last undisturbed moment."""
    for number in range(KILLS + 1):
        async with process(environment):
            await serving(http)
            await busy(told)
            if number in {1, 3}:
                await asyncio.to_thread(server.stop_immediate)
                if number == 1:
                    await asyncio.to_thread(server.start)
                await asyncio.sleep(0.4)
        if number == 3:
            await asyncio.to_thread(server.start)


async def test_nothing_acknowledged_is_lost_and_nothing_doubled(
    own_server: Embedded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bus, "RETRY_SECONDS_MOST", 0.2)  # so that the replica grows between the kills too
    await prepare(own_server)
    issuer, port, told = Issuer(tmp_path), free_port(), Acknowledged()
    environment = environment_of(own_server, issuer, port)
    url = f"http://127.0.0.1:{port}/jars/v1"
    headers = {"Authorization": f"Bearer {issuer.token()}"}
    async with (
        httpx2.AsyncClient(base_url=url, headers=headers, timeout=5) as http,
        # One who is cancelled may be closing what a killed service left, and with one client that is the users' connections too.
        httpx2.AsyncClient() as feed,
        PostgresStore("kpi", own_server.dsn("kpi"), REGISTRY, pool_size=2) as replica,
    ):
        intake = Intake(replica, "jars", FeedClient(feed, url, issuer.token(), REGISTRY))
        copying = asyncio.create_task(intake.run())
        users = [User(number, http, told) for number in range(USERS)]
        using = [asyncio.create_task(user.run()) for user in users]
        await disturb(own_server, http, environment, told)
        for user in users:
            user.stop = True
        async with process(environment):  # who was not answered yet is now
            await asyncio.wait_for(asyncio.gather(*using), 60)
            last = max(int(name.partition(":")[2]) for name in told.events)
            assert await replica.wait("jars", last - 1, 10)
        copying.cancel()
        await asyncio.gather(copying, return_exceptions=True)
    assert told.statuses.keys() <= {200, 201, 503}, told.statuses
    assert not intake.alarm
    await check_log(own_server, told)
    await check_replica(own_server)


async def check_log(server: Embedded, told: Acknowledged) -> None:
    log = await rows(
        server.dsn("jars"), "SELECT position, stream, version, type, time FROM log.events ORDER BY position"
    )
    assert [row["position"] for row in log] == list(range(1, len(log) + 1))
    assert len(set(told.events)) == len(told.events)
    assert set(told.events) <= {f"jars:{row['position']}" for row in log}
    kinds = Counter(row["type"] for row in log)
    assert kinds["jar-filled.v1"] == USERS
    assert kinds["jar-poured.v1"] == kinds["jar-received.v1"] == told.commands["pour"]
    assert [row["time"] for row in log] == sorted(row["time"] for row in log)
    versions: dict[str, list[int]] = {}
    for row in log:
        versions.setdefault(row["stream"], []).append(row["version"])
    assert all(found == list(range(1, len(found) + 1)) for found in versions.values())


async def check_replica(server: Embedded) -> None:
    columns = "position, stream, version, type, time, meta::text, data::text"
    log = await rows(server.dsn("jars"), f"SELECT {columns} FROM log.events ORDER BY position")
    replica = await rows(server.dsn("kpi"), f"SELECT {columns} FROM log.replicas ORDER BY position")
    assert replica
    assert replica == log[: len(replica)]


async def rows(dsn: str, query: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(dsn)
    try:
        found: list[asyncpg.Record] = await connection.fetch(query)
    finally:
        await connection.close()
    return found
