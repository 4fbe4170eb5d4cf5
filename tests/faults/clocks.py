"""Clocks that differ: processes and servers that are started again by another one, which libfaketime gives them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Final

from tests.faults.checker import caught_up, rows
from tests.faults.systems import System
from tests.faults.users import Using

APART_SECONDS: Final = 5
# A header of HTTP tells whole seconds, and what is recorded takes its time.
ABOUT_SECONDS: Final = 3.0
# Debian's, of any machine that it is built for.
LIBRARIES: Final = "*/faketime/libfaketimeMT.so.1"
NEWEST: Final = "SELECT extract(epoch FROM time)::float8 FROM log.events ORDER BY position DESC LIMIT 1"
# Commands, while clocks are apart.
SOME: Final = 10
PROCESSES: Final = ("budget api", "budget worker", "reporting")


def lacking() -> str:
    """Return what is missing for other clocks, "" when nothing is."""
    return "" if _library() else "libfaketime not found; it is a package of Debian's"


def _library() -> Path | None:
    return next(iter(sorted(Path("/usr/lib").glob(LIBRARIES))), None)


def _shifted(seconds: int) -> dict[str, str]:
    """Return the variables of a process whose clock is so much ahead; what measures how long something takes stays right."""
    return {"LD_PRELOAD": str(_library()), "FAKETIME": f"{seconds:+d}s", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


async def set_apart(system: System, users: Using) -> None:
    """Let the clocks of budget, its processes' and its database's, be 5 s ahead and those of reporting 5 s behind; set them right."""
    ahead = {"budget": APART_SECONDS, "reporting": -APART_SECONDS}
    right = {service: system.apart.environments[service] for service in ahead}
    await _start_again(
        system, {service: right[service] | _shifted(seconds) for service, seconds in ahead.items()}, ahead
    )
    try:
        await users.busy(SOME, "objectives", "kpi", "budget")
        for service, seconds in ahead.items():
            assert abs(await asyncio.to_thread(_ahead_seconds, system, service) - seconds) < ABOUT_SECONDS
        ((newest,),) = await rows(system.apart, "budget", NEWEST)
        assert abs(newest - time.time() - APART_SECONDS) < ABOUT_SECONDS
        await caught_up(system.apart)
    finally:
        await _start_again(system, right, {})


async def _start_again(system: System, environments: Mapping[str, dict[str, str]], ahead: Mapping[str, int]) -> None:
    """Start budget's server and what runs of budget and reporting again, in these environments."""
    apart, server = system.apart, system.apart.server("budget")
    await asyncio.to_thread(apart.stop, *PROCESSES)
    await asyncio.to_thread(server.stop_immediate)
    server.environment = _shifted(ahead["budget"]) if ahead else {}
    await asyncio.to_thread(server.start)
    apart.environments.update(environments)
    apart.start(*PROCESSES)


def _ahead_seconds(system: System, service: str) -> float:
    """Return how far a service's process is ahead, as it says; it takes a token that was issued just now."""
    apart = system.apart
    began = time.time()
    with apart.client(service, Authorization=f"Bearer {apart.issuer.everything(1)}") as client:
        answer = client.get(f"/{service}/v1/events/head").raise_for_status()
    return parsedate_to_datetime(answer.headers["Date"]).timestamp() - began
