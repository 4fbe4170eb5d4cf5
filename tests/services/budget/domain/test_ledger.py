from __future__ import annotations

import pytest

from contracts.budget import (
    CreditConsumed,
    CreditKind,
    CreditReserved,
    CreditsAdjusted,
    CreditsTransferredIn,
    CreditsTransferredOut,
    CreditsVoted,
)
from contracts.types import MOST_CENTS, NONE, NOT_APPLICABLE, PENDING, UNKNOWN, Origin, by_reference, known
from regesta.errors import MayNotReport
from services.budget.domain.errors import (
    CreditsBelowUse,
    ExceedsCredits,
    NotVoted,
    ReceiptLine,
    SameLine,
    TotalTooLarge,
    TransferDiffers,
    UnknownLine,
    VoteDiffers,
)
from services.budget.domain.ledger import AdjustCredits, Amount, Ledger, TransferCredits, VoteCredits
from services.budget.domain.line import OpenLine
from tests.services.budget.samples import (
    CONNECTOR,
    LEDGER,
    LINE,
    OTHER_LINE,
    RECEIPTS,
    SAP,
    TWO,
    budget,
    commit,
    pay,
    voted,
)

OTHER_LEDGER = f"ledger/{OTHER_LINE}/2024"


def vote(
    amount: Amount, line: str = LINE, credit: CreditKind = "commitment", origin: Origin | None = None
) -> VoteCredits:
    return VoteCredits(line=line, year=2024, credit=credit, amount_cents=amount, origin=origin)


def adjust(amount: Amount, credit: CreditKind = "commitment", origin: Origin | None = None) -> AdjustCredits:
    return AdjustCredits(line=LINE, year=2024, credit=credit, amount_cents=amount, origin=origin)


def move(
    cents: int, transfer: str = "BR-1", *, to: str = OTHER_LINE, credit: CreditKind = "commitment", sap: bool = False
) -> TransferCredits:
    return TransferCredits(
        line=LINE,
        year=2024,
        transfer=transfer,
        credit=credit,
        to_line=to,
        amount_cents=cents,
        origin=SAP if sap else None,
    )


def test_credits_are_voted_once() -> None:
    domain = budget()
    facts = domain.when(vote(known(100)))
    assert facts == {
        LEDGER: [CreditsVoted(line=LINE, year=2024, credit="commitment", amount_cents=known(100))],
    }
    assert domain.when(vote(known(100))) == {}
    with pytest.raises(VoteDiffers, match=r"^amount_cents is recorded as .* 100}, not .* 101}$") as refusal:
        domain.when(vote(known(101)))
    assert refusal.value.details["recorded"] == {"state": "known", "value": 100}
    with pytest.raises(VoteDiffers, match=r"not {'state': 'pending'}$"):
        domain.when(vote(PENDING))
    with pytest.raises(VoteDiffers, match="'Voir A'"):
        domain.when(vote(by_reference("Voir A")))
    assert domain.when(vote(known(7), credit="liquidation"))


def test_a_vote_repeated_after_an_adjustment_changes_nothing() -> None:
    domain = voted(budget(), commitment=100)
    domain.when(adjust(known(120)))
    assert domain.when(vote(known(100))) == {}
    assert domain.state(Ledger, f"{LINE}/2024").of("commitment").amount_cents == 120


def test_an_adjustment_states_the_new_amount() -> None:
    domain = voted(budget(), commitment=100)
    facts = domain.when(adjust(known(80)))
    assert facts == {LEDGER: [CreditsAdjusted(line=LINE, year=2024, credit="commitment", amount_cents=known(80))]}
    assert domain.when(adjust(known(80))) == {}
    with pytest.raises(NotVoted):
        domain.when(adjust(known(80), credit="liquidation"))


@pytest.mark.parametrize("line", ["brussels.33.004.28.09.6321", "other.33.004.28.01.6321"])
def test_credits_need_an_open_line(line: str) -> None:
    with pytest.raises(UnknownLine, match=line):
        budget().when(vote(known(1), line))


def test_a_line_of_receipts_has_no_credits() -> None:
    domain = budget()
    with pytest.raises(ReceiptLine):
        domain.when(vote(known(1), RECEIPTS))
    with pytest.raises(ReceiptLine):
        domain.when(move(1, to=RECEIPTS))


def test_committing_up_to_the_last_cent_is_allowed_and_one_more_refused() -> None:
    domain = voted(budget(), commitment=100)
    domain.when(commit(60))
    with pytest.raises(ExceedsCredits) as refusal:
        domain.when(commit(41, TWO))
    assert refusal.value.details["left_cents"] == 40
    facts = domain.when(commit(40, TWO))
    assert facts[LEDGER] == [CreditReserved(line=LINE, year=2024, commitment=TWO, amount_cents=40)]


def test_liquidating_up_to_the_last_cent_is_allowed_and_one_more_refused() -> None:
    domain = voted(budget(), liquidation=100)
    domain.when(commit(1_000))
    domain.when(pay(60))
    with pytest.raises(ExceedsCredits, match="41 cents are more than the 40 left of the liquidation credits"):
        domain.when(pay(41, "P-2"))
    facts = domain.when(pay(40, "P-2"))
    assert isinstance(facts[LEDGER][0], CreditConsumed)


def test_the_credits_of_another_year_do_not_help() -> None:
    domain = voted(voted(budget(), commitment=100), commitment=1, year=2025)
    with pytest.raises(ExceedsCredits):
        domain.when(commit(2, year=2025))
    assert domain.when(commit(2))


@pytest.mark.parametrize("amount", [UNKNOWN, PENDING, NOT_APPLICABLE, by_reference("page 3")])
def test_against_credits_that_are_not_stated_anything_is_accepted_and_marked(amount: Amount) -> None:
    domain = budget()
    domain.when(vote(amount))
    (reserved,) = domain.when(commit(MOST_CENTS))[LEDGER]
    assert isinstance(reserved, CreditReserved)
    assert reserved.unchecked


def test_against_credits_never_voted_anything_is_accepted_and_marked() -> None:
    (reserved,) = budget().when(commit(5))[LEDGER]
    assert isinstance(reserved, CreditReserved)
    assert reserved.unchecked


@pytest.mark.parametrize("amount", [NONE, known(0)])
def test_stated_none_is_zero(amount: Amount) -> None:
    domain = budget()
    domain.when(vote(amount))
    with pytest.raises(ExceedsCredits):
        domain.when(commit(1))


def test_a_total_that_nobody_could_keep_exactly_is_refused_even_when_reported() -> None:
    domain = budget()
    domain.when(commit(MOST_CENTS))
    reported = commit(1, TWO).model_copy(update={"origin": SAP})
    with pytest.raises(TotalTooLarge):
        domain.when(reported, roles=CONNECTOR)


def test_transfers_that_nobody_could_sum_exactly_are_refused() -> None:
    domain = budget()
    domain.when(move(MOST_CENTS))
    with pytest.raises(TotalTooLarge):
        domain.when(move(1, "BR-2"))
    third = move(1, "BR-3").model_copy(update={"line": "brussels.33.004.28.03.6321"})
    domain.when(OpenLine(line=third.line))
    with pytest.raises(TotalTooLarge):
        domain.when(third)


def test_a_transfer_is_recorded_in_both_ledgers() -> None:
    domain = voted(budget(), commitment=100)
    assert domain.when(move(30)) == {
        LEDGER: [
            CreditsTransferredOut(
                line=LINE, year=2024, credit="commitment", transfer="BR-1", to_line=OTHER_LINE, amount_cents=30
            )
        ],
        OTHER_LEDGER: [
            CreditsTransferredIn(
                line=OTHER_LINE, year=2024, credit="commitment", transfer="BR-1", from_line=LINE, amount_cents=30
            )
        ],
    }
    assert domain.when(move(30)) == {}
    assert domain.state(Ledger, f"{LINE}/2024").of("commitment").amount_cents == 70
    # What came to credits never stated does not make them known.
    assert domain.state(Ledger, f"{OTHER_LINE}/2024").of("commitment").amount_cents is None


def test_transferred_credits_can_be_used_where_they_went() -> None:
    domain = voted(budget(), commitment=100)
    domain.when(vote(known(10), OTHER_LINE))
    domain.when(move(30))
    other = commit(40).model_copy(update={"line": OTHER_LINE})
    with pytest.raises(ExceedsCredits):
        domain.when(other.model_copy(update={"amount_cents": 41}))
    assert domain.when(other)
    with pytest.raises(ExceedsCredits):
        domain.when(commit(71, TWO))
    assert domain.when(commit(70, TWO))


@pytest.mark.parametrize("other", [move(31), move(30, to="brussels.33.004.28.03.6321"), move(30, credit="liquidation")])
def test_a_transfer_reference_stands_for_one_transfer(other: TransferCredits) -> None:
    domain = voted(budget(), commitment=100, liquidation=100)
    domain.when(move(30))
    with pytest.raises(TransferDiffers, match="is recorded as"):
        domain.when(other)


def test_a_transfer_reference_is_unique_in_the_ledger_it_comes_to() -> None:
    domain = voted(budget(), commitment=100)
    domain.when(move(30))
    with pytest.raises(TransferDiffers, match=f"'BR-1' is another one in '{OTHER_LINE}/2024'"):
        domain.when(move(30).model_copy(update={"line": "brussels.33.004.28.03.6321"}))
    with pytest.raises(TransferDiffers, match=f"'BR-1' is another one in '{OTHER_LINE}/2024'"):
        domain.when(move(30, to=LINE).model_copy(update={"line": OTHER_LINE}))


def test_a_line_cannot_transfer_to_itself() -> None:
    with pytest.raises(SameLine):
        voted(budget(), commitment=100).when(move(1, to=LINE))


@pytest.mark.parametrize("credit", ["commitment", "liquidation"])
def test_a_transfer_leaves_what_is_used_and_not_a_cent_less(credit: CreditKind) -> None:
    domain = voted(budget(), commitment=100, liquidation=100)
    domain.when(commit(60))
    domain.when(pay(60))
    with pytest.raises(CreditsBelowUse, match="59 cents"):
        domain.when(move(41, credit=credit))
    assert domain.when(move(40, credit=credit))


@pytest.mark.parametrize("credit", ["commitment", "liquidation"])
def test_credits_are_lowered_to_what_is_used_and_not_a_cent_less(credit: CreditKind) -> None:
    domain = voted(budget(), commitment=100, liquidation=100)
    domain.when(commit(60))
    domain.when(pay(60))
    with pytest.raises(CreditsBelowUse):
        domain.when(adjust(known(59), credit))
    assert domain.when(adjust(known(60), credit))


def test_credits_are_not_lowered_below_what_was_transferred_out() -> None:
    domain = voted(budget(), commitment=100)
    domain.when(move(30))
    with pytest.raises(CreditsBelowUse):
        domain.when(adjust(known(29)))
    assert domain.when(adjust(known(30)))


def test_a_vote_covers_what_was_used_unchecked() -> None:
    domain = budget()
    domain.when(commit(60))
    with pytest.raises(CreditsBelowUse):
        domain.when(vote(known(59)))
    assert domain.when(vote(known(60)))


def test_what_a_system_reports_is_recorded_with_the_rules_it_breaks() -> None:
    domain = budget()
    domain.when(commit(60))
    (fact,) = domain.when(vote(known(59), origin=SAP), roles=CONNECTOR)[LEDGER]
    assert isinstance(fact, CreditsVoted)
    assert fact.breaches == ("credits-below-use",)
    assert fact.origin == SAP
    out, into = (facts[0] for facts in domain.when(move(1, sap=True), roles=CONNECTOR).values())
    assert isinstance(out, CreditsTransferredOut)
    assert isinstance(into, CreditsTransferredIn)
    assert out.breaches == into.breaches == ("credits-below-use",)
    # What is decided then still meets the rule.
    with pytest.raises(ExceedsCredits):
        domain.when(commit(1, TWO))
    (fact,) = domain.when(adjust(known(1), "liquidation", SAP), roles=CONNECTOR)[LEDGER]
    assert isinstance(fact, CreditsAdjusted)
    assert fact.breaches == ("not-voted",)


def test_only_a_connector_reports() -> None:
    domain = budget()
    with pytest.raises(MayNotReport, match="sap"):
        domain.when(vote(known(1), origin=SAP))
    with pytest.raises(MayNotReport):
        domain.when(vote(known(1), origin=SAP), roles=["controller"])
    assert domain.when(vote(known(1), origin=SAP), roles=["administrator"])
