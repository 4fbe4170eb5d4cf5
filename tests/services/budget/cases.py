"""Every command of budget, with other values of each of its members."""

from __future__ import annotations

from datetime import date
from typing import Final

from contracts.commitments import Tranche
from contracts.dates import ImpreciseDate, Period
from contracts.types import NONE, PENDING, Place, Section, Text, known
from services.budget.domain.assignment import AssignLine, PrintAllocation, UnassignLine, WithdrawFact
from services.budget.domain.claim import CollectRecovery, EstablishRecovery, ReceiveClaim, RejectClaim
from services.budget.domain.commitment import CheckEvidence, Commit, Decommit, ReverseCommitment
from services.budget.domain.convention import AmendConvention, SignConvention, TerminateConvention
from services.budget.domain.forecast import ForecastDossier, ForecastLine
from services.budget.domain.ledger import AdjustCredits, TransferCredits, VoteCredits
from services.budget.domain.line import OpenLine
from services.budget.domain.payment import Liquidate, ReversePayment
from services.budget.domain.receipt import CollectReceipt, EstablishRight
from tests.services.budget.samples import CONVENTION, DOSSIER, LINE, OBJECTIVE, ONE, OTHER_LINE, RECEIPTS, TWO
from tests.services.cases import Case

OPEN: Final = tuple(OpenLine(line=line) for line in (LINE, OTHER_LINE, RECEIPTS))
PLACE: Final = Place(document="A-123", page=4)
COMMIT: Final = Commit(commitment=ONE, line=LINE, year=2024, amount_cents=100)
PAY: Final = Liquidate(
    commitment=ONE, payment="P-1", year=2024, amount_cents=60, part="interim", visa="V", paid_on=date(2024, 7, 15)
)
CLAIM: Final = ReceiveClaim(commitment=ONE, claim="C-1", amount_cents=50)
SIGN: Final = SignConvention(
    convention=CONVENTION, dossier=DOSSIER, amount_cents=1000, parties=(ONE,), advance_ppm=200_000,
    tranches=(Tranche(year=2024, amount_cents=1000),), ends_on=ImpreciseDate("2026"), reference="C",
)  # fmt: skip
VOTE: Final = VoteCredits(line=LINE, year=2024, credit="commitment", amount_cents=known(1000), as_given="10 EUR")
VOTE_OTHER: Final = VoteCredits(line=OTHER_LINE, year=2024, credit="commitment", amount_cents=known(1000))
ASSIGN: Final = AssignLine(
    objective=OBJECTIVE, assignment=ONE, line=LINE, section=Section(year=2024, kind="planned"), category="other",
    basis="estimated", label=Text(fr="Contrats"), as_printed="33.004", commitment_cents=known(1), place=PLACE,
)  # fmt: skip

# Each of these is one more: a repetition is known by its key. And what only a reaction asks for.
PRINTED: Final = PrintAllocation(objective=OBJECTIVE, as_printed="33", reason="too short", commitment_cents=known(1))
COUNTED: Final = (
    CollectRecovery(commitment=ONE, recovery="V-1", amount_cents=1, collected_on=date(2024, 9, 1)),
    CollectReceipt(receipt=ONE, year=2024, amount_cents=1),
    PRINTED,
    CheckEvidence(commitment=ONE),
)
CASES: Final = (
    Case(
        OpenLine(line=LINE, label=Text(fr="Contrats"), sec=True),
        {"label": [Text(nl="Contracten")], "sec": [False]},
        first=("repaired_from", "place"),
    ),
    Case(
        VOTE,
        {"amount_cents": [known(1001), NONE, PENDING], "as_given": ["0,01 KEUR", None]},
        before=OPEN,
    ),
    Case(
        AdjustCredits(line=LINE, year=2024, credit="commitment", amount_cents=known(900), as_given="9 EUR"),
        {"amount_cents": [known(901)], "as_given": ["0,9 KEUR", None]},
        anew=("amount_cents", "as_given", "occurred"),
        before=(*OPEN, VOTE),
    ),
    Case(
        TransferCredits(
            line=LINE, year=2024, credit="commitment", transfer="T", to_line=OTHER_LINE, amount_cents=10
        ),
        {"credit": ["liquidation"], "to_line": ["brussels.33.004.28.03.6321"], "amount_cents": [11]},
        before=(*OPEN, OpenLine(line="brussels.33.004.28.03.6321"), VOTE, VOTE_OTHER),
    ),
    Case(
        ForecastLine(line=LINE, year=2024, amount_cents=10, as_given="dix"),
        {"amount_cents": [11], "as_given": ["10", None]},
        anew=("amount_cents", "as_given", "occurred"),
        before=OPEN,
    ),
    Case(
        ForecastDossier(dossier=DOSSIER, year=2024, amount_cents=10, as_given="dix"),
        {"amount_cents": [11], "as_given": ["10", None]},
        anew=("amount_cents", "as_given", "occurred"),
    ),
    Case(
        ASSIGN,
        {
            "line": [OTHER_LINE], "section": [Section(year=2023, kind="planned"), None], "category": ["assets", None],
            "basis": ["realised", None], "label": [Text(fr="Autres"), None], "as_printed": ["33.005", None],
            "commitment_cents": [known(2), NONE], "liquidation_cents": [known(2)], "unspecified_cents": [PENDING],
            "shared": [True], "share_ppm": [1000], "place": [Place(document="A-124"), None],
        },
        before=OPEN,
    ),
    Case(
        UnassignLine(objective=OBJECTIVE, assignment=ONE, reason="Moved"),
        {"reason": ["Closed", None]},
        before=(*OPEN, ASSIGN),
    ),
    Case(
        WithdrawFact(objective=OBJECTIVE, event="budget:1", reason="Misread"),
        {"reason": ["Twice"]},
        before=(PRINTED,),
    ),
    Case(
        SIGN,
        {
            "dossier": [ONE], "amount_cents": [1001], "parties": [(TWO,), ()], "advance_ppm": [1, None],
            "tranches": [()], "ends_on": [ImpreciseDate("2027"), None], "reference": ["D", None],
        },
    ),
    Case(
        AmendConvention(
            convention=CONVENTION, amount_cents=1200, advance_ppm=200_000, tranches=(),
            ends_on=ImpreciseDate("2026"), reference="C", reason="Phase 2",
        ),
        {
            "amount_cents": [1300], "advance_ppm": [1, None], "tranches": [(Tranche(year=2024, amount_cents=1200),)],
            "ends_on": [ImpreciseDate("2027"), None], "reference": ["D", None], "reason": ["Phase 3", None],
        },
        anew=("amount_cents", "advance_ppm", "tranches", "ends_on", "reference", "reason", "occurred"),
        before=(SIGN,),
    ),
    Case(TerminateConvention(convention=CONVENTION, reason="Bankrupt"), {"reason": ["Other"]}, before=(SIGN,)),
    Case(
        COMMIT.model_copy(update={"dossier": DOSSIER, "visa": "V"}),
        {
            "line": [OTHER_LINE], "year": [2025], "amount_cents": [101], "dossier": [ONE, None],
            "convention": [CONVENTION], "visa": ["W", None],
        },
        before=(*OPEN, SIGN),
    ),
    Case(
        Decommit(commitment=ONE, decommitment="D-1", amount_cents=10, reason="Cheaper"),
        {"amount_cents": [11], "reason": ["Late"]},
        before=(*OPEN, COMMIT),
    ),
    Case(ReverseCommitment(commitment=ONE, reason="Twice"), {"reason": ["Late"]}, before=(*OPEN, COMMIT)),
    Case(
        CLAIM.model_copy(update={"period": Period(starts_on=date(2024, 1, 1), ends_on=date(2024, 6, 30))}),
        {
            "amount_cents": [51],
            "period": [Period(starts_on=date(2024, 1, 1), ends_on=date(2024, 7, 31)), None],
        },
        before=(*OPEN, COMMIT),
    ),
    Case(
        RejectClaim(commitment=ONE, claim="C-1", reason="No evidence"),
        {"reason": ["Late"]},
        before=(*OPEN, COMMIT, CLAIM),
    ),
    Case(
        PAY,
        {
            "year": [2025], "amount_cents": [61], "part": ["balance"], "line": [OTHER_LINE], "dossier": [DOSSIER],
            "convention": [CONVENTION], "claim": ["C-1"], "visa": ["W", None], "paid_on": [date(2024, 7, 16), None],
        },
        before=(*OPEN, COMMIT),
    ),
    Case(
        ReversePayment(commitment=ONE, payment="P-1", reversal="R-1", amount_cents=10, reason="Twice"),
        {"amount_cents": [11], "reason": ["Late"]},
        before=(*OPEN, COMMIT, PAY),
    ),
    Case(
        EstablishRecovery(commitment=ONE, recovery="V-1", amount_cents=10, payment="P-1", reason="Unspent"),
        {"amount_cents": [11], "payment": ["P-2", None], "reason": ["Late", None]},
        before=(*OPEN, COMMIT, PAY, PAY.model_copy(update={"payment": "P-2", "amount_cents": 1})),
    ),
    Case(
        EstablishRight(receipt=ONE, line=RECEIPTS, year=2024, amount_cents=10, debtor=ONE, reference="R"),
        {
            "line": ["brussels.02.100.01.02.3811"], "year": [2025], "amount_cents": [11], "debtor": [TWO, None],
            "reference": ["S", None],
        },
        before=(*OPEN, OpenLine(line="brussels.02.100.01.02.3811")),
    ),
)  # fmt: skip
