"""What the writers' journals say: each command with its units and answers, and which answers cannot be true."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.certify.findings import Fault, Findings
from tests.certify.journal import Answer, How, Kind, Outcome, Send, acknowledges
from tests.certify.units import Key, Share, size_of

# What a unit that is sent for the first time may be answered. `same`: the store lost its connection and sent it again by itself.
ALLOWED = {
    Kind.PLAIN: {Outcome.OK, Outcome.SAME},
    Kind.STALE: {Outcome.CONFLICT},
    Kind.REFUSED: {Outcome.REFUSED},
    Kind.HOT: {Outcome.OK, Outcome.SAME, Outcome.CONFLICT, Outcome.TURN},
    Kind.RACE: {Outcome.OK, Outcome.SAME, Outcome.KEY},
}


def allowed(send: Send) -> set[Outcome]:
    """Return what a send may be answered, by what its writer knows when it sends."""
    first = ALLOWED[send.kind]
    if send.how is How.FIRST or send.kind in {Kind.STALE, Kind.REFUSED}:
        return first
    if send.how is How.AGAIN:
        return {Outcome.KEY} if send.stands_for else {Outcome.SAME}
    return first | ({Outcome.KEY} if send.key else set())


@dataclass(slots=True)
class Command:
    """What one writer wanted once, in however many units it was sent. acknowledged: the first and last position told.

    stored: the first positions of its units, as they are met in the log. oks: how often it was answered `ok`.
    """

    name: str
    shares: tuple[Share, ...]
    key: Key | None
    acknowledged: tuple[int, int] | None = None
    answered: bool = False
    oks: int = 0
    stored: list[int] = field(default_factory=list)

    @property
    def size(self) -> int:
        """How many events it records."""
        return size_of(self.shares)


@dataclass(slots=True)
class Evidence:
    """The journals of all writers together. appends: (sent, answered, first, last) of each `ok` with events.

    outcomes: of all sends; silent: sends that never had one; retried: outcomes of plain units whose sender had no answer yet.
    """

    findings: Findings
    commands: dict[str, Command] = field(default_factory=dict)
    units: dict[str, Command] = field(default_factory=dict)
    keys: dict[Key, list[Command]] = field(default_factory=dict)
    appends: list[tuple[int, int, int, int]] = field(default_factory=list)
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    retried: Counter[Outcome] = field(default_factory=Counter)
    silent: int = 0

    def take(self, writer: str, sends: Iterable[tuple[Send, Answer | None]]) -> None:
        """Add the journal of one writer."""
        for send, answer in sends:
            command = self._command(writer, send)
            if answer is None:
                self.silent += 1
                continue
            command.answered = True
            self.outcomes[answer.outcome] += 1
            if send.how is How.UNSURE and send.kind is Kind.PLAIN:
                self.retried[answer.outcome] += 1
            self._judge(command, send, answer)

    def _command(self, writer: str, send: Send) -> Command:
        command = self.commands.get(send.command)
        if command is None:
            command = Command(f"{writer} {send.command}", send.shares, send.key)
            self.commands[send.command] = command
            if send.key is not None:
                self.keys.setdefault(send.key, []).append(command)
        self.units[send.unit] = command
        return command

    def _judge(self, command: Command, send: Send, answer: Answer) -> None:
        """Note what an answer acknowledges, and whether it can be true at all."""
        said = f"{command.name}, {send.kind} sent {send.how}: {answer.outcome} {answer.detail}".rstrip()
        if answer.outcome not in allowed(send):
            self.findings.blame(Fault.UNTRUE, said)
        if answer.outcome is Outcome.CONFLICT and not _true_conflict(send, answer):
            self.findings.blame(Fault.UNTRUE, f"{said}, {answer.stream} is at {answer.version}")
        if not acknowledges(send, answer):
            return
        named = answer.first, answer.last
        if command.acknowledged not in {None, named}:
            self.findings.blame(Fault.UNTRUE, f"{said} at {named}, before at {command.acknowledged}")
        command.acknowledged = named
        if answer.outcome is Outcome.OK:
            command.oks += 1
            if command.size:
                self.appends.append((send.at, answer.at, *named))


def _true_conflict(send: Send, answer: Answer) -> bool:
    """Tell whether a conflict names a stream of the unit that can be at another version; the one where that is known."""
    if send.truth is not None:
        return send.truth == (answer.stream, answer.version)
    return any(stream == answer.stream and expected != answer.version for stream, expected, _ in send.shares)


def check_order(evidence: Evidence) -> None:
    """Check that what was sent after another unit's acknowledgement, by whomever, has a later position."""
    moments = [(sent, 0, n) for n, (sent, *_) in enumerate(evidence.appends)]
    moments += [(answered, 1, n) for n, (_, answered, *_) in enumerate(evidence.appends)]
    reached = 0
    before: dict[int, int] = {}
    for _, is_answer, number in sorted(moments):
        if not is_answer:
            before[number] = reached
            continue
        _, _, first, last = evidence.appends[number]
        if first <= before.pop(number):
            evidence.findings.blame(Fault.INVERTED, f"a unit at {first} was sent when {reached} was acknowledged")
        reached = max(reached, last)
