"""Measures taken in turn, so that what changes on the machine meanwhile changes all of them."""

from __future__ import annotations

import gc
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeAlias

from regesta.main import GC_THRESHOLDS
from tests.bench.rows import Figures, Sample

Measure: TypeAlias = Callable[[], Awaitable[Figures]]


class Trials:
    """What some measures found. A measure that failed once is not taken again."""

    def __init__(self, measures: Mapping[str, Measure]) -> None:
        self._measures = measures
        self._found: dict[str, list[Figures]] = {name: [] for name in measures}
        self._failed: dict[str, Exception] = {}

    async def round(self) -> None:
        """Take each measure once."""
        for name, measure in self._measures.items():
            if name in self._failed:
                continue
            try:
                with settled():
                    self._found[name].append(await measure())
            except Exception as error:  # noqa: BLE001 - the others are still worth taking; the row says what happened
                self._failed[name] = error

    def of(self, measure: str, figure: str) -> Sample:
        """Return one figure of a measure over all rounds."""
        if measure in self._failed:
            return Sample.failed(self._failed[measure])
        return Sample(tuple(figures[figure] for figures in self._found[measure]))


@contextmanager
def settled() -> Iterator[None]:
    """Keep the garbage collector as a service keeps it (regesta.main)."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
