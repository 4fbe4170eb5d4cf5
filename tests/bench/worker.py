"""One job in a process of its own: `python -m tests.bench.worker NAME JSON`.

It prepares, writes "ready", waits for a line, works, and writes what it found as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Final

import uvloop

from tests.bench import append, catching_up, hot, refilling
from tests.bench.jobs import Prepared, Told
from tests.bench.trials import settled

JOBS: Final[dict[str, Prepared]] = {
    "append": append.appending,
    "handle": hot.handling,
    "catch-up": catching_up.following,
    "by-hand": catching_up.by_hand,
    "kafka-catch-up": refilling.following,
    "kafka-by-hand": refilling.by_hand,
    "kafka-upsert": refilling.without_replica,
}


def say(line: str) -> None:
    """Write a line to whoever waits for it."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def do(name: str, told: Told) -> None:
    """Do one job."""
    async with JOBS[name](told) as work:
        with settled():
            say("ready")
            await asyncio.to_thread(sys.stdin.readline)
            say(json.dumps(dict(await work())))


if __name__ == "__main__":
    uvloop.run(do(sys.argv[1], json.loads(sys.argv[2])))
