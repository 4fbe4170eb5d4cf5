"""Time-ordered ids (UUIDv7, RFC 9562): names that sort by time keep the log's unique index fast."""

from __future__ import annotations

import os
import time
from uuid import UUID

_last_milliseconds = 0
_counter = 0


def uuid7() -> UUID:
    """Return a UUIDv7; within this process each is greater than the one before."""
    global _last_milliseconds, _counter
    milliseconds = time.time_ns() // 1_000_000
    if milliseconds > _last_milliseconds:
        _last_milliseconds, _counter = milliseconds, int.from_bytes(os.urandom(2)) & 0x7FF
    else:
        _counter += 1
        if _counter > 0xFFF:
            _last_milliseconds, _counter = _last_milliseconds + 1, 0
    random = int.from_bytes(os.urandom(8)) & 0x3FFF_FFFF_FFFF_FFFF
    return UUID(int=_last_milliseconds << 80 | 0x7 << 76 | _counter << 64 | 0b10 << 62 | random)
