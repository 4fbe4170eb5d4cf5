"""Time-ordered ids (UUIDv7, RFC 9562): names that sort by time keep the log's unique index fast."""

from __future__ import annotations

import os
import time
from uuid import UUID


class _Clock:
    """The last millisecond used in this process and the counter within it."""

    def __init__(self) -> None:
        self._milliseconds = 0
        self._counter = 0

    def tick(self) -> tuple[int, int]:
        """Return (milliseconds, counter of 12 bits), greater than the pair before."""
        now = time.time_ns() // 1_000_000
        if now > self._milliseconds:
            self._milliseconds, self._counter = now, int.from_bytes(os.urandom(2)) & 0x7FF
        elif self._counter < 0xFFF:
            self._counter += 1
        else:
            self._milliseconds, self._counter = self._milliseconds + 1, 0
        return self._milliseconds, self._counter


_clock = _Clock()


def uuid7() -> UUID:
    """Return a UUIDv7; within this process each is greater than the one before."""
    milliseconds, counter = _clock.tick()
    random = int.from_bytes(os.urandom(8)) & 0x3FFF_FFFF_FFFF_FFFF
    return UUID(int=milliseconds << 80 | 0x7 << 76 | counter << 64 | 0b10 << 62 | random)
