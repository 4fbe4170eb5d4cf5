"""The four services as processes of their own, and the letter while three of them are stopped."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from cli.embedded import Embedded
from cli.installation import services, settings_of
from cli.tokens import Issuer
from regesta.database import create_service
from tests.system.conftest import folder

START_SECONDS = 60.0
NOTE = {"title": {"fr": "Note", "nl": "Nota"}}
OBJECTIVE = "0193a0de-0000-7000-8000-0000000000aa"


@dataclass
class Apart:
    """Each service in its own process, at its own port, with its own environment."""

    processes: dict[str, subprocess.Popen[bytes]]
    urls: dict[str, str]
    token: str

    def client(self, service: str) -> httpx2.Client:
        return httpx2.Client(base_url=self.urls[service], headers={"Authorization": f"Bearer {self.token}"}, timeout=30)

    def stop(self, *names: str) -> None:
        for name in names:
            self.processes[name].terminate()
        for name in names:
            assert self.processes[name].wait(20) is not None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def apart() -> Iterator[Apart]:
    with folder() as place, Embedded(place / "data") as database:
        issuer = Issuer(place / "keys")
        ports = {service.name: free_port() for service in services()}
        urls = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
        running: dict[str, subprocess.Popen[bytes]] = {}
        for service in services():
            asyncio.run(create_service(database.admin_dsn, service.name, database.passwords(service.name)))
            settings = settings_of(service, database, issuer, "")
            assert settings.owner_url is not None
            environment = {
                **os.environ,
                "REGESTA_DATABASE_URL": settings.database_url.get_secret_value(),
                "REGESTA_OWNER_URL": settings.owner_url.get_secret_value(),
                "REGESTA_ISSUER": settings.issuer,
                "REGESTA_JWKS": settings.jwks,
                "REGESTA_TOKEN_FILE": str(settings.token_file),
                "REGESTA_SOURCES": json.dumps({source: urls[source] for source in service.sources}),
                "REGESTA_PORT": str(ports[service.name]),
            }
            command = [sys.executable, "-m", f"services.{service.name}"]
            subprocess.run([*command, "migrate"], env=environment, check=True, capture_output=True, timeout=60)
            with (place / f"{service.name}.log").open("wb") as log:
                running[service.name] = subprocess.Popen([*command, "all"], env=environment, stdout=log, stderr=log)
        apart = Apart(running, urls, issuer.everything(1))
        for name in running:
            _wait_ready(apart, name, place)
        yield apart
        apart.stop(*(name for name, process in running.items() if process.poll() is None))


def _wait_ready(apart: Apart, name: str, place: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    with apart.client(name) as client:
        while True:
            assert time.monotonic() < deadline, (place / f"{name}.log").read_text()
            assert apart.processes[name].poll() is None, (place / f"{name}.log").read_text()
            try:
                if client.get(f"/{name}/v1/readyz").status_code == 200:
                    return
            except httpx2.HTTPError:
                pass
            time.sleep(0.1)


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
