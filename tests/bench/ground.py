"""What the benchmark runs on: one embedded PostgreSQL, its databases, and how large and how often."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from tests.bench.rows import Sample
from tests.bench.trials import Measure, Trials
from tests.conftest import Database, Templates

SYNCS = 200
WRITE_BYTES = 512
# A service of its own, with nothing but the kernel's tables.
SERVICE = "bench"


@dataclass(frozen=True)
class Ground:
    """Where and how all cases run. short: everything small and once, to see that it works. say: shows progress.

    kafka: gives the address of a broker. Raises NotInstalled where none can be started.
    """

    folder: Path
    templates: Templates
    say: Callable[[str], None]
    kafka: Callable[[], str]
    repeats: int = 5
    short: bool = False

    def size(self, full: int, short: int) -> int:
        """Return how many of something."""
        return short if self.short else full

    @asynccontextmanager
    async def database(self, service: str = SERVICE) -> AsyncIterator[Database]:
        """Give a fresh migrated database of a service; it goes afterwards."""
        database = await self.templates.copy(service)
        try:
            yield database
        finally:
            await self.templates.drop(database)

    async def trials(self, measures: Mapping[str, Measure], repeats: int | None = None) -> Trials:
        """Take measures in turn, as often as is asked."""
        trials = Trials(measures)
        times = min(repeats or self.repeats, self.repeats)
        for number in range(1, times + 1):
            self.say(f"repeat {number} of {times}")
            await trials.round()
        return trials


def fsync_us(folder: Path) -> float:
    """Return what one small durable write costs here, microseconds."""
    with (folder / "fsync").open("wb") as file:
        began = time.perf_counter()
        for _ in range(SYNCS):
            file.write(b"x" * WRITE_BYTES)
            file.flush()
            os.fdatasync(file.fileno())
        return (time.perf_counter() - began) / SYNCS * 1e6


async def count(dsn: str, table: str) -> int:
    """Return how many rows a table has."""
    connection = await asyncpg.connect(dsn)
    try:
        rows: int = await connection.fetchval(f"SELECT count(*) FROM {table}")
    finally:
        await connection.close()
    return rows


def seen(*values: float) -> Sample:
    """Return figures that were taken otherwise than in turn."""
    return Sample(values)
