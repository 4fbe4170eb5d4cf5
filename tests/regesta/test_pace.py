"""What comes alone is done at once, what comes in a burst together."""

from __future__ import annotations

import asyncio

import pytest

from regesta import pace
from regesta.pace import Pace


async def test_a_step_waits_for_the_rest_of_the_time_since_the_one_before(monkeypatch: pytest.MonkeyPatch) -> None:
    now, slept = 100.0, []

    async def sleep(seconds: float) -> None:
        nonlocal now
        slept.append(round(seconds, 3))
        now += seconds

    monkeypatch.setattr(asyncio, "sleep", sleep)
    monkeypatch.setattr(pace, "monotonic", lambda: now)
    steps = Pace(0.01)
    for work in (0.0, 0.004, 0.5, 0.0):  # how long what comes between two steps takes
        await steps.step()
        now += work
    await steps.step()
    assert slept == [0.01, 0.006, 0.01]
