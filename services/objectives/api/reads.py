"""What is read of notes, objectives, dossiers and parties, as of any cut."""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

from fastapi import APIRouter, Path, Query, Response

from contracts.types import DossierId, NoteSlug, ObjectiveId, PartyId, RecommendationId, RegulationId
from regesta.caller import Caller
from regesta.event import IsoDay, event_name
from regesta.paging import Paged
from regesta.strict import StrictRoute
from regesta.view import AsOf, Reading, View
from services.objectives.api.answers import (
    AmountsAnswer,
    DossierAnswer,
    DossiersAnswer,
    FactsAnswer,
    NoteAnswer,
    NotesAnswer,
    ObjectiveAnswer,
    PartyAnswer,
    RecommendationAnswer,
    RecommendationsAnswer,
    RegulationAnswer,
    RegulationsAnswer,
    TreeAnswer,
    dossiers_of,
    fact_out,
    objective_of,
)
from services.objectives.domain.command import LOG
from services.objectives.domain.errors import (
    UnknownDossier,
    UnknownNote,
    UnknownObjective,
    UnknownParty,
    UnknownRecommendation,
    UnknownRegulation,
)
from services.objectives.projections import agenda, dossiers, notes, parties, printed

SCOPE: Final = "objectives:read"
Slug: TypeAlias = Annotated[NoteSlug, Path()]
Objective: TypeAlias = Annotated[ObjectiveId, Path()]
Dossier: TypeAlias = Annotated[DossierId, Path()]
Party: TypeAlias = Annotated[PartyId, Path()]
Recommendation: TypeAlias = Annotated[RecommendationId, Path()]
Regulation: TypeAlias = Annotated[RegulationId, Path()]
Until: TypeAlias = Annotated[
    IsoDay | None,
    Query(description="Say of each fact whether it had occurred by the end of this day: certain, possible or no."),
]

router = APIRouter(tags=["reads"], route_class=StrictRoute)


@router.get("/notes")
async def get_notes(view: Reading, caller: Caller, paged: Paged) -> NotesAnswer:
    """Return all policy notes, by slug."""
    caller.require(SCOPE)
    found = await notes.page(view.db, view.cut[LOG], paged.after, paged.wanted)
    return NotesAnswer(**AsOf.of(view), notes=paged.page(view, found, lambda note: note.note))


@router.get("/notes/{note}")
async def get_note(note: Slug, view: Reading, caller: Caller, response: Response) -> NoteAnswer:
    """Return a policy note. ETag: the version of its stream at the cut. 404: it was not open then."""
    caller.require(SCOPE)
    found = await notes.read(view.db, view.cut[LOG], note)
    if found is None:
        raise UnknownNote(f"no note {note!r} is open", note=note)
    response.headers["ETag"] = f'"{found.version}"'
    return NoteAnswer(**AsOf.of(view), note=found)


@router.get("/notes/{note}/objectives")
async def get_objectives(note: Slug, view: Reading, caller: Caller, paged: Paged) -> TreeAnswer:
    """Return the objectives of a note in the order registered, each naming its parent. 404: it was not open then."""
    caller.require(SCOPE)
    cut = view.cut[LOG]
    if await notes.read(view.db, cut, note) is None:
        raise UnknownNote(f"no note {note!r} is open", note=note)
    rows = await notes.tree_page(view.db, cut, note, paged.position(LOG), paged.wanted)
    page = paged.page(view, rows, _event_of)
    return TreeAnswer(**AsOf.of(view), objectives=tuple(node for _, node in page))


@router.get("/objectives/{objective}")
async def get_objective(objective: Objective, view: Reading, caller: Caller, response: Response) -> ObjectiveAnswer:
    """Return an objective. ETag: the version of its own stream at the cut. 404: it was not registered then."""
    caller.require(SCOPE)
    found = await objective_of(view, objective)
    if found is None:
        raise UnknownObjective(f"no objective {objective!r}", objective=objective)
    response.headers["ETag"] = f'"{found.version}"'
    return ObjectiveAnswer(**AsOf.of(view), objective=found)


@router.get("/objectives/{objective}/facts")
async def get_facts(
    objective: Objective, view: Reading, caller: Caller, paged: Paged, occurred_until: Until = None
) -> FactsAnswer:
    """Return the printed facts of an objective, in the order recorded. 404: it was not registered then."""
    caller.require(SCOPE)
    await _require_objective(view, objective)
    rows = await printed.facts_page(view.db, view.cut[LOG], objective, paged.position(LOG), paged.wanted)
    page = paged.page(view, rows, _event_of)
    return FactsAnswer(**AsOf.of(view), facts=tuple(fact_out(fact, occurred_until) for _, fact in page))


@router.get("/objectives/{objective}/amounts")
async def get_amounts(objective: Objective, view: Reading, caller: Caller, paged: Paged) -> AmountsAnswer:
    """Return the printed amounts of an objective, in the order recorded. 404: it was not registered then."""
    caller.require(SCOPE)
    await _require_objective(view, objective)
    rows = await printed.amounts_page(view.db, view.cut[LOG], objective, paged.position(LOG), paged.wanted)
    page = paged.page(view, rows, _event_of)
    return AmountsAnswer(**AsOf.of(view), amounts=tuple(amount for _, amount in page))


@router.get("/objectives/{objective}/dossiers")
async def get_dossiers(objective: Objective, view: Reading, caller: Caller, paged: Paged) -> DossiersAnswer:
    """Return the dossiers that serve an objective, by id. 404: it was not registered then."""
    caller.require(SCOPE)
    await _require_objective(view, objective)
    found = await dossiers.serving(view.db, view.cut[LOG], objective, paged.after, paged.wanted)
    page = paged.page(view, found, str)
    return DossiersAnswer(**AsOf.of(view), dossiers=await dossiers_of(view, page))


@router.get("/dossiers/{dossier}")
async def get_dossier(dossier: Dossier, view: Reading, caller: Caller, response: Response) -> DossierAnswer:
    """Return a dossier. ETag: the version of its stream at the cut. 404: it was not open then."""
    caller.require(SCOPE)
    found = await dossiers_of(view, [dossier])
    if not found:
        raise UnknownDossier(f"no dossier {dossier!r} is open", dossier=dossier)
    response.headers["ETag"] = f'"{found[0].version}"'
    return DossierAnswer(**AsOf.of(view), dossier=found[0])


@router.get("/parties/{party}")
async def get_party(party: Party, view: Reading, caller: Caller, response: Response) -> PartyAnswer:
    """Return a party, without its name. ETag: the version of its stream at the cut. 404: it was not registered then."""
    caller.require(SCOPE)
    found = await parties.read(view.db, view.cut[LOG], party)
    if found is None:
        raise UnknownParty(f"no party {party!r} is registered", party=party)
    response.headers["ETag"] = f'"{found.version}"'
    return PartyAnswer(**AsOf.of(view), party=found)


@router.get("/recommendations")
async def get_recommendations(view: Reading, caller: Caller, paged: Paged) -> RecommendationsAnswer:
    """Return the Court of Audit's recommendations with the latest answers, by id."""
    caller.require(SCOPE)
    found = await agenda.recommendations(view.db, view.cut[LOG], paged.after, paged.wanted)
    page = paged.page(view, found, lambda each: each.recommendation)
    return RecommendationsAnswer(**AsOf.of(view), recommendations=page)


@router.get("/recommendations/{recommendation}")
async def get_recommendation(
    recommendation: Recommendation, view: Reading, caller: Caller, response: Response
) -> RecommendationAnswer:
    """Return a recommendation. ETag: the version of its stream at the cut. 404: it was not registered then."""
    caller.require(SCOPE)
    found = await agenda.recommendation(view.db, view.cut[LOG], recommendation)
    if found is None:
        message = f"no recommendation {recommendation!r} is registered"
        raise UnknownRecommendation(message, recommendation=recommendation)
    response.headers["ETag"] = f'"{found.version}"'
    return RecommendationAnswer(**AsOf.of(view), recommendation=found)


@router.get("/regulations")
async def get_regulations(view: Reading, caller: Caller, paged: Paged) -> RegulationsAnswer:
    """Return the regulation agenda, by id."""
    caller.require(SCOPE)
    found = await agenda.regulations(view.db, view.cut[LOG], paged.after, paged.wanted)
    page = paged.page(view, found, lambda each: each.regulation)
    return RegulationsAnswer(**AsOf.of(view), regulations=page)


@router.get("/regulations/{regulation}")
async def get_regulation(regulation: Regulation, view: Reading, caller: Caller, response: Response) -> RegulationAnswer:
    """Return a regulation. ETag: the version of its stream at the cut. 404: it was not on the agenda then."""
    caller.require(SCOPE)
    found = await agenda.regulation(view.db, view.cut[LOG], regulation)
    if found is None:
        raise UnknownRegulation(f"no regulation {regulation!r} is scheduled", regulation=regulation)
    response.headers["ETag"] = f'"{found.version}"'
    return RegulationAnswer(**AsOf.of(view), regulation=found)


async def _require_objective(view: View, objective: str) -> None:
    if await notes.read_node(view.db, view.cut[LOG], objective) is None:
        raise UnknownObjective(f"no objective {objective!r}", objective=objective)


def _event_of(row: tuple[int, object]) -> str:
    """Return the name of the event that a row was recorded by, its position being the row's first member."""
    return event_name(LOG, row[0])
