"""The payments on commitments, with what was taken back of each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from asyncpg import Record
from pydantic import BaseModel

from contracts.commitments import Part, PaymentLiquidated, PaymentReversed
from contracts.types import Origin
from regesta.database import Connection as Db
from regesta.periods import Change, Periods, Row, array_text, as_of
from regesta.projection import Fact, Projection
from regesta.view import View
from services.budget.domain.command import LOG
from services.budget.projections.figure import Figure, Names, names, position_of, stored

PAYMENTS = Periods(
    "payments",
    key={"commitment": "text", "payment": "text"},
    columns={"liquidated": "jsonb", "reversed_cents": "bigint", "facts": "bigint[]"},
)
READ = f"""
SELECT payment, liquidated, reversed_cents, facts FROM payments AS p
WHERE {as_of("p", "$1")} AND commitment = $2 ORDER BY facts[1]
"""


class Kept(NamedTuple):
    """A row, in the order of its columns. liquidated: the event as JSON text. facts: of the payment, then its reversals."""

    liquidated: str
    reversed_cents: int
    facts: Sequence[int]

    def values(self) -> Row:
        """Return it as the values of a change."""
        return (*self[:-1], array_text(self.facts))


class PaymentOut(BaseModel):
    """A payment. liquidated: as paid; reversed: taken back since."""

    payment: str
    part: Part
    line: str
    year: int
    liquidated: Figure
    reversed: Figure
    dossier: str | None
    convention: str | None
    claim: str | None
    visa: str | None
    paid_on: date | None
    unchecked: bool
    origin: Origin | None
    breaches: tuple[str, ...]
    events: Names


async def project(db: Db, facts: Sequence[Fact]) -> None:
    """Add one batch of payments and reversals. Any batching gives the same rows."""
    payments = [(rec, event) for rec, event in facts if isinstance(event, PaymentLiquidated | PaymentReversed)]
    keys: list[Row] = [(recorded.key, event.payment) for recorded, event in payments]
    rows = {key: Kept(*row) for key, row in (await PAYMENTS.current(db, keys)).items()}  # type: ignore[arg-type]
    changes: list[Change] = []
    for (recorded, event), key in zip(payments, keys, strict=True):
        if isinstance(event, PaymentLiquidated):
            rows[key] = Kept(event.model_dump_json(), 0, (recorded.position,))
        else:
            before = rows[key]
            rows[key] = before._replace(
                reversed_cents=before.reversed_cents + event.amount_cents, facts=(*before.facts, recorded.position)
            )
        changes.append(Change(recorded.position, key, rows[key].values()))
    await PAYMENTS.put(db, changes)


PROJECTION = Projection("payments", LOG, 1, (PaymentLiquidated, PaymentReversed), ("payments",), project)


async def read_payments(view: View, commitment: str) -> tuple[PaymentOut, ...]:
    """Return the payments on a commitment, in the order in which they were recorded."""
    return tuple(_payment(row) for row in await view.db.fetch(READ, position_of(view), commitment))


def _payment(row: Record) -> PaymentOut:
    event = stored(PaymentLiquidated, row["liquidated"])
    paid, *reversals = row["facts"]
    return PaymentOut(
        payment=event.payment,
        part=event.part,
        line=event.line,
        year=event.year,
        liquidated=Figure.of(event.amount_cents, [paid]),
        reversed=Figure.of(row["reversed_cents"], reversals),
        dossier=event.dossier,
        convention=event.convention,
        claim=event.claim,
        visa=event.visa,
        paid_on=event.paid_on,
        unchecked=event.unchecked,
        origin=event.origin,
        breaches=event.breaches,
        events=names(row["facts"]),
    )
