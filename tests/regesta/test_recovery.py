"""A log that was restored, or ends before what its consumers hold, records nothing until it has its own tail back."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import asyncpg
import pytest

from regesta import recovery
from regesta.bus import Batch, Carrier, Offer, Seen
from regesta.command import Context, Reference
from regesta.decider import Decider
from regesta.errors import Forked, LogBehind, NotRecoverable, SourceUnreachable, UnknownReference
from regesta.recovery import Guard, Recovered, Recovery, close_behind, read_closed
from regesta.reference import Asked, References
from regesta.store import PostgresStore, columns_of
from regesta.suites import filled, foreign, new_event, new_key, new_unit
from regesta.testing import MemoryStore
from regesta.unit import Appended, Head, Store
from tests.conftest import Database, FreshDatabase, execute
from tests.regesta import jars
from tests.regesta.conftest import OpenStore
from tests.regesta.serving import until


@dataclass
class Loser:
    """A log that lost its end, as a restore does it, and replicas of it that hold some of that."""

    database: Database
    store: PostgresStore
    log: str

    async def lose(self, after: int) -> None:
        """Take away what is beyond a position, and close the log as a restore does."""
        await self.execute(
            f"DELETE FROM log.events WHERE position > {after}", "SELECT log.close('restored', NULL, NULL)"
        )

    async def execute(self, *statements: str) -> None:
        await execute(self.database.admin_dsn, *statements)

    async def stored(self) -> list[tuple[object, ...]]:
        """Return the whole log, as its table holds it, but for the ids of units."""
        rows = await self.store.pool.fetch(
            "SELECT position, stream, version, type, time, meta::text, data::text FROM log.events ORDER BY position"
        )
        return [tuple(row) for row in rows]


@pytest.fixture
async def loser(reused_database: FreshDatabase, open_store: OpenStore) -> Loser:
    database = await reused_database("jars")
    opened = await open_store(database)
    return Loser(database, opened, str((await opened.head("jars")).log))


async def replica_of(source: Store, until: int) -> MemoryStore:
    """Return another service's store with a replica of a log up to a position."""
    kept = MemoryStore("shelves", jars.REGISTRY)
    events = await source.read("jars", 0, until)
    await kept.replicate(events[0].log, events)
    return kept


class Away(Offer):
    """A consumer that does not answer."""

    def __init__(self) -> None:
        super().__init__(MemoryStore("kpi", jars.REGISTRY), "jars")

    async def head(self) -> Head:
        raise SourceUnreachable("nobody is there")


async def recovered(loser: Loser, consumers: Mapping[str, Carrier], *, accept_loss: bool = False) -> Recovered:
    """Recover until the log is open."""
    work = Recovery(loser.store, consumers)
    while (done := await work.step("operator", accept_loss=accept_loss)).state != "open":
        pass
    return done


async def test_a_closed_log_takes_no_append_of_any_process(loser: Loser, open_store: OpenStore) -> None:
    await filled(loser.store, 3)
    await loser.lose(2)
    for each in (loser.store, await open_store(loser.database)):
        with pytest.raises(LogBehind):
            await each.append(new_unit(new_event("a/1", 1)))
        with pytest.raises(LogBehind):
            await each.append(new_unit(reads={"a/1": 0}, keys=[new_key("k", count=0)]))
        assert (await each.head("jars")).position == 2
    assert await loser.store.keys([("officer", "k")]) == {}


async def test_a_closed_log_gives_no_answer_that_it_cannot_prove(loser: Loser) -> None:
    decider = Decider(loser.store, [jars.AGGREGATE], jars.RULES)
    run = asyncio.create_task(decider.run())
    officer = Context("officer", frozenset(), frozenset(), datetime.now(UTC))
    await decider.handle(jars.Fill(jar="a", ref="r", amount=500), officer)
    await decider.handle(jars.Fill(jar="a", ref="later", amount=200), officer)
    await loser.lose(1)
    # What it holds says that the one is known and the other refused; what it lacks may say otherwise.
    for command in (jars.Fill(jar="a", ref="r", amount=500), jars.Pour(jar="a", into="b", amount=600)):
        with pytest.raises(LogBehind):
            await decider.handle(command, officer)
    run.cancel()


async def test_a_closed_log_does_not_say_that_a_reference_is_unknown(loser: Loser) -> None:
    """For the replicas of a service that was restored may be of before too."""
    elsewhere = MemoryStore("elsewhere", jars.REGISTRY)
    references = References(loser.store, {"elsewhere": Offer(elsewhere)})
    with pytest.raises(UnknownReference):
        await references.require([Reference("elsewhere", "thing/9")], Asked())
    await loser.lose(0)
    with pytest.raises(LogBehind):
        await references.require([Reference("elsewhere", "thing/9")], Asked())


async def test_the_tail_is_taken_back_from_the_replica_that_holds_most(loser: Loser) -> None:
    await filled(loser.store, 12)
    whole = await loser.stored()
    replicas = {f"to{until}": Offer(await replica_of(loser.store, until), "jars") for until in (5, 12, 10)}
    await loser.lose(7)
    assert await recovered(loser, replicas) == Recovered("open", loser.log, 12, 12)
    assert await loser.stored() == whole
    assert await read_closed(loser.store.pool) is None
    assert await loser.store.append(new_unit(new_event("a/1", 1))) == Appended(13, 13)


async def test_a_log_of_which_nobody_holds_more_just_opens(loser: Loser) -> None:
    await filled(loser.store, 4)
    nothing_yet = Offer(MemoryStore("kpi", jars.REGISTRY), "jars")
    same = Offer(await replica_of(loser.store, 4), "jars")
    await loser.lose(4)
    assert await recovered(loser, {"kpi": nothing_yet, "shelves": same}) == Recovered("open", loser.log, 4, 4)
    assert await recovered(loser, {"away": Away()}) == Recovered("open", loser.log, 4, 4), "an open log asks nobody"


async def test_a_recovery_tells_how_far_it_is(loser: Loser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recovery, "STEP_SECONDS", 0)
    monkeypatch.setattr(recovery, "BATCH_EVENTS", 2)
    await filled(loser.store, 5)
    work = Recovery(loser.store, {"shelves": Offer(await replica_of(loser.store, 5), "jars")})
    await loser.lose(0)
    found = [await work.step("operator") for _ in range(4)]
    assert [(each.state, each.position, each.wanted) for each in found] == [
        ("recovering", 2, 5), ("recovering", 4, 5), ("recovering", 5, 5), ("open", 5, 5),
    ]  # fmt: skip


async def test_without_an_answer_of_all_consumers_the_log_stays_closed(loser: Loser) -> None:
    await filled(loser.store, 6)
    consumers: dict[str, Carrier] = {"kpi": Away(), "shelves": Offer(await replica_of(loser.store, 5), "jars")}
    await loser.lose(3)
    with pytest.raises(NotRecoverable) as refused:
        await recovered(loser, consumers)
    assert refused.value.details["missing"] == {"kpi": "does not answer: nobody is there"}
    assert (await loser.store.head("jars")).position == 5, "what is found is taken back nevertheless"
    assert await read_closed(loser.store.pool) is not None


async def test_a_loss_that_is_accepted_makes_it_another_log(loser: Loser) -> None:
    await filled(loser.store, 6)
    await loser.lose(3)
    done = await recovered(loser, {"kpi": Away()}, accept_loss=True)
    assert (done.state, done.position) == ("open", 3)
    assert done.log != loser.log
    (adoption,) = await loser.store.pool.fetch("SELECT * FROM log.adoptions")
    assert (adoption["source"], str(adoption["old_log"]), str(adoption["new_log"])) == ("jars", loser.log, done.log)
    assert (adoption["position"], adoption["head"], adoption["adopted_by"]) == (3, 3, "operator")
    with pytest.raises(Forked):
        await Offer(loser.store).fetch(Seen(3, loser.log), 10, 0)


async def test_a_restored_log_of_which_nobody_could_be_asked_is_another_log(loser: Loser) -> None:
    """Else its positions might be given twice, and nobody would ever find out."""
    await filled(loser.store, 4)
    await loser.lose(3)
    with pytest.raises(NotRecoverable) as refused:
        await recovered(loser, {})
    assert refused.value.details["missing"] == {"REGESTA_CONSUMERS": "names nobody who could say"}
    done = await recovered(loser, {}, accept_loss=True)
    assert (done.state, done.position, done.log != loser.log) == ("open", 3, True)


async def test_a_new_id_and_the_opening_are_one(loser: Loser) -> None:
    """A claim that comes meanwhile leaves the log closed with its id; what another process opened is left as it is."""
    await filled(loser.store, 3)
    await loser.lose(3)
    await close_behind(loser.store.pool, "auditor", 9)
    anew = "SELECT log.open_anew($1, 3, 'operator')"
    assert await loser.store.pool.fetchval(anew, None) is False
    assert await read_closed(loser.store.pool) is not None
    assert str((await loser.store.head("jars")).log) == loser.log
    assert await loser.store.pool.fetchval("SELECT log.open(9)") is True
    assert await loser.store.pool.fetchval(anew, 9) is True
    assert await loser.store.pool.fetchval("SELECT log::text FROM log.identity") == loser.log
    assert await loser.store.pool.fetchval("SELECT count(*) FROM log.adoptions") == 0


class Emptied(Offer):
    """A consumer that holds nothing more by the time it is asked for it."""

    async def fetch(self, seen: Seen, limit: int, timeout_seconds: float) -> Batch:
        batch = await super().fetch(seen, limit, timeout_seconds)
        return replace(batch, events=[])


async def test_a_replica_that_gives_less_than_it_said_is_asked_again(loser: Loser) -> None:
    await filled(loser.store, 5)
    replica = await replica_of(loser.store, 5)
    await loser.lose(3)
    done = await Recovery(loser.store, {"shelves": Emptied(replica, "jars")}).step("operator")
    assert done == Recovered("recovering", loser.log, 3, 5)


async def test_a_log_that_is_renewed_while_a_connection_finds_it_moved(loser: Loser) -> None:
    await loser.execute("UPDATE log.identity SET ground = 'another server'")
    async with loser.store.pool.acquire() as db:
        async with db.transaction():
            await db.execute("SELECT log.close('restored', NULL, NULL)")
            standing = asyncio.create_task(loser.store.pool.execute("SELECT log.stand()"))

            async def waits() -> bool:
                found: bool = await loser.store.pool.fetchval("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
                return found

            await until(waits)
            await db.execute("SELECT log.renew(0, 'operator')")
        await standing


async def test_what_was_said_to_be_held_must_come_back(loser: Loser) -> None:
    await filled(loser.store, 3)
    await close_behind(loser.store.pool, "auditor", 9)
    await close_behind(loser.store.pool, "kpi", 7)
    closed = await read_closed(loser.store.pool)
    assert closed is not None
    assert (closed.reason, closed.consumer, closed.held) == ("behind", "auditor", 9)
    assert closed.told("jars") == (
        "the log is closed: it lacks events, auditor holds it up to 9; see `regesta recover jars`"
    )
    with pytest.raises(NotRecoverable) as refused:
        await recovered(loser, {})
    assert refused.value.details["missing"] == {"auditor": "said that it holds it up to 9"}


async def test_a_claim_that_comes_while_the_log_is_opened_keeps_it_closed(loser: Loser) -> None:
    await filled(loser.store, 3)
    await loser.lose(3)
    await close_behind(loser.store.pool, "auditor", 9)
    assert await loser.store.pool.fetchval("SELECT log.open(NULL)") is False
    assert await loser.store.pool.fetchval("SELECT log.open(9)") is True


async def test_a_log_that_ends_where_a_consumer_stands_is_not_closed(loser: Loser) -> None:
    await filled(loser.store, 3)
    await close_behind(loser.store.pool, "auditor", 3)
    assert await read_closed(loser.store.pool) is None


async def test_a_replica_with_other_events_gives_nothing_back(loser: Loser) -> None:
    await filled(loser.store, 6)
    other = await replica_of(loser.store, 6)
    await loser.execute("DELETE FROM log.events WHERE position > 3")
    await loser.store.append(new_unit(new_event("a/1", 1)))
    await loser.lose(4)
    with pytest.raises(NotRecoverable) as refused:
        await recovered(loser, {"shelves": Offer(other, "jars")})
    assert refused.value.details["missing"] == {"shelves": "holds other events: 'jars:4' has other content here"}
    assert (await loser.store.head("jars")).position == 4


async def test_of_two_replicas_that_differ_from_each_other_one_is_named(loser: Loser) -> None:
    """A log that was restored twice: between the two one consumer has followed what was recorded then."""
    await filled(loser.store, 6)
    whole, older = await loser.stored(), await replica_of(loser.store, 6)
    await loser.execute("DELETE FROM log.events WHERE position > 3")
    await loser.store.append(new_unit(new_event("a/1", 1)))
    younger = await replica_of(loser.store, 4)
    await loser.lose(3)
    with pytest.raises(NotRecoverable) as refused:
        await recovered(loser, {"kpi": Offer(younger, "jars"), "shelves": Offer(older, "jars")})
    assert refused.value.details["missing"] == {"kpi": "holds other events: 'jars:4' has other content here"}
    assert await loser.stored() == whole


async def test_a_replica_of_another_log_gives_nothing_back(loser: Loser) -> None:
    await filled(loser.store, 2)
    other = MemoryStore("shelves", jars.REGISTRY)
    log = str(uuid4())
    await other.replicate(log, [event._replace(source="jars") for event in foreign(range(1, 5), log)])
    await loser.lose(2)
    with pytest.raises(NotRecoverable) as refused:
        await recovered(loser, {"shelves": Offer(other, "jars")})
    assert refused.value.details["missing"] == {"shelves": f"follows another log of this name, {log}"}


@pytest.mark.parametrize(
    ("position", "version", "seconds", "wrong"),
    [(3, 1, 0, 3), (5, 1, 0, 5), (4, 3, 0, 4), (4, 1, 0, 4), (4, 2, -3600, 4)],
)
async def test_only_what_follows_is_taken_back(
    loser: Loser, position: int, version: int, seconds: int, wrong: int
) -> None:
    """The position, the version in its stream, and the time must go on from those that are there."""
    await filled(loser.store, 3)
    newest = (await loser.store.read("jars", 2, 1))[0]
    await loser.lose(3)
    event = newest._replace(
        position=position, stream="thing/0", version=version, time=newest.time + timedelta(seconds=seconds)
    )
    with pytest.raises(asyncpg.PostgresError) as refused:
        await loser.store.pool.fetchval(recovery.RECOVER, *columns_of([event]))
    assert (refused.value.sqlstate, refused.value.detail) == ("RG412", str(wrong))
    assert (await loser.store.head("jars")).position == 3


async def test_nothing_is_taken_back_into_an_open_log(loser: Loser) -> None:
    await filled(loser.store, 2)
    event = (await loser.store.read("jars", 1, 1))[0]
    for statement, values in ((recovery.RECOVER, columns_of([event])), ("SELECT log.renew($1, $2)", [2, "operator"])):
        with pytest.raises(asyncpg.PostgresError) as refused:
            await loser.store.pool.fetchval(statement, *values)
        assert refused.value.sqlstate == "RG409"


async def test_a_log_on_another_server_is_closed_when_it_is_opened(loser: Loser, open_store: OpenStore) -> None:
    await filled(loser.store, 1)
    again = await open_store(loser.database)
    assert await read_closed(again.pool) is None
    await loser.execute("UPDATE log.identity SET ground = 'another server'")
    moved = await open_store(loser.database)
    closed = await read_closed(moved.pool)
    assert closed is not None
    assert (closed.reason, closed.held) == ("restored", None)
    assert closed.told("jars") == "the log is closed: it was restored or moved; see `regesta recover jars`"


async def test_a_log_restored_under_a_running_process_is_closed_before_it_appends(loser: Loser) -> None:
    """All its connections are gone when the database comes back, and each that appends looks where it is."""
    await filled(loser.store, 1)
    await loser.execute(
        "UPDATE log.identity SET ground = 'before'",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    with pytest.raises(LogBehind):
        await loser.store.append(new_unit(new_event("a/1", 1)))


async def test_the_guard_lets_nobody_append_before_consumers_have_answered(loser: Loser) -> None:
    await filled(loser.store, 5)
    replica = Offer(await replica_of(loser.store, 5), "jars")
    await loser.execute("DELETE FROM log.events WHERE position > 4")
    guard = Guard(loser.store, {"shelves": replica})
    appending = asyncio.create_task(loser.store.append(new_unit(new_event("a/1", 1))))
    await asyncio.sleep(0.05)
    assert not appending.done()
    running = asyncio.create_task(guard.run())
    with pytest.raises(LogBehind):
        await appending
    closed = await read_closed(loser.store.pool)
    assert closed is not None
    assert (closed.consumer, closed.held) == ("shelves", 5)
    running.cancel()


async def test_a_consumer_that_is_away_holds_up_nobody_for_long(
    loser: Loser, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(recovery, "HOLD_SECONDS", 0.1)
    guard = Guard(loser.store, {"kpi": Away(), "shelves": Offer(MemoryStore("shelves", jars.REGISTRY), "jars")})
    running = asyncio.create_task(guard.run())
    assert await loser.store.append(new_unit(new_event("a/1", 1))) == Appended(1, 1)
    assert "kpi did not say how much of this log it holds; it is asked again" in caplog.messages
    running.cancel()
