from __future__ import annotations

import pytest
from pydantic import ValidationError

from contracts.allocation import AllocationCode
from contracts.budget import BudgetLineOpened
from contracts.dates import ImpreciseDate
from contracts.types import Place, Text
from regesta.testing import Domain
from services.budget.app import AGGREGATES, ELSEWHERE, RULES
from services.budget.domain.errors import LineDiffers
from services.budget.domain.line import OpenLine
from tests.services.budget.samples import LINE, RECEIPTS

LABEL = Text(fr="Contrats de quartier")


def domain() -> Domain:
    return Domain((*AGGREGATES, *ELSEWHERE), RULES)


@pytest.mark.parametrize(("line", "direction"), [(LINE, "expenditure"), (RECEIPTS, "receipt")])
def test_the_direction_of_a_line_follows_from_its_economic_code(line: str, direction: str) -> None:
    (fact,) = domain().when(OpenLine(line=line))[f"line/{line}"]
    assert isinstance(fact, BudgetLineOpened)
    assert fact.direction == direction


def test_a_line_is_opened_once_with_what_was_printed_first() -> None:
    budget = domain()
    place = Place(document="A-123", line=7)
    facts = budget.when(OpenLine(line=LINE, label=LABEL, sec=False, repaired_from="33 004 28 01 6321", place=place))
    opened = BudgetLineOpened(
        entity="brussels",
        allocation=AllocationCode("33.004.28.01.6321"),
        direction="expenditure",
        label=LABEL,
        sec=False,
        repaired_from="33 004 28 01 6321",
        place=place,
    )
    assert facts == {f"line/{LINE}": [opened]}
    assert budget.when(OpenLine(line=LINE, label=LABEL, sec=False)) == {}
    assert budget.when(OpenLine(line=LINE, repaired_from="33.004.2801.6321")) == {}
    assert budget.when(OpenLine(line=LINE, occurred=ImpreciseDate("2024"))) == {}


@pytest.mark.parametrize("other", [OpenLine(line=LINE, label=Text(nl="Wijkcontracten")), OpenLine(line=LINE, sec=True)])
def test_a_line_with_another_label_differs(other: OpenLine) -> None:
    budget = domain()
    budget.when(OpenLine(line=LINE, label=LABEL, sec=False))
    with pytest.raises(LineDiffers, match="is recorded as"):
        budget.when(other)


def test_the_difference_is_said_in_plain_values() -> None:
    budget = domain()
    budget.when(OpenLine(line=LINE, label=Text(fr="Contrats")))
    with pytest.raises(
        LineDiffers, match=r"label is recorded as {'fr': 'Contrats'}, not {'nl': 'Contracten'}"
    ) as refusal:
        budget.when(OpenLine(line=LINE, label=Text(nl="Contracten")))
    assert refusal.value.details["given"] == {"nl": "Contracten"}


@pytest.mark.parametrize("line", ["brussels", "brussels.33.004.28.01.632", "Brussels.33.004.28.01.6321", f"{LINE}\n"])
def test_what_is_no_key_of_a_line_is_refused(line: str) -> None:
    with pytest.raises(ValidationError):
        OpenLine(line=line)


def test_a_label_has_its_bounds() -> None:
    OpenLine(line=LINE, label=Text(fr="x" * 10_000))
    with pytest.raises(ValidationError, match="10001 characters"):
        OpenLine(line=LINE, label=Text(fr="x" * 10_001))
