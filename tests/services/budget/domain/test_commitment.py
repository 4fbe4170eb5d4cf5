from __future__ import annotations

import pytest

from contracts.budget import CreditReleased
from contracts.commitments import AmountCommitted, AmountDecommitted, CommitmentReversed
from regesta.command import Reference
from regesta.testing import Domain
from services.budget.domain.commitment import Commit, Commitment, Decommit, ReverseCommitment
from services.budget.domain.errors import (
    CommitmentDiffers,
    DecommitmentDiffers,
    ExceedsCommitment,
    ExceedsCredits,
    NotFirstYear,
    NothingCommitted,
    NotWhole,
    OtherDossier,
    ReceiptLine,
    StillLiquidated,
    UnknownCommitment,
    UnknownConvention,
    UnknownLine,
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


def decommit(cents: int, decommitment: str = "D-1") -> Decommit:
    return Decommit(commitment=ONE, decommitment=decommitment, amount_cents=cents, reason="Final account")


def reverse() -> ReverseCommitment:
    return ReverseCommitment(commitment=ONE, reason="Wrong line")


def outstanding(domain: Domain) -> int:
    return domain.state(Commitment, ONE).outstanding_cents


def committed(domain: Domain) -> int:
    return domain.state(Ledger, f"{LINE}/2024").of("commitment").used_cents


def test_a_commitment_opens_and_charges_its_ledger() -> None:
    domain = voted(budget(), commitment=100)
    facts = domain.when(commit(60))
    assert facts[STREAM] == [AmountCommitted(line=LINE, year=2024, amount_cents=60)]
    assert (outstanding(domain), committed(domain)) == (60, 60)
    assert domain.when(commit(60)) == {}


@pytest.mark.parametrize(
    ("field", "value"),
    [("amount_cents", 61), ("line", OTHER_LINE), ("year", 2025), ("dossier", DOSSIER), ("visa", "V-1")],
)
def test_a_commitment_with_other_content_differs(field: str, value: object) -> None:
    domain = budget()
    domain.when(commit(60))
    with pytest.raises(CommitmentDiffers, match=field):
        domain.when(commit(60).model_copy(update={field: value}))


def test_a_repeated_commitment_is_no_refusal_when_the_credits_are_gone() -> None:
    domain = voted(budget(), commitment=60)
    domain.when(commit(60))
    assert domain.when(commit(60)) == {}


def test_a_line_of_receipts_takes_no_commitment() -> None:
    with pytest.raises(ReceiptLine):
        budget().when(commit(1).model_copy(update={"line": RECEIPTS}))


def test_a_commitment_needs_an_open_line_and_a_signed_convention() -> None:
    with pytest.raises(UnknownLine):
        budget().when(commit(1).model_copy(update={"line": "brussels.33.004.28.09.6321"}))
    with pytest.raises(UnknownConvention):
        budget().when(commit(1, convention=CONVENTION))


def test_a_dossier_is_referred_to() -> None:
    command = Commit(commitment=ONE, line=LINE, year=2024, amount_cents=1, dossier=DOSSIER)
    assert command.references() == (Reference("objectives", f"dossier/{DOSSIER}"),)
    assert commit(1).references() == ()


def test_a_commitment_has_the_dossier_of_its_convention_and_no_other() -> None:
    domain = budget()
    domain.when(sign(100))
    with pytest.raises(OtherDossier):
        domain.when(commit(100, convention=CONVENTION).model_copy(update={"dossier": TWO}))
    (fact,) = domain.when(commit(100, convention=CONVENTION))[STREAM]
    assert isinstance(fact, AmountCommitted)
    assert fact.dossier == DOSSIER


@pytest.mark.parametrize("cents", [99, 101])
def test_a_multi_year_grant_is_committed_whole(cents: int) -> None:
    domain = budget()
    domain.when(sign(100, tranches={2024: 40, 2025: 60}))
    with pytest.raises(NotWhole):
        domain.when(commit(cents, convention=CONVENTION))
    assert domain.when(commit(100, convention=CONVENTION))


@pytest.mark.parametrize("year", [2023, 2025])
def test_a_multi_year_grant_is_committed_in_its_first_year(year: int) -> None:
    domain = budget()
    domain.when(sign(100, tranches={2025: 60, 2024: 40}))
    with pytest.raises(NotFirstYear):
        domain.when(commit(100, convention=CONVENTION, year=year))


def test_a_grant_of_one_year_can_be_committed_in_parts() -> None:
    domain = budget()
    domain.when(sign(100, tranches={2024: 100}))
    assert domain.when(commit(40, convention=CONVENTION))
    assert domain.when(commit(60, TWO, convention=CONVENTION))


def test_what_is_outstanding_is_decommitted_and_not_a_cent_more() -> None:
    domain = budget()
    domain.when(commit(100))
    domain.when(pay(30))
    with pytest.raises(ExceedsCommitment, match="71 cents are more than the 70 outstanding"):
        domain.when(decommit(71))
    facts = domain.when(decommit(70))
    assert facts == {
        STREAM: [
            AmountDecommitted(decommitment="D-1", line=LINE, year=2024, amount_cents=70, reason="Final account"),
        ],
        LEDGER: [CreditReleased(line=LINE, year=2024, commitment=ONE, amount_cents=70)],
    }
    assert (outstanding(domain), committed(domain)) == (0, 30)


def test_released_credit_can_be_committed_again() -> None:
    domain = voted(budget(), commitment=100)
    domain.when(commit(100))
    domain.when(decommit(40))
    with pytest.raises(ExceedsCredits):
        domain.when(commit(41, TWO))
    assert domain.when(commit(40, TWO))


def test_a_decommitment_is_recorded_once() -> None:
    domain = budget()
    domain.when(commit(100))
    domain.when(decommit(60))
    assert domain.when(decommit(60)) == {}
    with pytest.raises(DecommitmentDiffers, match="61"):
        domain.when(decommit(61))
    assert domain.when(decommit(40, "D-2"))


def test_a_reversal_takes_back_what_is_still_committed() -> None:
    domain = budget()
    domain.when(commit(100))
    domain.when(decommit(30))
    facts = domain.when(reverse())
    assert facts == {
        STREAM: [CommitmentReversed(line=LINE, year=2024, amount_cents=70, reason="Wrong line")],
        LEDGER: [CreditReleased(line=LINE, year=2024, commitment=ONE, amount_cents=70)],
    }
    assert (outstanding(domain), committed(domain)) == (0, 0)
    assert domain.when(reverse()) == {}
    with pytest.raises(ExceedsCommitment):
        domain.when(pay(1))


def test_a_reversal_names_the_payments_in_its_way() -> None:
    domain = budget()
    domain.when(commit(100))
    domain.when(pay(1, "P-1"))
    domain.when(pay(1, "P-2"))
    domain.when(take_back())
    with pytest.raises(StillLiquidated) as refusal:
        domain.when(reverse())
    assert refusal.value.details["payments"] == ["P-2"]
    domain.when(take_back(payment="P-2"))
    assert domain.when(reverse())


@pytest.mark.parametrize("left", [0, 1])
def test_nothing_is_taken_back_of_what_was_decommitted_whole(left: int) -> None:
    domain = budget()
    domain.when(commit(100))
    domain.when(decommit(100 - left))
    if left:
        assert domain.when(reverse())
    else:
        with pytest.raises(NothingCommitted):
            domain.when(reverse())


def test_nothing_is_decommitted_of_what_was_never_committed() -> None:
    with pytest.raises(UnknownCommitment, match=ONE):
        budget().when(decommit(1))
    with pytest.raises(UnknownCommitment):
        budget().when(reverse())


def test_what_a_system_reports_is_recorded_with_the_rules_it_breaks() -> None:
    domain = voted(budget(), commitment=10)
    reported = commit(11).model_copy(update={"origin": SAP})
    (fact,) = domain.when(reported, roles=CONNECTOR)[STREAM]
    assert isinstance(fact, AmountCommitted)
    assert (fact.breaches, fact.unchecked, fact.origin) == (("exceeds-credits",), False, SAP)
    assert domain.when(reported, roles=CONNECTOR) == {}
    (fact,) = domain.when(decommit(12).model_copy(update={"origin": SAP}), roles=CONNECTOR)[STREAM]
    assert isinstance(fact, AmountDecommitted)
    assert fact.breaches == ("exceeds-commitment",)
    assert outstanding(domain) == -1
