"""Every field that a command is refused for is named by a pointer into the body that was sent."""

from __future__ import annotations

import copy
from typing import Final

from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import JsonValue

from regesta.errors import InvalidInput
from regesta.problem import step, validated
from tests.services.operations import OPERATIONS, Body, Operation, Steps, places

# Wrong for most fields, and among them every union with something wrong inside, or with a member called as its kind is.
GARBAGE: Final[tuple[JsonValue, ...]] = (
    None, True, -10, 1.5, "", "x" * 10_001, "2024-02-30", [], [None], {}, {"fr": 7}, {"fr": ""},
    {"state": "known", "value": -10}, {"state": "known", "value": {"fr": 1}}, {"state": "known", "known": {"value": 1}},
    {"state": "known", "value": {"kind": "day", "day": 1}}, {"state": "by_reference"}, {"state": "unheard"},
    {"kind": "ratio", "numerator": {"kind": "sum"}}, {"kind": "count", "of": {"service": "x", "type": "y", "where": 1}},
    {"kind": "ratio", "ratio": {"numerator": 1}, "numerator": {"kind": "constant", "value": "x"}, "denominator": 1},
    {"year": 1, "kind": "planned"}, {"starts_on": "2024-01-02", "ends_on": "2024-01-01"},
)  # fmt: skip


def pointer(steps: Steps) -> str:
    return "".join(map(step, steps))


@st.composite
def spoilt(draw: st.DrawFn) -> tuple[Operation, Body, Steps]:
    """Return an operation, its body with one thing wrong, and where that is."""
    operation = draw(st.sampled_from(OPERATIONS))
    body = copy.deepcopy(operation.body)
    *way, last = draw(st.sampled_from([*places(body)]))
    inside: JsonValue = body
    for each in way:
        inside = inside[each]  # type: ignore[index]  # as places found it
    if isinstance(inside, dict) and draw(st.booleans()):
        if draw(st.booleans()):
            del inside[str(last)]
        else:
            last = draw(st.sampled_from(["stray", "known", "ratio", "a/b~"]))
            inside[last] = draw(st.sampled_from(GARBAGE))
    else:
        inside[last] = draw(st.sampled_from(GARBAGE))  # type: ignore[index]
    return operation, body, (*way, last)


def example_of(name: str, at: Steps, value: JsonValue) -> tuple[Operation, Body, Steps]:
    operation = next(each for each in OPERATIONS if each.model.__name__ == name)
    return operation, operation.body | {str(at[0]): value}, at


@example(example_of("VoteCreditsIn", ("amount_cents",), {"state": "known", "value": -10}))
@example(example_of("StateFieldIn", ("value",), {"state": "known", "value": {"fr": 7}}))
@example(example_of("DefineIndicatorIn", ("measure",), {"kind": "ratio", "numerator": {"kind": "sum"}}))
@given(spoilt())
def test_every_pointer_leads_to_what_is_wrong(case: tuple[Operation, Body, Steps]) -> None:
    operation, body, wrong = case
    try:
        validated(operation.model, body)
    except InvalidInput as refusal:
        errors = refusal.details["errors"]
        assert isinstance(errors, list)
        found = {each["pointer"] for each in errors}
    else:
        return
    there = {"", *map(pointer, places(body)), pointer(wrong)}
    lost = found - there
    # What is missing in a value that is wrong has a place in it.
    assert all(each.rpartition("/")[0] in there for each in lost), (lost, body)
    bad = pointer(wrong)
    assert all(_above(each, bad) or _above(bad, each) for each in found), (found, wrong, body)


def _above(one: str, other: str) -> bool:
    return f"{other}/".startswith(f"{one}/")


def test_the_bodies_are_right_before_they_are_spoilt() -> None:
    for operation in OPERATIONS:
        validated(operation.model, operation.body)
    assert len(OPERATIONS) > 70
