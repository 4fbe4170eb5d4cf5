"""What a writer knows of its streams, and the units it makes up."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random

from regesta.identity import uuid7
from tests.certify.journal import Answer, How, Kind, Send, acknowledges
from tests.certify.plan import HOT_STREAMS
from tests.certify.units import Key, Share

# Of a hundred units; ten are stale or refused.
KINDS = {Kind.PLAIN: 70, Kind.HOT: 15, Kind.STALE: 7, Kind.REFUSED: 3, Kind.RACE: 5}
KEYED = 0.3
KEY_ONLY = 0.02
LIVE_STREAMS = 12
FRESH_STREAM = 0.15
MOST_EVENTS = 50
RACE_NANOSECONDS = 20_000_000


@dataclass(slots=True)
class Knowledge:
    """The versions of streams as a writer last heard of them. own: those that only it writes, the newest last."""

    name: str
    made: int = 0
    own: dict[str, int] = field(default_factory=dict)
    hot: dict[str, int] = field(default_factory=lambda: dict.fromkeys(HOT_STREAMS, 0))

    def open_stream(self) -> None:
        """Begin a new stream and leave the oldest for good."""
        self.own[f"own/{self.name}-{self.made}"] = 0
        self.made += 1
        if len(self.own) > LIVE_STREAMS:
            del self.own[next(iter(self.own))]

    def learn(self, send: Send, answer: Answer) -> None:
        """Take in what an answer says of streams."""
        if acknowledges(send, answer):
            for stream, expected, count in send.shares:
                versions = self.hot if stream in self.hot else self.own
                versions[stream] = max(versions.get(stream, 0), expected + count)
        elif answer.stream in self.hot:
            self.hot[answer.stream] = answer.version


def remembered(name: str, sends: Iterable[tuple[Send, Answer | None]]) -> Knowledge:
    """Return what a writer's journal says of its streams."""
    knowledge = Knowledge(name)
    for send, answer in sends:
        numbers = [_number(stream) for stream, _, _ in send.shares if stream not in knowledge.hot]
        # Also of streams whose first unit had no answer: they may exist.
        knowledge.made = max([knowledge.made, *(number + 1 for number in numbers)])
        if answer is not None:
            knowledge.learn(send, answer)
    newest = sorted(knowledge.own.items(), key=lambda stream: _number(stream[0]))[-LIVE_STREAMS:]
    knowledge.own = dict(newest)
    return knowledge


def _number(stream: str) -> int:
    """Return the number of a writer's own stream."""
    return int(stream.rpartition("-")[2])


class Planner:
    """Makes up the units of one writer; all choices are those of `random`."""

    def __init__(self, knowledge: Knowledge, random: Random) -> None:
        self._known = knowledge
        self._random = random

    def next(self, number: int) -> Send:
        """Return the next unit to send."""
        kind = self._random.choices(list(KINDS), list(KINDS.values()))[0]
        key = self._key(kind, number)
        shares = self._shares(self._chosen(kind))
        if key is not None and kind is Kind.PLAIN and self._random.random() < KEY_ONLY:
            shares = [(stream, expected, 0) for stream, expected, _ in shares]
        truth = None
        if kind is Kind.STALE:
            which = self._random.randrange(len(shares))
            truth = shares[which][:2]
            shares[which] = self._stale(shares[which])
        return Send(number, time.monotonic_ns(), kind, How.FIRST, str(uuid7()), tuple(shares), key, truth=truth)

    def _key(self, kind: Kind, number: int) -> Key | None:
        if kind is Kind.RACE:
            return "race", str(time.monotonic_ns() // RACE_NANOSECONDS)
        return (self._known.name, str(number)) if self._random.random() < KEYED else None

    def _chosen(self, kind: Kind) -> dict[str, int]:
        """Return one to three streams with the versions they are thought to have."""
        if not self._known.own or self._random.random() < FRESH_STREAM:
            self._known.open_stream()
        own = dict(
            self._random.sample(list(self._known.own.items()), min(len(self._known.own), self._random.randint(1, 3)))
        )
        if kind is not Kind.HOT:
            return own
        hot = self._random.choice(HOT_STREAMS)
        return {hot: self._known.hot[hot], **dict(list(own.items())[:2])}

    def _shares(self, chosen: dict[str, int]) -> list[Share]:
        """Spread 1 to 50 events over streams; one that gets none is only read."""
        events = self._random.randint(1, self._random.choice((5, MOST_EVENTS)))
        cuts = sorted(self._random.randint(0, events) for _ in range(len(chosen) - 1))
        counts = [end - begin for begin, end in zip([0, *cuts], [*cuts, events], strict=True)]
        return [(stream, version, count) for (stream, version), count in zip(chosen.items(), counts, strict=True)]

    def _stale(self, share: Share) -> Share:
        stream, version, count = share
        wrong = self._random.choice(
            [other for other in (version - 3, version - 1, version + 1, version + 4) if other >= 0]
        )
        return stream, wrong, count
