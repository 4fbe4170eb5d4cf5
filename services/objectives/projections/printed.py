"""The dated facts and amounts that documents print about objectives, until they are withdrawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from contracts.dates import ImpreciseDate
from contracts.objectives import AmountPrinted, FactPrinted, FactType, Reading
from contracts.types import Cents, Place, Section, Text
from regesta.database import Connection as Db
from regesta.event import FactWithdrawn, split_name
from regesta.periods import Change, Periods, as_of
from regesta.projection import Fact, Projection
from services.objectives.domain.command import LOG
from services.objectives.projections.row import Row, row_of

FACTS: Final = Periods("printed_facts", {"event": "bigint"}, {"objective": "text", "fact": "json"})
AMOUNTS: Final = Periods("printed_amounts", {"event": "bigint"}, {"objective": "text", "fact": "json"})

FACTS_PAGE = f"""
SELECT p.event, p.fact::text FROM printed_facts AS p
WHERE p.objective = $2 AND {as_of("p", "$1")} AND p.event > $3 ORDER BY p.event LIMIT $4
"""
AMOUNTS_PAGE = f"""
SELECT p.event, p.fact::text FROM printed_amounts AS p
WHERE p.objective = $2 AND {as_of("p", "$1")} AND p.event > $3 ORDER BY p.event LIMIT $4
"""


class PrintedFact(Row):
    """A dated statement that stands in a document. day: None when it cannot be read, then day_as_printed holds it."""

    type: FactType
    text: Text
    reading: Reading
    day: ImpreciseDate | None = None
    day_as_printed: str | None = None
    type_as_printed: str | None = None
    actor: str | None = None
    section: Section | None = None
    place: Place | None = None


class PrintedAmount(Row):
    """An amount that a document names in its text. amount_cents: None when it gives no figure."""

    text: Text
    amount_cents: Cents | None = None
    amount_as_printed: str | None = None
    section: Section | None = None
    place: Place | None = None


async def facts_page(db: Db, cut: int, objective: str, after: int, limit: int) -> list[tuple[int, PrintedFact]]:
    """Return the printed facts of an objective after a position, each with its own, in the order recorded."""
    rows = await db.fetch(FACTS_PAGE, cut, objective, after, limit)
    return [(position, row_of(PrintedFact, fact, position)) for position, fact in rows]


async def amounts_page(db: Db, cut: int, objective: str, after: int, limit: int) -> list[tuple[int, PrintedAmount]]:
    """Return the printed amounts of an objective after a position, each with its own, in the order recorded."""
    rows = await db.fetch(AMOUNTS_PAGE, cut, objective, after, limit)
    return [(position, row_of(PrintedAmount, fact, position)) for position, fact in rows]


async def project(db: Db, facts: Sequence[Fact]) -> None:
    """Fold a batch, in two statements whatever its size."""
    printed: list[Change] = []
    amounts: list[Change] = []
    for recorded, event in facts:
        position = recorded.position
        match event:
            case FactPrinted():
                printed.append(Change(position, (position,), (recorded.key, recorded.raw)))
            case AmountPrinted():
                amounts.append(Change(position, (position,), (recorded.key, recorded.raw)))
            case FactWithdrawn():
                # It names a step of whichever kind: there is a row under its position in one table at most.
                _, withdrawn = split_name(event.event)
                printed.append(Change(position, (withdrawn,), None))
                amounts.append(Change(position, (withdrawn,), None))
            case _:
                pass
    await FACTS.put(db, printed)
    await AMOUNTS.put(db, amounts)


PROJECTION: Final = Projection(
    "printed", LOG, 1, (FactPrinted, AmountPrinted, FactWithdrawn), (FACTS.table, AMOUNTS.table), project
)
