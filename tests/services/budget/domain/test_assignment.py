from __future__ import annotations

import pytest

from contracts.budget import AllocationPrinted, LineAssigned, LineUnassigned
from contracts.types import NONE, Section, known
from regesta.command import Reference
from regesta.errors import NotWithdrawable
from regesta.event import FactWithdrawn
from services.budget.domain.assignment import AssignLine, PrintAllocation, UnassignLine, WithdrawFact
from services.budget.domain.errors import AssignmentDiffers, UnknownAssignment, UnknownLine
from tests.services.budget.samples import LINE, OBJECTIVE, ONE, OTHER_LINE, RECEIPTS, TWO, budget

STREAM = f"assignment/{OBJECTIVE}"
PLANNED = Section(year=2024, kind="planned")
PRINTED = PrintAllocation(objective=OBJECTIVE, as_printed="01.002.08.08", reason="Nine digits")


def assign(assignment: str = ONE, line: str = LINE) -> AssignLine:
    return AssignLine(
        objective=OBJECTIVE, assignment=assignment, line=line, section=PLANNED, commitment_cents=known(5),
        liquidation_cents=NONE, shared=True, share_ppm=250_000,
    )  # fmt: skip


def test_a_line_serves_an_objective_as_often_as_it_is_printed() -> None:
    domain = budget()
    (fact,) = domain.when(assign())[STREAM]
    assert fact == LineAssigned(
        assignment=ONE, line=LINE, section=PLANNED, commitment_cents=known(5), liquidation_cents=NONE, shared=True,
        share_ppm=250_000,
    )  # fmt: skip
    assert domain.when(assign()) == {}
    assert domain.when(assign(TWO))


def test_an_amount_that_is_printed_is_no_money() -> None:
    domain = budget()
    assert set(domain.when(assign())) == {STREAM}


def test_a_line_of_receipts_can_serve_an_objective() -> None:
    assert budget().when(assign(line=RECEIPTS))


@pytest.mark.parametrize(
    ("field", "value"), [("line", OTHER_LINE), ("commitment_cents", known(6)), ("shared", False), ("share_ppm", None)]
)
def test_an_assignment_with_other_content_differs(field: str, value: object) -> None:
    domain = budget()
    domain.when(assign())
    with pytest.raises(AssignmentDiffers, match=field):
        domain.when(assign().model_copy(update={field: value}))


def test_only_an_open_line_is_assigned() -> None:
    with pytest.raises(UnknownLine):
        budget().when(assign(line="brussels.33.004.28.09.6321"))


def test_an_assignment_ends_once() -> None:
    domain = budget()
    domain.when(assign())
    end = UnassignLine(objective=OBJECTIVE, assignment=ONE, reason="Moved")
    assert domain.when(end) == {STREAM: [LineUnassigned(assignment=ONE, line=LINE, reason="Moved")]}
    assert domain.when(end) == {}
    assert domain.when(assign()) == {}
    with pytest.raises(UnknownAssignment, match=TWO):
        domain.when(UnassignLine(objective=OBJECTIVE, assignment=TWO))


def test_the_same_code_can_be_printed_twice() -> None:
    domain = budget()
    assert domain.when(PRINTED) == domain.when(PRINTED)
    assert domain.when(PRINTED) == {STREAM: [AllocationPrinted(as_printed="01.002.08.08", reason="Nine digits")]}


def test_a_printed_code_can_be_withdrawn() -> None:
    domain = budget()  # which has three lines: budget:1 to budget:3
    domain.when(PRINTED)
    take_back = WithdrawFact(objective=OBJECTIVE, event="budget:4", reason="Read wrongly")
    assert domain.when(take_back) == {STREAM: [FactWithdrawn(event="budget:4", reason="Read wrongly")]}
    assert domain.when(take_back) == {}
    domain.when(assign())
    with pytest.raises(NotWithdrawable, match="budget:6"):
        domain.when(WithdrawFact(objective=OBJECTIVE, event="budget:6", reason="No step"))


@pytest.mark.parametrize("command", [assign(), PRINTED])
def test_the_objective_is_referred_to(command: AssignLine | PrintAllocation) -> None:
    assert command.references() == (Reference("objectives", f"objective/{OBJECTIVE}"),)
