"""Commands that are decided on streams of other services: what the replica holds, up to a position that is known."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import ClassVar

import pytest

from regesta.command import Aggregate, Context, Facts, Read, Rule, State
from regesta.decider import Decider
from regesta.elsewhere import Elsewhere
from regesta.errors import EvidenceMissing, SourceUnreachable
from regesta.event import Event, Recorded, Registry
from regesta.reference import References
from regesta.suites import foreign
from regesta.unit import Head, Store
from tests.regesta import jars
from tests.regesta.deciding import CONTEXT, fill
from tests.regesta.test_bus import LOG
from tests.regesta.test_reference import Source


class ThingHappened(Event):
    name = "thing-happened.v1"
    n: int


@dataclass(slots=True)
class Thing(State):
    prefix: ClassVar[str] = "thing"
    source: ClassVar[str | None] = "elsewhere"

    happened: list[int] = field(default_factory=list)


def happen(state: Thing, event: ThingHappened) -> None:
    state.happened.append(event.n)


def fill_with_things(command: jars.Fill, read: Read, context: Context) -> Facts:
    """Fill a jar with no more coins than things happened."""
    del context
    jar = read(jars.Jar, command.jar)
    thing = read(Thing, "1")
    if len(thing.happened) < command.amount:
        raise EvidenceMissing(f"{command.amount}", ("more-things",), missing=[len(thing.happened), thing.seen])
    if jar.amount + command.amount > jars.CAPACITY:
        raise jars.Overflows("full")
    return {jar.stream: [jars.JarFilled(ref=f"{command.ref} at {thing.seen}", amount=command.amount)]}


@pytest.fixture(autouse=True)
def _registry(store: Store) -> None:
    """Let the store know what happens to things."""
    store.registry = Registry(jars.EVENTS, (ThingHappened,))


@asynccontextmanager
async def deciding(store: Store, source: Source) -> AsyncIterator[Decider]:
    elsewhere = Elsewhere(store, References(store, {"elsewhere": source}), [Aggregate(Thing, happen)])
    decider = Decider(store, [jars.AGGREGATE], [Rule(jars.Fill, fill_with_things)], elsewhere)
    run = asyncio.create_task(decider.run())
    try:
        yield decider
    finally:
        run.cancel()
        await asyncio.wait([run])


async def refs(store: Store) -> list[str]:
    found = []
    for each in await store.read("jars", 0, 100):
        assert isinstance(each.event, jars.JarFilled)
        found.append(each.event.ref)
    return found


async def test_a_command_is_decided_on_what_the_replica_holds_now(store: Store) -> None:
    await store.replicate(LOG, foreign([1, 2, 3, 4], LOG))
    source = Source(None)
    async with deciding(store, source) as decider:
        await decider.handle(fill("a", 2), CONTEXT)
        await store.replicate(LOG, foreign([5, 6, 7], LOG))
        await decider.handle(fill("b", 3), CONTEXT)
    assert await refs(store) == ["a at 4", "b at 7"]
    assert source.asked == 0, "what was enough needs no question"


async def test_before_something_is_missing_for_good_the_source_is_asked(store: Store) -> None:
    await store.replicate(LOG, foreign([1], LOG))
    source = Source(7)
    async with deciding(store, source) as decider:
        waiting = asyncio.create_task(decider.handle(fill("a", 3), CONTEXT))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        await decider.handle(fill("c", 1, jar="other"), CONTEXT)
        await asyncio.sleep(0.05)
        await store.replicate(LOG, foreign([2, 3, 4, 5, 6, 7], LOG))
        await waiting
        with pytest.raises(EvidenceMissing) as refused:
            await decider.handle(fill("b", 4), CONTEXT)
    assert refused.value.details == {"missing": [3, 7]}
    assert await refs(store) == ["c at 1", "a at 7"]
    assert source.asked == 2, "once for each command, however often others are decided"


async def test_a_refusal_that_cannot_be_known_is_none(store: Store) -> None:
    await store.replicate(LOG, foreign([1], LOG))
    async with deciding(store, Source(None)) as decider:
        with pytest.raises(SourceUnreachable):
            await decider.handle(fill("a", 2), CONTEXT)
        await decider.handle(fill("b", 1), CONTEXT)
    assert await refs(store) == ["b at 1"]


async def test_commands_that_wait_for_another_service_keep_their_turn_on_a_stream(store: Store) -> None:
    await store.replicate(LOG, foreign([1, 2, 3, 4], LOG))
    async with deciding(store, Source(None)) as decider:
        await asyncio.gather(*(decider.handle(fill(f"{number}", 1), CONTEXT) for number in range(50)))
    assert await refs(store) == [f"{number} at 4" for number in range(50)]


async def test_a_rule_of_its_own_refuses_without_asking_the_source(store: Store) -> None:
    await store.replicate(LOG, foreign(range(1, 3100), LOG))
    source = Source(None)
    async with deciding(store, source) as decider:
        await decider.handle(fill("a", jars.CAPACITY), CONTEXT)
        with pytest.raises(jars.Overflows):
            await decider.handle(fill("b", 1), CONTEXT)
    assert source.asked == 0


async def test_a_long_stream_is_read_whole(store: Store) -> None:
    await store.replicate(LOG, foreign(range(1, 1700), LOG))
    async with deciding(store, Source(1699)) as decider:
        await decider.handle(fill("a", 567), CONTEXT)
        with pytest.raises(EvidenceMissing) as refused:
            await decider.handle(fill("b", 568), CONTEXT)
    assert refused.value.details == {"missing": [567, 1699]}


async def test_what_comes_while_it_is_read_is_beyond_the_cut(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    await store.replicate(LOG, foreign([1, 2, 3, 4], LOG))
    head = store.head

    async def then_more(source: str) -> Head:
        found = await head(source)
        await store.replicate(LOG, foreign([5, 6, 7], LOG))
        return found

    monkeypatch.setattr(store, "head", then_more)
    elsewhere = Elsewhere(store, References(store, {}), [Aggregate(Thing, happen)])
    thing = (await elsewhere.states({"elsewhere:thing/1": Thing}, newest=False))["elsewhere:thing/1"]
    assert isinstance(thing, Thing)
    assert (thing.happened, thing.seen) == ([1, 1], 4)


async def test_a_source_that_does_not_answer_holds_up_a_stream_for_a_while_only(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Hanging(Source):
        async def head(self) -> Head:
            await asyncio.Event().wait()
            return await super().head()

    monkeypatch.setattr("regesta.reference.WAIT_SECONDS", 0.05)
    await store.replicate(LOG, foreign([1], LOG))
    async with deciding(store, Hanging(None)) as decider:
        early = asyncio.create_task(decider.handle(fill("a", 2), CONTEXT))
        await asyncio.sleep(0)
        await decider.handle(fill("b", 1), CONTEXT)
        with pytest.raises(SourceUnreachable, match="did not say"):
            await early
    assert await refs(store) == ["b at 1"]


async def test_commands_that_come_together_are_one_question(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    await store.replicate(LOG, foreign([1, 2, 3, 4], LOG))
    questions: list[list[str]] = []
    streams = store.streams

    async def counted(source: str, names: Sequence[str], until: int) -> dict[str, list[Recorded]]:
        questions.append(list(names))
        return await streams(source, names, until)

    monkeypatch.setattr(store, "streams", counted)
    async with deciding(store, Source(None)) as decider:
        await asyncio.gather(*(decider.handle(fill("a", 1, jar=f"{number}"), CONTEXT) for number in range(20)))
    assert questions == [["thing/1"]]
