"""A random programme: the logs of all services, as officers and treasury would write them for years."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from random import Random
from typing import Final, TypeAlias

from contracts.objectives import ObjectiveRegistered
from regesta.event import FactWithdrawn, Recorded
from tests.services.reporting import officers, treasury
from tests.services.reporting.past import Past, Source
from tests.timemachine import others

Cut: TypeAlias = Mapping[str, int]

# The letter can be told of any withdrawal; the other services' answers, only of those that their rules allow.
STEPS: Final = (*(step for step in officers.STEPS if step is not officers.withdraw), *treasury.STEPS, *others.STEPS)
# A note has so many events of all logs, so that its letter stays as large as a real one.
EVENTS_A_NOTE: Final = 4_000
# What changes at a cut is most easily read wrongly: of so many events before it streams are drawn more often.
EDGE: Final = 5


def programme(seed: str, events: int) -> Past:
    """Return a history of at least so many events."""
    number = Random(seed).getrandbits(64)  # noqa: S311 a test's own history
    past = Past(number, notes=[f"note-{count}" for count in range(1, 3 + events // EVENTS_A_NOTE)])
    while sum(map(len, past.logs.values())) < events:
        past.random.choice(STEPS)(past)
    return past


def withdrawals(past: Past) -> int:
    """Return how many facts were withdrawn."""
    return sum(event.type == FactWithdrawn.name for log in past.logs.values() for event in log)


def chain(past: Past, count: int) -> list[Cut]:
    """Return random cuts, each with no less of any log than the one before; the last is all there is.

    Half of the positions are those of withdrawals, where a row ends and no other follows.
    """
    positions = {
        source: [*sorted(_position(log, past.random) for _ in range(count - 1)), len(log)]
        for source, log in past.logs.items()
    }
    return [dict(zip(positions, each, strict=True)) for each in zip(*positions.values(), strict=True)]


def _position(log: Sequence[Recorded], random: Random) -> int:
    drawn = random.randint(1, len(log))
    if random.random() < 0.5:
        return drawn
    return next((each.position for each in log[drawn - 1 :] if each.type == FactWithdrawn.name), drawn)


@dataclass
class Streams:
    """The streams of some logs by kind ("note"): their keys, with the position of their first event."""

    logs: Mapping[Source, Sequence[Recorded]]
    _by_kind: dict[str, tuple[Source, list[int], list[str]]] = field(init=False)

    def __post_init__(self) -> None:
        firsts: dict[str, tuple[Source, dict[str, int]]] = {}
        for source, log in self.logs.items():
            for event in log:
                kind, _, key = event.stream.partition("/")
                firsts.setdefault(kind, (source, {}))[1].setdefault(key, event.position)
        self._by_kind = {kind: (source, list(keys.values()), list(keys)) for kind, (source, keys) in firsts.items()}

    @cached_property
    def notes(self) -> dict[str, str]:
        """The note in which each objective was registered."""
        registered = (each for each in self.logs["objectives"] if each.type == ObjectiveRegistered.name)
        return {
            str(each.event.objective): each.key for each in registered if isinstance(each.event, ObjectiveRegistered)
        }

    @property
    def kinds(self) -> list[str]:
        """The kinds that there are."""
        return list(self._by_kind)

    def log_of(self, kind: str) -> Source:
        """Return the log in which the streams of a kind stand."""
        return self._by_kind[kind][0]

    def pick(self, kind: str, cut: Cut, random: Random) -> str:
        """Return the key of a random stream: often one that has just changed at a cut, mostly one that there was."""
        source, firsts, keys = self._by_kind[kind]
        edge = [
            each.key
            for each in self.logs[source][max(0, cut[source] - EDGE) : cut[source]]
            if each.stream.startswith(f"{kind}/")
        ]
        if edge and random.random() < 0.5:
            return edge[-1]
        known = bisect_right(firsts, cut[source])
        return random.choice(keys[:known] if known and random.random() < 0.8 else keys)
