"""A source that was replaced, or went on otherwise, is found with its last common position."""

from __future__ import annotations

import asyncio

import pytest

from regesta import bus
from regesta.bus import Batch, Intake, Offer, Seen, last_common
from regesta.reasons import Cause
from regesta.suites import filled, new_event, new_unit
from regesta.testing import MemoryStore
from regesta.unit import Fork
from tests.regesta import jars
from tests.regesta.serving import until

HOLDS = 1000
LOG = "01900000-0000-7000-8000-000000000001"


async def copy_of(source: MemoryStore, *, events: int, differing: int) -> MemoryStore:
    """Return a log that is the same up to a position, goes on otherwise for some events, and keeps its id."""
    log = (await source.head("jars")).log
    kept = await source.read("jars", 0, HOLDS)
    other = MemoryStore("jars", jars.REGISTRY)
    await filled(other, events + differing)
    mine = [event._replace(log=str(log)) for event in [*kept[:events], *await other.read("jars", events, HOLDS)]]
    changed = [
        event if event.position <= events else event._replace(raw=f'{{"other":{event.position}}}') for event in mine
    ]
    replica = MemoryStore("labels", jars.REGISTRY)
    await replica.replicate(str(log), changed)
    return replica


@pytest.mark.parametrize(("common", "differing"), [(0, 3), (1, 1), (4, 2), (5, 1), (6, 0), (9, 0), (7, 90)])
async def test_the_last_common_position_is_found_by_halving(common: int, differing: int) -> None:
    source = MemoryStore("jars", jars.REGISTRY)
    await filled(source, 9)
    replica = await copy_of(source, events=common, differing=differing)
    until_both = min(9, common + differing)
    assert await last_common(replica, Offer(source), "jars", until_both) == common


async def test_a_source_that_went_on_otherwise_is_a_fork(memory_store: MemoryStore) -> None:
    await filled(memory_store, 9)
    log = (await memory_store.head("jars")).log
    replica = await copy_of(memory_store, events=4, differing=3)
    intake = Intake(replica, "jars", Offer(memory_store))
    running = asyncio.create_task(intake.run())
    await until(lambda: _alarmed(intake, Cause.FORKED))
    told = "'jars:7' has other content here; both hold the same up to 4, see `regesta adopt labels jars`"
    assert intake.trouble == told
    assert replica.forks == {"jars": Fork(4, str(log), told)}
    running.cancel()


async def test_a_source_that_only_got_a_new_id_is_the_same_to_its_end(memory_store: MemoryStore) -> None:
    """As after a loss that was accepted: its consumers adopt it without giving up anything."""
    await filled(memory_store, 9)
    replica = MemoryStore("kpi", jars.REGISTRY)
    await replica.replicate(LOG, [event._replace(log=LOG) for event in await memory_store.read("jars", 0, 7)])
    intake = Intake(replica, "jars", Offer(memory_store))
    running = asyncio.create_task(intake.run())
    await until(lambda: _alarmed(intake, Cause.FORKED))
    log = str((await memory_store.head("jars")).log)
    assert (replica.forks["jars"].common, replica.forks["jars"].log) == (7, log)
    running.cancel()


async def test_a_source_that_lost_its_end_is_no_fork_and_goes_on_when_it_has_it_back(
    memory_store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole log, first cut, then as it was, then longer."""
    monkeypatch.setattr(bus, "FORKED_SECONDS", 0.01)
    await filled(memory_store, 9)
    head = await memory_store.head("jars")
    whole = await memory_store.read("jars", 0, HOLDS)
    replica, behind = MemoryStore("labels", jars.REGISTRY), MemoryStore("reporting", jars.REGISTRY)
    await replica.replicate(str(head.log), whole[:7])
    await behind.replicate(str(head.log), whole[:5])
    intake = Intake(replica, "jars", Offer(behind, "jars"))
    running = asyncio.create_task(intake.run())
    await until(lambda: _alarmed(intake, Cause.SOURCE_BEHIND))
    assert intake.trouble == (
        "'jars' ends at 5, before 7; it lacks what this replica holds, see `regesta recover jars`"
    )
    assert replica.forks == {}
    await behind.replicate(str(head.log), whole[5:])
    assert await replica.wait("jars", 8, 5)
    await until(lambda: _well(intake))
    running.cancel()


class Counting(Offer):
    """A source that counts how often it was compared with a replica, and asked for what follows."""

    compared, polled = 0, 0

    async def fetch(self, seen: Seen, limit: int, timeout_seconds: float) -> Batch:
        self.compared, self.polled = self.compared + (seen.log is None), self.polled + (seen.log is not None)
        return await super().fetch(seen, limit, timeout_seconds)


async def test_logs_that_differ_are_compared_once_as_long_as_they_end_where_they_did(
    memory_store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bus, "FORKED_SECONDS", 0.01)
    await filled(memory_store, 9)
    source = Counting(memory_store)
    replica = await copy_of(memory_store, events=4, differing=3)
    intake = Intake(replica, "jars", source)
    running = asyncio.create_task(intake.run())

    async def polled_often() -> bool:
        return source.polled > 5

    await until(polled_often)
    once = source.compared
    assert once == 3, "of seven positions"
    await memory_store.append(new_unit(new_event("thing/0", 4)))

    async def compared_again() -> bool:
        return source.compared > once

    await until(compared_again)
    running.cancel()


async def _well(intake: Intake) -> bool:
    return intake.trouble is None and intake.alarm is None


async def _alarmed(intake: Intake, cause: Cause) -> bool:
    return intake.alarm is cause
