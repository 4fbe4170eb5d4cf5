"""More than a process can do: everybody is answered, what is too much is told to come again, and memory stays small.

Over real sockets to a process of its own, as its callers see it.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

import asyncpg
import pytest

from tests.conftest import Database, FreshDatabase
from tests.regesta.serving import ISSUER, Issuer, until

ROOT: Final = Path(__file__).parents[2]
# What log.append locks: who holds it lets no unit in.
APPENDING: Final = 7234017283807667300
JSON: Final = "Content-Type: application/json"
NDJSON: Final = "Content-Type: application/x-ndjson"
# So that a caller who does not read lets the other end wait.
SOCKET_BYTES: Final = 16 * 1024
ANSWERED_SECONDS: Final = 30


@dataclass(frozen=True)
class Answer:
    """An answer as it came."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Sent:
    """A request that was sent, on a connection of its own."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def answer(self) -> Answer:
        """Read its answer to the end."""
        async with asyncio.timeout(ANSWERED_SECONDS):
            head, _, body = (await self.reader.read(-1)).partition(b"\r\n\r\n")
        await self.close()
        status, *fields = head.decode().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (field.partition(":") for field in fields)}
        return Answer(int(status.split()[1]), headers, body)

    async def close(self) -> None:
        """Go away."""
        self.writer.transport.abort()
        with suppress(OSError):
            await self.writer.wait_closed()


@dataclass(frozen=True)
class Process:
    """A server of jars in a process of its own."""

    pid: int
    port: int
    token: str
    database: Database

    @property
    def memory_mib(self) -> float:
        """What it keeps in memory now."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024

    async def send(self, method: str, path: str, body: bytes = b"", *headers: str) -> Sent:
        """Send a request."""
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SOCKET_BYTES)
        connection.settimeout(0)
        try:
            await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", self.port))
        except OSError:
            connection.close()
            raise
        reader, writer = await asyncio.open_connection(sock=connection, limit=SOCKET_BYTES)
        head = [
            f"{method} /jars/v1{path} HTTP/1.1", "Host: here", "Connection: close", f"Content-Length: {len(body)}",
            f"Authorization: Bearer {self.token}", *(headers or [JSON]),
        ]  # fmt: skip
        writer.write("\r\n".join([*head, "", ""]).encode() + body)
        await writer.drain()
        return Sent(reader, writer)

    async def ask(self, method: str, path: str, body: bytes = b"", *headers: str) -> Answer:
        """Send a request and return its answer."""
        return await (await self.send(method, path, body, *headers)).answer()

    async def fill(self, jar: str, ref: str) -> Answer:
        """Put a coin into a jar."""
        return await self.ask("PUT", f"/jars/{jar}/fills/{ref}", b'{"amount": 1}')

    async def head(self) -> int:
        """Return how far its log reaches."""
        return int(json.loads((await self.ask("GET", "/events/head")).body)["position"])


Start: TypeAlias = Callable[..., Awaitable[Process]]


@pytest.fixture
async def start(reused_database: FreshDatabase, issuer: Issuer) -> AsyncIterator[Start]:
    """Return a function that runs a process until the test ends. Settings go by their names in the environment."""
    async with AsyncExitStack() as stack:

        async def started(**settings: object) -> Process:
            database = await reused_database("jars")
            with socket.create_server(("127.0.0.1", 0)) as found:
                port = found.getsockname()[1]
            told = {"database_url": database.dsn, "issuer": ISSUER, "jwks": issuer.jwks, "port": port, "pool_size": 4}
            environment = {f"REGESTA_{name.upper()}": str(value) for name, value in (told | settings).items()}
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.faults.service", "all",
                env=os.environ | environment, cwd=ROOT, stderr=asyncio.subprocess.DEVNULL,
            )  # fmt: skip
            stack.push_async_callback(process.wait)
            stack.callback(process.terminate)
            here = Process(process.pid, port, issuer.token(), database)

            async def ready() -> bool:
                try:
                    return (await here.ask("GET", "/readyz")).status == 200 and await here.head() == 1
                except (OSError, IndexError):
                    return False

            await until(ready, 20)
            return here

        yield started


@asynccontextmanager
async def connected(here: Process) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """Give the administrator's connection to the database of a process."""
    admin = await asyncpg.connect(here.database.admin_dsn)
    try:
        yield admin
    finally:
        await admin.close()


@asynccontextmanager
async def nothing_appended(here: Process) -> AsyncIterator[None]:
    """Let every append wait for as long as this lasts."""
    async with connected(here) as admin:
        await admin.execute("SELECT pg_advisory_lock($1)", APPENDING)
        yield


@pytest.fixture
async def consumers() -> AsyncIterator[list[Sent]]:
    """Return a list of requests that go away when the test ends, before the process is stopped."""
    kept: list[Sent] = []
    yield kept
    for each in kept:
        await each.close()


def statuses(answers: list[Answer]) -> Counter[int]:
    return Counter(each.status for each in answers)


async def test_a_thousand_callers_on_one_hot_stream_are_all_answered(start: Start) -> None:
    here = await start()
    answers = await asyncio.gather(*(here.fill("hot", f"r{n}") for n in range(1_000)))
    assert statuses(answers) == {201: 1_000}
    assert sorted(json.loads(each.body)["version"] for each in answers) == list(range(1, 1_001))


async def test_five_hundred_idle_polls_cost_under_fifty_mebibytes_and_all_are_told(start: Start) -> None:
    here = await start()
    await asyncio.gather(*(here.fill("a", f"r{n}") for n in range(50)))
    before = here.memory_mib
    address = f"/events?lastEventId={await here.head()}&timeout=30000"
    polls = await asyncio.gather(*(here.send("GET", address) for _ in range(500)))
    assert (await here.fill("b", "last")).status == 201  # after them, on the same loop: so all of them are held
    cost = here.memory_mib - before
    found = await asyncio.gather(*(poll.answer() for poll in polls))
    assert statuses(found) == {200: 500}
    assert {json.loads(each.body)[0]["subject"] for each in found} == {"jar/b"}
    assert cost < 50
    assert here.memory_mib - before < 50


async def test_polls_beyond_their_bound_are_told_to_come_again(start: Start) -> None:
    here = await start()
    polls = [await here.send("GET", "/events?lastEventId=1&timeout=30000") for _ in range(1_000)]
    late = await here.ask("GET", "/events?lastEventId=1&timeout=30000")
    assert (late.status, late.headers["retry-after"]) == (503, "1")
    assert (await here.ask("GET", "/events?lastEventId=0")).status == 200
    assert (await here.fill("a", "r")).status == 201
    assert statuses(await asyncio.gather(*(poll.answer() for poll in polls))) == {200: 1_000}


async def test_requests_beyond_the_limit_are_told_to_come_again_at_once(start: Start) -> None:
    here = await start(requests_limit=50)
    async with nothing_appended(here):
        asked = [asyncio.create_task(here.fill(f"j{n}", "r")) for n in range(80)]
        coming = asyncio.as_completed(asked)
        refused = [await next(coming) for _ in range(30)]
        assert {(each.status, each.headers["retry-after"]) for each in refused} == {(503, "1")}
        assert json.loads(refused[0].body)["type"].endswith("/busy")
        assert (await here.ask("GET", "/livez")).status == 200
        assert (await here.ask("GET", "/readyz")).status == 200
        assert (await here.ask("GET", "/streams/x/livez")).status == 503
    assert statuses(await asyncio.gather(*asked)) == {201: 50, 503: 30}
    assert await here.head() == 51


async def test_large_bodies_beyond_the_room_are_refused_before_memory_grows(start: Start) -> None:
    here = await start()
    before = here.memory_mib
    async with nothing_appended(here):

        async def label(number: int) -> Answer:
            body = json.dumps({"label": f"{number}" + "x" * 1_000_000}).encode()
            return await here.ask("POST", f"/jars/j{number}/labels", body, JSON, f"Idempotency-Key: {number}")

        asked = [asyncio.create_task(label(number)) for number in range(120)]
        coming = asyncio.as_completed(asked)
        refused = [await next(coming) for _ in range(87)]
        assert {(each.status, each.headers["retry-after"]) for each in refused} == {(503, "1")}
        small = asyncio.create_task(here.fill("small", "r"))
        assert (await here.ask("GET", "/levels/small")).status == 200
        assert here.memory_mib - before < 12 * 32  # as stored, as sent, and between: not 12 times of all 120
        assert not small.done()
    assert (await small).status == 201
    assert statuses(await asyncio.gather(*asked)) == {201: 33, 503: 87}


async def test_a_bulk_of_large_lines_is_read_no_faster_than_it_is_stored(start: Start) -> None:
    here = await start()
    before = here.memory_mib
    lines = 100
    reader, writer = await asyncio.open_connection("127.0.0.1", here.port)
    writer.write(
        f"POST /jars/v1/commands HTTP/1.1\r\nHost: here\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n"
        f"Content-Type: application/x-ndjson\r\nAuthorization: Bearer {here.token}\r\n\r\n".encode()
    )
    sent = 0

    async def send() -> None:
        nonlocal sent
        for number in range(lines):
            data = {"jar": f"j{number}", "label": f"{number}" + "x" * 1_000_000}
            line = json.dumps({"command": "label", "data": data}).encode() + b"\n"
            writer.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")
            await writer.drain()
            sent += 1
        writer.write(b"0\r\n\r\n")

    async with nothing_appended(here):
        sending = asyncio.create_task(send())
        held = 0
        while held < sent or not sent:  # until the sockets between are full too
            held = sent
            await asyncio.sleep(0.5)
        assert sent < lines / 2
        assert here.memory_mib - before < 60
    found = await Sent(reader, writer).answer()
    await sending
    assert found.body.count(b'"status":201') == lines


async def test_bulks_beyond_their_bound_are_told_to_come_again(start: Start) -> None:
    here = await start()

    async def bulk(number: int) -> Answer:
        line = {"command": "fill", "data": {"jar": f"j{number}", "ref": "r", "amount": 1}}
        return await here.ask("POST", "/commands", json.dumps(line).encode(), NDJSON)

    async with nothing_appended(here):
        asked = [asyncio.create_task(bulk(number)) for number in range(20)]
        coming = asyncio.as_completed(asked)
        refused = [await next(coming) for _ in range(4)]
        assert {(each.status, each.headers["retry-after"]) for each in refused} == {(503, "1")}
    assert statuses(await asyncio.gather(*asked)) == {200: 16, 503: 4}


async def test_a_projection_and_readers_that_stand_still_hold_up_no_append(start: Start) -> None:
    here = await start()
    async with connected(here) as admin:
        async with admin.transaction():
            await admin.execute("LOCK TABLE levels_v1.levels IN ACCESS EXCLUSIVE MODE")
            assert (await here.fill("a", "first")).status == 201  # and the projection waits for its table
            readers = [asyncio.create_task(here.ask("GET", "/levels/a")) for _ in range(20)]
            answers = await asyncio.gather(*(here.fill(f"j{n % 50}", f"r{n}") for n in range(300)))
            assert statuses(answers) == {201: 300}
            level = "SELECT count(*) FROM levels_v1.levels"
            assert await admin.fetchval(level) == 0
        assert set(statuses(await asyncio.gather(*readers))) <= {200, 503}
    token = f"jars:{await here.head()}"
    assert (await here.ask("GET", f"/levels/a?at_least={token}")).status == 200


async def test_consumers_that_read_no_more_hold_up_no_append_and_keep_little(
    start: Start, consumers: list[Sent]
) -> None:
    here = await start()
    labels = [{"command": "label", "data": {"jar": f"j{n}", "label": f"{n:05}" * 2_000}} for n in range(800)]
    bulk = b"\n".join(json.dumps(label).encode() for label in labels)
    assert (await here.ask("POST", "/commands", bulk, NDJSON)).body.count(b'"status":201') == 800
    before = here.memory_mib
    asked = [await here.send("GET", "/events?limit=5000&timeout=30000") for _ in range(100)]
    consumers.extend(asked)
    begun = [(await consumer.reader.readexactly(len("HTTP/1.1 200")))[-3:] for consumer in asked]
    assert begun.count(b"200") >= 7  # half of the room, and this is all that is read of their answers
    assert set(begun) == {b"200", b"503"}
    answers = await asyncio.gather(*(here.fill(f"j{n % 50}", f"r{n}") for n in range(300)))
    assert statuses(answers) == {201: 300}
    following = await here.ask("GET", f"/events?lastEventId={await here.head() - 1}")
    assert (following.status, following.body.count(b'"id"')) == (200, 1)  # who keeps up is not kept out
    assert here.memory_mib - before < 250
    for consumer in asked:
        await consumer.close()

    async def whole() -> bool:
        return (await here.ask("GET", "/events?limit=5000")).status == 200

    await until(whole)
