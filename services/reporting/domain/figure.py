"""Figures: values of a letter with the events behind them. Pure.

Sums are plain integers: what was recorded is shown, also where reported facts add up to what no decision would allow.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import chain
from typing import Final, Generic, Literal, Self, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict

from contracts.dates import ImpreciseDate
from contracts.types import ByReference, Empty, EventName, Known, Place, Stated

T = TypeVar("T")
State: TypeAlias = Literal["known", "none", "unknown", "pending", "not_applicable", "by_reference"]
Events: TypeAlias = tuple[EventName, ...]

# The days of a letter are few and come again and again.
DAYS_KEPT: Final = 4_096


class Part:
    """A part of a letter: a frozen dataclass, so that making one checks nothing again. Members that are null are left out of its JSON."""

    __slots__ = ()
    # For its schema, and for who reads a letter back.
    __pydantic_config__ = ConfigDict(extra="forbid")


class Answer(BaseModel):
    """What is served, with parts of letters in it."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure(Part, Generic[T]):
    """A value, or the kind of empty that stands in its place.

    value: only when known. where: only by reference. events: names of the facts that say so; none when nobody said anything.
    """

    state: State
    value: T | None = None
    where: str | None = None
    events: Events = ()

    @classmethod
    def known(cls, value: T, *events: EventName) -> Self:
        """Return a value that some facts state."""
        return cls(state="known", value=value, events=events)

    @classmethod
    def maybe(cls, value: T | None, *events: EventName) -> Self:
        """Return a value that some facts state, or unknown when they leave it out."""
        return cls(state="unknown", events=events) if value is None else cls.known(value, *events)

    @classmethod
    def of(cls, stated: Stated[T], *events: EventName) -> Self:
        """Return what a statement says."""
        match stated:
            case Known():
                return cls(state="known", value=stated.value, events=events)
            case Empty():
                return cls(state=stated.state, events=events)
            case ByReference():
                return cls(state="by_reference", where=stated.where, events=events)


@dataclass(frozen=True, slots=True, kw_only=True)
class When(Part):
    """A date as far as it is known, and in words. earliest, latest: the days it can mean; null when open or without a year."""

    edtf: str
    fr: str
    nl: str
    en: str
    earliest: date | None = None
    latest: date | None = None

    @staticmethod
    @lru_cache(DAYS_KEPT)
    def of(day: str) -> When:
        """Return the date of an EDTF text."""
        read = ImpreciseDate(day)
        words = {language: read.wording(language) for language in ("fr", "nl", "en")}
        return When(edtf=str(read), earliest=read.earliest, latest=read.latest, **words)

    @staticmethod
    def maybe(day: str | None) -> When | None:
        """Return the date of an EDTF text, if there is one."""
        return None if day is None else When.of(day)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said(Part):
    """What a fact of a letter always shows of its record: where it was read, who reported it, the rules it breaks."""

    events: Events
    place: Place | None = None
    origin: str | None = None
    breaches: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Total(Part):
    """A sum over budget lines. at_least: some have no amount or differing ones, so that it is more, nobody knows how much.

    cents: null when no line has an amount, for unknown is never zero. lines: how many are in it, each counted once;
    unknown: how many of these have no amount.
    """

    cents: int | None = None
    at_least: bool
    lines: int
    unknown: int
    events: Events = ()


def names(*groups: Iterable[EventName]) -> Events:
    """Return the names of several groups, each once, in the order they come."""
    return tuple(dict.fromkeys(chain.from_iterable(groups)))


def sum_of(figures: Iterable[Figure[int]]) -> Figure[int]:
    """Return the sum of those that are known, with the events of each; unknown when none is."""
    known = [(figure.value, figure.events) for figure in figures if figure.value is not None]
    if not known:
        return Figure(state="unknown")
    return Figure.known(sum(value for value, _ in known), *names(*(events for _, events in known)))
