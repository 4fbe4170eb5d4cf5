"""Bands of an indicator: red, amber and green ranges that together hold every number exactly once. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Final, Literal, TypeAlias

from contracts.types import Flag, Number, Value

BandColour: TypeAlias = Literal["red", "amber", "green"]


class Band(Value):
    """A range of one colour. lower, upper: its edges, None for no edge on that side; *_inclusive: the edge is inside.

    A colour can have several bands (red below 5 and above 90).
    """

    colour: BandColour
    lower: Number | None = None
    lower_inclusive: Flag = False
    upper: Number | None = None
    upper_inclusive: Flag = False


class BandsError(ValueError):
    """Bands that do not hold every number exactly once."""


class NoBand(BandsError):
    """Some number is in no band. numbers: which, in words."""

    def __init__(self, numbers: str) -> None:
        super().__init__(f"no band holds {numbers}")
        self.numbers = numbers


class TwoBands(BandsError):
    """Some number is in two bands. numbers: which, in words."""

    def __init__(self, one: Band, other: Band, numbers: str) -> None:
        super().__init__(f"{one.colour} and {other.colour} both hold {numbers}")
        self.bands = (one, other)
        self.numbers = numbers


class EmptyBand(BandsError):
    """A band holds no number, or includes an edge that it does not have."""

    def __init__(self, band: Band, why: str) -> None:
        super().__init__(f"the {band.colour} band {why}")
        self.band = band


@dataclass(frozen=True, slots=True, order=True)
class Edge:
    """A place between numbers: just before `at`, or just after it."""

    at: Decimal
    after: bool


START: Final = Edge(Decimal("-Infinity"), after=False)
END: Final = Edge(Decimal("Infinity"), after=True)


def check_bands(bands: Sequence[Band]) -> None:
    """Return when the bands hold every number exactly once, in whatever order they are given.

    Raises EmptyBand, TwoBands with the numbers that two bands hold, or NoBand with those that none holds.
    """
    for band in bands:
        _check_one(band)
    ordered = sorted(bands, key=_start)
    for one, other in pairwise(ordered):
        if _start(other) < _end(one):
            both = _numbers(_start(other), min(_end(one), _end(other)))
            raise TwoBands(one, other, both)
    ends = [START, *map(_end, ordered)]
    starts = [*map(_start, ordered), END]
    for end, start in zip(ends, starts, strict=True):
        if end < start:
            raise NoBand(_numbers(end, start))


def band_of(value: Decimal, bands: Sequence[Band]) -> Band:
    """Return the band that holds a value. Raises NoBand when none does, which checked bands exclude."""
    for band in bands:
        if _start(band) <= Edge(value, after=False) and Edge(value, after=True) <= _end(band):
            return band
    raise NoBand(f"{value}")


def _check_one(band: Band) -> None:
    for edge, inclusive in ((band.lower, band.lower_inclusive), (band.upper, band.upper_inclusive)):
        if edge is None and inclusive:
            raise EmptyBand(band, "includes an edge that it does not have")
    if _end(band) <= _start(band):
        raise EmptyBand(band, f"from {band.lower} to {band.upper} holds no number")


def _start(band: Band) -> Edge:
    return START if band.lower is None else Edge(band.lower, after=not band.lower_inclusive)


def _end(band: Band) -> Edge:
    return END if band.upper is None else Edge(band.upper, after=band.upper_inclusive)


def _numbers(start: Edge, end: Edge) -> str:
    """Name the numbers between two cuts: "1", "numbers from 80 to below 90", "numbers above 100", "any number"."""
    if start.at == end.at:
        return f"{start.at:f}"
    low = "" if start == START else f"above {start.at:f}" if start.after else f"from {start.at:f}"
    high = "" if end == END else f"up to {end.at:f}" if end.after else f"below {end.at:f}"
    edges = " and ".join(edge for edge in (low, high) if edge)
    return f"numbers {edges}" if edges else "any number"
