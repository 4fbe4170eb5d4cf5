"""Deciding: load, fold, decide, append. Commands that share a stream are decided in turn, on one state in memory."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict, deque
from collections.abc import Collection, Coroutine, Iterable, Sequence
from itertools import count

from opentelemetry import trace
from pydantic import ValidationError

from regesta.command import AnyAggregate, AnyRule, Command, Context, State
from regesta.elsewhere import Elsewhere
from regesta.envelope import BARE, Answer, Envelope, Key
from regesta.errors import Busy, InvalidInput, KeyReused, OutcomeUnknown
from regesta.event import Recorded, event_name
from regesta.faults import wrong_with
from regesta.group import Group, Pending
from regesta.outage import AWAY, is_lost
from regesta.round import Round, Rules
from regesta.signals import APPEND, DECIDE, FROM, SERVICE, STREAMS_READ
from regesta.telemetry import batch_span, counter, span_within
from regesta.unit import Appended, Conflict, DataRefused, KeyAnswer, KeyKnown, OtherTurn, Store

QUEUE_COMMANDS = 10_000
CACHED_STREAMS = 20_000
# From a command's first conflict on; waiting for its turn here does not count.
CONTENDED_SECONDS = 2.0
OTHER_TURN_SECONDS = 0.005
# The writer insists on what it has sent for as long as the database is away; whoever waits for it does not.
ANSWER_SECONDS = 10.0
UNKNOWN = "this may be recorded, repeat it to know"

logger = logging.getLogger(__name__)
tracer = trace.get_tracer("regesta.decider")
streams = counter(STREAMS_READ)


class Decider:
    """Decides the commands of one service in this process. `run` is its task."""

    def __init__(
        self,
        store: Store,
        aggregates: Iterable[AnyAggregate],
        rules: Iterable[AnyRule],
        elsewhere: Elsewhere | None = None,
    ) -> None:
        self._store = store
        self._elsewhere = elsewhere
        self._rules = Rules(aggregates, rules, store.registry)
        self._states: OrderedDict[str, State] = OrderedDict()
        self._queue: deque[Pending] = deque()
        self._held: set[str] = set()
        self._stale: set[str] = set()
        self._keys_held: set[tuple[str, str]] = set()
        self._wake = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._numbers = count()
        self._stopped = False
        self._from_log, self._from_memory = ({SERVICE: store.service, FROM: place} for place in ("log", "memory"))

    @property
    def waiting(self) -> int:
        """How many commands are not decided yet."""
        return len(self._queue)

    async def handle(self, command: Command, context: Context, envelope: Envelope = BARE) -> Answer:
        """Decide a command and return its answer once the append that proves it is stored.

        Raises the domain's refusal, StaleVersion for a pinned version, KeyReused, Busy (nothing is recorded), or, after
        ANSWER_SECONDS, OutcomeUnknown.
        """
        loop = asyncio.get_running_loop()
        if self._stopped or len(self._queue) >= QUEUE_COMMANDS:
            raise Busy("too many commands are waiting", waiting=len(self._queue))
        pending = Pending(next(self._numbers), command, context, envelope, loop.create_future())
        with span_within(tracer, DECIDE.named(command.name)):
            self._queue.append(pending)
            self._wake.set()
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    return await pending.answer
            except TimeoutError as error:
                raise OutcomeUnknown(f"the log did not answer in {ANSWER_SECONDS:g} s; {UNKNOWN}") from error

    async def repeated(self, key: Key, stream: str) -> Answer | None:
        """Return the first answer to a key; None of a new one, or of one whose command is under way. stream: the primary one.

        For a command that costs much to make: `handle` asks this of every command itself. Raises KeyReused.
        """
        name = key.subject, key.key
        known = (await self._store.keys([name])).get(name)
        if known is None:
            return None
        if known.hash != key.hash:
            raise _reused(key)
        return self._first(stream, known, await self._store.at(known.positions))

    async def run(self) -> None:
        """Decide until cancelled; whoever still waits then is told to try again."""
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                self._round()
        finally:
            self._stopped = True
            for pending in self._queue:
                pending.fail(Busy("the service is stopping"))
            tasks = list(self._tasks)
            for task in tasks:
                task.cancel()
            # Before the store is closed under them.
            await asyncio.gather(*tasks, return_exceptions=True)

    def _round(self) -> None:
        """Decide what can be decided now, and start what that leads to."""
        this = Round(self._rules, self._states, self._held, self._keys_held)
        for pending in self._queue:
            this.take(pending)
        self._queue = deque(sorted(this.later, key=_arrival))
        if this.spoilt:
            self._wake.set()
        self._begin(this.missing, this.groups)
        for newest in (False, True):
            if unseen := [pending for pending in this.unseen if pending.newest == newest]:
                self._start(self._see(unseen, newest=newest))

    def _begin(self, missing: Collection[str], groups: Iterable[Group]) -> None:
        """Load what a round missed and append what it decided; their streams are held until that is done."""
        if missing:
            streams.add(len(missing), self._from_log)
            self._hold(missing)
            self._start(self._load(missing))
        for group in groups:
            streams.add(len(group.working), self._from_memory)
            self._hold(group.working)
            self._keys_held |= group.keys
            self._start(self._append(group))

    def _start(self, job: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(job)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def forget(self) -> None:
        """Fold each stream anew before something is decided on it, for the log may have become another."""
        self._stale |= self._held  # what is under way needs its states
        self._forget(self._states.keys() - self._held)

    def _hold(self, streams: Iterable[str]) -> None:
        self._held.update(streams)

    def _release(self, streams: Iterable[str]) -> None:
        self._held.difference_update(streams)
        if self._stale:
            self._forget(self._stale.intersection(streams))
            self._stale.difference_update(streams)
        self._wake.set()

    async def _load(self, missing: Collection[str]) -> None:
        """Fold streams from their first event into the cache."""
        try:
            for stream in missing:
                self._states[stream] = self._rules.aggregate(stream).state(stream)
            await self._refresh(missing)
        except Exception as error:  # noqa: BLE001 - whoever waits gets it, whatever it is
            self._forget(missing)
            self._fail_waiting(missing, Busy(AWAY) if is_lost(error) else error)
        finally:
            self._evict()
            self._release(missing)

    async def _see(self, unseen: Sequence[Pending], *, newest: bool) -> None:
        """Read together what commands lack of other services; of all that these have by now, if `newest`."""
        wanted = {stream: kind for pending in unseen for stream, kind in pending.lacking.items()}
        try:
            assert self._elsewhere is not None, "a rule reads a stream of another service"
            states = await self._elsewhere.states(wanted, newest=newest)
            for pending in unseen:
                pending.foreign |= {stream: states[stream] for stream in pending.lacking}
        except Exception as error:  # noqa: BLE001 - whoever waits gets it, whatever it is
            for pending in unseen:
                pending.fail(Busy(AWAY) if is_lost(error) else error)
        finally:
            for pending in unseen:
                pending.lacking = {}
            self._wake.set()

    def _fail_waiting(self, streams: Iterable[str], error: Exception) -> None:
        """Fail the commands that wait for streams which cannot be read."""
        failed = set(streams)
        for pending in self._queue:
            if not pending.touched.isdisjoint(failed):
                pending.fail(error)

    async def _refresh(self, streams: Iterable[str]) -> bool:
        """Fold what was appended to cached streams since; return whether anything was."""
        tails = await self._store.tails({stream: self._states[stream].version for stream in streams})
        for stream, events in tails.items():
            aggregate = self._rules.aggregate(stream)
            for recorded in events:
                fault = aggregate.extend(self._states[stream], recorded)
                if fault is not None:
                    _log(recorded, fault)
        return any(tails.values())

    def _forget(self, streams: Iterable[str]) -> None:
        for stream in streams:
            self._states.pop(stream, None)

    def _evict(self) -> None:
        for _ in range(len(self._states) - CACHED_STREAMS):
            stream, state = self._states.popitem(last=False)
            if stream in self._held:
                self._states[stream] = state

    async def _append(self, group: Group) -> None:
        """Append what a group decided and answer its members, or put them back to be decided again."""
        try:
            if not await self._settle(group):
                self._contend(group)
                self._again(group)
        except DataRefused as error:
            self._singly(group, error)
        except asyncio.CancelledError:
            for pending in group.members:
                pending.fail(OutcomeUnknown(f"the service is stopping; {UNKNOWN}"))
            raise
        except Exception as error:  # noqa: BLE001 - whoever waits gets it, whatever it is
            self._forget(group.working)
            for pending in group.members:
                pending.fail(OutcomeUnknown(f"{AWAY}; {UNKNOWN}") if is_lost(error) else error)
        finally:
            self._keys_held -= group.keys
            self._release(group.working)

    async def _settle(self, group: Group) -> bool:
        """Return whether the group was answered; False when its states were stale."""
        try:
            unit = group.unit()
        except (TypeError, ValueError) as error:  # a fact that is no JSON
            raise DataRefused(str(error)) from error
        # Also of a group that records nothing: a refusal is an answer too, and the append proves the states and an open log.
        with batch_span(tracer, APPEND, (each.envelope.traceparent for each in group.members)):
            outcome = await self._store.append(unit)
        match outcome:
            case Appended():
                self._promote(group, outcome)
                await self._reply(group, outcome)
                return True
            case KeyKnown():
                await self._answer_known(group.members)
            case OtherTurn():
                await asyncio.sleep(OTHER_TURN_SECONDS)
            case Conflict():
                pass
        await self._refresh(group.working)
        return False

    def _promote(self, group: Group, outcome: Appended) -> None:
        """Fold the recorded facts, with their positions, into the confirmed states."""
        for position, stream, event in group.recorded(outcome):
            self._rules.aggregate(stream).apply(self._states[stream], event, position)
        for stream in group.working:
            self._states.move_to_end(stream)

    async def _reply(self, group: Group, outcome: Appended) -> None:
        for pending, answer in group.answers(self._store.service, outcome):
            pending.succeed(answer)
        await self._answer_known(pending for pending, _ in group.refused)
        for pending, refusal in group.refused:
            pending.fail(refusal)

    async def _answer_known(self, members: Iterable[Pending]) -> None:
        """Answer those commands whose key is stored."""
        keyed = {pending.key: pending for pending in members if pending.key is not None}
        if not keyed:
            return
        known = await self._store.keys(keyed)
        events = await self._store.at([position for answer in known.values() for position in answer.positions])
        by_position = {event.position: event for event in events}
        for key, answer in known.items():
            self._repeat(keyed[key], answer, [by_position[position] for position in answer.positions])

    def _repeat(self, pending: Pending, known: KeyAnswer, events: Sequence[Recorded]) -> None:
        """Give the first answer to a key again; KeyReused when it stands for another request."""
        key = pending.envelope.key
        if key is not None and known.hash != key.hash:
            pending.fail(_reused(key))
        else:
            pending.succeed(self._first(pending.command.stream, known, events))

    def _first(self, stream: str, known: KeyAnswer, events: Sequence[Recorded]) -> Answer:
        """Return the first answer to a key, to be given again. stream: the primary one; events: those that it recorded."""
        version = max((event.version for event in events if event.stream == stream), default=0)
        names = tuple(event.name for event in events)
        return Answer(names, event_name(self._store.service, known.token), stream, version, repeated=True)

    def _contend(self, group: Group) -> None:
        """Fail the members whose first conflict is too long ago."""
        now = asyncio.get_running_loop().time()
        for pending in group.members:
            if pending.contended_until is None:
                pending.contended_until = now + CONTENDED_SECONDS
            elif now > pending.contended_until:
                pending.fail(Busy(f"{pending.command.stream!r} is contended", stream=pending.command.stream))

    def _again(self, group: Group) -> None:
        """Put the unanswered members back, in their order, before everything that came later."""
        waiting = [pending for pending in group.members if not pending.answer.done()]
        self._queue.extendleft(sorted(waiting, key=_arrival, reverse=True))

    def _singly(self, group: Group, error: DataRefused) -> None:
        """The database refused the data of a group: decide its members one by one, so that only the bad one fails."""
        if len(group.members) == 1:
            group.members[0].fail(InvalidInput("the database cannot store this", reason=str(error)))
            return
        for pending in group.members:
            pending.alone = True
        self._again(group)


def _reused(key: Key) -> KeyReused:
    return KeyReused(f"the key {key.key!r} was used for another request", key=key.key)


def _log(recorded: Recorded, fault: Exception) -> None:
    """Say, once for as long as the state is kept, why nothing is decided on a stream. A fault of ours comes with its traceback."""
    of_data = isinstance(fault, ValidationError)
    message = "nothing is decided on %s, for %s cannot be read: %s"
    logger.error(message, recorded.stream, recorded.name, wrong_with(fault), exc_info=None if of_data else fault)


def _arrival(pending: Pending) -> int:
    return pending.number
