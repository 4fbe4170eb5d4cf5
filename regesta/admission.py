"""How much one process takes on at once. What is beyond is told to come again, before it takes memory."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final
from weakref import WeakValueDictionary

from starlette.types import ASGIApp, Receive, Scope, Send

from regesta.errors import Busy
from regesta.problem import response

REQUESTS: Final = 2_000
# Requests too, of some 30 kB each while they wait; they must leave room for the others.
POLLS: Final = 1_000
BULKS: Final = 16
# Of all requests in progress. From body to stored text a command takes some six times its bytes.
BODY_BYTES: Final = 32 * 1024 * 1024
# So much of each body, of each answer of the feed and of each document is not counted, so that large ones do not keep ordinary commands out.
SMALL_BYTES: Final = 4096
# Of all answers of the feed that are being sent: a reader may stop in the middle of one. One caller may have half of it.
FEED_BYTES: Final = 64 * 1024 * 1024
# Answers of the feed that wait to be written, or are: each holds the events that were read for it.
LARGE_ANSWERS: Final = 16
# Of all documents that are being sent: a letter has some MB, the largest measured 35.
DOCUMENT_BYTES: Final = 128 * 1024 * 1024


class Share:
    """What one request takes of a room."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self.taken = 0

    def take(self, wanted: int) -> None:
        """Take more, for as long as the request lasts. Raises Busy."""
        self._room.take(wanted)
        self.taken += wanted

    def leave(self) -> None:
        """Give all of it back before the request ends."""
        self._room.give_back(self.taken)
        self.taken = 0


class Room:
    """So much of something as all in progress may take together. of: what it is, for people."""

    def __init__(self, of: str, size: int) -> None:
        self.free = size
        self.of = of
        self.size = size

    def take(self, wanted: int) -> None:
        """Take some, to be given back. Raises Busy when there is not so much left."""
        if wanted > self.free:
            raise Busy(f"this process has all the {self.of} in progress that it takes", limit=self.size)
        self.free -= wanted

    def give_back(self, taken: int) -> None:
        """Let others have what was taken."""
        self.free += taken

    @contextmanager
    def share(self, wanted: int = 0) -> Iterator[Share]:
        """Give a share that begins with so much, and is given back at the end. Raises Busy."""
        mine = Share(self)
        mine.take(wanted)
        try:
            yield mine
        finally:
            mine.leave()


class SharedRoom(Room):
    """A room of which one caller may take half, so that who stops reading shuts out nobody else."""

    def __init__(self, of: str, size: int) -> None:
        super().__init__(of, size)
        self._halves: WeakValueDictionary[str, _Half] = WeakValueDictionary()

    def half_of(self, caller: str) -> Room:
        """Return what one caller may take of it."""
        return self._halves.setdefault(caller, _Half(self))


class _Half(Room):
    """What one caller may take of a room, where others take too."""

    def __init__(self, whole: Room) -> None:
        super().__init__(f"{whole.of} for one caller", whole.size // 2)
        self._whole = whole

    def take(self, wanted: int) -> None:
        self._whole.take(wanted)
        try:
            super().take(wanted)
        except Busy:
            self._whole.give_back(wanted)
            raise

    def give_back(self, taken: int) -> None:
        super().give_back(taken)
        self._whole.give_back(taken)


@dataclass(frozen=True, slots=True)
class Rooms:
    """What the requests of one service share in this process. writing: held by who writes a large answer of the feed."""

    body_bytes: Room = field(default_factory=lambda: Room("bytes of bodies", BODY_BYTES))
    bulks: Room = field(default_factory=lambda: Room("bulks", BULKS))
    document_bytes: Room = field(default_factory=lambda: Room("bytes of documents", DOCUMENT_BYTES))
    feed_bytes: SharedRoom = field(default_factory=lambda: SharedRoom("bytes of the feed", FEED_BYTES))
    large_answers: Room = field(default_factory=lambda: Room("large answers of the feed", LARGE_ANSWERS))
    writing: asyncio.Lock = field(default_factory=asyncio.Lock)
    polls: Room = field(default_factory=lambda: Room("long polls", POLLS))


class Admission:
    """Middleware before everything else of a service: so many requests at once as the process can hold, and no more.

    always: paths that are let in whatever is in progress.
    """

    def __init__(self, app: ASGIApp, limit: int = REQUESTS, always: frozenset[str] = frozenset()) -> None:
        self._app = app
        self._room = Room("requests", limit)
        self._always = always

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer 503 with Retry-After."""
        if scope["type"] != "http" or scope["path"] in self._always:
            await self._app(scope, receive, send)
            return
        try:
            self._room.take(1)
        except Busy as busy:
            await response(busy)(scope, receive, send)
            return
        try:
            await self._app(scope, receive, send)
        finally:
            self._room.give_back(1)
