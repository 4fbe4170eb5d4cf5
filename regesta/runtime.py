"""A service as data, and the service as it runs in a process."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import asyncpg
from fastapi import APIRouter, Request

from regesta.admission import Rooms
from regesta.auth import Verifier
from regesta.beside import Beside
from regesta.blanks import Blanks
from regesta.bus import Intake
from regesta.command import AnyAggregate, AnyRule, Command
from regesta.decider import Decider
from regesta.errors import Busy
from regesta.event import Event
from regesta.follower import Follower
from regesta.parked import ParkedStreams
from regesta.projection import Projection
from regesta.reaction import Reacting, Reaction
from regesta.readers import Readers
from regesta.reasons import Reason
from regesta.rebuilder import Rebuilder
from regesta.recovery import Guard, Recovery
from regesta.reference import References
from regesta.relay import Relay
from regesta.remarks import Remarks
from regesta.shared import Shared
from regesta.unit import Store


@dataclass(frozen=True, slots=True)
class CommandRoute:
    """An address for one command. The names in `path` are fields of the command; the others come in the body."""

    method: str
    path: str
    command: type[Command]


@dataclass(frozen=True, slots=True)
class Service:
    """What a service is: built once in its app.py.

    events: its own contract. sources: the contracts of the logs it takes in. aggregates, rules: its domain; elsewhere: how streams
    of other services are folded that it decides on too; routes: where
    each command is addressed. routers: its reads. migrations: the folder of its own SQL files.
    """

    name: str
    title: str
    events: tuple[type[Event], ...]
    migrations: Path
    sources: Mapping[str, tuple[type[Event], ...]] = field(default_factory=dict)
    aggregates: tuple[AnyAggregate, ...] = ()
    elsewhere: tuple[AnyAggregate, ...] = ()
    rules: tuple[AnyRule, ...] = ()
    routes: tuple[CommandRoute, ...] = ()
    routers: tuple[APIRouter, ...] = ()
    projections: tuple[Projection, ...] = ()
    reactions: tuple[Reaction, ...] = ()

    @property
    def prefix(self) -> str:
        """Where it is served, in every deployment."""
        return f"/{self.name}/v1"

    def commands(self) -> dict[str, type[Command]]:
        """Return its commands by name."""
        return {rule.command.name: rule.command for rule in self.rules}


@dataclass(slots=True)
class Runtime:
    """The running parts of a service in this process.

    tasks, store_tasks: what runs until the service stops, so that one which ended is a fault; ended: one has. stopping: the
    server was told to exit. relay: only over a broker. remarks: on topics. beside: the other processes. found: in the database, of what
    stands still.
    """

    service: Service
    store: Store
    pool: asyncpg.Pool
    verifier: Verifier
    readers: Readers
    decider: Decider
    references: References
    followers: Mapping[str, Follower]
    intakes: Sequence[Intake]
    reactings: Sequence[Reacting]
    rebuilder: Rebuilder
    guard: Guard
    recovery: Recovery
    parked: ParkedStreams
    relay: Relay | None
    remarks: Sequence[Remarks]
    beside: Beside
    lag_limit_events: int
    rooms: Rooms
    blanks: Blanks
    found: Shared[list[Reason]]
    store_tasks: Sequence[asyncio.Task[None]]
    stopping: bool = False
    tasks: list[asyncio.Task[None]] = field(default_factory=list)
    ended: asyncio.Event = field(default_factory=asyncio.Event)


def runtime_of(request: Request) -> Runtime:
    """Return the running service that a request came to. Raises Busy while it waits for its database (see Starting)."""
    try:
        return cast(Runtime, request.app.state.runtime)
    except AttributeError as error:
        raise Busy("the service waits for its database") from error


def waits_of(request: Request) -> Reason | None:
    """Return why the service that a request came to does not run yet; None once it does."""
    return cast(Reason | None, request.app.state.starting.waits)
