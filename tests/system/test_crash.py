"""Kill the whole demo, and PostgreSQL with it, in the middle of an import: what was acknowledged stays, once."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx2

from tests.system.conftest import Demo, folder

SAMPLE = Path("examples/territorial-2023-2024.json")
CRASHES = 5
SERVICES = ("objectives", "kpi", "budget")


def events_of(demo: Demo) -> dict[str, list[dict[str, Any]]]:
    """Return all events of each service that takes part."""
    with demo.client() as client:
        pages = {name: client.get(f"{demo.services[name]}/events", params={"limit": 5000}) for name in SERVICES}
    return {name: page.json() for name, page in pages.items()}


def kinds(events: list[dict[str, Any]]) -> list[str]:
    """Return what the events say, without what a run makes anew (times, names)."""
    told = [event for event in events if event["type"] != "day-started.v1"]
    return sorted(json.dumps([event["subject"], event["type"], event["data"]], sort_keys=True) for event in told)


def importing(demo: Demo) -> subprocess.Popen[bytes]:
    """Start the operator's import in a process of its own."""
    environment = {**os.environ, "REGESTA_URL": demo.url, "REGESTA_TOKEN": demo.token}
    arguments = [
        sys.executable,
        "-m",
        "cli",
        "import",
        "facts",
        str(SAMPLE),
        "--report",
        str(demo.folder / "report.json"),
    ]
    return subprocess.Popen(arguments, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def crash(demo: Demo) -> None:
    """Kill the services, and stop PostgreSQL as a loss of power would."""
    demo.kill()
    pid = int((demo.folder / "data" / "postgres" / "postmaster.pid").read_text().splitlines()[0])
    os.kill(pid, signal.SIGQUIT)


def test_an_import_that_is_killed_again_and_again_loses_and_doubles_nothing(empty_demo: Demo) -> None:
    demo = empty_demo.start()
    rng = random.Random(4)  # noqa: S311 - the same waits in each run
    acknowledged: dict[str, set[str]] = {name: set() for name in SERVICES}
    for number in range(CRASHES):
        process = importing(demo)
        time.sleep(rng.uniform(0.8, 2.2) if number else 1.5)
        acknowledged = {name: {event["id"] for event in events} for name, events in events_of(demo).items()}
        crash(demo)
        process.kill()
        process.wait()
        demo.start()
        kept = {name: {event["id"] for event in events} for name, events in events_of(demo).items()}
        assert all(acknowledged[name] <= kept[name] for name in SERVICES)
    demo.regesta("import", "facts", str(SAMPLE), "--report", str(demo.folder / "report.json"))
    report = json.loads((demo.folder / "report.json").read_text())
    whole = events_of(demo)
    for events in whole.values():
        assert [int(event["id"]) for event in events] == list(range(1, len(events) + 1))
        _versions_have_no_hole(events)
    _replicas_are_whole(demo)
    undisturbed, counts = _undisturbed()
    assert {name: kinds(events) for name, events in whole.items()} == undisturbed
    assert report["counts"] == counts


def _versions_have_no_hole(events: list[dict[str, Any]]) -> None:
    versions: dict[str, int] = {}
    for event in events:
        versions[event["subject"]] = versions.get(event["subject"], 0) + 1
        assert event["sequence"] == versions[event["subject"]]


def _replicas_are_whole(demo: Demo) -> None:
    """Every log was taken in by reporting up to its head."""
    heads = demo.heads()
    deadline = time.monotonic() + 10
    with demo.client() as client:
        while True:
            rows = client.get(f"{demo.services['reporting']}/projections").json()
            reached = {row["source"]: row["position"] for row in rows}
            if all(reached[name] == heads[name] for name in SERVICES):
                return
            assert time.monotonic() < deadline, (reached, heads)
            time.sleep(0.05)


def _undisturbed() -> tuple[dict[str, list[str]], Any]:
    """Return what the same import records and counts when nobody disturbs it."""
    with folder() as place:
        demo = Demo(place, ("--no-sample",)).start()
        try:
            report = json.loads(demo.regesta("import", "facts", str(SAMPLE), "--json").stdout)
            return {name: kinds(events) for name, events in events_of(demo).items()}, report["counts"]
        finally:
            demo.stop()


def test_a_demo_killed_while_it_serves_starts_again_with_everything(empty_demo: Demo) -> None:
    demo = empty_demo.start()
    body = {"title": {"fr": "Une note", "nl": "Een nota"}}
    with httpx2.Client(base_url=demo.url, headers={"Authorization": f"Bearer {demo.token}"}) as client:
        answer = client.put("/objectives/v1/notes/killed", json=body)
        assert answer.status_code == 201, answer.text
    before = demo.heads()
    demo.kill()
    assert demo.start().heads() == before


def test_a_request_to_end_leaves_no_server_behind(empty_demo: Demo) -> None:
    demo = empty_demo.start()
    assert demo.process is not None
    demo.process.terminate()
    assert demo.process.wait(30) == 0
    assert not (demo.folder / "data" / "postgres" / "postmaster.pid").exists()
