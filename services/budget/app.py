"""The wiring of budget."""

from __future__ import annotations

from pathlib import Path

from contracts import budget, objectives
from regesta.command import Aggregate, Rule
from regesta.runtime import Service
from services.budget.api import reads
from services.budget.api.routes import ROUTES
from services.budget.domain import (
    assignment,
    claim,
    commitment,
    convention,
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
    receipts,
)

AGGREGATES = (
    Aggregate(line.Line, line.evolve),
    Aggregate(ledger.Ledger, ledger.evolve),
    Aggregate(assignment.Assignments, assignment.evolve),
    Aggregate(convention.Convention, convention.evolve),
    Aggregate(commitment.Commitment, commitment.evolve),
    Aggregate(receipt.Receipt, receipt.evolve),
    Aggregate(forecast.Forecast, forecast.evolve),
)
RULES = (
    Rule(line.OpenLine, line.decide),
    Rule(ledger.VoteCredits, ledger.decide),
    Rule(ledger.AdjustCredits, ledger.decide),
    Rule(ledger.TransferCredits, ledger.decide),
    Rule(assignment.AssignLine, assignment.decide),
    Rule(assignment.UnassignLine, assignment.decide),
    Rule(assignment.PrintAllocation, assignment.decide),
    Rule(assignment.WithdrawFact, assignment.decide),
    Rule(convention.SignConvention, convention.decide),
    Rule(convention.AmendConvention, convention.decide),
    Rule(convention.TerminateConvention, convention.decide),
    Rule(commitment.Commit, commitment.decide),
    Rule(commitment.Decommit, commitment.decide),
    Rule(commitment.ReverseCommitment, commitment.decide),
    Rule(payment.Liquidate, payment.decide),
    Rule(payment.ReversePayment, payment.decide),
    Rule(claim.ReceiveClaim, claim.decide),
    Rule(claim.RejectClaim, claim.decide),
    Rule(claim.EstablishRecovery, claim.decide),
    Rule(claim.CollectRecovery, claim.decide),
    Rule(receipt.EstablishRight, receipt.decide),
    Rule(receipt.CollectReceipt, receipt.decide),
    Rule(forecast.ForecastLine, forecast.decide),
    Rule(forecast.ForecastDossier, forecast.decide),
)

SERVICE = Service(
    name="budget",
    title="Regesta: budget",
    events=budget.EVENTS,
    migrations=Path(__file__).with_name("migrations"),
    sources={"objectives": objectives.EVENTS},
    aggregates=AGGREGATES,
    rules=RULES,
    routes=ROUTES,
    routers=(reads.router,),
    projections=(
        lines.PROJECTION,
        ledgers.PROJECTION,
        assignments.PROJECTION,
        conventions.PROJECTION,
        commitments.PROJECTION,
        payments.PROJECTION,
        *claims.PROJECTIONS,
        *receipts.PROJECTIONS,
    ),
)
