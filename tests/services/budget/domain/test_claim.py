from __future__ import annotations

import pytest

from contracts.commitments import ClaimReceived, ClaimRejected, RecoveryCollected, RecoveryEstablished
from services.budget.domain.claim import CollectRecovery, EstablishRecovery, ReceiveClaim, RejectClaim
from services.budget.domain.errors import (
    ClaimDiffers,
    ClaimPaid,
    ExceedsClaim,
    ExceedsLiquidated,
    ExceedsRecovery,
    RecoveryDiffers,
    RejectedClaim,
    UnknownClaim,
    UnknownCommitment,
    UnknownPayment,
    UnknownRecovery,
)
from services.budget.domain.payment import Liquidate
from tests.services.budget.samples import CONNECTOR, ONE, SAP, budget, commit, pay, take_back

STREAM = f"commitment/{ONE}"


def claim(cents: int) -> ReceiveClaim:
    return ReceiveClaim(commitment=ONE, claim="C-1", amount_cents=cents)


def reject(reason: str = "No evidence") -> RejectClaim:
    return RejectClaim(commitment=ONE, claim="C-1", reason=reason)


def pay_claim(cents: int, payment: str = "P-1") -> Liquidate:
    return pay(cents, payment).model_copy(update={"claim": "C-1"})


def recover(cents: int, recovery: str = "V-1", payment: str | None = None) -> EstablishRecovery:
    return EstablishRecovery(commitment=ONE, recovery=recovery, amount_cents=cents, payment=payment)


def collect(cents: int) -> CollectRecovery:
    return CollectRecovery(commitment=ONE, recovery="V-1", amount_cents=cents)


def test_a_claim_is_received_once() -> None:
    domain = budget()
    domain.when(commit(100))
    assert domain.when(claim(60)) == {STREAM: [ClaimReceived(claim="C-1", amount_cents=60)]}
    assert domain.when(claim(60)) == {}
    with pytest.raises(ClaimDiffers, match="61"):
        domain.when(claim(61))


def test_a_claim_needs_a_commitment() -> None:
    with pytest.raises(UnknownCommitment):
        budget().when(claim(1))


def test_on_a_claim_no_cent_more_is_paid_than_it_asks() -> None:
    domain = budget()
    domain.when(commit(100))
    with pytest.raises(UnknownClaim):
        domain.when(pay_claim(1))
    domain.when(claim(60))
    domain.when(pay_claim(20))
    with pytest.raises(ExceedsClaim, match="61 cents are more than the 60"):
        domain.when(pay_claim(41, "P-2"))
    assert domain.when(pay_claim(40, "P-2"))
    domain.when(take_back(5))
    assert domain.when(pay_claim(5, "P-3"))


def test_a_rejected_claim_is_not_paid() -> None:
    domain = budget()
    domain.when(commit(100))
    domain.when(claim(60))
    assert domain.when(reject()) == {STREAM: [ClaimRejected(claim="C-1", reason="No evidence")]}
    assert domain.when(reject()) == {}
    with pytest.raises(ClaimDiffers):
        domain.when(reject("Too late"))
    with pytest.raises(RejectedClaim):
        domain.when(pay_claim(1))


def test_a_paid_claim_is_not_rejected() -> None:
    domain = budget()
    domain.when(commit(100))
    with pytest.raises(UnknownClaim):
        domain.when(reject())
    domain.when(claim(60))
    domain.when(pay_claim(1))
    with pytest.raises(ClaimPaid):
        domain.when(reject())
    domain.when(take_back())
    assert domain.when(reject())


def test_no_cent_more_is_owed_back_than_was_liquidated() -> None:
    domain = budget()
    domain.when(commit(100))
    domain.when(pay(60))
    with pytest.raises(UnknownPayment):
        domain.when(recover(1, payment="P-9"))
    domain.when(recover(20, payment="P-1"))
    with pytest.raises(ExceedsLiquidated):
        domain.when(recover(41, "V-2"))
    assert domain.when(recover(40, "V-2")) == {STREAM: [RecoveryEstablished(recovery="V-2", amount_cents=40)]}


def test_a_recovery_is_established_once_and_lowers_nothing() -> None:
    domain = budget()
    domain.when(commit(100))
    domain.when(pay(60))
    assert set(domain.when(recover(20))) == {STREAM}
    assert domain.when(recover(20)) == {}
    with pytest.raises(RecoveryDiffers):
        domain.when(recover(21))
    assert domain.when(pay(40, "P-2"))


def test_no_cent_more_comes_in_than_is_owed_back() -> None:
    domain = budget()
    domain.when(commit(100))
    domain.when(pay(60))
    with pytest.raises(UnknownRecovery):
        domain.when(collect(1))
    domain.when(recover(20))
    domain.when(collect(12))
    with pytest.raises(ExceedsRecovery):
        domain.when(collect(9))
    assert domain.when(collect(8)) == {STREAM: [RecoveryCollected(recovery="V-1", amount_cents=8)]}


def test_what_a_system_reports_is_recorded_with_the_rules_it_breaks() -> None:
    domain = budget()
    domain.when(commit(100))
    (fact,) = domain.when(recover(1).model_copy(update={"origin": SAP}), roles=CONNECTOR)[STREAM]
    assert isinstance(fact, RecoveryEstablished)
    assert fact.breaches == ("exceeds-liquidated",)
    (cash,) = domain.when(collect(2).model_copy(update={"origin": SAP}), roles=CONNECTOR)[STREAM]
    assert isinstance(cash, RecoveryCollected)
    assert cash.breaches == ("exceeds-recovery",)


def test_a_claim_is_paid_and_a_recovery_collected_at_once_to_the_last_cent() -> None:
    domain = budget()
    domain.when(commit(100))
    domain.when(claim(60))
    with pytest.raises(ExceedsClaim):
        domain.when(pay_claim(61))
    assert domain.when(pay_claim(60))
    domain.when(recover(60))
    with pytest.raises(ExceedsRecovery):
        domain.when(collect(61))
    assert domain.when(collect(60))
