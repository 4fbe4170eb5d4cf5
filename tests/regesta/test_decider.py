"""Commands that share a stream are decided in turn, each with its own answer, and never on a state that is not proven."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from regesta import decider as deciding
from regesta.decider import Decider
from regesta.envelope import Answer, Envelope
from regesta.errors import (
    Busy,
    Differs,
    InvalidInput,
    KeyReused,
    NotWithdrawable,
    OutcomeUnknown,
    StaleVersion,
    WithdrawalDiffers,
)
from regesta.event import Recorded, Registry
from regesta.store import PostgresStore
from regesta.testing import MemoryStore
from regesta.unit import Outcome, Store, Unit
from tests.regesta.deciding import CONTEXT, Start, all_of, fill, filled_by_another, keyed
from tests.regesta.jars import AGGREGATE, RULES, Explode, Label, Overflows, Pour, TooFew, Unlabel


async def test_a_decider_that_ended_asks_nothing_more_of_its_store() -> None:
    class Slow(MemoryStore):
        """A store that takes a moment to give up."""

        begun, ended = asyncio.Event(), asyncio.Event()

        async def append(self, unit: Unit) -> Outcome:
            self.begun.set()
            try:
                await asyncio.Event().wait()
            finally:
                for _ in range(5):
                    await asyncio.sleep(0)
                self.ended.set()
            return await super().append(unit)

    store = Slow("jars", Registry())
    decider = Decider(store, [AGGREGATE], RULES)
    run = asyncio.create_task(decider.run())
    waiting = asyncio.create_task(decider.handle(fill("r"), CONTEXT))
    await store.begun.wait()
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert store.ended.is_set()
    with pytest.raises(OutcomeUnknown, match="repeat it"):
        await waiting


async def test_commands_on_one_stream_are_decided_in_turn(store: Store, decider: Decider) -> None:
    answers = await all_of(decider, *(fill(f"r{n}", 300) for n in range(5)))
    assert [type(answer) for answer in answers] == [Answer, Answer, Answer, Overflows, Overflows]
    assert [answer.version for answer in answers if isinstance(answer, Answer)] == [1, 2, 3]
    assert [answer.events for answer in answers if isinstance(answer, Answer)] == [
        ("jars:1",),
        ("jars:2",),
        ("jars:3",),
    ]
    assert (await store.head("jars")).position == 3


async def test_a_unit_spans_the_streams_of_its_command(store: Store, decider: Decider) -> None:
    await decider.handle(fill("r", 10), CONTEXT)
    answer = await decider.handle(Pour(jar="a", into="b", amount=4), CONTEXT)
    assert answer == Answer(("jars:2", "jars:3"), "jars:3", "jar/a", 2)
    with pytest.raises(TooFew):
        await decider.handle(Pour(jar="b", into="a", amount=5), CONTEXT)
    assert [event.stream for event in await store.read("jars", 1, 9)] == ["jar/a", "jar/b"]


async def test_a_repeated_command_records_nothing(decider: Decider) -> None:
    first, again = await all_of(decider, fill("r"), fill("r"))
    assert again == Answer((), "jars:1", "jar/a", 1)
    assert isinstance(first, Answer)
    with pytest.raises(Differs):
        await decider.handle(fill("r", 2), CONTEXT)


async def test_a_key_gives_the_first_answer_again(store: Store, start: Start) -> None:
    decider = await start(store)
    first = await decider.handle(fill("r"), CONTEXT, keyed("k"))
    for other in (decider, await start(store)):
        again = await other.handle(fill("r"), CONTEXT, keyed("k"))
        assert (again.events, again.token, again.version, again.repeated) == (first.events, "jars:1", 1, True)


async def test_a_key_with_another_request_is_refused(decider: Decider) -> None:
    await decider.handle(fill("r"), CONTEXT, keyed("k"))
    with pytest.raises(KeyReused):
        await decider.handle(fill("s"), CONTEXT, keyed("k", b"another"))


async def test_a_key_in_flight_is_awaited(store: Store, decider: Decider) -> None:
    jobs = [decider.handle(Label(jar="a", label="x"), CONTEXT, keyed("k")) for _ in range(4)]
    answers = await asyncio.gather(*jobs)
    assert {answer.events for answer in answers} == {("jars:1",)}
    assert sorted(answer.repeated for answer in answers) == [False, True, True, True]
    assert (await store.head("jars")).position == 1


async def test_a_keyed_command_that_is_refused_later_still_gives_its_first_answer(decider: Decider) -> None:
    await decider.handle(fill("r", 10), CONTEXT)
    poured = await decider.handle(Pour(jar="a", into="b", amount=10), CONTEXT, keyed("p"))
    again = await decider.handle(Pour(jar="a", into="b", amount=10), CONTEXT, keyed("p"))
    assert (again.events, again.repeated) == (poured.events, True)


async def test_a_command_that_records_nothing_stores_its_key(store: Store, decider: Decider) -> None:
    await decider.handle(fill("r"), CONTEXT)
    nothing = await decider.handle(fill("r"), CONTEXT, keyed("k"))
    assert nothing.events == ()
    assert (await store.head("jars")).position == 1
    again = await decider.handle(fill("r"), CONTEXT, keyed("k"))
    assert (again.events, again.repeated) == ((), True)
    with pytest.raises(KeyReused):
        await decider.handle(fill("s"), CONTEXT, keyed("k", b"another"))


async def test_a_refusal_stores_no_key(store: Store, decider: Decider) -> None:
    with pytest.raises(TooFew):
        await decider.handle(Pour(jar="a", into="b", amount=1), CONTEXT, keyed("k"))
    assert await store.keys([("officer", "k")]) == {}
    await decider.handle(fill("r"), CONTEXT)
    assert (await decider.handle(Pour(jar="a", into="b", amount=1), CONTEXT, keyed("k"))).events == ("jars:2", "jars:3")


async def test_a_pinned_version_must_be_the_actual_one(decider: Decider) -> None:
    await decider.handle(fill("r"), CONTEXT, Envelope(if_match=0))
    with pytest.raises(StaleVersion) as stale:
        await decider.handle(fill("s"), CONTEXT, Envelope(if_match=0))
    assert stale.value.details == {"stream": "jar/a", "version": 1, "if_match": 0}
    await decider.handle(fill("s"), CONTEXT, Envelope(if_match=1))


async def test_a_refusal_is_never_decided_on_a_stale_state(store: Store, start: Start) -> None:
    one, other = await start(store), await start(store)
    with pytest.raises(TooFew):
        await one.handle(Pour(jar="a", into="b", amount=5), CONTEXT)
    await other.handle(fill("r", 5), CONTEXT)
    assert (await one.handle(Pour(jar="a", into="b", amount=5), CONTEXT)).events == ("jars:2", "jars:3")
    with pytest.raises(StaleVersion):
        await other.handle(fill("s"), CONTEXT, Envelope(if_match=1))
    await other.handle(fill("s"), CONTEXT, Envelope(if_match=2))


async def test_a_repeat_is_never_decided_on_a_stale_state(store: Store, start: Start) -> None:
    one, other = await start(store), await start(store)
    await one.handle(Label(jar="a", label="x"), CONTEXT)
    await other.handle(Unlabel(jar="a", event="jars:1", reason="wrong"), CONTEXT)
    assert (await one.handle(Label(jar="a", label="x"), CONTEXT)).events == ("jars:3",)


async def test_a_repeat_is_of_what_occurred_then_in_every_process(store: Store, start: Start) -> None:
    """When a fact occurred is of its envelope, and the states that rules see know it all the same."""
    one, dated, at_another_time = await start(store), fill("r", occurred="2024-06"), fill("r", occurred="2024-07")
    assert (await one.handle(dated, CONTEXT)).events == ("jars:1",)
    for decider in (one, await start(store)):
        assert (await decider.handle(dated, CONTEXT)).events == ()
        assert (await decider.handle(fill("r"), CONTEXT)).events == ()
        with pytest.raises(Differs) as differs:
            await decider.handle(at_another_time, CONTEXT)
        assert differs.value.details == {"field": "occurred", "recorded": "2024-06", "given": "2024-07"}


async def test_every_fact_of_a_command_occurred_when_it_says(decider: Decider) -> None:
    assert (await decider.handle(Label(jar="a", label="x", occurred="2024-06"), CONTEXT)).events == ("jars:1",)
    assert (await decider.handle(Label(jar="a", label="x", occurred="2024-06"), CONTEXT)).events == ()
    with pytest.raises(Differs, match="occurred is recorded as '2024-06', not '2024-07'"):
        await decider.handle(Label(jar="a", label="x", occurred="2024-07"), CONTEXT)


async def test_a_conflict_is_decided_again(store: Store, decider: Decider) -> None:
    await decider.handle(fill("r", 10), CONTEXT)
    await store.append(filled_by_another("other", 2, 985))
    answers = await all_of(decider, fill("s", 5), fill("t", 5))
    assert isinstance(answers[0], Answer)
    assert answers[0].version == 3
    assert isinstance(answers[1], Overflows)


class Contended(MemoryStore):
    """A store in which another process is always a step ahead, `steps` times."""

    steps = 1

    async def append(self, unit: Unit) -> Outcome:
        if "jar/a" in unit.expected and self.steps > 0:
            self.steps -= 1
            version = unit.expected["jar/a"] + 1
            await super().append(filled_by_another(f"theirs {version}", version))
        return await super().append(unit)


@pytest.fixture
def contended(memory_store: MemoryStore) -> Contended:
    return Contended("jars", memory_store.registry)


async def test_what_is_decided_again_keeps_the_order_of_arrival(
    contended: Contended, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    decider = await start(contended)
    # uvloop's clock stands still within one turn of the loop: deadlines say nothing about order.
    now = asyncio.get_running_loop().time()
    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: now)
    answers = await all_of(decider, *(fill(f"r{n}") for n in range(10)))
    monkeypatch.undo()
    assert [answer.version for answer in answers if isinstance(answer, Answer)] == list(range(2, 12))


async def test_contention_ends_after_a_while(
    contended: Contended, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deciding, "CONTENDED_SECONDS", 0.1)
    contended.steps = 1_000_000
    decider = await start(contended)
    with pytest.raises(Busy, match="contended"):
        await asyncio.wait_for(decider.handle(fill("r"), CONTEXT), 2)
    contended.steps = 1
    pinned = Envelope(if_match=(await contended.head("jars")).position)
    with pytest.raises(StaleVersion):
        await decider.handle(fill("r"), CONTEXT, pinned)


async def test_waiting_for_a_turn_is_no_contention(
    contended: Contended, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second command waits for the first for longer than it may be contended, and then meets a conflict."""
    monkeypatch.setattr(deciding, "CONTENDED_SECONDS", 0.1)
    contended.steps = 0
    decider = await start(contended)
    appended = MemoryStore.append

    async def slow(store: MemoryStore, unit: Unit) -> Outcome:
        await asyncio.sleep(0.15)
        return await appended(store, unit)

    monkeypatch.setattr(MemoryStore, "append", slow)
    first = asyncio.create_task(decider.handle(fill("first"), CONTEXT))
    await asyncio.sleep(0.05)
    second = asyncio.create_task(decider.handle(fill("second"), CONTEXT))
    await first
    contended.steps = 1
    assert (await second).version == 3


async def test_two_processes_share_a_hot_stream(two_stores: list[PostgresStore], start: Start) -> None:
    deciders = [await start(store) for store in two_stores]
    stop = asyncio.Event()
    done = [0, 0]

    async def press(number: int, worker: int) -> None:
        turn = 0
        while not stop.is_set():
            turn += 1
            await deciders[number].handle(Label(jar="a", label=f"{number} {worker} {turn}"), CONTEXT)
            done[number] += 1

    jobs = [asyncio.create_task(press(number, worker)) for number in (0, 1) for worker in range(8)]
    await asyncio.sleep(1)
    stop.set()
    await asyncio.gather(*jobs)
    assert min(done) * 3 >= sum(done), done
    assert (await two_stores[0].head("jars")).position == sum(done)


@pytest.mark.parametrize("poisoned", [keyed("\0"), keyed("k\0", b"x")])
async def test_a_command_whose_data_is_refused_fails_alone(store: Store, decider: Decider, poisoned: Envelope) -> None:
    jobs = [decider.handle(fill(f"r{n}"), CONTEXT, poisoned if n == 3 else Envelope()) for n in range(8)]
    answers = await asyncio.gather(*jobs, return_exceptions=True)
    assert [n for n, answer in enumerate(answers) if isinstance(answer, InvalidInput)] == [3]
    assert [answer.version for answer in answers if isinstance(answer, Answer)] == list(range(1, 8))
    assert (await store.head("jars")).position == 7


@pytest.mark.parametrize("late", [False, True])
async def test_a_fault_of_ours_fails_its_command_alone(store: Store, decider: Decider, *, late: bool) -> None:
    commands = [fill("r"), fill("other", jar="b"), Explode(jar="a", late=late), fill("s"), fill("t")]
    answers = await all_of(decider, *commands)
    assert isinstance(answers[2], AssertionError if late else ZeroDivisionError)
    assert [answer.version for answer in answers if isinstance(answer, Answer)] == [1, 1, 2, 3]
    refs = [event.raw for event in (await store.tails({"jar/a": 0}))["jar/a"]]
    assert [raw[8] for raw in refs] == ["r", "s", "t"]


async def test_an_undecided_command_can_be_cancelled(store: Store, decider: Decider) -> None:
    job = asyncio.create_task(decider.handle(fill("r"), CONTEXT))
    await asyncio.sleep(0)
    job.cancel()
    await asyncio.gather(job, return_exceptions=True)
    answer = await decider.handle(fill("s"), CONTEXT)
    assert answer.version == 1
    assert (await store.head("jars")).position == 1


class Broken(MemoryStore):
    """A store whose reads fail while `fault` is set; `loads` counts the streams read from their beginning."""

    fault: Exception | None = None
    loads = 0

    async def tails(self, after: Mapping[str, int]) -> dict[str, list[Recorded]]:
        self.loads += sum(version == 0 for version in after.values())
        if self.fault is not None:
            raise self.fault
        return await super().tails(after)


@pytest.fixture
def broken(memory_store: MemoryStore) -> Broken:
    return Broken("jars", memory_store.registry)


@pytest.mark.parametrize(
    ("fault", "shown"), [(ConnectionResetError("gone"), Busy), (RuntimeError("odd"), RuntimeError)]
)
async def test_a_stream_that_cannot_be_loaded_fails_who_waits_for_it(
    broken: Broken, start: Start, fault: Exception, shown: type[Exception]
) -> None:
    decider = await start(broken)
    await decider.handle(fill("r", jar="b"), CONTEXT)
    broken.fault = fault
    answers = await all_of(decider, fill("r"), fill("s"), fill("s", jar="b"))
    assert [type(answer) for answer in answers] == [shown, shown, Answer]
    broken.fault = None
    assert (await decider.handle(fill("r"), CONTEXT)).version == 1


async def test_folded_streams_are_kept_up_to_a_number(
    broken: Broken, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deciding, "CACHED_STREAMS", 3)
    decider = await start(broken)
    for jar in ("a", "b", "c", "a", "b", "d", "a", "c"):
        await decider.handle(fill(f"r{broken.now}", jar=jar), CONTEXT)
    assert len(decider._states) == 3
    assert broken.loads == 5  # c was used longest ago when d came


async def test_a_full_queue_is_busy(store: Store, decider: Decider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deciding, "QUEUE_COMMANDS", 5)
    answers = await all_of(decider, *(fill(f"r{n}") for n in range(8)))
    assert [type(answer) for answer in answers] == [Answer] * 5 + [Busy] * 3
    assert (await store.head("jars")).position == 5


async def test_a_thousand_on_one_stream_are_all_answered(store: Store, decider: Decider) -> None:
    answers = await asyncio.wait_for(all_of(decider, *(fill(f"r{n}") for n in range(1_010))), 20)
    assert [answer.version for answer in answers if isinstance(answer, Answer)] == list(range(1, 1_001))
    assert [type(answer) for answer in answers[1_000:]] == [Overflows] * 10
    assert (await store.head("jars")).position == 1_000


async def test_who_waits_when_the_service_stops_is_told(contended: Contended) -> None:
    hanging = asyncio.Event()

    class Hanging(MemoryStore):
        async def append(self, unit: Unit) -> Outcome:
            hanging.set()
            await asyncio.sleep(60)
            return await super().append(unit)

    decider = Decider(Hanging("jars", contended.registry), [AGGREGATE], RULES)
    run = asyncio.create_task(decider.run())
    jobs = [asyncio.create_task(decider.handle(fill("r"), CONTEXT))]
    await hanging.wait()
    jobs.append(asyncio.create_task(decider.handle(fill("s"), CONTEXT)))
    await asyncio.sleep(0)
    run.cancel()
    answers = await asyncio.wait_for(asyncio.gather(*jobs, return_exceptions=True), 1)
    assert [type(answer) for answer in answers] == [OutcomeUnknown, Busy]
    with pytest.raises(Busy):
        await decider.handle(fill("t"), CONTEXT)


async def test_a_step_is_withdrawn_once(decider: Decider) -> None:
    await decider.handle(Label(jar="a", label="x"), CONTEXT)
    await decider.handle(fill("r"), CONTEXT)
    assert (await decider.handle(Unlabel(jar="a", event="jars:1", reason="wrong"), CONTEXT)).events == ("jars:3",)
    assert (await decider.handle(Unlabel(jar="a", event="jars:1", reason="wrong"), CONTEXT)).events == ()
    with pytest.raises(WithdrawalDiffers, match="reason is recorded as 'wrong', not 'right'"):
        await decider.handle(Unlabel(jar="a", event="jars:1", reason="right"), CONTEXT)
    for event in ("jars:2", "jars:99", "kpi:1"):
        with pytest.raises(NotWithdrawable):
            await decider.handle(Unlabel(jar="a", event=event, reason="wrong"), CONTEXT)
