"""Errors and events say what they are made to say, and nothing else."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import pytest
from pydantic import AfterValidator, BaseModel, ValidationError

from regesta.errors import STANDARD, Detail, NotFound, told
from regesta.event import DayStarted, IsoDay
from regesta.problem import Problem, problem_of


def refuse(value: str) -> str:
    raise ValueError(f"{value!r} is refused")


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


class Secretive(BaseModel):
    """A member whose contract is a function that says more than its code."""

    day: IsoDay
    text: Annotated[str, AfterValidator(refuse)] = ""
    amount: int = 0


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"day": "secret", "amount": "secret"}, "day: impossible-date; amount: Input should be a valid integer, unable to parse string as an integer"),
        ({"day": "2026-01-01", "text": "secret"}, "text: not what its contract says"),
        (["secret"], "data: Input should be a valid dictionary or instance of Secretive"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_data_is_told_without_the_data(data: object, said: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Secretive.model_validate(data)
    assert "secret" in str(refused.value)
    assert told(refused.value) == f"ValidationError: {said}"


def test_an_error_is_told_in_one_line_that_ends() -> None:
    assert told(KeyError("a\n\0 b")) == "KeyError: 'a\\n\\x00 b'"
    assert told(OSError("a\n\0 b")) == "OSError: a b"
    assert len(told(OSError("x" * 2000))) == 1000


def test_a_day_is_a_date() -> None:
    assert DayStarted.model_validate_json('{"date":"2026-03-01"}').date == date(2026, 3, 1)
    for wrong in ("1772323200", '"2026-03-01T00:00:00"', "null"):
        with pytest.raises(ValidationError):
            DayStarted.model_validate_json(f'{{"date":{wrong}}}')
