"""What beneficiaries ask for on commitments, and what they owe back."""

from __future__ import annotations

from collections.abc import Sequence

from asyncpg import Record
from pydantic import BaseModel

from contracts.commitments import ClaimReceived, ClaimRejected, RecoveryCollected, RecoveryEstablished
from contracts.dates import Period
from regesta.database import Connection as Db
from regesta.periods import Change, Periods, as_of
from regesta.projection import Fact, Projection
from regesta.view import View
from services.budget.domain.command import LOG
from services.budget.projections.figure import Figure, Names, names, position_of, stored

CLAIMS = Periods(
    "claims",
    key={"commitment": "text", "claim": "text"},
    columns={"received": "jsonb", "received_fact": "bigint", "rejected": "jsonb", "rejected_fact": "bigint"},
)
RECOVERIES = Periods(
    "recoveries",
    key={"commitment": "text", "recovery": "text"},
    columns={"established": "jsonb", "established_fact": "bigint"},
)
ADD_COLLECTIONS = """
INSERT INTO collections (position, commitment, recovery, cents)
SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[])
"""
READ_CLAIMS = f"""
SELECT received, received_fact, rejected, rejected_fact FROM claims AS c
WHERE {as_of("c", "$1")} AND commitment = $2 ORDER BY received_fact
"""
READ_RECOVERIES = f"""
SELECT established, established_fact, collected.* FROM recoveries AS r CROSS JOIN LATERAL (
    SELECT coalesce(sum(cents), 0)::bigint AS cents, coalesce(array_agg(position), '{{}}') AS positions
    FROM collections AS c
    WHERE (c.commitment, c.recovery) = (r.commitment, r.recovery) AND c.position <= $1
) AS collected WHERE {as_of("r", "$1")} AND commitment = $2 ORDER BY established_fact
"""


class ClaimOut(BaseModel):
    """A claim. rejected: why it will not be paid."""

    claim: str
    amount: Figure
    period: Period | None
    rejected: str | None
    events: Names


class RecoveryOut(BaseModel):
    """Money owed back: what is due, and what came in."""

    recovery: str
    payment: str | None
    amount: Figure
    collected: Figure
    reason: str | None
    events: Names


async def project_claims(db: Db, facts: Sequence[Fact]) -> None:
    """Add one batch of claims and rejections. Any batching gives the same rows."""
    claims = [(recorded, event) for recorded, event in facts if isinstance(event, ClaimReceived | ClaimRejected)]
    keys = [(recorded.key, event.claim) for recorded, event in claims]
    rows = await CLAIMS.current(db, keys)
    changes: list[Change] = []
    for (recorded, event), key in zip(claims, keys, strict=True):
        if isinstance(event, ClaimReceived):
            rows[key] = (event.model_dump_json(), recorded.position, None, None)
        else:
            rows[key] = (*rows[key][:2], event.model_dump_json(), recorded.position)
        changes.append(Change(recorded.position, key, rows[key]))
    await CLAIMS.put(db, changes)


async def project_recoveries(db: Db, facts: Sequence[Fact]) -> None:
    """Add one batch of recoveries and what came in of them."""
    changes: list[Change] = []
    collections: list[tuple[int, str, str, int]] = []
    for recorded, event in facts:
        commitment = recorded.key
        if isinstance(event, RecoveryEstablished):
            values = (event.model_dump_json(), recorded.position)
            changes.append(Change(recorded.position, (commitment, event.recovery), values))
        elif isinstance(event, RecoveryCollected):
            collections.append((recorded.position, commitment, event.recovery, event.amount_cents))
    await RECOVERIES.put(db, changes)
    if collections:
        await db.execute(ADD_COLLECTIONS, *map(list, zip(*collections, strict=True)))


PROJECTIONS = (
    Projection("claims", LOG, 1, (ClaimReceived, ClaimRejected), ("claims",), project_claims),
    Projection(
        "recoveries",
        LOG,
        1,
        (RecoveryEstablished, RecoveryCollected),
        ("recoveries", "collections"),
        project_recoveries,
    ),
)


async def read_claims(view: View, commitment: str) -> tuple[ClaimOut, ...]:
    """Return the claims on a commitment, in the order in which they were recorded."""
    return tuple(_claim(row) for row in await view.db.fetch(READ_CLAIMS, position_of(view), commitment))


async def read_recoveries(view: View, commitment: str) -> tuple[RecoveryOut, ...]:
    """Return the recoveries on a commitment, in the order in which they were recorded."""
    return tuple(_recovery(row) for row in await view.db.fetch(READ_RECOVERIES, position_of(view), commitment))


def _claim(row: Record) -> ClaimOut:
    received = stored(ClaimReceived, row["received"])
    rejected = None if row["rejected"] is None else stored(ClaimRejected, row["rejected"])
    facts = [row["received_fact"]] if rejected is None else [row["received_fact"], row["rejected_fact"]]
    return ClaimOut(
        claim=received.claim,
        amount=Figure.of(received.amount_cents, [row["received_fact"]]),
        period=received.period,
        rejected=None if rejected is None else rejected.reason,
        events=names(facts),
    )


def _recovery(row: Record) -> RecoveryOut:
    established = stored(RecoveryEstablished, row["established"])
    return RecoveryOut(
        recovery=established.recovery,
        payment=established.payment,
        amount=Figure.of(established.amount_cents, [row["established_fact"]]),
        collected=Figure.of(row["cents"], row["positions"]),
        reason=established.reason,
        events=names([row["established_fact"], *row["positions"]]),
    )
