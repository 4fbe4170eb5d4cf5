"""The commitments: one row of running totals per commitment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from asyncpg import Record
from pydantic import BaseModel

from contracts.commitments import (
    OUTSTANDING_YEARS,
    AmountCommitted,
    AmountDecommitted,
    ClaimReceived,
    ClaimRejected,
    CommitmentReversed,
    EvidenceChecked,
    PaymentLiquidated,
    PaymentReversed,
    RecoveryCollected,
    RecoveryEstablished,
    decommit_due,
)
from contracts.types import Origin
from regesta.database import Connection as Db
from regesta.event import Event
from regesta.periods import LAST, Change, Periods, Row, array_text, as_of
from regesta.projection import Fact, Projection
from regesta.view import View
from services.budget.domain.command import LOG
from services.budget.domain.errors import UnknownCommitment
from services.budget.projections.figure import NAMED, Figure, Newest, newest, position_of, stored

EVENTS: tuple[type[Event], ...] = (
    AmountCommitted,
    AmountDecommitted,
    CommitmentReversed,
    EvidenceChecked,
    ClaimReceived,
    ClaimRejected,
    PaymentLiquidated,
    PaymentReversed,
    RecoveryEstablished,
    RecoveryCollected,
)
COMMITMENTS = Periods(
    "commitments",
    key={"commitment": "text"},
    columns={
        "version": "integer",
        "line": "text",
        "year": "integer",
        "dossier": "text",
        "convention": "text",
        "opened": "jsonb",
        "decommitted_cents": "bigint",
        "liquidated_cents": "bigint",
        "liquidated_count": "integer",
        "reversed": "boolean",
        "checked": "jsonb",
        "opened_fact": "bigint",
        "decommitted_count": "integer",
        "decommitted_facts": "bigint[]",
    },
)
# The events behind what was liquidated are those of its payments as of the same cut: each began a row there.
SELECT = f"""
SELECT c.*, ARRAY(
    SELECT from_position FROM payments WHERE commitment = c.commitment AND from_position <= $1
    ORDER BY from_position DESC LIMIT {NAMED}
) AS liquidated_facts FROM commitments AS c WHERE {as_of("c", "$1")}
"""
READ_COMMITMENT = f"{SELECT} AND c.commitment = $2 {LAST}"
# $4: only those of which something is outstanding that is to be decommitted by the end of this year.
READ_COMMITMENTS = f"""
{SELECT} AND ($2::text IS NULL OR c.dossier = $2) AND ($3::text IS NULL OR c.convention = $3)
AND ($4::integer IS NULL OR c.year <= $4 - {OUTSTANDING_YEARS}
    AND (c.opened ->> 'amount_cents')::bigint > c.decommitted_cents + c.liquidated_cents)
AND c.commitment > $5 ORDER BY c.commitment LIMIT $6
"""

OF_DOSSIER = "SELECT DISTINCT commitment FROM commitments WHERE dossier = $1 ORDER BY commitment"


class Kept(NamedTuple):
    """A row, in the order of its columns. opened, checked: events as JSON text.

    decommitted_facts: positions of the newest of these. A count is of all facts behind a figure.
    """

    version: int
    line: str
    year: int
    dossier: str | None
    convention: str | None
    opened: str
    decommitted_cents: int
    liquidated_cents: int
    liquidated_count: int
    reversed: bool
    checked: str | None
    opened_fact: int
    decommitted_count: int
    decommitted_facts: Sequence[int]

    def values(self) -> Row:
        """Return it as the values of a change."""
        return (*self[:-1], array_text(self.decommitted_facts))


class CommitmentOut(BaseModel):
    """A commitment. committed: as made; outstanding: committed - decommitted - liquidated.

    decommit_due: the year at whose end what is outstanding is to be decommitted, six after its own; null when nothing is.
    breaches: rules that it broke when it was reported; evidence_breaches: by the latest check of its evidence. events: the
    newest 100 behind its figures.
    """

    commitment: str
    line: str
    year: int
    dossier: str | None
    convention: str | None
    visa: str | None
    committed: Figure
    decommitted: Figure
    liquidated: Figure
    outstanding: Figure
    decommit_due: int | None
    reversed: bool
    unchecked: bool
    origin: Origin | None
    breaches: tuple[str, ...]
    evidence_breaches: tuple[str, ...]
    events: Newest


async def project(db: Db, facts: Sequence[Fact]) -> None:
    """Add one batch of facts to the totals of their commitments. Any batching gives the same rows."""
    keys: list[Row] = [(recorded.key,) for recorded, _ in facts]
    rows = {key: Kept(*row) for key, row in (await COMMITMENTS.current(db, keys)).items()}  # type: ignore[arg-type]
    changes: list[Change] = []
    for (recorded, event), key in zip(facts, keys, strict=True):
        if isinstance(event, AmountCommitted):
            rows[key] = _opened(event, recorded.position)
        else:
            rows[key] = add(rows[key], event, recorded.position)
        rows[key] = rows[key]._replace(version=recorded.version)
        changes.append(Change(recorded.position, key, rows[key].values()))
    await COMMITMENTS.put(db, changes)


PROJECTION = Projection("commitments", LOG, 1, EVENTS, ("commitments",), project)


def add(row: Kept, event: Event, position: int) -> Kept:
    """Return the row of a commitment after one more fact."""
    match event:
        case AmountDecommitted() | CommitmentReversed():
            return row._replace(
                decommitted_cents=row.decommitted_cents + event.amount_cents,
                decommitted_facts=(*row.decommitted_facts, position)[-NAMED:],
                decommitted_count=row.decommitted_count + 1,
                reversed=row.reversed or isinstance(event, CommitmentReversed),
            )
        case PaymentLiquidated():
            return _paid(row, event.amount_cents)
        case PaymentReversed():
            return _paid(row, -event.amount_cents)
        case EvidenceChecked():
            return row._replace(checked=event.model_dump_json())
        case _:
            return row


def _paid(row: Kept, cents: int) -> Kept:
    return row._replace(liquidated_cents=row.liquidated_cents + cents, liquidated_count=row.liquidated_count + 1)


async def read_commitment(view: View, commitment: str) -> tuple[CommitmentOut, int]:
    """Return a commitment and its stream's version. Raises UnknownCommitment."""
    row = await view.db.fetchrow(READ_COMMITMENT, position_of(view), commitment)
    if row is None:
        raise UnknownCommitment(f"nothing was committed as {commitment!r}", commitment=commitment)
    return _commitment(row), row["version"]


async def of_dossier(db: Db, dossier: str) -> list[str]:
    """Return the commitments that were ever made on a dossier."""
    return [row["commitment"] for row in await db.fetch(OF_DOSSIER, dossier)]


async def read_commitments(
    view: View, of: tuple[str | None, str | None, int | None], after: str, limit: int
) -> tuple[CommitmentOut, ...]:
    """Return up to `limit` commitments after an id.

    of: only those of a dossier, of a convention, to be decommitted by the end of a year; None: of any.
    """
    rows = await view.db.fetch(READ_COMMITMENTS, position_of(view), *of, after, limit)
    return tuple(_commitment(row) for row in rows)


def _opened(event: AmountCommitted, position: int) -> Kept:
    return Kept(
        version=1,
        line=event.line,
        year=event.year,
        dossier=event.dossier,
        convention=event.convention,
        opened=event.model_dump_json(),
        decommitted_cents=0,
        liquidated_cents=0,
        liquidated_count=0,
        reversed=False,
        checked=None,
        opened_fact=position,
        decommitted_count=0,
        decommitted_facts=(),
    )


def _commitment(row: Record) -> CommitmentOut:
    opened = stored(AmountCommitted, row["opened"])
    checked = None if row["checked"] is None else stored(EvidenceChecked, row["checked"])
    decommitted, liquidated = row["decommitted_cents"], row["liquidated_cents"]
    counts = decommitted_count, liquidated_count = row["decommitted_count"], row["liquidated_count"]
    behind = [row["opened_fact"], *row["decommitted_facts"], *row["liquidated_facts"]]
    outstanding_cents = opened.amount_cents - decommitted - liquidated
    return CommitmentOut(
        commitment=row["commitment"],
        line=opened.line,
        year=opened.year,
        dossier=opened.dossier,
        convention=opened.convention,
        visa=opened.visa,
        committed=Figure.of(opened.amount_cents, [row["opened_fact"]]),
        decommitted=Figure.of(decommitted, row["decommitted_facts"], decommitted_count),
        liquidated=Figure.of(liquidated, row["liquidated_facts"], liquidated_count),
        outstanding=Figure.of(outstanding_cents, behind, 1 + sum(counts)),
        decommit_due=decommit_due(opened.year, outstanding_cents),
        reversed=row["reversed"],
        unchecked=opened.unchecked,
        origin=opened.origin,
        breaches=opened.breaches,
        evidence_breaches=() if checked is None else checked.breaches,
        events=newest(behind),
    )
