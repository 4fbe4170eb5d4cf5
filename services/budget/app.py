"""The wiring of budget."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from contracts import budget, objectives
from contracts.evidence import order_in_force
from regesta.command import Aggregate, Rule
from regesta.runtime import Service
from services.budget.api import reads
from services.budget.api import sums as sums_api
from services.budget.api.routes import ROUTES
from services.budget.domain import (
    assignment,
    claim,
    commitment,
    convention,
    evidence,
    forecast,
    ledger,
    line,
    payment,
    receipt,
)
from services.budget.projections import (
    assignments,
    claims,
    commitments,
    conventions,
    ledgers,
    lines,
    payments,
    programmes,
    receipts,
    sums,
)
from services.budget.reactions import REACTIONS

AGGREGATES = (
    Aggregate(line.Line, line.evolve),
    Aggregate(ledger.Ledger, ledger.evolve),
    Aggregate(assignment.Assignments, assignment.evolve),
    Aggregate(convention.Convention, convention.evolve),
    Aggregate(commitment.Commitment, commitment.evolve),
    Aggregate(receipt.Receipt, receipt.evolve),
    Aggregate(forecast.Forecast, forecast.evolve),
)
ORDER = order_in_force()
ELSEWHERE = (Aggregate(evidence.DossierEvidence, evidence.evolve, evidence.undo),)
RULES = (
    Rule(line.OpenLine, line.open_line),
    Rule(ledger.VoteCredits, ledger.vote),
    Rule(ledger.AdjustCredits, ledger.adjust),
    Rule(ledger.TransferCredits, ledger.transfer),
    Rule(assignment.AssignLine, assignment.assign),
    Rule(assignment.UnassignLine, assignment.unassign),
    Rule(assignment.PrintAllocation, assignment.print_allocation),
    Rule(assignment.WithdrawFact, assignment.withdraw_fact),
    Rule(convention.SignConvention, convention.sign),
    Rule(convention.AmendConvention, convention.amend),
    Rule(convention.TerminateConvention, convention.terminate),
    Rule(commitment.Commit, partial(commitment.commit, ORDER)),
    Rule(commitment.CheckEvidence, partial(commitment.check_evidence, ORDER)),
    Rule(commitment.Decommit, commitment.decommit),
    Rule(commitment.ReverseCommitment, commitment.reverse),
    Rule(payment.Liquidate, payment.liquidate),
    Rule(payment.ReversePayment, payment.reverse),
    Rule(claim.ReceiveClaim, claim.receive),
    Rule(claim.RejectClaim, claim.reject),
    Rule(claim.EstablishRecovery, claim.establish),
    Rule(claim.CollectRecovery, claim.collect),
    Rule(receipt.EstablishRight, receipt.establish),
    Rule(receipt.CollectReceipt, receipt.collect),
    Rule(forecast.ForecastLine, forecast.forecast_line),
    Rule(forecast.ForecastDossier, forecast.forecast_dossier),
)

SERVICE = Service(
    name="budget",
    title="Regesta: budget",
    events=budget.EVENTS,
    migrations=Path(__file__).with_name("migrations"),
    sources={"objectives": objectives.EVENTS},
    aggregates=AGGREGATES,
    elsewhere=ELSEWHERE,
    rules=RULES,
    routes=ROUTES,
    routers=(reads.router, sums_api.router),
    projections=(
        lines.PROJECTION,
        ledgers.PROJECTION,
        assignments.PROJECTION,
        conventions.PROJECTION,
        commitments.PROJECTION,
        payments.PROJECTION,
        *claims.PROJECTIONS,
        *receipts.PROJECTIONS,
        sums.PROJECTION,
        programmes.PROJECTION,
    ),
    reactions=REACTIONS,
)
