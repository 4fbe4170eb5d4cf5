"""The ledgers: running totals per line and year, and every fact behind them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple, TypeAlias

from pydantic import BaseModel, TypeAdapter

from contracts.budget import (
    CreditConsumed,
    CreditKind,
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
from regesta.periods import LAST, Change, Periods, Row, as_of
from regesta.projection import Fact, Projection
from regesta.view import View
from services.budget.domain.command import LOG
from services.budget.domain.ledger import Amount, stated_cents
from services.budget.projections.figure import NAMED, Figure, Newest, names, newest, position_of

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
CREDITS: Final[tuple[CreditKind, ...]] = ("commitment", "liquidation")
FIGURES: Final = ("stated", "transferred", "used")
# Of credits of one kind, in the order of Credit.
COLUMNS: Final = {
    "stated": "jsonb",
    "stated_count": "integer",
    "transferred_cents": "bigint",
    "transferred_count": "integer",
    "used_cents": "bigint",
    "used_count": "integer",
    "unchecked": "boolean",
}
TOTALS = Periods(
    "ledger_totals",
    key={"line": "text", "year": "integer"},
    columns={"version": "integer"} | {f"{credit}_{name}": kind for credit in CREDITS for name, kind in COLUMNS.items()},
)
ADD_ENTRIES = """
INSERT INTO ledger_entries (position, line, year, credit, figure, type, cents, other, reference, unchecked)
SELECT * FROM unnest(
    $1::bigint[], $2::text[], $3::integer[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::text[], $9::text[],
    $10::boolean[]
)
"""
READ_TOTALS = f"SELECT * FROM ledger_totals AS t WHERE {as_of('t', '$1')} AND line = $2 AND year = $3 {LAST}"
READ_NEWEST = """
SELECT credit, figure, ARRAY(
    SELECT position FROM ledger_entries AS e
    WHERE line = $2 AND year = $3 AND e.credit = kind.credit AND e.figure = kind.figure AND position <= $1
    ORDER BY position DESC LIMIT $6
) AS newest
FROM (SELECT credit, figure FROM unnest($4::text[]) AS credit CROSS JOIN unnest($5::text[]) AS figure) AS kind
"""
READ_ENTRIES = """
SELECT * FROM ledger_entries
WHERE line = $2 AND year = $3 AND position <= $1 AND position > $4 ORDER BY position LIMIT $5
"""

Voted: TypeAlias = CreditsVoted | CreditsAdjusted
Moved: TypeAlias = CreditsTransferredOut | CreditsTransferredIn
Used: TypeAlias = CreditReserved | CreditReleased | CreditConsumed | CreditReturned
STATED: TypeAdapter[Amount] = TypeAdapter(Stated[Cents])


class Credit(NamedTuple):
    """The credits of one kind. stated: the amount as JSON text, None when never stated. A count is of all facts behind it.

    unchecked: whether something was used while they were not stated.
    """

    stated: str | None = None
    stated_count: int = 0
    transferred_cents: int = 0
    transferred_count: int = 0
    used_cents: int = 0
    used_count: int = 0
    unchecked: bool = False


class Totals(NamedTuple):
    """A row: the version of the ledger, then the columns of both kinds."""

    version: int = 0
    commitment: Credit = Credit()
    liquidation: Credit = Credit()

    @classmethod
    def of(cls, row: Row) -> Totals:
        """Return the totals of a row."""
        version, *columns = row
        return cls(version, Credit(*columns[: len(COLUMNS)]), Credit(*columns[len(COLUMNS) :]))  # type: ignore[arg-type]

    def values(self) -> Row:
        """Return them as the values of a change."""
        return (self.version, *self.commitment, *self.liquidation)


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
    stated_events: Newest
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
    rows = {key: Totals.of(values) for key, values in standing.items()}
    changes: list[Change] = []
    for recorded, event in ledger_facts:
        key: Row = (event.line, event.year)
        rows[key] = add(rows.get(key, Totals()), event)._replace(version=recorded.version)
        changes.append(Change(recorded.position, key, rows[key].values()))
    await TOTALS.put(db, changes)
    entries = [_entry(recorded.position, event) for recorded, event in ledger_facts]
    await db.execute(ADD_ENTRIES, *map(list, zip(*entries, strict=True)))


PROJECTION = Projection("ledgers", LOG, 1, EVENTS, ("ledger_totals", "ledger_entries"), project)


def add(row: Totals, event: Voted | Moved | Used) -> Totals:
    """Return the totals after one more fact."""
    match event:
        case CreditReserved() | CreditReleased():
            return row._replace(commitment=_used(row.commitment, event))
        case CreditConsumed() | CreditReturned():
            return row._replace(liquidation=_used(row.liquidation, event))
        case _ if event.credit == "commitment":
            return row._replace(commitment=_given(row.commitment, event))
        case _:
            return row._replace(liquidation=_given(row.liquidation, event))


def _given(credit: Credit, event: Voted | Moved) -> Credit:
    if isinstance(event, CreditsVoted | CreditsAdjusted):
        stated = STATED.dump_json(event.amount_cents).decode()
        return credit._replace(stated=stated, stated_count=credit.stated_count + 1)
    cents = credit.transferred_cents + _moved_cents(event)
    return credit._replace(transferred_cents=cents, transferred_count=credit.transferred_count + 1)


def _used(credit: Credit, event: Used) -> Credit:
    return credit._replace(
        used_cents=credit.used_cents + event.signed_cents,
        used_count=credit.used_count + 1,
        unchecked=credit.unchecked or _unchecked(event),
    )


def _unchecked(event: Used) -> bool:
    return isinstance(event, CreditReserved | CreditConsumed) and event.unchecked


async def read_ledger(view: View, line: str, year: int) -> tuple[LedgerOut, int]:
    """Return the credits of a line in a year, and the version of the ledger; all unknown where nothing was recorded."""
    position = position_of(view)
    row = await view.db.fetchrow(READ_TOTALS, position, line, year)
    totals = Totals() if row is None else Totals.of(tuple(row[name] for name in TOTALS.columns))
    found = await view.db.fetch(READ_NEWEST, position, line, year, CREDITS, FIGURES, NAMED)
    behind = {(each["credit"], each["figure"]): each["newest"] for each in found}
    commitment, liquidation = (
        _credit(credit, [behind[kind, figure] for figure in FIGURES])
        for kind, credit in zip(CREDITS, totals[1:], strict=True)
    )
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


def _credit(credit: Credit, behind: Sequence[list[int]]) -> CreditOut:
    """Return credits as shown. behind: positions of the newest facts of each of FIGURES."""
    said, moved, used = behind
    stated = UNKNOWN if credit.stated is None else STATED.validate_json(credit.stated)
    before_cents = stated_cents(stated)
    amount_cents = None if before_cents is None else before_cents + credit.transferred_cents
    left_cents = None if amount_cents is None else amount_cents - credit.used_cents
    amount_count = credit.stated_count + credit.transferred_count
    return CreditOut(
        stated=stated,
        stated_events=newest(said),
        transferred=Figure.of(credit.transferred_cents, moved, credit.transferred_count),
        amount=Figure.of(amount_cents, said + moved, amount_count),
        used=Figure.of(credit.used_cents, used, credit.used_count),
        left=Figure.of(left_cents, said + moved + used, amount_count + credit.used_count),
        unchecked=credit.unchecked,
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
            cents, unchecked = event.signed_cents, _unchecked(event)
            return Entry(position, line, year, "commitment", "used", name, cents, event.commitment, None, unchecked)
        case CreditConsumed() | CreditReturned():
            cents, unchecked = event.signed_cents, _unchecked(event)
            payment = event.payment
            return Entry(position, line, year, "liquidation", "used", name, cents, event.commitment, payment, unchecked)


def _other_line(event: Moved) -> str:
    return event.from_line if isinstance(event, CreditsTransferredIn) else event.to_line
