"""Units: what is appended to a log in one piece, and what an append answers. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeAlias
from uuid import UUID

import orjson

from regesta.event import Event, Recorded, Registry
from regesta.identity import uuid7

# Of one read, beside its last event: who follows a log keeps a batch in memory, and an event may have 1 MiB.
READ_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Meta:
    """The part of the envelope that the caller knows. occurred: EDTF; cause, correlation: names of events."""

    actor: str
    occurred: str | None = None
    cause: str | None = None
    correlation: str | None = None
    traceparent: str | None = None

    def json(self) -> str:
        """Return it as stored, without the members that are unknown."""
        return meta_text(self.actor, self.occurred, self.cause, self.correlation, self.traceparent)


def meta_text(
    actor: str, occurred: str | None, cause: str | None, correlation: str | None, traceparent: str | None
) -> str:
    """Return what Meta has as it is stored. Written out, for it is done for every event that is taken in."""
    members = {"actor": actor}
    if occurred is not None:
        members["occurred"] = occurred
    if cause is not None:
        members["cause"] = cause
    if correlation is not None:
        members["correlation"] = correlation
    if traceparent is not None:
        members["traceparent"] = traceparent
    return orjson.dumps(members).decode()


@dataclass(frozen=True, slots=True)
class NewEvent:
    """One event to append, as stored. meta, data: JSON text."""

    stream: str
    version: int
    type: str
    meta: str
    data: str

    @classmethod
    def of(cls, stream: str, version: int, event: Event, meta: Meta) -> NewEvent:
        """Return an event at its version in its stream."""
        return cls(stream, version, event.name, meta.json(), data_of(event))


def data_of(event: Event) -> str:
    """Return the JSON text of an event, as it is recorded. Fields that are None are left out.

    Through orjson, so that reading and writing the text again anywhere gives the same bytes.
    """
    return orjson.dumps(orjson.loads(event.model_dump_json(exclude_none=True))).decode()


@dataclass(frozen=True, slots=True)
class KeyUse:
    """A command key stored with a unit. first, count: which of the unit's events its command recorded (first from 0)."""

    subject: str
    key: str
    hash: bytes
    first: int = 0
    count: int = 0


@dataclass(frozen=True, slots=True)
class KeyAnswer:
    """What a command key stands for. positions: of the events then recorded; token: the position it was proven at."""

    hash: bytes
    positions: range
    token: int


@dataclass(slots=True)
class Unit:
    """Events over one or more streams that are appended whole or not at all.

    expected: the version of every stream written or only read, before this unit; 0 for a stream nobody wrote. Events of a
    stream go on from there, version by version.
    claim: register a turn when it loses against another process.
    """

    expected: Mapping[str, int]
    events: Sequence[NewEvent]
    keys: Sequence[KeyUse] = ()
    claim: bool = False
    id: UUID = field(default_factory=uuid7)

    def begins(self, stream: str) -> bool:
        """Return whether it has the first event of a stream."""
        return any(event.version == 1 and event.stream == stream for event in self.events)

    def unimplied(self) -> list[tuple[str, int]]:
        """Return the expected versions that do not follow from the versions of its events: of streams it only reads."""
        opening = {event.stream: event.version - 1 for event in reversed(self.events)}
        return (
            [] if opening == self.expected else [each for each in self.expected.items() if each not in opening.items()]
        )


@dataclass(slots=True)
class Appended:
    """`ok`, or `same` when this very unit was stored before. first: position of its first event; 0 without events."""

    first: int
    token: int
    same: bool = False


@dataclass(frozen=True, slots=True)
class Conflict:
    """A stream is not at its expected version, but at `version`."""

    stream: str
    version: int


@dataclass(frozen=True, slots=True)
class KeyKnown:
    """At least one of the unit's keys is stored already."""


@dataclass(frozen=True, slots=True)
class OtherTurn:
    """Another process registered the next turn on one of the streams."""


Outcome: TypeAlias = Appended | Conflict | KeyKnown | OtherTurn


@dataclass(frozen=True, slots=True)
class Head:
    """How far a log or a replica reaches. log: its id; None for a source never heard of. time: of its last event."""

    position: int
    log: str | None
    time: datetime | None


@dataclass(frozen=True, slots=True)
class Fork:
    """A source's log that differs from the replica. common: the last position at which both are the same. log: its id now."""

    common: int
    log: str
    reason: str


class DataRefused(Exception):
    """The database refuses the data of one unit; nothing of it is stored."""


class Gap(Exception):
    """Events that do not follow on a replica's head; `head` is where it stands."""

    def __init__(self, head: int) -> None:
        super().__init__(f"events do not follow on {head}")
        self.head = head


class Store(Protocol):
    """The log of one service and its replicas of others. Positions are 1, 2, 3 ... without gaps, times never go back.

    registry: what its events are read with.
    """

    service: str
    registry: Registry

    @property
    def trouble(self) -> str | None:
        """Why nothing can be appended; None while all is well."""
        ...

    @property
    def waiting(self) -> int:
        """How many units wait to be appended."""
        ...

    async def append(self, unit: Unit) -> Outcome:
        """Append a unit. Raises Busy when the queue is full, DataRefused when the database refuses its data."""
        ...

    async def read(self, source: str, after: int, limit: int) -> list[Recorded]:
        """Return the events of the own log or a replica from the position after `after` on, in order.

        At most `limit`; fewer, but one at least, when they have READ_BYTES.
        """
        ...

    async def at(self, positions: Sequence[int]) -> list[Recorded]:
        """Return the events at these positions of the own log, in order."""
        ...

    async def tails(self, after: Mapping[str, int]) -> dict[str, list[Recorded]]:
        """Return for each stream of the own log its events beyond a version, in one snapshot."""
        ...

    async def known(self, source: str, streams: Sequence[str]) -> set[str]:
        """Return those streams of another log that its replica holds."""
        ...

    async def taken_in(self, names: Sequence[tuple[str, int]]) -> list[Recorded]:
        """Return those events, named by source and position, that replicas hold, in any order."""
        ...

    async def streams(self, source: str, names: Sequence[str], until: int) -> dict[str, list[Recorded]]:
        """Return the events of streams of a replica up to a position, whole: for those of which each has few."""
        ...

    async def of_stream(self, source: str, stream: str, after: int, limit: int) -> list[Recorded]:
        """Return the events of a stream of the own log or a replica from the version after `after` on, in order.

        At most `limit`; fewer, but one at least, when they have READ_BYTES.
        """
        ...

    async def head(self, source: str) -> Head:
        """Return how far the own log or a replica reaches."""
        ...

    async def position_before(self, source: str, moment: datetime) -> int:
        """Return the last position whose time is before `moment`; 0 when there is none."""
        ...

    async def first_of(self, kind: str, after: int, until: int) -> int | None:
        """Return the first position after `after`, up to `until`, of an event of a type of the own log; None without one.

        kind: "jar-filled.v1", or without its version for all of them.
        """
        ...

    async def keys(self, names: Collection[tuple[str, str]]) -> dict[tuple[str, str], KeyAnswer]:
        """Return what those command keys stand for that are stored. names: subject and key."""
        ...

    async def replicate(self, log: str, events: Sequence[Recorded], offset: int | None = None) -> int:
        """Extend the replica of the events' source and return its head; events it has are compared and dropped.

        offset: of the record behind them in a topic, which is kept in the same transaction.
        Raises Forked when they differ or the log is another, Gap when they do not follow on the head
        and each other.
        """
        ...

    async def offset(self, source: str) -> int | None:
        """Return where a source's topic goes on behind the replica's head; None when that is not known."""
        ...

    async def wait(self, source: str, after: int, timeout_seconds: float) -> bool:
        """Wait until the own log or a replica reaches beyond `after`; False when the time is over."""
        ...

    async def note_fork(self, source: str, fork: Fork | None) -> None:
        """Keep where a source's log differs from its replica, for all processes to tell; None: it does not any more."""
        ...
