"""Large answers, sent piece by piece: what is being sent at once is bounded, and a reader who stops is let go."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack

from fastapi import Response
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from regesta.admission import SMALL_BYTES, Room
from regesta.errors import Busy
from regesta.problem import response

PIECE_BYTES = 64 * 1024
# A reader who takes longer for one has stopped; the connection is closed.
PIECE_SECONDS = 30.0

logger = logging.getLogger(__name__)


class Paced(Response):
    """An answer that is sent piece by piece, each when the one before has left: its reader may stop, or be slow.

    room: of all answers that are sent at once.
    """

    def __init__(self, room: Room, body: bytes, headers: Mapping[str, str], media_type: str) -> None:
        super().__init__(body, headers=headers, media_type=media_type)
        self._room = room

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it, or 503 when too much is being sent to others; nothing more to a reader who stopped."""
        try:
            with self._room.share(_counted(self.body, self._room)):
                await self._send(send)
        except Busy as busy:
            await response(busy)(scope, receive, send)
        except TimeoutError:  # the server closes the connection, for the answer is not whole
            logger.warning("a reader stopped within an answer of %d bytes", len(self.body))

    async def _send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await _send_pieces(self.body, send)
        await send({"type": "http.response.body", "body": b""})


class Flowing(StreamingResponse):
    """Bodies one after the other in one answer, as they come to be, each sent piece by piece. It ends where there is no room for one.

    room: see Paced. first: the body that is there already. held: what is kept until the answer ends.
    """

    def __init__(
        self, room: Room, first: bytes, bodies: AsyncIterator[bytes], held: ExitStack, media_type: str
    ) -> None:
        # As nginx, and others after it, are told to pass on what comes as it comes.
        super().__init__(bodies, headers={"X-Accel-Buffering": "no", "Vary": "Accept"}, media_type=media_type)
        self._room = room
        self._first = first
        self._held = held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send them until there is none, or the reader goes away or stops; 503 when there is no room for the first."""
        with self._held:
            try:
                self._taken = self._held.enter_context(self._room.share(_counted(self._first, self._room)))
            except Busy as busy:
                await response(busy)(scope, receive, send)
                return
            await super().__call__(scope, receive, send)

    async def stream_response(self, send: Send) -> None:
        """Send the head, the bodies and the end."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        try:
            await _send_pieces(self._first, send)
            self._first = b""
            self._taken.leave()
            async for body in self.body_iterator:
                assert isinstance(body, bytes)
                with self._room.share(_counted(body, self._room)):
                    await _send_pieces(body, send)
                del body  # nothing is kept while the next one is waited for
        except Busy:
            logger.warning("an open answer ends: there is no room for what comes next")
        except TimeoutError:  # the server closes the connection, for the answer is not whole
            logger.warning("a reader stopped within an open answer")
            return
        await send({"type": "http.response.body", "body": b""})


def _counted(body: bytes | memoryview, room: Room) -> int:
    """Return how much room a body takes; one that is larger than the room is sent while no other is."""
    return min(max(0, len(body) - SMALL_BYTES), room.size)


async def _send_pieces(body: bytes | memoryview, send: Send) -> None:
    """Send a body that is not the end of the answer. Raises TimeoutError when its reader stops."""
    for begin in range(0, len(body), PIECE_BYTES):
        async with asyncio.timeout(PIECE_SECONDS):
            piece = body[begin : begin + PIECE_BYTES]
            await send({"type": "http.response.body", "body": piece, "more_body": True})
