"""A fact of an older version is read everywhere as its newest class, and gives what the newest would have given."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeAlias

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from regesta.checkpoint import read_all
from regesta.command import Context, Facts, Rule, fold
from regesta.database import migrate, migrations
from regesta.decider import Decider
from regesta.errors import LaterRelease
from regesta.event import Event, Recorded, Registry, Upcast, types_of
from regesta.follower import Follower
from regesta.parked import ParkedStreams
from regesta.projection import newest
from regesta.reaction import Here, Reacting
from regesta.store import PostgresStore
from regesta.suites import META
from regesta.testing import NOON, MemoryStore
from regesta.unit import NewEvent, Unit
from tests.conftest import Database, Templates
from tests.regesta import jars, later
from tests.regesta.jars import Fill, Jar
from tests.regesta.later import PROJECTION, JarFilled, JarFilledV2
from tests.regesta.levels import record, record_all
from tests.regesta.serving import Served, client, until

CONTEXT = Context("officer", frozenset(), frozenset(), datetime(2026, 1, 5, tzinfo=UTC))
ROWS = "SELECT jar, amount, gold, facts, from_position, to_position FROM levels_v2.levels ORDER BY jar, from_position"
# As each version says a fill of unknown metal.
SAID: dict[str, Callable[[int], dict[str, object]]] = {
    "jar-filled.v1": lambda amount: {"ref": f"r{amount}", "amount": amount},
    "jar-filled.v2": lambda amount: {"ref": f"r{amount}", "coins": amount},
    "jar-filled.v3": lambda amount: {"ref": f"r{amount}", "coins": amount, "metal": "unknown"},
}
VERSIONS = tuple(SAID)
NEWEST = "jar-filled.v3"

Step: TypeAlias = tuple[str, int, str]
STEPS = st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 9), st.sampled_from(VERSIONS)), min_size=1, max_size=9)


def said(version: str, amount: int) -> str:
    return orjson.dumps(SAID[version](amount)).decode()


@pytest.fixture
async def later_database(templates: Templates) -> Database:
    database = await templates.copy("jars")
    await migrate(database.owner_dsn, "jars", migrations(later.SERVICE.migrations))
    return database


@pytest.fixture
async def store(later_database: Database) -> AsyncIterator[PostgresStore]:
    """Return the store of a process of the later release, on an empty log."""
    async with PostgresStore("jars", later_database.dsn, later.REGISTRY, pool_size=4) as opened:
        yield opened


async def followed(store: PostgresStore) -> Follower:
    follower = Follower(store, store.pool, "jars", [PROJECTION])
    await follower.open()
    return follower


async def rows(store: PostgresStore) -> list[tuple[object, ...]]:
    return [tuple(row) for row in await store.pool.fetch(ROWS)]


def recorded(position: int, version: str, amount: int, registry: Registry = later.REGISTRY) -> Recorded:
    return Recorded(
        "jars", position, "jar/a", position, NOON, version, said(version, amount), "log", registry, "officer"
    )


@pytest.mark.parametrize("version", VERSIONS)
def test_each_version_is_read_as_the_newest(version: str) -> None:
    assert later.REGISTRY.read(version, said(version, 5)) == JarFilled(ref="r5", coins=5, metal="unknown")
    fact = newest(recorded(1, version, 5))
    assert fact is not None
    assert (fact[0].type, fact[0].raw) == (NEWEST, said(NEWEST, 5))
    assert fact[0]._replace(type=version, raw=said(version, 5)) == recorded(1, version, 5)


def test_a_type_stands_for_all_that_it_replaces() -> None:
    assert types_of([JarFilled, jars.JarPoured]) == {*VERSIONS, "jar-poured.v1"}
    assert types_of([JarFilledV2]) == {"jar-filled.v1", "jar-filled.v2"}
    assert [later.REGISTRY.replaced(event) for event in (
        jars.JarFilled(ref="r", amount=1), JarFilledV2(ref="r", coins=1), JarFilled(ref="r", coins=1, metal="gold"),
    )] == [True, True, False]  # fmt: skip


@given(st.lists(st.tuples(st.sampled_from(VERSIONS), st.integers(1, 9))))
def test_a_state_is_the_same_whatever_version_its_facts_were_recorded_in(steps: list[tuple[str, int]]) -> None:
    def state(facts: Sequence[tuple[str, int]]) -> Jar:
        read = [(n, recorded(n, version, amount).event) for n, (version, amount) in enumerate(facts, 1)]
        return fold(later.AGGREGATE, "jar/a", [(n, event) for n, event in read if event is not None])

    assert state(steps) == state([(NEWEST, amount) for _, amount in steps])
    assert state(steps).amount == sum(amount for _, amount in steps)


async def test_rows_are_the_same_whatever_version_their_facts_were_recorded_in(store: PostgresStore) -> None:
    loop = asyncio.get_running_loop()

    async def built(steps: Sequence[Step]) -> list[tuple[object, ...]]:
        """Return the rows of these facts alone, by their place among them."""
        begin = (await store.head("jars")).position
        for jar, amount, version in steps:
            await record(store, f"{jar}{begin}", version, said(version, amount))
        await (await followed(store)).catch_up()
        return [
            (str(row[0])[:5], *row[1:4], *(None if at is None else at - begin for at in row[4:]))
            for row in await store.pool.fetch(ROWS)
            if row[4] > begin
        ]

    async def check(steps: list[Step]) -> None:
        assert await built(steps) == await built([(jar, amount, NEWEST) for jar, amount, _ in steps])

    @settings(max_examples=12, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
    @given(STEPS)
    def examples(steps: list[Step]) -> None:
        asyncio.run_coroutine_threadsafe(check(steps), loop).result(30)

    await asyncio.to_thread(examples)


async def test_an_upcast_that_raises_parks_its_stream_like_any_poison(
    store: PostgresStore, later_database: Database
) -> None:
    class Spoilt(JarFilled):
        pass

    def spoil(old: JarFilledV2) -> Spoilt:
        if old.coins == 13:
            raise ArithmeticError("thirteen coins")
        return Spoilt(ref=old.ref, coins=old.coins, metal="unknown")

    Spoilt.replaces = (Upcast(JarFilledV2, spoil),)
    for amount in (5, 13, 7):
        await record(store, "a", "jar-filled.v1", said("jar-filled.v1", amount))
    await record(store, "b", "jar-filled.v2", said("jar-filled.v2", 2))
    registry = Registry([Spoilt, *later.EVENTS[1:]])
    async with PostgresStore("jars", later_database.dsn, registry, pool_size=2) as spoilt_store:
        mine = replace(PROJECTION, events=(Spoilt,))
        follower = Follower(spoilt_store, spoilt_store.pool, "jars", [mine])
        await follower.open()
        await follower.catch_up()
        assert (follower.position, follower.parked) == (4, {"levels": 1})
        streams = ParkedStreams(spoilt_store, spoilt_store.pool, [mine])
        parked = await streams.one("levels", "jar/a")
        assert (parked.position, parked.error) == (2, "ArithmeticError: thirteen coins")
        assert await streams.waiting(parked) == 2
        assert await streams.retry("levels", "jar/a") == 0
    assert [row[:2] for row in await rows(store)] == [("jar/a", 5), ("jar/b", 2)]
    assert await ParkedStreams(store, store.pool, [PROJECTION]).retry("levels", "jar/a") == 2
    assert [row[:2] for row in await rows(store)] == [("jar/a", 5), ("jar/a", 18), ("jar/a", 25), ("jar/b", 2)]


async def test_a_rule_sees_what_older_versions_said_and_records_the_newest(store: PostgresStore) -> None:
    await record_all(store, "a", [(version, said(version, 300 + n)) for n, version in enumerate(VERSIONS[:2])])
    decider = Decider(store, [later.AGGREGATE], later.RULES)
    run = asyncio.create_task(decider.run())
    assert (await decider.handle(Fill(jar="a", ref="r300", amount=300), CONTEXT)).events == ()
    with pytest.raises(jars.Overflows):
        await decider.handle(Fill(jar="a", ref="too-much", amount=400), CONTEXT)
    answer = await decider.handle(Fill(jar="a", ref="gold", amount=399, metal="gold"), CONTEXT)
    run.cancel()
    assert answer.events == ("jars:3",)
    (event,) = await store.read("jars", 2, 9)
    assert (event.type, event.raw) == (NEWEST, '{"ref":"gold","coins":399,"metal":"gold"}')


async def test_a_fact_of_a_replaced_class_is_not_recorded() -> None:
    def old(command: Fill, *_: object) -> Facts:
        return {f"jar/{command.jar}": [JarFilledV2(ref=command.ref, coins=command.amount)]}

    store = MemoryStore("jars", later.REGISTRY)
    decider = Decider(store, [later.AGGREGATE], [Rule(Fill, old)])
    run = asyncio.create_task(decider.run())
    with pytest.raises(TypeError, match=r"'jar-filled\.v2' is replaced by a newer version"):
        await decider.handle(Fill(jar="a", ref="r", amount=1), CONTEXT)
    run.cancel()
    assert (await store.head("jars")).position == 0


async def test_a_reaction_gets_the_newest_class_and_waits_for_a_release_that_knows_it(
    store: PostgresStore, later_database: Database
) -> None:
    """What the older release skipped would never be reacted to: nothing goes back over it."""
    for version, amount in ((VERSIONS[0], 950), (VERSIONS[1], 960), (NEWEST, 970)):
        await record(store, f"j{amount}", version, said(version, amount))
    async with (
        PostgresStore("jars", later_database.dsn, jars.REGISTRY, pool_size=2) as older_store,
        AsyncExitStack() as stack,
    ):
        for release, its_store in ((jars, older_store), (later, store)):
            decider = Decider(its_store, [release.AGGREGATE], release.RULES)
            stack.callback(asyncio.create_task(decider.run()).cancel)
            job = Reacting(Here(its_store, its_store.pool), decider, release.REACTION)
            if release is jars:
                with pytest.raises(LaterRelease, match=r"jars:2 is a 'jar-filled\.v2' of a later release"):
                    await job.step()
                assert [each.position for each in await read_all(store.pool)] == [1]
            else:
                assert await job.step() == 6
    labels = [event for event in await store.read("jars", 3, 9) if event.type == "jar-labelled.v1"]
    assert sorted((event.stream, event.cause) for event in labels) == [
        ("jar/j950", "jars:1"),
        ("jar/j960", "jars:2"),
        ("jar/j970", "jars:3"),
    ]


class Marked(Event):
    name = "jar-marked.v1"
    withdrawable = True


def newer(kind: str, *olds: type[Event], withdrawable: bool = True, gives: Event | None = None) -> type[Event]:
    """Return a class that replaces others, by upcasts that give an event of it or another."""

    def change(_old: Event) -> Event:
        return made() if gives is None else gives

    upcasts = tuple(Upcast(old, change) for old in olds)
    made = type("Made", (Event,), {"name": kind, "replaces": upcasts, "withdrawable": withdrawable})
    return made


@pytest.mark.parametrize(
    ("classes", "said"),
    [
        ((newer("jar-marked.v2", Marked), newer("jar-marked.v3", Marked)), r"'jar-marked\.v2' and .* both replace"),
        ((newer("jar-noted.v2", Marked),), r"'jar-marked\.v1' is no older version of 'jar-noted\.v2'"),
        ((newer("jar-marked.v1", Marked),), r"'jar-marked\.v1' is no older version of 'jar-marked\.v1'"),
        ((newer("jar-marked.v1", newer("jar-marked.v10")),), "is no older version"),
        ((newer("jar-marked.v2", Marked, withdrawable=False),), "recorded withdrawals need it"),
    ],
)
def test_what_would_not_be_one_meaning_for_ever_is_refused(classes: tuple[type[Event], ...], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Registry(classes)


def test_an_upcast_must_give_the_class_that_it_is_of() -> None:
    registry = Registry([newer("jar-marked.v2", Marked, gives=Marked())])
    with pytest.raises(TypeError, match=r"gives Marked\(\), which is no 'jar-marked\.v2'"):
        registry.read("jar-marked.v1", "{}")


async def test_a_reaction_that_waits_for_a_later_release_makes_its_process_degraded(jars_service: Served) -> None:
    """Not stopped, in this process or in all: callers may come, and the later release goes on."""
    async with client(jars_service) as user:
        assert (await user.put("/jars/a/fills/r", json={"amount": 950})).status_code == 201
        store = jars_service.runtime.store
        await store.append(Unit({"jar/b": 0}, [NewEvent("jar/b", 1, NEWEST, META, said(NEWEST, 960))]))

        async def both_told() -> bool:
            return len((await user.get("/readyz")).json()["reasons"]) == 2

        await until(both_told)
        answer = await user.get("/readyz")
        assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
        told = {reason["name"]: reason["detail"] for reason in answer.json()["reasons"]}
        assert told.keys() == {"later-release", "type-unknown"}
        assert f"is a {NEWEST!r} of a later release" in told["later-release"]
    assert [each.failure for each in await read_all(jars_service.runtime.pool)] == [None, None]


async def test_the_state_of_a_stream_is_shown_up_to_a_fact_of_a_later_release(jars_service: Served) -> None:
    store = jars_service.runtime.store
    await store.append(Unit({"jar/a": 0}, [NewEvent("jar/a", 1, VERSIONS[0], META, said(VERSIONS[0], 5))]))
    async with client(jars_service) as user:
        assert (await user.get("/streams/jar/a")).json()["state"]["amount"] == 5
        await store.append(Unit({"jar/a": 1}, [NewEvent("jar/a", 2, NEWEST, META, said(NEWEST, 6))]))
        stream = (await user.get("/streams/jar/a")).json()
        assert (stream["version"], stream["state_version"], stream["state"]["amount"]) == (2, 1, 5)
        assert [each.get("unreadable") for each in stream["events"]] == [None, "its type is of a later release"]
        answer = await user.put("/jars/a/fills/r", json={"amount": 1})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert answer.json()["type"].rpartition("/")[2] == "later-release"
