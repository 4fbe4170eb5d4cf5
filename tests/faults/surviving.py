"""A system under load, struck by faults: what its callers saw, how soon all was as before, and whether all is there."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from regesta.broker import Broker
from regesta.main import registry_of
from regesta.topic import Reader
from services.reporting.app import SERVICE as REPORTING
from tests.faults.checker import caught_up, check, heads_of
from tests.faults.clock import Clock
from tests.faults.faults import PROCESSES
from tests.faults.systems import Fault, Length, Outcome, System
from tests.faults.users import Told, Using, open_all, using
from tests.kafka import cluster
from tests.regesta.seals import seal_of
from tests.system.apart import Apart, set_up

RECORDING: Final = ("objectives", "kpi", "budget")
# The services whose processes have clocks of their own, and that whose database has its clock too.
CLOCKED: Final = ("budget", "reporting")
OWN: Final = "budget"
# Before a fault, of each service that records.
COMMANDS: Final = 5
# A relay that was killed left a lease that lasts 5 s.
SILENT_SECONDS: Final = 15.0


@contextmanager
def system(folder: Path, length: Length, nodes: int | None) -> Iterator[System]:
    """Run a system in a folder that is short and open enough for PostgreSQL. nodes: of the cluster; None for the feed."""
    clocks = {service: Clock(folder / f"clock-{service}") for service in CLOCKED}
    own = {OWN: clocks[OWN].variables}
    with ExitStack() as stack:
        if nodes is None:
            apart, running = stack.enter_context(set_up(folder, own=own)), None
        else:
            running = stack.enter_context(cluster(folder / "kafka", nodes))
            carrier = {"REGESTA_CARRIER": "kafka", "REGESTA_KAFKA_BOOTSTRAP": running.bootstrap}
            apart = stack.enter_context(set_up(folder, carrier, own))
        for service, clock in clocks.items():
            apart.environments[service] |= clock.variables
        apart.start(*PROCESSES)
        apart.wait_ready(*(name for name in PROCESSES if not name.endswith("worker")))
        open_all(apart)
        broker = None if running is None else Broker(running.bootstrap, "regesta", {})
        yield System(apart, Told(), length, clocks, running, broker)


async def survive(here: System, faults: Sequence[Fault]) -> Outcome:
    """Strike while users work, and check everything but the rows of read models. Raises AssertionError for what is not as it was."""
    here.is_sound, before = False, here.told.answers.copy()
    async with using(here.apart, here.told, here.length.pause) as users:
        await users.busy(COMMANDS, *RECORDING)
        began = time.monotonic()
        await asyncio.gather(*(fault.strike(here, users) for fault in faults))
        struck = time.monotonic()
        await recovered(here.apart, users)
        ended = time.monotonic()
        await users.busy(COMMANDS, *RECORDING)
    answers = Counter[str]()
    for (_, kind), number in (here.told.answers - before).items():
        answers[kind] += number
    recorded = answers.pop("recorded")
    await check(here.apart, here.told)
    await check_topics(here)
    names = tuple(fault.name for fault in faults)
    outcome = Outcome(names, here.carrier, round(struck - began, 1), round(ended - struck, 1), recorded, dict(answers))
    here.outcomes.append(outcome)
    here.is_sound = True
    return outcome


async def recovered(apart: Apart, users: Using) -> None:
    """Return once each service records, and what is recorded by now is everywhere."""
    await users.busy(1, *RECORDING)
    await caught_up(apart)


async def check_topics(here: System) -> None:
    """Every topic holds every event; some may stand there again."""
    if here.broker is None:
        return
    heads = await heads_of(here.apart)
    registry = registry_of(REPORTING)
    for service, head in heads.items():
        reader = Reader(here.broker, service, registry, await seal_of(here.apart.server(service).dsn(service)))
        await reader.open()
        try:
            held: set[int] = set()
            while not held >= set(range(1, head + 1)) and (records := await reader.take(5_000, SILENT_SECONDS)):
                held |= {event.position for record in records if (event := reader.event_of(record)) is not None}
            assert sorted(set(range(1, head + 1)) - held) == [], service
        finally:
            await reader.close()
