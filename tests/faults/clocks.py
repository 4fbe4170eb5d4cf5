"""Clocks that differ, while what has them runs on."""

from __future__ import annotations

import asyncio
import time
from email.utils import parsedate_to_datetime
from typing import Final

from tests.faults.checker import caught_up, rows
from tests.faults.systems import System
from tests.faults.users import Using
from tests.regesta.serving import until

APART_SECONDS: Final = 5
# A header of HTTP tells whole seconds, and a clock is looked up so often.
ABOUT_SECONDS: Final = 2.0
SET_SECONDS: Final = 20.0
NEWEST: Final = "SELECT extract(epoch FROM time)::float8 FROM log.events ORDER BY position DESC LIMIT 1"
# Commands, while clocks are apart, and once they are right.
SOME: Final = 10


async def set_apart(system: System, users: Using) -> None:
    """Set the clocks of budget, its processes' and its server's, 5 s ahead and those of reporting's processes 5 s behind, and back."""
    ahead = {"budget": APART_SECONDS, "reporting": -APART_SECONDS}
    try:
        await _set(system, ahead)
        await users.busy(SOME, "objectives", "kpi", "budget")
        await until(lambda: _records_ahead(system), SET_SECONDS)
        await caught_up(system.apart)
    finally:
        await _set(system, dict.fromkeys(ahead, 0))
    await users.busy(SOME, "budget")


async def _set(system: System, ahead: dict[str, int]) -> None:
    """Set the clocks of services, and return once their processes have them."""
    for service, seconds in ahead.items():
        system.clocks[service].set(seconds)

    async def all_are() -> bool:
        told = [abs(await asyncio.to_thread(_ahead_seconds, system, each) - ahead[each]) for each in ahead]
        return max(told) < ABOUT_SECONDS

    await until(all_are, SET_SECONDS)


async def _records_ahead(system: System) -> bool:
    """Return whether what budget records has the time of its clock, as its database is ahead too."""
    ((newest,),) = await rows(system.apart, "budget", NEWEST)
    return bool(abs(newest - time.time() - APART_SECONDS) < ABOUT_SECONDS)


def _ahead_seconds(system: System, service: str) -> float:
    """Return how far a service's process is ahead, as it says; it takes a token that was issued just now."""
    apart, began = system.apart, time.time()
    with apart.client(service, Authorization=f"Bearer {apart.issuer.everything(1)}") as client:
        answer = client.get(f"/{service}/v1/events/head").raise_for_status()
    return parsedate_to_datetime(answer.headers["Date"]).timestamp() - began
