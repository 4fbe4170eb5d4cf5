"""A letter is frozen once."""

from __future__ import annotations

from typing import Final

import pytest

from contracts.reporting import LetterFrozen
from regesta.testing import Domain
from services.reporting.app import SERVICE
from services.reporting.domain.errors import LetterDiffers
from services.reporting.domain.frozen import FreezeLetter

CUT: Final = {"objectives": 812, "kpi": 0, "budget": 1234}
COMMAND: Final = FreezeLetter(note="sport", year=2024, cut=CUT, adoptions=0, model=1, hash="a" * 64)
STREAM: Final = "letter/sport/2024"
FROZEN: Final = LetterFrozen(cut=CUT, adoptions=0, model=1, hash="a" * 64)


@pytest.fixture
def domain() -> Domain:
    return Domain(SERVICE.aggregates, SERVICE.rules)


def test_a_letter_is_frozen_as_it_was_made(domain: Domain) -> None:
    assert domain.when(COMMAND) == {STREAM: [FROZEN]}
    assert domain.when(COMMAND.model_copy(update={"year": 2025})) == {"letter/sport/2025": [FROZEN]}


def test_the_same_again_records_nothing(domain: Domain) -> None:
    domain.given({STREAM: [FROZEN]})
    assert domain.when(COMMAND) == {}
    # The order of a cut's logs is none; nor is it another letter when another log was adopted since, which took nothing of it.
    again = {"cut": dict(reversed(CUT.items())), "adoptions": 3}
    assert domain.when(COMMAND.model_copy(update=again)) == {}


@pytest.mark.parametrize(
    ("member", "value"), [("cut", {**CUT, "kpi": 1}), ("hash", "b" * 64), ("model", 2)], ids=lambda each: str(each)[:9]
)
def test_a_letter_that_is_frozen_otherwise_is_refused(domain: Domain, member: str, value: object) -> None:
    domain.given({STREAM: [FROZEN]})
    with pytest.raises(LetterDiffers) as refused:
        domain.when(COMMAND.model_copy(update={member: value}))
    details = refused.value.details
    assert (details["field"], details["recorded"], details["given"]) == (member, getattr(FROZEN, member), value)
