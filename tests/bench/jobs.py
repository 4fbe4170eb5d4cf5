"""Work in processes of its own that begins at one moment, and what processes cost."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from tests.bench.rows import Figures

TICKS = os.sysconf("SC_CLK_TCK")

# What a job is told, and how it is made ready: it gives the work, which returns what it found.
Told: TypeAlias = Mapping[str, str | int | float]
Prepared: TypeAlias = Callable[[Told], AbstractAsyncContextManager[Callable[[], Awaitable[Figures]]]]


@dataclass(frozen=True, slots=True)
class Job:
    """One of tests.bench.worker's jobs, with what it is told."""

    name: str
    told: Told


class JobFailed(Exception):
    """A process did not do its job; its own message is on standard error."""


async def together(jobs: Sequence[Job]) -> list[dict[str, float]]:
    """Return what each job found. All are prepared first, then told to begin."""
    processes = [await _started(job) for job in jobs]
    try:
        for process in processes:
            await _line(process)
        for process in processes:
            assert process.stdin is not None
            process.stdin.write(b"go\n")
        return [json.loads(await _line(process)) for process in processes]
    finally:
        for process in processes:
            if process.returncode is None:
                process.stdin.close() if process.stdin else None
                await process.wait()


async def _started(job: Job) -> Process:
    told = json.dumps(dict(job.told))
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.worker", job.name, told, stdin=PIPE, stdout=PIPE
    )


async def _line(process: Process) -> bytes:
    assert process.stdout is not None
    line = await process.stdout.readline()
    if not line:
        raise JobFailed(f"a process ended with {await process.wait()}")
    return line


def cpu_seconds(pid: int) -> float:
    """Return the CPU time that a process has used, of the system too."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory_mb(pid: int | str, name: str) -> float:
    """Return a process's memory in MB: name "VmRSS" now, "VmHWM" at its most."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    raise ValueError(f"process {pid} has no {name}")


def family(pid: int) -> list[int]:
    """Return a process and those it started that are its own, and theirs."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(each for child in children for each in family(int(child)))]
