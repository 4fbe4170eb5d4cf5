"""What the reads answer, put together with a fixed number of statements."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final, Literal, TypeAlias

from contracts.dates import Certainty, ImpreciseDate
from contracts.dossiers import (
    MilestoneCancelled,
    MilestoneKind,
    MilestonePlanned,
    MilestoneReached,
    MilestoneRescheduled,
)
from contracts.types import DossierId, EventName, Text, Uuid
from regesta.view import AsOf, View
from services.objectives.domain.command import LOG
from services.objectives.projections import dossiers, notes, statements
from services.objectives.projections.agenda import Recommendation, Regulation
from services.objectives.projections.dossiers import Dossier, Step
from services.objectives.projections.notes import Alias, Node, Note, PrintedSection
from services.objectives.projections.parties import Party
from services.objectives.projections.printed import PrintedAmount, PrintedFact
from services.objectives.projections.row import Row
from services.objectives.projections.statements import DeadlineSaid, FieldSaid, StaffSaid, StatusSaid, Unit

MilestoneState: TypeAlias = Literal["planned", "reached", "cancelled"]
OF_MILESTONES: Final = {
    kind.name: kind for kind in (MilestonePlanned, MilestoneRescheduled, MilestoneReached, MilestoneCancelled)
}
MOST_DOSSIERS: Final = 500


class NotesAnswer(AsOf):
    """A page of notes."""

    notes: tuple[Note, ...]


class NoteAnswer(AsOf):
    """One note."""

    note: Note


class TreeAnswer(AsOf):
    """A page of a note's objectives, parents before what stands under them when they were registered so."""

    objectives: tuple[Node, ...]


class ObjectiveOut(Node):
    """All that is known of an objective, but what documents print of it. dossiers: the first 500 that serve it.

    version: of its own stream.
    """

    version: int
    aliases: tuple[Alias, ...]
    sections: tuple[PrintedSection, ...]
    fields: tuple[FieldSaid, ...]
    deadlines: tuple[DeadlineSaid, ...]
    statuses: tuple[StatusSaid, ...]
    staff: tuple[StaffSaid, ...]
    units: tuple[Unit, ...]
    dossiers: tuple[DossierId, ...]


class ObjectiveAnswer(AsOf):
    """One objective."""

    objective: ObjectiveOut


class FactOut(PrintedFact):
    """A printed fact. occurred: whether its date lies before the end of the day asked for; null when none was asked."""

    occurred: Certainty | None


class FactsAnswer(AsOf):
    """A page of an objective's printed facts."""

    facts: tuple[FactOut, ...]


class AmountsAnswer(AsOf):
    """A page of an objective's printed amounts."""

    amounts: tuple[PrintedAmount, ...]


class MilestoneOut(Row):
    """A planned step as it stands. on: when it was reached; evidence: the facts that reached it."""

    milestone: Uuid
    kind: MilestoneKind
    title: Text | None
    due: ImpreciseDate
    state: MilestoneState
    on: ImpreciseDate | None = None
    evidence: tuple[EventName, ...] = ()
    reason: str | None = None


class DossierOut(Dossier):
    """A dossier with its milestones and its other steps, in the order recorded."""

    milestones: tuple[MilestoneOut, ...]
    steps: tuple[Step, ...]


class DossierAnswer(AsOf):
    """One dossier."""

    dossier: DossierOut


class DossiersAnswer(AsOf):
    """A page of dossiers."""

    dossiers: tuple[DossierOut, ...]


class PartyAnswer(AsOf):
    """One party."""

    party: Party


class RecommendationAnswer(AsOf):
    """One recommendation."""

    recommendation: Recommendation


class RecommendationsAnswer(AsOf):
    """A page of recommendations, by id."""

    recommendations: tuple[Recommendation, ...]


class RegulationAnswer(AsOf):
    """One regulation."""

    regulation: Regulation


class RegulationsAnswer(AsOf):
    """A page of the regulation agenda, by id."""

    regulations: tuple[Regulation, ...]


async def objective_of(view: View, objective: str) -> ObjectiveOut | None:
    """Return an objective, in seven statements; None when it was not registered then."""
    db, cut = view.db, view.cut[LOG]
    node = await notes.read_node(db, cut, objective)
    if node is None:
        return None
    said = await statements.read(db, cut, objective)
    return ObjectiveOut(
        **dict(node),
        version=await statements.version(db, cut, objective),
        aliases=tuple(await notes.read_aliases(db, cut, objective)),
        sections=tuple(await notes.read_sections(db, cut, objective)),
        fields=tuple(said.fields),
        deadlines=tuple(said.deadlines),
        statuses=tuple(said.statuses),
        staff=tuple(said.staff),
        units=tuple(await statements.read_units(db, cut, objective)),
        dossiers=tuple(await dossiers.serving(db, cut, objective, "", MOST_DOSSIERS)),
    )


def fact_out(fact: PrintedFact, until: date | None) -> FactOut:
    """Return a printed fact with whether it had occurred by the end of a day; one without a readable date is possible."""
    certainty: Certainty | None = None
    if until is not None:
        certainty = "possible" if fact.day is None else fact.day.by(until)
    return FactOut(**dict(fact), occurred=certainty)


async def dossiers_of(view: View, wanted: Sequence[str]) -> tuple[DossierOut, ...]:
    """Return those of some dossiers that there are, in the order asked, in three statements."""
    db, cut = view.db, view.cut[LOG]
    steps = await dossiers.read_steps(db, cut, wanted)
    found = []
    for dossier in await dossiers.read(db, cut, wanted):
        mine = steps.get(dossier.dossier, [])
        others = tuple(step for step in mine if step.type not in OF_MILESTONES)
        found.append(DossierOut(**dict(dossier), milestones=milestones_of(mine), steps=others))
    return tuple(found)


def milestones_of(steps: Sequence[Step]) -> tuple[MilestoneOut, ...]:
    """Return the milestones that some steps, in the order recorded, come to."""
    found: dict[str, MilestoneOut] = {}
    for step in steps:
        kind = OF_MILESTONES.get(step.type)
        if kind is None:
            continue
        event = kind.model_validate(step.fact)
        if isinstance(event, MilestonePlanned):
            fields = event.model_dump(include={"milestone", "kind", "title", "due"})
            found[event.milestone] = MilestoneOut(**fields, state="planned", events=step.events)
        else:
            known = found[event.milestone]
            found[event.milestone] = known.model_copy(
                update=_changes(event) | {"events": (*step.events, *known.events)}
            )
    return tuple(found.values())


def _changes(event: MilestoneRescheduled | MilestoneReached | MilestoneCancelled) -> dict[str, object]:
    match event:
        case MilestoneRescheduled():
            return {"due": event.new}
        case MilestoneReached():
            return {"state": "reached", "on": event.on, "evidence": event.evidence}
        case MilestoneCancelled():
            return {"state": "cancelled", "reason": event.reason}
