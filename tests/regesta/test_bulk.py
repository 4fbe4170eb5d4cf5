"""A bulk answers every line in order, keeps the order of a stream, and lets no bad line harm another."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence

import httpx2
import pytest
from starlette.types import Message

from regesta.auth import Principal
from regesta.bulk import LINE_BYTES, _Bulk, _Results, lines
from regesta.bus import Offer
from regesta.event import Registry
from regesta.problem import TYPE_BASE
from regesta.suites import foreign
from regesta.unit import Head
from tests.conftest import FreshDatabase
from tests.regesta.jars import ShelfBuilt
from tests.regesta.serving import Issuer, Served, client, served, settings_of, taking_in, until

NDJSON = {"Content-Type": "application/x-ndjson"}


def fill(jar: str, ref: str, amount: object = 1, **members: object) -> bytes:
    data = {"jar": jar, "ref": ref, "amount": amount}
    return json.dumps({"command": "fill", "data": data, **members}).encode()


async def post(
    served_here: Served, body: Iterable[bytes] | bytes, query: str = "", *, scope: str | None = None
) -> list[dict[str, object]]:
    """Post lines; return the results."""
    content = body if isinstance(body, bytes) else b"\n".join(body)
    token = {"Authorization": f"Bearer {served_here.issuer.token(scope)}"} if scope else {}
    async with client(served_here, **NDJSON, **token) as user:
        answer = await user.post(f"/commands{query}", content=content, timeout=60)
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.content.splitlines()]


def errors_of(result: dict[str, object]) -> list[dict[str, object]]:
    problem = result["problem"]
    assert isinstance(problem, dict)
    errors: list[dict[str, object]] = problem["errors"]
    return errors


async def test_answers_each_line_in_order_and_keeps_the_order_of_a_stream(jars_service: Served) -> None:
    body = [fill(f"j{n % 3}", f"r{n}") for n in range(600)]
    results = await post(jars_service, body)
    assert [(each["line"], each["status"]) for each in results] == [(n, 201) for n in range(1, 601)]
    versions = [each["version"] for each in results if each["stream"] == "jar/j1"]
    assert versions == list(range(1, 201))
    again = await post(jars_service, body)
    assert Counter(each["status"] for each in again) == {200: 600}


BAD_LINES: dict[bytes, tuple[int, str]] = {
    b"{": (400, "malformed-json"),
    b'"text"': (422, "wrong-type"),
    b'{"command": "fill"}': (422, "missing-field"),
    b'{"command": "juggle", "data": {}}': (400, "unknown-command"),
    b'{"command": "fill", "data": {"jar": "a"}}': (422, "missing-field"),
    b'{"command": "fill", "data": {"jar": "a", "ref": "r", "amount": 1, "colour": 2}}': (422, "unknown-field"),
    b'{"command": "fill", "command": "fill", "data": {}}': (400, "duplicate-member"),
    b'{"command": "fill", "data": {"jar": "a", "ref": "r", "amount": NaN}}': (400, "malformed-json"),
    b'{"command": "fill", "data": {"jar": "a", "ref": "r", "amount": ' + b"9" * 5_000 + b"}}": (
        400,
        "number-too-large",
    ),
    b'{"command": "fill", "data": {"jar": "a\\u0000", "ref": "r", "amount": 1}}': (400, "nul-character"),
    b'{"command": "fill", "data": {"jar": "a\xff", "ref": "r", "amount": 1}}': (400, "malformed-json"),
    b"[" * 50_000: (400, "malformed-json"),
    b'{"command": "unlabel", "data": {"jar": "a", "event": "jars:1", "reason": "x"}}': (403, "forbidden"),
    b'{"command": "explode", "data": {"jar": "a"}}': (500, "internal"),
    fill("a", "r", 1_001): (409, "jar-overflows"),
    fill("a", "r", if_match=9): (412, "stale-version"),
    fill("a", "r", key=""): (422, "out-of-range"),
    b" " * (LINE_BYTES + 1): (413, "too-large"),
}


async def test_a_bad_line_harms_no_other(jars_service: Served) -> None:
    body: list[bytes] = []
    for number, bad in enumerate(BAD_LINES):
        body += [fill("good", f"r{number}"), bad]
    results = await post(jars_service, body)
    assert [each["status"] for each in results[::2]] == [201] * len(BAD_LINES)
    for result, (bad, (status, code)) in zip(results[1::2], BAD_LINES.items(), strict=True):
        problem = result["problem"]
        assert isinstance(problem, dict)
        assert (result["status"], problem["type"]) == (status, TYPE_BASE + code), (bad[:80], result)
    assert not (await jars_service.runtime.store.tails({"jar/a": 0}))["jar/a"]


async def test_the_pointers_of_a_line_are_into_the_line(jars_service: Served) -> None:
    results = await post(jars_service, [fill("a", "r", -1), fill("a", "r", key=""), b'{"command": "fill", "data": {}}'])
    found = [[each["pointer"] for each in errors_of(result)] for result in results]
    assert found == [["/data/amount"], ["/key"], ["/data/jar", "/data/ref", "/data/amount"]]


async def test_a_key_has_the_same_bound_in_a_line_and_in_a_header(jars_service: Served) -> None:
    results = await post(jars_service, [fill("a", "r", key="k" * 500), fill("a", "s", key="k" * 501)])
    assert [each["status"] for each in results] == [201, 422]
    for length, status in ((500, 201), (501, 422)):
        async with client(jars_service, **{"Idempotency-Key": "h" * length}) as user:
            assert (await user.put(f"/jars/a/fills/h{length}", json={"amount": 1})).status_code == status


async def test_blank_lines_are_passed_over_and_counted(jars_service: Served) -> None:
    results = await post(jars_service, [fill("a", "r"), b"", b" \t\r", fill("a", "s"), b""])
    assert [(each["line"], each["status"]) for each in results] == [(1, 201), (4, 201)]


async def test_a_line_of_two_mebibytes_among_ten_thousand(jars_service: Served) -> None:
    body = [fill(f"j{n % 50}", f"r{n}") for n in range(10_000)]
    body[5_000] = fill("long", "x" * 2 * 1024 * 1024)
    results = await post(jars_service, body)
    assert Counter(each["status"] for each in results) == {201: 9_999, 413: 1}
    problem = results[5_000]["problem"]
    assert isinstance(problem, dict)
    assert (problem["status"], problem["limit"], problem["size"]) == (413, LINE_BYTES, len(body[5_000].rstrip()))
    assert [each["line"] for each in results] == list(range(1, 10_001))


async def test_keys_of_lines(jars_service: Served) -> None:
    body = [
        fill("a", "r", key="one"),
        fill("a", "s", key="one"),
        fill("a", "r", key="one"),
        fill("a", "r", 2, key="two"),
    ]
    results = await post(jars_service, body)
    assert [each["status"] for each in results] == [201, 422, 200, 409]
    assert results[2]["repeated"] is True
    assert results[2]["events"] == results[0]["events"]


async def test_keys_of_an_import_live_in_its_own_namespace(jars_service: Served) -> None:
    body = [fill("a", "r", key="fact 1"), fill("a", "s")]
    results = await post(jars_service, body, "?keys=import:note")
    assert [each["status"] for each in results] == [201, 403]
    store = jars_service.runtime.store
    asked = [("import:note", "fact 1"), ("officer", "fact 1")]
    assert list(await store.keys(asked)) == asked[:1]
    # What the fact is turned into may change between releases; it is still the same fact.
    again = await post(jars_service, [fill("b", "t", 5, key="fact 1")], "?keys=import:note")
    assert (again[0]["status"], again[0]["repeated"]) == (200, True)


@pytest.mark.parametrize(
    ("query", "headers", "status"),
    [
        ("", {"Content-Type": "application/json"}, 415),
        ("?keys=anything", {}, 400),
        ("?keys=import:note", {"scope": "jars:write"}, 403),
        ("?at_least=kpi:1", {}, 400),
        ("", {"Authorization": ""}, 401),
    ],
)
async def test_refuses_the_whole(jars_service: Served, query: str, headers: dict[str, str], status: int) -> None:
    if "scope" in headers:
        headers = {"Authorization": f"Bearer {jars_service.issuer.token(headers['scope'])}"}
    async with client(jars_service, **(NDJSON | headers)) as user:
        answer = await user.post(f"/commands{query}", content=fill("a", "r"))
    assert answer.status_code == status
    assert not (await jars_service.runtime.store.tails({"jar/a": 0}))["jar/a"]


async def test_checks_the_scope_of_each_line(jars_service: Served) -> None:
    results = await post(jars_service, [fill("a", "r")], scope="jars:read")
    assert results[0]["status"] == 403


async def test_a_client_may_send_all_before_it_reads(jars_service: Served) -> None:
    """20 MB of lines; the results fill every buffer between, and must not stop the reading of the lines."""
    padding = "x" * 900
    sent = 22_000
    body = b"".join(fill(f"j{n % 40}", f"{n}", padding=padding) + b"\n" for n in range(sent - 1_000))
    body += b"".join(fill(f"j{n % 40}", f"{n}") + b"\n" for n in range(1_000))
    assert len(body) > 20_000_000
    url = httpx2.URL(jars_service.url)
    reader, writer = await asyncio.open_connection("127.0.0.1", url.port, limit=2**16)
    writer.write(
        f"POST /jars/v1/commands HTTP/1.1\r\nHost: here\r\nConnection: close\r\nContent-Length: {len(body)}\r\n"
        f"Content-Type: application/x-ndjson\r\nAuthorization: {jars_service.headers['Authorization']}\r\n\r\n".encode()
    )
    for begin in range(0, len(body), 2**20):
        writer.write(body[begin : begin + 2**20])
        await asyncio.wait_for(writer.drain(), 20)
    answer = await asyncio.wait_for(reader.read(-1), 20)
    writer.close()
    assert answer.count(b'"line":') == sent
    assert answer.count(b'"status":201') == 1_000
    assert answer.endswith(b"0\r\n\r\n")


async def nothing_answered() -> bool:
    """Return whether this process answers no request."""
    return not any("run_asgi" in repr(task) for task in asyncio.all_tasks())


async def test_a_client_that_goes_away_leaves_whole_lines(jars_service: Served) -> None:
    url = httpx2.URL(jars_service.url)
    _, writer = await asyncio.open_connection("127.0.0.1", url.port)
    writer.write(
        f"POST /jars/v1/commands HTTP/1.1\r\nHost: here\r\nContent-Length: 1000000\r\n"
        f"Content-Type: application/x-ndjson\r\nAuthorization: {jars_service.headers['Authorization']}\r\n\r\n".encode()
    )
    writer.write(b"".join(fill("gone", f"r{n}") + b"\n" for n in range(50)) + fill("gone", "half")[:-9])
    await writer.drain()
    assert await jars_service.runtime.store.wait("jars", 50, 5)
    writer.transport.abort()
    await until(nothing_answered)
    events = (await jars_service.runtime.store.tails({"jar/gone": 0}))["jar/gone"]
    assert [event.version for event in events] == list(range(1, 51))
    assert (await post(jars_service, [fill("gone", "next")]))[0]["version"] == 51


async def nothing_received() -> Message:
    raise AssertionError("the body is read elsewhere")


async def test_a_bulk_that_ends_early_leaves_nothing_running(
    jars_service: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its client fetches nothing, so that every queue is full, and then the server ends the request."""
    monkeypatch.setattr("regesta.bulk.IN_FLIGHT", 4)
    monkeypatch.setattr("regesta.bulk.UNSENT_RESULTS", 4)
    sent = asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        for n in range(100):
            yield fill("stuck", f"r{n}") + b"\n"

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body":
            sent.set()
            await asyncio.Event().wait()

    async def full() -> bool:
        return (await jars_service.runtime.store.head("jars")).position >= 10

    principal = Principal("officer", frozenset({"jars:write"}))
    bulk = _Bulk(jars_service.runtime, principal, None, jars_service.runtime.service.commands())
    answering = asyncio.create_task(_Results(bulk, body())({}, nothing_received, send))
    await sent.wait()
    await until(full)
    answering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(answering, 5)
    assert not [task for task in asyncio.all_tasks() if "regesta/bulk.py" in repr(task)]


@pytest.mark.parametrize("stopped", ["sending", "reading"])
async def test_a_client_that_stops_does_not_keep_its_place(
    jars_service: Served, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, stopped: str
) -> None:
    monkeypatch.setattr("regesta.bulk.SILENT_SECONDS", 0.3)
    room = jars_service.runtime.rooms.bulks
    free = room.free

    async def body() -> AsyncIterator[bytes]:
        yield fill("silent", "r") + b"\n"
        if stopped == "sending":
            await asyncio.Event().wait()

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body" and stopped == "reading":
            assert room.free == free - 1
            await asyncio.Event().wait()

    principal = Principal("officer", frozenset({"jars:write"}))
    bulk = _Bulk(jars_service.runtime, principal, None, jars_service.runtime.service.commands())
    await asyncio.wait_for(_Results(bulk, body())({}, nothing_received, send), 5)
    assert room.free == free
    assert "the client of a bulk stopped" in caplog.text
    assert (await post(jars_service, [fill("silent", "next")]))[0]["version"] == 2


async def test_a_client_that_is_slow_is_waited_for(jars_service: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its bulk takes longer than any silence may, but it sends a part of a line now and then."""
    monkeypatch.setattr("regesta.bulk.SILENT_SECONDS", 0.3)

    async def body() -> AsyncIterator[bytes]:
        for chunk in in_chunks(fill("slow", "r"), 12):
            await asyncio.sleep(0.1)
            yield chunk

    url = f"{jars_service.url}/commands"
    async with client(jars_service, **NDJSON) as user:
        answer = await user.post(url, content=body(), timeout=10)
    assert answer.elapsed.total_seconds() > 0.6
    assert [json.loads(line)["status"] for line in answer.content.splitlines()] == [201]


async def test_results_come_while_lines_are_still_sent(jars_service: Served) -> None:
    url = httpx2.URL(jars_service.url)
    reader, writer = await asyncio.open_connection("127.0.0.1", url.port)
    writer.write(
        f"POST /jars/v1/commands HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n"
        f"Content-Type: application/x-ndjson\r\nAuthorization: {jars_service.headers['Authorization']}\r\n\r\n".encode()
    )
    for n in range(3):
        line = fill("slow", f"r{n}") + b"\n"
        writer.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")
        await asyncio.wait_for(reader.readuntil(f'"version":{n + 1}'.encode()), 2)
    writer.write(b"0\r\n\r\n")
    await asyncio.wait_for(reader.readuntil(b"0\r\n\r\n"), 2)
    writer.close()


@pytest.fixture
async def shelved(reused_database: FreshDatabase, issuer: Issuer, jars_service: Served) -> AsyncIterator[Served]:
    """Serve jars that must stand on shelves; of these it only holds the replica, the source answers with jars' own head."""
    database = await reused_database("jars")
    root = jars_service.url.removesuffix("/jars/v1")
    async with served(taking_in(ShelfBuilt), settings_of(database, issuer, {"shelves": root}), issuer) as running:
        yield running


class CountingSource(Offer):
    """A source whose head is asked for; it counts how often."""

    def __init__(self, position: int) -> None:
        self._position = position
        self.times = 0

    async def head(self) -> Head:
        self.times += 1
        await asyncio.sleep(0.05)
        return Head(self._position, None, None)


async def test_a_line_that_waits_for_a_reference_is_not_overtaken(shelved: Served) -> None:
    store = shelved.runtime.store
    log = "01900000-0000-7000-8000-000000000000"
    source = CountingSource(3)
    shelved.runtime.references._carriers = {"shelves": source}

    async def later() -> None:
        await asyncio.sleep(0.3)
        built = [
            e._replace(source="shelves", stream=f"shelf/{e.position}", version=1) for e in foreign(range(1, 4), log)
        ]
        await store.replicate(log, [e._replace(registry=Registry()) for e in built])

    arriving = asyncio.create_task(later())
    on_shelf = json.dumps({"command": "fill", "data": {"jar": "a", "ref": "r", "amount": 5, "shelf": "2"}}).encode()
    unknown = json.dumps({"command": "fill", "data": {"jar": "a", "ref": "u", "amount": 5, "shelf": "9"}}).encode()
    pour = json.dumps({"command": "pour", "data": {"jar": "a", "into": "b", "amount": 5}}).encode()
    results = await post(shelved, [on_shelf, pour, unknown, unknown, b"{", on_shelf])
    await arriving
    assert [each["status"] for each in results] == [201, 201, 422, 422, 400, 200]
    problem = results[2]["problem"]
    assert isinstance(problem, dict)
    assert (problem["type"], problem["stream"]) == (TYPE_BASE + "unknown-reference", "shelf/9")
    assert source.times == 1


def in_chunks(body: bytes, size: int) -> Iterator[bytes]:
    for begin in range(0, len(body), size):
        yield body[begin : begin + size]


@pytest.mark.parametrize("size", [1, 3, 7, 10_000])
async def test_lines_are_cut_alike_however_the_body_comes(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr("regesta.bulk.LINE_BYTES", 10)
    body = b"one\n\ntwo\r\n" + b"x" * 11 + b"\n" + b"y" * 10 + b"\nlast"

    async def chunks() -> AsyncIterator[bytes]:
        for chunk in in_chunks(body, size):
            yield chunk

    found: Sequence[bytes | int] = [line async for line in lines(chunks())]
    assert found == [b"one", b"", b"two\r", 11, b"y" * 10, b"last"]
