"""Other libraries and servers that keep events, each driven as its own documentation does."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from importlib.metadata import PackageNotFoundError, version
from typing import Protocol, TypeAlias, cast

from tests.bench.ground import Ground
from tests.bench.load import Clock
from tests.bench.rows import Figures, NotInstalled

# Distributions, and how many events one repeat appends at most: the rates differ by two orders.
EVENTS = {"eventsourcing": 1_500, "eventsource-py": 3_000, "umadb": 10_000}
MODULES = {"eventsourcing": "rival_eventsourcing", "eventsource-py": "rival_eventsource", "umadb": "rival_umadb"}
NAMES = tuple(EVENTS)

# (callers, events): append so many by so many callers, each waiting for its answer.
Rival: TypeAlias = Callable[[int, int], Awaitable[Figures]]


class _Module(Protocol):
    """What each module of a rival has."""

    def opened(self, ground: Ground) -> AbstractAsyncContextManager[Rival]:
        """Give the rival, ready to append, on a database of its own."""
        ...


def required(name: str) -> str:
    """Return the version of a rival. Raises NotInstalled."""
    try:
        return version(name)
    except PackageNotFoundError as error:
        raise NotInstalled(f"{name} is not installed here; `make bench` installs it where it can be") from error


async def opened(name: str, ground: Ground, stack: AsyncExitStack, module_name: str | None = None) -> Rival:
    """Return a rival, closed with the stack; one that is not there or does not start raises when it is called.

    module_name: of another module than that of its appends.
    """
    try:
        required(name)
        module = cast(_Module, importlib.import_module(f"tests.bench.{module_name or MODULES[name]}"))
        return await stack.enter_async_context(module.opened(ground))
    except Exception as error:  # noqa: BLE001 - whatever it is, its rows say it
        return _failing(error)


def _failing(error: Exception) -> Rival:
    async def fail(_callers: int, _events: int) -> Figures:
        raise error

    return fail


async def by_threads(append: Callable[[list[int]], list[float]], callers: int, events: int) -> Figures:
    """Return the figures of a library that blocks, each caller a thread.

    append: appends as many events as the list has members, one after the other, and returns the seconds of each.
    """
    each = max(events // callers, 1)
    clock = Clock()
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(callers) as pool, clock.running():
        waiting = [loop.run_in_executor(pool, append, list(range(each))) for _ in range(callers)]
        for took in await asyncio.gather(*waiting):
            clock.took += took
    return clock.figures()
