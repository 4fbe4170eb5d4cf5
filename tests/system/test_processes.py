"""The four services as processes of their own, and the letter while three of them are stopped."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from tests.system.apart import Apart, running_apart
from tests.system.conftest import folder

NOTE = {"title": {"fr": "Note", "nl": "Nota"}}
OBJECTIVE = "0193a0de-0000-7000-8000-0000000000aa"


@pytest.fixture(scope="module")
def apart() -> Iterator[Apart]:
    with folder() as place, running_apart(place) as apart:
        yield apart


def test_facts_travel_between_processes_and_the_letter_is_served_alone(apart: Apart) -> None:
    with apart.client("objectives") as client:
        assert client.put("/objectives/v1/notes/apart", json=NOTE).status_code == 201
        body = {"level": "strategic", "code": "1", "title": {"fr": "But", "nl": "Doel"}}
        registered = client.put(f"/objectives/v1/notes/apart/objectives/{OBJECTIVE}", json=body)
        assert registered.status_code == 201, registered.text
    line = {"line": "apart.3300428016321", "section": {"year": 2024, "kind": "planned"}}
    with apart.client("budget") as client:
        opened = client.put("/budget/v1/lines/apart.33.004.28.01.6321", json={})
        assert opened.status_code == 201, opened.text
        line["line"] = "apart.33.004.28.01.6321"
        # The objective was registered a moment ago: budget asks for it by itself.
        assigned = client.put(f"/budget/v1/objectives/{OBJECTIVE}/lines/{OBJECTIVE}", json=line)
        assert assigned.status_code == 201, assigned.text
        unknown = client.put(f"/budget/v1/objectives/{OBJECTIVE[:-2]}ff/lines/{OBJECTIVE}", json=line)
        assert (unknown.status_code, unknown.json()["type"].rpartition("/")[2]) == (422, "unknown-reference")
    path = "/reporting/v1/letters/apart/2024"
    asked = {"at_least": f"{assigned.json()['token']},{registered.json()['token']}"}
    with apart.client("reporting") as client:
        before = client.get(path, params=asked, headers={"Accept": "application/json"})
        assert before.status_code == 200, before.text
        assert "33.004.28.01.6321" in before.text
        apart.stop("objectives", "kpi", "budget")
        after = client.get(path, headers={"Accept": "application/json"})
        page = client.get(path, headers={"Accept": "text/html"})
    assert after.json()["letter"] == before.json()["letter"]
    assert page.status_code == 200
    # uvicorn ends by the signal it was given, once everything is closed.
    stopped = {name: process.returncode for name, process in apart.processes.items() if name != "reporting"}
    assert set(stopped.values()) <= {0, -signal.SIGTERM}, stopped
