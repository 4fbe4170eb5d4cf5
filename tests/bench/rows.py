"""A row of the benchmark: a figure, what it stands beside, and the bar."""

from __future__ import annotations

import statistics
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

REPEATS = 5


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. beside: what it is compared with, its value in the same unit. ratio: value / beside.

    bar: what the ratio should reach, None for information. spread: (max - min) / median of the repeats.
    """

    name: str
    value: float
    unit: str
    beside: str
    beside_value: float
    spread: float
    bar: float | None = None

    @property
    def ratio(self) -> float:
        """The figure in terms of its neighbour."""
        return self.value / self.beside_value

    @property
    def met(self) -> bool | None:
        """Whether the bar is reached: at least it for rates, at most it for times."""
        if self.bar is None:
            return None
        return self.ratio <= self.bar if self.unit in {"ms", "s"} else self.ratio >= self.bar


async def interleaved(*measures: Callable[[], Awaitable[float]]) -> list[tuple[float, float]]:
    """Run measures in turn, REPEATS times; return (median, spread) of each."""
    found: list[list[float]] = [[] for _ in measures]
    for _ in range(REPEATS):
        for values, measure in zip(found, measures, strict=True):
            values.append(await measure())
    return [(statistics.median(values), (max(values) - min(values)) / statistics.median(values)) for values in found]
