"""Dossiers: what they serve, where they stand, and their steps until these are withdrawn."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final, Literal, TypeAlias, get_args

from pydantic import JsonValue

from contracts import decisions, dossiers
from contracts.dates import ImpreciseDate
from contracts.dossiers import (
    DossierCompleted,
    DossierKind,
    DossierLinked,
    DossierMerged,
    DossierOpened,
    DossierResumed,
    DossierStopped,
    DossierSuspended,
    DossierUnlinked,
    MilestoneCancelled,
    MilestonePlanned,
    MilestoneReached,
    MilestoneRescheduled,
)
from contracts.types import DossierId, ObjectiveId, Origin, Place, Text
from regesta.database import Connection as Db
from regesta.event import Event, FactWithdrawn, split_name
from regesta.periods import Change, Periods, as_of
from regesta.periods import Row as Cells
from regesta.projection import Fact, Projection
from services.objectives.domain import dossier as domain
from services.objectives.domain.command import LOG
from services.objectives.projections.row import Row, row_of

Standing: TypeAlias = Literal["open", "suspended", "stopped", "merged", "completed"]
STANDINGS: Final[dict[type[Event], Standing]] = {
    DossierOpened: "open",
    DossierSuspended: "suspended",
    DossierResumed: "open",
    DossierStopped: "stopped",
    DossierMerged: "merged",
    DossierCompleted: "completed",
}
STEPS_OF: Final[tuple[type[Event], ...]] = (
    MilestonePlanned,
    MilestoneRescheduled,
    MilestoneReached,
    MilestoneCancelled,
    *get_args(domain.Step),
)

DOSSIERS: Final = Periods(
    "dossiers",
    {"dossier": "text"},
    {
        "version": "integer",
        "opened": "bigint",
        "fact": "json",
        "standing": "text",
        "since": "bigint",
        "standing_fact": "json",
    },
)
LINKS: Final = Periods("dossier_links", {"dossier": "text", "kind": "text", "target": "text"}, {"linked": "bigint"})
STEPS: Final = Periods(
    "dossier_steps",
    {"event": "bigint"},
    {"dossier": "text", "type": "text", "occurred": "text", "fact": "json"},
)

READ = f"""
SELECT d.dossier, d.version, d.opened, d.fact::text, d.standing, d.since, d.standing_fact::text
FROM dossiers AS d WHERE d.dossier = ANY ($2::text[]) AND {as_of("d", "$1")}
"""
READ_LINKS = f"""
SELECT l.dossier, l.kind, l.target FROM dossier_links AS l
WHERE l.dossier = ANY ($2::text[]) AND {as_of("l", "$1")} ORDER BY l.dossier, l.kind, l.target
"""
READ_STEPS = f"""
SELECT s.dossier, s.event, s.type, s.occurred, s.fact::text FROM dossier_steps AS s
WHERE s.dossier = ANY ($2::text[]) AND {as_of("s", "$1")} ORDER BY s.event
"""
SERVING = f"""
SELECT l.dossier FROM dossier_links AS l
WHERE l.kind = 'objective' AND l.target = $2 AND {as_of("l", "$1")} AND l.dossier > $3 ORDER BY l.dossier LIMIT $4
"""


class Step(Row):
    """A step of a dossier. type: the name of its event; fact: the fields of it, as its published schema says."""

    type: str
    occurred: ImpreciseDate | None
    fact: dict[str, JsonValue]


class Where(Row):
    """Where a dossier stands, and since which event. into: the dossier it was merged into."""

    standing: Standing
    reason: str | None = None
    into: DossierId | None = None
    registered_in_error: bool = False


class Dossier(Row):
    """A dossier as it was opened, with what it serves and where it stands now. version: of its stream."""

    dossier: DossierId
    version: int
    kind: DossierKind
    title: Text
    reference: str | None = None
    origin: Origin | None = None
    place: Place | None = None
    objectives: tuple[ObjectiveId, ...]
    programmes: tuple[DossierId, ...]
    where: Where


async def read(db: Db, cut: int, wanted: Sequence[str]) -> list[Dossier]:
    """Return those of some dossiers that there are, in the order asked, in two statements."""
    links: dict[tuple[str, str], list[str]] = {}
    for dossier, kind, target in await db.fetch(READ_LINKS, cut, wanted):
        links.setdefault((dossier, kind), []).append(target)
    found = {}
    for dossier, version, opened, fact, standing, since, standing_fact in await db.fetch(READ, cut, wanted):
        found[dossier] = row_of(
            Dossier,
            fact,
            opened,
            dossier=dossier,
            version=version,
            objectives=links.get((dossier, "objective"), ()),
            programmes=links.get((dossier, "programme"), ()),
            where=row_of(Where, standing_fact, since, standing=standing),
        )
    return [found[dossier] for dossier in wanted if dossier in found]


async def read_steps(db: Db, cut: int, wanted: Sequence[str]) -> dict[str, list[Step]]:
    """Return the steps of some dossiers that stand, in the order recorded."""
    found: dict[str, list[Step]] = {}
    for dossier, position, kind, occurred, fact in await db.fetch(READ_STEPS, cut, wanted):
        step = row_of(Step, "{}", position, type=kind, occurred=occurred, fact=json.loads(fact))
        found.setdefault(dossier, []).append(step)
    return found


async def serving(db: Db, cut: int, objective: str, after: str, limit: int) -> list[str]:
    """Return the ids of dossiers that serve an objective, after one, by id."""
    return [row["dossier"] for row in await db.fetch(SERVING, cut, objective, after, limit)]


async def project(db: Db, facts: Sequence[Fact]) -> None:
    """Fold a batch, in four statements whatever its size."""
    mine = [(recorded, event) for recorded, event in facts if recorded.stream.startswith(f"{domain.Dossier.prefix}/")]
    rows = await DOSSIERS.current(db, [(recorded.key,) for recorded, _ in mine])
    kept: list[Change] = []
    links: list[Change] = []
    steps: list[Change] = []
    for recorded, event in mine:
        dossier, position = recorded.key, recorded.position
        if isinstance(event, DossierOpened):
            rows[dossier,] = (0, position, recorded.raw, "open", position, "{}")
        _, *opened, standing, since, standing_fact = rows[dossier,]
        if type(event) in STANDINGS and not isinstance(event, DossierOpened):
            standing, since, standing_fact = STANDINGS[type(event)], position, recorded.raw
        rows[dossier,] = (recorded.version, *opened, standing, since, standing_fact)
        kept.append(Change(position, (dossier,), rows[dossier,]))
        links += _links(dossier, position, event)
        if isinstance(event, FactWithdrawn):
            steps.append(Change(position, (split_name(event.event)[1],), None))
        elif isinstance(event, STEPS_OF):
            steps.append(Change(position, (position,), (dossier, event.name, recorded.occurred, recorded.raw)))
    await DOSSIERS.put(db, kept)
    await LINKS.put(db, links)
    await STEPS.put(db, steps)


def _links(dossier: str, position: int, event: Event) -> list[Change]:
    """Return what an event changes about what the dossier serves."""
    linked: Cells | None = (position,)
    match event:
        case DossierOpened():
            targets = [("objective", each) for each in event.objectives]
            targets += [("programme", each) for each in event.programmes]
        case DossierLinked() | DossierUnlinked():
            linked = None if isinstance(event, DossierUnlinked) else linked
            pairs = (("objective", event.objective), ("programme", event.programme))
            targets = [(kind, target) for kind, target in pairs if target is not None]
        case _:
            targets = []
    return [Change(position, (dossier, kind, target), linked) for kind, target in targets]


PROJECTION: Final = Projection(
    "dossiers",
    LOG,
    1,
    (*dossiers.EVENTS, *decisions.EVENTS, FactWithdrawn),
    (DOSSIERS.table, LINKS.table, STEPS.table),
    project,
)
