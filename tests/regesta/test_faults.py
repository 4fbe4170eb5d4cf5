"""What is said of an error is one line, and never the data of a fact."""

from __future__ import annotations

from typing import Annotated

import pytest
from pydantic import AfterValidator, BaseModel, ValidationError

from regesta.event import IsoDay
from regesta.faults import told


def refuse(value: str) -> str:
    raise ValueError(f"{value!r} is refused")


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
