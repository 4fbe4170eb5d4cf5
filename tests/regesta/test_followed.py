"""An answer of the feed that stays open: what comes down it, when it ends, and what is asked then."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from regesta.bus import Batch, Seen
from regesta.cloudevents import digest, encode_batch
from regesta.errors import Forked, SourceUnreachable
from regesta.feed import LineOut
from regesta.followed import AHEAD_LINES, FollowedFeed
from regesta.source import FeedClient
from regesta.suites import foreign
from tests.conftest import FreshDatabase
from tests.regesta.jars import REGISTRY, SERVICE
from tests.regesta.serving import Issuer, Served, client, served, settings_of, until
from tests.regesta.test_feed import fill
from tests.regesta.test_replicas import lose

LINES = "application/x-ndjson"


class Counting:
    """What a client asked for, by the path and the query."""

    def __init__(self) -> None:
        self.asked: list[httpx2.Request] = []

    async def note(self, request: httpx2.Request) -> None:
        self.asked.append(request)


@asynccontextmanager
async def following(served: Served, scope: str = "events:read") -> AsyncIterator[tuple[FollowedFeed, Counting]]:
    """Give a followed feed of a service, and what it asks."""
    counting = Counting()
    async with httpx2.AsyncClient(event_hooks={"request": [counting.note]}) as http:
        feed = FollowedFeed(FeedClient(http, served.url, served.issuer.token(scope), REGISTRY))
        try:
            yield feed, counting
        finally:
            await feed.close()


def seen_after(batch: Batch) -> Seen:
    return Seen(batch.position, batch.log, digest(batch.events[-1]))


async def test_what_is_recorded_comes_down_one_answer(jars_service: Served) -> None:
    async with client(jars_service) as user, following(jars_service) as (feed, counting):
        seen, found, position = Seen(0), [], 0
        for n in range(5):
            position = await fill(user, f"r{n}")
            while seen.position < position:
                batch = await feed.fetch(seen, 100, 10)
                found += [event.position for event in batch.events]
                seen = seen_after(batch)
        assert found == list(range(1, position + 1))
        assert len(counting.asked) == 1


async def test_who_comes_from_elsewhere_is_answered_anew(jars_service: Served) -> None:
    async with client(jars_service) as user, following(jars_service) as (feed, counting):
        for n in range(3):
            await fill(user, f"r{n}")
        first = await feed.fetch(Seen(0), 2, 10)
        again = await feed.fetch(Seen(0), 2, 10)
        assert [event.position for event in first.events] == [event.position for event in again.events] == [1, 2]
        with pytest.raises(Forked):
            await feed.fetch(Seen(2, first.log, "0" * 32), 2, 10)
        rest = await feed.fetch(seen_after(first), 2, 10)
        assert rest.events[0].position == 3
        assert len(counting.asked) == 4


async def test_each_line_says_how_far_it_speaks_of_one_type_too(jars_service: Served) -> None:
    async with client(jars_service) as user:
        filled = [await fill(user, f"r{n}") for n in range(3)]
        await user.post("/jars/a/labels", json={"label": "x"}, headers={"Idempotency-Key": "k"})
        asked: dict[str, str | int] = {"timeout": 300, "limit": 2, "type": "jar-filled"}
        answer = await user.get("/events", params=asked, headers={"Accept": LINES})
        assert answer.headers["content-type"] == LINES
        lines = [LineOut.model_validate_json(line).model_dump() for line in answer.text.splitlines()]
        assert [int(event["id"]) for line in lines for event in line["events"]] == filled
        assert all(int(event["id"]) <= line["position"] for line in lines for event in line["events"])
        assert (lines[-1]["position"], lines[-1]["events"], len(lines)) == (filled[-1] + 1, [], 3)
        assert {line["log"] for line in lines} == {lines[0]["events"][0]["log"]}


async def test_without_anything_new_it_ends_when_its_time_is_over(jars_service: Served) -> None:
    async with client(jars_service) as user, following(jars_service) as (feed, counting):
        position = await fill(user, "r")
        seen, batch = Seen(0), await feed.fetch(Seen(0), 100, 0.2)
        while batch.events:
            seen = seen_after(batch)
            batch = await feed.fetch(seen, 100, 0.2)
        assert (batch.position, batch.log, len(counting.asked)) == (position, seen.log, 1)
        await fill(user, "s")
        assert [event.position for event in (await feed.fetch(seen, 100, 5)).events] == [position + 1]


@pytest.mark.parametrize(("wanted", "most"), [(0, 1), (150, 30)])
async def test_it_ends_in_time_also_while_there_is_more(jars_service: Served, wanted: int, most: int) -> None:
    async with client(jars_service) as user:
        for n in range(40):
            await fill(user, f"r{n}")
        answer = await user.get("/events", params={"timeout": wanted, "limit": 1}, headers={"Accept": LINES})
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert [line["position"] for line in lines] == list(range(1, len(lines) + 1))
    assert 1 <= len(lines) <= most


async def test_what_is_not_taken_is_not_read(jars_service: Served) -> None:
    async with client(jars_service) as user, following(jars_service) as (feed, _):
        for n in range(12):
            await fill(user, f"r{n}")
        seen, found = Seen(0), [1]
        while found[-1] < 12:
            batch = await feed.fetch(seen, 1, 10)
            await asyncio.sleep(0.05)
            assert feed._open is not None
            assert len(feed._open._batches) <= AHEAD_LINES
            seen, found = seen_after(batch), [*found, batch.events[-1].position]
        assert found[1:] == list(range(1, 13))


async def test_a_reader_of_another_history_hears_of_it_before_any_line(jars_service: Served) -> None:
    async with client(jars_service) as user, following(jars_service) as (feed, _):
        await fill(user, "r")
        with pytest.raises(Forked):
            await feed.fetch(Seen(9), 10, 5)


async def test_an_open_answer_does_not_hold_up_a_shutdown(jars_service: Served) -> None:
    loop = asyncio.get_running_loop()
    async with client(jars_service) as user, following(jars_service) as (feed, _):
        await fill(user, "r")
        seen = seen_after(await feed.fetch(Seen(0), 100, 20))
        waiting = asyncio.create_task(feed.fetch(seen, 100, 20))
        await asyncio.sleep(0.1)
        since = loop.time()
        jars_service.server.handle_exit(signal.SIGTERM, None)
        assert not (await waiting).events
        assert loop.time() - since < 10


async def test_a_reader_who_left_leaves_nothing_behind(jars_service: Served) -> None:
    polls = jars_service.runtime.rooms.polls
    async with client(jars_service) as user:
        await fill(user, "r")
        async with following(jars_service) as (feed, _):
            await feed.fetch(Seen(0), 100, 20)
            assert polls.free == polls.size - 1

        async def free() -> bool:
            return polls.free == polls.size

        await until(free)


@pytest.mark.parametrize(
    ("content", "kind", "told"),
    [
        (b'{"position": 1, "log": "x", "events": {}}\n', LINES, "line of a feed"),
        (b'{"position": 1}\n', LINES, "line of a feed"),
        (b"[]\n", LINES, "line of a feed"),
        (b"<html>\n", LINES, "line of a feed"),
        (b"", LINES, "without a line"),
        (b'{"position": 1, "log"', LINES, "without a line"),
        (b"[]", "text/html", "no feed"),
    ],
)
async def test_what_is_no_feed_is_told(content: bytes, kind: str, told: str) -> None:
    with pytest.raises(SourceUnreachable, match=told):
        await answered(lambda: Response(content, media_type=kind))


@pytest.mark.parametrize(
    ("accepted", "kind"),
    [
        (LINES, LINES),
        ("text/html, Application/X-NDJSON; q=0.5", LINES),
        (f"{LINES};q=0", "application/cloudevents-batch+json"),
        (f"{LINES};q=0.1, application/cloudevents-batch+json", "application/cloudevents-batch+json"),
        (f"{LINES}, application/cloudevents-batch+json", LINES),
        (f"{LINES}-seq", "application/cloudevents-batch+json"),
        ("*/*", "application/cloudevents-batch+json"),
    ],
)
async def test_who_accepts_lines_gets_lines(jars_service: Served, accepted: str, kind: str) -> None:
    async with client(jars_service) as user:
        await fill(user, "r")
        answer = await user.get("/events", headers={"Accept": accepted})
        assert answer.headers["content-type"] == kind
        assert answer.headers["vary"] == "Accept"


LOG = "01900000-0000-7000-8000-000000000000"
EVENTS = encode_batch(foreign([1], LOG))
LINE = b'{"position":1,"log":"%s","events":%s}\n' % (LOG.encode(), EVENTS)


@pytest.mark.parametrize(
    ("kind", "body", "first"),
    [(LINES, LINE, [1]), (LINES, LINE[:50], []), ("application/cloudevents-batch+json", EVENTS[:50], [])],
)
async def test_a_source_that_dies_within_an_answer_is_unreachable(kind: str, body: bytes, first: list[int]) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        writer.write(b"%x\r\n%s\r\n" % (len(body), body))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/jars/v1"
    async with server, httpx2.AsyncClient() as http:
        feed, seen = FollowedFeed(FeedClient(http, url, "token", REGISTRY)), Seen(0)
        if first:
            batch = await feed.fetch(seen, 10, 5)
            assert [event.position for event in batch.events] == first
            seen = seen_after(batch)
        with pytest.raises(SourceUnreachable, match="did not answer"):
            await feed.fetch(seen, 10, 5)


async def test_a_log_that_became_another_ends_the_answer_and_is_told(
    reused_database: FreshDatabase, issuer: Issuer
) -> None:
    database = await reused_database("jars")
    service = served(SERVICE, settings_of(database, issuer), issuer, worker=False)
    async with service as running, client(running) as user, following(running) as (feed, _):
        last = [await fill(user, f"r{n}") for n in range(2)][-1]
        seen = Seen(0)
        while seen.position < last:
            seen = seen_after(await feed.fetch(seen, 100, 20))
        await lose(database, 1)
        for jar in "bc":
            assert (await user.put(f"/jars/{jar}/fills/r", json={"amount": 1})).status_code == 201
        ended = await feed.fetch(seen, 100, 20)
        assert (list(ended.events), ended.position) == ([], last)
        with pytest.raises(Forked, match="has other content here"):
            await feed.fetch(seen, 100, 20)


async def test_a_source_that_does_not_know_of_it_answers_once() -> None:
    headers = {"Regesta-Position": "0", "Regesta-Log": "a log"}
    media = "application/cloudevents-batch+json"
    assert await answered(lambda: Response(b"[]", media_type=media, headers=headers)) == Batch("a log", [], 0)


async def answered(response: Callable[[], Response]) -> Batch:
    """Return the first batch of a source that gives this answer."""

    async def answer(_: Request) -> Response:
        return response()

    app = Starlette(routes=[Route("/jars/v1/events", answer)])
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app)) as http:
        feed = FollowedFeed(FeedClient(http, "http://source/jars/v1", "token", REGISTRY))
        return await feed.fetch(Seen(0), 10, 5)
