"""The gate refuses every breaking edit of every published document, and lets pass those that break nothing."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Final

import pytest
from pydantic import JsonValue

from contracts.catalogue import SERVICES
from contracts.compatibility import Break, Comparison, Promise, breaks, compare
from contracts.documents import METHODS, log_breaks, route_breaks
from contracts.generate import GONE, OPENAPI, SCHEMAS, broken, generated
from contracts.schema import Schema
from tests.contracts.edits import Edit, edits, made, places

GENERATED: Final = generated()
EVENTS: Final = {path: schema for path, schema in GENERATED.items() if not path.endswith(".asyncapi.json")}
LOGS: Final = {service: GENERATED[f"{service}.asyncapi.json"] for service in SERVICES}
ROUTES: Final[dict[str, Schema]] = {
    service: json.loads((SCHEMAS / f"{service}{OPENAPI}").read_text("utf-8")) for service in SERVICES
}


def misjudged(
    where: Iterable[Schema], found: Callable[[], list[Break]], promise: Promise, tried: list[str]
) -> Iterator[str]:
    """Yield each edit of these places, of the document that `found` judges, that is judged wrongly; note all in `tried`."""
    for place in where:
        for edit in list(edits(place)):
            with made(place, edit) as told:
                reasons = found()
            tried.append(edit.kind)
            if bool(edit.breaks & promise) != bool(reasons):
                yield f"{told}: {reasons[:1]}"


@pytest.mark.parametrize("path", EVENTS)
def test_every_edit_of_every_event_is_judged_rightly(path: str) -> None:
    schema, new, tried = EVENTS[path], copy.deepcopy(EVENTS[path]), list[str]()
    assert list(misjudged(list(places(new)), lambda: breaks(schema, new), Promise.RECORDED, tried)) == []
    assert new == schema
    assert len(tried) > 10


@pytest.mark.parametrize("path", EVENTS)
def test_no_event_can_go_or_be_called_otherwise(path: str) -> None:
    others = {each: schema for each, schema in GENERATED.items() if each != path}
    assert broken(GENERATED, others) == {path: [GONE]}
    assert broken(GENERATED, others | {path.replace(".v1.", ".v2."): EVENTS[path]}) == {path: [GONE]}
    assert broken(others, GENERATED) == {}


def at(document: Schema, *names: str) -> Schema:
    for name in names:
        inner = document[name]
        assert isinstance(inner, dict)
        document = inner
    return document


def listed(schema: Schema, name: str) -> list[Schema]:
    found = schema.get(name, [])
    assert isinstance(found, list)
    return [each for each in found if isinstance(each, dict)]


def routes(document: Schema) -> Iterator[tuple[str, str]]:
    """Yield each path with each method that it has."""
    for path in at(document, "paths"):
        yield from ((path, method) for method in METHODS if method in at(document, "paths", path))


def alone(document: Schema, path: str, method: str) -> Schema:
    """Return the document with one route only; all in it is the document's own."""
    route: Schema = {method: at(document, "paths", path, method)}
    paths: Schema = {path: route}
    return {"paths": paths, "components": document["components"]}


def schemas_of(route: Schema) -> Iterator[tuple[Promise, Schema]]:
    """Yield the schemas of what a route takes and of what it answers when it did what was asked."""
    yield from ((Promise.TAKEN, at(each, "schema")) for each in listed(route, "parameters"))
    contents = [(Promise.TAKEN, at(route, "requestBody", "content"))] if "requestBody" in route else []
    answers = [at(route, "responses", status) for status in at(route, "responses") if status[0] == "2"]
    contents += [(Promise.GIVEN, at(answer, "content")) for answer in answers if "content" in answer]
    yield from ((promise, at(each, kind, "schema")) for promise, each in contents for kind in each if at(each, kind))


def components_of(document: Schema, schema: Schema, seen: list[str]) -> None:
    """Add to `seen` the names of the components that a schema refers to, through others."""
    for place in places(schema):
        reference = place.get("$ref")
        name = str(reference).rpartition("/")[2]
        if reference is not None and name not in seen:
            seen.append(name)
            components_of(document, at(document, "components", "schemas", name), seen)


@pytest.mark.parametrize("service", SERVICES)
def test_every_edit_of_what_a_route_takes_or_answers_is_judged_rightly(service: str) -> None:
    old, new, tried = ROUTES[service], copy.deepcopy(ROUTES[service]), list[str]()
    wrong: list[str] = []
    reached: dict[Promise, list[str]] = {Promise.TAKEN: [], Promise.GIVEN: []}
    for path, method in routes(new):
        before, after = (alone(each, path, method) for each in (old, new))
        for promise, schema in schemas_of(at(new, "paths", path, method)):
            where = list(places(schema))
            wrong += misjudged(where, partial(route_breaks, before, after), promise, tried)
            components_of(new, schema, reached[promise])
    # A component is judged where it stands: from a route it would be judged as often as it is used.
    for promise, names in reached.items():
        for name in names:
            pair = at(old, "components", "schemas", name), at(new, "components", "schemas", name)
            wrong += misjudged(list(places(pair[1])), partial(judged, (old, new), pair, promise), promise, tried)
    assert wrong == []
    assert new == old
    assert len(tried) > 1_000


def judged(documents: tuple[Schema, Schema], pair: tuple[Schema, Schema], promise: Promise) -> list[Break]:
    return list(compare(Comparison(*documents, promise), pair, ""))


def lost(*names: str) -> Callable[[Schema], None]:
    def lose(document: Schema) -> None:
        *steps, last = names
        del at(document, *steps)[last]

    return lose


def put(value: JsonValue, *names: str) -> Callable[[Schema], None]:
    def change(document: Schema) -> None:
        *steps, last = names
        at(document, *steps)[last] = value

    return change


def edits_of(route: Schema) -> Iterator[Edit]:
    """Yield what can be done to a route, but to its schemas."""
    parameters = listed(route, "parameters")
    for number, parameter in enumerate(parameters):
        others: list[JsonValue] = [*parameters[:number], *parameters[number + 1 :]]
        yield Edit(f"{parameter['name']} lost", Promise.TAKEN, put(others, "parameters"))
        renamed, required = parameter | {"name": "anew"}, parameter | {"required": True}
        yield Edit(f"{parameter['name']} renamed", Promise.TAKEN, put([*others, renamed], "parameters"))
        breaking = Promise(0) if parameter.get("required") else Promise.TAKEN
        yield Edit(f"{parameter['name']} required", breaking, put([*others, required], "parameters"))
        yield Edit("parameters in another order", Promise(0), put([parameter, *others], "parameters"))
    added: Schema = {"name": "anew", "in": "query", "schema": {"type": "string"}}
    yield Edit("an optional parameter", Promise(0), put([*parameters, added], "parameters"))
    yield Edit("a required parameter", Promise.TAKEN, put([*parameters, added | {"required": True}], "parameters"))
    if "requestBody" not in route:
        yield Edit("a body", Promise.TAKEN, put({"required": True, "content": {}}, "requestBody"))
    for kind in at(route, "requestBody", "content") if "requestBody" in route else ():
        yield Edit(f"body {kind} lost", Promise.TAKEN, lost("requestBody", "content", kind))
    for status in at(route, "responses"):
        answer = Promise.GIVEN if status[0] in "23" else Promise(0)
        yield Edit(f"{status} lost", answer, lost("responses", status))
        for kind in at(route, "responses", status, "content") if "content" in at(route, "responses", status) else ():
            yield Edit(f"{kind} of {status} lost", answer, lost("responses", status, "content", kind))
    yield Edit("one more answer", Promise(0), put({"description": "Anew"}, "responses", "299"))
    yield Edit("other remarks", Promise(0), lambda same: same.update(summary="Anew", description="Anew", tags=[]))
    if not route.get("security"):
        yield Edit("a token", Promise.TAKEN, put([{"bearer": []}], "security"))


@pytest.mark.parametrize("service", SERVICES)
def test_every_edit_of_every_route_is_judged_rightly(service: str) -> None:
    old, new = ROUTES[service], copy.deepcopy(ROUTES[service])
    wrong: list[str] = []
    for path, method in routes(new):
        before, after = (alone(each, path, method) for each in (old, new))
        route = at(new, "paths", path, method)
        for edit in list(edits_of(route)):
            with made(route, edit) as told:
                if bool(edit.breaks) != bool(route_breaks(before, after)):
                    wrong.append(f"{method} {path}: {told}")
        assert route_breaks(before, {"paths": {path: {}}}) == route_breaks(before, {"paths": {}})
        assert [each.reason for each in route_breaks(before, {"paths": {}})] == ["is gone"]
    assert wrong == []
    assert route_breaks({"paths": {}}, new) == []


def edits_of_log(log: Schema) -> Iterator[Edit]:
    """Yield what can be done to the document of a log, but to the data of its events."""
    for channel in at(log, "channels"):
        yield Edit(f"{channel} lost", Promise.GIVEN, lost("channels", channel))
        yield Edit(f"{channel} elsewhere", Promise.GIVEN, put("elsewhere", "channels", channel, "address"))
        for message in at(log, "channels", channel, "messages"):
            yield Edit(f"{message} not on {channel}", Promise.GIVEN, lost("channels", channel, "messages", message))
    yield Edit("two partitions", Promise.GIVEN, put(2, "channels", "topic", "bindings", "kafka", "partitions"))
    for message in at(log, "components", "messages"):
        place = ("components", "messages", message)
        yield Edit(f"{message} lost", Promise.GIVEN, lost(*place))
        yield Edit(f"{message} of another type", Promise.GIVEN, put("text/plain", *place, "contentType"))
        yield Edit(f"{message} of other data", Promise.GIVEN, put({"$ref": "#/anew"}, *place, "payload"))
        yield Edit(f"{message} told otherwise", Promise(0), put("Anew", *place, "summary"))
        if message != "batch":
            yield Edit(f"another key of {message}", Promise.GIVEN, lost(*place, "bindings", "kafka", "key"))
            yield Edit(f"other headers of {message}", Promise.GIVEN, put([], *place, "headers", "allOf"))
    yield Edit("a message", Promise(0), put({"contentType": "application/json"}, "components", "messages", "anew.v1"))
    for operation in at(log, "operations"):
        yield Edit(f"{operation} lost", Promise.GIVEN, lost("operations", operation))
        yield Edit(f"{operation} received", Promise.GIVEN, put("receive", "operations", operation, "action"))
    yield Edit("another method", Promise.GIVEN, put("POST", "operations", "serve", "bindings", "http", "method"))
    yield Edit("other remarks", Promise(0), put({"title": "Anew", "version": "2.0.0"}, "info"))
    for envelope in ("Envelope", "TopicHeaders"):
        yield Edit(f"{envelope} lost", Promise.GIVEN, lost("components", "schemas", envelope))


@pytest.mark.parametrize("service", SERVICES)
def test_every_edit_of_every_log_is_judged_rightly(service: str) -> None:
    old, new, tried = LOGS[service], copy.deepcopy(LOGS[service]), list[str]()
    wrong: list[str] = []
    for edit in list(edits_of_log(new)):
        with made(new, edit):
            if bool(edit.breaks) != bool(log_breaks(old, new)):
                wrong.append(edit.kind)
    assert wrong == []
    query = at(new, "operations", "serve", "bindings", "http", "query")
    envelopes = [
        place for name in ("Envelope", "TopicHeaders") for place in places(at(new, "components", "schemas", name))
    ]
    for where, promise in ((list(places(query)), Promise.TAKEN), (envelopes, Promise.GIVEN)):
        assert list(misjudged(where, lambda: log_breaks(old, new), promise, tried)) == []
    assert len(tried) > 200
