"""A reaction is exactly once, also when the process dies between its command and its checkpoint; time is a fact."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from regesta import calendar
from regesta.calendar import Calendar, StartDay, keep_calendar
from regesta.checkpoint import read_all
from regesta.command import Aggregate, Command, Context, Rule
from regesta.decider import Decider
from regesta.errors import Busy, NotFound, NotYet
from regesta.event import DayStarted, Event, Recorded, Registry
from regesta.follower import Follower
from regesta.parked import ParkedStreams
from regesta.reaction import Here, Reacting, Reaction
from regesta.store import PostgresStore
from regesta.suites import META, filled, new_unit
from regesta.testing import Domain, MemoryStore
from regesta.unit import NewEvent
from tests.conftest import FreshDatabase
from tests.regesta.conftest import OpenStore
from tests.regesta.jars import AGGREGATE, PROJECTION, REACTION, RULES, Fill, Label, Pour
from tests.regesta.levels import POISONED
from tests.regesta.serving import until

CONTEXT = Context("officer", frozenset(), frozenset(), datetime(2026, 1, 5, tzinfo=UTC))


@pytest.fixture
async def decider(postgres_store: PostgresStore) -> AsyncIterator[Decider]:
    decider = Decider(postgres_store, [AGGREGATE, calendar.AGGREGATE], [*RULES, calendar.RULE])
    run = asyncio.create_task(decider.run())
    yield decider
    run.cancel()


def reacting(store: PostgresStore, decider: Decider, reaction: Reaction = REACTION) -> Reacting:
    return Reacting(Here(store, store.pool), decider, reaction)


async def run_until(job: Reacting, store: PostgresStore, position: int) -> None:
    async def arrived() -> bool:
        return [each.position for each in await read_all(store.pool)] == [position]

    run = asyncio.create_task(job.run())
    await until(arrived)
    run.cancel()


async def labels(store: PostgresStore) -> list[Recorded]:
    return [event for event in await store.read("jars", 0, 999) if event.type == "jar-labelled.v1"]


async def test_a_fact_leads_to_a_command_that_names_its_cause(postgres_store: PostgresStore, decider: Decider) -> None:
    await decider.handle(Fill(jar="a", ref="small", amount=1), CONTEXT)
    cause = await decider.handle(Fill(jar="a", ref="large", amount=900), CONTEXT)
    await run_until(reacting(postgres_store, decider), postgres_store, 3)
    (label,) = await labels(postgres_store)
    assert (label.cause, label.correlation, label.actor) == ("jars:2", "jars:2", "reaction:stick-full")
    assert label.raw == f'{{"label":"{cause.events[0]}"}}'


async def test_a_crash_between_command_and_checkpoint_repeats_nothing(
    postgres_store: PostgresStore, decider: Decider
) -> None:
    for jar in ("a", "b"):
        await decider.handle(Fill(jar=jar, ref="large", amount=900), CONTEXT)
    job = reacting(postgres_store, decider)
    for recorded in await postgres_store.read("jars", 0, 2):
        await job._react(recorded)  # and then the process dies: no checkpoint moved
    assert len(await labels(postgres_store)) == 2
    await decider.handle(Label(jar="a", label="another"), CONTEXT)
    await run_until(reacting(postgres_store, decider), postgres_store, 5)
    assert len([event for event in await labels(postgres_store) if event.cause]) == 2


async def test_a_refused_command_is_tried_again_until_it_can_be(
    postgres_store: PostgresStore, decider: Decider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("regesta.reaction.AGAIN_SECONDS", 0.02)
    monkeypatch.setattr("regesta.reaction.WAIT_SECONDS", 0.05)

    async def pour(_here: Here, _recorded: Recorded, _event: Event) -> Sequence[Command]:
        return [Pour(jar="b", into="c", amount=7)]

    await decider.handle(Fill(jar="a", ref="r", amount=1), CONTEXT)
    job = reacting(postgres_store, decider, replace(REACTION, react=pour))
    run = asyncio.create_task(job.run())

    async def parked() -> list[int]:
        return [each.parked for each in await read_all(postgres_store.pool)]

    async def refused() -> bool:
        return await parked() == [1]

    async def done() -> bool:
        return (await postgres_store.head("jars")).position == 6 and await parked() == [0]

    await until(refused)
    assert (await parked_in(postgres_store, job).one(job.name, "jar/a")).error.startswith("TooFew: ")
    await decider.handle(Fill(jar="b", ref="r", amount=900), CONTEXT)
    await until(done)
    run.cancel()
    poured = [event for event in await postgres_store.read("jars", 0, 99) if event.type == "jar-poured.v1"]
    # What waited for the fill came after it, however the two were overtaken by each other.
    assert sorted(str(event.cause) for event in poured) == ["jars:1", "jars:2"]


def parked_in(store: PostgresStore, job: Reacting) -> ParkedStreams:
    return ParkedStreams(store, store.pool, [job])


def sticking(fails: set[int]) -> Reaction:
    """Return a reaction that labels a jar after each fill, and fails at some positions."""

    async def stick(_here: Here, recorded: Recorded, _event: Event) -> Sequence[Command]:
        if recorded.position in fails:
            raise KeyError("a fault of ours")
        return [Label(jar=recorded.stream.removeprefix("jar/"), label=recorded.name)]

    return replace(REACTION, react=stick)


async def test_a_stream_with_an_unreadable_fact_parks_what_commands_on_it_and_nothing_else(
    postgres_store: PostgresStore, decider: Decider
) -> None:
    await postgres_store.append(new_unit(NewEvent("jar/bad", 1, "jar-filled.v1", META, "{}")))
    for jar in ("a", "b"):
        await decider.handle(Fill(jar=jar, ref="r", amount=1), CONTEXT)

    async def stick(_here: Here, recorded: Recorded, _event: Event) -> Sequence[Command]:
        return [Label(jar="bad" if recorded.stream == "jar/a" else "b", label=recorded.name)]

    job = reacting(postgres_store, decider, replace(REACTION, react=stick))
    assert await job.step() == 4
    parked = {each.stream: each.error for each in await parked_in(postgres_store, job).all(9)}
    fault = "ValidationError: ref: Field required; amount: Field required"
    assert parked == {
        "jar/bad": fault,
        "jar/a": f"UnreadableFact: nothing is decided on 'jar/bad', for jars:1 cannot be read: {fault}",
    }
    assert [(each.stream, each.cause) for each in await labels(postgres_store)] == [("jar/b", "jars:3")]


async def test_a_fault_in_a_reaction_holds_up_its_stream_alone(postgres_store: PostgresStore, decider: Decider) -> None:
    for number, jar in enumerate(("a", "a", "b", "a", "b")):
        await decider.handle(Fill(jar=jar, ref=f"r{number}", amount=1), CONTEXT)
    job = reacting(postgres_store, decider, sticking({2}))
    assert await job.step() == 8
    await decider.handle(Fill(jar="b", ref="r9", amount=1), CONTEXT)
    await decider.handle(Fill(jar="a", ref="r9", amount=1), CONTEXT)
    assert await job.step() == 11
    causes = [(event.stream, event.cause) for event in await labels(postgres_store)]
    assert sorted(causes) == [("jar/a", "jars:1"), ("jar/b", "jars:3"), ("jar/b", "jars:5"), ("jar/b", "jars:9")]

    streams = parked_in(postgres_store, job)
    (parked,) = await streams.all(10)
    assert (parked.projection, parked.stream, parked.version, parked.position) == (job.name, "jar/a", 2, 2)
    assert parked.error == "KeyError: 'a fault of ours'"
    assert await streams.waiting(parked) == 3  # fills; the labels on it are none of its facts
    assert await streams.retry(job.name, "jar/a") == 0
    assert (await streams.one(job.name, "jar/a")).attempts == 2

    mended = reacting(postgres_store, decider, sticking(set()))
    assert await parked_in(postgres_store, mended).retry(job.name, "jar/a") == 3
    assert await streams.all(10) == []
    late = [event.cause for event in await labels(postgres_store) if event.stream == "jar/a"]
    assert late == ["jars:1", "jars:2", "jars:4", "jars:10"]
    assert [(each.position, each.parked) for each in await read_all(postgres_store.pool)] == [(11, 0)]


async def test_a_fact_that_an_operator_drops_is_left_out_and_its_stream_goes_on(
    postgres_store: PostgresStore, decider: Decider
) -> None:
    for number in range(3):
        await decider.handle(Fill(jar="a", ref=f"r{number}", amount=1), CONTEXT)
    job = reacting(postgres_store, decider, sticking({2}))
    await job.step()
    assert await parked_in(postgres_store, job).drop(job.name, "jar/a", "operator", "entered twice") == 1
    assert [event.cause for event in await labels(postgres_store)] == ["jars:1", "jars:3"]
    assert [(each.stream, each.position) for each in await parked_in(postgres_store, job).dropped(9)] == [("jar/a", 2)]


async def test_each_parked_stream_has_its_turn(
    postgres_store: PostgresStore, decider: Decider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("regesta.reaction.AGAIN_SECONDS", 0.0)
    monkeypatch.setattr("regesta.reaction.AGAIN_SECONDS_MOST", 0.0)
    monkeypatch.setattr("regesta.reaction.AGAIN_STREAMS", 2)
    for jar in "abcde":
        await decider.handle(Fill(jar=jar, ref="r", amount=1), CONTEXT)
    job = reacting(postgres_store, decider, sticking({1, 2, 3, 4, 5}))
    for _ in range(3):
        await job.step()
    assert [each.attempts for each in await parked_in(postgres_store, job).all(9)] == [2, 2, 2, 2, 2]


async def test_what_passes_parks_nothing(postgres_store: PostgresStore, decider: Decider) -> None:
    away = True

    async def stick(_here: Here, recorded: Recorded, _event: Event) -> Sequence[Command]:
        if away and recorded.position == 2:
            raise NotYet("not yet")
        return [Label(jar=recorded.stream.removeprefix("jar/"), label=recorded.name)]

    for jar in ("a", "b", "c"):
        await decider.handle(Fill(jar=jar, ref="r", amount=1), CONTEXT)
    job = reacting(postgres_store, decider, replace(REACTION, react=stick))
    with pytest.raises(NotYet):
        await job.step()
    assert [(each.position, each.parked) for each in await read_all(postgres_store.pool)] == [(1, 0)]
    away = False
    assert await job.step() == 6
    assert sorted(str(event.cause) for event in await labels(postgres_store)) == ["jars:1", "jars:2", "jars:3"]


async def test_a_stream_that_another_process_takes_up_meanwhile_is_not_passed_over(
    postgres_store: PostgresStore, decider: Decider
) -> None:
    await decider.handle(Fill(jar="a", ref="r0", amount=1), CONTEXT)
    await reacting(postgres_store, decider, sticking({1})).step()
    await decider.handle(Fill(jar="a", ref="r1", amount=1), CONTEXT)
    await decider.handle(Fill(jar="b", ref="r", amount=1), CONTEXT)
    elsewhere = reacting(postgres_store, decider, sticking(set()))

    async def meanwhile(_here: Here, recorded: Recorded, _event: Event) -> Sequence[Command]:
        if recorded.stream == "jar/b":  # the parked stream has been left out of this batch
            with suppress(NotFound):  # the second time
                await parked_in(postgres_store, elsewhere).retry(elsewhere.name, "jar/a")
        return [Label(jar=recorded.stream.removeprefix("jar/"), label=recorded.name)]

    job = reacting(postgres_store, decider, replace(REACTION, react=meanwhile))
    assert await job.step() == 6
    assert sorted(str(event.cause) for event in await labels(postgres_store)) == ["jars:1", "jars:2", "jars:3"]


async def test_nothing_is_held_while_a_parked_fact_is_reacted_to(
    postgres_store: PostgresStore, decider: Decider
) -> None:
    """The checkpoint is free, and what goes past it meanwhile of the same stream is reacted to as well, once."""
    await decider.handle(Fill(jar="a", ref="r0", amount=1), CONTEXT)
    await reacting(postgres_store, decider, sticking({1})).step()
    live = reacting(postgres_store, decider, sticking(set()))
    idle = []

    async def meanwhile(_here: Here, recorded: Recorded, _event: Event) -> Sequence[Command]:
        if recorded.position == 1:
            idle.append(postgres_store.pool.get_idle_size() == postgres_store.pool.get_size())
            await decider.handle(Fill(jar="a", ref="r1", amount=1), CONTEXT)
            await live.step()
        return [Label(jar=recorded.stream.removeprefix("jar/"), label=recorded.name)]

    job = reacting(postgres_store, decider, replace(REACTION, react=meanwhile))
    async with asyncio.timeout(5):
        assert await parked_in(postgres_store, job).retry(job.name, "jar/a") == 2
    assert idle == [True]
    assert [event.cause for event in await labels(postgres_store)] == ["jars:1", "jars:2"]
    assert await parked_in(postgres_store, job).all(9) == []
    assert await live.step() == 4
    assert len(await labels(postgres_store)) == 2


async def test_two_processes_react_to_each_fact_once_whatever_is_parked_meanwhile(
    postgres_store: PostgresStore, decider: Decider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("regesta.reaction.AGAIN_SECONDS", 0.005)
    monkeypatch.setattr("regesta.reaction.AGAIN_SECONDS_MOST", 0.01)
    monkeypatch.setattr("regesta.reaction.WAIT_SECONDS", 0.01)
    monkeypatch.setattr("regesta.reaction.BATCH_EVENTS", 7)
    tries: dict[int, int] = {}

    async def stick(_here: Here, recorded: Recorded, _event: Event) -> Sequence[Command]:
        tries[recorded.position] = tries.get(recorded.position, 0) + 1
        if recorded.position % 3 == 0 and tries[recorded.position] < 4:
            raise KeyError("a fault that mends itself")
        return [Label(jar=recorded.stream.removeprefix("jar/"), label=recorded.name)]

    jobs = [reacting(postgres_store, decider, replace(REACTION, react=stick)) for _ in range(2)]
    runs = [asyncio.create_task(job.run()) for job in jobs]
    for number in range(60):
        await decider.handle(Fill(jar="abcd"[number % 4], ref=f"r{number}", amount=1), CONTEXT)

    async def all_labelled() -> bool:
        parked = [each.parked for each in await read_all(postgres_store.pool)]
        return len(await labels(postgres_store)) == 60 and parked == [0]

    await until(all_labelled)
    for run in runs:
        run.cancel()
    fills = [event for event in await postgres_store.read("jars", 0, 999) if event.type == "jar-filled.v1"]
    for jar in "abcd":
        wanted = [event.name for event in fills if event.stream == f"jar/{jar}"]
        assert [event.cause for event in await labels(postgres_store) if event.stream == f"jar/{jar}"] == wanted


async def test_a_reaction_that_loses_the_database_goes_on_when_it_is_back(
    postgres_store: PostgresStore, decider: Decider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("regesta.reaction.RETRY_SECONDS", 0.02)
    await decider.handle(Fill(jar="a", ref="large", amount=900), CONTEXT)
    with monkeypatch.context() as away:
        away.setattr("regesta.reaction.READ", "SELECT pg_terminate_backend(pg_backend_pid()), $1::text")
        away.setattr("regesta.reaction.FAIL", "SELECT pg_terminate_backend(pg_backend_pid()), $1::text, $2::text")
        job = reacting(postgres_store, decider)
        run = asyncio.create_task(job.run())

        async def lost() -> bool:
            return job.trouble is not None

        await until(lost)

    async def labelled() -> bool:
        return len(await labels(postgres_store)) == 1

    await until(labelled)
    run.cancel()


async def test_a_reaction_can_wait_for_its_read_model(
    reused_database: FreshDatabase, open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("regesta.reaction.FOLDED_SECONDS", 0.1)
    store = await open_store(await reused_database("jars"))
    follower = Follower(store, store.pool, "jars", [PROJECTION])
    await follower.open()
    here = Here(store, store.pool)
    await here.folded(PROJECTION)
    await filled(store, 2)
    with pytest.raises(NotYet) as late:
        await here.folded(PROJECTION)
    assert late.value.details == {"source": "jars", "reached": 0, "wanted": 2}
    waiting = asyncio.create_task(here.folded(PROJECTION, 2))
    await follower.catch_up()
    await waiting
    with pytest.raises(NotYet):
        await here.folded(PROJECTION, 3)


async def test_what_needs_a_read_model_with_a_parked_stream_is_parked_too_and_nothing_else(
    reused_database: FreshDatabase, open_store: OpenStore
) -> None:
    store = await open_store(await reused_database("jars"))
    decider = Decider(store, [AGGREGATE], RULES)
    run = asyncio.create_task(decider.run())
    follower = Follower(store, store.pool, "jars", [POISONED])
    await follower.open()

    async def stick(here: Here, recorded: Recorded, _event: Event) -> Sequence[Command]:
        if recorded.stream == "jar/a":
            await here.folded(POISONED, recorded.position)
        return [Label(jar=recorded.stream.removeprefix("jar/"), label=recorded.name)]

    await decider.handle(Fill(jar="poison", ref="r", amount=13), CONTEXT)
    await follower.catch_up()
    for jar in ("a", "b"):
        await decider.handle(Fill(jar=jar, ref="r", amount=1), CONTEXT)
    await follower.catch_up()
    job = reacting(store, decider, replace(REACTION, react=stick))
    assert await job.step() == 5
    assert [event.cause for event in await labels(store)] == ["jars:1", "jars:3"]
    (parked,) = await parked_in(store, job).all(10)
    assert parked.stream == "jar/a"
    assert parked.error == "Incomplete: 1 streams are parked in levels, see `regesta park list jars`"
    assert await ParkedStreams(store, store.pool, [PROJECTION]).retry("levels", "jar/poison") == 1
    assert await parked_in(store, job).retry(job.name, "jar/a") == 1
    run.cancel()


def test_a_day_starts_once() -> None:
    domain = Domain([Aggregate(Calendar, calendar.evolve)], [Rule(StartDay, calendar.decide)])
    day = date(2026, 3, 1)
    assert domain.when(StartDay(date=day)) == {"calendar/2026": [DayStarted(date=day)]}
    assert domain.when(StartDay(date=day)) == {}
    assert domain.when(StartDay(date=date(2027, 1, 1))) == {"calendar/2027": [DayStarted(date=date(2027, 1, 1))]}


async def test_each_day_is_recorded_as_it_starts(memory_store: MemoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Brussels' midnight, not UTC's: in winter it is at 23:00 UTC."""

    class Clock(datetime):
        begin = datetime.now(UTC)
        moment = datetime(2026, 1, 5, 22, 59, 59, 900_000, tzinfo=UTC)

        @classmethod
        def now(cls, _zone: object = None) -> Clock:
            return cls.fromtimestamp((cls.moment + (datetime.now(UTC) - cls.begin)).timestamp(), UTC)

    monkeypatch.setattr(calendar, "datetime", Clock)
    decider = Decider(memory_store, [calendar.AGGREGATE], [calendar.RULE])
    run, keep = asyncio.create_task(decider.run()), asyncio.create_task(keep_calendar(decider))
    assert await memory_store.wait("jars", 1, 5)
    keep.cancel()
    run.cancel()
    assert [event.raw for event in await memory_store.read("jars", 0, 9)] == [
        '{"date":"2026-01-05"}',
        '{"date":"2026-01-06"}',
    ]


async def test_a_day_that_cannot_be_recorded_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calendar, "RETRY_SECONDS", 0.01)
    calls = 0

    class Refusing(Decider):
        async def handle(self, *_: object) -> None:  # type: ignore[override]
            nonlocal calls
            calls += 1
            raise Busy("not now")

    async def tried_again() -> bool:
        return calls > 2

    keep = asyncio.create_task(keep_calendar(Refusing(MemoryStore("jars", Registry()), [], [])))
    await until(tried_again)
    assert not keep.done()
    keep.cancel()
