"""Whether a changed JSON Schema still keeps the promises of the one before it. Pure.

What was recorded must stay readable, and what readers rely on must stay there: a member may be added when it is optional,
a list of words may grow, a bound may widen. Everything else breaks somebody, and is the matter of a new event (.v2). Of what is
only taken in, a request, or only given, an answer, half of that is promised.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Flag, auto
from typing import Final, TypeAlias

from pydantic import JsonValue

from contracts.schema import Schema

Pair: TypeAlias = tuple[Schema, Schema]

ANYTHING: Final = "anything"
REMARKS: Final = frozenset({"$schema", "$id", "$defs", "title", "description", "examples"})
LOWER_BOUNDS: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
UPPER_BOUNDS: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
SHAPE: Final = (
    "$ref",
    "type",
    "anyOf",
    "oneOf",
    "const",
    "enum",
    "default",
    "properties",
    "patternProperties",
    "required",
)
# The schema of each thing in an array, of each value in a map, and of its keys.
HELD: Final = ("items", "additionalProperties", "propertyNames")
JUDGED: Final = frozenset({*SHAPE, *LOWER_BOUNDS, *UPPER_BOUNDS, "x-withdrawable"})


class Promise(Flag):
    """What a schema promises. TAKEN: what fits it is accepted; GIVEN: what comes fits it. A recorded event is under both."""

    TAKEN = auto()
    GIVEN = auto()
    RECORDED = TAKEN | GIVEN


@dataclass(frozen=True, slots=True)
class Break:
    """One broken promise. pointer: JSON pointer into the schema, where it stood or stands now."""

    pointer: str
    reason: str

    def __str__(self) -> str:
        return f"{self.pointer}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two whole documents whose schemas are compared. seen: the pairs of schemas that are done, by identity."""

    old: Schema
    new: Schema
    promise: Promise = Promise.RECORDED
    seen: set[tuple[int, int]] = field(default_factory=set)

    @property
    def taken(self) -> bool:
        """Whether what fitted the old schema must fit the new one."""
        return Promise.TAKEN in self.promise

    @property
    def given(self) -> bool:
        """Whether readers rely on the old schema."""
        return Promise.GIVEN in self.promise


def breaks(old: Schema, new: Schema) -> list[Break]:
    """Return every promise of the old schema that the new one breaks, in the order of the old one; none when compatible."""
    return list(compare(Comparison(old, new), (old, new), ""))


def compare(whole: Comparison, pair: Pair, pointer: str) -> Iterator[Break]:
    """Yield the broken promises of what stands at one place of two documents, through references and alternatives."""
    yield from _default(whole, pair, pointer)
    olds = list(_alternatives(whole.old, pair[0], pointer))
    news = list(_alternatives(whole.new, pair[1], pointer))
    if len(olds) == len(news) == 1:
        yield from _compare_one(whole, (olds[0][0], news[0][0]), olds[0][1])
        return
    matched = []
    for old, at in olds:
        found = _match(old, [new for new, _ in news])
        if found is not None:
            matched.append(found)
            yield from _compare_one(whole, (old, found), at)
        elif whole.taken:
            yield Break(at, f"{_called(old)} is no longer allowed")
    for new, at in news if whole.given else ():
        if not any(new is found for found in matched) and not _is_a_variant(new, [old for old, _ in olds]):
            yield Break(at, f"{_called(new)} is allowed, which it never was")


def _compare_one(whole: Comparison, pair: Pair, pointer: str) -> Iterator[Break]:
    key = (id(pair[0]), id(pair[1]))
    if key in whole.seen:
        return
    whole.seen.add(key)
    before, after = map(_type, pair)
    if before != after:
        # Nothing was promised of it, or nothing is asked of it any more.
        if not (before == ANYTHING and not whole.taken) and not (after == ANYTHING and not whole.given):
            yield Break(f"{pointer}/type", f"was {before}, is {after}")
        return
    yield from _words(whole, pair, pointer)
    if whole.taken:
        yield from _bounds(pair, pointer)
    yield from _members(whole, pair, pointer)
    yield from _within(whole, pair, pointer)
    yield from _rest(whole, pair, pointer)


def _default(whole: Comparison, pair: Pair, pointer: str) -> Iterator[Break]:
    # What came without the member would mean something else.
    old, new = pair
    if whole.taken and "default" in old and ("default" not in new or old["default"] != new["default"]):
        yield Break(f"{pointer}/default", f"was {old['default']!r}, is {new.get('default', 'gone')!r}")


def _words(whole: Comparison, pair: Pair, pointer: str) -> Iterator[Break]:
    old, new = map(_allowed, pair)
    at = f"{pointer}/{'const' if 'const' in pair[0] else 'enum'}"
    if old is not None and new is None and whole.given:
        yield Break(at, f"only {', '.join(map(str, old))} were allowed, anything is")
    if new is None or not whole.taken:
        return
    if old is None:
        yield Break(at, f"only {', '.join(map(str, new))} are allowed, anything was")
        return
    for word in old:
        if word not in new:
            yield Break(at, f"{word!r} is no longer allowed")


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
    olds, news = (members(schema, "properties") for schema in pair)
    for name, old in olds.items():
        at = f"{pointer}/properties/{escaped(name)}"
        if name not in news:
            yield Break(at, "is gone")
        else:
            yield from compare(whole, (old, news[name]), at)
    before, after = (_names(schema) for schema in pair)
    for name in before if whole.given else ():
        if name not in after and name in news:
            yield Break(f"{pointer}/properties/{escaped(name)}", "was always there, is optional now")
    for name in after if whole.taken else ():
        if name not in before:
            yield Break(f"{pointer}/properties/{escaped(name)}", "is required, what came before may lack it")


def _within(whole: Comparison, pair: Pair, pointer: str) -> Iterator[Break]:
    """Compare what an array or a map holds."""
    for keyword in HELD:
        old, new = (schema.get(keyword) for schema in pair)
        if isinstance(new, dict):
            yield from compare(whole, (old if isinstance(old, dict) else {}, new), f"{pointer}/{keyword}")
        elif isinstance(old, dict) and whole.given:
            yield Break(f"{pointer}/{keyword}", f"was {_called(old)}, is anything")
    olds, news = (members(schema, "patternProperties") for schema in pair)
    if olds.keys() != news.keys():
        yield Break(f"{pointer}/patternProperties", f"was {[*olds]!r}, is {[*news]!r}")
    for pattern in (each for each in olds if each in news):
        yield from compare(whole, (olds[pattern], news[pattern]), f"{pointer}/patternProperties/{escaped(pattern)}")


def _rest(whole: Comparison, pair: Pair, pointer: str) -> Iterator[Break]:
    """Report each keyword that no rule above judges when it is not what it was: a pattern, a format, a condition."""
    old, new = pair
    if old.get("x-withdrawable") and not new.get("x-withdrawable"):
        yield Break(f"{pointer}/x-withdrawable", "recorded withdrawals need it")
    if new.get("x-withdrawable") and not old.get("x-withdrawable"):
        yield Break(f"{pointer}/x-withdrawable", "readers took it to stand for ever")
    for keyword, value in new.items():
        # Beside `properties`, anyOf is a condition on them, not a choice of schemas.
        judged = keyword in JUDGED and not (keyword == "anyOf" and "properties" in new)
        judged |= keyword in REMARKS or (keyword in HELD and (value is True or isinstance(value, dict)))
        if not judged and old.get(keyword) != value and (whole.taken or keyword in old):
            yield Break(f"{pointer}/{keyword}", f"was {old.get(keyword)!r}, is {value!r}")
    # A pattern bounds what a value is, a format says it.
    if whole.given and "format" in old and "format" not in new:
        yield Break(f"{pointer}/format", f"was {old['format']!r}, is gone")


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
    same = [new for new in news if _type(new) == _type(old) and not _other_kind(old, new)]
    # Of several, the one with which it shares most of what tells objects apart.
    return max(same, key=lambda new: len(_kinds(old).keys() & _kinds(new).keys()), default=None)


def _other_kind(old: Schema, new: Schema) -> bool:
    """Return whether two alternatives cannot be one: objects of a union are told apart by the words of a member."""
    before, after = _kinds(old), _kinds(new)
    return any(before[name].isdisjoint(after[name]) for name in before.keys() & after.keys())


def _is_a_variant(new: Schema, olds: list[Schema]) -> bool:
    """Return whether an alternative that is not among the old ones is one more kind of object beside others."""
    return bool(_kinds(new)) and any(_kinds(old) for old in olds)


def _kinds(schema: Schema) -> dict[str, set[str]]:
    """Return the words of each member that has only some; none for what is no object."""
    if _type(schema) != "object":
        return {}
    words = {name: _allowed(member) for name, member in members(schema, "properties").items()}
    return {name: set(map(str, each)) for name, each in words.items() if each is not None}


def _allowed(schema: Schema) -> list[JsonValue] | None:
    words = schema.get("enum", [schema["const"]] if "const" in schema else None)
    return words if isinstance(words, list) else None


def _type(schema: Schema) -> str:
    return str(schema.get("type", ANYTHING))


def _called(schema: Schema) -> str:
    return str(schema.get("title", _type(schema)))


def _names(schema: Schema) -> list[str]:
    names = schema.get("required")
    return [str(name) for name in names] if isinstance(names, list) else []


def members(schema: Schema, name: str) -> dict[str, Schema]:
    """Return the objects in an object of a schema or a document, by name; none when there is no such object."""
    value = schema.get(name)
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


def escaped(name: str) -> str:
    """Return a name as it stands in a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")
