"""What can be read of budget, as of any cut."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, TypeAlias

from fastapi import APIRouter, Depends, Path, Query, Response

from contracts.allocation import LineKey
from contracts.types import CommitmentId, ConventionId, DossierId, ObjectiveId
from regesta.caller import Caller
from regesta.paging import Paged
from regesta.strict import IN_DIGITS, StrictRoute
from regesta.view import AsOf, Reading
from services.budget.api.answers import (
    CommitmentAnswer,
    CommitmentsAnswer,
    ConventionAnswer,
    ConventionsAnswer,
    EntriesAnswer,
    ForecastAnswer,
    LineAnswer,
    LinesAnswer,
    ObjectiveLinesAnswer,
    YearAnswer,
)
from services.budget.domain.command import LOG
from services.budget.projections import (
    assignments,
    claims,
    commitments,
    conventions,
    ledgers,
    lines,
    payments,
    receipts,
)

READ = "budget:read"

OfDossier: TypeAlias = Annotated[DossierId | None, Query(description="Only those of this dossier.")]
OfConvention: TypeAlias = Annotated[ConventionId | None, Query(description="Only those of this convention.")]
DueBy: TypeAlias = Annotated[
    int | None,
    Query(
        ge=1900, le=2199, description="Only those with an outstanding amount to be decommitted by the end of this year."
    ),
    IN_DIGITS,
]
# A number in a path is text, on which the year of a contract is strict.
PathYear: TypeAlias = Annotated[int, Path(ge=1900, le=2199), IN_DIGITS]

router = APIRouter(tags=["reads"], route_class=StrictRoute)


@router.get("/lines")
async def get_lines(view: Reading, caller: Caller, paged: Paged) -> LinesAnswer:
    """Return the budget lines, by their key."""
    caller.require(READ)
    found = await lines.read_lines(view, paged.after, paged.wanted)
    page = paged.page(view, found, lambda line: line.line)
    return LinesAnswer(**AsOf.of(view), lines=page)


@router.get("/lines/{line}")
async def get_line(line: LineKey, view: Reading, caller: Caller, response: Response) -> LineAnswer:
    """Return a budget line. 404 when it is not open."""
    caller.require(READ)
    found, version = await lines.read_line(view, line)
    response.headers["ETag"] = f'"{version}"'
    return LineAnswer(**AsOf.of(view), line=found)


@router.get("/lines/{line}/years/{year}")
async def get_year(line: LineKey, year: PathYear, view: Reading, caller: Caller, response: Response) -> YearAnswer:
    """Return the credits of a line in a year, each figure with its events. 404 when the line is not open."""
    caller.require(READ)
    await lines.read_line(view, line)
    ledger, version = await ledgers.read_ledger(view, line, year)
    response.headers["ETag"] = f'"{version}"'
    return YearAnswer(
        **AsOf.of(view),
        ledger=ledger,
        receipts=await receipts.read_receipts(view, line, year),
        forecast=await receipts.read_forecast(view, line, year),
    )


@dataclass(frozen=True, slots=True)
class Year:
    """The budget of a line in a year."""

    line: LineKey
    year: PathYear


@router.get("/lines/{line}/years/{year}/entries")
async def get_entries(of: Annotated[Year, Depends()], view: Reading, caller: Caller, paged: Paged) -> EntriesAnswer:
    """Return the facts of a ledger, oldest first. 404 when the line is not open."""
    caller.require(READ)
    await lines.read_line(view, of.line)
    found = await ledgers.read_entries(view, (of.line, of.year), paged.position(LOG), paged.wanted)
    page = paged.page(view, found, lambda entry: entry.event)
    return EntriesAnswer(**AsOf.of(view), entries=page)


@router.get("/dossiers/{dossier}/years/{year}/forecast")
async def get_forecast(dossier: DossierId, year: PathYear, view: Reading, caller: Caller) -> ForecastAnswer:
    """Return what is expected to be liquidated for a dossier in a year; null cents when nobody said."""
    caller.require(READ)
    found = await receipts.read_forecast(view, dossier, year)
    return ForecastAnswer(**AsOf.of(view), forecast=found)


@router.get("/objectives/{objective}/lines")
async def get_objective_lines(objective: ObjectiveId, view: Reading, caller: Caller) -> ObjectiveLinesAnswer:
    """Return the lines that serve an objective, and the printed codes that are none."""
    caller.require(READ)
    assigned, printed = await assignments.read_assignments(view, objective)
    return ObjectiveLinesAnswer(
        **AsOf.of(view),
        objective=objective,
        lines=assigned,
        printed=printed,
    )


@router.get("/conventions")
async def get_conventions(view: Reading, caller: Caller, paged: Paged, dossier: OfDossier = None) -> ConventionsAnswer:
    """Return the conventions, by their id."""
    caller.require(READ)
    found = await conventions.read_conventions(view, dossier, paged.after, paged.wanted)
    page = paged.page(view, found, lambda convention: convention.convention)
    return ConventionsAnswer(**AsOf.of(view), conventions=page)


@router.get("/conventions/{convention}")
async def get_convention(
    convention: ConventionId, view: Reading, caller: Caller, response: Response
) -> ConventionAnswer:
    """Return a convention with what was paid under it. 404 when it is not signed."""
    caller.require(READ)
    found, version = await conventions.read_convention(view, convention)
    response.headers["ETag"] = f'"{version}"'
    return ConventionAnswer(**AsOf.of(view), convention=found)


@dataclass(frozen=True, slots=True)
class Of:
    """Which commitments are wanted."""

    dossier: OfDossier = None
    convention: OfConvention = None
    decommit_due: DueBy = None


@router.get("/commitments")
async def get_commitments(
    of: Annotated[Of, Depends()], view: Reading, caller: Caller, paged: Paged
) -> CommitmentsAnswer:
    """Return the commitments, by their id."""
    caller.require(READ)
    found = await commitments.read_commitments(
        view, (of.dossier, of.convention, of.decommit_due), paged.after, paged.wanted
    )
    page = paged.page(view, found, lambda commitment: commitment.commitment)
    return CommitmentsAnswer(**AsOf.of(view), commitments=page)


@router.get("/commitments/{commitment}")
async def get_commitment(
    commitment: CommitmentId, view: Reading, caller: Caller, response: Response
) -> CommitmentAnswer:
    """Return a commitment with its payments, claims and recoveries. 404 when nothing was committed."""
    caller.require(READ)
    found, version = await commitments.read_commitment(view, commitment)
    response.headers["ETag"] = f'"{version}"'
    return CommitmentAnswer(
        **AsOf.of(view),
        commitment=found,
        payments=await payments.read_payments(view, commitment),
        claims=await claims.read_claims(view, commitment),
        recoveries=await claims.read_recoveries(view, commitment),
    )
