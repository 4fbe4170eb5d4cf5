"""The read model of levels, followed in a database of jars: what its tests record and look at."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace

from regesta.checkpoint import enter, read_all
from regesta.command import Command
from regesta.database import Connection as Db
from regesta.event import Event, Recorded
from regesta.follower import Follower
from regesta.projection import Fact, Projection
from regesta.reaction import Here
from regesta.store import PostgresStore
from regesta.suites import META
from regesta.unit import Appended, NewEvent, Unit
from tests.regesta.jars import PROJECTION, REACTION, JarFilled, project_levels

ROWS = "SELECT jar, amount, labels, from_position, to_position FROM levels ORDER BY jar, from_position"


async def followed(store: PostgresStore, *projections: Projection) -> Follower:
    follower = Follower(store, store.pool, "jars", projections or (PROJECTION,))
    await follower.open()
    return follower


async def record(store: PostgresStore, jar: str, kind: str, data: str) -> int:
    """Append one event to a jar; return its position."""
    return await record_all(store, jar, [(kind, data)])


async def fill(store: PostgresStore, jar: str, *amounts: int) -> int:
    """Append fills to a jar; return the position of the first."""
    return await record_all(store, jar, [(JarFilled.name, f'{{"ref":"r","amount":{amount}}}') for amount in amounts])


async def record_all(store: PostgresStore, jar: str, facts: Iterable[tuple[str, str]]) -> int:
    """Append events, each a type and its data, to a jar in one unit; return the position of the first."""
    stream = f"jar/{jar}"
    tail = (await store.tails({stream: 0}))[stream]
    version = len(tail)
    events = [NewEvent(stream, version + n, kind, META, data) for n, (kind, data) in enumerate(facts, start=1)]
    outcome = await store.append(Unit({stream: version}, events))
    assert isinstance(outcome, Appended)
    return outcome.first


async def rows(store: PostgresStore) -> list[tuple[object, ...]]:
    """Return the rows of the live build."""
    async with store.pool.acquire() as db, db.transaction():
        await enter(db, [PROJECTION])
        return [tuple(row) for row in await db.fetch(ROWS)]


async def positions(store: PostgresStore) -> dict[str, int]:
    return {each.projection: each.position for each in await read_all(store.pool)}


async def emptied(follower: Follower, store: PostgresStore) -> None:
    """Begin anew with the read model of levels, as no running service does."""
    async with store.pool.acquire() as db, db.transaction():
        await enter(db, [PROJECTION])
        await db.execute("DELETE FROM levels; DELETE FROM projections.parked")
        await db.execute("UPDATE projections.checkpoints SET position = 0, parked = 0")
    await follower.open()


def poisoned(fault: Callable[[], Awaitable[object] | None], amount: int = 13) -> Projection:
    """Return the projection of levels, of which `fault` is called when it folds a fill of this amount."""

    async def project(db: Db, facts: Sequence[Fact]) -> None:
        if any(isinstance(event, JarFilled) and event.amount == amount for _, event in facts):
            waiting = fault()
            if waiting is not None:
                await waiting
        await project_levels(db, facts)

    return replace(PROJECTION, project=project)


def fault_of_ours() -> None:
    raise ZeroDivisionError("a fault of ours")


# Cannot fold a fill of 13.
POISONED = poisoned(fault_of_ours)


async def stick(_here: Here, _recorded: Recorded, event: Event) -> Sequence[Command]:
    """Do nothing, or fail at a fill of 13."""
    if isinstance(event, JarFilled) and event.amount == 13:
        fault_of_ours()
    return []


# Cannot react to a fill of 13.
STUCK = replace(REACTION, react=stick)
