"""Every carrier passes one suite; intake makes a replica that is a contiguous prefix of its source, or stops and says why."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import asyncpg
import httpx2
import pytest

from regesta import bus
from regesta.admission import POLLS
from regesta.bus import Batch, Carrier, Intake, Offer, Seen
from regesta.cloudevents import digest
from regesta.errors import Forked, SourceUnreachable
from regesta.event import Recorded, Registry
from regesta.followed import FollowedFeed
from regesta.reasons import Cause
from regesta.source import FeedClient
from regesta.store import PostgresStore
from regesta.suites import OTHER, CarrierSuite, filled, foreign, new_event, new_unit
from regesta.testing import MemoryStore
from regesta.unit import Gap, Head, Store
from tests.conftest import FreshDatabase
from tests.regesta import jars
from tests.regesta.serving import Issuer, Served, client, served, settings_of, taking_in, until


class TestOffer(CarrierSuite):
    @pytest.fixture
    def store(self, memory_store: MemoryStore) -> Store:
        return memory_store

    @pytest.fixture
    def carrier(self, store: Store) -> Carrier:
        return Offer(store)


class TestFeed(CarrierSuite):
    @pytest.fixture
    async def quiet(self, reused_database: FreshDatabase, issuer: Issuer) -> AsyncIterator[Served]:
        """Serve jars without a worker, whose calendar would write into the log."""
        database = await reused_database("jars")
        async with served(jars.SERVICE, settings_of(database, issuer), issuer, worker=False) as running:
            yield running

    @pytest.fixture
    def store(self, quiet: Served) -> Store:
        return quiet.runtime.store

    @pytest.fixture
    async def carrier(self, quiet: Served, issuer: Issuer) -> AsyncIterator[Carrier]:
        async with httpx2.AsyncClient() as http:
            yield FeedClient(http, quiet.url, issuer.token("events:read"), jars.REGISTRY)


class TestFollowedFeed(TestFeed):
    @pytest.fixture
    async def carrier(self, quiet: Served, issuer: Issuer) -> AsyncIterator[Carrier]:
        async with httpx2.AsyncClient() as http:
            followed = FollowedFeed(FeedClient(http, quiet.url, issuer.token("events:read"), jars.REGISTRY))
            yield followed
            await followed.close()


class Pipe:
    """A carrier that gives prepared batches, or raises prepared errors, one after the other; then waits."""

    def __init__(self, *answers: Sequence[Recorded] | Exception) -> None:
        self._answers = list(answers)
        self.seen: list[Seen] = []

    async def fetch(self, seen: Seen, limit: int, timeout_seconds: float) -> Batch:
        self.seen.append(seen)
        if not self._answers:
            await asyncio.sleep(timeout_seconds)
            return Batch("log", [], seen.position)
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return Batch(answer[0].log, answer[:limit], answer[-1].position)

    async def head(self) -> Head:
        return Head(0, None, None)


LOG = "01900000-0000-7000-8000-000000000000"


async def run_until(intake: Intake, store: Store, position: int) -> None:
    run = asyncio.create_task(intake.run())
    assert await store.wait(intake.source, position - 1, 5)
    run.cancel()


@pytest.fixture(params=["memory", "postgres"])
def replica(request: pytest.FixtureRequest) -> Store:
    found: Store = request.getfixturevalue(f"{request.param}_store")
    return found


async def test_intake_copies_position_by_position(replica: Store) -> None:
    pipe = Pipe(foreign(range(1, 4), LOG), foreign(range(2, 6), LOG), foreign(range(6, 9), LOG))
    await run_until(Intake(replica, "elsewhere", pipe), replica, 8)
    assert [event.position for event in await replica.read("elsewhere", 0, 99)] == list(range(1, 9))
    assert [seen.position for seen in pipe.seen[:3]] == [0, 3, 5]
    assert pipe.seen[1].digest == digest(foreign([3], LOG)[0])


async def test_intake_knows_what_it_stored_and_looks_again_after_an_answer_without_events(replica: Store) -> None:
    events = foreign(range(1, 5), LOG)
    pipe = Pipe(events[:1], [events[1]], SourceUnreachable("away"), events[3:])
    intake = Intake(replica, OTHER, pipe)
    for _ in range(2):
        assert await intake.step(0) == 1
    with pytest.raises(SourceUnreachable):
        await intake.step(0)
    await replicate_elsewhere(replica, events[2:3])
    assert await intake.step(0) == 1
    assert [each.position for each in pipe.seen] == [0, 1, 2, 3]
    assert pipe.seen[1] == Seen(1, events[0].log, digest(events[0]))
    assert [event.position for event in await replica.read(OTHER, 0, 9)] == [1, 2, 3, 4]


async def test_two_intakes_of_one_source_do_not_disturb_each_other(replica: Store) -> None:
    events = foreign(range(1, 5), LOG)
    first = Intake(replica, OTHER, Pipe(events[:1], events[1:3]))
    assert await first.step(0) == 1
    await replicate_elsewhere(replica, events[1:])
    assert await first.step(0) == 2
    assert [digest(event) for event in await replica.read(OTHER, 0, 9)] == [digest(event) for event in events]


async def replicate_elsewhere(replica: Store, events: Sequence[Recorded]) -> None:
    """Extend a replica as another process does it."""
    await replica.replicate(events[0].log, events)


async def test_intake_asks_again_for_what_the_pipe_left_out(replica: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bus, "RETRY_SECONDS", 0.01)
    whole = foreign(range(1, 7), LOG)
    pipe = Pipe(whole[:2], [*whole[2:3], *whole[4:]], whole[4:], whole[2:])
    intake = Intake(replica, "elsewhere", pipe)
    await run_until(intake, replica, 6)
    assert [event.raw for event in await replica.read("elsewhere", 0, 99)] == [event.raw for event in whole]
    assert [seen.position for seen in pipe.seen[:4]] == [0, 2, 2, 2]


async def test_the_next_batch_comes_while_one_is_stored(replica: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bus, "AHEAD_EVENTS", 2)
    pipe = Pipe(foreign(range(1, 4), LOG), foreign(range(4, 6), LOG), foreign([6], LOG))
    intake = Intake(replica, "elsewhere", pipe)
    assert [await intake.step(0) for _ in range(4)] == [3, 2, 1, 0]
    assert [event.position for event in await replica.read("elsewhere", 0, 99)] == list(range(1, 7))
    assert [seen.position for seen in pipe.seen] == [0, 3, 5, 6]
    assert pipe.seen[1].digest == digest(foreign([3], LOG)[0])


@pytest.mark.parametrize("error", [ConnectionResetError("gone"), SourceUnreachable("away")])
async def test_a_next_batch_that_fails_is_asked_for_again(
    replica: Store, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bus, "AHEAD_EVENTS", 2)
    pipe = Pipe(foreign([1, 2], LOG), error, foreign([3], LOG))
    intake = Intake(replica, "elsewhere", pipe)
    assert [await intake.step(0) for _ in range(2)] == [2, 1]
    assert [seen.position for seen in pipe.seen] == [0, 2, 2]


async def test_a_batch_that_cannot_be_stored_takes_the_next_one_with_it(
    replica: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bus, "AHEAD_EVENTS", 2)
    pipe = Pipe(foreign([2, 3], LOG), foreign([4], LOG), foreign([1], LOG))
    intake = Intake(replica, "elsewhere", pipe)
    with pytest.raises(Gap):
        await intake.step(0)
    assert await intake.step(0) == 1
    assert [event.position for event in await replica.read("elsewhere", 0, 99)] == [1]


async def test_one_step_tells_of_a_hole(replica: Store) -> None:
    with pytest.raises(Gap):
        await Intake(replica, "elsewhere", Pipe(foreign([1, 3], LOG))).step(0)
    assert (await replica.head("elsewhere")).position == 0


async def run_until_fork(intake: Intake) -> None:
    """Run an intake until it meets a fork; it then waits, for a task that ends would be a fault of its own."""
    run = asyncio.create_task(intake.run())

    async def alarmed() -> bool:
        return intake.alarm is not None

    await until(alarmed)
    await asyncio.sleep(0)
    assert not run.done()
    run.cancel()


async def test_intake_stops_at_a_fork(replica: Store) -> None:
    pipe = Pipe(foreign(range(1, 4), LOG), foreign([3, 4], LOG, '{"n":9}'), foreign([4], LOG))
    intake = Intake(replica, "elsewhere", pipe)
    await run_until_fork(intake)
    assert "differs" in str(intake.trouble)
    assert (await replica.head("elsewhere")).position == 3


async def test_intake_goes_on_when_the_replica_is_cut_back_while_it_looks_for_a_fork(
    memory_store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bus, "RETRY_SECONDS", 0.01)

    class Adopted(Pipe):
        """Differs once; meanwhile somebody adopts it."""

        async def head(self) -> Head:
            del memory_store._logs["elsewhere"][1:]
            return Head(4, LOG, None)

    pipe = Adopted(foreign(range(1, 5), LOG), Forked("another"), foreign(range(2, 4), LOG))
    intake = Intake(memory_store, "elsewhere", pipe)
    run = asyncio.create_task(intake.run())

    async def goes_on() -> bool:
        return len(pipe.seen) > 3 and (await memory_store.head("elsewhere")).position == 3

    await until(goes_on)
    run.cancel()


async def test_a_log_that_becomes_another_while_it_is_waited_for_is_found(memory_store: MemoryStore) -> None:
    await filled(memory_store, 2)
    kept = await memory_store.read("jars", 0, 2)
    poll = asyncio.create_task(
        Offer(memory_store).fetch(Seen(2, kept[1].log, digest(kept[1])), limit=9, timeout_seconds=5)
    )
    await asyncio.sleep(0)
    memory_store._logs["jars"][1] = kept[1]._replace(raw='{"ref":"another"}')
    await memory_store.append(new_unit(new_event("a/1", 1)))
    with pytest.raises(Forked):
        await poll


async def test_a_feed_finds_it_too(reused_database: FreshDatabase, issuer: Issuer) -> None:
    database = await reused_database("jars")
    settings = settings_of(database, issuer)
    async with (
        served(jars.SERVICE, settings, issuer, worker=False) as here,
        httpx2.AsyncClient() as http,
    ):
        store = here.runtime.store
        await filled(store, 2)
        (last,) = await store.read("jars", 1, 1)
        carrier = FeedClient(http, here.url, issuer.token("events:read"), jars.REGISTRY)
        poll = asyncio.create_task(carrier.fetch(Seen(2, last.log, digest(last)), 9, 5))

        async def polled() -> bool:
            return here.runtime.rooms.polls.free < POLLS

        await until(polled)
        admin = await asyncpg.connect(database.admin_dsn)
        await admin.execute("""UPDATE log.events SET data = '{"ref":"another"}' WHERE position = 2""")
        await admin.close()
        await store.append(new_unit(new_event("a/1", 1)))
        with pytest.raises(Forked):
            await poll


async def test_a_clock_far_ahead_is_not_followed(replica: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bus, "CLOCK_SECONDS", 0.01)

    def at(seconds: int) -> list[Recorded]:
        return [e._replace(time=datetime.now(UTC) + timedelta(seconds=seconds)) for e in foreign([1], LOG)]

    intake = Intake(replica, "elsewhere", Pipe(at(90), at(30)))
    assert await intake.step(0) == 0
    assert intake.alarm is Cause.SOURCE_CLOCK
    assert "ahead" in str(intake.trouble)
    assert (await replica.head("elsewhere")).position == 0
    assert await intake.step(0) == 1
    assert intake.trouble is None


@pytest.mark.parametrize("error", [ConnectionResetError("gone"), SourceUnreachable("away"), Gap(0)])
async def test_intake_goes_on_after_an_error(replica: Store, error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bus, "RETRY_SECONDS", 0.01)
    pipe = Pipe(error, foreign([1], LOG), error, foreign([2], LOG))
    intake = Intake(replica, "elsewhere", pipe)
    run = asyncio.create_task(intake.run())
    assert await replica.wait("elsewhere", 1, 5)
    await asyncio.sleep(0.05)
    assert intake.trouble is None
    run.cancel()


async def told(pipe: Pipe, store: Store, position: int, caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what an operator hears of an intake until it holds a position, and a little later."""
    caplog.set_level(logging.INFO, "regesta.bus")
    run = asyncio.create_task(Intake(store, "elsewhere", pipe).run())
    assert await store.wait("elsewhere", position - 1, 5)
    await asyncio.sleep(0.05)
    run.cancel()
    return [f"{record.levelname} {record.getMessage()}" for record in caplog.records]


async def test_nobody_hears_that_a_source_starts_a_little_later(
    memory_store: MemoryStore, caplog: pytest.LogCaptureFixture
) -> None:
    pipe = Pipe(SourceUnreachable("away"), SourceUnreachable("away"), foreign([1], LOG))
    assert await told(pipe, memory_store, 1, caplog) == []


async def test_an_outage_is_told_once_with_its_end(
    memory_store: MemoryStore, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bus, "RETRY_SECONDS", 0.01)
    monkeypatch.setattr(bus, "GRACE_SECONDS", 0.02)
    away = [SourceUnreachable("away") for _ in range(5)]
    pipe = Pipe(*away, foreign([1], LOG), *away, foreign([2], LOG))
    once = [
        "WARNING intake of elsewhere: SourceUnreachable: away; trying again",
        "WARNING intake of elsewhere goes on after 0 s",
    ]
    assert await told(pipe, memory_store, 2, caplog) == once * 2


async def test_the_end_of_an_outage_is_known_without_an_event(memory_store: MemoryStore) -> None:
    pipe = Pipe(SourceUnreachable("away"))
    intake = Intake(memory_store, "elsewhere", pipe)

    async def troubled() -> bool:
        return intake.trouble is not None

    async def well() -> bool:
        return intake.trouble is None

    run = asyncio.create_task(intake.run())
    await until(troubled)
    await until(well, seconds=2)
    run.cancel()


async def test_a_source_that_comes_back_is_followed_within_a_second(
    memory_store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    turn = asyncio.sleep

    async def pause(seconds: float) -> None:
        pauses.append(seconds)
        await turn(0)

    monkeypatch.setattr(asyncio, "sleep", pause)
    away = [SourceUnreachable("away") for _ in range(20)]
    await run_until(Intake(memory_store, "elsewhere", Pipe(*away, foreign([1], LOG))), memory_store, 1)
    after_failures = [each for each in pauses if each > bus.PACE_SECONDS]
    assert after_failures[:20] == [0.1, 0.2, 0.4, 0.8] + [1.0] * 16


async def test_intake_survives_its_own_database(reused_database: FreshDatabase, issuer: Issuer) -> None:
    source, mine = await reused_database("jars"), await reused_database("kpi")
    async with served(jars.SERVICE, settings_of(source, issuer), issuer) as running:
        registry = Registry(jars.EVENTS)
        async with httpx2.AsyncClient() as http, PostgresStore("kpi", mine.dsn, registry, pool_size=2) as store:
            intake = Intake(store, "jars", FeedClient(http, running.url, issuer.token(), registry))
            run = asyncio.create_task(intake.run())
            assert await store.wait("jars", 0, 5)
            async with client(running) as user:
                await terminate(mine.admin_dsn)
                await user.put("/jars/a/fills/r", json={"amount": 1})
                head = (await running.runtime.store.head("jars")).position
                assert await store.wait("jars", head - 1, 5)
            assert not run.done()
            run.cancel()


async def terminate(dsn: str) -> None:
    admin = await asyncpg.connect(dsn)
    try:
        await admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    finally:
        await admin.close()


async def test_a_source_replaced_by_another_database_is_a_fork(reused_database: FreshDatabase, issuer: Issuer) -> None:
    replicas = await reused_database("jars")
    async with httpx2.AsyncClient() as http, PostgresStore("kpi", replicas.dsn, jars.REGISTRY, pool_size=2) as store:
        for number in range(2):
            source = await reused_database("jars")
            async with served(jars.SERVICE, settings_of(source, issuer), issuer, worker=False) as running:
                await filled(running.runtime.store, 2)
                intake = Intake(store, "jars", FeedClient(http, running.url, issuer.token(), jars.REGISTRY))
                if number == 0:
                    await run_until(intake, store, 2)
                    continue
                await run_until_fork(intake)
                assert "another log" in str(intake.trouble)


async def test_a_service_follows_another_and_says_when_it_cannot(
    reused_database: FreshDatabase, jars_service: Served, issuer: Issuer
) -> None:
    """The follower takes jars in under its own name, so it is another service on another database."""
    mine = await reused_database("kpi")
    service = replace(
        taking_in(*jars.EVENTS, source="jars"),
        name="kpi", projections=(), reactions=(), routers=(), aggregates=(), rules=(), routes=(),
    )  # fmt: skip
    root = jars_service.url.removesuffix("/jars/v1")
    async with served(service, settings_of(mine, issuer, {"jars": root}), issuer) as running, client(running) as user:
        assert await running.runtime.store.wait("jars", 0, 5)
        assert (await user.get("/readyz")).status_code == 200
        (intake,) = running.runtime.intakes
        intake.alarm, intake.trouble = Cause.FORKED, "as a fork would"
        ready = await user.get("/readyz")
        assert (ready.status_code, ready.json()["reasons"][0]["detail"]) == (503, "intake of jars: as a fork would")


@pytest.mark.parametrize("content", [b"<html>", b"{}", b'[{"id": "1"}]', b'[{"source": 3}]', b"null"])
async def test_what_is_no_feed_is_an_unreachable_source(content: bytes) -> None:
    def answer(_request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, content=content, headers={"Regesta-Log": LOG, "Regesta-Position": "1"})

    async with httpx2.AsyncClient(transport=httpx2.MockTransport(answer)) as http:
        feed = FeedClient(http, "http://jars.test/jars/v1", "token", jars.REGISTRY)
        with pytest.raises(SourceUnreachable):
            await feed.fetch(Seen(0), 10, 0)
        with pytest.raises(SourceUnreachable):
            await feed.head()


async def test_a_forked_offer_names_both(memory_store: MemoryStore) -> None:
    await filled(memory_store, 1)
    with pytest.raises(Forked) as fork:
        await Offer(memory_store).fetch(Seen(1, LOG), 10, 0)
    assert LOG in str(fork.value)
    assert fork.value.details["log"] == (await memory_store.head("jars")).log
