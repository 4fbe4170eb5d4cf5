"""A system that faults strike, and what a fault is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from deploy.kafka.cluster import Cluster
from regesta.broker import Broker
from tests.faults.clock import Clock
from tests.faults.users import Told, Using
from tests.system.apart import Apart


@dataclass(frozen=True)
class Length:
    """How long what lasts does, in seconds. away: a broker that says nothing; gone: what was killed or stopped.

    pause: of a user between two commands.
    """

    away: float
    gone: float
    rounds: int
    pause: float


@dataclass(frozen=True)
class Outcome:
    """What faults at one time came to. seen: how often callers were answered otherwise than yes, and how.

    struck_seconds: until their causes were gone. recovery_seconds: from then on, until each service recorded again and everybody
    had taken in and folded what was recorded until then.
    """

    faults: tuple[str, ...]
    carrier: str
    struck_seconds: float
    recovery_seconds: float
    recorded: int
    seen: dict[str, int]


@dataclass
class System:
    """Four services that run apart, budget in two processes; over Kafka when there is a cluster.

    clocks: of some services. outcomes: of what it has survived; is_sound: whether that is all that has struck it.
    """

    apart: Apart
    told: Told
    length: Length
    clocks: Mapping[str, Clock]
    cluster: Cluster | None = None
    broker: Broker | None = None
    outcomes: list[Outcome] = field(default_factory=list)
    is_sound: bool = True

    @property
    def carrier(self) -> str:
        """Return which carrier it runs over."""
        return "feed" if self.cluster is None else "kafka"


Strike: TypeAlias = Callable[[System, Using], Awaitable[None]]


@dataclass(frozen=True)
class Fault:
    """A fault. seen: what its callers may be answered beside yes. touches: what no other fault may touch meanwhile.

    lacks: says what this machine lacks for it, "" when it has all; is_installed: whether that is a package, which CI installs.
    """

    name: str
    strike: Strike
    seen: frozenset[str]
    touches: frozenset[str]
    carriers: Sequence[str] = ("feed", "kafka")
    lacks: Callable[[], str] = lambda: ""
    is_installed: bool = False

    def __str__(self) -> str:
        return self.name
