"""Callers who go away before they are answered: nothing is kept for them, and it is no fault of ours."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

import pytest

from regesta.admission import Room
from tests.regesta.serving import Served, until


async def begun(served: Served, request: str, headers: dict[str, str], body: str = "") -> asyncio.StreamWriter:
    """Send what a request begins with, such as "GET /events", and return the connection."""
    url = urlsplit(served.url)
    method, path = request.split()
    _, writer = await asyncio.open_connection(url.hostname, url.port)
    lines = {"Host": url.netloc, **served.headers, **headers}
    head = [f"{method} {url.path}{path} HTTP/1.1", *(f"{name}: {value}" for name, value in lines.items())]
    writer.write("\r\n".join([*head, "", body]).encode())
    return writer


async def taken(room: Room) -> None:
    """Return once something of a room is taken that was free as a whole."""

    async def some() -> bool:
        return room.free < room.size

    await until(some)


async def given_back(room: Room) -> None:
    """Return once all of a room is free."""

    async def all_of_it() -> bool:
        return room.free == room.size

    await until(all_of_it)


@pytest.mark.parametrize("accepted", ["application/x-ndjson", "*/*"])
async def test_a_reader_of_the_feed_leaves_its_place(jars_service: Served, accepted: str) -> None:
    polls = jars_service.runtime.rooms.polls
    head = (await jars_service.runtime.store.head("jars")).position
    request = f"GET /events?lastEventId={head}&timeout=30000"
    writer = await begun(jars_service, request, {"Accept": accepted})
    await taken(polls)
    assert polls.free == polls.size - 1
    writer.close()
    await given_back(polls)


async def test_within_a_body_it_is_no_fault_of_ours(jars_service: Served, caplog: pytest.LogCaptureFixture) -> None:
    bodies = jars_service.runtime.rooms.body_bytes
    headers = {"Content-Type": "application/json", "Content-Length": "9999"}
    writer = await begun(jars_service, "PUT /jars/gone/fills/r", headers, "{")
    await taken(bodies)
    writer.close()
    await given_back(bodies)
    assert [record for record in caplog.records if record.levelname in {"ERROR", "CRITICAL"}] == []
