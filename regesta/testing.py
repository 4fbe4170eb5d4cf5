"""For tests of any service: a store in memory, a fixed clock's context, and given/when/then over pure domains."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from uuid import uuid4

from regesta.command import Aggregate, AnyAggregate, AnyRule, Command, Context, Facts, State, fold
from regesta.errors import Forked
from regesta.event import Event, Recorded, Registry, unversioned
from regesta.unit import (
    READ_BYTES,
    Appended,
    Conflict,
    DataRefused,
    Fork,
    Gap,
    Head,
    KeyAnswer,
    KeyKnown,
    Outcome,
    Unit,
)

S = TypeVar("S", bound=State)
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


class MemoryStore:
    """A Store in memory that keeps the contract of the PostgreSQL one; for one process, so it knows no turns.

    Each append takes one second of its own clock, from 2026-01-05 12:00 UTC.
    """

    def __init__(self, service: str, registry: Registry) -> None:
        self.service = service
        self.registry = registry
        self._log = str(uuid4())
        self._logs: dict[str, list[Recorded]] = {service: []}
        self._ids: dict[str, str] = {service: self._log}
        self._units: dict[str, Appended] = {}
        self._keys: dict[tuple[str, str], KeyAnswer] = {}
        self._moved = asyncio.Condition()
        self._offsets: dict[str, tuple[int, int]] = {}
        self.forks: dict[str, Fork] = {}
        self.now = NOON

    @property
    def trouble(self) -> str | None:
        """Memory is never refused."""
        return None

    @property
    def waiting(self) -> int:
        """Nothing waits for memory."""
        return 0

    async def append(self, unit: Unit) -> Outcome:
        """Append a unit (see Store)."""
        stored = self._units.get(str(unit.id))
        if stored is not None:
            return replace(stored, same=True)
        if any((use.subject, use.key) in self._keys for use in unit.keys):
            return KeyKnown()
        for stream, expected in unit.expected.items():
            version = self._version(stream)
            if version != expected:
                return Conflict(stream, version)
        _require_storable(unit)
        self.now += timedelta(seconds=1)
        own = self._logs[self.service]
        before = len(own)
        for position, new in enumerate(unit.events, start=before + 1):
            meta = _read_meta(new.meta)
            own.append(
                Recorded(
                    self.service,
                    position,
                    new.stream,
                    new.version,
                    self._time(),
                    new.type,
                    new.data,
                    self._log,
                    self.registry,
                    **meta,
                )
            )
        for use in unit.keys:
            first = before + use.first + 1
            token = first + use.count - 1 if use.count else before
            self._keys[use.subject, use.key] = KeyAnswer(use.hash, range(first, first + use.count), token)
        answer = Appended(before + 1 if unit.events else 0, len(own))
        self._units[str(unit.id)] = answer
        await self._tell()
        return answer

    def _time(self) -> datetime:
        """The clock, but never before the newest event held (the hybrid clock)."""
        return max([self.now, *(log[-1].time for log in self._logs.values() if log)])

    def _version(self, stream: str) -> int:
        return max((event.version for event in self._logs[self.service] if event.stream == stream), default=0)

    async def read(self, source: str, after: int, limit: int) -> list[Recorded]:
        """Return the next events of a log (see Store)."""
        return _of_few_bytes(self._logs.get(source, [])[after : after + limit])

    async def at(self, positions: Sequence[int]) -> list[Recorded]:
        """Return events by position (see Store)."""
        return [event for event in self._logs[self.service] if event.position in set(positions)]

    async def tails(self, after: Mapping[str, int]) -> dict[str, list[Recorded]]:
        """Return the tails of streams (see Store)."""
        own = self._logs[self.service]
        return {name: [e for e in own if e.stream == name and e.version > known] for name, known in after.items()}

    async def known(self, source: str, streams: Sequence[str]) -> set[str]:
        """Return which streams a replica holds (see Store)."""
        return {event.stream for event in self._logs.get(source, [])} & set(streams)

    async def taken_in(self, names: Sequence[tuple[str, int]]) -> list[Recorded]:
        """Return single events of replicas (see Store)."""
        held = [(source, position) for source, position in names if source != self.service]
        return [each for source, log in self._logs.items() for each in log if (source, each.position) in held]

    async def streams(self, source: str, names: Sequence[str], until: int) -> dict[str, list[Recorded]]:
        """Return streams of a replica (see Store)."""
        log = self._logs.get(source, [])[:until]
        return {name: [each for each in log if each.stream == name] for name in names}

    async def of_stream(self, source: str, stream: str, after: int, limit: int) -> list[Recorded]:
        """Return the events of a stream (see Store)."""
        log = self._logs.get(source, [])
        return _of_few_bytes([each for each in log if each.stream == stream and each.version > after][:limit])

    async def head(self, source: str) -> Head:
        """Return how far a log reaches (see Store)."""
        log = self._logs.get(source, [])
        return Head(len(log), self._ids.get(source), log[-1].time if log else None)

    async def position_before(self, source: str, moment: datetime) -> int:
        """Return the last position before a moment (see Store)."""
        return sum(event.time < moment for event in self._logs.get(source, []))

    async def first_of(self, kind: str, after: int, until: int) -> int | None:
        """Return the first position of an event of a type (see Store)."""
        events = self._logs.get(self.service, [])[after:until]
        return next((each.position for each in events if kind in {each.type, unversioned(each.type)}), None)

    async def keys(self, names: Collection[tuple[str, str]]) -> dict[tuple[str, str], KeyAnswer]:
        """Return what command keys stand for (see Store)."""
        return {name: self._keys[name] for name in names if name in self._keys}

    async def replicate(self, log: str, events: Sequence[Recorded], offset: int | None = None) -> int:
        """Extend a replica (see Store)."""
        source = events[0].source
        replica = self._logs.setdefault(source, [])
        if self._ids.setdefault(source, log) != log:
            raise Forked(f"source {source} is another log now", source=source, position=0, log=log)
        for event in events:
            if (
                event.position <= len(replica)
                and replica[event.position - 1]._replace(registry=event.registry) != event
            ):
                raise Forked(f"source {source} differs", source=source, position=event.position, log=log)
        first = events[0].position
        if first > len(replica) + 1 or [event.position for event in events] != list(range(first, first + len(events))):
            raise Gap(len(replica))
        replica += [event._replace(registry=self.registry) for event in events if event.position > len(replica)]
        if offset is not None:
            self._offsets[source] = len(replica), offset
        await self._tell()
        return len(replica)

    async def offset(self, source: str) -> int | None:
        """Return where a source's topic goes on (see Store)."""
        position, offset = self._offsets.get(source, (0, None))
        return offset if position == len(self._logs.get(source, ())) else None

    async def wait(self, source: str, after: int, timeout_seconds: float) -> bool:
        """Wait for more events (see Store)."""
        try:
            async with asyncio.timeout(timeout_seconds), self._moved:
                await self._moved.wait_for(lambda: len(self._logs.get(source, [])) > after)
        except TimeoutError:
            return False
        return True

    async def note_fork(self, source: str, fork: Fork | None) -> None:
        """Keep where a source differs (see Store)."""
        if fork is None:
            self.forks.pop(source, None)
        else:
            self.forks[source] = fork

    async def _tell(self) -> None:
        async with self._moved:
            self._moved.notify_all()


def _of_few_bytes(events: list[Recorded]) -> list[Recorded]:
    """Return the first of some events, up to the one with which they have READ_BYTES."""
    size = 0
    for number, event in enumerate(events, start=1):
        size += len(event.raw.encode())
        if size >= READ_BYTES:
            return events[:number]
    return events


def _require_storable(unit: Unit) -> None:
    """Raise DataRefused for what PostgreSQL would refuse: NUL in a name, data that is no JSON."""
    names = [*unit.expected, *(name for use in unit.keys for name in (use.subject, use.key))]
    if any("\0" in name for name in names):
        raise DataRefused("NUL cannot be stored")
    try:
        for event in unit.events:
            json.loads(event.data)
    except ValueError as error:
        raise DataRefused(str(error)) from error


def _read_meta(meta: str) -> dict[str, str]:
    members: dict[str, str] = json.loads(meta)
    return members


@dataclass
class Domain:
    """A pure domain under test: given facts, when a command, then facts or a refusal."""

    aggregates: Iterable[AnyAggregate]
    rules: Iterable[AnyRule]

    def __post_init__(self) -> None:
        self._aggregates = {aggregate.state.prefix: aggregate for aggregate in self.aggregates}
        self._held = {prefix: aggregate.events for prefix, aggregate in self._aggregates.items()}
        self._rules = {rule.command: rule for rule in self.rules}
        self._facts: dict[str, list[tuple[int, Event]]] = {}
        self._position = 0

    def given(self, facts: Facts) -> Domain:
        """Record facts as they are."""
        for stream, events in facts.items():
            for event in events:
                self._position += 1
                self._facts.setdefault(stream, []).append((self._position, event))
        return self

    def when(
        self, command: Command, *, actor: str = "officer", roles: Iterable[str] = (), units: Iterable[str] = ()
    ) -> Facts:
        """Decide a command, record its facts and return them.

        Raises the refusal, and TypeError for a fact in a stream of a kind that holds none such.
        """
        context = Context(actor, frozenset(roles), frozenset(units), NOON)
        facts = self._rules[type(command)].decide(command, self.state, context)
        self._require_held(facts)
        self.given({stream: [event.dated(command.occurred) for event in events] for stream, events in facts.items()})
        return facts

    def _require_held(self, facts: Facts) -> None:
        for stream, events in facts.items():
            held = self._held[stream.partition("/")[0]]
            for event in events:
                if type(event) not in held:
                    raise TypeError(f"{event.name!r} is decided in {stream!r}, of a kind that holds none such")

    def state(self, kind: type[S], key: str) -> S:
        """Return the folded state of a stream."""
        stream = kind.name_of(key)
        aggregate: Aggregate[S] = self._aggregates[kind.prefix]
        state = fold(aggregate, stream, self._facts.get(stream, []))
        state.seen = self._position if kind.source is not None else 0
        return state
