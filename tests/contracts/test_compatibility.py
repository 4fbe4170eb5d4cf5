import copy
import json
from collections.abc import Callable
from typing import Final, TypeAlias

import pytest
from pydantic import JsonValue, TypeAdapter

from contracts.compatibility import breaks
from contracts.generate import generated
from contracts.schema import Schema

Edit: TypeAlias = Callable[[Schema], None]
ANY: Final[TypeAdapter[Schema]] = TypeAdapter(dict[str, JsonValue])
GENERATED: Final = generated()
SCHEMA: Final = ANY.validate_python(
    {
        "x-withdrawable": True,
        "type": "object",
        "title": "PaymentLiquidated",
        "properties": {
            "payment": {"type": "string", "maxLength": 200, "pattern": "^[a-z]+$"},
            "amount_cents": {"type": "integer", "minimum": 1, "maximum": 100},
            "part": {"type": "string", "enum": ["advance", "interim"]},
            "paid_on": {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}], "default": None},
            "shared": {"type": "boolean", "default": False},
            "title": {"$ref": "#/$defs/Text"},
            "state": {"oneOf": [{"$ref": "#/$defs/Known"}, {"$ref": "#/$defs/Empty"}]},
            "breaches": {"type": "array", "items": {"type": "string", "maxLength": 80}, "default": []},
            "inputs": {"type": "object", "patternProperties": {"^[a-z]+$": {"type": "integer"}}},
            "a/b": {"type": "string"},
        },
        "required": ["payment", "amount_cents", "title"],
        "$defs": {
            "Text": {
                "type": "object",
                "properties": {"fr": {"type": "string"}, "nl": {"type": "string"}},
                "anyOf": [{"required": ["fr"]}, {"required": ["nl"]}],
            },
            "Known": {
                "title": "Known",
                "type": "object",
                "properties": {"state": {"const": "known"}, "value": {"type": "integer", "minimum": 0}},
                "required": ["state", "value"],
            },
            "Empty": {
                "title": "Empty",
                "type": "object",
                "properties": {"state": {"enum": ["none", "pending"]}},
                "required": ["state"],
            },
        },
    }
)


def set_at(pointer: str, value: JsonValue) -> Edit:
    def edit(schema: Schema) -> None:
        parent, name = place(schema, pointer)
        parent[name] = value

    return edit


def drop(pointer: str) -> Edit:
    def edit(schema: Schema) -> None:
        parent, name = place(schema, pointer)
        del parent[name]

    return edit


def add_to(pointer: str, value: JsonValue) -> Edit:
    def edit(schema: Schema) -> None:
        parent, name = place(schema, pointer)
        found = parent[name]
        assert isinstance(found, list)
        found.append(value)

    return edit


def all_of(*edits: Edit) -> Edit:
    def edit(schema: Schema) -> None:
        for each in edits:
            each(schema)

    return edit


def place(schema: Schema, pointer: str) -> tuple[dict[str, JsonValue], str]:
    found: JsonValue = schema
    *steps, last = [step.replace("~1", "/") for step in pointer.split("/")[1:]]
    for step in steps:
        assert isinstance(found, dict)
        found = found[step]
    assert isinstance(found, dict)
    return found, last


def changed(edit: Edit) -> Schema:
    new = copy.deepcopy(SCHEMA)
    edit(new)
    assert new != SCHEMA
    return new


NEW_KIND: Final[dict[str, JsonValue]] = {
    "type": "object",
    "properties": {"state": {"const": "by_reference"}},
    "required": ["state"],
}
BREAKING: Final[list[tuple[str, Edit, str]]] = [
    ("removed member", drop("/properties/payment"), "/properties/payment: is gone"),
    ("removed optional member", drop("/properties/paid_on"), "/properties/paid_on: is gone"),
    ("removed member with a slash", drop("/properties/a~1b"), "/properties/a~1b: is gone"),
    ("removed member of a value", drop("/$defs/Text/properties/nl"), "/$defs/Text/properties/nl: is gone"),
    (
        "renamed member",
        all_of(drop("/properties/part"), set_at("/properties/kind", {"type": "string"})),
        "/properties/part: is gone",
    ),
    (
        "changed type",
        set_at("/properties/amount_cents/type", "string"),
        "/properties/amount_cents/type: was integer, is string",
    ),
    (
        "widened type",
        set_at("/properties/amount_cents/type", "number"),
        "/properties/amount_cents/type: was integer, is number",
    ),
    (
        "changed type of items",
        set_at("/properties/breaches/items/type", "integer"),
        "/properties/breaches/items/type: was string, is integer",
    ),
    (
        "new required member",
        all_of(set_at("/properties/visa", {"type": "string"}), add_to("/required", "visa")),
        "/properties/visa: is required, what came before may lack it",
    ),
    (
        "optional member required",
        add_to("/required", "part"),
        "/properties/part: is required, what came before may lack it",
    ),
    (
        "new required member of a value",
        all_of(set_at("/$defs/Known/properties/unit", {"type": "string"}), add_to("/$defs/Known/required", "unit")),
        "/$defs/Known/properties/unit: is required, what came before may lack it",
    ),
    (
        "required member optional",
        set_at("/required", ["amount_cents", "title"]),
        "/properties/payment: was always there, is optional now",
    ),
    (
        "narrowed enum",
        set_at("/properties/part/enum", ["advance"]),
        "/properties/part/enum: 'interim' is no longer allowed",
    ),
    (
        "renamed word",
        set_at("/properties/part/enum", ["advance", "between"]),
        "/properties/part/enum: 'interim' is no longer allowed",
    ),
    (
        "enum of a value narrowed",
        set_at("/$defs/Empty/properties/state/enum", ["none"]),
        "/$defs/Empty/properties/state/enum: 'pending' is no longer allowed",
    ),
    (
        "enum becomes one word",
        set_at("/properties/part", {"type": "string", "const": "advance"}),
        "/properties/part/enum: 'interim' is no longer allowed",
    ),
    (
        "another const",
        set_at("/$defs/Known/properties/state/const", "given"),
        "/$defs/Known: Known is no longer allowed",
    ),
    (
        "one more object where there was none",
        add_to("/properties/paid_on/anyOf", NEW_KIND),
        "/properties/paid_on/anyOf/2: object is allowed, which it never was",
    ),
    (
        "one more object of no kind",
        add_to("/properties/state/oneOf", {"type": "object"}),
        "/properties/state/oneOf/2: object is allowed, which it never was",
    ),
    (
        "new enum",
        set_at("/properties/payment/enum", ["a"]),
        "/properties/payment/enum: only a are allowed, anything was",
    ),
    (
        "removed alternative",
        set_at("/properties/state/oneOf", [{"$ref": "#/$defs/Known"}]),
        "/$defs/Empty: Empty is no longer allowed",
    ),
    (
        "no longer nullable",
        set_at("/properties/paid_on/anyOf", [{"type": "string", "format": "date"}]),
        "/properties/paid_on/anyOf/1: null is no longer allowed",
    ),
    (
        "newly nullable",
        set_at("/properties/part", {"anyOf": [{"type": "string", "enum": ["advance", "interim"]}, {"type": "null"}]}),
        "/properties/part/anyOf/1: null is allowed, which it never was",
    ),
    (
        "one more type",
        add_to("/properties/paid_on/anyOf", {"type": "integer"}),
        "/properties/paid_on/anyOf/2: integer is allowed, which it never was",
    ),
    ("raised minimum", set_at("/properties/amount_cents/minimum", 2), "/properties/amount_cents/minimum: was 1, is 2"),
    (
        "lowered maximum",
        set_at("/properties/amount_cents/maximum", 99),
        "/properties/amount_cents/maximum: was 100, is 99",
    ),
    ("new minimum", set_at("/properties/payment/minLength", 1), "/properties/payment/minLength: is 1, there was none"),
    ("shorter text", set_at("/properties/payment/maxLength", 100), "/properties/payment/maxLength: was 200, is 100"),
    (
        "bound of a value tightened",
        set_at("/$defs/Known/properties/value/minimum", 1),
        "/$defs/Known/properties/value/minimum: was 0, is 1",
    ),
    (
        "bound of items tightened",
        set_at("/properties/breaches/items/maxLength", 10),
        "/properties/breaches/items/maxLength: was 80, is 10",
    ),
    ("fewer items", set_at("/properties/breaches/maxItems", 3), "/properties/breaches/maxItems: is 3, there was none"),
    (
        "changed pattern",
        set_at("/properties/payment/pattern", "^[a-m]+$"),
        "/properties/payment/pattern: was '^[a-z]+$', is '^[a-m]+$'",
    ),
    ("new pattern", set_at("/properties/a~1b/pattern", "^a"), "/properties/a~1b/pattern: was None, is '^a'"),
    ("new format", set_at("/properties/a~1b/format", "uuid"), "/properties/a~1b/format: was None, is 'uuid'"),
    ("closed object", set_at("/additionalProperties", value=False), "/additionalProperties: was None, is False"),
    (
        "unique items",
        set_at("/properties/breaches/uniqueItems", value=True),
        "/properties/breaches/uniqueItems: was None, is True",
    ),
    (
        "another default",
        set_at("/properties/shared/default", value=True),
        "/properties/shared/default: was False, is True",
    ),
    ("condition on members", add_to("/$defs/Text/anyOf", {"required": ["en"]}), "/$defs/Text/anyOf: was "),
    (
        "keys narrowed",
        set_at("/properties/inputs/patternProperties", {"^b$": {"type": "integer"}}),
        "/properties/inputs/patternProperties: was ",
    ),
    ("no longer withdrawable", drop("/x-withdrawable"), "/x-withdrawable: recorded withdrawals need it"),
]
COMPATIBLE: Final[list[tuple[str, Edit]]] = [
    ("new optional member", set_at("/properties/visa", {"type": "string", "default": ""})),
    ("new optional member of a value", set_at("/$defs/Known/properties/since", {"type": "string"})),
    ("one more word", add_to("/properties/part/enum", "balance")),
    ("const becomes one of several", set_at("/$defs/Known/properties/state", {"enum": ["known", "estimated"]})),
    ("one more kind of value", add_to("/properties/state/oneOf", NEW_KIND)),
    (
        "wider bounds",
        all_of(set_at("/properties/amount_cents/minimum", 0), set_at("/properties/payment/maxLength", 300)),
    ),
    ("no bound", drop("/properties/amount_cents/maximum")),
    ("no pattern", drop("/properties/payment/pattern")),
    ("other order of words", set_at("/properties/part/enum", ["interim", "advance"])),
    (
        "other order of alternatives",
        set_at("/properties/paid_on/anyOf", [{"type": "null"}, {"type": "string", "format": "date"}]),
    ),
    (
        "other wording",
        all_of(set_at("/description", "A payment."), set_at("/title", "Payment"), set_at("/$id", "urn:x")),
    ),
    (
        "named definition",
        all_of(
            set_at("/$defs/Cents", {"type": "integer", "minimum": 1, "maximum": 100}),
            set_at("/properties/amount_cents", {"$ref": "#/$defs/Cents"}),
        ),
    ),
]


@pytest.mark.parametrize(("edit", "said"), [pytest.param(edit, said, id=name) for name, edit, said in BREAKING])
def test_a_broken_promise_is_named_with_its_pointer(edit: Edit, said: str) -> None:
    found = [str(each) for each in breaks(SCHEMA, changed(edit))]
    assert any(each.startswith(said) for each in found), found


@pytest.mark.parametrize("edit", [pytest.param(edit, id=name) for name, edit in COMPATIBLE])
def test_a_compatible_change_is_accepted(edit: Edit) -> None:
    assert breaks(SCHEMA, changed(edit)) == []


def test_several_broken_promises_are_all_named() -> None:
    edit = all_of(
        drop("/properties/payment"), set_at("/properties/part/enum", []), set_at("/properties/a~1b/type", "null")
    )
    assert [each.pointer for each in breaks(SCHEMA, changed(edit))] == [
        *("/properties/payment", "/properties/part/enum", "/properties/part/enum", "/properties/a~1b/type")
    ]


@pytest.mark.parametrize("path", [path for path in GENERATED if not path.endswith(".asyncapi.json")])
def test_every_published_schema_keeps_its_own_promises_and_notices_the_loss_of_each_member(path: str) -> None:
    schema = GENERATED[path]
    assert breaks(schema, ANY.validate_python(json.loads(json.dumps(schema)))) == []
    members = schema["properties"]
    assert isinstance(members, dict)
    for name in members:
        poorer = copy.deepcopy(schema)
        drop(f"/properties/{name}")(poorer)
        assert f"/properties/{name}" in {each.pointer for each in breaks(schema, poorer)}


def test_a_reference_to_nowhere_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"'/\$defs/Nowhere' is no schema"):
        breaks({"$ref": "#/$defs/Nowhere"}, {"type": "string"})
