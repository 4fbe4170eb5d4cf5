"""Rounds: everything that can be decided now, in order of arrival, on copies of the states in memory."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import TypeVar, cast

from regesta.command import AnyAggregate, AnyRule, Command, Facts, Read, State
from regesta.elsewhere import named
from regesta.envelope import Envelope
from regesta.errors import EvidenceMissing, LaterRelease, RegestaError, StaleVersion, UnreadableFact
from regesta.event import Event, Registry, key_of
from regesta.group import Group, Pending, Versioned

GROUP_COMMANDS = 64

S = TypeVar("S", bound=State)
logger = logging.getLogger(__name__)


class Rules:
    """The folds and rules of one service, by prefix and by command."""

    def __init__(self, aggregates: Iterable[AnyAggregate], rules: Iterable[AnyRule], registry: Registry) -> None:
        self._registry = registry
        self._aggregates = {aggregate.state.prefix: aggregate for aggregate in aggregates}
        self._rules = {rule.command: rule for rule in rules}

    def aggregate(self, stream: str) -> AnyAggregate:
        """Return how a stream is folded."""
        return self._aggregates[stream.partition("/")[0]]

    def rule(self, command: Command) -> AnyRule:
        """Return what decides a command."""
        return self._rules[type(command)]

    def require_newest(self, event: Event) -> None:
        """Raise TypeError for a fact of a replaced class: those are read, and never recorded again."""
        if self._registry.replaced(event):
            raise TypeError(f"{event.name!r} is replaced by a newer version, which is to be recorded: {event!r}")

    def read(self, read: Read, stream: str) -> State:
        """Read a stream by its name."""
        state: State = read(self.aggregate(stream).state, key_of(stream))
        return state


class _NotLoaded(Exception):
    """`decide` read a stream that is not in memory, or that another group holds now."""

    def __init__(self, stream: str) -> None:
        self.stream = stream


class _NotSeen(Exception):
    """`decide` read a stream of another service that is not read for this command yet, or refused on what may have changed since."""


class Round:
    """One pass over the commands that wait: `take` is called for each, in order of arrival.

    later: what could not be decided. unseen: those of it for which streams of other services are to be read. missing: streams to load first. spoilt: some of `later` could be decided at once.
    """

    def __init__(
        self, rules: Rules, states: Mapping[str, State], held: Iterable[str], keys: Iterable[tuple[str, str]]
    ) -> None:
        self._rules = rules
        self._states = states
        self._blocked = set(held)
        self._keys = set(keys)
        self._groups: dict[str, Group] = {}
        self.later: list[Pending] = []
        self.unseen: list[Pending] = []
        self.missing: set[str] = set()
        self.spoilt = False

    @property
    def groups(self) -> list[Group]:
        """What was decided; no two groups share a stream."""
        return _distinct(self._groups.values())

    def take(self, pending: Pending) -> None:
        """Decide a command, or put it off until what it needs is there. A fault in its rule fails it alone."""
        if pending.answer.done():  # its caller went away, undecided
            return
        if pending.lacking or pending.key in self._keys or not pending.touched.isdisjoint(self._blocked):
            self._put_off(pending)
            return
        try:
            group = self._decide(pending)
        except _NotLoaded as need:
            if need.stream not in self._states and need.stream not in self._blocked:
                self.missing.add(need.stream)
            self._put_off(pending)
            return
        except _NotSeen:
            self.unseen.append(pending)
            self._put_off(pending)
            return
        except Exception as error:
            logger.exception("%s failed, by a fault of ours", pending.command.name)
            pending.fail(error)
            self._take_apart(pending.touched)
            return
        if pending.key is not None:
            self._keys.add(pending.key)
        if group.size >= GROUP_COMMANDS or pending.alone:
            self._blocked |= group.working.keys()

    def _put_off(self, pending: Pending) -> None:
        """Leave a command for a later round, and with it whatever comes after it on its streams."""
        self._blocked |= pending.touched
        self.later.append(pending)

    def _take_apart(self, touched: Iterable[str]) -> None:
        """Remove the groups whose states a failed command may have changed; their members are decided again."""
        spoilt = _distinct(self._groups[stream] for stream in touched if stream in self._groups)
        self._blocked.update(touched)
        for group in spoilt:
            for stream in group.working:
                del self._groups[stream]
            for pending in group.members:
                self._put_off(pending)
        self.spoilt = True

    def _decide(self, pending: Pending) -> Group:
        """Decide one command on the states of this round and put it into its group. Raises _NotLoaded."""
        touched: dict[str, State] = {}

        def read(kind: type[S], key: str) -> S:
            if kind.source is not None:
                return cast(S, _foreign(pending, kind, key))
            stream = kind.name_of(key)
            pending.touched.add(stream)
            if stream not in touched:
                touched[stream] = self._state(stream, alone=pending.alone)
            _require_read(touched[stream])
            return cast(S, touched[stream])

        try:
            facts = self._facts(pending, read)
        except RegestaError as refusal:
            _require_newest(pending, refusal)
            group = self._join(touched)
            group.refused.append((pending, refusal))
            return group
        for stream in facts:
            self._rules.read(read, stream)
        group = self._join(touched)
        group.decided.append((pending, self._evolve(group, facts, pending.command.occurred)))
        return group

    def _state(self, stream: str, *, alone: bool) -> State:
        """Return the state that this round works on. Raises _NotLoaded."""
        taken = stream in self._blocked or (alone and stream in self._groups)
        if taken or stream not in self._states:
            raise _NotLoaded(stream)
        if stream in self._groups:
            return self._groups[stream].working[stream]
        return self._states[stream].copy()

    def _facts(self, pending: Pending, read: Read) -> Facts:
        command = pending.command
        primary = self._rules.read(read, command.stream)
        _require(pending.envelope, primary)
        return self._rules.rule(command).decide(command, read, pending.context)

    def _join(self, touched: Mapping[str, State]) -> Group:
        """Return the one group of all streams touched, merging those that met here."""
        first, *others = _distinct(self._groups[s] for s in touched if s in self._groups) or [Group()]
        for other in others:
            first.absorb(other)
        first.add({stream: state for stream, state in touched.items() if stream not in first.working})
        self._groups.update(dict.fromkeys(first.working, first))
        return first

    def _evolve(self, group: Group, facts: Facts, occurred: str | None) -> list[Versioned]:
        """Fold new facts into the working states; return them with their versions."""
        events: list[Versioned] = []
        for stream, added in facts.items():
            state = group.working[stream]
            for event in (each.dated(occurred) for each in added):
                self._rules.require_newest(event)
                self._rules.aggregate(stream).apply(state, event, None)
                events.append((stream, state.version, event))
        return events


def _foreign(pending: Pending, kind: type[State], key: str) -> State:
    """Return a stream of another service as it was read for a command. Raises _NotSeen."""
    stream = named(kind, key)
    if stream not in pending.foreign:
        pending.lacking[stream] = kind
        raise _NotSeen
    _require_read(pending.foreign[stream])
    return pending.foreign[stream]


def _require_newest(pending: Pending, refusal: RegestaError) -> None:
    """Raise _NotSeen when a command was refused for steps that another service may have recorded since: it is decided once more."""
    if isinstance(refusal, EvidenceMissing) and pending.foreign and not pending.newest:
        pending.newest = True
        pending.lacking = {stream: type(state) for stream, state in pending.foreign.items()}
        raise _NotSeen


def _require_read(state: State) -> None:
    """Raise LaterRelease or UnreadableFact when a fact of a stream is not in its state."""
    stream, unread = state.stream, state.unread
    if unread is None:
        return
    if unread.fault is None:
        message = f"{stream!r} has a fact of a later release, at position {unread.position}, which this one cannot read"
        raise LaterRelease(message, stream=stream, position=unread.position)
    raise UnreadableFact(
        f"nothing is decided on {stream!r}, for {unread.name} cannot be read: {unread.fault}",
        stream=stream, event=unread.name, source=unread.source, position=unread.position, fault=unread.fault,
    )  # fmt: skip


def _require(envelope: Envelope, primary: State) -> None:
    """Raise StaleVersion unless the primary stream of a command is as its envelope asks."""
    stream, version, pinned = primary.stream, primary.version, envelope.if_match
    if pinned is not None and version != pinned:
        message = f"{stream!r} is at version {version}, not {pinned}"
        raise StaleVersion(message, stream=stream, version=version, if_match=pinned)
    if envelope.exists is True and version == 0:
        raise StaleVersion(f"{stream!r} does not exist", stream=stream, version=version, if_match="*")
    if envelope.exists is False and version > 0:
        message = f"{stream!r} exists, at version {version}"
        raise StaleVersion(message, stream=stream, version=version, if_none_match="*")


def _distinct(groups: Iterable[Group]) -> list[Group]:
    """Return each group once, in the order met."""
    return list({id(group): group for group in groups}.values())
