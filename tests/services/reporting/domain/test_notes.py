from __future__ import annotations

from datetime import date

import pytest

from contracts.objectives import ObjectiveRegistered, PolicyNoteOpened, SectionPrinted
from contracts.types import Section, Text
from regesta.event import Event
from services.reporting.domain.notes import note_line
from services.reporting.domain.standing import StandingFact

ID = "00000000-0000-4000-8000-000000000001"
PLANNED = SectionPrinted(objective=ID, section=Section(year=2025, kind="planned"))
REALISED = SectionPrinted(objective=ID, section=Section(year=2022, kind="realised"))
LOOSE = ObjectiveRegistered(objective=ID, level="strategic")


def opened(realised: int | None = None, planned: int | None = None) -> PolicyNoteOpened:
    return PolicyNoteOpened(title=Text(fr="x"), realised_year=realised, planned_year=planned)


@pytest.mark.parametrize(
    ("facts", "years"),
    [
        ([opened()], ()),
        ([opened(2023, 2024)], (2024,)),
        ([opened(), PLANNED, REALISED, LOOSE], (2023, 2025)),
        ([opened(None, 2024), PLANNED, REALISED], (2023, 2024, 2025)),
        # Its first letter plans 2024 and accounts for 2022.
        ([opened(2022, 2024), REALISED], (2024,)),
    ],
)
def test_a_note_has_a_letter_for_each_plan_and_after_each_account(facts: list[Event], years: tuple[int, ...]) -> None:
    known = [
        StandingFact(f"objectives:{position}", position, "note/x", event, date(2024, 1, 1))
        for position, event in enumerate(facts, start=1)
    ]
    line = note_line("x", known)
    assert line is not None
    assert line.years == years


def test_a_note_that_nobody_opened_has_no_line() -> None:
    assert note_line("x", [StandingFact("objectives:1", 1, "note/x", LOOSE, date(2024, 1, 1))]) is None
