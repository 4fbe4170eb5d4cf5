"""Which conventions were signed and which amounts committed for each dossier, folded from budget: what the reaction to them goes by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from contracts.commitments import AmountCommitted, CommitmentReversed, ConventionSigned
from contracts.dossiers import MilestoneKind
from regesta.database import Connection as Db
from regesta.periods import Change, Periods, as_of
from regesta.projection import Fact, Projection
from services.objectives.projections.advances import SOURCE, day_of

OBLIGATIONS: Final = Periods(
    "obligations",
    {"stream": "text"},
    {"dossier": "text", "kind": "text", "event": "bigint", "made": "text", "undone": "boolean"},
)
READ = f"""
SELECT o.event, o.made, o.undone FROM obligations AS o
WHERE o.dossier = $2 AND o.kind = $3 AND {as_of("o", "$1")} ORDER BY o.event
"""
DOSSIER_OF = f"SELECT o.dossier FROM obligations AS o WHERE o.stream = $2 AND {as_of('o', '$1')}"


@dataclass(frozen=True, slots=True)
class Obligation:
    """A convention or a commitment for a dossier. position: in the log of budget; made: when, as EDTF; undone: taken back."""

    position: int
    made: str
    undone: bool


async def read(db: Db, cut: int, dossier: str, kind: MilestoneKind) -> list[Obligation]:
    """Return the obligations of a kind for a dossier as of a position of budget, the first one first."""
    return [Obligation(*row) for row in await db.fetch(READ, cut, dossier, kind)]


async def dossier_of(db: Db, cut: int, stream: str) -> str | None:
    """Return the dossier of a commitment; None when it is on none."""
    dossier: str | None = await db.fetchval(DOSSIER_OF, cut, stream)
    return dossier


async def project(db: Db, facts: Sequence[Fact]) -> None:
    """Fold a batch, in two statements whatever its size."""
    rows = await OBLIGATIONS.current(db, [(recorded.stream,) for recorded, _ in facts])
    changes: list[Change] = []
    for recorded, event in facts:
        key = (recorded.stream,)
        match event:
            case ConventionSigned():
                rows[key] = (event.dossier, "convention", recorded.position, day_of(recorded), False)
            case AmountCommitted(dossier=str()):
                rows[key] = (event.dossier, "commitment", recorded.position, day_of(recorded), False)
            case CommitmentReversed() if key in rows:
                rows[key] = (*rows[key][:4], True)
            case _:
                continue
        changes.append(Change(recorded.position, key, rows[key]))
    await OBLIGATIONS.put(db, changes)


PROJECTION: Final = Projection(
    "obligations", SOURCE, 1, (ConventionSigned, AmountCommitted, CommitmentReversed), (OBLIGATIONS.table,), project
)
