"""Whether a changed AsyncAPI or OpenAPI document still keeps the promises of the one before it. Pure.

Of a log: where it is, how it is cut into partitions, its messages and their envelope; the data of its events have schemas of
their own. Of a service's routes: what each takes, and what it answers when it did what was asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pydantic import JsonValue

from contracts.compatibility import REMARKS, Break, Comparison, Pair, Promise, compare, escaped, members
from contracts.schema import Schema

METHODS: Final = ("get", "put", "post", "delete", "patch", "head", "options", "trace")
ENVELOPES: Final = ("Envelope", "TopicHeaders")
# Of an AsyncAPI document, what is no promise, or is compared as the schema that it is.
NOT_KEPT: Final = REMARKS | {"asyncapi", "info", "summary", "query", "schemas"}


def log_breaks(old: Schema, new: Schema) -> list[Break]:
    """Return every promise of an AsyncAPI document of ours that the new one breaks; none when compatible."""
    return [*_kept(old, new, ""), *_envelopes(old, new), *_queries(old, new)]


def _kept(old: JsonValue, new: JsonValue, pointer: str) -> Iterator[Break]:
    """Yield what is gone or is otherwise; there may be more of it."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name, value in old.items():
            at = f"{pointer}/{escaped(name)}"
            if name in NOT_KEPT:
                continue
            if name in new:
                yield from _kept(value, new[name], at)
            else:
                yield Break(at, "is gone")
    elif old != new:
        yield Break(pointer, f"was {old!r}, is {new!r}")


def _envelopes(old: Schema, new: Schema) -> Iterator[Break]:
    given = Comparison(old, new, Promise.GIVEN)
    before, after = (_within(each, "components", "schemas") for each in (old, new))
    for name in ENVELOPES:
        yield from compare(given, (_within(before, name), _within(after, name)), f"/components/schemas/{name}")


def _queries(old: Schema, new: Schema) -> Iterator[Break]:
    taken = Comparison(old, new, Promise.TAKEN)
    after = members(new, "operations")
    for name, operation in members(old, "operations").items():
        pair = [_within(each, "bindings", "http", "query") for each in (operation, after.get(name, {}))]
        yield from compare(taken, (pair[0], pair[1]), f"/operations/{name}/bindings/http/query")


def route_breaks(old: Schema, new: Schema) -> list[Break]:
    """Return every promise of an OpenAPI document that the new one breaks; none when compatible."""
    taken, given = Comparison(old, new, Promise.TAKEN), Comparison(old, new, Promise.GIVEN)
    found: list[Break] = []
    for path, item in members(old, "paths").items():
        after = _within(new, "paths", path)
        for method in (each for each in METHODS if each in item):
            at = f"/paths/{escaped(path)}/{method}"
            pair = _within(item, method), _within(after, method)
            if method in after:
                found += [*_security(pair, at), *_parameters(taken, pair, at), *_body(taken, pair, at)]
                found += _answers(given, pair, at)
            else:
                found.append(Break(at, "is gone"))
    return found


def _security(pair: Pair, pointer: str) -> Iterator[Break]:
    if pair[1].get("security") and not pair[0].get("security"):
        yield Break(f"{pointer}/security", "a token is needed, none was")


def _parameters(taken: Comparison, pair: Pair, pointer: str) -> Iterator[Break]:
    olds, news = ({f"{each['in']} {each['name']}": each for each in _listed(route, "parameters")} for route in pair)
    for name, old in olds.items():
        at = f"{pointer}/parameters/{escaped(name)}"
        if name in news:
            yield from compare(taken, (_within(old, "schema"), _within(news[name], "schema")), at)
        else:
            yield Break(at, "is gone")
    for name, new in news.items():
        if new.get("required") and not olds.get(name, {}).get("required"):
            yield Break(f"{pointer}/parameters/{escaped(name)}", "is required, it was not")


def _body(taken: Comparison, pair: Pair, pointer: str) -> Iterator[Break]:
    old, new = (_within(route, "requestBody") for route in pair)
    if new.get("required") and not old.get("required"):
        yield Break(f"{pointer}/requestBody", "is required, it was not")
    yield from _contents(taken, (old, new), f"{pointer}/requestBody")


def _answers(given: Comparison, pair: Pair, pointer: str) -> Iterator[Break]:
    """Yield what a client that asks rightly may miss; a problem document is the same everywhere."""
    olds, news = (members(route, "responses") for route in pair)
    for status in (each for each in olds if each[0] in "23"):
        at = f"{pointer}/responses/{status}"
        if status in news:
            yield from _contents(given, (olds[status], news[status]), at)
        else:
            yield Break(at, "is gone")


def _contents(whole: Comparison, pair: Pair, pointer: str) -> Iterator[Break]:
    olds, news = (members(each, "content") for each in pair)
    for kind, old in olds.items():
        at = f"{pointer}/content/{escaped(kind)}"
        if kind in news:
            yield from compare(whole, (_within(old, "schema"), _within(news[kind], "schema")), f"{at}/schema")
        else:
            yield Break(at, "is gone")


def _within(document: Schema, *names: str) -> Schema:
    """Return an object deep in a document; an empty one when it is not there."""
    for name in names:
        inner = document.get(name)
        document = inner if isinstance(inner, dict) else {}
    return document


def _listed(schema: Schema, name: str) -> list[Schema]:
    value = schema.get(name)
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
