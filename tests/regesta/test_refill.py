"""A replica that is emptied comes again from its source, with the same rows, and nothing is done twice."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest

from regesta import bus
from regesta import rebuild as rebuilds
from regesta.cloudevents import digest
from regesta.errors import Forked, SourceUnreachable
from regesta.refill import refill
from regesta.source import FeedClient
from regesta.suites import raised
from tests.conftest import Database, FreshDatabase, execute
from tests.regesta import jars
from tests.regesta.serving import Issuer, Served, client, served, settings_of, until
from tests.regesta.test_adoption import SHELVES, caught_up, following, migrated

LEVELS = "SELECT * FROM levels_v1.levels ORDER BY jar, from_position"
REACTIONS = "SELECT schema, position FROM projections.checkpoints WHERE schema LIKE 'reaction:%' ORDER BY 1"

# The day, three fills, and the label that the source itself gives a large one.
RECORDED = 5


@dataclass
class Taken:
    """A service that has taken in and folded a log of jars, and reacted to it. origin: that log's feed."""

    source: Served
    consumer: Served
    origin: FeedClient
    source_database: Database
    database: Database

    async def refill(self) -> int:
        return await refill(self.consumer.runtime.store, self.consumer.runtime.pool, "jars", self.origin)

    async def read(self, query: str) -> list[tuple[object, ...]]:
        return [tuple(row) for row in await self.consumer.runtime.pool.fetch(query)]

    async def held(self) -> list[str]:
        return [digest(event) for event in await self.consumer.runtime.store.read("jars", 0, 999)]

    async def own(self) -> list[str]:
        return [event.name for event in await self.consumer.runtime.store.read("labels", 0, 999)]

    async def has_reacted(self) -> bool:
        return all(position == RECORDED for _, position in await self.read(REACTIONS))


@pytest.fixture
async def taken(
    reused_database: FreshDatabase, fresh_database: FreshDatabase, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Taken]:
    monkeypatch.setattr(bus, "POLL_SECONDS", 0.2)  # so soon an intake that waits finds its replica empty
    mine, theirs = await reused_database("jars"), await migrated(await fresh_database("labels"))
    async with (
        served(jars.SERVICE, settings_of(mine, issuer), issuer) as source,
        client(source) as user,
        following(source, theirs, issuer) as consumer,
    ):
        for number, amount in enumerate((10, 950, 20)):
            assert (await user.put(f"/jars/jar{number}/fills/r", json={"amount": amount})).status_code == 201
        origin = FeedClient(user, source.url, issuer.token("events:read"), jars.REGISTRY)
        found = Taken(source, consumer, origin, mine, theirs)
        await until(found.has_reacted, 10)
        await caught_up(source, consumer)
        yield found


async def test_all_is_as_it_was_while_the_service_runs(taken: Taken) -> None:
    held, own, rows, reactions = (
        await taken.held(),
        await taken.own(),
        await taken.read(LEVELS),
        await taken.read(REACTIONS),
    )
    assert rows
    assert reactions
    assert any(event.cause for event in await taken.consumer.runtime.store.read("labels", 0, 999))
    await execute(
        taken.database.admin_dsn, "DELETE FROM log.keys"
    )  # by which a reaction that runs again would do nothing
    assert await taken.refill() == len(held)

    async def as_it_was() -> bool:
        return (await taken.held(), await taken.read(LEVELS)) == (held, rows)

    await until(as_it_was, 10)
    # Nothing was reacted to again, and what comes now is.
    assert (await taken.own(), await taken.read(REACTIONS)) == (own, reactions)
    async with client(taken.source) as user:
        await user.put("/jars/later/fills/r", json={"amount": 960})

    async def labelled() -> bool:
        return len(await taken.own()) == len(own) + 1

    await until(labelled, 10)


async def test_what_was_left_out_stays_so_and_a_rebuild_is_given_up(taken: Taken) -> None:
    pool = taken.consumer.runtime.pool
    await pool.execute("INSERT INTO projections.dropped SELECT 'levels', 'jars', 1, 3, 'jar/x', '', '', ''")
    await pool.execute("INSERT INTO projections.unknown_types VALUES ('jars', 'gone.v1', 3), ('shelves', 'kept.v1', 3)")
    await pool.execute(
        "INSERT INTO projections.parked (schema, stream, version, position, error) VALUES ('levels_v1', 'jar/x', 1, 3, '')"
    )
    # One that differs waits for somebody who accepts it.
    await pool.execute("UPDATE levels_v1.levels SET amount = amount + 1")
    await rebuilds.ask(pool, SHELVES.projections[0], "operator")

    async def differs() -> bool:
        return [each.state for each in await rebuilds.newest(pool)] == ["differs"]

    await until(differs, 10)
    await taken.refill()
    assert [each.state for each in await rebuilds.newest(pool)] == ["given up"]
    assert await taken.read("SELECT position FROM projections.dropped") == [(3,)]
    assert await taken.read("SELECT stream FROM projections.parked") == []
    assert await taken.read("SELECT type FROM projections.unknown_types") == [("kept.v1",)]


async def test_nothing_is_emptied_unless_the_source_holds_all_of_it(taken: Taken) -> None:
    held, rows = await taken.held(), await taken.read(LEVELS)
    await execute(
        taken.source_database.admin_dsn,
        "DELETE FROM log.events WHERE position = (SELECT max(position) FROM log.events)",
    )
    await raised(Forked, taken.refill())
    async with client(taken.source) as user:
        nowhere = FeedClient(user, "http://127.0.0.1:9/jars/v1", "", jars.REGISTRY)
        await raised(SourceUnreachable, replace(taken, origin=nowhere).refill())
    assert (await taken.held(), await taken.read(LEVELS)) == (held, rows)
