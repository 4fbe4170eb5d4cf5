"""What the processes of one run are told."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Self

import asyncpg
from pydantic import BaseModel, ConfigDict

# What whoever asks meets while the database is away.
AWAY = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
HOT_STREAMS = tuple(f"hot/{number}" for number in range(4))


class Plan(BaseModel):
    """One run. folder: of the journals. dsn: the log's database. feed_url, token: where its feed is read, and with what.

    callers: how many writers a process has.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: str
    folder: Path
    dsn: str
    feed_url: str
    token: str
    callers: int

    @property
    def file(self) -> Path:
        """Where it is kept."""
        return self.folder / "plan.json"

    @classmethod
    def read(cls, file: str) -> Self:
        """Return the plan of a file."""
        return cls.model_validate_json(Path(file).read_bytes())

    def writer(self, process: str, number: int) -> Path:
        """Return the journal of a writer."""
        return self.folder / f"writer-{process}-{number:02}.journal"

    def reader(self, name: str) -> Path:
        """Return the journal of a reader."""
        return self.folder / f"reader-{name}.journal"


def begun() -> asyncio.Event:
    """Say that this process has begun; return what is set when it shall end: when whoever started it says so, or is dead."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()

    def end_of_input() -> None:
        loop.remove_reader(sys.stdin)
        stop.set()

    loop.add_reader(sys.stdin, end_of_input)
    print("ready", flush=True)  # noqa: T201 - whoever started this waits for it
    return stop
