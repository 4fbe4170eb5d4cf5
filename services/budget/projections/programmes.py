"""Which dossiers belong to which programmes, from the log of objectives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from contracts.dossiers import DossierLinked, DossierOpened, DossierUnlinked
from regesta.database import Connection as Db
from regesta.periods import Change, Periods, as_of
from regesta.projection import Fact, Projection
from regesta.view import View
from services.budget.domain.sums import Service, Services

SOURCE: Final = "objectives"
LINKS: Final = Periods(
    "programme_dossiers", key={"dossier": "text", "programme": "text"}, columns={"linked_fact": "bigint"}
)
READ: Final = f"SELECT programme, dossier FROM programme_dossiers AS p WHERE {as_of('p', '$1')}"


async def project(db: Db, facts: Sequence[Fact]) -> None:
    """Add one batch of links, and end those that were undone. Any batching gives the same rows."""
    changes: list[Change] = []
    for recorded, event in facts:
        position, dossier = recorded.position, recorded.key
        match event:
            case DossierOpened():
                changes += [Change(position, (dossier, each), (position,)) for each in event.programmes]
            case DossierLinked(programme=str(programme)):
                changes.append(Change(position, (dossier, programme), (position,)))
            case DossierUnlinked(programme=str(programme)):
                changes.append(Change(position, (dossier, programme), None))
            case _:
                pass
    await LINKS.put(db, changes)


PROJECTION: Final = Projection(
    "programmes", SOURCE, 1, (DossierOpened, DossierLinked, DossierUnlinked), ("programme_dossiers",), project
)


async def read_programmes(view: View) -> Services:
    """Return the dossiers that belong to each programme; those of several are shared between them."""
    programmes: dict[str, dict[str, Service]] = {}
    for row in await view.db.fetch(READ, view.cut[SOURCE]):
        programmes.setdefault(row["programme"], {})[row["dossier"]] = Service()
    return programmes
