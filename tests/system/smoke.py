"""Reads deploy/smoke.http as editors do: variables at its head, then calls, some of which use the answers of earlier ones."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import httpx2

FILE: Final = Path("deploy/smoke.http")
TITLE: Final = re.compile(r"^### (?P<status>\d{3}) (?P<title>.+)$")
VARIABLE: Final = re.compile(r"^@(?P<name>\w+) = (?P<value>.+)$", re.MULTILINE)
NAME: Final = re.compile(r"^# @name (?P<name>\w+)$")
PLACE: Final = re.compile(r"{{([^{}]+)}}")
# A member of an earlier answer, such as `paid.response.body.$.events[0]`.
ANSWERED: Final = re.compile(r"(?P<name>\w+)\.response\.body\.\$\.(?P<member>\w+)(?:\[(?P<index>\d)\])?")

# What one service has recorded reaches the others within this; far longer than it takes.
ARRIVES_S: Final = 30.0


@dataclass
class Call:
    """One call as it stands in the file. status: what it should answer."""

    title: str
    status: int
    method: str
    target: str
    headers: dict[str, str]
    body: str
    name: str | None = None


@dataclass
class Place:
    """What stands for the placeholders: variables, and the JSON of the answers of named calls."""

    variables: dict[str, str]
    answers: dict[str, dict[str, object]] = field(default_factory=dict)

    def fill(self, text: str) -> str:
        """Return a text with every placeholder filled."""
        return PLACE.sub(lambda found: self._value(found[1]), text)

    def _value(self, expression: str) -> str:
        if expression == "$datetime 'YYYY'":
            return f"{datetime.now(ZoneInfo('Europe/Brussels')):%Y}"
        answered = ANSWERED.fullmatch(expression)
        if answered is None:
            return self.variables[expression]
        value = self.answers[answered["name"]][answered["member"]]
        if answered["index"] is not None:
            assert isinstance(value, list)
            value = value[int(answered["index"])]
        assert isinstance(value, str)
        return value

    def send(self, call: Call, client: httpx2.Client) -> httpx2.Response:
        """Send a call and keep its answer when it has a name."""
        headers = {name: self.fill(value) for name, value in call.headers.items()}
        answer = client.request(call.method, self.fill(call.target), headers=headers, content=self.fill(call.body))
        if call.name is not None and answer.is_success:
            self.answers[call.name] = answer.json()
        return answer

    def expect(self, call: Call, client: httpx2.Client) -> None:
        """Send a call that answers as its title says; a read is repeated, for it may ask for what another service is still being told."""
        end = time.monotonic() + ARRIVES_S
        answer = self.send(call, client)
        while answer.status_code != call.status and call.method == "GET" and time.monotonic() < end:
            time.sleep(0.1)
            answer = self.send(call, client)
        assert answer.status_code == call.status, f"{call.title}: {pretty(answer)}"


def read(text: str) -> tuple[dict[str, str], list[Call]]:
    """Return the variables and the calls of a file. Raises AssertionError, StopIteration for what is no such file."""
    head, *parts = re.split(r"^(?=### )", text, flags=re.MULTILINE)
    variables = {found["name"]: found["value"] for found in VARIABLE.finditer(head)}
    return variables, [_call(part) for part in parts]


def _call(part: str) -> Call:
    lines = iter(part.splitlines())
    title = TITLE.match(next(lines))
    assert title is not None, part
    name = None
    for line in lines:
        named = NAME.match(line)
        if named is None:
            break
        name = named["name"]
    method, _, target = line.partition(" ")
    headers: dict[str, str] = {}
    for line in lines:
        if not line:
            break
        key, _, value = line.partition(": ")
        headers[key] = value
    # Headings stand between calls; a body has no line that begins like one.
    body = [line for line in lines if not line.startswith("# ")]
    return Call(title["title"], int(title["status"]), method, target, headers, "\n".join(body).strip(), name)


def uncalled(document: Mapping[str, object], calls: list[Call], variables: Mapping[str, str]) -> list[str]:
    """Return the operations of an OpenAPI document that no call is for, as "GET /path"."""
    paths = document["paths"]
    assert isinstance(paths, dict)
    operations = [(method.upper(), path) for path, methods in paths.items() for method in methods]
    called = {(call.method, _route(call, variables, operations)) for call in calls}
    return [f"{method} {path}" for method, path in operations if (method, path) not in called]


def _route(call: Call, variables: Mapping[str, str], operations: list[tuple[str, str]]) -> str | None:
    """Return the path of the operation that a call is for; the one with the fewest parameters, as the router prefers."""
    path = call.target.removeprefix("{{url}}").partition("?")[0]
    path = PLACE.sub(lambda found: variables.get(found[1], "x"), path)
    fitting = [template for method, template in operations if method == call.method and _fits(path, template)]
    return min(fitting, key=lambda template: template.count("{"), default=None)


def _fits(path: str, template: str) -> bool:
    # `stream` alone may hold a slash.
    pattern = re.escape(template).replace(r"\{stream\}", ".+")
    return re.fullmatch(re.sub(r"\\{\w+\\}", "[^/]+", pattern), path) is not None


def pretty(answer: httpx2.Response) -> str:
    """Return an answer as a failed test should show it."""
    try:
        return json.dumps(answer.json(), indent=2, ensure_ascii=False)
    except ValueError:
        return answer.text[:2000]
