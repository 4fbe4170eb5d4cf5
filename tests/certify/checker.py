"""The log, its readers and its replica, held against the journals."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

import orjson

from regesta.event import Recorded
from regesta.unit import KeyAnswer
from tests.certify.evidence import Command, Evidence
from tests.certify.findings import Fault, Findings
from tests.certify.journal import Delivery, Digest
from tests.certify.units import Key, order_of, payload


class LogCheck:
    """Goes through a log once, in the order of its table. marks: positions at which its digest is kept.

    head: the last position met; streams: how many there are.
    """

    def __init__(self, evidence: Evidence, marks: Collection[int] = ()) -> None:
        self.head = 0
        self.digests: dict[int, str] = {}
        self._findings = evidence.findings
        self._units = evidence.units
        self._marks = marks
        self._digest = Digest()
        self._time: datetime | None = None
        self._versions: dict[str, int] = {}
        self._order: list[tuple[str, int]] = []
        self._unit, self._next = "", 0

    @property
    def streams(self) -> int:
        """How many streams there are."""
        return len(self._versions)

    def take(self, event: Recorded) -> None:
        """Check the next event."""
        self._place(event)
        self._member(event)
        self._version(event)
        self._digest.take(event)
        if event.position in self._marks:
            self.digests[event.position] = self._digest.text()

    def finish(self) -> None:
        """Check what only shows at the end."""
        self._close(f"the end, {self.head}")

    def _place(self, event: Recorded) -> None:
        """Positions are 1, 2, 3 ..., times never go back."""
        if event.position > self.head + 1:
            self._findings.blame(Fault.HOLE, f"{event.name} follows on {self.head}", event.position - self.head - 1)
        elif event.position <= self.head:
            fault = Fault.DOUBLED if event.position == self.head else Fault.INVERTED
            self._findings.blame(fault, f"{event.name} follows on {self.head}")
        if self._time is not None and event.time < self._time:
            self._findings.blame(Fault.TIME_BACK, f"{event.name} at {event.time} follows on {self._time}")
        self.head = max(self.head, event.position)
        self._time = event.time

    def _version(self, event: Recorded) -> None:
        """Versions of a stream are 1, 2, 3 ... in the order of positions."""
        version = self._versions.get(event.stream, 0)
        if event.version > version + 1:
            where = f"{event.name} is {event.stream} {event.version} after {version}"
            self._findings.blame(Fault.HOLE, where, event.version - version - 1)
        elif event.version <= version:
            fault = Fault.DOUBLED if event.version == version else Fault.INVERTED
            self._findings.blame(fault, f"{event.name} is {event.stream} {event.version} after {version}")
        self._versions[event.stream] = max(version, event.version)

    def _member(self, event: Recorded) -> None:
        """The events of a unit stand side by side, whole, as they were sent."""
        noted = orjson.loads(event.raw)
        unit, n, of = noted["unit"], noted["n"], noted["of"]
        if n == 0:
            self._close(event.name)
            self._open(event, unit)
        elif (unit, n) != (self._unit, self._next):
            self._findings.blame(Fault.TORN, f"{event.name} is {unit} {n} after {self._unit} {self._next - 1}")
        self._unit, self._next = unit, n + 1
        sent_to = self._order[n] if n < len(self._order) else None
        if sent_to != (event.stream, event.version) or event.raw != payload(unit, n, of) or of != len(self._order):
            self._findings.blame(Fault.ALTERED, f"{event.name}, {event.stream} {event.version}, was sent to {sent_to}")

    def _close(self, where: str) -> None:
        if self._next < len(self._order):
            self._findings.blame(
                Fault.TORN, f"{self._unit} has {self._next} of {len(self._order)} events before {where}"
            )
        self._order = []

    def _open(self, event: Recorded, unit: str) -> None:
        """A unit is stored only while all its streams are at the versions it expects."""
        command = self._units.get(unit)
        if command is None:
            self._findings.blame(Fault.ALTERED, f"{event.name} is of {unit}, which nobody sent")
            return
        command.stored.append(event.position)
        self._order = order_of(command.shares)
        for stream, expected, _ in command.shares:
            version = self._versions.get(stream, 0)
            if version != expected:
                self._findings.blame(Fault.UNTRUE, f"{event.name} expects {stream} at {expected}, it was at {version}")


def check_commands(commands: Iterable[Command], findings: Findings) -> None:
    """Check that exactly what was acknowledged is stored, where it was said, once; and that all were answered."""
    for command in commands:
        told, size = command.acknowledged, command.size
        if len(command.stored) > 1 or command.oks > 1:
            findings.blame(Fault.DOUBLED, f"{command.name} at {command.stored}, {command.oks} times ok")
        if not command.answered:
            findings.blame(Fault.UNANSWERED, command.name)
        elif told is None and command.stored:
            findings.blame(Fault.UNTRUE, f"{command.name} at {command.stored} was not acknowledged")
        elif told is not None and size and not command.stored:
            findings.blame(Fault.LOST, f"{command.name} of {size} events was acknowledged at {told}")
        elif told is not None and size and told != (command.stored[0], command.stored[0] + size - 1):
            findings.blame(Fault.UNTRUE, f"{command.name} of {size} events at {command.stored}, acknowledged at {told}")


def check_keys(keys: Mapping[Key, list[Command]], stored: Mapping[Key, KeyAnswer], findings: Findings) -> None:
    """Check that a key is stored exactly when one of its commands is, once, and names that command's events."""
    for key, commands in keys.items():
        done = [command for command in commands if command.acknowledged is not None]
        positions = stored[key].positions if key in stored else None
        if len(done) > 1:
            findings.blame(Fault.DOUBLED, f"the key {key} let {[command.name for command in done]} pass")
        elif not done and positions is not None:
            findings.blame(Fault.UNTRUE, f"the key {key} is stored, though nothing under it was acknowledged")
        elif done and positions is None:
            findings.blame(Fault.LOST, f"the key {key} of {done[0].name}")
        elif done and positions is not None:
            first, size = (done[0].acknowledged or (0, 0))[0], done[0].size
            if len(positions) != size or (size and positions[0] != first):
                findings.blame(Fault.UNTRUE, f"the key {key} names {positions}, not {size} events at {first}")


class ReaderCheck:
    """Goes through what one reader was given, against a log that was gone through before. given: how many events."""

    def __init__(self, name: str, log: LogCheck, findings: Findings) -> None:
        self.given = 0
        self._name = name
        self._log = log
        self._findings = findings
        self._last = 0
        self._past: set[int] = set()
        self._differs = False

    def take(self, delivery: Delivery) -> None:
        """Check the next batch."""
        for first, end in delivery.runs:
            self.given += end - first + 1
            if first <= self._last:
                self._step_back(first, end)
            self._past.update(range(self._last + 1, first))
            self._last = max(self._last, end)
        self._compare(delivery)

    def _step_back(self, first: int, end: int) -> None:
        """Events that were passed over come too late, the others twice."""
        late = self._past.intersection(range(first, end + 1))
        self._past -= late
        again = min(end, self._last) - first + 1 - len(late)
        where = f"{self._name} was given {first} to {end} after {self._last}"
        self._findings.blame(Fault.INVERTED, where, len(late))
        self._findings.blame(Fault.DOUBLED, where, again)

    def _compare(self, delivery: Delivery) -> None:
        """The content is the log's; asked only until it differs, for from then on it always does."""
        end = delivery.runs[-1][1]
        whole = not self._past and self._last == end
        if whole and not self._differs and self._log.digests.get(end) != delivery.digest:
            self._differs = True
            self._findings.blame(Fault.ALTERED, f"{self._name} was given something else by {end}")

    def finish(self) -> None:
        """Check what only shows at the end."""
        if self._past:
            self._findings.blame(Fault.SKIPPED, f"{self._name} was not given {min(self._past)}", len(self._past))
        if self._last < self._log.head:
            missing = self._log.head - self._last
            self._findings.blame(Fault.STALLED, f"{self._name} ends at {self._last} of {self._log.head}", missing)


def check_replica(events: Sequence[Recorded], replica: Sequence[Recorded], findings: Findings) -> None:
    """Check that a stretch of the replica is the log's, event by event. It may be shorter, where the replica ends."""
    for event, copy in zip(events, replica, strict=False):
        if event != copy:
            findings.blame(Fault.ALTERED, f"the replica has {copy.name} {copy.stream} {copy.version} for {event.name}")
