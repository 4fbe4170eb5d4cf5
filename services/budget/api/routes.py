"""HTTP in: where each command of budget is addressed."""

from __future__ import annotations

from regesta.runtime import CommandRoute
from services.budget.domain.assignment import AssignLine, PrintAllocation, UnassignLine, WithdrawFact
from services.budget.domain.claim import CollectRecovery, EstablishRecovery, ReceiveClaim, RejectClaim
from services.budget.domain.commitment import Commit, Decommit, ReverseCommitment
from services.budget.domain.convention import AmendConvention, SignConvention, TerminateConvention
from services.budget.domain.forecast import ForecastDossier, ForecastLine
from services.budget.domain.ledger import AdjustCredits, TransferCredits, VoteCredits
from services.budget.domain.line import OpenLine
from services.budget.domain.payment import Liquidate, ReversePayment
from services.budget.domain.receipt import CollectReceipt, EstablishRight

ROUTES = (
    CommandRoute("PUT", "/lines/{line}", OpenLine),
    CommandRoute("PUT", "/lines/{line}/years/{year}/credits/{credit}", VoteCredits),
    CommandRoute("POST", "/lines/{line}/years/{year}/credits/{credit}/adjustments", AdjustCredits),
    CommandRoute("PUT", "/lines/{line}/years/{year}/transfers/{transfer}", TransferCredits),
    CommandRoute("PUT", "/lines/{line}/years/{year}/forecast", ForecastLine),
    CommandRoute("PUT", "/dossiers/{dossier}/years/{year}/forecast", ForecastDossier),
    CommandRoute("PUT", "/objectives/{objective}/lines/{assignment}", AssignLine),
    CommandRoute("PUT", "/objectives/{objective}/lines/{assignment}/end", UnassignLine),
    CommandRoute("POST", "/objectives/{objective}/printed-allocations", PrintAllocation),
    CommandRoute("PUT", "/objectives/{objective}/withdrawals/{event}", WithdrawFact),
    CommandRoute("PUT", "/conventions/{convention}", SignConvention),
    CommandRoute("POST", "/conventions/{convention}/amendments", AmendConvention),
    CommandRoute("PUT", "/conventions/{convention}/termination", TerminateConvention),
    CommandRoute("PUT", "/commitments/{commitment}", Commit),
    CommandRoute("PUT", "/commitments/{commitment}/decommitments/{decommitment}", Decommit),
    CommandRoute("PUT", "/commitments/{commitment}/reversal", ReverseCommitment),
    CommandRoute("PUT", "/commitments/{commitment}/claims/{claim}", ReceiveClaim),
    CommandRoute("PUT", "/commitments/{commitment}/claims/{claim}/rejection", RejectClaim),
    CommandRoute("PUT", "/commitments/{commitment}/payments/{payment}", Liquidate),
    CommandRoute("PUT", "/commitments/{commitment}/payments/{payment}/reversals/{reversal}", ReversePayment),
    CommandRoute("PUT", "/commitments/{commitment}/recoveries/{recovery}", EstablishRecovery),
    CommandRoute("POST", "/commitments/{commitment}/recoveries/{recovery}/collections", CollectRecovery),
    CommandRoute("PUT", "/receipts/{receipt}", EstablishRight),
    CommandRoute("POST", "/receipts/{receipt}/collections", CollectReceipt),
)
