"""Projections: what turns the facts of one log into the rows of a read model."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from regesta.database import Connection as Db
from regesta.event import Event, Recorded, types_of
from regesta.unit import data_of

# A recorded event with the type and data of its newest class, and the event of that class.
Fact: TypeAlias = tuple[Recorded, Event]


class Folding(Protocol):
    """What takes in one log in order, each stream by itself: a read model, or a reaction."""

    @property
    def name(self) -> str:
        """Unique in the service."""

    @property
    def source(self) -> str:
        """The log that it follows."""

    @property
    def version(self) -> int:
        """Of its meaning."""

    @property
    def schema(self) -> str:
        """Of the tables of its first build; of a reaction only a name."""

    @property
    def events(self) -> tuple[type[Event], ...]:
        """The newest classes that it takes in, with whatever these replace."""

    async def prepare(self, events: Iterable[Recorded]) -> None:
        """Do beforehand, of some events that are folded next, what takes too long for a transaction; again at each try."""

    async def fold(self, db: Db, events: Iterable[Recorded], known: dict[int, Fact | None]) -> int:
        """Take in what it follows of some events, in order; return how many. known: facts by position, read once for all."""
        ...


@dataclass(frozen=True, slots=True)
class Projection:
    """A read model fed by one log.

    name: of the read model, unique in the service. version: raised when its meaning changes or it learns an event type; a
    migration then makes a schema of that version, which is filled beside the older one. events: the newest classes that it
    folds, with whatever these replace; others are skipped. tables: without a schema, each name once in a service. project:
    applies (recorded, event) pairs in position order, each exactly once, to these tables and no others; any batching must
    give the same rows.
    """

    name: str
    source: str
    version: int
    events: tuple[type[Event], ...]
    tables: tuple[str, ...]
    project: Callable[[Db, Sequence[Fact]], Awaitable[None]]

    @property
    def schema(self) -> str:
        """The schema that a migration makes for this version; builds are made like it."""
        return f"{self.name.replace('-', '_')}_v{self.version}"

    async def prepare(self, events: Iterable[Recorded]) -> None:
        """Do nothing: folding is short."""

    async def fold(self, db: Db, events: Iterable[Recorded], known: dict[int, Fact | None]) -> int:
        """Fold what it follows of some events into its tables, which SQL finds by their bare names (see Folding)."""
        types, facts = types_of(self.events), []
        for recorded in events:
            if recorded.type not in types:
                continue
            if recorded.position not in known:
                known[recorded.position] = newest(recorded)
            fact = known[recorded.position]
            if fact is not None and isinstance(fact[1], self.events):
                facts.append(fact)
        if facts:
            await self.project(db, facts)
        return len(facts)


@dataclass(frozen=True, slots=True)
class Build:
    """One set of the tables of a read model, in a schema of its own; a reaction has one, without tables.

    epoch: as its checkpoint said before events for it were read; it folds none when some were given up since.
    """

    projection: Folding
    schema: str
    epoch: int


def newest(recorded: Recorded) -> Fact | None:
    """Return a recorded event as a fact of its newest class; None for a type this release does not know.

    So a row made of an older version is the one that the newest would have made. Raises what reading the event raises.
    """
    event = recorded.event
    if event is None or event.name == recorded.type:
        return None if event is None else (recorded, event)
    return recorded._replace(type=event.name, raw=data_of(event)), event


def search_path(schemas: Sequence[str]) -> str:
    """Return the setting with which SQL finds tables of these schemas by their bare names."""
    return ", ".join(f'"{schema}"' for schema in schemas)
