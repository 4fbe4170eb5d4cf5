"""The hand-written consumer of a topic: it stores the rows of a replica, 5,000 at once, and the offset in the same transaction."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

import asyncpg
import orjson
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from tests.bench.replica import INSERT, STATEMENT_ROWS

FETCH_BYTES: Final = 4 * 1024 * 1024
META: Final = ("actor", "occurred", "cause", "correlation", "traceparent")
OFFSET = """
INSERT INTO bus.offsets AS known VALUES ('bench', $1, $2)
ON CONFLICT (source) DO UPDATE SET position = excluded.position, "offset" = excluded."offset"
"""


@asynccontextmanager
async def consumer(bootstrap: str, topic: str) -> AsyncIterator[AIOKafkaConsumer]:
    """Give a consumer that stands at the topic's begin."""
    reading = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="earliest",
        max_partition_fetch_bytes=FETCH_BYTES, max_poll_records=STATEMENT_ROWS,
    )  # fmt: skip
    await reading.start()
    reading.assign([TopicPartition(topic, 0)])
    try:
        yield reading
    finally:
        await reading.stop()


async def full(reading: AIOKafkaConsumer, left: int) -> list[ConsumerRecord]:
    """Return the records of one statement; fewer at the topic's end only."""
    records: list[ConsumerRecord] = []
    while len(records) < min(STATEMENT_ROWS, left):
        found = await reading.getmany(timeout_ms=1_000, max_records=min(STATEMENT_ROWS, left) - len(records))
        for some in found.values():
            records += some
    return records


async def store(writing: asyncpg.Connection, records: Sequence[ConsumerRecord]) -> None:
    """Store records as rows, and the offset behind them; the caller gives the transaction."""
    rows = [_row(record) for record in records]
    await writing.execute(INSERT, *map(list, zip(*rows, strict=True)))
    await note(writing, records)


async def note(writing: asyncpg.Connection, records: Sequence[ConsumerRecord]) -> None:
    """Store the offset behind records."""
    last = records[-1]
    await writing.execute(OFFSET, int(dict(last.headers)["ce_id"]), last.offset + 1)


def _row(record: ConsumerRecord) -> tuple[int, str, int, str, datetime, str, str]:
    assert record.key is not None
    assert record.value is not None
    said = {name: value.decode() for name, value in record.headers}
    meta = {name: said[f"ce_{name}"] for name in META if f"ce_{name}" in said}
    return (
        int(said["ce_id"]), record.key.decode(), int(said["ce_sequence"]), said["ce_type"],
        datetime.fromisoformat(said["ce_time"]), orjson.dumps(meta).decode(), record.value.decode(),
    )  # fmt: skip
