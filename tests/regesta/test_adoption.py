"""Adopting a source that was replaced, or went on otherwise, leaves nothing of what was given up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import httpx2
import pytest

from regesta import bus
from regesta import rebuild as rebuilds
from regesta.adoption import adopt, require_there, touched_by, touching
from regesta.checkpoint import Overtaken
from regesta.command import Command
from regesta.database import migrate, migrations
from regesta.decider import Decider
from regesta.errors import CutGone, NotFound
from regesta.errors import Forked as Differs
from regesta.event import Cut, Event, Recorded
from regesta.folding import fold
from regesta.parked import ParkedStreams
from regesta.parking import park
from regesta.projection import Build
from regesta.reaction import Here, Reacting, Reaction
from regesta.runtime import Service
from regesta.store import PostgresStore
from regesta.suites import foreign
from regesta.unit import Fork, Meta, NewEvent, Unit
from tests.conftest import Database, FreshDatabase, execute
from tests.regesta import jars
from tests.regesta.serving import Issuer, Served, client, served, settings_of, taking_in, until

HOLDS = 1000
LOG, OTHER_LOG = "01900000-0000-7000-8000-000000000001", "01900000-0000-7000-8000-000000000002"


SHELVES: Service = replace(
    taking_in(*jars.EVENTS, source="jars"),
    name="labels", migrations=jars.SERVICE.migrations, routes=(),
)  # fmt: skip


@dataclass
class Forked:
    """A log that was replaced after its consumer took it in: the same up to `common`, then other events."""

    source: Served
    consumer: Served
    database: Database
    common: int
    given_up: int

    async def operator(self, method: str, path: str, body: object = None) -> httpx2.Response:
        token = self.consumer.issuer.token("labels:read labels:write", roles=["operator"])
        async with client(self.consumer, Authorization=f"Bearer {token}") as user:
            return await user.request(method, path, json=body)

    async def fork(self) -> dict[str, object]:
        found: dict[str, object] = (await self.operator("GET", "/replicas/jars")).json()["fork"]
        return found

    async def adopt(self) -> httpx2.Response:
        fork = await self.fork()
        return await self.operator("POST", "/replicas/jars/adopt", {"position": fork["position"], "log": fork["log"]})

    async def levels(self) -> list[tuple[object, ...]]:
        """Return the rows of the read model."""
        schema = await self.consumer.runtime.pool.fetchval(
            "SELECT schema FROM projections.checkpoints WHERE projection = 'levels' AND live"
        )
        rows = await self.consumer.runtime.pool.fetch(f"SELECT * FROM {schema}.levels ORDER BY jar, from_position")
        return [tuple(row) for row in rows]


async def fill(user: httpx2.AsyncClient, *amounts: int, ref: str) -> None:
    for number, amount in enumerate(amounts):
        answer = await user.put(f"/jars/jar{number % 3}/fills/{ref}{number}", json={"amount": amount})
        assert answer.status_code == 201, answer.text


async def caught_up(source: Served, consumer: Served) -> int:
    """Return the head of the source, once the consumer has folded it."""
    head = (await source.runtime.store.head("jars")).position
    assert await consumer.runtime.store.wait("jars", head - 1, 10)
    assert await consumer.runtime.followers["jars"].reach(head, 10)
    return head


async def migrated(database: Database) -> Database:
    """Give a database of another service the read models of jars."""
    await migrate(database.owner_dsn, "labels", migrations(jars.SERVICE.migrations))
    return database


@asynccontextmanager
async def following(source: Served, database: Database, issuer: Issuer) -> AsyncIterator[Served]:
    settings = settings_of(database, issuer, {"jars": source.url.removesuffix("/jars/v1")})
    async with served(SHELVES, settings, issuer) as running:
        yield running


@pytest.fixture
async def consumer_database(fresh_database: FreshDatabase) -> Database:
    return await migrated(await fresh_database("labels"))


@pytest.fixture
async def forked(
    reused_database: FreshDatabase, consumer_database: Database, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Forked]:
    """Take in a log, then give it other events from the middle on; more of them, so that nothing shows but the fork."""
    monkeypatch.setattr(bus, "POLL_SECONDS", 0.1)
    monkeypatch.setattr(bus, "FORKED_SECONDS", 0.1)
    database = await reused_database("jars")
    async with served(jars.SERVICE, settings_of(database, issuer), issuer) as source, client(source) as user:
        await fill(user, 10, 20, 30, 40, ref="kept")
        common = (await source.runtime.store.head("jars")).position
        async with following(source, consumer_database, issuer) as consumer:
            await fill(user, 900, 50, 60, ref="lost")  # the reactions of both label the large one
            await until(lambda: _labelled(source, common + 4))
            head = await caught_up(source, consumer)
            await until(lambda: _reacted(consumer))
        await execute(database.admin_dsn, f"DELETE FROM log.events WHERE position > {common}", "DELETE FROM log.keys")
        source.runtime.decider.forget()
        await fill(user, 1, 2, 3, 4, 5, 6, 7, ref="new")
        async with following(source, consumer_database, issuer) as consumer:
            yield Forked(source, consumer, database, common, head - common)


async def _reacted(consumer: Served) -> bool:
    return any(event.cause for event in await consumer.runtime.store.read("labels", 0, HOLDS))


async def _labelled(source: Served, position: int) -> bool:
    return (await source.runtime.store.head("jars")).position >= position


async def found(forked: Forked) -> None:
    async def shown() -> bool:
        return await forked.fork() is not None

    await until(shown)


async def test_a_fork_is_named_and_nothing_more_is_taken_in(forked: Forked) -> None:
    await found(forked)
    fork = await forked.fork()
    log = (await forked.source.runtime.store.head("jars")).log
    assert (fork["position"], fork["log"], fork["given_up"]) == (forked.common, log, forked.given_up)
    head = forked.common + forked.given_up
    assert (await forked.consumer.runtime.store.head("jars")).position == head
    told = f"'jars:{head}' has other content here; both hold the same up to {forked.common}"
    ready = await forked.operator("GET", "/readyz")
    reasons = [(each["name"], each["detail"]) for each in ready.json()["reasons"]]
    assert (ready.status_code, reasons) == (
        503, [("forked", f"intake of jars: {told}, see `regesta adopt labels jars`")],
    )  # fmt: skip


async def test_after_an_adoption_all_is_as_if_only_the_new_log_had_been_taken_in(
    forked: Forked, fresh_database: FreshDatabase, issuer: Issuer
) -> None:
    await found(forked)
    done = await forked.adopt()
    assert done.status_code == 200, done.text
    assert (done.json()["position"], done.json()["given_up"]) == (forked.common, forked.given_up)
    await caught_up(forked.source, forked.consumer)
    assert (await forked.operator("GET", "/readyz")).json() == {"status": "ok", "reasons": []}
    assert await forked.fork() is None
    async with following(forked.source, await migrated(await fresh_database("labels")), issuer) as fresh:
        await caught_up(forked.source, fresh)
        anew = replace(forked, consumer=fresh)
        assert await forked.levels() == await anew.levels()
        rows = (
            "SELECT position, stream, version, type, time, meta::text, data::text FROM log.replicas ORDER BY position"
        )
        assert await forked.consumer.runtime.pool.fetch(rows) == await fresh.runtime.pool.fetch(rows)


async def test_what_a_reaction_made_of_events_that_are_gone_is_named(forked: Forked) -> None:
    """It stays; what comes at the same positions is reacted to as for the first time."""
    await found(forked)
    own = await forked.consumer.runtime.store.read("labels", 0, HOLDS)
    labels = [event.name for event in own if event.cause == f"jars:{forked.common + 1}"]
    assert len(labels) == 1
    done = await forked.adopt()
    assert done.json()["caused"] == labels
    async with client(forked.source) as user:
        await user.put("/jars/large/fills/r", json={"amount": 950})
    head = (await forked.source.runtime.store.head("jars")).position

    async def labelled() -> bool:
        found_now = await forked.consumer.runtime.store.read("labels", 0, HOLDS)
        return any(event.cause in {f"jars:{head}", f"jars:{head - 1}"} for event in found_now)

    await until(labelled)


PLANTS = """
CREATE SCHEMA entries_v1;
CREATE TABLE entries_v1.entries (position bigint PRIMARY KEY, jar text);
CREATE TABLE entries_v1.openings (jar text, from_position bigint);
INSERT INTO entries_v1.entries SELECT n, 'a' FROM generate_series(1, 12) AS n;
INSERT INTO entries_v1.openings VALUES ('a', 1), ('b', 8), ('c', 9);
CREATE SCHEMA counts_v1;
CREATE TABLE counts_v1.counts (jar text PRIMARY KEY, number bigint);
CREATE TABLE counts_v1.dated (jar text PRIMARY KEY, from_position bigint);
INSERT INTO counts_v1.counts VALUES ('a', 12);
INSERT INTO counts_v1.dated VALUES ('a', 3);
INSERT INTO levels_v1.levels VALUES ('a', 1, '', 1, 8), ('a', 2, '', 8, 9), ('a', 3, '', 9, NULL), ('b', 4, '', 2, NULL);
INSERT INTO projections.checkpoints (projection, source, version, position, schema, parked) VALUES
    ('levels', 'jars', 1, 12, 'levels_v1', 2), ('entries', 'jars', 1, 10, 'entries_v1', 0), ('counts', 'jars', 1, 12, 'counts_v1', 1),
    ('early', 'jars', 1, 5, 'early_v1', 0), ('other', 'shelves', 1, 12, 'other_v1', 0),
    ('reaction:stick-full:jars', 'jars', 1, 11, 'reaction:stick-full:jars', 1);
INSERT INTO projections.parked (schema, stream, version, position, error) VALUES
    ('levels_v1', 'jar/p', 1, 3, ''), ('levels_v1', 'jar/q', 1, 9, ''), ('counts_v1', 'jar/p', 1, 3, ''),
    ('reaction:stick-full:jars', 'jar/q', 1, 11, '');
INSERT INTO projections.dropped SELECT 'levels', source, 1, position, 'jar/p', '', '', ''
FROM (VALUES ('jars', 8), ('jars', 9), ('shelves', 9)) AS those (source, position);
INSERT INTO projections.unknown_types VALUES ('jars', 'old.v1', 8), ('jars', 'new.v1', 9), ('shelves', 'new.v1', 9);
GRANT USAGE ON SCHEMA entries_v1, counts_v1 TO labels;
GRANT ALL ON ALL TABLES IN SCHEMA entries_v1, counts_v1 TO labels;
"""


def fills(positions: range, log: str, amount: int) -> list[Recorded]:
    """Return events of jars, each a fill of the same amount; those of "thing/0" stand at 3, 6, 9 ..."""
    data = f'{{"ref":"r","amount":{amount}}}'
    return [event._replace(source="jars", type="jar-filled.v1") for event in foreign(positions, log, data)]


@pytest.fixture
async def planted(consumer_database: Database) -> AsyncIterator[PostgresStore]:
    """Open a store with a replica up to 12, whose source is another log from 9 on, and something of it everywhere."""
    async with PostgresStore("labels", consumer_database.dsn, jars.REGISTRY, pool_size=4) as store:
        await store.replicate(LOG, fills(range(1, 13), LOG, 1))
        await execute(consumer_database.admin_dsn, *PLANTS.strip().split(";\n"))
        await rebuilds.ask(store.pool, jars.PROJECTION, "operator")
        await store.note_fork("jars", Fork(8, OTHER_LOG, "other events"))
        yield store


async def test_a_fork_that_is_found_again_is_not_written_again(planted: PostgresStore) -> None:
    row = "SELECT xmin::text FROM log.forks"
    before = await planted.pool.fetchval(row)
    await planted.note_fork("jars", Fork(8, OTHER_LOG, "other events"))
    assert await planted.pool.fetchval(row) == before
    await planted.note_fork("jars", Fork(7, OTHER_LOG, "other events"))
    assert await planted.pool.fetchval("SELECT common FROM log.forks") == 7


async def test_nothing_is_left_of_what_was_given_up(planted: PostgresStore) -> None:
    pool = planted.pool
    done = await adopt(pool, "labels", "jars", (OTHER_LOG, 8), "operator")
    assert (done.position, done.given_up, done.caused) == (8, 4, ())

    async def read(query: str) -> list[tuple[object, ...]]:
        return [tuple(row) for row in await pool.fetch(query)]

    head = await planted.head("jars")
    assert (head.position, head.log) == (8, OTHER_LOG)
    assert await read("SELECT count(*), max(position) FROM log.replicas") == [(8, 8)]
    assert await read("SELECT jar, amount, from_position, to_position FROM levels_v1.levels ORDER BY 1, 3") == [
        ("a", 1, 1, 8), ("a", 2, 8, None), ("b", 4, 2, None),
    ]  # fmt: skip
    assert await read("SELECT max(position) FROM entries_v1.entries") == [(8,)]
    assert await read("SELECT jar FROM entries_v1.openings ORDER BY 1") == [("a",), ("b",)]
    assert await read("SELECT (SELECT count(*) FROM counts_v1.counts), count(*) FROM counts_v1.dated") == [(0, 0)]
    assert await read("SELECT projection, position, parked FROM projections.checkpoints ORDER BY schema") == [
        ("counts", 0, 0), ("early", 5, 0), ("entries", 8, 0), ("levels", 8, 1), ("other", 12, 0),
        ("reaction:stick-full:jars", 8, 0),
    ]  # fmt: skip
    assert await read("SELECT schema, stream FROM projections.parked") == [("levels_v1", "jar/p")]
    assert await read("SELECT source, position FROM projections.dropped ORDER BY 1, 2") == [("jars", 8), ("shelves", 9)]
    assert await read("SELECT source, position FROM projections.unknown_types ORDER BY 1, 2") == [
        ("jars", 8), ("shelves", 9),
    ]  # fmt: skip
    assert [each.state for each in await rebuilds.newest(pool)] == ["given up"]
    assert await read("SELECT to_regnamespace('levels_v1_b1')::text") == [(None,)]
    assert await read("SELECT source, old_log::text, new_log::text, position, head, adopted_by FROM log.adoptions") == [
        ("jars", LOG, OTHER_LOG, 8, 12, "operator"),
    ]  # fmt: skip


async def test_a_reaction_under_way_does_not_answer_for_what_comes_at_the_same_position(planted: PostgresStore) -> None:
    """It stores its key after the adoption, of which nobody could have deleted it."""
    reached, adopted = asyncio.Event(), asyncio.Event()

    async def label_ninth(_here: Here, recorded: Recorded, event: Event) -> Sequence[Command]:
        assert isinstance(event, jars.JarFilled)
        if recorded.position != 9:
            return []
        reached.set()
        await adopted.wait()
        return [jars.Label(jar="ninth", label=f"filled with {event.amount}")]

    decider = Decider(planted, [jars.AGGREGATE], jars.RULES)
    deciding = asyncio.create_task(decider.run())
    reaction = Reaction("label-ninth", "jars", (jars.JarFilled,), label_ninth)
    reacting = asyncio.create_task(Reacting(Here(planted, planted.pool), decider, reaction).step())
    await reached.wait()
    await adopt(planted.pool, "labels", "jars", (OTHER_LOG, 8), "operator")
    await planted.replicate(OTHER_LOG, fills(range(9, 13), OTHER_LOG, 2))
    adopted.set()
    assert await reacting == 12
    deciding.cancel()
    own = await planted.read("labels", 0, HOLDS)
    assert [(event.cause, event.raw) for event in own] == [
        ("jars:9", '{"label":"filled with 1"}'), ("jars:9", '{"label":"filled with 2"}'),
    ]  # fmt: skip


async def test_what_was_read_before_is_not_folded_after(planted: PostgresStore) -> None:
    """A build before the cut stays where it is, so only its epoch tells that the batch in hand was given up."""
    pool = planted.pool
    early, batch = replace(jars.PROJECTION, name="early"), await planted.read("jars", 5, HOLDS)
    before = Build(early, "early_v1", epoch=0)
    await adopt(pool, "labels", "jars", (OTHER_LOG, 8), "operator")
    with pytest.raises(Overtaken):
        await fold(pool, [before], 5, batch)
    with pytest.raises(Overtaken):
        await park(pool, before, 5, batch[0], ValueError("odd"))
    await pool.execute("INSERT INTO projections.dropped VALUES ('early', 'jars', 1, 6, 'thing/0', '', '', '')")
    with pytest.raises(Overtaken):
        await park(pool, before, 5, batch[0], ValueError("odd"))
    at = "SELECT (position, parked) FROM projections.checkpoints WHERE schema = 'early_v1'"
    assert await pool.fetchval(at) == (5, 0)
    assert await park(pool, replace(before, epoch=1), 5, batch[0], ValueError("odd")) == 0
    assert await pool.fetchval(at) == (6, 0)


async def test_a_retry_folds_nothing_that_was_given_up_since_it_was_read(
    planted: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool, of_stream = planted.pool, planted.of_stream
    await pool.execute("DELETE FROM levels_v1.levels")
    await pool.execute("INSERT INTO projections.parked VALUES ('levels_v1', 'thing/0', 1, 3, '')")

    async def overtaken(source: str, stream: str, after: int, limit: int) -> Sequence[Recorded]:
        """Another process adopts, takes in the new events and folds them, but for the parked stream."""
        monkeypatch.setattr(planted, "of_stream", of_stream)
        piece = await of_stream(source, stream, after, limit)
        await adopt(pool, "labels", "jars", (OTHER_LOG, 8), "operator")
        await planted.replicate(OTHER_LOG, fills(range(9, 13), OTHER_LOG, 100))
        await pool.execute("UPDATE projections.checkpoints SET position = 12 WHERE schema = 'levels_v1'")
        return piece

    monkeypatch.setattr(planted, "of_stream", overtaken)
    assert await ParkedStreams(planted, pool, [jars.PROJECTION]).retry("levels", "thing/0") == 4
    rows = await pool.fetch("SELECT from_position, amount FROM levels_v1.levels ORDER BY 1")
    assert [tuple(row) for row in rows] == [(3, 1), (6, 2), (9, 102), (12, 202)]


async def test_an_adoption_waits_for_a_retry_that_is_under_way(planted: PostgresStore) -> None:
    pool = planted.pool
    async with pool.acquire() as db:
        async with db.transaction():
            await db.execute("SELECT FROM projections.checkpoints WHERE schema = 'levels_v1' FOR UPDATE")
            adopting = asyncio.create_task(adopt(pool, "labels", "jars", (OTHER_LOG, 8), "operator"))

            async def waits() -> bool:
                found: bool = await pool.fetchval("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
                return found

            await until(waits)
            await db.execute("UPDATE projections.checkpoints SET parked = 0 WHERE schema = 'levels_v1'")
        assert (await adopting).position == 8


async def test_what_was_agreed_to_must_still_be_so(planted: PostgresStore) -> None:
    """The source may have become yet another log while an operator thought about it."""
    for wanted in ((OTHER_LOG, 7), (LOG, 8)):
        with pytest.raises(Differs):
            await adopt(planted.pool, "labels", "jars", wanted, "operator")
    with pytest.raises(NotFound):
        await adopt(planted.pool, "labels", "shelves", (OTHER_LOG, 8), "operator")
    assert (await planted.head("jars")).position == 12


async def test_a_cut_that_names_what_was_given_up_is_gone(planted: PostgresStore) -> None:
    """Until the new log reaches there: then the name is that of another event."""
    async with planted.pool.acquire() as db:
        await require_there(db, {"jars": 12})
    await adopt(planted.pool, "labels", "jars", (OTHER_LOG, 8), "operator")
    async with planted.pool.acquire() as db:
        for there in ({"jars": 8}, {"jars": 13}, {"shelves": 12}):
            await require_there(db, there)
        with pytest.raises(CutGone) as gone:
            await require_there(db, {"shelves": 1, "jars": 12})
        assert str(gone.value) == "jars:12 was given up, with all of jars beyond 8, when another log was adopted"
        await planted.replicate(OTHER_LOG, [e._replace(source="jars") for e in foreign(range(9, 13), OTHER_LOG)])
        await require_there(db, {"jars": 12})


async def test_a_reader_of_a_cut_that_is_gone_is_told(forked: Forked) -> None:
    await found(forked)
    cut = f"jars:{forked.common + forked.given_up}"
    token = forked.consumer.issuer.token("jars:read")
    async with client(forked.consumer, Authorization=f"Bearer {token}") as user:
        before = await user.get("/levels/jar0", params={"cut": cut})
        assert (before.status_code, before.json()["complete"]) == (200, True)
        await execute(forked.database.admin_dsn, f"DELETE FROM log.events WHERE position > {forked.common + 1}")
        await forked.adopt()
        gone = await user.get("/levels/jar0", params={"cut": cut})
        assert (gone.status_code, gone.json()["type"].rpartition("/")[2]) == (410, "cut-gone")


class JarsCounted(Event):
    """What all jars held as of a cut."""

    name = "jars-counted.v1"
    cut: Cut
    adoptions: int


async def count(store: PostgresStore, name: str, cut: Cut, adoptions: int) -> None:
    event = NewEvent.of(f"count/{name}", 1, JarsCounted(cut=cut, adoptions=adoptions), Meta("officer"))
    await store.append(Unit({event.stream: 0}, [event]))


async def test_an_event_whose_cut_an_adoption_gave_up_is_named_by_that_one_alone(
    planted: PostgresStore,
) -> None:
    pool, kinds = planted.pool, (*jars.EVENTS, JarsCounted)

    async def adopted(position: int, log: str) -> tuple[str, ...]:
        """Return the streams that an adoption touches, after the source was replaced once more."""
        await planted.note_fork("jars", Fork(position, log, "other events"))
        done = await adopt(pool, "labels", "jars", (log, position), "operator")
        assert await touched_by(pool, done, jars.EVENTS) == ()  # none of these is of a cut
        return await touched_by(pool, done, kinds)

    for name, cut in {"early": {"jars": 8}, "late": {"jars": 12}, "other": {"jars": 0, "shelves": 12}}.items():
        await count(planted, name, cut, 0)
    assert await adopted(8, OTHER_LOG) == ("count/late",)
    await planted.replicate(OTHER_LOG, fills(range(9, 13), OTHER_LOG, 2))
    await count(planted, "new", {"jars": 12}, 1)
    assert await adopted(10, LOG) == ("count/new",)  # of what was left of the late one nothing was given up
    assert await adopted(5, OTHER_LOG) == ("count/early", "count/late", "count/new")

    async def numbers(cut: Cut, since: int) -> list[int]:
        return [each.number for each in await touching(pool, cut, since)]

    assert await numbers({"jars": 12}, 0) == [1, 3]
    assert await numbers({"jars": 12}, 1) == [2, 3]
    assert [await numbers({"jars": 5}, 0), await numbers({"shelves": 12}, 0), await numbers({"jars": 12}, 3)] == [
        [],
        [],
        [],
    ]
    (last,) = await touching(pool, {"jars": 12}, 2)
    assert (last.source, last.position, last.adopted_by) == ("jars", 5, "operator")
