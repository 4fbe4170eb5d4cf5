"""What keeps the processor busy for long, done beside the event loop: one job at a time, in order of arrival."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import ParamSpec, TypeVar

from regesta.errors import Busy

# Each keeps what it works on in memory.
JOBS_WAITING = 64

P = ParamSpec("P")
T = TypeVar("T")


class _Aside:
    """A thread of its own. One, for of several only one runs at a time, and the event loop would wait for all of them."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="aside")
        self._jobs = 0

    async def run(self, job: Callable[[], T]) -> T:
        if self._jobs >= JOBS_WAITING:
            raise Busy("too many pages and letters wait to be made", waiting=self._jobs)
        self._jobs += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, job)
        finally:
            self._jobs -= 1


@cache
def _aside() -> _Aside:
    """Return that of this process: its services share one interpreter."""
    return _Aside()


async def aside(job: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return what a function returns, called in a thread. Raises what it raises, and Busy when too many calls wait."""
    return await _aside().run(lambda: job(*args, **kwargs))
