"""Deciding: load, fold, decide, append. Commands that share a stream are decided in turn, on one state in memory."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict, deque
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import TypeVar, cast

from opentelemetry import trace

from regesta.command import Aggregate, AnyAggregate, AnyRule, Command, Context, Facts, Read, State
from regesta.errors import Busy, InvalidInput, KeyReused, RegestaError, StaleVersion
from regesta.event import Event, event_name
from regesta.telemetry import batch_span
from regesta.unit import Appended, Conflict, KeyAnswer, KeyKnown, KeyUse, Meta, NewEvent, OtherTurn, Store, Unit
from regesta.writer import LOST, DataRefused

GROUP_COMMANDS = 64
QUEUE_COMMANDS = 10_000
CACHED_STREAMS = 20_000
# From a command's first conflict on; waiting for its turn here does not count.
CONTENDED_SECONDS = 2.0
OTHER_TURN_SECONDS = 0.005

S = TypeVar("S", bound=State)
logger = logging.getLogger(__name__)
tracer = trace.get_tracer("regesta.decider")


@dataclass(frozen=True, slots=True)
class Key:
    """An idempotency key: `subject` owns it, `hash` is of the request it stands for."""

    subject: str
    key: str
    hash: bytes


@dataclass(frozen=True, slots=True)
class Envelope:
    """What comes with a command but is no part of it. if_match: the version its primary stream must have."""

    key: Key | None = None
    if_match: int | None = None
    cause: str | None = None
    correlation: str | None = None
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command came to. events: names of what it recorded, empty when it was recorded before.

    token: the position that proves it. version: of its primary stream. repeated: the answer of an earlier request.
    """

    events: tuple[str, ...]
    token: str
    stream: str
    version: int
    repeated: bool = False


@dataclass(slots=True)
class _Pending:
    """A command that waits for its answer. number: its place in the order of arrival."""

    number: int
    command: Command
    context: Context
    envelope: Envelope
    answer: asyncio.Future[Answer]
    touched: set[str] = field(default_factory=set)
    alone: bool = False
    contended_until: float | None = None


@dataclass(slots=True)
class _Group:
    """Commands decided on one set of states, to be appended as one unit."""

    working: dict[str, State] = field(default_factory=dict)
    expected: dict[str, int] = field(default_factory=dict)
    decided: list[tuple[_Pending, list[tuple[str, int, Event]]]] = field(default_factory=list)
    refused: list[tuple[_Pending, RegestaError]] = field(default_factory=list)

    @property
    def size(self) -> int:
        return len(self.decided) + len(self.refused)

    @property
    def members(self) -> list[_Pending]:
        return [pending for pending, _ in self.decided] + [pending for pending, _ in self.refused]


class _NotLoaded(Exception):
    """`decide` read a stream that is not in memory, or that another group holds now."""

    def __init__(self, stream: str) -> None:
        self.stream = stream


class Decider:
    """Decides the commands of one service in this process. `run` is its task."""

    def __init__(self, store: Store, aggregates: Iterable[AnyAggregate], rules: Iterable[AnyRule]) -> None:
        self._store = store
        self._aggregates = {aggregate.state.prefix: aggregate for aggregate in aggregates}
        self._rules = {rule.command: rule for rule in rules}
        self._states: OrderedDict[str, State] = OrderedDict()
        self._queue: deque[_Pending] = deque()
        self._held: set[str] = set()
        self._keys_held: set[tuple[str, str]] = set()
        self._wake = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._numbers = count()
        self._stopped = False

    async def handle(self, command: Command, context: Context, envelope: Envelope = Envelope()) -> Answer:
        """Decide a command and return its answer once the append that proves it is stored.

        Raises the domain's refusal, StaleVersion for a pinned version, KeyReused, or Busy (nothing is recorded).
        """
        loop = asyncio.get_running_loop()
        if self._stopped or len(self._queue) >= QUEUE_COMMANDS:
            raise Busy("too many commands are waiting", waiting=len(self._queue))
        pending = _Pending(next(self._numbers), command, context, envelope, loop.create_future())
        with tracer.start_as_current_span(f"decide {command.name}"):
            self._queue.append(pending)
            self._wake.set()
            return await pending.answer

    async def run(self) -> None:
        """Decide until cancelled; whoever still waits then is told to try again."""
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                self._round()
        finally:
            self._stopped = True
            for task in self._tasks:
                task.cancel()
            for pending in self._queue:
                _fail(pending, Busy("the service is stopping"))

    # One round: everything that can be decided now, in order of arrival.

    def _round(self) -> None:
        blocked = set(self._held)
        keys = set(self._keys_held)
        missing: dict[str, int] = {}
        groups: dict[str, _Group] = {}
        later: list[_Pending] = []
        for pending in self._queue:
            if pending.answer.done():  # its caller went away, undecided
                continue
            key = pending.envelope.key
            if (key is not None and (key.subject, key.key) in keys) or not pending.touched.isdisjoint(blocked):
                blocked |= pending.touched
                later.append(pending)
                continue
            try:
                group = self._decide(pending, groups, blocked)
            except _NotLoaded as need:
                if need.stream not in self._states and need.stream not in blocked:
                    missing[need.stream] = 0
                blocked |= pending.touched
                later.append(pending)
                continue
            except Exception as error:
                logger.exception("%s failed, by a fault of ours", pending.command.name)
                _fail(pending, error)
                later += self._take_apart(groups, pending.touched)
                blocked |= pending.touched.union(*(other.touched for other in later))
                continue
            if key is not None:
                keys.add((key.subject, key.key))
            if group.size >= GROUP_COMMANDS or pending.alone:
                blocked |= group.working.keys()
        self._queue = deque(sorted(later, key=_arrival))
        self._begin(missing, {id(group): group for group in groups.values()}.values())

    def _begin(self, missing: Mapping[str, int], groups: Iterable[_Group]) -> None:
        """Load what a round missed and append what it decided; their streams are held until that is done."""
        if missing:
            self._hold(missing)
            self._start(self._load(missing))
        for group in groups:
            self._hold(group.working)
            self._keys_held |= _keys_of(group)
            self._start(self._append(group))

    def _take_apart(self, groups: dict[str, _Group], touched: Iterable[str]) -> list[_Pending]:
        """Remove the groups whose states a failed command may have changed; return their members, to be decided again."""
        spoilt = {id(groups[stream]): groups[stream] for stream in touched if stream in groups}.values()
        for group in spoilt:
            for stream in group.working:
                del groups[stream]
        self._wake.set()
        return [pending for group in spoilt for pending in group.members]

    def _decide(self, pending: _Pending, groups: dict[str, _Group], blocked: set[str]) -> _Group:
        """Decide one command on the states of this round and put it into its group. Raises _NotLoaded."""
        touched: dict[str, State] = {}

        def read(kind: type[S], key: str) -> S:
            stream = kind.name_of(key)
            pending.touched.add(stream)
            state = touched.get(stream)
            if state is None:
                taken = stream in blocked or (pending.alone and stream in groups)
                if taken or stream not in self._states:
                    raise _NotLoaded(stream)
                state = groups[stream].working[stream] if stream in groups else self._states[stream].copy()
                touched[stream] = state
            return cast(S, state)

        try:
            facts = self._facts(pending, read)
        except RegestaError as refusal:
            group = self._join(groups, touched)
            group.refused.append((pending, refusal))
            return group
        for stream in facts:
            self._read_any(read, stream)
        group = self._join(groups, touched)
        group.decided.append((pending, self._evolve(group, facts)))
        return group

    def _facts(self, pending: _Pending, read: Read) -> Facts:
        command = pending.command
        primary = self._read_any(read, command.stream)
        pinned = pending.envelope.if_match
        if pinned is not None and primary.version != pinned:
            raise StaleVersion(
                f"{command.stream!r} is at version {primary.version}, not {pinned}",
                stream=command.stream, version=primary.version, if_match=pinned,
            )  # fmt: skip
        rule = self._rules[type(command)]
        return rule.decide(command, read, pending.context)

    def _read_any(self, read: Read, stream: str) -> State:
        prefix, _, key = stream.partition("/")
        state: State = read(self._aggregates[prefix].state, key)
        return state

    def _join(self, groups: dict[str, _Group], touched: Mapping[str, State]) -> _Group:
        """Return the one group of all streams touched, merging those that met here."""
        met = list({id(groups[stream]): groups[stream] for stream in touched if stream in groups}.values())
        group = met[0] if met else _Group()
        for other in met[1:]:
            group.working |= other.working
            group.expected |= other.expected
            group.decided += other.decided
            group.refused += other.refused
            groups.update(dict.fromkeys(other.working, group))
        for stream, state in touched.items():
            if stream not in group.working:
                group.working[stream] = state
                group.expected[stream] = state.version
                groups[stream] = group
        return group

    def _evolve(self, group: _Group, facts: Facts) -> list[tuple[str, int, Event]]:
        """Fold new facts into the working states; return them with their versions."""
        events: list[tuple[str, int, Event]] = []
        for stream, added in facts.items():
            state = group.working[stream]
            for event in added:
                self._aggregate(stream).apply(state, event, None)
                events.append((stream, state.version, event))
        return events

    def _aggregate(self, stream: str) -> AnyAggregate:
        return self._aggregates[stream.partition("/")[0]]

    # What a round started: loads and appends.

    def _start(self, job: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(job)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _hold(self, streams: Iterable[str]) -> None:
        self._held.update(streams)

    def _release(self, streams: Iterable[str]) -> None:
        self._held.difference_update(streams)
        self._wake.set()

    async def _load(self, missing: Mapping[str, int]) -> None:
        """Fold streams from their first event into the cache."""
        try:
            for stream in missing:
                self._states[stream] = self._aggregate(stream).state(stream)
            await self._refresh(missing)
        except Exception as error:  # noqa: BLE001 - whoever waits gets it, whatever it is
            self._forget(missing)
            self._fail_waiting(missing, _shown(error))
        finally:
            self._evict()
            self._release(missing)

    def _fail_waiting(self, streams: Iterable[str], error: Exception) -> None:
        """Fail the commands that wait for streams which cannot be read."""
        failed = set(streams)
        for pending in self._queue:
            if not pending.touched.isdisjoint(failed):
                _fail(pending, error)

    async def _refresh(self, streams: Iterable[str]) -> bool:
        """Fold what was appended to cached streams since; return whether anything was."""
        tails = await self._store.tails({stream: self._states[stream].version for stream in streams})
        for stream, events in tails.items():
            aggregate = self._aggregate(stream)
            for recorded in events:
                aggregate.apply(self._states[stream], recorded.event, recorded.position)
        return any(tails.values())

    def _forget(self, streams: Iterable[str]) -> None:
        for stream in streams:
            self._states.pop(stream, None)

    def _evict(self) -> None:
        for _ in range(len(self._states) - CACHED_STREAMS):
            stream, state = self._states.popitem(last=False)
            if stream in self._held:
                self._states[stream] = state

    async def _append(self, group: _Group) -> None:
        """Append what a group decided and answer its members, or put them back to be decided again."""
        try:
            if not await self._settle(group):
                self._contend(group)
                self._again(group)
        except DataRefused as error:
            self._singly(group, error)
        except asyncio.CancelledError:
            for pending in group.members:
                _fail(pending, Busy("the service is stopping; this may be recorded, repeat it to know"))
            raise
        except Exception as error:  # noqa: BLE001 - whoever waits gets it, whatever it is
            self._forget(group.working)
            for pending in group.members:
                _fail(pending, _shown(error))
        finally:
            self._keys_held -= _keys_of(group)
            self._release(group.working)

    async def _settle(self, group: _Group) -> bool:
        """Return whether the group was answered; False when its states were stale."""
        try:
            unit = _unit(group)
        except (TypeError, ValueError) as error:  # a fact that is no JSON
            raise DataRefused(str(error)) from error
        if not unit.events and not unit.keys:
            if await self._refresh(group.working):
                return False
            await self._reply(group, Appended(0, (await self._store.head(self._store.service)).position))
            return True
        with batch_span(tracer, "append", (each.envelope.traceparent for each in group.members)):
            outcome = await self._store.append(unit)
        match outcome:
            case Appended():
                self._promote(group, outcome)
                await self._reply(group, outcome)
                return True
            case KeyKnown():
                await self._answer_known(group)
            case OtherTurn():
                await asyncio.sleep(OTHER_TURN_SECONDS)
            case Conflict():
                pass
        await self._refresh(group.working)
        return False

    def _promote(self, group: _Group, outcome: Appended) -> None:
        """Fold the recorded facts, with their positions, into the confirmed states."""
        position = outcome.first
        for _, events in group.decided:
            for stream, _, event in events:
                self._aggregate(stream).apply(self._states[stream], event, position)
                position += 1
        for stream in group.working:
            self._states.move_to_end(stream)

    async def _reply(self, group: _Group, outcome: Appended) -> None:
        service = self._store.service
        position = outcome.first
        versions = dict(group.expected)
        for pending, events in group.decided:
            names = tuple(event_name(service, position + n) for n in range(len(events)))
            position += len(events)
            versions.update({stream: version for stream, version, _ in events})
            token = names[-1] if names else event_name(service, outcome.token)
            stream = pending.command.stream
            _succeed(pending, Answer(names, token, stream, versions[stream]))
        for pending, refusal in group.refused:
            await self._refuse(pending, refusal)

    async def _refuse(self, pending: _Pending, refusal: RegestaError) -> None:
        """Refuse a command, unless its key says that it was answered before."""
        known = await self._known_answer(pending)
        if known is None:
            _fail(pending, refusal)

    async def _answer_known(self, group: _Group) -> None:
        for pending in group.members:
            await self._known_answer(pending)

    async def _known_answer(self, pending: _Pending) -> KeyAnswer | None:
        """Give the first answer again when the command's key is stored; KeyReused when it stands for another request."""
        key = pending.envelope.key
        known = await self._store.key(key.subject, key.key) if key else None
        if key is None or known is None:
            return None
        if known.hash != key.hash:
            _fail(pending, KeyReused(f"the key {key.key!r} was used for another request", key=key.key))
            return known
        events = await self._store.at(list(known.positions))
        stream = pending.command.stream
        version = max((event.version for event in events if event.stream == stream), default=0)
        names = tuple(event.name for event in events)
        token = event_name(self._store.service, known.token)
        _succeed(pending, Answer(names, token, stream, version, repeated=True))
        return known

    def _contend(self, group: _Group) -> None:
        """Fail the members whose first conflict is too long ago."""
        now = asyncio.get_running_loop().time()
        for pending in group.members:
            if pending.contended_until is None:
                pending.contended_until = now + CONTENDED_SECONDS
            elif now > pending.contended_until:
                _fail(pending, Busy(f"{pending.command.stream!r} is contended", stream=pending.command.stream))

    def _again(self, group: _Group) -> None:
        """Put the unanswered members back, in their order, before everything that came later."""
        waiting = [pending for pending in group.members if not pending.answer.done()]
        self._queue.extendleft(sorted(waiting, key=_arrival, reverse=True))

    def _singly(self, group: _Group, error: DataRefused) -> None:
        """The database refused the data of a group: decide its members one by one, so that only the bad one fails."""
        if len(group.members) == 1:
            _fail(group.members[0], InvalidInput("the database cannot store this", reason=str(error)))
            return
        for pending in group.members:
            pending.alone = True
        self._again(group)


def _unit(group: _Group) -> Unit:
    """Return what a group appends. Commands that found nothing to record store their key all the same."""
    events: list[NewEvent] = []
    keys: list[KeyUse] = []
    for pending, facts in group.decided:
        envelope = pending.envelope
        if envelope.key is not None:
            key = envelope.key
            keys.append(KeyUse(key.subject, key.key, key.hash, len(events), len(facts)))
        meta = Meta(
            pending.context.actor, pending.command.occurred, envelope.cause, envelope.correlation, envelope.traceparent
        )
        events += [NewEvent.of(stream, version, event, meta) for stream, version, event in facts]
    return Unit(group.expected, events, keys, claim=True)


def _keys_of(group: _Group) -> set[tuple[str, str]]:
    keys = (pending.envelope.key for pending in group.members)
    return {(key.subject, key.key) for key in keys if key is not None}


def _arrival(pending: _Pending) -> int:
    return pending.number


def _shown(error: Exception) -> Exception:
    """Return what a caller is told: a database that is away for now is no fault of the command."""
    return Busy(f"the database does not answer: {error!r}") if isinstance(error, LOST) else error


def _succeed(pending: _Pending, answer: Answer) -> None:
    if not pending.answer.done():
        pending.answer.set_result(answer)


def _fail(pending: _Pending, error: Exception) -> None:
    if not pending.answer.done():
        pending.answer.set_exception(error)


def fold(aggregate: Aggregate[S], stream: str, events: Sequence[tuple[int, Event]]) -> S:
    """Return the state of a stream after these (position, event) pairs."""
    state = aggregate.state(stream)
    for position, event in events:
        aggregate.apply(state, event, position)
    return state
