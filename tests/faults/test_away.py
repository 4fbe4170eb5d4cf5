"""While the database is away everybody is answered soon, and nobody is told what is not so; then all is as it was."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import asyncpg
import httpx2
import pytest
from asyncpg.transaction import Transaction

from cli.embedded import Embedded
from regesta import decider as deciding
from regesta import readers
from regesta.database import create_service, migrate, migrations
from regesta.outage import is_lost
from regesta.store import PostgresStore
from regesta.suites import OTHER, foreign, raised
from tests.conftest import Database
from tests.regesta.jars import REGISTRY, SERVICE
from tests.regesta.serving import Issuer, Served, client, served, settings_of

READS: Final = (
    "/levels/a",
    "/levels/a?as_of=2999-01-01",
    "/levels/a?cut=jars:1",
    "/levels/a?at_least=jars:1",
    "/streams/jar/a",
    "/streams/jar/a?as_of=2999-01-01",
    "/events",
    "/events/head",
    "/events/seal",
    "/projections",
    "/projections/rebuilds",
    "/projections/parked",
)
ANSWER_SECONDS: Final = 1.0
CALLERS: Final = 20


@pytest.fixture
def own_server(short_folder: Path) -> Iterator[Embedded]:
    """Run a server that may be stopped, beside the session's."""
    with Embedded(short_folder / "away") as server:
        yield server
    gc.collect()  # what anybody left open fails this test, not a later one


@pytest.fixture
async def running(own_server: Embedded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Served]:
    """Serve jars, with one that is filled, on a server of its own."""
    monkeypatch.setattr(deciding, "ANSWER_SECONDS", ANSWER_SECONDS)
    await create_service(own_server.admin_dsn, "jars", own_server.passwords("jars"))
    await migrate(own_server.dsn("jars", "owner"), "jars", migrations(SERVICE.migrations))
    database = Database("jars", own_server.dsn("jars"), own_server.dsn("jars", "owner"), own_server.admin_dsn)
    issuer = Issuer(tmp_path)
    async with served(SERVICE, settings_of(database, issuer), issuer) as here:
        yield here


def operator(running: Served) -> httpx2.AsyncClient:
    """Return a client that may read all there is."""
    return client(running, Authorization=f"Bearer {running.issuer.token(roles=['operator'])}")


async def fill(user: httpx2.AsyncClient, jar: str, ref: str = "r", amount: int = 1) -> httpx2.Response:
    return await user.put(
        f"/jars/{jar}/fills/{ref}", json={"amount": amount}, headers={"Idempotency-Key": f"{jar} {ref}"}
    )


async def work_again(user: httpx2.AsyncClient) -> None:
    """Return once a command is recorded and read."""
    async with asyncio.timeout(30):
        while (answer := await fill(user, "again")).status_code not in {200, 201}:
            assert answer.status_code == 503, answer.text
        token = answer.json()["token"]
        while (read := await user.get(f"/levels/again?at_least={token}")).status_code != 200:
            assert read.status_code in {503, 504}, read.text


def reason(answer: httpx2.Response) -> str:
    assert answer.headers["content-type"] == "application/problem+json"
    return str(answer.json()["type"]).rpartition("/")[2]


async def test_reads_are_told_to_come_again(own_server: Embedded, running: Served) -> None:
    async with operator(running) as user:
        token = (await fill(user, "a")).json()["token"]
        assert (await user.get(f"/levels/a?at_least={token}")).status_code == 200
        os.kill(own_server.server_pid(), signal.SIGKILL)
        while (answer := await user.get("/levels/a")).status_code == 200:  # its processes take a moment to notice
            pass
        assert (answer.status_code, reason(answer)) == (503, "busy")
        began = time.monotonic()
        for path in READS * 2:
            answer = await user.get(path)
            told = (answer.status_code, reason(answer), answer.headers.get("retry-after"))
            assert told == (503, "busy", "1"), (path, answer.text)
            assert answer.json()["detail"] == "the database does not answer"
        assert time.monotonic() - began < 10
        own_server.start()
        await work_again(user)
        assert [(await user.get(path)).status_code for path in READS] == [200] * len(READS)


async def test_a_read_that_loses_its_connection_at_the_end_is_told_to_come_again(
    own_server: Embedded, running: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    end = Transaction.__aexit__

    async def lost(self: Transaction, *raised: Any) -> None:
        if self._readonly:  # type: ignore[attr-defined]  # the types do not tell of it
            admin = await asyncpg.connect(own_server.admin_dsn)
            await admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle in transaction'"
            )
            await admin.close()
        await end(self, *raised)

    async with operator(running) as user:
        token = (await fill(user, "a")).json()["token"]
        assert (await user.get(f"/levels/a?at_least={token}")).status_code == 200
        with monkeypatch.context() as patched:
            patched.setattr(Transaction, "__aexit__", lost)
            answer = await user.get("/levels/a")
        assert (answer.status_code, reason(answer)) == (503, "busy")
        assert (await user.get("/levels/a")).status_code == 200


async def test_every_caller_is_answered_and_what_is_sent_again_is_recorded_once(
    own_server: Embedded, running: Served
) -> None:
    jars = [f"jar{number}" for number in range(CALLERS)]
    async with client(running) as user:
        for jar in jars[::2]:  # those are in memory, and are decided without the database
            assert (await fill(user, jar, "first")).status_code == 201
        own_server.stop_immediate()
        began = time.monotonic()
        answers = await asyncio.gather(*(fill(user, jar) for jar in jars))
        assert time.monotonic() - began < ANSWER_SECONDS + 5
        assert {answer.status_code for answer in answers} == {503}
        assert {reason(answer) for answer in answers[::2]} == {"outcome-unknown"}
        assert {reason(answer) for answer in answers[1::2]} <= {"outcome-unknown", "busy"}
        assert all("repeat it" in answer.json()["detail"] for answer in answers[::2])
        # Also when it is repeated too early, with the first one still on its way.
        assert {reason(answer) for answer in await asyncio.gather(*(fill(user, jar) for jar in jars[::2]))} == {
            "outcome-unknown"
        }
        own_server.start()
        await work_again(user)
        repeated = await asyncio.gather(*(fill(user, jar) for jar in jars))
        assert {answer.status_code for answer in repeated} <= {200, 201}, [answer.text for answer in repeated]
        recorded = [(await user.get(f"/streams/jar/{jar}")).json()["events"] for jar in jars]
    references = [[event["data"]["ref"] for event in events] for events in recorded]
    assert references == [["first", "r"] if number % 2 == 0 else ["r"] for number in range(CALLERS)]


async def test_each_line_of_a_bulk_is_answered(own_server: Embedded, running: Served) -> None:
    async with client(running) as user:
        assert (await fill(user, "a", "first")).status_code == 201
        own_server.stop_immediate()
        # In memory, not in memory, and one that refers to another service.
        data: list[dict[str, object]] = [{"jar": "a"}, {"jar": "b"}, {"jar": "c", "shelf": "s"}]
        lines = [
            {"command": "fill", "key": f"bulk/{each['jar']}", "data": each | {"ref": "r", "amount": 1}} for each in data
        ]
        sent = b"\n".join(json.dumps(line).encode() for line in lines)
        told = await user.post("/commands", content=sent, headers={"Content-Type": "application/x-ndjson"})
        results = [json.loads(line) for line in told.text.splitlines()]
        assert [result["status"] for result in results] == [503, 503, 503]
        assert [result["problem"]["type"].rpartition("/")[2] for result in results] == [
            "outcome-unknown",
            "busy",
            "busy",
        ]
        own_server.start()
        await work_again(user)


@asynccontextmanager
async def silent(own_server: Embedded) -> AsyncIterator[None]:
    """Let all connections of the service say nothing meanwhile."""
    admin = await asyncpg.connect(own_server.admin_dsn)
    found = await admin.fetch("SELECT pid FROM pg_stat_activity WHERE usename = 'jars'")
    await admin.close()
    for row in found:
        os.kill(row["pid"], signal.SIGSTOP)
    try:
        yield
    finally:
        for row in found:
            os.kill(row["pid"], signal.SIGCONT)


@pytest.mark.parametrize(
    "path",
    [
        "/levels/a", "/streams/jar/a", "/events", "/levels/a?as_of=2026-01-31", "/projections", "/projections/rebuilds",
        "/projections/parked", "/projections/dropped", "/projections/levels/parked/jar%2Fa", "/log",
    ],
)  # fmt: skip
async def test_a_connection_that_says_nothing_is_given_up(
    own_server: Embedded, running: Served, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(readers, "READ_SECONDS", 0.5)
    async with operator(running) as user:
        token = (await fill(user, "a")).json()["token"]
        assert (await user.get(f"/levels/a?at_least={token}")).status_code == 200
        async with silent(own_server):
            began = time.monotonic()
            answers = await asyncio.gather(*(user.get(path) for _ in range(4)))
            assert time.monotonic() - began < 5
        assert {answer.status_code for answer in answers} <= {200, 404, 503}
        assert {reason(answer) for answer in answers if answer.status_code == 503} == {"busy"}
        await work_again(user)


async def test_what_a_replica_is_extended_over_is_given_up_when_it_says_nothing(
    own_server: Embedded, running: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers, "READ_SECONDS", 0.5)
    log = str(uuid4())
    events = foreign(range(1, 4), log)
    async with PostgresStore("jars", own_server.dsn("jars"), REGISTRY, pool_size=4) as store:
        turned = asyncio.Event()

        async def note() -> None:
            turned.set()

        store.on_turn(note)
        await turned.wait()  # what it asks of its own at the start would take the connection that is silent
        asks: list[Callable[[], Awaitable[int | None]]] = [
            lambda: store.replicate(log, events), lambda: store.replicate(log, events, 7), lambda: store.offset(OTHER),
        ]  # fmt: skip
        for ask in asks:
            await store.head(OTHER)  # so that the pool has a connection, and makes no other meanwhile
            async with silent(own_server), asyncio.timeout(5):
                assert is_lost(await raised(Exception, ask()))
        assert await store.replicate(log, events, 7) == 3
        assert await store.offset(OTHER) == 7
    async with client(running) as user:
        await work_again(user)
