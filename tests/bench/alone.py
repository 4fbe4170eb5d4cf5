"""What PostgreSQL takes of an append by itself: batches made beforehand, one after the other, and no caller who waits.

They say how far the store could come at most while it calls `log.append`, and how far with `COPY` in its place.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from functools import partial

import asyncpg

from regesta.identity import uuid7
from regesta.unit import Unit
from regesta.writer import APPEND, columns
from tests.bench.append import COLUMNS, PLAIN, Table, count_head, prepared, rows_of
from tests.bench.ground import Ground
from tests.bench.load import Clock, units
from tests.bench.rows import Figures, Row

# How many batches, by their units.
BATCHES = {1: 3_000, 64: 1_000}
# As a writer would ask whether it is still the one that may write; rows of its own it would need besides.
LEASE = "SELECT pg_advisory_xact_lock(1), clock_timestamp()"


async def rows(ground: Ground) -> AsyncIterator[Row]:
    """Yield what the database takes alone."""
    async with prepared(ground) as database:
        table = Table(ground, database, emptied=True)
        trials = await ground.trials(
            {
                "copy": table.copied,
                "plain": partial(table.inserted, 1),
                "call 1": partial(called, table, 1),
                "call 64": partial(called, table, 64),
                "call 64 keyed": partial(called, table, 64, keyed=True),
                "lease 64": partial(leased, table, 64),
            }
        )
    one, many, keyed = (trials.of(f"call {kind}", "rate") for kind in ("1", "64", "64 keyed"))
    copy = trials.of("copy", "rate")
    yield Row("log.append alone, 1 unit a call", one, "events/s", f"{PLAIN}, 1 caller", trials.of("plain", "rate"))
    yield Row("log.append alone, 64 units a call", many, "events/s", "one COPY", copy)
    yield Row("log.append alone, 64 units a call, each with a key", keyed, "units/s", "without keys", many)
    yield Row("COPY of 64 rows under a lease, alone", trials.of("lease 64", "rate"), "events/s", "one COPY", copy)


async def called(table: Table, size: int, *, keyed: bool = False) -> Figures:
    """Call log.append with so many units at once."""
    batches = _batches(table, size, keyed=keyed)
    await table.prepare()
    head, holder, clock = await count_head(table.database.admin_dsn), uuid7(), Clock()
    arguments = [columns(batch) for batch in batches]
    connection = await asyncpg.connect(table.database.dsn, server_settings={"enable_seqscan": "off"})
    try:
        with clock.running():
            for each in arguments:
                _, _, refused = await connection.fetchval(APPEND, head, holder, *each)
                assert refused is None
                head += size
    finally:
        await connection.close()
    return {"rate": len(batches) * size / clock.seconds}


async def leased(table: Table, size: int) -> Figures:
    """Copy so many rows at once, each time in a transaction that asks for a lease first."""
    batches = _batches(table, size)
    await table.prepare()
    head, clock = await count_head(table.database.admin_dsn), Clock()
    copied = [rows_of(batch, head + number * size) for number, batch in enumerate(batches)]
    connection = await asyncpg.connect(table.database.admin_dsn)
    try:
        with clock.running():
            for each in copied:
                async with connection.transaction():
                    await connection.fetchrow(LEASE)
                    await connection.copy_records_to_table("events", schema_name="log", records=each, columns=COLUMNS)
    finally:
        await connection.close()
    return {"rate": len(batches) * size / clock.seconds}


def _batches(table: Table, size: int, *, keyed: bool = False) -> list[Sequence[Unit]]:
    """Return batches as 1 or 64 callers make them, each with streams of its own."""
    callers = [units(keyed=keyed) for _ in range(size)]
    return [[next(caller) for caller in callers] for _ in range(table.ground.size(BATCHES[size], 5))]
