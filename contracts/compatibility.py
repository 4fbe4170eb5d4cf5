"""Whether a changed JSON Schema still keeps the promises of the one before it. Pure.

What was recorded must stay readable, and what readers rely on must stay there: a member may be added when it is optional,
a list of words may grow, a bound may widen. Everything else breaks somebody, and is the matter of a new event (.v2).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from pydantic import JsonValue

from contracts.schema import Schema

Pair: TypeAlias = tuple[Schema, Schema]

REMARKS: Final = frozenset({"$schema", "$id", "$defs", "title", "description", "examples"})
LOWER_BOUNDS: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
UPPER_BOUNDS: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
SHAPE: Final = ("$ref", "type", "anyOf", "oneOf", "const", "enum", "default", "properties", "required", "items")
JUDGED: Final = frozenset({*SHAPE, *LOWER_BOUNDS, *UPPER_BOUNDS, "x-withdrawable"})


@dataclass(frozen=True, slots=True)
class Break:
    """One broken promise. pointer: JSON pointer into the schema, where it stood or stands now."""

    pointer: str
    reason: str

    def __str__(self) -> str:
        return f"{self.pointer}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two whole schemas being compared. seen: the pairs of schemas that are done, by identity."""

    old: Schema
    new: Schema
    seen: set[tuple[int, int]] = field(default_factory=set)


def breaks(old: Schema, new: Schema) -> list[Break]:
    """Return every promise of the old schema that the new one breaks, in the order of the old one; none when compatible."""
    return list(_compare(Comparison(old, new), (old, new), ""))


def _compare(whole: Comparison, pair: Pair, pointer: str) -> Iterator[Break]:
    """Compare what stands at one place, through references and alternatives."""
    yield from _default(pair, pointer)
    olds = list(_alternatives(whole.old, pair[0], pointer))
    news = list(_alternatives(whole.new, pair[1], pointer))
    if len(olds) == len(news) == 1:
        yield from _compare_one(whole, (olds[0][0], news[0][0]), olds[0][1])
        return
    matched = []
    for old, at in olds:
        found = _match(old, [new for new, _ in news])
        if found is None:
            yield Break(at, f"{_called(old)} is no longer allowed")
        else:
            matched.append(found)
            yield from _compare_one(whole, (old, found), at)
    for new, at in news:
        if not any(new is found for found in matched) and not _is_a_variant(new, [old for old, _ in olds]):
            yield Break(at, f"{_called(new)} is allowed, which it never was")


def _compare_one(whole: Comparison, pair: Pair, pointer: str) -> Iterator[Break]:
    key = (id(pair[0]), id(pair[1]))
    if key in whole.seen:
        return
    whole.seen.add(key)
    if _type(pair[0]) != _type(pair[1]):
        yield Break(f"{pointer}/type", f"was {_type(pair[0])}, is {_type(pair[1])}")
        return
    yield from _words(pair, pointer)
    yield from _bounds(pair, pointer)
    yield from _members(whole, pair, pointer)
    yield from _items(whole, pair, pointer)
    yield from _rest(pair, pointer)


def _default(pair: Pair, pointer: str) -> Iterator[Break]:
    # Facts recorded without the member would mean something else.
    old, new = pair
    if "default" in old and "default" in new and old["default"] != new["default"]:
        yield Break(f"{pointer}/default", f"was {old['default']!r}, is {new['default']!r}")


def _words(pair: Pair, pointer: str) -> Iterator[Break]:
    old, new = map(_allowed, pair)
    if new is None:
        return
    if old is None:
        yield Break(f"{pointer}/enum", f"only {', '.join(map(str, new))} are allowed, anything was")
        return
    for word in old:
        if word not in new:
            yield Break(f"{pointer}/{'enum' if 'enum' in pair[0] else 'const'}", f"{word!r} is no longer allowed")


def _bounds(pair: Pair, pointer: str) -> Iterator[Break]:
    old, new = pair
    for keyword in (*LOWER_BOUNDS, *UPPER_BOUNDS):
        before, after = old.get(keyword), new.get(keyword)
        if not isinstance(after, int | float):
            continue
        if not isinstance(before, int | float):
            yield Break(f"{pointer}/{keyword}", f"is {after!r}, there was none")
        elif (after > before) if keyword in LOWER_BOUNDS else (after < before):
            yield Break(f"{pointer}/{keyword}", f"was {before!r}, is {after!r}")


def _members(whole: Comparison, pair: Pair, pointer: str) -> Iterator[Break]:
    olds, news = (_object(schema, "properties") for schema in pair)
    for name, old in olds.items():
        at = f"{pointer}/properties/{_escaped(name)}"
        if name not in news:
            yield Break(at, "is gone")
        else:
            yield from _compare(whole, (old, news[name]), at)
    before, after = (_names(schema) for schema in pair)
    for name in before:
        if name not in after and name in news:
            yield Break(f"{pointer}/properties/{_escaped(name)}", "was always there, is optional now")
    for name in after:
        if name not in before:
            yield Break(f"{pointer}/properties/{_escaped(name)}", "is required, recorded facts may lack it")


def _items(whole: Comparison, pair: Pair, pointer: str) -> Iterator[Break]:
    old, new = (schema.get("items") for schema in pair)
    if isinstance(new, dict):
        yield from _compare(whole, (old if isinstance(old, dict) else {}, new), f"{pointer}/items")


def _rest(pair: Pair, pointer: str) -> Iterator[Break]:
    """Report each keyword that no rule above judges when it is not what it was: a pattern, a format, a condition."""
    old, new = pair
    if old.get("x-withdrawable") and not new.get("x-withdrawable"):
        yield Break(f"{pointer}/x-withdrawable", "recorded withdrawals need it")
    for keyword, value in new.items():
        # Beside `properties`, anyOf is a condition on them, not a choice of schemas.
        judged = keyword in JUDGED and not (keyword == "anyOf" and "properties" in new)
        if not judged and keyword not in REMARKS and old.get(keyword) != value:
            yield Break(f"{pointer}/{keyword}", f"was {old.get(keyword)!r}, is {value!r}")


def _alternatives(root: Schema, schema: Schema, pointer: str) -> Iterator[tuple[Schema, str]]:
    """Yield each schema that a value here may follow, with its pointer, through references and alternatives."""
    reference = schema.get("$ref")
    if isinstance(reference, str):
        pointer = reference.removeprefix("#")
        yield from _alternatives(root, _at(root, pointer), pointer)
        return
    for keyword in ("anyOf", "oneOf"):
        choices = schema.get(keyword)
        if isinstance(choices, list) and "properties" not in schema:
            for index, choice in enumerate(choices):
                if isinstance(choice, dict):
                    yield from _alternatives(root, choice, f"{pointer}/{keyword}/{index}")
            return
    yield schema, pointer


def _match(old: Schema, news: list[Schema]) -> Schema | None:
    """Return the alternative that took the place of an old one: of the same type, and of the same kind among objects."""
    same = [new for new in news if _type(new) == _type(old)]
    kind = _kind(old)
    if kind is None:
        return same[0] if same else None
    return next((new for new in same if (_kind(new) or set()) & kind), None)


def _is_a_variant(new: Schema, olds: list[Schema]) -> bool:
    """Return whether an alternative that is not among the old ones is one more kind of object beside others."""
    return _kind(new) is not None and any(_kind(old) is not None for old in olds)


def _kind(schema: Schema) -> set[str] | None:
    """Return the words of the member that tells an object from its alternatives; None when there is none."""
    for member in _object(schema, "properties").values():
        words = _allowed(member)
        if words is not None:
            return set(map(str, words))
    return None


def _allowed(schema: Schema) -> list[JsonValue] | None:
    words = schema.get("enum", [schema["const"]] if "const" in schema else None)
    return words if isinstance(words, list) else None


def _type(schema: Schema) -> str:
    return str(schema.get("type", "anything"))


def _called(schema: Schema) -> str:
    return str(schema.get("title", _type(schema)))


def _names(schema: Schema) -> list[str]:
    names = schema.get("required")
    return [str(name) for name in names] if isinstance(names, list) else []


def _object(schema: Schema, keyword: str) -> dict[str, Schema]:
    value = schema.get(keyword)
    return {name: each for name, each in value.items() if isinstance(each, dict)} if isinstance(value, dict) else {}


def _at(root: Schema, pointer: str) -> Schema:
    found: JsonValue = root
    for step in pointer.split("/")[1:]:
        found = found.get(step) if isinstance(found, dict) else None
    match found:
        case dict():
            return found
        case _:
            raise ValueError(f"{pointer!r} is no schema")


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
