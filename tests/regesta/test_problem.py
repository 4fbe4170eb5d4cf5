"""Where a problem says that a document is wrong: pointers that lead there."""

from __future__ import annotations

from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from regesta.errors import InvalidInput
from regesta.problem import validated


class Square(BaseModel):
    model_config = ConfigDict(extra="forbid")
    kind: Literal["square"]
    side: int


class Pair(BaseModel):
    model_config = ConfigDict(extra="forbid")
    kind: Literal["pair"]
    first: Shape
    others: dict[Annotated[str, Field(pattern="^[a-z/~]+$")], Shape] = Field(default_factory=dict)


Shape = Annotated[Square | Pair, Field(discriminator="kind")]


class Drawing(BaseModel):
    model_config = ConfigDict(extra="forbid")
    shapes: list[Shape]


SQUARE: dict[str, JsonValue] = {"kind": "square", "side": 1}
BAD: dict[str, JsonValue] = {"kind": "square", "side": "x"}


@pytest.mark.parametrize(
    ("document", "pointers"),
    [
        ({}, ["/shapes"]),
        ([], [""]),
        ({"shapes": 3}, ["/shapes"]),
        ({"shapes": [SQUARE, BAD]}, ["/shapes/1/side"]),
        ({"shapes": [{"kind": "square"}]}, ["/shapes/0/side"]),
        ({"shapes": [{"kind": "circle"}]}, ["/shapes/0"]),
        ({"shapes": [{"side": 1}]}, ["/shapes/0"]),
        ({"shapes": [{"kind": "pair", "first": BAD}]}, ["/shapes/0/first/side"]),
        ({"shapes": [{"kind": "pair", "first": SQUARE, "others": {"a/b": BAD, "~": {"kind": "square"}}}]},
         ["/shapes/0/others/a~1b/side", "/shapes/0/others/~0/side"]),
        ({"shapes": [{"kind": "pair", "first": SQUARE, "others": {"A": SQUARE}}]}, ["/shapes/0/others/A"]),
        # Members called as the kinds are, which pydantic names in the place of an error.
        ({"shapes": [{"kind": "pair", "first": BAD, "pair": 1}]}, ["/shapes/0/first/side", "/shapes/0/pair"]),
        ({"shapes": [{"kind": "pair", "pair": {"first": 1}}]}, ["/shapes/0/first", "/shapes/0/pair"]),
    ],
)  # fmt: skip
def test_pointers_lead_to_what_is_wrong(document: JsonValue, pointers: list[str]) -> None:
    with pytest.raises(InvalidInput) as refusal:
        validated(Drawing, document)
    errors = refusal.value.details["errors"]
    assert isinstance(errors, list)
    assert sorted(each["pointer"] for each in errors) == sorted(pointers)
    with pytest.raises(InvalidInput) as refusal:
        validated(Drawing, document, at="/data")
    assert str(refusal.value).startswith(f"/data{errors[0]['pointer']}: ")


def test_a_message_shows_what_is_not_seen() -> None:
    with pytest.raises(InvalidInput) as refusal:
        validated(Drawing, {"shapes": [{"kind": "square", "side": "a\u202eé\u200b"}]})
    assert str(refusal.value).endswith(r'(got "a\u202eé\u200b")')
