from __future__ import annotations

import pytest

from contracts.commitments import (
    AmountCommitted,
    ConventionAmended,
    ConventionCommitted,
    ConventionReleased,
    ConventionSigned,
    ConventionTerminated,
    Tranche,
)
from contracts.types import Origin
from regesta.command import Reference
from regesta.testing import Domain
from services.budget.domain.commitment import Decommit, ReverseCommitment
from services.budget.domain.convention import AmendConvention, SignConvention, TerminateConvention
from services.budget.domain.errors import (
    ConventionDiffers,
    ConventionEnded,
    ExceedsAdvance,
    ExceedsConvention,
    ExceedsTranches,
    OvercommitsConvention,
    RepeatedTranche,
    TerminationDiffers,
    TranchesDiffer,
    UnknownConvention,
)
from tests.services.budget.samples import CONNECTOR, CONVENTION, DOSSIER, ONE, SAP, TWO, budget, commit, pay, sign

STREAM = f"convention/{CONVENTION}"


def amend(
    cents: int, *, advance_ppm: int | None = None, tranches: dict[int, int] | None = None, origin: Origin | None = None
) -> AmendConvention:
    return AmendConvention(
        convention=CONVENTION,
        amount_cents=cents,
        advance_ppm=advance_ppm,
        tranches=tuple(Tranche(year=year, amount_cents=part) for year, part in (tranches or {}).items()),
        origin=origin,
    )


def paid(cents: int, *, advance_ppm: int | None = None, tranches: dict[int, int] | None = None) -> Domain:
    """Return a convention of 100 cents with an advance paid in 2024."""
    domain = budget()
    domain.when(sign(100, advance_ppm=advance_ppm, tranches=tranches))
    domain.when(commit(100, convention=CONVENTION))
    domain.when(pay(cents, part="advance"))
    return domain


def test_a_convention_is_signed_once() -> None:
    domain = budget()
    signed = ConventionSigned(dossier=DOSSIER, amount_cents=100, tranches=(Tranche(year=2024, amount_cents=100),))
    assert domain.when(sign(100, tranches={2024: 100})) == {STREAM: [signed]}
    assert domain.when(sign(100, tranches={2024: 100})) == {}
    with pytest.raises(
        ConventionDiffers, match=r"tranches is recorded as \[{'year': 2024, 'amount_cents': 100}\]"
    ) as refusal:
        domain.when(sign(100))
    assert refusal.value.details["recorded"] == [{"year": 2024, "amount_cents": 100}]
    assert refusal.value.details["given"] == []
    with pytest.raises(ConventionDiffers, match="101"):
        domain.when(sign(101, tranches={2024: 101}))


def test_the_dossier_and_the_parties_are_referred_to() -> None:
    assert sign(1).references() == (Reference("objectives", f"dossier/{DOSSIER}"),)
    assert sign(1).model_copy(update={"parties": (ONE, TWO)}).references() == (
        Reference("objectives", f"dossier/{DOSSIER}"),
        Reference("objectives", f"party/{ONE}"),
        Reference("objectives", f"party/{TWO}"),
    )


@pytest.mark.parametrize("last", [59, 61])
def test_the_tranches_add_up_to_the_amount(last: int) -> None:
    domain = budget()
    with pytest.raises(TranchesDiffer) as refusal:
        domain.when(sign(100, tranches={2024: 40, 2025: last}))
    assert refusal.value.details == {"tranches_cents": 40 + last, "amount_cents": 100}
    assert domain.when(sign(100, tranches={2024: 40, 2025: 60}))


def test_a_year_has_one_tranche() -> None:
    twice = tuple(Tranche(year=2024, amount_cents=50) for _ in range(2))
    command = SignConvention(convention=CONVENTION, dossier=DOSSIER, amount_cents=100, tranches=twice)
    with pytest.raises(RepeatedTranche, match="2024"):
        budget().when(command)


def test_an_amendment_states_all_terms() -> None:
    domain = budget()
    domain.when(sign(100))
    facts = domain.when(amend(90, advance_ppm=100_000))
    assert facts == {STREAM: [ConventionAmended(amount_cents=90, advance_ppm=100_000)]}
    assert domain.when(amend(90, advance_ppm=100_000)) == {}
    assert domain.when(amend(90))
    with pytest.raises(TranchesDiffer):
        domain.when(amend(90, tranches={2024: 89}))
    # The signature, sent again, is known.
    assert domain.when(sign(100)) == {}


def decommit(cents: int, commitment: str = ONE) -> Decommit:
    return Decommit(commitment=commitment, decommitment="D-1", amount_cents=cents, reason="Final account")


def test_an_amendment_leaves_what_is_paid_and_not_a_cent_less() -> None:
    domain = paid(40)
    domain.when(decommit(60))
    with pytest.raises(ExceedsConvention):
        domain.when(amend(39))
    assert domain.when(amend(40))


def test_an_amendment_leaves_what_is_paid_in_advance() -> None:
    domain = paid(40)
    with pytest.raises(ExceedsAdvance):
        domain.when(amend(100, advance_ppm=399_999))
    assert domain.when(amend(100, advance_ppm=400_000))


def test_an_amendment_leaves_what_is_paid_of_the_tranches() -> None:
    domain = paid(40, tranches={2024: 40, 2025: 60})
    with pytest.raises(ExceedsTranches, match="2024"):
        domain.when(amend(100, tranches={2024: 39, 2025: 61}))
    with pytest.raises(ExceedsTranches, match="2024"):
        domain.when(amend(100, tranches={2025: 100}))
    assert domain.when(amend(100, tranches={2024: 40, 2025: 60}))


def test_an_amended_grant_can_be_committed_in_parts() -> None:
    domain = budget()
    domain.when(sign(100, tranches={2024: 40, 2025: 60}))
    domain.when(commit(100, convention=CONVENTION))
    domain.when(amend(130, tranches={2024: 40, 2025: 90}))
    with pytest.raises(OvercommitsConvention):
        domain.when(commit(31, TWO, year=2025, convention=CONVENTION))
    assert domain.when(commit(30, TWO, year=2025, convention=CONVENTION))


def test_a_convention_ends_once() -> None:
    domain = budget()
    domain.when(sign(100))
    end = TerminateConvention(convention=CONVENTION, reason="Given up")
    assert domain.when(end) == {STREAM: [ConventionTerminated(reason="Given up")]}
    assert domain.when(end) == {}
    with pytest.raises(TerminationDiffers, match="Bankrupt"):
        domain.when(TerminateConvention(convention=CONVENTION, reason="Bankrupt"))
    with pytest.raises(ConventionEnded):
        domain.when(amend(90))


def test_only_a_signed_convention_is_changed() -> None:
    with pytest.raises(UnknownConvention, match=CONVENTION):
        budget().when(amend(1))
    with pytest.raises(UnknownConvention):
        budget().when(TerminateConvention(convention=CONVENTION, reason="Given up"))


def test_what_a_system_reports_is_recorded_with_the_rules_it_breaks() -> None:
    domain = budget()
    reported = sign(100, tranches={2024: 99}).model_copy(update={"origin": SAP})
    (fact,) = domain.when(reported, roles=CONNECTOR)[STREAM]
    assert isinstance(fact, ConventionSigned)
    assert fact.breaches == ("tranches-differ",)
    domain.when(commit(100, ONE, convention=CONVENTION))
    domain.when(pay(99))
    (change,) = domain.when(amend(98, origin=SAP), roles=CONNECTOR)[STREAM]
    assert isinstance(change, ConventionAmended)
    assert change.breaches == ("exceeds-convention", "overcommits-convention")


@pytest.mark.parametrize("tranches", [None, {2024: 40, 2025: 60}])
def test_a_convention_is_not_committed_twice(tranches: dict[int, int] | None) -> None:
    domain = budget()
    domain.when(sign(100, tranches=tranches))
    facts = domain.when(commit(100, convention=CONVENTION))
    assert facts[STREAM] == [ConventionCommitted(commitment=ONE, amount_cents=100)]
    assert domain.when(commit(100, convention=CONVENTION)) == {}
    with pytest.raises(OvercommitsConvention, match="200 cents committed in all are more than the 100") as refusal:
        domain.when(commit(100, TWO, convention=CONVENTION))
    assert refusal.value.details == {"convention": CONVENTION, "committed_cents": 200, "convention_cents": 100}


def test_parts_are_committed_up_to_the_amount_and_not_a_cent_more() -> None:
    domain = budget()
    domain.when(sign(100))
    domain.when(commit(60, convention=CONVENTION))
    with pytest.raises(OvercommitsConvention):
        domain.when(commit(41, TWO, convention=CONVENTION))
    assert domain.when(commit(40, TWO, convention=CONVENTION))


def test_what_is_decommitted_or_reversed_can_be_committed_again() -> None:
    domain = budget()
    domain.when(sign(100))
    domain.when(commit(100, convention=CONVENTION))
    assert domain.when(decommit(30))[STREAM] == [ConventionReleased(commitment=ONE, amount_cents=30)]
    with pytest.raises(OvercommitsConvention):
        domain.when(commit(31, TWO, convention=CONVENTION))
    reversal = domain.when(ReverseCommitment(commitment=ONE, reason="Wrong line"))
    assert reversal[STREAM] == [ConventionReleased(commitment=ONE, amount_cents=70)]
    assert domain.when(commit(100, TWO, convention=CONVENTION))


def test_an_amendment_leaves_what_is_committed_and_not_a_cent_less() -> None:
    domain = budget()
    domain.when(sign(100))
    domain.when(commit(60, convention=CONVENTION))
    with pytest.raises(OvercommitsConvention, match="60 cents"):
        domain.when(amend(59))
    assert domain.when(amend(60))


def test_a_reported_commitment_beyond_a_convention_is_recorded_as_a_breach() -> None:
    domain = budget()
    domain.when(sign(100))
    reported = commit(101, convention=CONVENTION).model_copy(update={"origin": SAP})
    facts = domain.when(reported, roles=CONNECTOR)
    (fact,) = facts[f"commitment/{ONE}"]
    assert isinstance(fact, AmountCommitted)
    assert fact.breaches == ("overcommits-convention",)
    assert facts[STREAM] == [ConventionCommitted(commitment=ONE, amount_cents=101)]


def test_nothing_more_is_committed_under_a_convention_that_has_ended() -> None:
    domain = budget()
    domain.when(sign(100))
    domain.when(commit(60, convention=CONVENTION))
    domain.when(TerminateConvention(convention=CONVENTION, reason="Given up"))
    assert domain.when(commit(60, convention=CONVENTION)) == {}, "what was committed before stands"
    late = commit(40, TWO, convention=CONVENTION)
    with pytest.raises(ConventionEnded, match=CONVENTION) as refusal:
        domain.when(late)
    assert refusal.value.details == {"convention": CONVENTION}
    assert domain.when(decommit(10))[STREAM] == [ConventionReleased(commitment=ONE, amount_cents=10)]
    facts = domain.when(late.model_copy(update={"origin": SAP}), roles=CONNECTOR)
    (fact,) = facts[f"commitment/{TWO}"]
    assert isinstance(fact, AmountCommitted)
    assert fact.breaches == ("convention-ended",)
    assert facts[STREAM] == [ConventionCommitted(commitment=TWO, amount_cents=40)]
