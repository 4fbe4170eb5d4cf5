"""JSON that a log can keep is read as any reader reads it; all else is refused with the place and the value."""

from __future__ import annotations

import json

import pytest
from fastapi import APIRouter, Request
from hypothesis import given
from hypothesis import strategies as st

from regesta.errors import (
    DuplicateMember,
    Malformed,
    MalformedJson,
    NulCharacter,
    NumberTooLarge,
    RepeatedParameter,
    UnknownParameter,
)
from regesta.strict import LARGEST, StrictRoute, query_parameters, read_json, require_address
from regesta.view import Reading

KEPT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=9)
DOCUMENTS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-LARGEST, LARGEST)
    | st.floats(allow_nan=False, allow_infinity=False)
    | KEPT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEPT, inner, max_size=4),
)


@given(DOCUMENTS, st.booleans())
def test_what_a_log_can_keep_is_read_as_it_is(document: object, ascii_only: bool) -> None:  # noqa: FBT001 - hypothesis gives it
    text = json.dumps(document, ensure_ascii=ascii_only)
    assert read_json(text) == read_json(text.encode()) == document


@pytest.mark.parametrize(
    ("text", "error", "details"),
    [
        (b'{"a": 1,\n "b": }', MalformedJson, {"line": 2, "column": 7}),
        (b'{"a": "\xff"}', MalformedJson, {"byte": 7, "value": '{"a": "\\xff"}'}),
        (b"[-Infinity]", MalformedJson, {"value": "-Infinity"}),
        (b"[9223372036854775808]", NumberTooLarge, {"value": "9223372036854775808"}),
        (b"[-1e400]", NumberTooLarge, {"value": "-1e400"}),
        (b'{"a": {"b": 1, "b": 1}}', DuplicateMember, {"value": "b"}),
        (b'{"a": [{"b": "x\\u0000"}]}', NulCharacter, {"pointer": "/a/0/b"}),
        (b'{"a\\u0000": 1}', NulCharacter, {"pointer": ""}),
        (b'["\\ud83d"]', MalformedJson, {"pointer": "/0"}),
        (b'{"a/b": {"~": "\\u0000"}}', NulCharacter, {"pointer": "/a~1b/~0"}),
        (b"[" * 100_000, MalformedJson, {"value": "[" * 40}),
        (b"", MalformedJson, {"line": 1, "column": 1}),
    ],
)
def test_what_it_cannot_keep_is_named(text: bytes, error: type[Malformed], details: dict[str, object]) -> None:
    with pytest.raises(error) as refused:
        read_json(text)
    assert type(refused.value) is error
    assert refused.value.details | details == refused.value.details


def address(path: str, query: str = "") -> Request:
    return Request(
        {
            "type": "http",
            "method": "GET",
            "raw_path": path.encode("latin-1"),
            "query_string": query.encode("latin-1"),
            "headers": [],
        }
    )


@pytest.mark.parametrize(
    ("path", "query", "error"),
    [
        ("/a/100%", "", Malformed),
        ("/a/%4", "", Malformed),
        ("/a", "limit=%zz", Malformed),
        ("/a/%ff", "", Malformed),
        ("/a/%00", "", NulCharacter),
        ("/a", "after=%00", NulCharacter),
        ("/a", "limits=1", UnknownParameter),
        ("/a", "limit=1&limit=1", RepeatedParameter),
        ("/a", "limit=1&%6Cimit=2", RepeatedParameter),
    ],
)
def test_an_address_is_read_as_strictly(path: str, query: str, error: type[Malformed]) -> None:
    with pytest.raises(Malformed) as refused:
        require_address(address(path, query), frozenset({"limit", "after"}))
    assert type(refused.value) is error


def test_a_good_address_passes() -> None:
    require_address(address("/a/%C3%A9%2Fb", "limit=1&after=x%20y"), frozenset({"limit", "after"}))


def test_the_parameters_of_dependencies_are_parameters_of_their_route() -> None:
    router = APIRouter(route_class=StrictRoute)

    @router.get("/levels")
    async def get_levels(_view: Reading, limit: int = 1) -> int:
        return limit

    (route,) = router.routes
    assert isinstance(route, StrictRoute)
    assert query_parameters(route) == {"limit", "as_of", "cut", "at_least"}
