"""A row of the benchmark: a figure, what it stands beside, and the bar."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

# What one run of a measure found, by name: {"rate": 28000.0, "p99 ms": 1.2}.
Figures: TypeAlias = Mapping[str, float]


class NotInstalled(Exception):
    """A rival is not there to be measured."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One figure over all repeats. values: in the order taken. error: why there are none; missing: it is not installed."""

    values: tuple[float, ...] = ()
    error: str | None = None
    missing: bool = False

    @classmethod
    def failed(cls, error: Exception) -> Sample:
        """Return what stands in place of figures that could not be taken."""
        return cls(error=f"{type(error).__name__}: {error}", missing=isinstance(error, NotInstalled))

    @property
    def median(self) -> float | None:
        """The middle of the repeats."""
        return statistics.median(self.values) if self.values else None

    @property
    def spread(self) -> float | None:
        """(largest - smallest) / median of the repeats."""
        median = self.median
        return (max(self.values) - min(self.values)) / median if median else None


NOTHING = Sample()


@dataclass(frozen=True, slots=True)
class Bar:
    """What a row should reach: at least or at most `limit`, by its ratio or by its value itself."""

    limit: float
    of: Literal["ratio", "value"]
    at: Literal["least", "most"]

    def met_by(self, figure: float) -> bool:
        """Return whether a figure reaches it."""
        return figure >= self.limit if self.at == "least" else figure <= self.limit

    def __str__(self) -> str:
        return f"{'≥' if self.at == 'least' else '≤'} {self.limit:g}"


def at_least(limit: float, of: Literal["ratio", "value"] = "ratio") -> Bar:
    """Return a bar from below."""
    return Bar(limit, of, "least")


def at_most(limit: float, of: Literal["ratio", "value"] = "ratio") -> Bar:
    """Return a bar from above."""
    return Bar(limit, of, "most")


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. beside: what it is compared with, in the same unit. bar: None for information.

    starting_rows: events in the log when its first repeat began, for rows on a log.
    """

    name: str
    value: Sample
    unit: str
    beside: str = ""
    beside_value: Sample = NOTHING
    bar: Bar | None = None
    starting_rows: int | None = None

    @property
    def error(self) -> str | None:
        """Why there is no figure, or nothing to compare it with."""
        if self.beside_value.error is not None:
            return f"{self.beside}: {self.beside_value.error}"
        return self.value.error

    @property
    def failed(self) -> bool:
        """Whether something went wrong; that a rival is not installed is said, but is no fault."""
        return any(sample.error is not None and not sample.missing for sample in (self.value, self.beside_value))

    @property
    def ratio(self) -> float | None:
        """The figure in terms of its neighbour."""
        value, beside = self.value.median, self.beside_value.median
        return value / beside if value is not None and beside else None

    @property
    def met(self) -> bool | None:
        """Whether the bar is reached; None where there is no bar or no figure."""
        figure = self.ratio if self.bar is None or self.bar.of == "ratio" else self.value.median
        return None if self.bar is None or figure is None else self.bar.met_by(figure)

    def record(self) -> dict[str, object]:
        """Return it as var/bench.json has it."""
        return {
            "name": self.name,
            "value": self.value.median,
            "unit": self.unit,
            "beside": self.beside or None,
            "beside_value": self.beside_value.median,
            "ratio": self.ratio,
            "bar": None if self.bar is None else self.bar.limit,
            "bar_is": None if self.bar is None else f"at {self.bar.at} {self.bar.limit:g}, {self.bar.of}",
            "met": self.met,
            "median": self.value.median,
            "spread": self.value.spread,
            "repeats": list(self.value.values),
            "beside_spread": self.beside_value.spread,
            "beside_repeats": list(self.beside_value.values),
            "starting_rows": self.starting_rows,
            "error": self.error,
        }
