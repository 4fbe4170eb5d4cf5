"""Edits of a JSON Schema, made mechanically at each place where they can be made: those that break it and those that do not."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, Literal, NamedTuple

from pydantic import JsonValue

from contracts.compatibility import Promise
from contracts.schema import Schema

TYPES: Final = ("string", "integer", "number", "boolean", "array", "object", "null")
BOUNDS: Final = {
    "string": ("minLength", "maxLength"),
    "integer": ("minimum", "maximum"),
    "array": ("minItems", "maxItems"),
}
CHOICES: Final = ("anyOf", "oneOf")
NOTHING: Final = Promise(0)
TAKEN, GIVEN, BOTH = Promise.TAKEN, Promise.GIVEN, Promise.RECORDED


class Edit(NamedTuple):
    """A change of one place. breaks: the promises that it breaks, if the schema made them."""

    kind: str
    breaks: Promise
    make: Callable[[Schema], None]


@contextmanager
def made(schema: Schema, edit: Edit) -> Iterator[str]:
    """Make an edit and take it back, so that what stands in it is the same again; give what it is, in words."""
    kept = dict(schema)
    schema.update(copy.deepcopy(kept))
    edit.make(schema)
    try:
        yield f"{edit.kind} in {kept}"[:300]
    finally:
        schema.clear()
        schema.update(kept)


def places(schema: Schema) -> Iterator[Schema]:
    """Yield every schema in a schema, itself too; not the conditions that stand beside members."""
    yield schema
    for keyword in ("properties", "$defs", "patternProperties"):
        for inner in _object(schema, keyword).values():
            if isinstance(inner, dict):
                yield from places(inner)
    for keyword in ("items", "additionalProperties", "propertyNames"):
        held = schema.get(keyword)
        if isinstance(held, dict):
            yield from places(held)
    for choice in _choices(schema):
        if isinstance(choice, dict):
            yield from places(choice)


def edits(schema: Schema) -> Iterator[Edit]:
    """Yield what can be done to one place."""
    for each in (_members, _words, _bounds, _texts, _alternatives, _meanings, _harmless):
        yield from each(schema)


def _object(schema: Schema, keyword: str) -> dict[str, JsonValue]:
    value = schema.get(keyword)
    return value if isinstance(value, dict) else {}


def _list(schema: Schema, keyword: str) -> list[JsonValue]:
    value = schema.get(keyword)
    return value if isinstance(value, list) else []


def _choices(schema: Schema) -> list[JsonValue]:
    """Return the alternatives of a schema, as they stand in it."""
    if "properties" in schema:
        return []
    return next((_list(schema, keyword) for keyword in CHOICES if keyword in schema), [])


def _set(keyword: str, value: JsonValue) -> Callable[[Schema], None]:
    return lambda schema: schema.update({keyword: value})


def _drop(keyword: str) -> Callable[[Schema], None]:
    def drop(schema: Schema) -> None:
        del schema[keyword]

    return drop


def _members(schema: Schema) -> Iterator[Edit]:
    required = _list(schema, "required")
    for name in _object(schema, "properties"):
        yield Edit(f"{name} lost", BOTH, _lose(name))
        yield Edit(f"{name} renamed", BOTH, _rename(name))
        if name in required:
            fewer: list[JsonValue] = [each for each in required if each != name]
            yield Edit(f"{name} optional", GIVEN, _set("required", fewer))
        else:
            yield Edit(f"{name} required", TAKEN, _set("required", [*required, name]))
    if schema.get("type") == "object":
        yield Edit("a new required member", TAKEN, _add_required)
        if schema.get("additionalProperties", True) is True and "patternProperties" not in schema:
            yield Edit("closed to other members", TAKEN, _set("additionalProperties", value=False))


def _lose(name: str) -> Callable[[Schema], None]:
    def lose(schema: Schema) -> None:
        del _object(schema, "properties")[name]
        schema["required"] = [each for each in _list(schema, "required") if each != name]

    return lose


def _rename(name: str) -> Callable[[Schema], None]:
    def rename(schema: Schema) -> None:
        members = _object(schema, "properties")
        members[f"{name}_anew"] = members.pop(name)
        schema["required"] = [f"{name}_anew" if each == name else each for each in _list(schema, "required")]

    return rename


def _add_required(schema: Schema) -> None:
    schema.setdefault("properties", {})
    _object(schema, "properties")["added"] = {"type": "string"}
    schema["required"] = [*_list(schema, "required"), "added"]


def _words(schema: Schema) -> Iterator[Edit]:
    words = _list(schema, "enum")
    for word in words:
        fewer: list[JsonValue] = [each for each in words if each != word]
        yield Edit(f"{word} lost", TAKEN, _set("enum", fewer))
        yield Edit(f"{word} renamed", TAKEN, _set("enum", [*fewer, f"{word} anew"]))
    if words:
        yield Edit("any word", GIVEN, _drop("enum"))
    if "const" in schema:
        yield Edit("another const", TAKEN, _set("const", "anew"))
        yield Edit("no const", GIVEN, _drop("const"))
    if schema.get("type") == "string" and not words and "const" not in schema:
        yield Edit("only one word", TAKEN, _set("enum", ["anew"]))


def _bounds(schema: Schema) -> Iterator[Edit]:
    lower, upper = BOUNDS.get(str(schema.get("type")), (None, None))
    if lower is None or upper is None:
        return
    yield Edit(f"{lower} narrowed", TAKEN, _set(lower, _beside(schema, lower, 1) if lower in schema else 1))
    yield Edit(f"{upper} narrowed", TAKEN, _set(upper, _beside(schema, upper, -1) if upper in schema else 1))


def _beside(schema: Schema, keyword: str, direction: Literal[1, -1]) -> float:
    """Return another bound, so far away that it is another number as a float too."""
    bound = schema[keyword]
    assert isinstance(bound, int | float)
    return bound + direction * max(1, abs(bound) // 1_000)


def _texts(schema: Schema) -> Iterator[Edit]:
    if schema.get("type") == "string":
        for keyword, value in (("pattern", "^anew$"), ("format", "uri")):
            yield Edit(f"another {keyword}", BOTH if keyword in schema else TAKEN, _set(keyword, value))
    if "format" in schema:
        yield Edit("no format", GIVEN, _drop("format"))


def _alternatives(schema: Schema) -> Iterator[Edit]:
    for number, _ in enumerate(_choices(schema)):
        yield Edit(f"alternative {number} lost", TAKEN, _lose_choice(number))
    here = {choice.get("type") for choice in _choices(schema) if isinstance(choice, dict)}
    if here:
        added = next(kind for kind in ("boolean", "array") if kind not in here)
        yield Edit(f"also {added}", GIVEN, lambda same: _choices(same).append({"type": added}))
    # Beside members, it says which of them must be there.
    elif "anyOf" in schema and "properties" in schema:
        yield Edit("another condition", BOTH, lambda same: _list(same, "anyOf").append({"required": ["anew"]}))
    if isinstance(schema.get("type"), str):
        yield from (Edit(f"{kind} now", BOTH, _set("type", kind)) for kind in TYPES if kind != schema["type"])
    if isinstance(schema.get("$ref"), str):
        known = GIVEN if not str(schema["$ref"]).endswith("/JsonValue") else NOTHING
        yield Edit("another thing", known | TAKEN, _replace({"type": "boolean"}))


def _lose_choice(number: int) -> Callable[[Schema], None]:
    def lose(schema: Schema) -> None:
        del _choices(schema)[number]

    return lose


def _replace(other: Schema) -> Callable[[Schema], None]:
    def replace(schema: Schema) -> None:
        schema.clear()
        schema.update(other)

    return replace


def _meanings(schema: Schema) -> Iterator[Edit]:
    if "default" in schema:
        yield Edit("another default", TAKEN, _set("default", "anew"))
        yield Edit("no default", TAKEN, _drop("default"))
    if isinstance(schema.get("items"), dict):
        yield Edit("items of any kind", GIVEN, _drop("items"))
        yield Edit("each item once", TAKEN, _set("uniqueItems", value=True))
    if "patternProperties" in schema:
        yield Edit("keys of any kind", BOTH, _drop("patternProperties"))
    if "$id" in schema:
        yield Edit("withdrawable or not", BOTH, _set("x-withdrawable", not schema.get("x-withdrawable")))


def _harmless(schema: Schema) -> Iterator[Edit]:
    remarks: Schema = {"title": "Anew", "description": "Anew.", "examples": [1]}
    yield Edit("other remarks", NOTHING, lambda same: same.update(remarks))
    if "properties" in schema:
        yield Edit(
            "a new optional member", NOTHING, lambda same: _object(same, "properties").update(anew={"type": "null"})
        )
        turned = dict(reversed(_object(schema, "properties").items()))
        yield Edit("members in another order", NOTHING, _set("properties", turned))
        yield Edit("required in another order", NOTHING, _set("required", _list(schema, "required")[::-1]))
    words = _list(schema, "enum")
    if words:
        yield Edit("one more word", NOTHING, _set("enum", [*words, "anew"]))
        yield Edit("words in another order", NOTHING, _set("enum", words[::-1]))
    for keyword in (each for pair in BOUNDS.values() for each in pair if each in schema):
        wider = _beside(schema, keyword, -1 if keyword.startswith("min") else 1)
        yield Edit(f"{keyword} widened", NOTHING, _set(keyword, wider))
        yield Edit(f"no {keyword}", NOTHING, _drop(keyword))
    if "pattern" in schema:
        yield Edit("no pattern", NOTHING, _drop("pattern"))
    for keyword in CHOICES if "properties" not in schema else ():
        if keyword in schema:
            yield Edit("alternatives in another order", NOTHING, _set(keyword, _list(schema, keyword)[::-1]))
