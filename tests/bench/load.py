"""What is appended: units with payloads that do not compress, made before the clock starts."""

from __future__ import annotations

import base64
import itertools
import json
import os
import statistics
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

from regesta.identity import uuid7
from regesta.unit import KeyUse, NewEvent, Unit
from tests.bench.rows import Figures

STREAM_EVENTS = 10
TYPE = "measured.v1"
META = '{"actor":"bench"}'
HASH = bytes(32)

StreamName: TypeAlias = Callable[[], str]


def ordered() -> str:
    """Return the name of a new stream that sorts after all before it."""
    return f"bench/{uuid7()}"


def scattered() -> str:
    """Return the name of a new stream that sorts anywhere."""
    return f"bench/{uuid.uuid4()}"


def text() -> str:
    """Return 244 characters that do not compress."""
    return base64.b64encode(os.urandom(183)).decode()


def payload() -> str:
    """Return 256 bytes of JSON that do not compress."""
    return json.dumps({"text": text()})


def units(name: StreamName = ordered, *, streams: int = 1, keyed: bool = False) -> Iterator[Unit]:
    """Yield units of one event on each of some streams, fresh ones every ten, with expected versions, without end."""
    names: list[str] = []
    for number in itertools.count():
        version = number % STREAM_EVENTS
        if version == 0:
            names = [name() for _ in range(streams)]
        keys = [KeyUse("bench", str(uuid7()), HASH, 0, streams)] if keyed else []
        events = [NewEvent(each, version + 1, TYPE, META, payload()) for each in names]
        yield Unit(dict.fromkeys(names, version), events, keys)


def shares(made: Iterator[Unit], callers: int, total: int) -> list[list[Unit]]:
    """Return work for each caller, together about `total`. Each caller's units follow on each other."""
    each = max(total // callers // STREAM_EVENTS, 1) * STREAM_EVENTS
    return [list(itertools.islice(made, each)) for _ in range(callers)]


@dataclass
class Clock:
    """Takes the time of calls and what they cost this process. took: seconds of each call."""

    took: list[float] = field(default_factory=list)
    seconds: float = 0.0
    cpu_seconds: float = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Count what passes meanwhile."""
        began, cpu = time.perf_counter(), time.process_time()
        yield
        self.seconds, self.cpu_seconds = time.perf_counter() - began, time.process_time() - cpu

    def figures(self) -> Figures:
        """Return calls a second, their p50 and p99, and the CPU time of this process for each."""
        calls = len(self.took)
        return {
            "rate": calls / self.seconds,
            "p50 ms": statistics.median(self.took) * 1e3,
            "p99 ms": quantile(self.took, 0.99) * 1e3,
            "cpu us": self.cpu_seconds / calls * 1e6,
        }


async def timed(call: Callable[[Unit], Awaitable[object]], work: Sequence[Unit], took: list[float]) -> None:
    """Do one caller's work, each call after the answer to the one before."""
    for unit in work:
        began = time.perf_counter()
        await call(unit)
        took.append(time.perf_counter() - began)


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value that this share of all values does not exceed."""
    ranked = sorted(values)
    return ranked[min(int(len(ranked) * share), len(ranked) - 1)]
