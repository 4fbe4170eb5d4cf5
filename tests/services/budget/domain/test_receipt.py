from __future__ import annotations

import pytest

from contracts.commitments import LiquidationForecast, ReceiptCollected, RightEstablished
from regesta.command import Reference
from services.budget.domain.errors import (
    ExceedsRight,
    ExpenditureLine,
    ReceiptDiffers,
    ReceiptLine,
    UnknownLine,
    UnknownReceipt,
)
from services.budget.domain.forecast import ForecastDossier, ForecastLine
from services.budget.domain.receipt import CollectReceipt, EstablishRight
from tests.services.budget.samples import DOSSIER, LINE, ONE, RECEIPTS, TWO, budget

STREAM = f"receipt/{ONE}"


def establish(cents: int, line: str = RECEIPTS) -> EstablishRight:
    return EstablishRight(receipt=ONE, line=line, year=2024, amount_cents=cents)


def collect(cents: int, year: int = 2024) -> CollectReceipt:
    return CollectReceipt(receipt=ONE, year=year, amount_cents=cents)


def test_a_right_is_established_once_on_a_line_of_receipts() -> None:
    domain = budget()
    with pytest.raises(ExpenditureLine):
        domain.when(establish(100, LINE))
    with pytest.raises(UnknownLine):
        domain.when(establish(100, "brussels.02.100.01.02.3811"))
    assert domain.when(establish(100)) == {STREAM: [RightEstablished(line=RECEIPTS, year=2024, amount_cents=100)]}
    assert domain.when(establish(100)) == {}
    with pytest.raises(ReceiptDiffers):
        domain.when(establish(99))


def test_cash_is_dated_apart_from_its_right_and_never_a_cent_more() -> None:
    domain = budget()
    with pytest.raises(UnknownReceipt):
        domain.when(collect(1))
    domain.when(establish(100))
    domain.when(collect(60))
    with pytest.raises(ExceedsRight):
        domain.when(collect(41))
    facts = domain.when(collect(40, year=2025))
    assert facts == {STREAM: [ReceiptCollected(line=RECEIPTS, year=2025, amount_cents=40)]}


def test_the_latest_forecast_counts() -> None:
    domain = budget()
    stream = f"forecast/{LINE}/2024"
    first = ForecastLine(line=LINE, year=2024, amount_cents=5, as_given="0,05")
    assert domain.when(first) == {stream: [LiquidationForecast(year=2024, amount_cents=5, line=LINE, as_given="0,05")]}
    assert domain.when(first) == {}
    assert domain.when(ForecastLine(line=LINE, year=2024, amount_cents=0))
    assert domain.when(first)
    with pytest.raises(ReceiptLine):
        domain.when(ForecastLine(line=RECEIPTS, year=2024, amount_cents=5))
    with pytest.raises(UnknownLine):
        domain.when(ForecastLine(line="brussels.02.100.01.02.3811", year=2024, amount_cents=5))


def test_a_dossier_has_a_forecast_too() -> None:
    command = ForecastDossier(dossier=DOSSIER, year=2024, amount_cents=5)
    facts = budget().when(command)
    assert facts == {f"forecast/{DOSSIER}/2024": [LiquidationForecast(year=2024, amount_cents=5, dossier=DOSSIER)]}
    assert [reference.stream for reference in command.references()] == [f"dossier/{DOSSIER}"]


def test_the_debtor_is_referred_to() -> None:
    assert establish(1).references() == ()
    owed = establish(1).model_copy(update={"debtor": TWO})
    assert owed.references() == (Reference("objectives", f"party/{TWO}"),)
