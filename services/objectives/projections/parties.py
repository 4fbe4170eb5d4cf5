"""The parties that take part, without their names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from contracts.objectives import PartyErased, PartyKind, PartyRegistered
from contracts.types import PartyId
from regesta.database import Connection as Db
from regesta.periods import Change, Periods, as_of
from regesta.projection import Fact, Projection
from services.objectives.domain.command import LOG
from services.objectives.projections.row import Row, row_of

PARTIES: Final = Periods(
    "parties",
    {"party": "text"},
    {"version": "integer", "registered": "bigint", "fact": "json", "erased": "bigint"},
)
READ = f"""
SELECT p.version, p.registered, p.fact::text, p.erased FROM parties AS p
WHERE p.party = $2 AND {as_of("p", "$1")}
"""


class Party(Row):
    """A person or an organisation. erased: its name is forgotten."""

    party: PartyId
    version: int
    kind: PartyKind
    erased: bool


async def read(db: Db, cut: int, party: str) -> Party | None:
    """Return a party; None when it was not registered then."""
    row = await db.fetchrow(READ, cut, party)
    if row is None:
        return None
    version, registered, fact, erased = row
    positions = [registered] if erased is None else [erased, registered]
    return row_of(Party, fact, *positions, party=party, version=version, erased=erased is not None)


async def project(db: Db, facts: Sequence[Fact]) -> None:
    """Fold a batch, in two statements whatever its size."""
    rows = await PARTIES.current(db, [(recorded.key,) for recorded, _ in facts])
    changes: list[Change] = []
    for recorded, event in facts:
        key = (recorded.key,)
        if isinstance(event, PartyRegistered):
            rows[key] = (recorded.version, recorded.position, recorded.raw, None)
        else:
            rows[key] = (recorded.version, *rows[key][1:3], recorded.position)
        changes.append(Change(recorded.position, key, rows[key]))
    await PARTIES.put(db, changes)


PROJECTION: Final = Projection("parties", LOG, 1, (PartyRegistered, PartyErased), (PARTIES.table,), project)
