"""Large answers, sent piece by piece: what is being sent at once is bounded, and a reader who stops is let go."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from fastapi import Response
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

    room: of all answers that are sent at once; one that is larger than the room is sent while no other is.
    """

    def __init__(self, room: Room, body: bytes, headers: Mapping[str, str], media_type: str) -> None:
        super().__init__(body, headers=headers, media_type=media_type)
        self._room = room

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it, or 503 when too much is being sent to others; nothing more to a reader who stopped."""
        try:
            with self._room.share(min(max(0, len(self.body) - SMALL_BYTES), self._room.size)):
                await self._send(send)
        except Busy as busy:
            await response(busy)(scope, receive, send)
        except TimeoutError:  # the server closes the connection, for the answer is not whole
            logger.warning("a reader stopped within an answer of %d bytes", len(self.body))

    async def _send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        for begin in range(0, len(self.body), PIECE_BYTES):
            async with asyncio.timeout(PIECE_SECONDS):
                piece = self.body[begin : begin + PIECE_BYTES]
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
