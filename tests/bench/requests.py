"""A PUT that records an event, and the letter of the sample, beside bare FastAPI routes in a process of their own."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypedDict
from uuid import uuid4

import httpx2

from tests.bench.rows import Row, interleaved

CALLERS = 16
PUTS = 2_000
LETTERS = 20
START_SECONDS = 120.0
LETTER = "/reporting/v1/letters/developpement-territorial-et-renovation-urbaine/2024"


class Ready(TypedDict):
    """What the demo writes when it can serve."""

    url: str
    token: str
    services: dict[str, str]


@contextmanager
def running(arguments: list[str], ready_file: Path) -> Iterator[Ready]:
    """Run a server in a process of its own until it has written its ready file; stop it at the end."""
    process = subprocess.Popen([sys.executable, *arguments], stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not ready_file.exists():
            assert process.poll() is None, f"{arguments} ended"
            assert time.monotonic() < deadline, f"{arguments} did not start"
            time.sleep(0.05)
        yield json.loads(ready_file.read_text())
    finally:
        process.terminate()
        process.wait(60)


async def _rate(call: Callable[[httpx2.AsyncClient, int], Awaitable[None]], client: httpx2.AsyncClient) -> float:
    """Return calls a second of PUTS calls by CALLERS callers."""

    async def caller(first: int) -> None:
        for number in range(first, PUTS, CALLERS):
            await call(client, number)

    began = time.perf_counter()
    await asyncio.gather(*(caller(first) for first in range(CALLERS)))
    return PUTS / (time.perf_counter() - began)


async def _milliseconds(client: httpx2.AsyncClient, path: str) -> float:
    """Return the time of one GET, of LETTERS in a row."""
    began = time.perf_counter()
    for _ in range(LETTERS):
        (await client.get(path, headers={"Accept": "application/json"})).raise_for_status()
    return (time.perf_counter() - began) / LETTERS * 1000


async def measure(folder: Path) -> list[Row]:
    """Return the rows over HTTP."""
    demo = [
        "-m",
        "cli",
        "demo",
        "--port",
        "0",
        "--data-dir",
        str(folder / "demo"),
        "--ready-file",
        str(folder / "demo.json"),
    ]
    bare = ["-m", "tests.bench.bare", str(folder / "letter.json"), str(folder / "bare.json")]
    with running(demo, folder / "demo.json") as ready:
        headers = {"Authorization": f"Bearer {ready['token']}"}
        async with httpx2.AsyncClient(base_url=ready["url"], headers=headers, timeout=60) as client:
            letter = await client.get(LETTER, headers={"Accept": "application/json"})
            (folder / "letter.json").write_bytes(letter.raise_for_status().content)
            with running(bare, folder / "bare.json") as plain:
                async with httpx2.AsyncClient(base_url=plain["url"], timeout=60) as other:
                    return await _rows(client, other)


async def _rows(client: httpx2.AsyncClient, other: httpx2.AsyncClient) -> list[Row]:
    async def put(to: httpx2.AsyncClient, number: int) -> None:
        label = f"Ligne {number}"
        # Another entity each time, so that every request opens a line.
        path = f"/budget/v1/lines/bench-{uuid4().hex}.33.004.28.01.6321"
        body = {"label": {"fr": label, "nl": label}}
        (await to.put(path, json=body)).raise_for_status()

    rate, bare_rate = await interleaved(lambda: _rate(put, client), lambda: _rate(put, other))
    took, bare_took = await interleaved(lambda: _milliseconds(client, LETTER), lambda: _milliseconds(other, "/letter"))
    return [
        Row("PUT that records an event", rate[0], "requests/s", "bare FastAPI route", bare_rate[0], rate[1]),
        Row("letter of the sample, JSON", took[0], "ms", "the same bytes by a bare route", bare_took[0], took[1]),
    ]
