"""Commands, states and facts: what a domain's `decide` and `evolve` are written with. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import cache
from typing import Any, ClassVar, Generic, Protocol, Self, TypeAlias, TypeVar, get_args, get_type_hints

from pydantic import BaseModel, ConfigDict
from pydantic_core import to_jsonable_python

from regesta.errors import Detail, Differs, MayNotReport, NotWithdrawable, Refused, WithdrawalDiffers
from regesta.event import Event, FactWithdrawn, Recorded, event_name, key_of, split_name
from regesta.faults import wrong_with

REPORTERS = frozenset({"connector", "administrator"})
# How a fact came here is no part of what it says.
NOT_CONTENT = frozenset({"origin", "breaches", "unchecked", "inputs", "judged_on"})

Facts: TypeAlias = dict[str, list[Event]]


def nothing() -> Facts:
    """Return no facts: the command is already recorded."""
    return {}


@dataclass(frozen=True, slots=True)
class Reference:
    """A stream of another service that must exist before a command that names it is decided."""

    source: str
    stream: str


class Origin(Protocol):
    """What names the system of record that reported a fact."""

    @property
    def system(self) -> str:
        """The system."""
        ...


@dataclass(frozen=True, slots=True)
class Context:
    """Who commands and when, as data. roles and units are those of the token; `at` is aware UTC."""

    actor: str
    roles: frozenset[str]
    units: frozenset[str]
    at: datetime

    def may_act_for(self, unit: str) -> bool:
        """Return whether this token speaks for an administrative unit ("*": for all)."""
        return unit in self.units or self.may_act_for_all

    @property
    def may_act_for_all(self) -> bool:
        """Whether this token speaks for every administrative unit."""
        return "*" in self.units or "administrator" in self.roles

    @property
    def may_report(self) -> bool:
        """Whether this token may say what another system did, which is recorded even when it breaks a rule."""
        return not self.roles.isdisjoint(REPORTERS)

    def require_reporter(self, origin: Origin | None) -> None:
        """Raise MayNotReport when another system did something and this token may not say so. origin: None when none did."""
        if origin is not None and not self.may_report:
            system = origin.system
            raise MayNotReport(f"reporting a fact of {system!r} needs the role of a connector", system=system)


class Command(BaseModel):
    """What someone asks for, in the imperative. Unknown fields are refused.

    name: its name in bulk lines. scope: what a token needs. roles: who may beside the scope; empty: anyone who has it.
    occurred: EDTF, when it happened in the world; goes to the envelope of every fact it records.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: ClassVar[str]
    scope: ClassVar[str]
    roles: ClassVar[frozenset[str]] = frozenset()

    occurred: str | None = None

    @property
    def stream(self) -> str:
        """The primary stream: If-Match and ETag speak of its version."""
        raise NotImplementedError

    def references(self) -> tuple[Reference, ...]:
        """Return the streams of other services that must exist."""
        return ()


@dataclass(frozen=True, slots=True)
class Unread:
    """The first fact of a stream that is not in its state. fault: what is wrong with it; None when a later release knows it."""

    source: str
    position: int
    fault: str | None

    @property
    def name(self) -> str:
        """The name of the event."""
        return event_name(self.source, self.position)


@dataclass(slots=True)
class State:
    """What a fold of one stream knows.

    source: of a stream of another service, its log, which is read in the replica here and never written; seen: up to where that was read.

    version: of the last event folded; 0 for a stream nobody wrote. steps: the withdrawable facts that stand, by position;
    gone: how the others were withdrawn, by theirs. unread: the first fact that could not be folded, with which it all ends but the
    version; nothing is decided on what is folded without it. All are kept by the kernel.
    """

    prefix: ClassVar[str]
    source: ClassVar[str | None] = None

    stream: str
    version: int = 0
    seen: int = 0
    steps: dict[int, Event] = field(default_factory=dict)
    gone: dict[int, FactWithdrawn] = field(default_factory=dict)
    unread: Unread | None = None

    @property
    def key(self) -> str:
        """The stream's name without its prefix."""
        return key_of(self.stream)

    @classmethod
    def name_of(cls, key: str) -> str:
        """Return the stream's name for a key."""
        return f"{cls.prefix}/{key}"

    def copy(self) -> Self:
        """Return a copy to decide on: containers are copied one level deep, so what they hold must be immutable."""
        twin = object.__new__(type(self))
        for each in fields(self):
            value = getattr(self, each.name)
            setattr(twin, each.name, value.copy() if isinstance(value, dict | list | set) else value)
        return twin


S = TypeVar("S", bound=State)
E = TypeVar("E", bound=Event)
C = TypeVar("C", bound=Command)


class Reportable(Protocol):
    """An event that is decided here, or with an `origin` was reported by another system and may break rules."""

    @property
    def origin(self) -> Origin | None:
        """The system that reported it."""
        ...

    @property
    def breaches(self) -> tuple[str, ...]:
        """The names of the rules that it breaks."""
        ...

    def model_copy(self, *, update: Mapping[str, Any] | None = None) -> Self:
        """Return it with other members, as pydantic does."""
        ...


R = TypeVar("R", bound=Reportable)


class Read(Protocol):
    """Gives the folded state of a stream; a stream nobody wrote is the empty state of its kind."""

    def __call__(self, kind: type[S], key: str) -> S:
        """Return the state of the stream `kind.prefix/key`."""
        ...


@dataclass(frozen=True, slots=True)
class Aggregate(Generic[S]):
    """How the streams of one prefix are folded.

    evolve: applies one recorded fact, never refuses; it is typed with the union of the events that these streams hold.
    undo: takes back the effect of a withdrawn step; typed with the union of the steps.
    """

    state: type[S]
    evolve: Callable[[S, Any], None]
    undo: Callable[[S, Any], None] | None = None

    @property
    def events(self) -> frozenset[type[Event]]:
        """The classes of the facts that these streams hold: those that `evolve` is typed with, and withdrawals of steps."""
        _, folded, *_ = get_type_hints(self.evolve).values()
        kinds: tuple[type[Event], ...] = get_args(folded) or (folded,)
        return frozenset(kinds) | ({FactWithdrawn} if any(each.withdrawable for each in kinds) else set())

    def extend(self, state: S, recorded: Recorded) -> Exception | None:
        """Fold a recorded fact, unless it or one before it cannot be; return what its data or a fault of ours raises.

        Half of such a fact may be in the state, which nobody may decide on any more.
        """
        fault: Exception | None = None
        if state.unread is None:
            try:
                event = recorded.event
                if event is None:
                    state.unread = Unread(recorded.source, recorded.position, None)
                else:
                    self.apply(state, event, recorded.position)
            except Exception as error:  # noqa: BLE001 - whatever a contract, an upcast or a fold raises
                state.unread = Unread(recorded.source, recorded.position, wrong_with(error))
                fault = error
        state.version = recorded.version
        return fault

    def apply(self, state: S, event: Event, position: int | None) -> None:
        """Fold one event. position: None while it is decided but not yet recorded."""
        state.version += 1
        if isinstance(event, FactWithdrawn):
            _, gone = split_name(event.event)
            state.gone[gone] = event
            step = state.steps.pop(gone, None)
            if step is not None and self.undo is not None:
                self.undo(state, step)
        else:
            self.evolve(state, event)
            if event.withdrawable and position is not None:
                state.steps[position] = event


@dataclass(frozen=True, slots=True)
class Rule(Generic[C]):
    """Which pure function decides a command: (command, read, context) -> facts by stream."""

    command: type[C]
    decide: Callable[[C, Read, Context], Facts]


# A service lists folds and rules of many kinds; each is typed where it is written.
AnyAggregate: TypeAlias = Aggregate[Any]
AnyRule: TypeAlias = Rule[Any]


def plain(value: object) -> Detail:
    """Return a value as JSON has it, for a problem: without the members that it has not."""
    shown: Detail = to_jsonable_python(value, exclude_none=True)
    return shown


def fact(kind: type[E], command: Command, **more: object) -> E:
    """Return the event that has the command's fields of the same names, and `more`, and occurred when the command says.

    Raises TypeError for a member that the event has not, which would be recorded for ever without a meaning.
    """
    members, shared = _members(kind, type(command))
    if not more.keys() <= members:
        raise TypeError(f"{kind.__name__} has no {sorted(more.keys() - members)}")
    event = kind.model_validate({name: getattr(command, name) for name in shared} | more)
    return event.dated(command.occurred)


@cache
def _members(kind: type[Event], command: type[Command]) -> tuple[frozenset[str], tuple[str, ...]]:
    """Return the members of an event, and those that the command has too."""
    members = frozenset(kind.model_fields)
    return members, tuple(name for name in kind.model_fields if name in command.model_fields)


def judge(asked: R, context: Context, broken: Iterable[Refused]) -> R:
    """Return a fact as it is recorded: one that another system reported, with the names of the rules that it breaks.

    broken: these rules, as the refusals that a decision meets. Raises the first of them when the fact is decided here, and
    MayNotReport when it is not and this token is no connector.
    """
    context.require_reporter(asked.origin)
    if asked.origin is None:
        for refusal in broken:
            raise refusal
        return asked
    return asked.model_copy(
        update={"breaches": tuple(dict.fromkeys(rule for refusal in broken for rule in refusal.rules))}
    )


def recorded(kept: Event | None, asked: Event, error: type[Differs]) -> bool:
    """Return whether a fact stands under its reference already. Raises `error` when it stands there with other content."""
    if kept is None:
        return False
    for name, stands, wanted in _differences(kept, asked):
        was, now = plain(stands), plain(wanted)
        raise error(f"{name} is recorded as {was!r}, not {now!r}", field=name, recorded=was, given=now)
    return True


def repeats(kept: Event | None, asked: Event) -> bool:
    """Return whether a statement, of which the latest counts, says what was stated last."""
    return kept is not None and not any(_differences(kept, asked))


def _differences(kept: Event, asked: Event) -> Iterator[tuple[str, object, object]]:
    """Yield (member, as recorded, as asked) of what a fact would say otherwise.

    One that does not say when it occurred says nothing else about that.
    """
    for name in type(asked).model_fields:
        if name not in NOT_CONTENT and getattr(kept, name) != getattr(asked, name):
            yield name, getattr(kept, name), getattr(asked, name)
    if asked.occurred not in {None, kept.occurred}:
        yield "occurred", kept.occurred, asked.occurred


def fold(aggregate: Aggregate[S], stream: str, events: Iterable[tuple[int, Event]]) -> S:
    """Return the state of a stream after these (position, event) pairs."""
    state = aggregate.state(stream)
    for position, event in events:
        aggregate.apply(state, event, position)
    return state


def withdraw(state: State, service: str, command: Command) -> Facts:
    """Return the withdrawal of one step of this stream; nothing when it is withdrawn already.

    command: has the event's name and the reason. Raises NotWithdrawable when the event is not a step of this stream,
    WithdrawalDiffers when it was withdrawn for another reason.
    """
    asked = fact(FactWithdrawn, command)
    source, position = split_name(asked.event)
    if source == service and recorded(state.gone.get(position), asked, WithdrawalDiffers):
        return nothing()
    if source != service or position not in state.steps:
        raise NotWithdrawable(f"{asked.event!r} is not a step of {state.stream!r} that stands", event=asked.event)
    return {state.stream: [asked]}
