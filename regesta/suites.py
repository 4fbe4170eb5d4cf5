"""The suites that any store and any carrier must pass: a test class derives from one and gives the fixtures it names."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from uuid import uuid4

from regesta.bus import Batch, Carrier, Seen
from regesta.cloudevents import digest
from regesta.errors import Forked
from regesta.event import Recorded, Registry, unversioned
from regesta.unit import READ_BYTES, Appended, Conflict, DataRefused, Gap, KeyKnown, KeyUse, Meta, NewEvent, Store, Unit

E = TypeVar("E", bound=Exception)
OTHER = "elsewhere"
# How long what was recorded may take to come over a carrier.
COME_SECONDS = 10.0
META = Meta("officer", occurred="2026-01", cause="kpi:4", correlation="kpi:2").json()


def new_event(stream: str, version: int, data: str = '{"n":1}') -> NewEvent:
    """Return an event at its version in its stream."""
    return NewEvent(stream, version, "thing-happened.v1", META, data)


def new_unit(*events: NewEvent, reads: dict[str, int] | None = None, keys: Sequence[KeyUse] = ()) -> Unit:
    """Return a unit that expects every stream it writes just before its first event, and what it only reads at `reads`."""
    expected = dict(reads or {})
    for event in events:
        expected.setdefault(event.stream, event.version - 1)
    return Unit(expected, events, keys)


def new_key(key: str, first: int = 0, count: int = 1) -> KeyUse:
    """Return the use of a command key of the subject "officer"."""
    return KeyUse("officer", key, hashlib.sha256(key.encode()).digest(), first, count)


def foreign(positions: Iterable[int], log: str, data: str = '{"n":1}') -> list[Recorded]:
    """Return events as another service recorded them, one a second from 2020 on."""
    begin = datetime(2020, 1, 1, tzinfo=UTC)
    return [
        Recorded(
            OTHER, position, f"thing/{position % 3}", (position + 2) // 3, begin + timedelta(seconds=position),
            "thing-happened.v1", data, log, Registry(), "connector",
        )
        for position in positions
    ]  # fmt: skip


async def raised(kind: type[E], job: Awaitable[object]) -> E:
    """Return the error of this kind that the job raises."""
    try:
        outcome = await job
    except kind as error:
        return error
    raise AssertionError(f"expected {kind.__name__}, got {outcome!r}")


async def filled(store: Store, events: int) -> None:
    """Append `events` events, one unit each, on the streams thing/0, thing/1, thing/2 in turn."""
    for number in range(events):
        outcome = await store.append(new_unit(new_event(f"thing/{number % 3}", number // 3 + 1, f'{{"n":{number}}}')))
        assert outcome == Appended(number + 1, number + 1), outcome


async def fetched(carrier: Carrier, seen: Seen, count: int) -> Batch:
    """Return the next `count` events, which a carrier may bring in several batches, as one."""
    events: list[Recorded] = []
    while True:
        batch = await carrier.fetch(seen, count - len(events), COME_SECONDS)
        assert batch.events, f"{len(events)} of {count} events came"
        events += batch.events
        if len(events) == count:
            return replace(batch, events=events)
        seen = Seen(batch.position, batch.log, digest(events[-1]), batch.offset)


class StoreSuite:
    """What every store keeps. Fixture: `store`, an open and empty Store."""

    async def test_appends_a_unit_over_several_streams_whole(self, store: Store) -> None:
        """Positions go 1, 2, 3 over the streams; the envelope comes back as it was given."""
        outcome = await store.append(new_unit(new_event("a/1", 1), new_event("b/1", 1), new_event("a/1", 2)))
        assert outcome == Appended(1, 3)
        events = await store.read(store.service, 0, 10)
        assert [(e.position, e.stream, e.version) for e in events] == [(1, "a/1", 1), (2, "b/1", 1), (3, "a/1", 2)]
        first = events[0]
        assert (first.actor, first.occurred, first.cause, first.correlation) == ("officer", "2026-01", "kpi:4", "kpi:2")
        assert (first.raw, first.type, first.name) == ('{"n":1}', "thing-happened.v1", f"{store.service}:1")
        assert len({(event.time, event.log) for event in events}) == 1

    async def test_knows_a_unit_that_is_sent_again(self, store: Store) -> None:
        """The answer is the first one, also when others wrote in between; nothing is stored twice."""
        unit = new_unit(new_event("a/1", 1), new_event("a/1", 2))
        first = await store.append(unit)
        await store.append(new_unit(new_event("b/1", 1)))
        again = await store.append(unit)
        assert first == Appended(1, 2)
        assert again == Appended(1, 2, same=True)
        assert (await store.head(store.service)).position == 3

    async def test_knows_a_unit_of_a_key_only_that_is_sent_again(self, store: Store) -> None:
        """A command that recorded nothing has no event by which to know its unit, but its key."""
        unit = new_unit(reads={"a/1": 0}, keys=[new_key("k", count=0)])
        assert await store.append(unit) == Appended(0, 0)
        again = await store.append(unit)
        assert isinstance(again, Appended)
        assert again.same

    async def test_answers_a_conflict_with_the_actual_version(self, store: Store) -> None:
        """A stale expectation of any stream of the unit refuses all of it."""
        await store.append(new_unit(new_event("a/1", 1), new_event("a/1", 2)))
        assert await store.append(new_unit(new_event("a/1", 1))) == Conflict("a/1", 2)
        assert await store.append(new_unit(new_event("b/1", 1), new_event("a/1", 4))) == Conflict("a/1", 2)
        assert (await store.head(store.service)).position == 2

    async def test_checks_streams_that_are_only_read(self, store: Store) -> None:
        """What a decision was based on must still stand, though the unit does not write it."""
        await store.append(new_unit(new_event("a/1", 1)))
        assert await store.append(new_unit(new_event("b/1", 1), reads={"a/1": 0})) == Conflict("a/1", 1)
        assert await store.append(new_unit(new_event("b/1", 1), reads={"a/1": 1})) == Appended(2, 2)

    async def test_a_loser_harms_no_neighbour(self, store: Store) -> None:
        """Units that wait together are judged one by one."""
        await store.append(new_unit(new_event("a/1", 1)))
        units = [new_unit(new_event(f"n/{n}", 1)) for n in range(20)]
        units[7] = new_unit(new_event("a/1", 1))
        outcomes = await asyncio.gather(*map(store.append, units))
        assert outcomes[7] == Conflict("a/1", 1)
        stored = [outcome for outcome in outcomes if isinstance(outcome, Appended)]
        assert sorted(outcome.first for outcome in stored) == list(range(2, 21))

    async def test_of_two_units_for_one_version_one_wins(self, store: Store) -> None:
        """And the other hears of it, though they waited together."""
        outcomes = await asyncio.gather(*(store.append(new_unit(new_event("a/1", 1))) for _ in range(5)))
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Appended"] + ["Conflict"] * 4

    async def test_stores_a_key_with_what_it_recorded(self, store: Store) -> None:
        """Each key of a unit names its own events; the token proves them."""
        await store.append(new_unit(new_event("z/1", 1)))
        events = [new_event("a/1", 1), new_event("a/1", 2), new_event("a/1", 3)]
        keys = [new_key("one", 0, 1), new_key("none", 1, 0), new_key("two", 1, 2)]
        await store.append(new_unit(*events, keys=keys))
        asked = [("officer", name) for name in ("one", "none", "two", "other")]
        answers = await store.keys([*asked, ("someone else", "one")])
        found = {key: (list(each.positions), each.token) for key, each in answers.items()}
        assert found == {asked[0]: ([2], 2), asked[1]: ([], 1), asked[2]: ([3, 4], 4)}
        assert answers[asked[0]].hash == keys[0].hash
        assert [event.position for event in await store.at([2, 4])] == [2, 4]

    async def test_keys_follow_their_events_when_a_neighbour_loses(self, store: Store) -> None:
        """Positions of a key are those that its events really got."""
        await store.append(new_unit(new_event("a/1", 1)))
        losing = new_unit(new_event("a/1", 1), new_event("a/2", 1), keys=[new_key("lost", 0, 2)])
        winning = new_unit(new_event("b/1", 1), keys=[new_key("won")])
        await asyncio.gather(store.append(losing), store.append(winning))
        known = await store.keys([("officer", "won"), ("officer", "lost")])
        assert list(known) == [("officer", "won")]
        assert [event.stream for event in await store.at(list(known["officer", "won"].positions))] == ["b/1"]

    async def test_a_known_key_refuses_the_unit(self, store: Store) -> None:
        """Whatever else it holds, and whether the key came with events or without."""
        await store.append(new_unit(new_event("a/1", 1), keys=[new_key("k")]))
        await store.append(new_unit(reads={"a/1": 1}, keys=[new_key("empty", count=0)]))
        for name in ("k", "empty"):
            outcome = await store.append(new_unit(new_event("b/1", 1), keys=[new_key("new"), new_key(name)]))
            assert outcome == KeyKnown()
        assert (await store.head(store.service)).position == 1
        assert await store.keys([("officer", "new")]) == {}

    async def test_units_that_only_store_a_key_do_not_move_the_head(self, store: Store) -> None:
        """Positions are of events only."""
        await store.append(new_unit(reads={"a/1": 0}, keys=[new_key("k", count=0)]))
        assert (await store.head(store.service)).position == 0
        assert await store.append(new_unit(new_event("a/1", 1))) == Appended(1, 1)

    async def test_refused_data_fails_its_unit_alone(self, store: Store) -> None:
        """The batch is bisected: its good units are stored, in order and without holes."""
        units = [new_unit(new_event(f"n/{n}", 1)) for n in range(11)]
        units[4] = new_unit(new_event("n/4", 1, "{"))
        units[9] = new_unit(new_event("n/\0", 1))
        outcomes = await asyncio.gather(*map(store.append, units), return_exceptions=True)
        assert [n for n, outcome in enumerate(outcomes) if isinstance(outcome, DataRefused)] == [4, 9]
        assert sorted(o.first for o in outcomes if isinstance(o, Appended)) == list(range(1, 10))

    async def test_reads_in_position_order(self, store: Store) -> None:
        """From a position on, up to a limit; nothing beyond the head."""
        await filled(store, 7)
        assert [event.position for event in await store.read(store.service, 2, 3)] == [3, 4, 5]
        assert [event.position for event in await store.read(store.service, 5, 100)] == [6, 7]
        assert await store.read(store.service, 7, 10) == []
        assert await store.read("nowhere", 0, 10) == []
        times = [event.time for event in await store.read(store.service, 0, 10)]
        assert times == sorted(times)

    async def test_reads_fewer_events_when_they_are_large(self, store: Store) -> None:
        """A read, of a stream too, ends with the event that makes it 4 MiB: fewer than asked for is not all."""
        large = json.dumps({"n": "x" * (READ_BYTES // 4)})
        await store.append(new_unit(*(new_event("a/1", version, large) for version in range(1, 7))))
        assert [event.position for event in await store.read(store.service, 0, 10)] == [1, 2, 3, 4]
        assert [event.position for event in await store.read(store.service, 4, 10)] == [5, 6]
        await store.append(new_unit(new_event("a/1", 7, json.dumps({"n": "x" * (READ_BYTES + 1)}))))
        assert [event.position for event in await store.read(store.service, 6, 10)] == [7]
        found = [await store.of_stream(store.service, "a/1", after, 10) for after in (0, 4, 6)]
        assert [[event.version for event in events] for events in found] == [[1, 2, 3, 4], [5, 6, 7], [7]]

    async def test_reads_tails_of_streams(self, store: Store) -> None:
        """An answer for every stream asked for, also for one that nobody wrote."""
        await filled(store, 7)
        tails = await store.tails({"thing/0": 1, "thing/1": 2, "nothing/1": 0})
        versions = {stream: [event.version for event in events] for stream, events in tails.items()}
        assert versions == {"thing/0": [2, 3], "thing/1": [], "nothing/1": []}
        for after, limit, expected in ((0, 10, [1, 2, 3]), (1, 1, [2]), (3, 10, [])):
            events = await store.of_stream(store.service, "thing/0", after, limit)
            assert [event.version for event in events] == expected

    async def test_heads(self, store: Store) -> None:
        """The own log has an id from the start; a source that nobody heard of has none."""
        empty = await store.head(store.service)
        await filled(store, 2)
        head = await store.head(store.service)
        newest = (await store.read(store.service, 1, 1))[0]
        assert (empty.position, empty.time) == (0, None)
        assert (head.position, head.log, head.time) == (2, empty.log, newest.time)
        assert newest.log == head.log
        unheard = await store.head(OTHER)
        assert (unheard.position, unheard.log, unheard.time) == (0, None, None)

    async def test_position_before_a_moment(self, store: Store) -> None:
        """In the own log and in a replica; events of the moment itself do not count."""
        await store.replicate(str(uuid4()), foreign(range(1, 10), str(uuid4())))
        begin = datetime(2020, 1, 1, tzinfo=UTC)
        found = [await store.position_before(OTHER, begin + timedelta(seconds=n)) for n in (0, 1, 2, 5, 9, 10, 99)]
        assert found == [0, 0, 1, 4, 8, 9, 9]
        await filled(store, 3)
        own = await store.read(store.service, 0, 3)
        assert await store.position_before(store.service, own[0].time) == 0
        assert await store.position_before(store.service, own[-1].time + timedelta(microseconds=1)) == 3
        assert await store.position_before("nowhere", begin) == 0

    async def test_first_of_a_type(self, store: Store) -> None:
        """Of one version or of all, after a position and up to another; a name that only begins the same is none."""
        await filled(store, 3)
        kind = (await store.read(store.service, 0, 1))[0].type
        for name in (kind, unversioned(kind)):
            found = [await store.first_of(name, after, until) for after, until in ((0, 3), (1, 3), (0, 0), (3, 9))]
            assert found == [1, 2, None, None]
        assert await store.first_of(kind[:-1], 0, 3) is None
        assert await store.first_of(unversioned(kind)[:-1], 0, 3) is None

    async def test_waits_for_the_next_event(self, store: Store) -> None:
        """It gives up when the time is over; with another it wakes at the append, however long it has."""
        assert not await store.wait(store.service, 0, 0.02)
        waiting = asyncio.create_task(store.wait(store.service, 0, 60))
        await asyncio.sleep(0.05)
        await filled(store, 1)
        async with asyncio.timeout(20):
            assert await waiting
        assert await store.wait(store.service, 0, 0)


class ReplicaSuite:
    """What every store keeps of other services' logs. Fixture: `store`, an open and empty Store."""

    async def test_extends_a_replica(self, store: Store) -> None:
        """Events come back as their source recorded them, and their streams are known."""
        log = str(uuid4())
        assert await store.replicate(log, foreign(range(1, 4), log)) == 3
        assert await store.replicate(log, foreign(range(4, 6), log)) == 5
        stored = await store.read(OTHER, 0, 10)
        same = Registry()
        assert [event._replace(registry=same) for event in stored] == [
            event._replace(registry=same) for event in foreign(range(1, 6), log)
        ]
        assert await store.known(OTHER, ["thing/0", "thing/7"]) == {"thing/0"}
        assert await store.wait(OTHER, 4, 1)
        assert (await store.head(OTHER)).log == log

    async def test_gives_what_a_figure_names(self, store: Store) -> None:
        """Single events by source and position, and a stream in order; what has not arrived is left out."""
        log = str(uuid4())
        await store.replicate(log, foreign(range(1, 6), log))
        taken = await store.taken_in([(OTHER, 4), (OTHER, 2), (OTHER, 9), ("unheard-of", 1), (store.service, 1)])
        assert sorted(event.name for event in taken) == [f"{OTHER}:2", f"{OTHER}:4"]
        assert {event.log for event in taken} == {log}
        stream = taken[0].stream
        whole = [event for event in await store.read(OTHER, 0, 10) if event.stream == stream]
        assert await store.of_stream(OTHER, stream, 0, 10) == whole
        assert await store.of_stream(OTHER, stream, 0, 1) == whole[:1]
        assert await store.of_stream(OTHER, stream, whole[0].version, 10) == whole[1:]
        assert await store.of_stream(store.service, stream, 0, 10) == []

    async def test_reads_fewer_events_of_a_replica_when_they_are_large(self, store: Store) -> None:
        """As of the own log."""
        log = str(uuid4())
        await store.replicate(log, foreign(range(1, 19), log, json.dumps({"n": "x" * (READ_BYTES // 4)})))
        assert [event.position for event in await store.read(OTHER, 0, 10)] == [1, 2, 3, 4]
        assert [event.version for event in await store.of_stream(OTHER, "thing/0", 0, 10)] == [1, 2, 3, 4]
        assert [event.version for event in await store.of_stream(OTHER, "thing/0", 4, 10)] == [5, 6]

    async def test_compares_and_drops_what_it_has(self, store: Store) -> None:
        """A batch may begin anywhere at or below the head."""
        log = str(uuid4())
        await store.replicate(log, foreign(range(1, 6), log))
        assert await store.replicate(log, foreign(range(2, 5), log)) == 5
        assert await store.replicate(log, foreign(range(4, 9), log)) == 8

    async def test_refuses_a_hole(self, store: Store) -> None:
        """Before the batch or inside it; the replica stays a contiguous prefix."""
        log = str(uuid4())
        await store.replicate(log, foreign(range(1, 4), log))
        for positions in ([5, 6], [3, 4, 6], [4, 6, 7], [4, 6, 5]):
            gap = await raised(Gap, store.replicate(log, foreign(positions, log)))
            assert gap.head == 3
        assert [event.position for event in await store.read(OTHER, 0, 10)] == [1, 2, 3]
        fresh = await raised(Gap, store.replicate(log, [e._replace(source="fresh") for e in foreign([1, 3], log)]))
        assert fresh.head == 0

    async def test_finds_a_fork_at_its_position(self, store: Store) -> None:
        """Nothing of the batch is stored."""
        log = str(uuid4())
        await store.replicate(log, foreign(range(1, 6), log))
        other = [*foreign([3], log), *foreign([4], log, '{"n":2}'), *foreign([5, 6], log)]
        fork = await raised(Forked, store.replicate(log, other))
        assert (fork.details["source"], fork.details["position"]) == (OTHER, 4)
        assert "DETAIL" not in str(fork)
        assert (await store.head(OTHER)).position == 5

    async def test_refuses_another_log_of_the_same_source(self, store: Store) -> None:
        """Even when its events look alike."""
        log, other = str(uuid4()), str(uuid4())
        await store.replicate(log, foreign(range(1, 3), log))
        await raised(Forked, store.replicate(other, foreign([3], other)))
        assert (await store.head(OTHER)).position == 2

    async def test_its_own_events_are_never_before_what_it_holds(self, store: Store) -> None:
        """A date cut then holds no effect without its cause (the hybrid clock)."""
        log = str(uuid4())
        ahead = datetime.now(UTC) + timedelta(days=3000)
        await store.replicate(log, [event._replace(time=ahead) for event in foreign([1], log)])
        await filled(store, 2)
        assert [event.time for event in await store.read(store.service, 0, 5)] == [ahead, ahead]


class CarrierSuite:
    """What every carrier keeps. Fixtures: `store`, the source's empty Store; `carrier`, the far end of its pipe."""

    async def test_brings_events_as_they_were_recorded(self, store: Store, carrier: Carrier) -> None:
        """In order, whole, with the id of their log; a reader who comes back with what it saw gets the rest."""
        await filled(store, 5)
        first = await fetched(carrier, Seen(0), 3)
        recorded = await store.read(store.service, 0, 5)
        assert [digest(event) for event in first.events] == [digest(event) for event in recorded[:3]]
        assert [event.time for event in first.events] == [event.time for event in recorded[:3]]
        assert first.log == recorded[0].log
        rest = await fetched(carrier, Seen(3, first.log, digest(first.events[-1]), first.offset), 2)
        assert [event.position for event in rest.events] == [4, 5]
        assert rest.position == 5
        assert (await carrier.fetch(Seen(5, first.log), 10, 0)).events in ([], ())

    async def test_tells_the_head(self, store: Store, carrier: Carrier) -> None:
        """Position, log and time."""
        assert (await carrier.head()).position == 0
        await filled(store, 2)
        assert await carrier.head() == await store.head(store.service)

    async def test_waits_for_the_first_event(self, store: Store, carrier: Carrier) -> None:
        """A poll wakes at the append, and ends empty when its time is over."""
        assert not (await carrier.fetch(Seen(0), 10, 0.02)).events
        waiting = asyncio.create_task(carrier.fetch(Seen(0), 10, 30))
        await asyncio.sleep(0.1)
        await filled(store, 1)
        async with asyncio.timeout(20):
            batch = await waiting
        assert [event.position for event in batch.events] == [1]

    async def test_refuses_a_reader_of_another_history(self, store: Store, carrier: Carrier) -> None:
        """Another log, another event where the reader's last one is, or a log that is shorter than what was seen."""
        await filled(store, 3)
        log = (await store.head(store.service)).log
        last = digest((await store.read(store.service, 2, 1))[0])
        assert not (await carrier.fetch(Seen(3, log, last), 10, 0)).events
        for seen in (Seen(3, str(uuid4()), last), Seen(3, log, "0" * 32), Seen(2, log, last), Seen(4, log)):
            fork = await raised(Forked, carrier.fetch(seen, 10, 0))
            assert fork.details["source"] == store.service
