"""How much memory the demo takes at its most, PostgreSQL aside."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
import tempfile
import time
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TypedDict

import httpx2

from cli.welcome import NOTE
from tests.bench.ground import Ground
from tests.bench.jobs import family, memory_mb
from tests.bench.rows import Figures, Row, at_most

START_SECONDS = 300
STOP_SECONDS = 120
YEAR = 2024
REPEATS = 3
BAR_MB = 250


class Ready(TypedDict):
    """What the demo writes when it can serve."""

    url: str
    token: str


async def rows(ground: Ground) -> AsyncIterator[Row]:
    """Yield the row of the demo's memory."""
    trials = await ground.trials({"demo": lambda: demo(ground)}, REPEATS)
    name = f"peak memory of the demo {'without' if ground.short else 'with'} its sample"
    yield Row(name, trials.of("demo", "MB"), "MB", bar=at_most(BAR_MB, "value"))


async def demo(ground: Ground) -> Figures:
    """Start the demo anew, let it import its sample, read the letter, and return the most memory its processes held."""
    folder = Path(tempfile.mkdtemp(dir=ground.folder))
    ready_file = folder / "ready.json"
    options = ["--port", "0", "--data-dir", str(folder / "data"), "--ready-file", str(ready_file)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "cli", "demo", *options, *(["--no-sample"] if ground.short else []),
        stdout=DEVNULL, stderr=DEVNULL,
    )  # fmt: skip
    try:
        ready = await asyncio.to_thread(_ready, process, ready_file)
        if not ground.short:
            await _read_letter(ready)
        return {"MB": sum(memory_mb(pid, "VmHWM") for pid in family(process.pid) if not _of_postgres(pid))}
    finally:
        if process.returncode is None:
            process.terminate()
            async with asyncio.timeout(STOP_SECONDS):
                await process.wait()
        shutil.rmtree(folder)


def _ready(process: Process, ready_file: Path) -> Ready:
    deadline = time.monotonic() + START_SECONDS
    while not ready_file.exists():
        if process.returncode is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the demo did not start; it ended with {process.returncode}")
        time.sleep(0.1)
    ready: Ready = json.loads(ready_file.read_text())
    return ready


async def _read_letter(ready: Ready) -> None:
    """Read the letter as people and programs do."""
    headers = {"Authorization": f"Bearer {ready['token']}"}
    async with httpx2.AsyncClient(base_url=ready["url"], headers=headers, timeout=60) as client:
        for form in ("application/json", "text/html"):
            answer = await client.get(f"/reporting/v1/letters/{NOTE}/{YEAR}?view=whole", headers={"Accept": form})
            answer.raise_for_status()


def _of_postgres(pid: int) -> bool:
    return Path(f"/proc/{pid}/comm").read_text().strip() == "postgres"
