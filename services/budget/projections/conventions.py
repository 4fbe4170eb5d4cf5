"""The conventions: their terms, and what was committed and paid under them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from asyncpg import Record
from pydantic import BaseModel

from contracts.commitments import (
    ConventionAmended,
    ConventionCommitted,
    ConventionDrawn,
    ConventionReleased,
    ConventionReturned,
    ConventionSigned,
    ConventionTerminated,
    Tranche,
)
from contracts.types import Origin
from regesta.database import Connection as Db
from regesta.event import Event
from regesta.periods import LAST, Change, Periods, Row, array_text, as_of
from regesta.projection import Fact, Projection
from regesta.view import View
from services.budget.domain.command import LOG
from services.budget.domain.convention import terms_of
from services.budget.domain.errors import UnknownConvention
from services.budget.projections.figure import NAMED, Figure, Newest, newest, position_of, stored

EVENTS: tuple[type[Event], ...] = (
    ConventionSigned,
    ConventionAmended,
    ConventionTerminated,
    ConventionCommitted,
    ConventionReleased,
    ConventionDrawn,
    ConventionReturned,
)
CONVENTIONS = Periods(
    "conventions",
    key={"convention": "text"},
    columns={
        "version": "integer",
        "dossier": "text",
        "signed": "jsonb",
        "amended": "jsonb",
        "terminated": "jsonb",
        "committed_cents": "bigint",
        "committed_count": "integer",
        "drawn_cents": "bigint",
        "drawn_count": "integer",
        "advanced_cents": "bigint",
        "advanced_count": "integer",
        "facts_count": "integer",
        "facts": "bigint[]",
    },
)
# figure: what an entry changes, 'committed' or the part of a payment.
ADD_ENTRIES = """
INSERT INTO convention_entries (position, convention, figure) SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[])
"""
ENTRIES = "SELECT position FROM convention_entries WHERE convention = c.convention AND position <= $1 AND figure"
NEWEST = f"ORDER BY position DESC LIMIT {NAMED}"
SELECT = f"""
SELECT c.*, ARRAY({ENTRIES} = 'committed' {NEWEST}) AS committed, ARRAY({ENTRIES} <> 'committed' {NEWEST}) AS drawn,
       ARRAY({ENTRIES} = 'advance' {NEWEST}) AS advanced
FROM conventions AS c WHERE {as_of("c", "$1")}
"""
READ_CONVENTION = f"{SELECT} AND c.convention = $2 {LAST}"
READ_CONVENTIONS = f"""
{SELECT} AND ($2::text IS NULL OR c.dossier = $2) AND c.convention > $3 ORDER BY c.convention LIMIT $4
"""


class Kept(NamedTuple):
    """A row, in the order of its columns. signed, amended, terminated: events as JSON text.

    facts: positions of the newest of the terms. A count is of all facts behind what stands before it, or of all terms.
    """

    version: int
    dossier: str
    signed: str
    amended: str | None = None
    terminated: str | None = None
    committed_cents: int = 0
    committed_count: int = 0
    drawn_cents: int = 0
    drawn_count: int = 0
    advanced_cents: int = 0
    advanced_count: int = 0
    facts_count: int = 0
    facts: Sequence[int] = ()

    def values(self) -> Row:
        """Return it as the values of a change."""
        return (*self[:-1], array_text(self.facts))

    def termed(self, position: int) -> Kept:
        """Return it with the position of one more fact of its terms."""
        return self._replace(facts=(*self.facts, position)[-NAMED:], facts_count=self.facts_count + 1)


class ConventionOut(BaseModel):
    """A convention.

    amount, advance_ppm, tranches, ends_on, reference: as last amended. committed: by the commitments that name it, less what
    was decommitted. drawn: paid under it, net. advance: the most that may be paid in advance, None when not said. terminated:
    why. breaches: rules that a reported signature or amendment broke. events: the newest 100 that say its terms.
    """

    convention: str
    dossier: str
    parties: tuple[str, ...]
    amount: Figure
    advance_ppm: int | None
    advance: Figure
    tranches: tuple[Tranche, ...]
    ends_on: str | None
    reference: str | None
    terminated: str | None
    committed: Figure
    drawn: Figure
    advanced: Figure
    origin: Origin | None
    breaches: tuple[str, ...]
    events: Newest


async def project(db: Db, facts: Sequence[Fact]) -> None:
    """Add one batch of facts of conventions. Any batching gives the same rows."""
    keys: list[Row] = [(recorded.key,) for recorded, _ in facts]
    rows = {key: Kept(*row) for key, row in (await CONVENTIONS.current(db, keys)).items()}  # type: ignore[arg-type]
    changes: list[Change] = []
    entries: list[tuple[int, str, str]] = []
    for (recorded, event), key in zip(facts, keys, strict=True):
        if isinstance(event, ConventionSigned):
            signed = Kept(recorded.version, event.dossier, event.model_dump_json())
            rows[key] = signed.termed(recorded.position)
        else:
            rows[key] = add(rows[key], event, recorded.position)._replace(version=recorded.version)
        if (figure := _figure(event)) is not None:
            entries.append((recorded.position, str(key[0]), figure))
        changes.append(Change(recorded.position, key, rows[key].values()))
    await CONVENTIONS.put(db, changes)
    if entries:
        await db.execute(ADD_ENTRIES, *map(list, zip(*entries, strict=True)))


PROJECTION = Projection("conventions", LOG, 1, EVENTS, ("conventions", "convention_entries"), project)


def add(row: Kept, event: Event, position: int) -> Kept:
    """Return the row of a convention after one more fact."""
    match event:
        case ConventionAmended():
            return row._replace(amended=event.model_dump_json()).termed(position)
        case ConventionTerminated():
            return row._replace(terminated=event.model_dump_json()).termed(position)
        case ConventionCommitted() | ConventionReleased():
            cents = event.amount_cents if isinstance(event, ConventionCommitted) else -event.amount_cents
            return row._replace(committed_cents=row.committed_cents + cents, committed_count=row.committed_count + 1)
        case ConventionDrawn():
            return _drawn(row, event, event.amount_cents)
        case ConventionReturned():
            return _drawn(row, event, -event.amount_cents)
        case _:
            return row


async def read_convention(view: View, convention: str) -> tuple[ConventionOut, int]:
    """Return a convention and its stream's version. Raises UnknownConvention."""
    row = await view.db.fetchrow(READ_CONVENTION, position_of(view), convention)
    if row is None:
        raise UnknownConvention(f"no convention {convention!r} is signed", convention=convention)
    return _convention(row), row["version"]


async def read_conventions(view: View, dossier: str | None, after: str, limit: int) -> tuple[ConventionOut, ...]:
    """Return up to `limit` conventions after an id: of a dossier, or all."""
    rows = await view.db.fetch(READ_CONVENTIONS, position_of(view), dossier, after, limit)
    return tuple(_convention(row) for row in rows)


def _figure(event: Event) -> str | None:
    """Return which figure an event changes; None for one of the terms."""
    match event:
        case ConventionCommitted() | ConventionReleased():
            return "committed"
        case ConventionDrawn() | ConventionReturned():
            return event.part
        case _:
            return None


def _drawn(row: Kept, event: ConventionDrawn | ConventionReturned, cents: int) -> Kept:
    row = row._replace(drawn_cents=row.drawn_cents + cents, drawn_count=row.drawn_count + 1)
    if event.part != "advance":
        return row
    return row._replace(advanced_cents=row.advanced_cents + cents, advanced_count=row.advanced_count + 1)


def _convention(row: Record) -> ConventionOut:
    signed = stored(ConventionSigned, row["signed"])
    amended = None if row["amended"] is None else stored(ConventionAmended, row["amended"])
    ended = None if row["terminated"] is None else stored(ConventionTerminated, row["terminated"])
    agreed = amended or signed
    advance_cents = terms_of(agreed).advance_cents
    return ConventionOut(
        convention=row["convention"],
        dossier=signed.dossier,
        parties=signed.parties,
        amount=Figure.of(agreed.amount_cents, row["facts"], row["facts_count"]),
        advance_ppm=agreed.advance_ppm,
        advance=Figure.of(advance_cents, row["facts"], row["facts_count"]),
        tranches=agreed.tranches,
        ends_on=agreed.ends_on,
        reference=agreed.reference,
        terminated=None if ended is None else ended.reason,
        committed=Figure.of(row["committed_cents"], row["committed"], row["committed_count"]),
        drawn=Figure.of(row["drawn_cents"], row["drawn"], row["drawn_count"]),
        advanced=Figure.of(row["advanced_cents"], row["advanced"], row["advanced_count"]),
        origin=signed.origin,
        breaches=tuple(dict.fromkeys((*signed.breaches, *(amended.breaches if amended else ())))),
        events=newest(row["facts"]),
    )
