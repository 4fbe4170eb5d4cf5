"""The letter of a large note over a long history, beside the same queries with orjson, and as of a past cut."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TypeAlias

import asyncpg
import orjson
from asyncpg.connection import LoggedQuery

from cli.demo_services import SAMPLE, STORY
from cli.importing.run import import_facts
from cli.story import read_story, tell
from cli.welcome import NOTE
from regesta.checkpoint import enter
from regesta.database import Connection as Db
from regesta.follower import Follower
from regesta.main import registry_of
from regesta.store import PostgresStore
from regesta.view import View
from services.reporting.app import SERVICE
from services.reporting.gathering import read_letter
from services.reporting.writing import canonical
from tests.bench.ground import Ground, seen
from tests.bench.growing import grow
from tests.bench.rows import Figures, Row, at_most
from tests.bench.serving import Everything, everything
from tests.conftest import Database, execute

OBJECTIVES = 2_000
EVENTS = 1_000_000
YEAR = 2024
ARRIVE_SECONDS = 60
HEADS = "SELECT source, position FROM projections.checkpoints"
FOLDED = "SELECT bool_and(c.position = s.head) FROM projections.checkpoints AS c JOIN log.sources AS s USING (source)"
SAMPLE_ROWS = """
SELECT source, position, stream, version, type, time, meta::text, data::text FROM log.replicas ORDER BY source, position
"""

Query: TypeAlias = tuple[str, Sequence[object]]


async def rows(ground: Ground) -> AsyncIterator[Row]:
    """Yield the rows of the letter."""
    async with everything(ground) as running:
        sample = await imported(running)
        async with opened(running.databases["reporting"]) as store:
            small, sample_queries = await assembled(store, await heads(store))
    objectives, events = ground.size(OBJECTIVES, 50), ground.size(EVENTS, 3_000)
    async with ground.database("reporting") as database:
        grown = await grow(database, sample, objectives, events)
        async with opened(database) as store:
            ground.say(f"folding {events:,} events")
            folded = await fold(store)
            await execute(database.admin_dsn, "VACUUM ANALYZE")
            _, queries = await assembled(store, grown.heads)
            trials = await ground.trials({
                "now": lambda: timed(store, grown.heads),
                "past": lambda: timed(store, grown.past),
                "by hand": lambda: by_hand(store, queries),
            })  # fmt: skip
    name = f"letter of {grown.objectives:,} objectives over {events:,} events"
    statements, of_sample = seen(len(queries)), seen(len(sample_queries))
    yield Row(f"{name}: statements", statements, "", "letter of the sample", of_sample, at_most(1), events)
    now, hand = trials.of("now", "ms"), trials.of("by hand", "ms")
    yield Row(name, now, "ms", "the same queries with orjson", hand, at_most(2), events)
    yield Row(f"{name}, past cut", trials.of("past", "ms"), "ms", "the current one", now, at_most(1.2), events)
    yield Row(f"{name}: size", trials.of("now", "MB"), "MB", "letter of the sample", seen(len(small) / 1e6))
    yield Row(f"{name}: folding its read models", seen(events / folded), "events/s")


async def imported(running: Everything) -> list[asyncpg.Record]:
    """Import the sample with its story; return the events as reporting holds them."""
    url, token = running.server.url, running.token
    await import_facts(SAMPLE, url, token, note=NOTE, progress=_quiet)
    await tell(read_story(STORY), url, token, progress=_quiet)
    connection = await asyncpg.connect(running.databases["reporting"].admin_dsn)
    try:
        # Nothing is recorded any more: what has not come a second later is not under way.
        async with asyncio.timeout(ARRIVE_SECONDS):
            await asyncio.sleep(1)
            while not await connection.fetchval(FOLDED):  # noqa: ASYNC110 - it is asked of a database
                await asyncio.sleep(0.05)
        return await connection.fetch(SAMPLE_ROWS)
    finally:
        await connection.close()


@asynccontextmanager
async def opened(database: Database) -> AsyncIterator[PostgresStore]:
    """Give reporting's store, with its pool."""
    async with PostgresStore("reporting", database.dsn, registry_of(SERVICE)) as store:
        yield store


@asynccontextmanager
async def reading(store: PostgresStore) -> AsyncIterator[Db]:
    """Give a connection as a request has it (regesta.view): one state of the database, in the live read models."""
    async with store.pool.acquire() as db, db.transaction(isolation="repeatable_read", readonly=True):
        await enter(db, SERVICE.projections)
        yield db


async def heads(store: PostgresStore) -> dict[str, int]:
    """Return how far reporting has folded each log."""
    return {row["source"]: row["position"] for row in await store.pool.fetch(HEADS)}


async def fold(store: PostgresStore) -> float:
    """Fold all logs into reporting's read models; return the seconds it took."""
    began = time.perf_counter()
    for source in SERVICE.sources:
        mine = [projection for projection in SERVICE.projections if projection.source == source]
        follower = Follower(store, store.pool, source, mine)
        await follower.open()
        await follower.catch_up()
        assert not follower.parked, follower.parked
    return time.perf_counter() - began


async def assembled(store: PostgresStore, cut: Mapping[str, int]) -> tuple[bytes, list[Query]]:
    """Return the letter's JSON as of a cut, and the queries it was made with; what asyncpg asks first is not among them."""
    await timed(store, cut)
    queries: list[Query] = []

    def note(logged: LoggedQuery) -> None:
        if logged.args:
            queries.append((logged.query, logged.args))

    async with reading(store) as db:
        with db.query_logger(note):
            letter = await read_letter(View(db, cut, ()), NOTE, YEAR)
            await asyncio.sleep(0)  # the logger is called by the loop
    return canonical(letter), queries


async def timed(store: PostgresStore, cut: Mapping[str, int]) -> Figures:
    """Return what the letter as of a cut takes."""
    began = time.perf_counter()
    async with reading(store) as db:
        document = canonical(await read_letter(View(db, cut, ()), NOTE, YEAR))
    return {"ms": (time.perf_counter() - began) * 1e3, "MB": len(document) / 1e6}


async def by_hand(store: PostgresStore, queries: Sequence[Query]) -> Figures:
    """Ask the same and write all rows as JSON, with nothing in between but reading each fact."""
    began = time.perf_counter()
    answers: list[list[list[object]]] = []
    async with reading(store) as db:
        for query, arguments in queries:
            answers.append([_read(row) for row in await db.fetch(query, *arguments)])
    document = orjson.dumps(answers, default=str)
    return {"ms": (time.perf_counter() - began) * 1e3, "MB": len(document) / 1e6}


def _read(row: asyncpg.Record) -> list[object]:
    *cells, last = row
    return [*cells, orjson.loads(last) if isinstance(last, str) and last.startswith("{") else last]


def _quiet(_done: int, _total: int) -> None:
    """Show nothing."""
