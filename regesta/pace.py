"""Pace: what comes in a burst is done together, a little later; what comes alone is done at once."""

from __future__ import annotations

import asyncio
from time import monotonic


class Pace:
    """Lets something begin once in so many seconds."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._began_at = -seconds

    async def step(self) -> None:
        """Return when it may begin again; at once when the last time is long enough ago."""
        left = self._began_at + self._seconds - monotonic()
        if left > 0:
            await asyncio.sleep(left)
        self._began_at = monotonic()
