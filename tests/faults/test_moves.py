"""Services move from the feed to Kafka and back, one after the other, while events arrive: nothing is missing, nothing doubled."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.faults.checker import check, check_read_models
from tests.faults.users import NO_ANSWER, Told, Using, open_all, using
from tests.system.apart import Apart, running_apart
from tests.system.conftest import folder

RECORDING = ("objectives", "kpi", "budget")
# Between two moves, of each service that records.
COMMANDS = 5


@pytest.fixture
def apart(kafka: str) -> Iterator[Apart]:
    """Run the four services over the feed, with a broker to move to."""
    broker = {"REGESTA_CARRIER": "feed", "REGESTA_KAFKA_BOOTSTRAP": kafka, "REGESTA_KAFKA_PREFIX": uuid4().hex}
    with folder() as place, running_apart(place, broker) as apart:
        open_all(apart)
        yield apart


async def move(apart: Apart, users: Using, carrier: str, *names: str) -> None:
    """Start services again, one after the other, with another carrier."""
    for name in names:
        await asyncio.to_thread(apart.stop, name)
        apart.environments[name]["REGESTA_CARRIER"] = carrier
        apart.start(name)
        await users.busy(COMMANDS, *RECORDING)


async def test_services_move_to_kafka_and_back_while_events_arrive(apart: Apart) -> None:
    told = Told()
    async with using(apart, told) as users:
        await users.busy(COMMANDS, *RECORDING)
        await move(apart, users, "kafka", "budget", "reporting", "kpi", "objectives")
        await move(apart, users, "feed", "reporting", "kpi", "budget", "objectives")
    assert {kind for _, kind in told.answers} <= {"recorded", NO_ANSWER, "not-yet", "log-behind"}, told.answers
    await check(apart, told)
    await check_read_models(apart)
