"""The checker can fail: each fault, planted in honest evidence, is found and named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TypeAlias
from uuid import UUID

import pytest

from regesta.event import Recorded
from regesta.unit import KeyAnswer
from tests.certify.checker import LogCheck, ReaderCheck, check_commands, check_keys, check_replica
from tests.certify.evidence import Evidence, check_order
from tests.certify.findings import Fault, Findings
from tests.certify.journal import Answer, Delivery, Digest, How, Kind, Outcome, Send, runs_of
from tests.certify.units import REGISTRY, SERVICE, Key, Noted, Share, order_of, payload, size_of

BEGIN = datetime(2026, 1, 5, 12, tzinfo=UTC)
KEY = ("A00", "3")
# Three commands that are stored, one after the other: two events on one stream, four on two streams, one with a key.
STORED: tuple[tuple[Share, ...], ...] = (
    (("own/A00-0", 0, 2),),
    (("own/A00-0", 2, 1), ("own/A00-1", 0, 3)),
    (("own/A00-1", 3, 1),),
)


def unit(number: int) -> str:
    return str(UUID(int=number << 16 | 0x1234))


@dataclass
class World:
    """Honest evidence of one writer, one reader and a replica; what is given, in batches, follows from the log."""

    sends: list[tuple[Send, Answer | None]] = field(default_factory=list)
    log: list[Recorded] = field(default_factory=list)
    given: list[list[Recorded]] = field(default_factory=list)
    replica: list[Recorded] = field(default_factory=list)
    keys: dict[Key, KeyAnswer] = field(default_factory=dict)

    def send(
        self, shares: tuple[Share, ...], outcome: Outcome, *, kind: Kind = Kind.PLAIN, key: Key | None = None
    ) -> None:
        """Add a send with its answer, and its events when they are stored."""
        number = len(self.sends) + 1
        first, last = (len(self.log) + 1, len(self.log) + size_of(shares)) if outcome is Outcome.OK else (0, 0)
        truth = (shares[0][0], 9) if kind is Kind.STALE else None
        send = Send(number, number * 10, kind, How.FIRST, unit(number), shares, key, truth=truth)
        stream, version = truth or ("", 0)
        self.sends.append((send, Answer(number, number * 10 + 5, outcome, first, last, stream, version)))
        if outcome is Outcome.OK:
            self.log += recorded(send, first)

    def found(self) -> Findings:
        """Check everything."""
        evidence = Evidence(Findings())
        evidence.take("A00", self.sends)
        check_order(evidence)
        deliveries = delivered(self.given)
        log = LogCheck(evidence, {delivery.runs[-1][1] for delivery in deliveries})
        for event in self.log:
            log.take(event)
        log.finish()
        check_replica(self.log, self.replica, evidence.findings)
        check_commands(evidence.commands.values(), evidence.findings)
        check_keys(evidence.keys, self.keys, evidence.findings)
        reader = ReaderCheck("reader", log, evidence.findings)
        for delivery in deliveries:
            reader.take(delivery)
        reader.finish()
        return evidence.findings


def recorded(send: Send, first: int) -> list[Recorded]:
    order = order_of(send.shares)
    return [
        Recorded(
            SERVICE, first + n, stream, version, BEGIN + timedelta(seconds=send.number), Noted.name,
            payload(send.unit, n, len(order)), "log", REGISTRY, "A00",
        )
        for n, (stream, version) in enumerate(order)
    ]  # fmt: skip


def delivered(batches: list[list[Recorded]]) -> list[Delivery]:
    digest, deliveries = Digest(), []
    for batch in batches:
        for event in batch:
            digest.take(event)
        deliveries.append(Delivery(runs_of([event.position for event in batch]), digest.text()))
    return deliveries


@pytest.fixture
def world() -> World:
    made = World()
    for shares in STORED[:2]:
        made.send(shares, Outcome.OK)
    made.send(STORED[2], Outcome.OK, key=KEY)
    made.send((("own/A00-1", 2, 1),), Outcome.CONFLICT, kind=Kind.STALE)
    made.send((("own/A00-0", 3, 1),), Outcome.REFUSED, kind=Kind.REFUSED)
    made.given = [made.log[:3], made.log[3:]]
    made.replica = list(made.log)
    made.keys = {KEY: KeyAnswer(b"", range(7, 8), 7)}
    return made


def test_honest_evidence_is_clean(world: World) -> None:
    assert len(world.log) == 7
    assert world.found().examples == {}


def at(world: World, number: int, **changes: object) -> None:
    """Change the answer to a send."""
    send, answer = world.sends[number - 1]
    assert answer is not None
    world.sends[number - 1] = send, replace(answer, **changes)  # type: ignore[arg-type]


def skip(world: World) -> None:
    world.given = [world.log[:3], world.log[4:]]


def skip_between_batches(world: World) -> None:
    world.given = [world.log[:2], world.log[3:]]


def give_late(world: World) -> None:
    world.given = [world.log[:3], world.log[4:], world.log[3:4]]


def give_twice(world: World) -> None:
    world.given = [world.log[:4], world.log[3:]]


def give_less(world: World) -> None:
    world.given = [world.log[:5]]


def give_other(world: World) -> None:
    world.given = [world.log[:3], [event._replace(raw="{}") for event in world.log[3:]]]


def vanish(world: World) -> None:
    """A reader saw what a crash took back."""
    world.given = [world.log[:3], [*world.log[3:], world.log[6]._replace(position=8, version=5)]]


def hole(world: World) -> None:
    world.log = [event._replace(position=event.position + (event.position > 2)) for event in world.log]


def version_hole(world: World) -> None:
    world.log[6] = world.log[6]._replace(version=5)


def invert(world: World) -> None:
    """A later unit has an earlier position than one that was acknowledged before it was sent."""
    at(world, 1, first=6, last=7)
    at(world, 2, first=1, last=4)


def invert_log(world: World) -> None:
    world.log[3], world.log[4] = world.log[4], world.log[3]


def invert_versions(world: World) -> None:
    world.log[0], world.log[1] = world.log[0]._replace(version=2), world.log[1]._replace(version=1)


def double_unit(world: World) -> None:
    first, last = world.log[6], world.log[-1]
    world.log.append(first._replace(position=8, version=5, time=last.time))


def double_position(world: World) -> None:
    world.log[6] = world.log[6]._replace(position=6)


def double_key(world: World) -> None:
    world.send((("own/A00-1", 4, 1),), Outcome.OK, key=KEY)


def back(world: World) -> None:
    world.log[6] = world.log[6]._replace(time=BEGIN)


def lose(world: World) -> None:
    del world.log[6]


def lose_key(world: World) -> None:
    world.keys.clear()


def tear(world: World) -> None:
    del world.log[6], world.log[5]


def mix(world: World) -> None:
    world.log[5], world.log[6] = world.log[6]._replace(position=6), world.log[5]._replace(position=7)


def alter(world: World) -> None:
    world.log[2] = world.log[2]._replace(raw=world.log[2].raw.replace("pad", "pod"))


def invent(world: World) -> None:
    world.log.append(world.log[6]._replace(position=8, version=5, raw=payload(unit(99), 0, 1)))


def fork(world: World) -> None:
    world.replica[2] = world.replica[2]._replace(actor="somebody")


def wrong_position(world: World) -> None:
    at(world, 3, first=6, last=6)


def wrong_conflict(world: World) -> None:
    at(world, 4, version=3)


def stale_accepted(world: World) -> None:
    at(world, 4, outcome=Outcome.OK)


def refused_stored(world: World) -> None:
    world.log += recorded(world.sends[4][0], 8)


def good_refused(world: World) -> None:
    at(world, 3, outcome=Outcome.REFUSED)


def silent(world: World) -> None:
    world.sends[2] = world.sends[2][0], None


Doctoring: TypeAlias = Callable[[World], None]
FAULTS: dict[Doctoring, set[Fault]] = {
    skip: {Fault.SKIPPED},
    skip_between_batches: {Fault.SKIPPED},
    give_late: {Fault.INVERTED},
    give_twice: {Fault.DOUBLED},
    give_less: {Fault.STALLED},
    give_other: {Fault.ALTERED},
    vanish: {Fault.ALTERED},
    hole: {Fault.HOLE},
    version_hole: {Fault.HOLE},
    invert: {Fault.INVERTED},
    invert_log: {Fault.INVERTED},
    invert_versions: {Fault.INVERTED},
    double_unit: {Fault.DOUBLED},
    double_position: {Fault.DOUBLED},
    double_key: {Fault.DOUBLED},
    back: {Fault.TIME_BACK},
    lose: {Fault.LOST},
    lose_key: {Fault.LOST},
    tear: {Fault.TORN, Fault.LOST},
    mix: {Fault.TORN},
    alter: {Fault.ALTERED},
    invent: {Fault.ALTERED},
    fork: {Fault.ALTERED},
    wrong_position: {Fault.UNTRUE},
    wrong_conflict: {Fault.UNTRUE},
    stale_accepted: {Fault.UNTRUE, Fault.LOST},
    refused_stored: {Fault.UNTRUE},
    good_refused: {Fault.UNTRUE},
    silent: {Fault.UNANSWERED},
}


@pytest.mark.parametrize("doctor", FAULTS, ids=lambda doctor: doctor.__name__)
def test_a_planted_fault_is_found(world: World, doctor: Doctoring) -> None:
    doctor(world)
    found = world.found()
    assert not found.clean
    assert FAULTS[doctor] <= found.counts.keys(), found.examples


def test_faults_of_readers_are_counted_by_event(world: World) -> None:
    world.given = [[*world.log[:2], *world.log[5:]], world.log[3:4]]
    counts = world.found().counts
    assert (counts[Fault.SKIPPED], counts[Fault.INVERTED], counts[Fault.DOUBLED]) == (2, 1, 0)
