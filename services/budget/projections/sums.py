"""What is added up per line, year and dossier: obligations, payments, receipts and recoveries.

An entry is kept for each fact, and added to a block of BLOCK positions of its line and year. A sum as of any cut is that of
the whole blocks before it, and of the entries of the block in which it lies. Adding may come in any order, so a stream that
was parked is no exception.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from contracts.commitments import (
    AmountCommitted,
    AmountDecommitted,
    CommitmentReversed,
    PaymentLiquidated,
    PaymentReversed,
    ReceiptCollected,
    RecoveryCollected,
    RecoveryEstablished,
    RightEstablished,
)
from regesta.database import Connection as Db
from regesta.event import BRUSSELS, Event, Recorded
from regesta.projection import Fact, Projection
from services.budget.domain.command import LOG

BLOCK: Final = 32_768
EVENTS: Final[tuple[type[Event], ...]] = (
    AmountCommitted,
    AmountDecommitted,
    CommitmentReversed,
    PaymentLiquidated,
    PaymentReversed,
    RecoveryEstablished,
    RecoveryCollected,
    RightEstablished,
    ReceiptCollected,
)
ADD_OBLIGATIONS: Final = """
INSERT INTO obligations (commitment, line, dossier) SELECT * FROM unnest($1::text[], $2::text[], $3::text[])
"""
OBLIGATIONS: Final = "SELECT commitment, line, dossier FROM obligations WHERE commitment = ANY ($1::text[])"
ADD_ENTRIES: Final = """
INSERT INTO sum_entries (position, figure, line, year, dossier, cents)
SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::integer[], $5::text[], $6::bigint[])
"""
ADD_BLOCKS: Final = """
INSERT INTO sum_blocks AS kept (line, year, figure, of_dossier, block, cents)
SELECT * FROM unnest($1::text[], $2::integer[], $3::text[], $4::boolean[], $5::bigint[], $6::numeric[])
ON CONFLICT (line, year, figure, of_dossier, block) DO UPDATE SET cents = kept.cents + excluded.cents
"""


class Entry(NamedTuple):
    """An amount of a fact, in the order of ADD_ENTRIES. cents: signed."""

    position: int
    figure: str
    line: str
    year: int
    dossier: str | None
    cents: int


class Obligation(NamedTuple):
    """Of which line and dossier a commitment is."""

    line: str
    dossier: str | None


async def project(db: Db, facts: Sequence[Fact]) -> None:
    """Add one batch of facts. Any batching gives the same rows."""
    opened = {
        recorded.key: Obligation(event.line, event.dossier)
        for recorded, event in facts
        if isinstance(event, AmountCommitted)
    }
    rows = await db.fetch(OBLIGATIONS, list({recorded.key for recorded, _ in facts} - opened.keys()))
    known = opened | {row["commitment"]: Obligation(row["line"], row["dossier"]) for row in rows}
    entries = [entry for recorded, event in facts for entry in _entries(recorded, event, known)]
    blocks: Counter[tuple[str, int, str, bool, int]] = Counter()
    for each in entries:
        blocks[each.line, each.year, each.figure, each.dossier is not None, each.position // BLOCK] += each.cents
    if opened:
        await db.execute(ADD_OBLIGATIONS, list(opened), *map(list, zip(*opened.values(), strict=True)))
    await db.execute(ADD_ENTRIES, *map(list, zip(*entries, strict=True)))
    # In one order, so that two that fold at the same time cannot wait for each other.
    ordered = sorted((*key, cents) for key, cents in blocks.items())
    await db.execute(ADD_BLOCKS, *map(list, zip(*ordered, strict=True)))


PROJECTION: Final = Projection("sums", LOG, 1, EVENTS, ("sum_entries", "sum_blocks", "obligations"), project)


def _entries(recorded: Recorded, event: Event, known: Mapping[str, Obligation]) -> Iterator[Entry]:
    position = recorded.position
    match event:
        case RightEstablished() | ReceiptCollected():
            figure = "right" if isinstance(event, RightEstablished) else "cash"
            yield Entry(position, figure, event.line, event.year, None, event.amount_cents)
        case PaymentLiquidated() | PaymentReversed():
            cents = event.amount_cents if isinstance(event, PaymentLiquidated) else -event.amount_cents
            yield Entry(position, "liquidated", event.line, event.year, event.dossier, cents)
            yield Entry(position, "settled", known[recorded.key].line, event.year, known[recorded.key].dossier, cents)
        case AmountCommitted() | AmountDecommitted() | CommitmentReversed():
            figure = "committed" if isinstance(event, AmountCommitted) else "decommitted"
            yield Entry(position, figure, event.line, event.year, known[recorded.key].dossier, event.amount_cents)
        case RecoveryEstablished() | RecoveryCollected():
            figure = "recovery_due" if isinstance(event, RecoveryEstablished) else "recovered"
            line, dossier = known[recorded.key]
            yield Entry(position, figure, line, year_of(recorded, event), dossier, event.amount_cents)
        case _:
            pass


def year_of(recorded: Recorded, event: RecoveryEstablished | RecoveryCollected) -> int:
    """Return the year of a recovery: of its cash, else when it occurred, else when it was recorded, in Brussels."""
    if isinstance(event, RecoveryCollected) and event.collected_on is not None:
        return event.collected_on.year
    occurred = (recorded.occurred or "")[:4]
    return int(occurred) if occurred.isdigit() else recorded.time.astimezone(BRUSSELS).year
