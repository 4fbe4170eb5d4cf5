"""umadb: its server, started by its own command, and its Python client."""

from __future__ import annotations

import asyncio
import socket
import sys
import time
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import umadb

from tests.bench import rivals
from tests.bench.ground import Ground
from tests.bench.load import STREAM_EVENTS, TYPE, ordered, payload
from tests.bench.rows import Figures

START_SECONDS = 30


@asynccontextmanager
async def opened(ground: Ground) -> AsyncIterator[rivals.Rival]:
    """Give umadb with its default, durable settings. The callers share a client, which is faster than one each."""
    port = _free_port()
    folder = ground.folder / "umadb"
    folder.mkdir(exist_ok=True)
    program = Path(sys.executable).with_name("umadb")
    server = await asyncio.create_subprocess_exec(
        program, "--listen", f"127.0.0.1:{port}", "--db-path", folder, stdout=DEVNULL, stderr=DEVNULL
    )
    try:
        client = await _connected(f"http://127.0.0.1:{port}")

        async def append(callers: int, events: int) -> Figures:
            return await rivals.by_threads(partial(_append, client), callers, events)

        yield append
    finally:
        server.terminate()
        await server.wait()


async def _connected(url: str) -> umadb.Client:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            client = umadb.Client(url)
            client.head()
        except Exception:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.1)
        else:
            return client


def _append(client: umadb.Client, numbers: list[int]) -> list[float]:
    """Append one event each, on the condition that its stream, which is a tag, has not moved."""
    payloads = [payload().encode() for _ in numbers]
    took = []
    stream, after = "", None
    for number, data in zip(numbers, payloads, strict=True):
        if number % STREAM_EVENTS == 0:
            stream, after = ordered(), None
        began = time.perf_counter()
        unmoved = umadb.AppendCondition(umadb.Query([umadb.QueryItem(tags=[stream])]), after)
        after = client.append([umadb.Event(TYPE, data, [stream])], unmoved)
        took.append(time.perf_counter() - began)
    return took


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port
