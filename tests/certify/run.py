"""One run: load, then faults, then quiet, then the comparison of everything with everything."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final, TypeAlias

from regesta.store import PostgresStore
from tests.certify.checker import LogCheck, ReaderCheck, check_commands, check_keys, check_replica
from tests.certify.evidence import Evidence, check_order
from tests.certify.findings import Fault, Findings
from tests.certify.journal import Delivery, lines, paired, reached
from tests.certify.plan import Plan
from tests.certify.readers import READERS
from tests.certify.rig import WRITERS, Rig, rigged
from tests.certify.units import MIRROR, REGISTRY, SERVICE

WRITERS_ALL: Final = 64
ROUNDS: Final = 5
LOAD_SHARE: Final = 0.7
POLL_SECONDS: Final = 0.25
STALLED_SECONDS: Final = 30.0
PAGE_EVENTS: Final = 2_000
KEYS_AT_ONCE: Final = 2_000

# Takes what is going on, how much of it is done, and of how much.
Tick: TypeAlias = Callable[[str, float, float], None]


@dataclass(frozen=True)
class Length:
    """How long a run writes: under load, and in each round of faults; seconds."""

    load_seconds: float
    round_seconds: float

    @classmethod
    def of(cls, seconds: float) -> Length:
        """Return the parts of a run that writes for so long."""
        return cls(seconds * LOAD_SHARE, seconds * (1 - LOAD_SHARE) / ROUNDS)


@dataclass(frozen=True)
class Certificate:
    """What a run came to.

    loaded_events: recorded before the first fault. given: events by reader. seconds: by phase.
    """

    evidence: Evidence
    events: int
    streams: int
    loaded_events: int
    kills: int
    stops: int
    given: dict[str, int]
    seconds: dict[str, float]

    @property
    def events_per_second(self) -> float:
        """The rate under load."""
        return self.loaded_events / self.seconds["load"]


class Laps:
    """How long each phase took, in seconds."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._began = time.monotonic()

    def end(self, phase: str) -> None:
        """Note the end of a phase, which began where the one before ended."""
        now = time.monotonic()
        self.seconds[phase], self._began = now - self._began, now


async def certify(folder: Path, seed: str, length: Length, tick: Tick) -> Certificate:
    """Run in a folder that is new, short and open enough for a server of another user; everything stays in it."""
    async with rigged(folder, seed, WRITERS_ALL // len(WRITERS)) as rig:
        await rig.start()
        await rig.start_writers(*WRITERS)
        laps = Laps()
        await _watch(rig, "load", length.load_seconds, tick)
        loaded = await _head(rig, SERVICE)
        laps.end("load")
        await _faults(rig, length.round_seconds, tick)
        await rig.stop(*WRITERS)
        laps.end("faults")
        await _settle(rig, tick)
        await rig.stop("readers", "mirror", "source")
        laps.end("catching up")
        evidence, log, given = await _check(rig, tick)
        laps.end("checking")
    return Certificate(evidence, log.head, log.streams, loaded, rig.kills, rig.stops, given, laps.seconds)


async def _watch(rig: Rig, what: str, seconds: float, tick: Tick) -> None:
    """Wait, and see that every process lives."""
    began = time.monotonic()
    while (passed := time.monotonic() - began) < seconds:
        rig.require_running()
        tick(what, passed, seconds)
        await asyncio.sleep(min(POLL_SECONDS, seconds - passed))


async def _faults(rig: Rig, seconds: float, tick: Tick) -> None:
    """Kill writers and break the server down, ROUNDS times, in every order; the killed ones go on afterwards."""
    random = Random(f"{rig.plan.seed}/faults")  # noqa: S311 - repeatable, not secret
    for number in range(1, ROUNDS + 1):
        what = f"round {number} of {ROUNDS}"
        await _watch(rig, what, seconds * random.uniform(0.4, 0.7), tick)
        victims = list(WRITERS) if number % 2 else [random.choice(WRITERS)]
        killing = asyncio.create_task(_kill(rig, victims, random.uniform(0, 0.4)))
        await asyncio.sleep(random.uniform(0, 0.2))
        await rig.break_down()
        await killing
        await rig.start_writers(*victims)
        await _watch(rig, what, seconds * 0.3, tick)


async def _kill(rig: Rig, names: list[str], after_seconds: float) -> None:
    await asyncio.sleep(after_seconds)
    for name in names:
        rig.kill(name)


async def _head(rig: Rig, service: str) -> int:
    """Return how far the log under test reaches in the database of a service: its own, or the replica's."""
    async with PostgresStore(service, rig.server.dsn(service), REGISTRY, pool_size=2) as store:
        return (await store.head(SERVICE)).position


async def _settle(rig: Rig, tick: Tick) -> None:
    """Wait until the readers and the replica reach the head, or nothing moves: what is missing is found by the check."""
    head, before = await _head(rig, SERVICE), -1
    moved_at = time.monotonic()
    while before < head and time.monotonic() < moved_at + STALLED_SECONDS:
        rig.require_running()
        slowest = min(*(reached(rig.plan.reader(name)) for name in READERS), await _head(rig, MIRROR))
        tick("catching up", slowest, head)
        if slowest > before:
            before, moved_at = slowest, time.monotonic()
        await asyncio.sleep(POLL_SECONDS)


async def _check(rig: Rig, tick: Tick) -> tuple[Evidence, LogCheck, dict[str, int]]:
    """Compare everything with everything; return the evidence with what was found, the log, and events by reader."""
    evidence = Evidence(Findings())
    for process in WRITERS:
        for number in range(rig.plan.callers):
            evidence.take(f"{process}{number:02}", paired(lines(rig.plan.writer(process, number))))
    check_order(evidence)
    marks = {delivery.runs[-1][1] for name in READERS for delivery in _deliveries(rig.plan, name)}
    log = LogCheck(evidence, marks)
    await _check_logs(rig, log, evidence, tick)
    readers = {name: ReaderCheck(name, log, evidence.findings) for name in READERS}
    for name, reader in readers.items():
        for delivery in _deliveries(rig.plan, name):
            reader.take(delivery)
        reader.finish()
    return evidence, log, {name: reader.given for name, reader in readers.items()}


def _deliveries(plan: Plan, reader: str) -> Iterator[Delivery]:
    return (line for line in lines(plan.reader(reader)) if isinstance(line, Delivery))


async def _check_logs(rig: Rig, log: LogCheck, evidence: Evidence, tick: Tick) -> None:
    """Go through the log and its replica side by side, then through commands and keys."""
    findings = evidence.findings
    async with (
        PostgresStore(SERVICE, rig.server.dsn(SERVICE), REGISTRY, pool_size=2) as own,
        PostgresStore(MIRROR, rig.server.dsn(MIRROR), REGISTRY, pool_size=2) as mirror,
    ):
        head, copied = (await own.head(SERVICE)).position, (await mirror.head(SERVICE)).position
        while events := await own.read(SERVICE, log.head, PAGE_EVENTS):
            check_replica(events, await mirror.read(SERVICE, log.head, PAGE_EVENTS), findings)
            for event in events:
                log.take(event)
            tick("checking", log.head, head)
        log.finish()
        findings.blame(Fault.STALLED, f"the replica ends at {copied} of {head}", head - copied)
        check_commands(evidence.commands.values(), findings)
        names = list(evidence.keys)
        for page in (names[n : n + KEYS_AT_ONCE] for n in range(0, len(names), KEYS_AT_ONCE)):
            check_keys({name: evidence.keys[name] for name in page}, await own.keys(page), findings)
