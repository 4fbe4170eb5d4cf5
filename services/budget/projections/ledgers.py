"""The ledgers: running totals per line and year, and every fact behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from pydantic import BaseModel, TypeAdapter

from contracts.budget import (
    CreditConsumed,
    CreditReleased,
    CreditReserved,
    CreditReturned,
    CreditsAdjusted,
    CreditsTransferredIn,
    CreditsTransferredOut,
    CreditsVoted,
)
from contracts.types import UNKNOWN, Cents, Stated
from regesta.database import Connection as Db
from regesta.event import Event
from regesta.periods import Change, Periods, Row, as_of
from regesta.projection import Fact, Projection
from regesta.view import View
from services.budget.domain.command import LOG
from services.budget.domain.ledger import Amount, stated_cents
from services.budget.projections.figure import NAMED, Figure, Names, names, position_of

EVENTS: tuple[type[Event], ...] = (
    CreditsVoted,
    CreditsAdjusted,
    CreditsTransferredOut,
    CreditsTransferredIn,
    CreditReserved,
    CreditReleased,
    CreditConsumed,
    CreditReturned,
)
TOTALS = Periods(
    "ledger_totals",
    key={"line": "text", "year": "integer"},
    columns={
        "version": "integer",
        "commitment_stated": "jsonb",
        "commitment_transferred_cents": "bigint",
        "committed_cents": "bigint",
        "liquidation_stated": "jsonb",
        "liquidation_transferred_cents": "bigint",
        "liquidated_cents": "bigint",
    },
)
ADD_ENTRIES = """
INSERT INTO ledger_entries (position, line, year, credit, figure, type, cents, other, reference, unchecked)
SELECT * FROM unnest(
    $1::bigint[], $2::text[], $3::integer[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::text[], $9::text[],
    $10::boolean[]
)
"""
READ_TOTALS = f"SELECT * FROM ledger_totals AS t WHERE {as_of('t', '$1')} AND line = $2 AND year = $3"
READ_EVENTS = """
SELECT credit, figure, count(*) AS count, bool_or(unchecked) AS unchecked,
       (array_agg(position ORDER BY position DESC))[:$4] AS newest
FROM ledger_entries WHERE line = $2 AND year = $3 AND position <= $1 GROUP BY credit, figure
"""
READ_ENTRIES = """
SELECT * FROM ledger_entries
WHERE line = $2 AND year = $3 AND position <= $1 AND position > $4 ORDER BY position LIMIT $5
"""

Voted: TypeAlias = CreditsVoted | CreditsAdjusted
Moved: TypeAlias = CreditsTransferredOut | CreditsTransferredIn
Used: TypeAlias = CreditReserved | CreditReleased | CreditConsumed | CreditReturned
STATED: TypeAdapter[Amount] = TypeAdapter(Stated[Cents])


class Totals(NamedTuple):
    """A row, in the order of its columns. The stated amounts are JSON text, None when never stated."""

    version: int = 0
    commitment_stated: str | None = None
    commitment_transferred_cents: int = 0
    committed_cents: int = 0
    liquidation_stated: str | None = None
    liquidation_transferred_cents: int = 0
    liquidated_cents: int = 0


@dataclass(frozen=True, slots=True)
class Behind:
    """The facts behind a figure. newest: positions of the last of them, at most NAMED of each kind. count: of all."""

    newest: tuple[int, ...] = ()
    count: int = 0

    def __or__(self, other: Behind) -> Behind:
        """Return the facts behind a figure that is made of two."""
        return Behind(self.newest + other.newest, self.count + other.count)


class Entry(NamedTuple):
    """A fact of a ledger. figure: stated | transferred | used. cents: signed; None when the amount is not known.

    other: the other line, or the commitment. reference: of the transfer, or of the payment.
    """

    position: int
    line: str
    year: int
    credit: str
    figure: str
    type: str
    cents: int | None
    other: str | None = None
    reference: str | None = None
    unchecked: bool = False


class CreditOut(BaseModel):
    """Credits of one kind. amount: after transfers; left: amount - used; both None when the credits were never stated.

    stated: as voted or last adjusted; stated_events: the newest that say so. unchecked: something was used while they were not stated.
    """

    stated: Stated[Cents]
    stated_events: Names
    transferred: Figure
    amount: Figure
    used: Figure
    left: Figure
    unchecked: bool


class LedgerOut(BaseModel):
    """The credits of a line in a year. commitment.used is what is committed, liquidation.used what is liquidated.

    entries: where all facts behind these figures are, page by page, as of the same cut when it is asked for.
    """

    line: str
    year: int
    commitment: CreditOut
    liquidation: CreditOut
    entries: str


class EntryOut(BaseModel):
    """A fact of a ledger. cents: signed; of a stated amount, the amount, None when it is empty."""

    event: str
    type: str
    credit: str
    cents: int | None
    other: str | None
    reference: str | None
    unchecked: bool


async def project(db: Db, facts: Sequence[Fact]) -> None:
    """Add one batch of ledger facts to the totals and the entries. Any batching gives the same rows."""
    ledger_facts = [(recorded, event) for recorded, event in facts if isinstance(event, Voted | Moved | Used)]
    standing = await TOTALS.current(db, [(event.line, event.year) for _, event in ledger_facts])
    rows: dict[Row, Totals] = {key: Totals(*values) for key, values in standing.items()}  # type: ignore[arg-type]
    changes: list[Change] = []
    for recorded, event in ledger_facts:
        key = (event.line, event.year)
        rows[key] = add(rows.get(key, Totals()), event)._replace(version=recorded.version)
        changes.append(Change(recorded.position, key, rows[key]))
    await TOTALS.put(db, changes)
    entries = [_entry(recorded.position, event) for recorded, event in ledger_facts]
    await db.execute(ADD_ENTRIES, *map(list, zip(*entries, strict=True)))


PROJECTION = Projection("ledgers", LOG, 1, EVENTS, ("ledger_totals", "ledger_entries"), project)


def add(row: Totals, event: Voted | Moved | Used) -> Totals:
    """Return the totals after one more fact."""
    match event:
        case CreditsVoted() | CreditsAdjusted():
            stated = STATED.dump_json(event.amount_cents).decode()
            if event.credit == "commitment":
                return row._replace(commitment_stated=stated)
            return row._replace(liquidation_stated=stated)
        case CreditsTransferredIn() | CreditsTransferredOut():
            cents = _moved_cents(event)
            if event.credit == "commitment":
                return row._replace(commitment_transferred_cents=row.commitment_transferred_cents + cents)
            return row._replace(liquidation_transferred_cents=row.liquidation_transferred_cents + cents)
        case CreditReserved() | CreditReleased():
            return row._replace(committed_cents=row.committed_cents + event.signed_cents)
        case CreditConsumed() | CreditReturned():
            return row._replace(liquidated_cents=row.liquidated_cents + event.signed_cents)


async def read_ledger(view: View, line: str, year: int) -> tuple[LedgerOut, int]:
    """Return the credits of a line in a year, and the version of the ledger; all unknown where nothing was recorded."""
    position = position_of(view)
    row = await view.db.fetchrow(READ_TOTALS, position, line, year)
    totals = Totals() if row is None else Totals(*(row[name] for name in Totals._fields))
    behind: dict[tuple[str, str], Behind] = {}
    unchecked: set[str] = set()
    for each in await view.db.fetch(READ_EVENTS, position, line, year, NAMED):
        behind[each["credit"], each["figure"]] = Behind(tuple(each["newest"]), each["count"])
        if each["unchecked"]:
            unchecked.add(each["credit"])
    commitment = _credit("commitment", totals[1:4], behind, unchecked=unchecked)
    liquidation = _credit("liquidation", totals[4:7], behind, unchecked=unchecked)
    entries = f"/budget/v1/lines/{line}/years/{year}/entries"
    ledger = LedgerOut(line=line, year=year, commitment=commitment, liquidation=liquidation, entries=entries)
    return ledger, totals.version


async def read_entries(view: View, ledger: tuple[str, int], after: int, limit: int) -> tuple[EntryOut, ...]:
    """Return up to `limit` facts of the ledger of a (line, year) after a position."""
    rows = await view.db.fetch(READ_ENTRIES, position_of(view), *ledger, after, limit)
    return tuple(
        EntryOut(
            event=names([row["position"]])[0],
            type=row["type"],
            credit=row["credit"],
            cents=row["cents"],
            other=row["other"],
            reference=row["reference"],
            unchecked=row["unchecked"],
        )
        for row in rows
    )


def _credit(
    credit: str,
    totals: tuple[str | None, int, int],
    behind: Mapping[tuple[str, str], Behind],
    *,
    unchecked: set[str],
) -> CreditOut:
    text, transferred_cents, used_cents = totals
    stated = UNKNOWN if text is None else STATED.validate_json(text)
    before_cents = stated_cents(stated)
    amount_cents = None if before_cents is None else before_cents + transferred_cents
    said, moved, used = (behind.get((credit, figure), Behind()) for figure in ("stated", "transferred", "used"))
    amounting = said | moved
    every = amounting | used
    left_cents = None if amount_cents is None else amount_cents - used_cents
    return CreditOut(
        stated=stated,
        stated_events=names(said.newest),
        transferred=Figure.of(transferred_cents, moved.newest, moved.count),
        amount=Figure.of(amount_cents, amounting.newest, amounting.count),
        used=Figure.of(used_cents, used.newest, used.count),
        left=Figure.of(left_cents, every.newest, every.count),
        unchecked=credit in unchecked,
    )


def _moved_cents(event: Moved) -> int:
    return event.amount_cents if isinstance(event, CreditsTransferredIn) else -event.amount_cents


def _entry(position: int, event: Voted | Moved | Used) -> Entry:
    line, year, name = event.line, event.year, event.name
    match event:
        case CreditsVoted() | CreditsAdjusted():
            return Entry(position, line, year, event.credit, "stated", name, stated_cents(event.amount_cents))
        case CreditsTransferredIn() | CreditsTransferredOut():
            cents, other = _moved_cents(event), _other_line(event)
            return Entry(position, line, year, event.credit, "transferred", name, cents, other, event.transfer)
        case CreditReserved() | CreditReleased():
            cents, unchecked = event.signed_cents, isinstance(event, CreditReserved) and event.unchecked
            return Entry(position, line, year, "commitment", "used", name, cents, event.commitment, None, unchecked)
        case CreditConsumed() | CreditReturned():
            cents, unchecked = event.signed_cents, isinstance(event, CreditConsumed) and event.unchecked
            payment = event.payment
            return Entry(position, line, year, "liquidation", "used", name, cents, event.commitment, payment, unchecked)


def _other_line(event: Moved) -> str:
    return event.from_line if isinstance(event, CreditsTransferredIn) else event.to_line
