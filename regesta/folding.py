"""Folding: a batch of events into the tables of read models, with their checkpoints, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg
from opentelemetry import trace

from regesta.checkpoint import Move, Overtaken, move
from regesta.errors import RegestaError
from regesta.event import Recorded, types_of
from regesta.outage import is_lost
from regesta.parking import park, parked_among
from regesta.projection import Build, Fact
from regesta.signals import PROJECT
from regesta.telemetry import batch_span, positions
from regesta.unknown import unknown_among

# Data exceptions and violated constraints; all else of the database's errors passes, or is a fault that no retry mends.
OF_THE_FOLD = frozenset({"22", "23"})
# Of a problem that a later try may not have.
PASSING_STATUS = 500

tracer = trace.get_tracer("regesta.projection")


async def fold(pool: asyncpg.Pool, builds: Sequence[Build], after: int, batch: Sequence[Recorded]) -> dict[str, int]:
    """Fold a batch into builds that stand at `after`; return how many streams are then parked in each, by schema.

    A build that fails is folded by itself, then in halves, until the one event is found whose stream must be parked.
    Raises Overtaken, and errors of the database that are not the event's.
    """
    try:
        return await _fold_whole(pool, builds, after, batch)
    except Exception as error:
        if not is_poison(error):
            raise
        fault = error
    if len(builds) > 1:
        parked: dict[str, int] = {}
        for build in builds:
            parked |= await fold(pool, [build], after, batch)
        return parked
    if len(batch) > 1:
        middle = len(batch) // 2
        await fold(pool, builds, after, batch[:middle])
        return await fold(pool, builds, batch[middle - 1].position, batch[middle:])
    return {builds[0].schema: await park(pool, builds[0], after, batch[0], fault)}


def is_poison(error: Exception) -> bool:
    """Return whether an error came of the events that were folded, and will come again with them."""
    if (
        isinstance(error, Overtaken)
        or is_lost(error)
        or (isinstance(error, RegestaError) and error.status >= PASSING_STATUS)
    ):
        return False
    return not isinstance(error, asyncpg.PostgresError) or (error.sqlstate or "")[:2] in OF_THE_FOLD


async def _fold_whole(
    pool: asyncpg.Pool, builds: Sequence[Build], after: int, batch: Sequence[Recorded]
) -> dict[str, int]:
    types = types_of(event for build in builds for event in build.projection.events)
    with batch_span(tracer, PROJECT, (each.traceparent for each in batch if each.type in types)) as span:
        span.set_attributes(positions(batch))
        async with pool.acquire() as db, db.transaction():
            parked = await move(db, builds, Move(after, batch[-1].position, unknown_among(batch)))
            still = await parked_among(db, builds, (each.stream for each in batch)) if any(parked.values()) else set()
            known: dict[int, Fact | None] = {}
            for build in builds:
                free = (each for each in batch if (build.schema, each.stream) not in still) if still else batch
                await build.projection.fold(db, free, known)
    return parked
