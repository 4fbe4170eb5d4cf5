"""What costs much to find out, found out once for all who ask meanwhile."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Coroutine
from time import monotonic
from typing import Generic, TypeVar

T = TypeVar("T")


class Shared(Generic[T]):
    """One answer for several callers. Who goes away takes nothing from the others."""

    def __init__(self) -> None:
        self._finding: asyncio.Task[T] | None = None
        self._began_at = -math.inf

    async def get(self, find: Callable[[], Coroutine[object, object, T]], keep_seconds: float = 0.0) -> T:
        """Return what `find` returns, or what an earlier one does that goes on or began less than `keep_seconds` ago.

        Raises what it raises, to all.
        """
        if self._finding is None or (self._finding.done() and monotonic() - self._began_at >= keep_seconds):
            self._began_at = monotonic()
            self._finding = asyncio.create_task(find())
        return await asyncio.shield(self._finding)
