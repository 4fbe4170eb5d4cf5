"""A process is ready when nothing stands still, and else says what does and what to do."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TypeAlias

import asyncpg
import httpx2
import pytest

from regesta import health
from regesta.command import Command
from regesta.errors import NotYet
from regesta.event import Event, Recorded
from regesta.main import running
from regesta.reaction import Here
from regesta.reasons import Cause, Level
from regesta.store import PostgresStore
from tests.conftest import Database, FreshDatabase
from tests.regesta.jars import EVENTS, PROJECTION, REACTION, SERVICE
from tests.regesta.levels import record, record_all
from tests.regesta.serving import Issuer, Served, client, migrated, publishing, served, settings_of, taking_in, until

Found: TypeAlias = list[tuple[Cause, str]]

NOWHERE = "http://127.0.0.1:9"
# What log.append locks: who holds it lets no unit in.
APPENDING = 7234017283807667300
SECOND_VERSION = """
CREATE SCHEMA levels_v2;
CREATE TABLE levels_v2.levels (LIKE levels_v1.levels INCLUDING ALL);
GRANT USAGE ON SCHEMA levels_v2 TO jars;
GRANT SELECT, INSERT, UPDATE, DELETE ON levels_v2.levels TO jars;
"""
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
HOUR_AHEAD = "UPDATE log.events SET time = time + interval '1 hour'"


async def ready(here: Served) -> tuple[int, str, Found]:
    """Return status code, status and reasons, asked for without a token."""
    async with httpx2.AsyncClient(base_url=here.url) as anyone:
        answer = await anyone.get("/readyz")
    causes = {cause.code: cause for cause in Cause}
    reasons = answer.json()["reasons"]
    assert [each["action"] for each in reasons] == [causes[each["name"]].value.action for each in reasons]
    found = [(causes[each["name"]], each["detail"]) for each in reasons]
    return answer.status_code, answer.json()["status"], found


async def only(here: Served, cause: Cause) -> str:
    """Wait until this is the one cause, with its status; return what is said."""

    async def found() -> bool:
        return {each for each, _ in (await ready(here))[2]} == {cause}

    await until(found)
    code, status, ((_, said), *_) = await ready(here)
    level = cause.value.level
    assert (code, status) == (503 if level is Level.NOT_READY else 200, level.value)
    return said


async def well(here: Served) -> None:
    """Wait until nothing stands still any more."""

    async def found() -> bool:
        return await ready(here) == (200, "ok", [])

    await until(found, 15)


async def filled(user: httpx2.AsyncClient, jar: str, ref: str) -> int:
    """Put a coin into a jar; return the status code."""
    return (await user.put(f"/jars/{jar}/fills/{ref}", json={"amount": 1})).status_code


@asynccontextmanager
async def administering(database: Database) -> AsyncIterator[asyncpg.Connection]:
    admin = await asyncpg.connect(database.admin_dsn)
    try:
        yield admin
    finally:
        await admin.close()


@pytest.fixture
async def database(fresh_database: FreshDatabase) -> Database:
    """Return a database that a test may spoil."""
    return await migrated(await fresh_database("jars"))


async def test_health_needs_no_token(jars_service: Served) -> None:
    async with httpx2.AsyncClient(base_url=jars_service.url) as anyone:
        assert (await anyone.get("/livez")).json() == {"status": "ok"}
    assert await ready(jars_service) == (200, "ok", [])


async def test_a_read_model_without_its_table(database: Database, issuer: Issuer) -> None:
    async with (
        administering(database) as admin,
        served(SERVICE, settings_of(database, issuer), issuer) as here,
        client(here) as user,
    ):
        await admin.execute("ALTER TABLE levels_v1.levels RENAME TO gone")
        assert await filled(user, "a", "r") == 201
        said = await only(here, Cause.PROJECTION_STOPPED)
        assert said == 'projections of jars: UndefinedTableError: relation "levels" does not exist'
        assert (await user.get("/livez")).status_code == 200
        await admin.execute("ALTER TABLE levels_v1.gone RENAME TO levels")
        await well(here)


async def test_a_log_that_may_not_be_written(database: Database, issuer: Issuer) -> None:
    async with (
        administering(database) as admin,
        served(SERVICE, settings_of(database, issuer), issuer) as here,
        client(here) as user,
    ):
        await admin.execute("REVOKE EXECUTE ON FUNCTION log.append FROM jars")
        assert await filled(user, "a", "r") == 503
        assert "permission denied for function append" in await only(here, Cause.WRITER_REFUSED)
        await admin.execute("GRANT EXECUTE ON FUNCTION log.append TO jars")
        assert await filled(user, "a", "r") == 201
        await well(here)


async def test_a_task_that_died(jars_service: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    async def die() -> None:
        raise PermissionError("no right to append")

    dead = asyncio.create_task(die(), name="writer")
    await asyncio.wait([dead])
    monkeypatch.setattr(jars_service.runtime, "store_tasks", [*jars_service.runtime.store_tasks, dead])
    assert await only(jars_service, Cause.TASK_ENDED) == "task 'writer' ended: PermissionError: no right to append"


@pytest.mark.parametrize(
    ("error", "cause", "detail"),
    [
        (NotYet("no answer"), Cause.REACTION_STOPPED, "reaction:stick-full:jars: NotYet: no answer"),
        (
            KeyError("a fault"),
            Cause.PARKED,
            "reaction:stick-full:jars: 1 parked stream, see `regesta park list jars`",
        ),
    ],
)
async def test_a_reaction_that_fails(
    reused_database: FreshDatabase, issuer: Issuer, error: Exception, cause: Cause, detail: str
) -> None:
    async def fail(_here: Here, _recorded: Recorded, _event: Event) -> Sequence[Command]:
        raise error

    failing = replace(SERVICE, reactions=(replace(REACTION, react=fail),))
    settings = settings_of(await reused_database("jars"), issuer)
    async with served(failing, settings, issuer) as here, client(here) as user:
        assert await filled(user, "a", "r") == 201
        assert await only(here, cause) == detail


async def test_a_rebuild_that_does_not_go_on(database: Database, issuer: Issuer) -> None:
    async with (
        administering(database) as admin,
        served(SERVICE, settings_of(database, issuer), issuer) as here,
        client(here, Authorization=f"Bearer {issuer.token(roles=['operator'])}") as user,
    ):
        await admin.execute("REVOKE EXECUTE ON FUNCTION projections.drop_build FROM jars")
        assert (await user.post("/projections/rebuild")).status_code == 202
        said = await only(here, Cause.REBUILD_STOPPED)
        assert said == "rebuilding: InsufficientPrivilegeError: permission denied for function drop_build"
        await admin.execute("GRANT EXECUTE ON FUNCTION projections.drop_build TO jars")
        await well(here)


async def test_the_database_is_asked_once_for_all_who_want_to_know(
    reused_database: FreshDatabase, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "KEEP_SECONDS", 60.0)
    monkeypatch.setattr(health, "DATABASE_SECONDS", 30.0)  # on a busy machine twenty clients are not made in two
    failing = "UPDATE projections.checkpoints SET failure = $1"
    database = await reused_database("jars")
    async with (
        administering(database) as admin,
        served(SERVICE, settings_of(database, issuer), issuer, worker=False) as here,
    ):
        pool = here.runtime.pool

        async def waiting() -> bool:
            return bool(await admin.fetchval(WAITING))

        async with pool.acquire() as db, db.transaction():
            await db.execute("LOCK projections.checkpoints IN ACCESS EXCLUSIVE MODE")
            asked = [asyncio.create_task(ready(here)) for _ in range(20)]
            await until(waiting)
            await asyncio.sleep(0.2)  # until all would wait, which nothing tells
            assert await admin.fetchval(WAITING) <= 2  # and perhaps one that reads for itself; not twenty
        assert await asyncio.gather(*asked) == [(200, "ok", [])] * 20
        await pool.execute(failing, "later")
        assert await ready(here) == (200, "ok", [])
        monkeypatch.setattr(health, "KEEP_SECONDS", 0.0)
        assert await ready(here) == (503, "not ready", [(Cause.REACTION_STOPPED, "levels: later")])


async def test_a_source_that_does_not_answer(reused_database: FreshDatabase, issuer: Issuer) -> None:
    settings = settings_of(await reused_database("jars"), issuer, {"shelves": NOWHERE})
    async with served(replace(taking_in(), sources={"shelves": ()}), settings, issuer) as here, client(here) as user:
        said = await only(here, Cause.SOURCE_AWAY)
        assert said.startswith("intake of shelves: SourceUnreachable: ")
        assert await filled(user, "a", "r") == 201


async def test_an_issuer_that_is_away_stops_no_start(reused_database: FreshDatabase, issuer: Issuer) -> None:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    settings = settings_of(await reused_database("jars"), issuer)
    settings = settings.model_copy(update={"jwks": f"http://127.0.0.1:{port}/jwks"})
    async with served(SERVICE, settings, issuer) as here, client(here) as user:
        assert "cannot be fetched from" in await only(here, Cause.ISSUER_AWAY)
        assert await filled(user, "a", "r") == 503
        async with publishing(issuer, [200], port):
            assert await filled(user, "a", "r") == 201
        await well(here)


async def test_a_source_whose_clock_is_ahead(
    database: Database, reused_database: FreshDatabase, issuer: Issuer
) -> None:
    follower = replace(
        taking_in(*EVENTS, source="jars"),
        name="kpi", projections=(), reactions=(), routers=(), aggregates=(), rules=(), routes=(),
    )  # fmt: skip
    async with administering(database) as admin, served(SERVICE, settings_of(database, issuer), issuer) as source:
        await admin.execute(HOUR_AHEAD)
        settings = settings_of(await reused_database("kpi"), issuer, {"jars": source.url.removesuffix("/jars/v1")})
        async with served(follower, settings, issuer) as here:
            said = await only(here, Cause.SOURCE_CLOCK)
            assert said in {f"intake of jars: the clock of jars is {seconds} s ahead" for seconds in range(3590, 3601)}
            assert (await here.runtime.store.head("jars")).position == 0


async def test_a_full_queue_is_said_until_it_is_shorter(
    database: Database, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        administering(database) as admin,
        served(SERVICE, settings_of(database, issuer), issuer) as here,
        client(here) as user,
    ):
        await admin.execute("SELECT pg_advisory_lock($1)", APPENDING)
        runtime = here.runtime

        async def sent() -> bool:
            return bool(await admin.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"))

        async def waiting() -> bool:
            return (runtime.decider.waiting, runtime.store.waiting) == (2, 2)

        fills = [asyncio.create_task(filled(user, "a", "1"))]
        await until(sent)
        fills += [asyncio.create_task(filled(user, jar, ref)) for jar, ref in ("b2", "c3", "a4", "a5")]
        await until(waiting)
        monkeypatch.setattr(health, "QUEUE_COMMANDS", 2)
        assert await only(here, Cause.QUEUE_FULL) == "2 commands wait, of 2 that may"
        monkeypatch.setattr(health, "QUEUE_COMMANDS", 3)
        monkeypatch.setattr(health, "QUEUE_UNITS", 2)
        assert await only(here, Cause.QUEUE_FULL) == "2 units wait, of 2 that may"
        await admin.execute("SELECT pg_advisory_unlock($1)", APPENDING)
        assert await asyncio.gather(*fills) == [201] * 5
        assert await ready(here) == (200, "ok", [])


async def test_a_clock_that_was_set_back_an_hour_is_said_and_times_go_on(database: Database, issuer: Issuer) -> None:
    """An event of an hour from now is what a log holds whose clock was right, or wrong, until it was set back."""
    async with (
        administering(database) as admin,
        served(SERVICE, settings_of(database, issuer), issuer) as here,
        client(here) as user,
    ):
        await admin.execute(HOUR_AHEAD)
        before = await here.runtime.store.head("jars")
        said = await only(here, Cause.CLOCK_BEHIND)
        assert said in {f"the database's clock is {seconds} s behind jars:1" for seconds in range(3590, 3601)}
        assert await filled(user, "a", "r") == 201
        after = await here.runtime.store.head("jars")
        assert (after.position, after.time) == (2, before.time)
        assert await here.runtime.followers["jars"].reach(2, 5)


class JarPainted(Event):
    """A jar got a colour, in a later release."""

    name = "jar-painted.v1"


async def test_types_of_a_later_release_are_told_until_it_runs(database: Database, issuer: Issuer) -> None:
    settings = settings_of(database, issuer)
    async with served(SERVICE, settings, issuer) as here:
        store = here.runtime.store
        assert isinstance(store, PostgresStore)
        painted = await record(store, "a", JarPainted.name, "{}")
        await record(store, "b", JarPainted.name, "{}")
        said = f"jars has events of the types 'jar-painted.v1'; the first is jars:{painted}"
        assert await only(here, Cause.TYPE_UNKNOWN) == said
    # By each process of the release, though it folds nothing itself.
    async with served(SERVICE, settings, issuer, worker=False) as here:
        assert await only(here, Cause.TYPE_UNKNOWN) == said
    later = replace(SERVICE, events=(*EVENTS, JarPainted))
    async with served(later, settings, issuer) as here:
        assert await ready(here) == (200, "ok", [])
        store = here.runtime.store
        assert isinstance(store, PostgresStore)
        await record_all(store, "c", [(f"{kind}.v1", "{}") for kind in "edcbe"])
        last = await store.head("jars")
        assert await here.runtime.followers["jars"].reach(last.position, 5)
        said = await only(here, Cause.TYPE_UNKNOWN)
        assert (
            said == f"jars has events of the types 'e.v1', 'd.v1', 'c.v1' and 1 more; the first is jars:{painted + 2}"
        )


async def test_a_read_model_that_is_not_yet_as_far_as_the_one_before(database: Database, issuer: Issuer) -> None:
    settings = settings_of(database, issuer)
    async with served(SERVICE, settings, issuer) as before, client(before) as user:
        assert await filled(user, "a", "r") == 201
        head = (await before.runtime.store.head("jars")).position
        assert await before.runtime.followers["jars"].reach(head, 5)
    async with administering(database) as admin:
        await admin.execute(SECOND_VERSION)
    newer = replace(SERVICE, projections=(replace(PROJECTION, version=2),))
    async with served(newer, settings, issuer, worker=False) as here:
        said = await only(here, Cause.READ_MODEL_BUILDING)
        assert said == f"version 2 of levels is being built: 0 of {head} events"
        async with running(newer, settings):
            await well(here)


async def test_every_cause_has_a_name_of_its_own() -> None:
    codes = [cause.code for cause in Cause]
    assert "clock-behind" in codes
    assert len(set(codes)) == len(Cause.__members__)  # members that say the same would be one
