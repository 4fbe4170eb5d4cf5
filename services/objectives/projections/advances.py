"""Which advances were paid for each dossier, folded from budget: what the reaction to payments goes by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from contracts.commitments import PaymentLiquidated, PaymentReversed
from regesta.database import Connection as Db
from regesta.event import BRUSSELS, Recorded
from regesta.periods import Change, Periods, as_of
from regesta.projection import Fact, Projection

SOURCE: Final = "budget"
ADVANCES: Final = Periods(
    "advances",
    {"commitment": "text", "payment": "text"},
    {"dossier": "text", "event": "bigint", "paid": "text", "amount_cents": "bigint", "reversed_cents": "bigint"},
)
READ = f"""
SELECT a.event, a.paid, a.reversed_cents >= a.amount_cents AS reversed FROM advances AS a
WHERE a.dossier = $2 AND {as_of("a", "$1")} ORDER BY a.event
"""
DOSSIER_OF = f"""
SELECT a.dossier FROM advances AS a WHERE a.commitment = $2 AND a.payment = $3 AND {as_of("a", "$1")}
"""


@dataclass(frozen=True, slots=True)
class Advance:
    """An advance paid for a dossier. position: in the log of budget; paid: when, as EDTF; reversed: as a whole."""

    position: int
    paid: str
    reversed: bool


async def read(db: Db, cut: int, dossier: str) -> list[Advance]:
    """Return the advances paid for a dossier as of a position of budget, the first one first."""
    return [Advance(*row) for row in await db.fetch(READ, cut, dossier)]


async def dossier_of(db: Db, cut: int, commitment: str, payment: str) -> str | None:
    """Return the dossier for which an advance was paid; None when the payment is no such advance."""
    dossier: str | None = await db.fetchval(DOSSIER_OF, cut, commitment, payment)
    return dossier


async def project(db: Db, facts: Sequence[Fact]) -> None:
    """Fold a batch, in two statements whatever its size."""
    rows = await ADVANCES.current(db, [_key(recorded, event.payment) for recorded, event in _payments(facts)])
    changes: list[Change] = []
    for recorded, event in _payments(facts):
        key = _key(recorded, event.payment)
        match event:
            case PaymentLiquidated(part="advance", dossier=str()):
                rows[key] = (event.dossier, recorded.position, paid(recorded, event), event.amount_cents, 0)
            case PaymentReversed() if key in rows:
                *paid_out, reversed_cents = rows[key]
                assert isinstance(reversed_cents, int)
                rows[key] = (*paid_out, reversed_cents + event.amount_cents)
            case _:
                continue
        changes.append(Change(recorded.position, key, rows[key]))
    await ADVANCES.put(db, changes)


def _payments(facts: Sequence[Fact]) -> list[tuple[Recorded, PaymentLiquidated | PaymentReversed]]:
    return [(recorded, event) for recorded, event in facts if isinstance(event, PaymentLiquidated | PaymentReversed)]


def _key(recorded: Recorded, payment: str) -> tuple[str, str]:
    return recorded.key, payment


def paid(recorded: Recorded, event: PaymentLiquidated) -> str:
    """Return when it was paid: the bank's day, else when it occurred, else the day it was recorded in Brussels."""
    return day_of(recorded) if event.paid_on is None else event.paid_on.isoformat()


def day_of(recorded: Recorded) -> str:
    """Return when a fact occurred, else the day it was recorded in Brussels."""
    return recorded.occurred or recorded.time.astimezone(BRUSSELS).date().isoformat()


PROJECTION: Final = Projection("advances", SOURCE, 1, (PaymentLiquidated, PaymentReversed), (ADVANCES.table,), project)
