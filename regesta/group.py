"""Groups: commands that were decided together on one set of states, and are appended as one unit."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from regesta.command import Command, Context, State
from regesta.envelope import Answer, Envelope
from regesta.errors import RegestaError
from regesta.event import Event, event_name
from regesta.unit import Appended, KeyUse, Meta, NewEvent, Unit

# A stream, and a fact at its version in it.
Versioned: TypeAlias = tuple[str, int, Event]


@dataclass(slots=True)
class Pending:
    """A command that waits for its answer.

    number: its place in the order of arrival. touched: the streams it has read. alone: it must not share its unit.
    contended_until: when it gives up; None before its first conflict. foreign: the streams of other services that it is decided on, by
    name; lacking: those that are to be read for it; newest: they are what their services had when it was decided first.
    """

    number: int
    command: Command
    context: Context
    envelope: Envelope
    answer: asyncio.Future[Answer]
    touched: set[str] = field(default_factory=set)
    alone: bool = False
    contended_until: float | None = None
    foreign: dict[str, State] = field(default_factory=dict)
    lacking: dict[str, type[State]] = field(default_factory=dict)
    newest: bool = False

    @property
    def key(self) -> tuple[str, str] | None:
        """Its idempotency key with the owner; None when it came without."""
        key = self.envelope.key
        return None if key is None else (key.subject, key.key)

    @property
    def meta(self) -> Meta:
        """The part of the envelope that its facts are recorded with."""
        envelope = self.envelope
        return Meta(
            self.context.actor, self.command.occurred, envelope.cause, envelope.correlation, envelope.traceparent
        )

    def succeed(self, answer: Answer) -> None:
        """Give the answer, unless its caller went away."""
        if not self.answer.done():
            self.answer.set_result(answer)

    def fail(self, error: Exception) -> None:
        """Raise an error at its caller, unless that went away."""
        if not self.answer.done():
            self.answer.set_exception(error)


@dataclass(slots=True)
class Group:
    """Commands decided on one set of states.

    working: these states, with the facts decided so far; expected: the versions that they had before. refused: decided too,
    for a refusal holds only when its states were not stale.
    """

    working: dict[str, State] = field(default_factory=dict)
    expected: dict[str, int] = field(default_factory=dict)
    decided: list[tuple[Pending, list[Versioned]]] = field(default_factory=list)
    refused: list[tuple[Pending, RegestaError]] = field(default_factory=list)

    @property
    def size(self) -> int:
        """How many commands it has."""
        return len(self.decided) + len(self.refused)

    @property
    def members(self) -> list[Pending]:
        """Its commands, in no order."""
        return [pending for pending, _ in self.decided] + [pending for pending, _ in self.refused]

    @property
    def keys(self) -> set[tuple[str, str]]:
        """The idempotency keys of its commands."""
        return {pending.key for pending in self.members if pending.key is not None}

    def add(self, states: Mapping[str, State]) -> None:
        """Add states of which nothing was decided yet."""
        self.working |= states
        self.expected.update({stream: state.version for stream, state in states.items()})

    def absorb(self, other: Group) -> None:
        """Take over another group, of other streams."""
        self.working |= other.working
        self.expected |= other.expected
        self.decided += other.decided
        self.refused += other.refused

    def unit(self) -> Unit:
        """Return what is to be appended. Commands that found nothing to record store their key all the same.

        Raises TypeError or ValueError for a fact that is no JSON.
        """
        events: list[NewEvent] = []
        keys: list[KeyUse] = []
        for pending, facts in self.decided:
            key, meta = pending.envelope.key, pending.meta
            if key is not None:
                keys.append(KeyUse(key.subject, key.key, key.hash, len(events), len(facts)))
            events += [NewEvent.of(stream, version, event, meta) for stream, version, event in facts]
        return Unit(self.expected, events, keys, claim=True)

    def recorded(self, outcome: Appended) -> Iterator[tuple[int, str, Event]]:
        """Yield (position, stream, event) of each fact, once it is appended."""
        position = outcome.first
        for _, facts in self.decided:
            for stream, _, event in facts:
                yield position, stream, event
                position += 1

    def answers(self, service: str, outcome: Appended) -> Iterator[tuple[Pending, Answer]]:
        """Yield what each command that was not refused came to, once it is appended."""
        position = outcome.first
        versions = dict(self.expected)
        for pending, facts in self.decided:
            names = tuple(event_name(service, position + n) for n in range(len(facts)))
            position += len(facts)
            versions.update({stream: version for stream, version, _ in facts})
            token = names[-1] if names else event_name(service, outcome.token)
            stream = pending.command.stream
            yield pending, Answer(names, token, stream, versions[stream])
