"""Lines, ids and short ways to write commands of budget."""

from __future__ import annotations

from typing import Final

from contracts.commitments import Part, Tranche
from contracts.types import Origin, known
from regesta.testing import Domain
from services.budget.app import AGGREGATES, ELSEWHERE, RULES
from services.budget.domain.commitment import Commit
from services.budget.domain.convention import SignConvention
from services.budget.domain.ledger import VoteCredits
from services.budget.domain.line import OpenLine
from services.budget.domain.payment import Liquidate, ReversePayment

LINE: Final = "brussels.33.004.28.01.6321"
OTHER_LINE: Final = "brussels.33.004.28.02.6321"
RECEIPTS: Final = "brussels.02.100.01.01.3811"
ONE: Final = "0193a5c0-7b1e-7000-8000-000000000001"
TWO: Final = "0193a5c0-7b1e-7000-8000-000000000002"
DOSSIER: Final = "0193a5c0-7b1e-7000-8000-0000000000d1"
CONVENTION: Final = "0193a5c0-7b1e-7000-8000-0000000000c1"
OBJECTIVE: Final = "0193a5c0-7b1e-7000-8000-0000000000a1"
LEDGER: Final = f"ledger/{LINE}/2024"
SAP: Final = Origin(system="sap", reference="4500012345")
CONNECTOR: Final = ("connector",)


def budget() -> Domain:
    """Return the domain of budget, with LINE, OTHER_LINE and RECEIPTS open."""
    domain = Domain((*AGGREGATES, *ELSEWHERE), RULES)
    for line in (LINE, OTHER_LINE, RECEIPTS):
        domain.when(OpenLine(line=line))
    return domain


def voted(domain: Domain, *, commitment: int | None = None, liquidation: int | None = None, year: int = 2024) -> Domain:
    """Vote credits of LINE, in cents."""
    if commitment is not None:
        domain.when(VoteCredits(line=LINE, year=year, credit="commitment", amount_cents=known(commitment)))
    if liquidation is not None:
        domain.when(VoteCredits(line=LINE, year=year, credit="liquidation", amount_cents=known(liquidation)))
    return domain


def commit(cents: int, commitment: str = ONE, *, year: int = 2024, convention: str | None = None) -> Commit:
    """Return a commitment on LINE."""
    return Commit(commitment=commitment, line=LINE, year=year, amount_cents=cents, convention=convention)


def pay(cents: int, payment: str = "P-1", *, year: int = 2024, part: Part = "interim", of: str = ONE) -> Liquidate:
    """Return a payment."""
    return Liquidate(commitment=of, payment=payment, year=year, amount_cents=cents, part=part)


def take_back(cents: int | None = None, payment: str = "P-1", reversal: str = "R-1") -> ReversePayment:
    """Return the reversal of a payment."""
    return ReversePayment(commitment=ONE, payment=payment, reversal=reversal, amount_cents=cents, reason="Paid twice")


def sign(cents: int, *, advance_ppm: int | None = None, tranches: dict[int, int] | None = None) -> SignConvention:
    """Return the signature of a convention; tranches: cents by year."""
    return SignConvention(
        convention=CONVENTION,
        dossier=DOSSIER,
        amount_cents=cents,
        advance_ppm=advance_ppm,
        tranches=tuple(Tranche(year=year, amount_cents=part) for year, part in (tranches or {}).items()),
    )
