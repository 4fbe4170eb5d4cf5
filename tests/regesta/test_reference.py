"""A reference is known when the replica holds it; an unknown one waits for the source's head, then is refused."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from regesta import reference as referring
from regesta.command import Reference
from regesta.errors import NotYet, SourceUnreachable, UnknownReference
from regesta.reference import Asked, References
from regesta.suites import foreign
from regesta.testing import MemoryStore
from regesta.unit import Head
from tests.regesta.test_bus import LOG, Pipe

ONE = Reference("elsewhere", "thing/1")


class Source(Pipe):
    """A source that says how far it is, or that it is away."""

    def __init__(self, position: int | None) -> None:
        super().__init__()
        self.position = position
        self.asked = 0

    async def head(self) -> Head:
        self.asked += 1
        if self.position is None:
            raise SourceUnreachable("away")
        return Head(self.position, LOG, None)


async def test_what_the_replica_holds_needs_no_question(memory_store: MemoryStore) -> None:
    await memory_store.replicate(LOG, foreign([1, 2], LOG))
    source = Source(None)
    await References(memory_store, {"elsewhere": source}).require([ONE], Asked())
    assert source.asked == 0


async def test_references_of_one_command_are_one_question(
    memory_store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await memory_store.replicate(LOG, foreign([1, 2, 3], LOG))
    questions: list[list[str]] = []
    known = memory_store.known

    async def counted(source: str, streams: Sequence[str]) -> set[str]:
        questions.append(list(streams))
        return await known(source, streams)

    monkeypatch.setattr(memory_store, "known", counted)
    monkeypatch.setattr(referring, "KNOWN_STREAMS", 2)
    references = References(memory_store, {"elsewhere": Source(None)})
    three = [replace(ONE, stream=f"thing/{number}") for number in (0, 1, 2)]
    await references.require(three, Asked())
    await references.require(three[1:], Asked())
    await references.require(three[:1], Asked())  # the oldest was forgotten for the newest
    assert questions == [["thing/0", "thing/1", "thing/2"], ["thing/0"]]


async def test_a_source_that_is_slow_to_answer_does_not_hold_up_another(memory_store: MemoryStore) -> None:
    await memory_store.replicate(LOG, foreign([1], LOG))
    answered = asyncio.Event()

    class Slow(Source):
        async def head(self) -> Head:
            await answered.wait()
            return await super().head()

    references = References(memory_store, {"elsewhere": Source(1), "slow": Slow(0)})
    asked = Asked()
    slow = asyncio.create_task(references.require([Reference("slow", "thing/1")], asked))
    await asyncio.sleep(0)
    with pytest.raises(UnknownReference):
        await asyncio.wait_for(references.require([replace(ONE, stream="thing/9")], asked), 1)
    assert not slow.done()
    answered.set()
    with pytest.raises(UnknownReference):
        await slow


async def test_what_arrives_in_time_is_known(memory_store: MemoryStore) -> None:
    references = References(memory_store, {"elsewhere": Source(1)})
    waiting = asyncio.create_task(references.require([ONE], Asked()))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    await memory_store.replicate(LOG, foreign([1], LOG))
    await asyncio.wait_for(waiting, 1)


async def test_what_the_whole_log_does_not_hold_is_unknown(memory_store: MemoryStore) -> None:
    await memory_store.replicate(LOG, foreign([1, 2], LOG))
    references = References(memory_store, {"elsewhere": Source(2)})
    with pytest.raises(UnknownReference) as unknown:
        await references.require([ONE, replace(ONE, stream="thing/9")], Asked())
    assert unknown.value.details == {"source": "elsewhere", "stream": "thing/9"}


async def test_a_replica_that_lags_is_not_yet(memory_store: MemoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(referring, "WAIT_SECONDS", 0.05)
    with pytest.raises(NotYet):
        await References(memory_store, {"elsewhere": Source(5)}).require([ONE], Asked())


async def test_a_source_that_is_away_cannot_be_asked(memory_store: MemoryStore) -> None:
    with pytest.raises(SourceUnreachable):
        await References(memory_store, {"elsewhere": Source(None)}).require([ONE], Asked())


async def test_what_was_looked_up_before_a_replica_was_cut_back_is_looked_up_again(
    memory_store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer was under way when all was forgotten."""
    await memory_store.replicate(LOG, foreign([1, 2], LOG))
    references = References(memory_store, {"elsewhere": Source(2)})
    known = memory_store.known

    async def forgotten(source: str, streams: Sequence[str]) -> set[str]:
        found = await known(source, streams)
        references.forget()
        return found

    monkeypatch.setattr(memory_store, "known", forgotten)
    await references.require([ONE], Asked())

    async def nothing(_source: str, _streams: Sequence[str]) -> set[str]:
        return set()

    monkeypatch.setattr(memory_store, "known", nothing)
    with pytest.raises(UnknownReference):
        await references.require([ONE], Asked())
