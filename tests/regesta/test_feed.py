"""The feed over HTTP: who may read what, how far an answer speaks, and polls that neither oversleep nor hold up a shutdown."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterable
from datetime import UTC, datetime

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from regesta import blanks, feed
from regesta.admission import Rooms
from regesta.bus import Seen
from regesta.cloudevents import encode_batch
from regesta.errors import Busy, SourceUnreachable
from regesta.event import Recorded
from regesta.feed import LOG, POSITION
from regesta.source import FeedClient
from tests.regesta.jars import REGISTRY
from tests.regesta.serving import Served, client


async def fill(user: httpx2.AsyncClient, ref: str) -> int:
    """Record one fill; return its position."""
    answer = await user.put(f"/jars/a/fills/{ref}", json={"amount": 1})
    assert answer.status_code == 201, answer.text
    return int(answer.json()["token"].partition(":")[2])


async def test_gives_events_after_the_last_one_seen(jars_service: Served) -> None:
    async with client(jars_service) as user:
        last = [await fill(user, f"r{n}") for n in range(5)][-1]
        answer = await user.get("/events", params={"lastEventId": last - 3, "limit": 2})
        assert [event["id"] for event in answer.json()] == [str(last - 2), str(last - 1)]
        assert answer.headers["content-type"] == "application/cloudevents-batch+json"
        assert answer.headers[POSITION] == str(last - 1)
        event = answer.json()[0]
        assert (event["specversion"], event["source"], event["subject"]) == ("1.0", "/regesta/jars", "jar/a")
        assert (event["type"], event["actor"], event["data"]) == (
            "jar-filled.v1",
            "officer",
            {"ref": "r2", "amount": 1},
        )
        assert event["log"] == answer.headers[LOG]
        rest = await user.get("/events", params={"lastEventId": last})
        assert (rest.json(), rest.headers[POSITION]) == ([], str(last))


async def test_gives_one_type_and_says_how_far_it_speaks(jars_service: Served) -> None:
    async with client(jars_service) as user:
        position = await fill(user, "r")
        label = await user.post("/jars/a/labels", json={"label": "x"}, headers={"Idempotency-Key": "k"})
        assert label.status_code == 201
        for kind in ("jar-filled.v1", "jar-filled"):
            answer = await user.get("/events", params={"type": kind})
            assert [event["id"] for event in answer.json()] == [str(position)]
            assert answer.headers[POSITION] == str(position + 1)
        none = await user.get("/events", params={"type": "jar-poured.v1", "limit": 1})
        assert (none.json(), none.headers[POSITION]) == ([], str(position + 1))


async def test_one_who_goes_on_from_the_last_event_gets_every_one_of_a_type(
    jars_service: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blanks, "WINDOW_EVENTS", 3)
    async with client(jars_service) as user:
        labelled = []
        for n in (1, 0, 2, 9, 10, 11):
            for m in range(n):
                await fill(user, f"r{n}-{m}")
            label = await user.post("/jars/a/labels", json={"label": "x"}, headers={"Idempotency-Key": str(n)})
            labelled += label.json()["events"]
        await fill(user, "last")
        for kind in ("jar-labelled.v1", "jar-labelled"):
            last, found = 0, []
            while events := (await user.get(f"/events?type={kind}&limit=2&lastEventId={last}")).json():
                found += [f"jars:{event['id']}" for event in events]
                last = events[-1]["id"]
            assert found == labelled


async def test_what_is_left_out_is_not_asked_for_again(jars_service: Served) -> None:
    loop = asyncio.get_running_loop()
    token = jars_service.issuer.token("events:read:jar-labelled")
    async with client(jars_service) as user, client(jars_service, Authorization=f"Bearer {token}") as reader:
        position = 0
        for n in range(10):
            position = await fill(user, f"r{n}")
        wanted: dict[str, str | int] = {"type": "jar-labelled.v1", "limit": 3}
        since = loop.time()
        none = await reader.get("/events", params=wanted | {"timeout": 700})
        assert (none.json(), none.headers[POSITION]) == ([], str(position))
        assert 0.6 < loop.time() - since < 8
        poll = asyncio.create_task(reader.get("/events", params=wanted | {"timeout": 10_000}))
        await fill(user, "last")
        await asyncio.sleep(0.2)
        assert not poll.done()
        label = await user.post("/jars/a/labels", json={"label": "x"}, headers={"Idempotency-Key": "k"})
        found = await asyncio.wait_for(poll, 5)
        assert [f"jars:{event['id']}" for event in found.json()] == label.json()["events"] == ["jars:13"]
        assert found.headers[POSITION] == "13"


async def test_an_unknown_type_is_told_which_there_are(jars_service: Served) -> None:
    async with client(jars_service) as user:
        problem = (await user.get("/events", params={"type": "jar-filed.v1"})).json()
        assert problem["type"].endswith("/malformed")
        assert "'jar-filed.v1'" in problem["detail"]
        assert problem["types"][:3] == ["day-started", "fact-withdrawn", "jar-filled"]


@pytest.mark.parametrize(
    ("scope", "query", "status"),
    [
        ("events:read", "", 200),
        ("events:read", "?type=jar-filled.v1", 200),
        ("events:read:jar-filled", "?type=jar-filled.v1", 200),
        ("events:read:jar-filled", "?type=jar-filled.v2", 200),
        ("events:read:jar-filled", "?type=jar-poured.v1", 403),
        ("events:read:jar-filled", "", 403),
        ("events:read:jar-filled", "?type=jar-filled", 200),
        ("events:read:jar-filled.v1", "?type=jar-filled.v1", 200),
        ("events:read:jar-filled.v1", "?type=jar-filled.v2", 403),
        ("events:read:jar-filled.v1", "?type=jar-filled", 403),
        ("events:read:jar-filled.v1", "", 403),
        ("events:read:jar-filled events:read:jar-poured.v1", "?type=jar-poured.v1", 200),
        ("events:read", "?type=jar-filed.v1", 400),
        ("events:read:jar-filed", "?type=jar-filed.v1", 400),
        ("events:read", "?type=", 400),
        ("events:read:", "?type=", 403),
        ("events:reader", "", 403),
        ("jars:read jars:write", "", 403),
    ],
)
async def test_scopes(jars_service: Served, scope: str, query: str, status: int) -> None:
    token = jars_service.issuer.token(scope)
    async with client(jars_service, Authorization=f"Bearer {token}") as user:
        assert (await user.get(f"/events{query}")).status_code == status
        head = await user.get("/events/head")
        any_type = any(one == "events:read" or one.startswith("events:read:") for one in scope.split())
        assert head.status_code == (200 if any_type else 403)


@pytest.mark.parametrize("query", ["lastEventId=-1", "limit=0", "limit=5001", "timeout=30001", "lastEventId=x"])
async def test_refuses_parameters_out_of_range(jars_service: Served, query: str) -> None:
    async with client(jars_service) as user:
        answer = await user.get(f"/events?{query}")
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["parameter"] == query.partition("=")[0]


async def test_head(jars_service: Served) -> None:
    async with client(jars_service) as user:
        position = await fill(user, "r")
        head = (await user.get("/events/head")).json()
        newest = (await user.get("/events", params={"lastEventId": position - 1})).json()[0]
        assert (head["position"], head["log"]) == (position, newest["log"])
        assert head["time"] == newest["time"]


async def test_a_long_poll_wakes_at_the_next_event(jars_service: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    # Nothing but the wake can end it before its time.
    monkeypatch.setattr("regesta.waking.POLL_SECONDS", 60)
    monkeypatch.setattr("regesta.feed.WAIT_SLICE_SECONDS", 60)
    async with client(jars_service) as user, client(jars_service) as reader:
        position = await fill(user, "first")
        for n in range(5):
            poll = asyncio.create_task(reader.get("/events", params={"lastEventId": position, "timeout": 5000}))
            await asyncio.sleep(0.1)
            assert not poll.done()
            position = await fill(user, f"r{n}")
            assert [event["id"] for event in (await poll).json()] == [str(position)]


async def test_a_long_poll_ends_empty_when_its_time_is_over(jars_service: Served) -> None:
    loop = asyncio.get_running_loop()
    async with client(jars_service) as user:
        position = await fill(user, "r")
        since = loop.time()
        answer = await user.get("/events", params={"lastEventId": position, "timeout": 700})
        assert answer.json() == []
        assert 0.6 < loop.time() - since < 8


async def test_an_open_long_poll_does_not_hold_up_a_shutdown(jars_service: Served) -> None:
    loop = asyncio.get_running_loop()
    async with client(jars_service) as user:
        position = await fill(user, "r")
        poll = asyncio.create_task(user.get("/events", params={"lastEventId": position, "timeout": 30_000}))
        await asyncio.sleep(0.2)
        since = loop.time()
        jars_service.server.handle_exit(signal.SIGTERM, None)
        answer = await asyncio.wait_for(poll, 15)
        assert (answer.status_code, answer.json()) == (200, [])
    while not all(task.done() for task in jars_service.runtime.tasks):
        assert loop.time() - since < 15
        await asyncio.sleep(0.02)


async def test_a_reader_of_another_history_is_told(jars_service: Served) -> None:
    async with client(jars_service) as user:
        position = await fill(user, "r")
        for query in (f"lastEventId={position + 1}", f"lastEventId={position}&digest={'0' * 32}", "log=x"):
            answer = await user.get(f"/events?{query}")
            assert answer.status_code == 409
            assert answer.json()["type"].endswith("/forked")
            assert answer.json()["source"] == "jars"


@pytest.mark.parametrize("body", ["<html>Conflict</html>", "[]", "{}", '{"detail":"x","source":'])
async def test_a_refusal_that_is_not_of_a_feed_is_no_fork(body: str) -> None:
    """As a proxy may answer."""

    async def proxy(_request: Request) -> Response:
        return Response(body, 409)

    app = Starlette(routes=[Route("/jars/v1/events", proxy)])
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app)) as http:
        with pytest.raises(SourceUnreachable, match="409"):
            await FeedClient(http, "http://proxy/jars/v1", "token", REGISTRY).fetch(Seen(0), 1, 0)


def recorded(number: int, stream: str) -> Recorded:
    raw = f'{{"ref":"r{number}","amount":1}}'
    log = "01900000-0000-7000-8000-000000000000"
    return Recorded("jars", number, stream, number, datetime.now(UTC), "jar-filled.v1", raw, log, REGISTRY, "officer")


async def test_too_many_large_answers_at_once_are_refused_before_they_take_memory() -> None:
    rooms, events = Rooms(), [recorded(n, "jar/a") for n in range(1, 251)]
    asked = [asyncio.create_task(feed.written(events, rooms)) for _ in range(rooms.large_answers.size + 2)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert [isinstance(answer, Busy) for answer in answers] == [False] * 16 + [True] * 2
    assert rooms.large_answers.free == 16


async def test_large_answers_are_written_one_after_the_other_with_others_in_between(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slices: list[str] = []

    def noted(events: Iterable[Recorded]) -> bytes:
        (stream,) = {event.stream for event in events}
        slices.append(stream)
        return encode_batch(events)

    monkeypatch.setattr(feed, "encode_batch", noted)
    rooms = Rooms()
    large = {stream: [recorded(n, stream) for n in range(1, 251)] for stream in ("jar/a", "jar/b")}
    tasks = [asyncio.create_task(feed.written(events, rooms)) for events in large.values()]
    turns = 0
    while not all(task.done() for task in tasks):
        turns += 1
        await asyncio.sleep(0)
    assert [await task for task in tasks] == [encode_batch(events) for events in large.values()]
    assert slices == ["jar/a"] * 3 + ["jar/b"] * 3
    assert turns >= 6
