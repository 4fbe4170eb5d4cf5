"""Events: the base class of every fact, the envelope it is recorded in, and the registry that reads it back. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, ClassVar, Final, Generic, NamedTuple, Self, TypeAlias, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, TypeAdapter

# Its days are the days of facts, of reports and of cuts.
BRUSSELS: Final = ZoneInfo("Europe/Brussels")
LOG_NAME = r"[a-z][a-z0-9-]{0,30}"
EVENT_NAME = re.compile(rf"^({LOG_NAME}):([1-9][0-9]{{0,18}})$")
VERSION = re.compile(r"\.v([1-9][0-9]*)$")
# Where an event keeps it: as functools.cached_property does, beside the fields that pydantic reads, writes and compares.
OCCURRED: Final = "_occurred"
ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class DayRefused(ValueError):
    """Not a day as YYYY-MM-DD; pydantic alone would also take seconds since 1970, and the midnight of a day."""

    code = "impossible-date"


def _iso_day(value: object) -> object:
    plain = ISO_DAY.fullmatch(value) is not None if isinstance(value, str) else type(value) is date
    if not plain:
        raise DayRefused(f"{value!r} is no day, such as '2026-06-30'")
    return value


# A day as text, of an event or a query.
IsoDay: TypeAlias = Annotated[date, BeforeValidator(_iso_day)]
LogName: TypeAlias = Annotated[str, StringConstraints(pattern=f"^{LOG_NAME}$")]
# The last position known of each log: one exact state of knowledge.
Cut: TypeAlias = dict[LogName, Annotated[int, Field(strict=True, ge=0)]]

Old = TypeVar("Old", bound="Event")


@dataclass(frozen=True, slots=True)
class Upcast(Generic[Old]):
    """How facts of an older class are read as the class that replaces it.

    old: what was recorded; it stays in the contract, with its schema and its samples, only nobody records it any more.
    change: pure, and good for ever: the same fact gives the same event of the newer class.
    """

    old: type[Old]
    change: Callable[[Old], Event]


# A class may replace several; each upcast is typed where it is written.
AnyUpcast: TypeAlias = Upcast[Any]


class Event(BaseModel):
    """A fact in the past tense. Recorded events keep fields that a later release may know.

    name: type on the wire, kebab-case with its version ("payment-liquidated.v1"); a file format, never renamed.
    withdrawable: a step that stands alone, so that FactWithdrawn may end it (architecture, section 6).
    replaces: older versions whose facts are read as this one; each of them may replace still older ones.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    name: ClassVar[str]
    withdrawable: ClassVar[bool] = False
    replaces: ClassVar[tuple[AnyUpcast, ...]] = ()

    @property
    def occurred(self) -> str | None:
        """When it happened in the world (EDTF), None when that is not said: of its envelope, no part of data and equality."""
        occurred: str | None = self.__dict__.get(OCCURRED)
        return occurred

    def dated(self, occurred: str | None) -> Self:
        """Return it as what happened then."""
        if occurred == self.occurred:
            return self
        twin = self.model_copy()
        twin.__dict__[OCCURRED] = occurred
        return twin


class FactWithdrawn(Event):
    """A step recorded in this stream was wrong and no longer counts.

    event: the name of the withdrawn event ("objectives:12"). reason: in the words of who withdrew it.
    """

    name = "fact-withdrawn.v1"
    event: str
    reason: str


class DayStarted(Event):
    """A day began in Brussels: running clocks are folds over these, and a date cut is complete once all logs passed it."""

    name = "day-started.v1"
    date: IsoDay


class Recorded(NamedTuple):
    """One event as it stands in a log or a replica. A tuple, for millions are made of them: a frozen dataclass takes three times as long.

    position: 1, 2, 3 ... in the log of `source`. version: 1 ... in its stream. time: when it was recorded (UTC).
    raw: the fields as recorded, JSON text. log: the log's own id. occurred: EDTF, when it happened in the world.
    """

    source: str
    position: int
    stream: str
    version: int
    time: datetime
    type: str
    raw: str
    log: str
    registry: Registry
    actor: str
    occurred: str | None = None
    cause: str | None = None
    correlation: str | None = None
    traceparent: str | None = None

    @property
    def name(self) -> str:
        """The one name of this event everywhere, e.g. "budget:1234"."""
        return f"{self.source}:{self.position}"

    @property
    def key(self) -> str:
        """The stream's name without its prefix."""
        return key_of(self.stream)

    @property
    def event(self) -> Event | None:
        """The fact itself, as its newest class, read at each call; None for a type this release does not know.

        Raises pydantic.ValidationError when the data is not what the contract of its type says, and what an upcast raises.
        """
        event = self.registry.read(self.type, self.raw)
        return event if event is None or self.occurred is None else event.dated(self.occurred)


def event_name(source: str, position: int) -> str:
    """Return the name of the event at this position of this log."""
    return f"{source}:{position}"


def key_of(stream: str) -> str:
    """Return a stream's name without its prefix: "0193…" of "commitment/0193…"."""
    return stream.partition("/")[2]


def split_name(name: str) -> tuple[str, int]:
    """Return (source, position) of an event's name. Raises ValueError when it is none."""
    found = EVENT_NAME.fullmatch(name)
    if found is None:
        raise ValueError(f"{name!r} is not the name of an event, such as 'budget:1234'")
    return found[1], int(found[2])


def unversioned(kind: str) -> str:
    """Return a type without its version: "payment-liquidated" of "payment-liquidated.v1"."""
    return VERSION.sub("", kind)


def with_older(event: type[Event]) -> Iterator[type[Event]]:
    """Yield a class and all that it replaces, the newest first."""
    yield event
    for upcast in event.replaces:
        yield from with_older(upcast.old)


def types_of(events: Iterable[type[Event]]) -> frozenset[str]:
    """Return the types on the wire that are read as one of these classes: their own, and those of what they replace."""
    return frozenset(each.name for event in events for each in with_older(event))


class Registry:
    """Event classes by their name on the wire, and how facts of replaced classes are read as the newest one."""

    def __init__(self, *groups: Iterable[type[Event]]) -> None:
        self._classes: dict[str, type[Event]] = {}
        # A class's own model_validate_json does the same, and takes half as long again.
        self._readers: dict[str, Callable[..., Event]] = {}
        self._upcasts: dict[str, tuple[AnyUpcast, type[Event]]] = {}
        for group in ((FactWithdrawn, DayStarted), *groups):
            for event in group:
                self._add(event)

    def _add(self, event: type[Event]) -> None:
        """Add a class and all that it replaces. Raises ValueError for what would not be one meaning for ever."""
        if self._classes.setdefault(event.name, event) is not event:
            raise ValueError(f"two event classes are named {event.name!r}")
        self._readers[event.name] = TypeAdapter(event).validator.validate_json
        for upcast in event.replaces:
            _require_older(upcast.old, event)
            _, newer = self._upcasts.setdefault(upcast.old.name, (upcast, event))
            if newer is not event:
                raise ValueError(f"{newer.name!r} and {event.name!r} both replace {upcast.old.name!r}")
            self._add(upcast.old)

    def __contains__(self, name: str) -> bool:
        return name in self._classes

    def replaced(self, event: Event) -> bool:
        """Return whether a newer class takes the place of this event's, so that it is read and never recorded."""
        return event.name in self._upcasts

    def read(self, name: str, data: str) -> Event | None:
        """Return the event of JSON text, as its newest class, or None for a type this release does not know.

        Raises pydantic.ValidationError when the data is not what the contract of this type says, and what an upcast raises.
        """
        reader = self._readers.get(name)
        if reader is None:
            return None
        # At every depth: values inside an event refuse unknown members only when they are input.
        event = reader(data, extra="allow")
        while event.name in self._upcasts:
            upcast, newer = self._upcasts[event.name]
            event = upcast.change(event)
            if type(event) is not newer:
                raise TypeError(f"the upcast of {upcast.old.name!r} gives {event!r}, which is no {newer.name!r}")
        return event


def _require_older(old: type[Event], newer: type[Event]) -> None:
    """Raise ValueError unless facts of a class can be read as another for ever."""
    versions = [VERSION.search(each.name) for each in (old, newer)]
    numbers = [int(found[1]) for found in versions if found is not None]
    if unversioned(old.name) != unversioned(newer.name) or sorted({*numbers}) != numbers:
        raise ValueError(f"{old.name!r} is no older version of {newer.name!r}")
    if old.withdrawable and not newer.withdrawable:
        raise ValueError(f"{old.name!r} may be withdrawn and {newer.name!r} may not: recorded withdrawals need it")
