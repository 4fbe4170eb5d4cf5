import re
from itertools import combinations
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

from contracts.allocation import AllocationCode, EntitySlug, LineKey, UnreadableCode, line_key, split_line

DOTTED: Final = st.from_regex(r"\A[0-9]{2}\.[0-9]{3}\.[0-9]{2}\.[0-9]{2}\.[0-9]{4}\Z").map(
    lambda text: "".join(str(int(char)) if char.isdigit() else char for char in text)
)


class Line(BaseModel):
    allocation: AllocationCode


@pytest.mark.parametrize(
    ("printed", "code", "repaired"),
    [
        ("33.001.07.01.1111", "33.001.07.01.1111", False),
        ("33.001.0701.1111", "33.001.07.01.1111", True),
        ("33 001 07 01 1111", "33.001.07.01.1111", True),
        ("33. 001. 07. 01. 1111", "33.001.07.01.1111", True),
        ("33\u00a0001\u00a007\u00a001\u00a01111", "33.001.07.01.1111", True),
        ("3300107011111", "33.001.07.01.1111", True),
        (" 33.001.07.01.1111\n", "33.001.07.01.1111", True),
        ("33.001.07.01.1111.", "33.001.07.01.1111", True),
        ("AB n° 33.001.07.01.1111", "33.001.07.01.1111", True),
        ("AB nº33.001.07.01.1111", "33.001.07.01.1111", True),
        ("A.B. № 33.001.07.01.1111", "33.001.07.01.1111", True),
        ("ab 33.001.07.01.1111", "33.001.07.01.1111", True),
        ("BA nr. 33.001.07.01.1111", "33.001.07.01.1111", True),
        ("B.A. nr 33 001 0701 1111", "33.001.07.01.1111", True),
        ("BA: 33.001.07.01.1111", "33.001.07.01.1111", True),
        ("02.004.27.3.4340", "02.004.27.03.4340", True),
        ("2.004.27.03.4340", "02.004.27.03.4340", True),
        ("2.4.27.3.4340", "02.004.27.03.4340", True),
        ("02004.27.3.4340", "02.004.27.03.4340", True),
    ],
)
def test_a_printed_code_is_read(printed: str, code: str, *, repaired: bool) -> None:
    assert AllocationCode.parse(printed) == (code, repaired)


@pytest.mark.parametrize(
    ("printed", "reason"),
    [
        ("01.002.08.08", "it has 9 digits of 13, and which are missing cannot be told"),
        ("33.01.07.01.1111", "it has 12 digits of 13, and which are missing cannot be told"),
        ("33.001.701.1111", "it has 12 digits of 13, and which are missing cannot be told"),
        ("33.001.07.01.111", "it has 12 digits of 13, and which are missing cannot be told"),
        ("33.001.07.0.1111", "it has 12 digits of 13, and which are missing cannot be told"),
        ("330010701111", "it has 12 digits of 13, and which are missing cannot be told"),
        ("33.001.07.01.11111", "it has 14 digits, not 13"),
        ("33.001.07.01.1111.1", "it has 14 digits, not 13"),
        ("3.3001.07.01.1111", "its groups are not those of MM.PPP.AA.OO.EEEE"),
        ("33.001.O7.01.1111", "'O7' is no group of digits"),
        ("33,001,07,01,1111", "'33,001,07,01,1111' is no group of digits"),
        ("AB n° à compléter", "'à' is no group of digits"),
        ("²3.001.07.01.1111x", "'²3' is no group of digits"),
        ("33.001.07.01", "it has 9 digits of 13, and which are missing cannot be told"),
        ("", "it has 0 digits of 13, and which are missing cannot be told"),
        ("٣٣.001.07.01.1111", "'٣٣' is no group of digits"),
    ],
)
def test_a_code_that_would_have_to_be_guessed_is_refused_with_the_reason(printed: str, reason: str) -> None:
    with pytest.raises(UnreadableCode, match=re.escape(repr(printed))) as refused:
        AllocationCode.parse(printed)
    assert refused.value.reason == reason


@given(DOTTED)
def test_a_dotted_code_is_itself(dotted: str) -> None:
    assert AllocationCode.parse(dotted) == (dotted, False)
    code = AllocationCode(dotted)
    assert f"{code.mission}.{code.programme}.{code.activity}.{code.order}.{code.economic}" == dotted


@given(DOTTED, st.sampled_from(["", " ", ".", "  "]), st.sampled_from(["", "AB n° ", "BA nr. ", "A.B. "]), st.data())
def test_any_missing_dots_and_spaces_are_repaired_to_the_same_code(
    dotted: str, other: str, prefix: str, data: st.DataObject
) -> None:
    parts = dotted.split(".")
    separators = [data.draw(st.sampled_from([".", other])) for _ in parts[1:]]
    printed = (
        prefix + parts[0] + "".join(separator + part for separator, part in zip(separators, parts[1:], strict=True))
    )
    assert AllocationCode.parse(printed) == (dotted, printed != dotted)


@given(DOTTED, st.data())
def test_a_missing_digit_is_a_leading_zero_or_refused(dotted: str, data: st.DataObject) -> None:
    index = data.draw(st.sampled_from([i for i, char in enumerate(dotted) if char != "."]))
    printed = dotted[:index] + dotted[index + 1 :]
    try:
        code, repaired = AllocationCode.parse(printed)
    except UnreadableCode:
        return
    assert repaired
    assert [int(field) for field in code.split(".")] == [int(field) for field in printed.split(".")]


@given(DOTTED)
def test_no_separators_but_those_of_the_fields_are_read(dotted: str) -> None:
    digits = dotted.replace(".", "")
    edges = {2, 5, 7, 9}
    for cuts in combinations(range(1, 13), 2):
        printed = ".".join([digits[: cuts[0]], digits[cuts[0] : cuts[1]], digits[cuts[1] :]])
        if set(cuts) <= edges:
            assert AllocationCode.parse(printed) == (dotted, True)
        else:
            with pytest.raises(UnreadableCode):
                AllocationCode.parse(printed)


@pytest.mark.parametrize("economic", ["1111", "1211", "4322", "6321", "7422", "3300", "0100", "9510"])
def test_spending_is_expenditure(economic: str) -> None:
    assert AllocationCode(f"33.001.07.01.{economic}").direction == "expenditure"


@pytest.mark.parametrize("economic", ["3811", "3850", "1611", "2610", "4610", "8914"])
def test_income_is_a_receipt(economic: str) -> None:
    assert AllocationCode(f"33.001.07.01.{economic}").direction == "receipt"


@pytest.mark.parametrize(
    "bad", ["33.001.0701.1111", "33 001 07 01 1111", "33.001.07.01.1111\n", "٣٣.001.07.01.1111", ""]
)
def test_only_the_dotted_form_enters_an_event(bad: str) -> None:
    assert type(Line.model_validate({"allocation": "33.001.07.01.1111"}).allocation) is AllocationCode
    with pytest.raises(ValidationError, match=r"MM\.PPP\.AA\.OO\.EEEE"):
        Line.model_validate({"allocation": bad})


def test_a_line_is_an_entity_and_a_code() -> None:
    code = AllocationCode("33.001.07.01.1111")
    line = line_key("unstated-urban-renewal", code)
    assert TypeAdapter(LineKey).validate_python(line) == "unstated-urban-renewal.33.001.07.01.1111"
    assert split_line(line) == ("unstated-urban-renewal", code)


def test_a_line_of_the_longest_entity_has_a_key() -> None:
    lines: TypeAdapter[str] = TypeAdapter(LineKey)
    entities: TypeAdapter[str] = TypeAdapter(EntitySlug)
    line = line_key("e" * 100, AllocationCode("33.001.07.01.1111"))
    assert (lines.validate_python(line), entities.validate_python("e" * 100)) == (line, "e" * 100)
    for adapter, bad in ((lines, f"e{line}"), (entities, "e" * 101)):
        with pytest.raises(ValidationError, match="at most"):
            adapter.validate_python(bad)


@pytest.mark.parametrize(
    "bad",
    ["33.001.07.01.1111", "Region.33.001.07.01.1111", "region.33.001.0701.1111", "a/b.33.001.07.01.1111", "region."],
)
def test_a_line_without_entity_or_code_is_none(bad: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(LineKey).validate_python(bad)
