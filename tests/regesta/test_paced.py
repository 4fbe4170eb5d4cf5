"""A large answer takes its room while it is sent, and no reader keeps it for ever."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Final

import orjson
import pytest
from starlette.types import Message

from regesta import paced
from regesta.admission import SMALL_BYTES, Room, SharedRoom
from regesta.errors import Busy
from regesta.paced import Flowing, Paced

BODY: Final = b"0123456789" * 20_000
LARGE: Final = len(BODY) - SMALL_BYTES


@dataclass
class Reader:
    """What a reader is sent. then: called before each message is taken."""

    then: Callable[[], object] = lambda: None
    status: int = 0
    pieces: list[bytes] = field(default_factory=list)

    async def take(self, message: Message) -> None:
        self.then()
        self.status = message.get("status", self.status)
        self.pieces.append(message.get("body", b""))


async def sent(room: Room, reader: Reader) -> bytes:
    """Send the body to a reader; return what arrived."""
    await Paced(room, BODY, {"ETag": '"1"'}, "text/plain")({"type": "http"}, _nothing, reader.take)
    return b"".join(reader.pieces)


async def _nothing() -> Message:
    raise AssertionError("nothing is read")


@pytest.mark.parametrize(("size", "left"), [(LARGE + 5, 5), (LARGE, 0), (10, 0)])
async def test_an_answer_has_room_while_it_is_sent_also_one_larger_than_all_of_it(size: int, left: int) -> None:
    room, free = Room("bytes", size), set[int]()
    reader = Reader(lambda: free.add(room.free))
    assert await sent(room, reader) == BODY
    assert (reader.status, max(map(len, reader.pieces))) == (200, paced.PIECE_BYTES)
    assert (free, room.free) == ({left}, size)


@pytest.mark.parametrize("size", [LARGE, 10])
async def test_an_answer_without_room_is_refused(size: int) -> None:
    room, reader = Room("bytes", size), Reader()
    room.take(1)
    told = orjson.loads(await sent(room, reader))
    assert (reader.status, told["limit"], room.free) == (503, size, size - 1)


async def test_a_reader_who_stops_is_let_go(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(paced, "PIECE_SECONDS", 0.05)
    room = Room("bytes", LARGE)

    async def stopped(message: Message) -> None:
        if message["type"] == "http.response.body":
            await asyncio.Event().wait()

    await Paced(room, BODY, {}, "text/plain")({"type": "http"}, _nothing, stopped)
    assert room.free == LARGE
    assert f"a reader stopped within an answer of {len(BODY)} bytes" in caplog.text


def flowing(room: Room, held: ExitStack, first: bytes, *bodies: bytes) -> Flowing:
    async def given() -> AsyncIterator[bytes]:
        for body in bodies:
            yield body

    return Flowing(room, first, given(), held, "text/plain")


async def _silence() -> Message:
    await asyncio.Event().wait()
    raise AssertionError("nobody speaks")


async def test_bodies_flow_one_after_the_other_each_with_room_while_it_is_sent() -> None:
    room, polls, free = Room("bytes", LARGE + 5), Room("polls", 3), set[tuple[int, int]]()
    reader, held = Reader(lambda: free.add((room.free, polls.free))), ExitStack()
    held.enter_context(polls.share(1))
    await flowing(room, held, BODY, b"few", BODY)({"type": "http"}, _silence, reader.take)
    assert b"".join(reader.pieces) == BODY + b"few" + BODY
    assert (reader.status, max(map(len, reader.pieces))) == (200, paced.PIECE_BYTES)
    assert (free, room.free, polls.free) == ({(LARGE + 5, 2), (5, 2)}, LARGE + 5, 3)


async def test_an_open_answer_ends_where_there_is_no_room() -> None:
    room, reader = Room("bytes", LARGE), Reader()
    room.take(1)
    await flowing(room, ExitStack(), b"few", BODY, b"more")({"type": "http"}, _silence, reader.take)
    assert (reader.status, reader.pieces, room.free) == (200, [b"", b"few", b""], LARGE - 1)


async def test_an_open_answer_without_room_for_its_first_body_is_refused() -> None:
    room, polls, reader, held = Room("bytes", LARGE), Room("polls", 1), Reader(), ExitStack()
    room.take(1)
    held.enter_context(polls.share(1))
    await flowing(room, held, BODY, b"more")({"type": "http"}, _silence, reader.take)
    assert (reader.status, orjson.loads(b"".join(reader.pieces))["limit"]) == (503, LARGE)
    assert (room.free, polls.free) == (LARGE - 1, 1)


async def test_a_reader_who_stops_within_an_open_answer_is_let_go(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(paced, "PIECE_SECONDS", 0.05)
    room, ended = Room("bytes", LARGE), []

    async def stopped(message: Message) -> None:
        if message["type"] == "http.response.body":
            ended.append(not message.get("more_body"))
            await asyncio.Event().wait()

    await flowing(room, ExitStack(), BODY)({"type": "http"}, _silence, stopped)
    assert (room.free, ended) == (LARGE, [False])
    assert "a reader stopped within an open answer" in caplog.text


async def test_one_caller_leaves_half_of_a_shared_room_to_others() -> None:
    room = SharedRoom("bytes", 10)
    mine, theirs = room.half_of("mine"), room.half_of("theirs")
    with mine.share(5):
        with pytest.raises(Busy) as refused, room.half_of("mine").share(1):
            pass
        assert refused.value.details["limit"] == 5
        assert room.free == 5
        with theirs.share(5):
            assert room.free == 0
            with pytest.raises(Busy), room.half_of("third").share(1):
                pass
    assert (room.free, mine.free, theirs.free) == (10, 5, 5)
