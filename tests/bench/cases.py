"""All cases of the benchmark, in the order in which they run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import TypeAlias

from tests.bench import (
    alone,
    append,
    catching_up,
    disk,
    evidence,
    hot,
    letter,
    memory,
    put,
    refilling,
    relaying,
    replica,
    taking_in,
    waiting,
)
from tests.bench.ground import Ground
from tests.bench.rows import Row

Rows: TypeAlias = Callable[[Ground], AsyncIterator[Row]]


@dataclass(frozen=True, slots=True)
class Case:
    """Rows that are taken together. name: what `--only` chooses by, from its beginning."""

    name: str
    rows: Rows


CASES = (
    Case("append-empty", append.on_empty),
    Case("append-alone", alone.rows),
    Case("append-processes", append.in_two_processes),
    Case("append-large", append.on_large),
    Case("hot", hot.rows),
    Case("evidence", evidence.rows),
    Case("catch-up", catching_up.rows),
    Case("replica", replica.rows),
    Case("kafka-relay", relaying.rows),
    Case("kafka-replica", taking_in.rows),
    Case("kafka-catch-up", refilling.rows),
    Case("put", put.rows),
    Case("put-to-letter", waiting.rows),
    Case("kafka-put-to-letter", waiting.over_kafka),
    Case("letter", letter.rows),
    Case("disk", disk.rows),
    Case("memory", memory.rows),
)
