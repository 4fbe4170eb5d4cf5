"""The running totals of the ledgers: one row for each entry, with what all entries of its type and credit come to by then.

A total as of a cut is the last row before it. Entries are answered by opposite ones and never withdrawn, so no row ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from asyncpg import Record

from contracts.budget import CreditConsumed, CreditReserved, CreditsTransferredIn, CreditsTransferredOut
from regesta.database import Connection as Db
from regesta.event import Recorded, event_name
from regesta.projection import Fact, Projection
from services.reporting.domain.knowledge import LedgerSum
from services.reporting.domain.standing import ENTRIES, Entry

# Of an entry that speaks of one kind of credits by its type.
NO_CREDIT: Final = ""

ADD: Final = """
WITH entry AS (
    SELECT stream, type, credit, recorded_at, position,
           (sum(cents) OVER run)::bigint AS cents, bool_or(unchecked) OVER run AS unchecked
    FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::bigint[], $6::boolean[], $7::bigint[])
        AS fact (stream, type, credit, recorded_at, cents, unchecked, position)
    WINDOW run AS (PARTITION BY stream, type, credit ORDER BY position)
)
INSERT INTO ledger_totals (stream, type, credit, recorded_at, total_cents, unchecked, from_position)
SELECT entry.stream, entry.type, entry.credit, entry.recorded_at,
       coalesce(last.total_cents, 0) + entry.cents, coalesce(last.unchecked, false) OR entry.unchecked, entry.position
FROM entry LEFT JOIN LATERAL (
    SELECT total_cents, unchecked FROM ledger_totals AS kept
    WHERE (kept.stream, kept.type, kept.credit) = (entry.stream, entry.type, entry.credit)
    ORDER BY from_position DESC LIMIT 1
) AS last ON true
"""
# $1: streams; $2: the cut. The names are in the primary key; the totals are read of the last row alone.
TOTALS: Final = """
SELECT behind.stream, behind.type, behind.credit, last.total_cents, last.unchecked, behind.positions
FROM (
    SELECT stream, type, credit, array_agg(from_position ORDER BY from_position) AS positions, max(from_position) AS newest
    FROM ledger_totals WHERE stream = ANY ($1::text[]) AND from_position <= $2 GROUP BY stream, type, credit
) AS behind
JOIN ledger_totals AS last ON (last.stream, last.type, last.credit, last.from_position)
    = (behind.stream, behind.type, behind.credit, behind.newest)
ORDER BY behind.stream, behind.type, behind.credit
"""


class EntryRow(NamedTuple):
    """An entry, in the order of ADD's parameters."""

    stream: str
    type: str
    credit: str
    recorded_at: datetime
    cents: int
    unchecked: bool
    position: int


async def project(db: Db, batch: Sequence[Fact]) -> None:
    """Add a batch to the totals, in one statement whatever its size."""
    rows = [_row(recorded, event) for recorded, event in batch if isinstance(event, Entry)]
    if rows:
        await db.execute(ADD, *map(list, zip(*rows, strict=True)))


PROJECTION: Final = Projection("ledgers", "budget", 1, ENTRIES, ("ledger_totals",), project)


def sums_of(rows: Iterable[Record]) -> dict[str, list[LedgerSum]]:
    """Return what TOTALS answered, by stream."""
    found: dict[str, list[LedgerSum]] = {}
    for stream, kind, credit, cents, unchecked, positions in rows:
        events = tuple(event_name("budget", position) for position in positions)
        found.setdefault(stream, []).append(LedgerSum(kind, credit or None, cents, unchecked, events))
    return found


def _row(recorded: Recorded, event: Entry) -> EntryRow:
    credit = event.credit if isinstance(event, CreditsTransferredOut | CreditsTransferredIn) else NO_CREDIT
    unchecked = isinstance(event, CreditReserved | CreditConsumed) and event.unchecked
    return EntryRow(
        recorded.stream, recorded.type, credit, recorded.time, event.amount_cents, unchecked, recorded.position
    )
