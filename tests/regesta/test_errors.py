"""Errors and events say what they are made to say, and nothing else."""

from __future__ import annotations

from datetime import date

import pytest
from pydantic import ValidationError

from regesta.errors import STANDARD, Detail, NotFound
from regesta.event import DayStarted
from regesta.problem import Problem, problem_of


def test_a_problem_has_the_details_of_its_error_beside_its_own_members() -> None:
    problem = problem_of(NotFound("no jar 'a'", jar="a"))
    assert problem.keys() == STANDARD | {"jar"}
    assert (problem["detail"], problem["jar"]) == ("no jar 'a'", "a")
    assert Problem.model_fields.keys() == STANDARD


@pytest.mark.parametrize("name", sorted(STANDARD))
def test_no_detail_is_named_as_a_member_of_every_problem(name: str) -> None:
    details: dict[str, Detail] = {name: "of the note"}
    with pytest.raises(AssertionError, match=name):
        NotFound("no note", **details)


def test_a_day_is_a_date() -> None:
    assert DayStarted.model_validate_json('{"date":"2026-03-01"}').date == date(2026, 3, 1)
    for wrong in ("1772323200", '"2026-03-01T00:00:00"', "null"):
        with pytest.raises(ValidationError):
            DayStarted.model_validate_json(f'{{"date":{wrong}}}')
