"""What can be read of budget, as of any cut."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, TypeAlias

from fastapi import APIRouter, Depends, Path, Query, Response

from contracts.allocation import LineKey
from contracts.types import CommitmentId, ConventionId, DossierId, ObjectiveId
from regesta.paging import Paged
from regesta.strict import StrictRoute
from regesta.view import AsOf, Reading
from regesta.web import Caller
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
from services.budget.projections.claims import ClaimOut, RecoveryOut
from services.budget.projections.commitments import CommitmentOut
from services.budget.projections.figure import Figure
from services.budget.projections.ledgers import LedgerOut
from services.budget.projections.payments import PaymentOut
from services.budget.projections.receipts import ReceiptsOut

READ = "budget:read"

OfDossier: TypeAlias = Annotated[DossierId | None, Query(description="Only those of this dossier.")]
OfConvention: TypeAlias = Annotated[ConventionId | None, Query(description="Only those of this convention.")]
# A number in a path is text, on which the year of a contract is strict.
PathYear: TypeAlias = Annotated[int, Path(ge=1900, le=2199)]

router = APIRouter(tags=["reads"], route_class=StrictRoute)


class YearAnswer(AsOf):
    """The credits of a line in a year, its receipts, and what is expected to be liquidated."""

    ledger: LedgerOut
    receipts: ReceiptsOut
    forecast: Figure


class CommitmentAnswer(AsOf):
    """One commitment with what happened on it."""

    commitment: CommitmentOut
    payments: tuple[PaymentOut, ...]
    claims: tuple[ClaimOut, ...]
    recoveries: tuple[RecoveryOut, ...]


class ForecastAnswer(AsOf):
    """What is expected to be liquidated for a dossier in a year."""

    forecast: Figure


@router.get("/lines")
async def get_lines(view: Reading, caller: Caller, paged: Paged) -> lines.LinesAnswer:
    """Return the budget lines, by their key."""
    caller.require(READ)
    found = await lines.read_lines(view, paged.after, paged.wanted)
    page = paged.page(view, found, lambda line: line.line)
    return lines.LinesAnswer(**AsOf.of(view), lines=page)


@router.get("/lines/{line}")
async def get_line(line: LineKey, view: Reading, caller: Caller, response: Response) -> lines.LineAnswer:
    """Return a budget line. 404 when it is not open."""
    caller.require(READ)
    found, version = await lines.read_line(view, line)
    response.headers["ETag"] = f'"{version}"'
    return lines.LineAnswer(**AsOf.of(view), line=found)


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
async def get_entries(
    of: Annotated[Year, Depends()], view: Reading, caller: Caller, paged: Paged
) -> ledgers.EntriesAnswer:
    """Return the facts of a ledger, oldest first. 404 when the line is not open."""
    caller.require(READ)
    await lines.read_line(view, of.line)
    found = await ledgers.read_entries(view, (of.line, of.year), paged.position("budget"), paged.wanted)
    page = paged.page(view, found, lambda entry: entry.event)
    return ledgers.EntriesAnswer(**AsOf.of(view), entries=page)


@router.get("/dossiers/{dossier}/years/{year}/forecast")
async def get_forecast(dossier: DossierId, year: PathYear, view: Reading, caller: Caller) -> ForecastAnswer:
    """Return what is expected to be liquidated for a dossier in a year; null cents when nobody said."""
    caller.require(READ)
    found = await receipts.read_forecast(view, dossier, year)
    return ForecastAnswer(**AsOf.of(view), forecast=found)


@router.get("/objectives/{objective}/lines")
async def get_objective_lines(
    objective: ObjectiveId, view: Reading, caller: Caller
) -> assignments.ObjectiveLinesAnswer:
    """Return the lines that serve an objective, and the printed codes that are none."""
    caller.require(READ)
    assigned, printed = await assignments.read_assignments(view, objective)
    return assignments.ObjectiveLinesAnswer(
        **AsOf.of(view),
        objective=objective,
        lines=assigned,
        printed=printed,
    )


@router.get("/conventions")
async def get_conventions(
    view: Reading, caller: Caller, paged: Paged, dossier: OfDossier = None
) -> conventions.ConventionsAnswer:
    """Return the conventions, by their id."""
    caller.require(READ)
    found = await conventions.read_conventions(view, dossier, paged.after, paged.wanted)
    page = paged.page(view, found, lambda convention: convention.convention)
    return conventions.ConventionsAnswer(**AsOf.of(view), conventions=page)


@router.get("/conventions/{convention}")
async def get_convention(
    convention: ConventionId, view: Reading, caller: Caller, response: Response
) -> conventions.ConventionAnswer:
    """Return a convention with what was paid under it. 404 when it is not signed."""
    caller.require(READ)
    found, version = await conventions.read_convention(view, convention)
    response.headers["ETag"] = f'"{version}"'
    return conventions.ConventionAnswer(**AsOf.of(view), convention=found)


@router.get("/commitments")
async def get_commitments(
    view: Reading, caller: Caller, paged: Paged, dossier: OfDossier = None, convention: OfConvention = None
) -> commitments.CommitmentsAnswer:
    """Return the commitments, by their id."""
    caller.require(READ)
    found = await commitments.read_commitments(view, (dossier, convention), paged.after, paged.wanted)
    page = paged.page(view, found, lambda commitment: commitment.commitment)
    return commitments.CommitmentsAnswer(**AsOf.of(view), commitments=page)


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
