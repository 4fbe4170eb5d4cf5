"""Whatever is appended, retried, lost on the way or interrupted by a restart, the store equals a plain list of what was acknowledged."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import asyncpg
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from regesta.store import PostgresStore
from regesta.suites import new_event, new_key, new_unit
from regesta.testing import MemoryStore
from regesta.unit import Appended, Conflict, KeyKnown, NewEvent, Outcome, Store, Unit
from tests.conftest import Database
from tests.regesta.conftest import EMPTY, Reused
from tests.regesta.jars import REGISTRY

STREAMS = st.sampled_from(["a/1", "b/1", "c/1"])
KEYS = st.none() | st.sampled_from(["k1", "k2", "k3", "k4"])


class World(Protocol):
    """Where the store under test lives."""

    async def begin(self) -> Store:
        """Return an open store on an empty log."""
        ...

    async def restart(self) -> Store:
        """Close the store and open it again, as another process would."""
        ...

    async def lose(self, unit: Unit) -> Outcome:
        """Append while the connection is lost: the answer of the first attempt does not arrive."""
        ...

    async def end(self) -> None:
        """Close the store."""
        ...


class Memory:
    """A store in memory: what it holds is its database, so a restart keeps it."""

    async def begin(self) -> Store:
        self._store = MemoryStore("jars", REGISTRY)
        return self._store

    async def restart(self) -> Store:
        return self._store

    async def lose(self, unit: Unit) -> Outcome:
        await self._store.append(unit)
        return await self._store.append(unit)

    async def end(self) -> None:
        pass


class Postgres:
    """A store on a database whose administrator empties it and ends its connections."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self) -> Store:
        self._admin = await asyncpg.connect(self._database.admin_dsn)
        await self._admin.execute(EMPTY)
        return await self._open()

    async def restart(self) -> Store:
        await self._store.__aexit__(None, None, None)
        return await self._open()

    async def lose(self, unit: Unit) -> Outcome:
        appending = asyncio.create_task(self._store.append(unit))
        await asyncio.sleep(0)
        # Before, during or after the statement, as it comes.
        await self._admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND query LIKE '%log.append%'"
            " AND pid <> pg_backend_pid()", self._database.name
        )  # fmt: skip
        return await asyncio.wait_for(appending, 10)

    async def end(self) -> None:
        await self._store.__aexit__(None, None, None)
        await self._admin.close()

    async def _open(self) -> Store:
        self._store = PostgresStore("jars", self._database.dsn, REGISTRY, pool_size=2)
        await self._store.__aenter__()
        return self._store


@dataclass
class Model:
    """What must be stored: events as (stream, version, data), positions by key, the first position by unit."""

    events: list[tuple[str, int, str]] = field(default_factory=list)
    keys: dict[str, list[int]] = field(default_factory=dict)
    units: list[tuple[Unit, int]] = field(default_factory=list)

    def version(self, stream: str) -> int:
        return sum(name == stream for name, _, _ in self.events)

    def outcome(self, unit: Unit) -> Outcome:
        """Return what a unit that was never sent must be answered, and store it where that is ok."""
        if any(use.key in self.keys for use in unit.keys):
            return KeyKnown()
        for stream, expected in unit.expected.items():
            if self.version(stream) != expected:
                return Conflict(stream, self.version(stream))
        before = len(self.events)
        self.events += [(event.stream, event.version, event.data) for event in unit.events]
        for use in unit.keys:
            self.keys[use.key] = list(range(before + 1, before + 1 + use.count))
        first = before + 1 if unit.events else 0
        if unit.events or unit.keys:
            self.units.append((unit, first))
        return Appended(first, len(self.events))


class StoreMachine(RuleBasedStateMachine):
    """The steps; `world` gives the store."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        self.model = Model()
        self.runner = asyncio.Runner()

    @initialize()
    def begin(self) -> None:
        self.store = self.runner.run(self.world.begin())

    def unit(self, written: list[str], read: str, key: str | None) -> Unit:
        """Return a unit with the right expectations."""
        versions = {stream: self.model.version(stream) for stream in written}
        events: list[NewEvent] = []
        for stream in written:
            versions[stream] += 1
            events.append(new_event(stream, versions[stream], f'{{"n":{len(self.model.events) + len(events)}}}'))
        keys = [new_key(key, 0, len(events))] if key else []
        return new_unit(*events, reads={read: self.model.version(read)}, keys=keys)

    @rule(written=st.lists(STREAMS, max_size=4), read=STREAMS, key=KEYS)
    def append(self, written: list[str], read: str, key: str | None) -> None:
        unit = self.unit(written, read, key)
        assert self.runner.run(self.store.append(unit)) == self.model.outcome(unit)

    @rule(stream=STREAMS, read=STREAMS, off=st.sampled_from([-1, 1]))
    def append_on_a_stale_state(self, stream: str, read: str, off: int) -> None:
        unit = self.unit([stream], read, None)
        stale = Unit({**unit.expected, read: self.model.version(read) + off}, unit.events)
        assert self.runner.run(self.store.append(stale)) == Conflict(read, self.model.version(read))

    @precondition(lambda self: self.model.units)
    @rule(data=st.data())
    def retry(self, data: st.DataObject) -> None:
        unit, first = data.draw(st.sampled_from(self.model.units))
        outcome = self.runner.run(self.store.append(unit))
        assert isinstance(outcome, Appended)
        assert (outcome.first, outcome.same) == (first, True)

    @rule(written=st.lists(STREAMS, min_size=1, max_size=3), key=KEYS)
    def lose_the_answer(self, written: list[str], key: str | None) -> None:
        unit = self.unit(written, written[0], key)
        outcome = self.runner.run(self.world.lose(unit))
        expected = self.model.outcome(unit)
        if isinstance(expected, Appended):
            assert isinstance(outcome, Appended)
            assert outcome.first == expected.first
        else:
            assert outcome == expected

    @rule(after=st.integers(0, 8), limit=st.integers(1, 5))
    def read(self, after: int, limit: int) -> None:
        events = self.runner.run(self.store.read("jars", after, limit))
        expected = self.model.events[after : after + limit]
        assert [(e.stream, e.version, e.raw) for e in events] == expected
        assert [e.position for e in events] == list(range(after + 1, after + 1 + len(expected)))

    @rule()
    def restart(self) -> None:
        self.store = self.runner.run(self.world.restart())

    @invariant()
    def stands_as_acknowledged(self) -> None:
        async def check() -> None:
            assert (await self.store.head("jars")).position == len(self.model.events)
            events = await self.store.read("jars", 0, 1_000)
            assert [(e.stream, e.version, e.raw) for e in events] == self.model.events
            times = [event.time for event in events]
            assert times == sorted(times)
            known = await self.store.keys([("officer", name) for name in ("k1", "k2", "k3", "k4")])
            assert {name: list(answer.positions) for (_, name), answer in known.items()} == self.model.keys

        if hasattr(self, "store"):
            self.runner.run(check())

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.runner.run(self.world.end())
        self.runner.close()


def run(make_world: Callable[[], World], examples: int, steps: int) -> None:
    class Machine(StoreMachine):
        def __init__(self) -> None:
            super().__init__(make_world())

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_memory_store() -> None:
    run(Memory, 60, 25)


def test_postgres_store(reused: Reused) -> None:
    database = asyncio.run(reused.take("jars"))
    run(lambda: Postgres(database), 8, 20)
    reused.give_back("jars", database)
