from __future__ import annotations

import pytest
from pydantic import ValidationError

from contracts.budget import CreditConsumed, CreditReturned
from contracts.commitments import ConventionDrawn, ConventionReturned, PaymentLiquidated, PaymentReversed
from regesta.errors import Refused
from regesta.testing import Domain
from services.budget.domain.claim import EstablishRecovery
from services.budget.domain.commitment import Commitment
from services.budget.domain.convention import AmendConvention, Convention, TerminateConvention
from services.budget.domain.errors import (
    ConventionEnded,
    ExceedsAdvance,
    ExceedsCommitment,
    ExceedsConvention,
    ExceedsLiquidated,
    ExceedsPayment,
    ExceedsTranches,
    NotFirstYear,
    NotWhole,
    OtherDossier,
    PaymentBeforeCommitment,
    PaymentDiffers,
    ReceiptLine,
    ReversalDiffers,
    UnknownCommitment,
    UnknownConvention,
    UnknownPayment,
)
from services.budget.domain.ledger import Ledger
from tests.services.budget.samples import (
    CONNECTOR,
    CONVENTION,
    DOSSIER,
    LEDGER,
    LINE,
    ONE,
    OTHER_LINE,
    RECEIPTS,
    SAP,
    TWO,
    budget,
    commit,
    pay,
    sign,
    take_back,
    voted,
)

STREAM = f"commitment/{ONE}"
AGREEMENT = f"convention/{CONVENTION}"


def liquidated(domain: Domain, year: int = 2024) -> tuple[int, int]:
    """Return what is liquidated on the commitment and on the ledger."""
    of_line = domain.state(Ledger, f"{LINE}/{year}").of("liquidation").used_cents
    return domain.state(Commitment, ONE).liquidated_cents, of_line


def test_a_payment_charges_the_ledger_of_its_year() -> None:
    domain = budget()
    domain.when(commit(100))
    assert domain.when(pay(60, year=2025)) == {
        STREAM: [
            PaymentLiquidated(payment="P-1", line=LINE, year=2025, amount_cents=60, part="interim", unchecked=True)
        ],
        f"ledger/{LINE}/2025": [
            CreditConsumed(line=LINE, year=2025, commitment=ONE, payment="P-1", amount_cents=60, unchecked=True)
        ],
    }
    assert liquidated(domain, 2025) == (60, 60)
    assert liquidated(domain) == (60, 0)


def test_a_payment_up_to_the_last_cent_is_allowed_and_one_more_refused() -> None:
    domain = budget()
    domain.when(commit(100))
    domain.when(pay(60))
    with pytest.raises(ExceedsCommitment) as refusal:
        domain.when(pay(41, "P-2"))
    assert refusal.value.details["outstanding_cents"] == 40
    assert domain.when(pay(40, "P-2"))
    with pytest.raises(ExceedsCommitment):
        domain.when(pay(1, "P-3"))


def test_a_payment_of_the_same_content_is_recorded_once() -> None:
    domain = voted(budget(), liquidation=100)
    domain.when(commit(100))
    domain.when(pay(100))
    assert domain.when(pay(100)) == {}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("amount_cents", 61),
        ("year", 2025),
        ("part", "balance"),
        ("line", OTHER_LINE),
        ("visa", "V-1"),
        ("dossier", DOSSIER),
    ],
)
def test_a_payment_of_other_content_differs(field: str, value: object) -> None:
    domain = budget()
    domain.when(commit(100))
    domain.when(pay(60))
    with pytest.raises(PaymentDiffers, match=field):
        domain.when(pay(60).model_copy(update={field: value}))


def test_a_payment_needs_a_commitment_and_a_line_of_expenditure() -> None:
    with pytest.raises(UnknownCommitment):
        budget().when(pay(1))
    domain = budget()
    domain.when(commit(100))
    with pytest.raises(ReceiptLine):
        domain.when(pay(1).model_copy(update={"line": RECEIPTS}))


def test_a_payment_comes_in_the_year_of_its_commitment_or_later() -> None:
    domain = budget()
    domain.when(commit(100))
    with pytest.raises(PaymentBeforeCommitment, match="2023"):
        domain.when(pay(1, year=2023))
    assert domain.when(pay(1, year=2024))


def test_a_payment_can_be_charged_to_the_line_that_replaced_the_first() -> None:
    domain = budget()
    domain.when(commit(100))
    facts = domain.when(pay(60, year=2025).model_copy(update={"line": OTHER_LINE}))
    assert f"ledger/{OTHER_LINE}/2025" in facts


def test_a_reversal_is_the_opposite_amount_on_commitment_and_ledger() -> None:
    domain = voted(budget(), liquidation=100)
    domain.when(commit(100))
    domain.when(pay(60))
    assert domain.when(take_back()) == {
        STREAM: [
            PaymentReversed(payment="P-1", reversal="R-1", line=LINE, year=2024, amount_cents=60, reason="Paid twice")
        ],
        LEDGER: [CreditReturned(line=LINE, year=2024, commitment=ONE, payment="P-1", amount_cents=60)],
    }
    assert liquidated(domain) == (0, 0)
    assert domain.when(pay(100, "P-2"))


def test_a_reversal_finds_the_ledger_of_its_payment() -> None:
    domain = budget()
    domain.when(commit(100))
    domain.when(pay(60, year=2025).model_copy(update={"line": OTHER_LINE}))
    assert f"ledger/{OTHER_LINE}/2025" in domain.when(take_back())


def test_a_payment_is_taken_back_in_parts_and_not_a_cent_more() -> None:
    domain = budget()
    domain.when(commit(100))
    domain.when(pay(60))
    domain.when(take_back(20))
    assert liquidated(domain) == (40, 40)
    with pytest.raises(ExceedsPayment, match="41 cents are more than the 40"):
        domain.when(take_back(41, reversal="R-2"))
    assert domain.when(take_back(40, reversal="R-2"))
    with pytest.raises(ExceedsPayment, match="nothing stands"):
        domain.when(take_back(reversal="R-3"))


def test_a_reversal_is_recorded_once() -> None:
    domain = budget()
    domain.when(commit(100))
    domain.when(pay(60))
    domain.when(take_back())
    assert domain.when(take_back()) == {}
    assert domain.when(take_back(60)) == {}
    with pytest.raises(ReversalDiffers, match="59"):
        domain.when(take_back(59))
    # A payment that was taken back keeps its reference.
    assert domain.when(pay(60)) == {}


def test_a_reversal_of_all_that_stands_is_no_reversal_of_a_part() -> None:
    domain = budget()
    domain.when(commit(100))
    domain.when(pay(60))
    domain.when(take_back(20))
    with pytest.raises(ReversalDiffers) as refusal:
        domain.when(take_back())
    assert refusal.value.details == {"field": "amount_cents", "recorded": 20, "given": 60}
    domain.when(take_back(reversal="R-2"))
    assert liquidated(domain) == (0, 0)
    assert domain.when(take_back(reversal="R-2")) == {}
    assert domain.when(take_back(40, reversal="R-2")) == {}


def test_what_is_unknown_cannot_be_taken_back() -> None:
    domain = budget()
    domain.when(commit(100))
    with pytest.raises(UnknownPayment, match="P-9"):
        domain.when(take_back(payment="P-9"))


def test_a_reversal_leaves_what_recoveries_recover() -> None:
    domain = budget()
    domain.when(commit(100))
    domain.when(pay(60))
    domain.when(EstablishRecovery(commitment=ONE, recovery="V-1", amount_cents=25, payment="P-1"))
    with pytest.raises(ExceedsLiquidated) as refusal:
        domain.when(take_back(36))
    assert refusal.value.details["recoveries"] == ["V-1"]
    assert domain.when(take_back(35))


def agreed(cents: int = 100, *, advance_ppm: int | None = None, tranches: dict[int, int] | None = None) -> Domain:
    """Return a convention, and two commitments: one made for it, one of more."""
    domain = budget()
    domain.when(sign(cents, advance_ppm=advance_ppm, tranches=tranches))
    domain.when(commit(cents, convention=CONVENTION))
    domain.when(commit(1_000, TWO))
    return domain


def test_a_payment_draws_on_the_convention_of_its_commitment() -> None:
    domain = agreed()
    facts = domain.when(pay(60, part="balance"))
    drawn = {"commitment": ONE, "payment": "P-1", "part": "balance", "year": 2024, "amount_cents": 60}
    assert facts[AGREEMENT] == [ConventionDrawn.model_validate(drawn)]
    (fact,) = facts[STREAM]
    assert isinstance(fact, PaymentLiquidated)
    assert (fact.convention, fact.dossier) == (CONVENTION, DOSSIER)
    assert domain.when(take_back(50))[AGREEMENT] == [ConventionReturned.model_validate(drawn | {"amount_cents": 50})]
    assert domain.state(Convention, CONVENTION).paid_cents == 10


def test_an_advance_is_at_most_its_part_of_the_convention() -> None:
    domain = agreed(101, advance_ppm=200_000)
    domain.when(pay(15, "P-1", part="advance"))
    with pytest.raises(ExceedsAdvance, match="21 cents in advance are more than the 20"):
        domain.when(pay(6, "P-2", part="advance"))
    assert domain.when(pay(5, "P-2", part="advance"))
    assert domain.when(pay(81, "P-3", part="interim"))


def test_all_commitments_of_a_convention_share_its_advance() -> None:
    domain = agreed(100, advance_ppm=200_000)
    domain.when(pay(20, part="advance"))
    other = pay(1, part="advance", of=TWO).model_copy(update={"convention": CONVENTION})
    with pytest.raises(ExceedsAdvance):
        domain.when(other)
    domain.when(take_back(1))
    assert domain.when(other)


def test_without_a_stated_part_an_advance_is_not_bounded() -> None:
    assert agreed().when(pay(100, part="advance"))


def test_no_advance_is_paid_where_none_is_agreed() -> None:
    with pytest.raises(ExceedsAdvance):
        agreed(advance_ppm=0).when(pay(1, part="advance"))


def test_no_more_is_paid_than_the_convention() -> None:
    domain = agreed(100)
    other = pay(101, of=TWO).model_copy(update={"convention": CONVENTION})
    with pytest.raises(ExceedsConvention):
        domain.when(other)
    assert domain.when(other.model_copy(update={"amount_cents": 100}))


def test_by_the_end_of_a_year_no_more_is_paid_than_its_tranches() -> None:
    domain = agreed(tranches={2024: 40, 2025: 60})
    with pytest.raises(ExceedsTranches, match="41 cents by the end of 2024 are more than the 40"):
        domain.when(pay(41))
    domain.when(pay(30))
    with pytest.raises(ExceedsTranches):
        domain.when(pay(11, "P-2"))
    # What was not paid in a year can be in the next.
    assert domain.when(pay(70, "P-2", year=2025))


def test_a_payment_of_an_early_year_that_comes_late_counts_for_the_later_years_too() -> None:
    domain = agreed(tranches={2024: 40, 2025: 30, 2026: 30})
    domain.when(pay(65, year=2025))
    with pytest.raises(ExceedsTranches, match="71 cents by the end of 2025 are more than the 70"):
        domain.when(pay(6, "P-2", year=2024))
    assert domain.when(pay(5, "P-2", year=2024))
    reported = pay(31, "P-3", year=2026).model_copy(update={"origin": SAP})
    (fact,) = domain.when(reported, roles=CONNECTOR)[STREAM]
    assert isinstance(fact, PaymentLiquidated)
    assert fact.breaches == ("exceeds-commitment", "exceeds-convention", "exceeds-tranches")


@pytest.mark.parametrize(
    ("cents", "year", "refusal"),
    [(99, 2024, NotWhole), (100, 2025, NotFirstYear), (100, 2024, None), (101, 2023, None)],
)
def test_a_commitment_made_before_a_multi_year_convention_covers_it_whole_from_the_first_year(
    cents: int, year: int, refusal: type[Refused] | None
) -> None:
    domain = budget()
    domain.when(commit(cents, year=year))
    domain.when(sign(100, tranches={2024: 40, 2025: 60}))
    payment = pay(1, year=2025).model_copy(update={"convention": CONVENTION})
    if refusal is None:
        assert domain.when(payment)
    else:
        with pytest.raises(refusal):
            domain.when(payment)


def test_a_payment_before_the_first_tranche_is_refused() -> None:
    domain = budget()
    domain.when(sign(100, tranches={2025: 40, 2026: 60}))
    domain.when(commit(100))
    with pytest.raises(ExceedsTranches):
        domain.when(pay(1).model_copy(update={"convention": CONVENTION}))


def test_after_the_end_of_a_convention_its_advance_is_refused_and_its_balance_is_not() -> None:
    domain = agreed()
    domain.when(TerminateConvention(convention=CONVENTION, reason="Given up"))
    with pytest.raises(ConventionEnded):
        domain.when(pay(1, part="advance"))
    assert domain.when(pay(1, part="balance"))


def test_a_payment_names_a_signed_convention_of_its_dossier() -> None:
    domain = agreed()
    with pytest.raises(UnknownConvention):
        domain.when(pay(1).model_copy(update={"convention": TWO}))
    with pytest.raises(OtherDossier):
        domain.when(pay(1).model_copy(update={"dossier": TWO}))


def test_an_amended_convention_bounds_by_its_new_terms() -> None:
    domain = agreed(100, advance_ppm=200_000)
    domain.when(AmendConvention(convention=CONVENTION, amount_cents=200, advance_ppm=200_000))
    assert domain.when(pay(40, part="advance"))
    with pytest.raises(ExceedsAdvance):
        domain.when(pay(1, "P-2", part="advance"))


def test_what_a_system_reports_is_recorded_with_every_rule_it_breaks() -> None:
    domain = voted(agreed(advance_ppm=100_000), liquidation=10)
    reported = pay(101, part="advance").model_copy(update={"origin": SAP})
    (fact,) = domain.when(reported, roles=CONNECTOR)[STREAM]
    assert isinstance(fact, PaymentLiquidated)
    assert fact.breaches == ("exceeds-commitment", "exceeds-credits", "exceeds-convention", "exceeds-advance")
    assert not fact.unchecked
    (back,) = domain.when(take_back(102).model_copy(update={"origin": SAP}), roles=CONNECTOR)[STREAM]
    assert isinstance(back, PaymentReversed)
    assert back.breaches == ("exceeds-payment", "exceeds-liquidated")


@pytest.mark.parametrize("payment", ["2024/17", "/", ".", "..", " .. "])
def test_a_reference_that_no_address_can_hold_is_refused(payment: str) -> None:
    with pytest.raises(ValidationError, match="stands in addresses"):
        pay(1, payment)


def test_any_other_reference_is_accepted() -> None:
    assert pay(1, " 2024-17 n° 3... ").payment == "2024-17 n° 3..."
