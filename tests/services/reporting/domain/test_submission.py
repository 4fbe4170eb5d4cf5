"""A frozen letter is validated, approved and submitted, in this order; what is wrong in it goes with it as an erratum."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

import pytest

from contracts.reporting import LetterApproved, LetterCorrected, LetterFrozen, LetterSubmitted, LetterValidated
from contracts.types import Text
from regesta.command import Command
from regesta.errors import RegestaError
from regesta.event import Event
from regesta.testing import Domain
from services.reporting.app import SERVICE
from services.reporting.domain.errors import (
    CorrectionDiffers,
    NotApproved,
    NotFrozen,
    NotInRole,
    NotValidated,
    OtherLetter,
    SubmissionDiffers,
)
from services.reporting.domain.submission import ApproveLetter, CorrectLetter, SubmitLetter, ValidateLetter

HASH: Final = "a" * 64
OTHER: Final = "b" * 64
STREAM: Final = "letter/sport/2024"
LETTER: Final[dict[str, Any]] = {"note": "sport", "year": 2024, "hash": HASH}
ON: Final = date(2024, 10, 28)
ERRATUM: Final = Text(fr="Page 3", nl="Bladzijde 3")

FROZEN: Final = LetterFrozen(cut={"objectives": 1, "kpi": 0, "budget": 2}, adoptions=0, model=1, hash=HASH)
VALIDATED: Final = LetterValidated(role="director", hash=HASH)
APPROVED: Final = LetterApproved(role="minister", hash=HASH)
SUBMITTED: Final = LetterSubmitted(to="Parlement", on=ON, hash=HASH)
CORRECTED: Final = LetterCorrected(correction="1", erratum=ERRATUM, hash=HASH)

VALIDATE: Final = ValidateLetter(**LETTER, role="director")
APPROVE: Final = ApproveLetter(**LETTER, role="minister")
SUBMIT: Final = SubmitLetter(**LETTER, to="Parlement", on=ON)
CORRECT: Final = CorrectLetter(**LETTER, correction="1", erratum=ERRATUM)
WAY: Final[list[tuple[Command, Event]]] = [
    (VALIDATE, VALIDATED),
    (APPROVE, APPROVED),
    (SUBMIT, SUBMITTED),
    (CORRECT, CORRECTED),
]


@pytest.fixture
def domain() -> Domain:
    return Domain(SERVICE.aggregates, SERVICE.rules)


@pytest.mark.parametrize("number", range(len(WAY)))
def test_each_step_is_recorded_once_after_those_before_it(domain: Domain, number: int) -> None:
    command, event = WAY[number]
    before = [FROZEN, *(each for _, each in WAY[:number])]
    domain.given({STREAM: before})
    assert domain.when(command, roles={"director", "cabinet"}) == {STREAM: [event]}
    assert domain.when(command, roles={"director", "cabinet"}) == {}


@pytest.mark.parametrize(
    ("given", "command", "refusal"),
    [
        ([], VALIDATE, NotFrozen),
        ([], CORRECT, NotFrozen),
        ([FROZEN], APPROVE, NotValidated),
        ([FROZEN, VALIDATED], SUBMIT, NotApproved),
        ([FROZEN], VALIDATE.model_copy(update={"hash": OTHER}), OtherLetter),
        ([FROZEN, VALIDATED], APPROVE.model_copy(update={"hash": OTHER}), OtherLetter),
        ([FROZEN, VALIDATED, APPROVED], SUBMIT.model_copy(update={"hash": OTHER}), OtherLetter),
        ([FROZEN], CORRECT.model_copy(update={"hash": OTHER}), OtherLetter),
        ([FROZEN, VALIDATED, APPROVED, SUBMITTED], SUBMIT.model_copy(update={"to": "Conseil"}), SubmissionDiffers),
        ([FROZEN, CORRECTED], CORRECT.model_copy(update={"erratum": Text(fr="Page 4")}), CorrectionDiffers),
    ],
)
def test_a_step_that_cannot_be_is_refused(
    domain: Domain, given: list[Event], command: Command, refusal: type[RegestaError]
) -> None:
    domain.given({STREAM: given})
    with pytest.raises(refusal):
        domain.when(command, roles={"director", "cabinet"})


@pytest.mark.parametrize(
    ("role", "roles", "may"),
    [
        ("director", {"director"}, True),
        ("director", {"cabinet"}, False),
        ("cabinet", {"cabinet", "inspector"}, True),
        ("cabinet", {"director"}, False),
        ("cabinet", {"administrator"}, True),
    ],
)
def test_who_validates_has_the_role_in_which_it_is_done(
    domain: Domain, role: str, roles: set[str], *, may: bool
) -> None:
    domain.given({STREAM: [FROZEN]})
    command = VALIDATE.model_copy(update={"role": role})
    if may:
        assert domain.when(command, roles=roles) == {STREAM: [VALIDATED.model_copy(update={"role": role})]}
        return
    with pytest.raises(NotInRole) as refused:
        domain.when(command, roles=roles)
    assert refused.value.details == {"role": role}


def test_both_validate_and_each_of_both_approves(domain: Domain) -> None:
    domain.given({STREAM: [FROZEN, VALIDATED, APPROVED]})
    also = VALIDATE.model_copy(update={"role": "cabinet"})
    assert domain.when(also, roles={"cabinet"}) == {STREAM: [VALIDATED.model_copy(update={"role": "cabinet"})]}
    also_approved = APPROVE.model_copy(update={"role": "government"})
    assert domain.when(also_approved, roles={"cabinet"}) == {
        STREAM: [APPROVED.model_copy(update={"role": "government"})]
    }
