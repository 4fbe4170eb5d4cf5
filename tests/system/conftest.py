"""Whole systems in processes of their own, run by the commands that an operator uses."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest

START_SECONDS = 90.0
STOP_SECONDS = 30.0


@dataclass
class Demo:
    """`regesta demo` on a folder of its own."""

    folder: Path
    arguments: tuple[str, ...] = ()
    process: subprocess.Popen[bytes] | None = None
    url: str = ""
    token: str = ""
    services: dict[str, str] = field(default_factory=dict)

    @property
    def ready_file(self) -> Path:
        return self.folder / "ready.json"

    def start(self) -> Demo:
        """Start it and return when it can serve."""
        self.ready_file.unlink(missing_ok=True)
        self.launch()
        return self.until_ready()

    def launch(self) -> subprocess.Popen[bytes]:
        """Start its process, and return at once."""
        place = ["--port", "0", "--data-dir", str(self.folder / "data"), "--ready-file", str(self.ready_file)]
        with (self.folder / "output").open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "cli", "demo", *place, *self.arguments],
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return self.process

    def until_ready(self) -> Demo:
        """Return when it can serve."""
        assert self.process is not None
        deadline = time.monotonic() + START_SECONDS
        while not self.ready_file.exists():
            assert self.process.poll() is None, self.output()
            assert time.monotonic() < deadline, self.output()
            time.sleep(0.02)
        ready = json.loads(self.ready_file.read_text())
        self.url, self.token, self.services = ready["url"], ready["token"], ready["services"]
        return self

    def output(self) -> str:
        """Return what it printed so far."""
        return (self.folder / "output").read_text()

    def stop(self) -> int:
        """Press Ctrl-C; return the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(STOP_SECONDS)

    def kill(self) -> None:
        """End it as a crash would."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(STOP_SECONDS)

    def client(self) -> httpx2.Client:
        """Return a client with the token that may do everything."""
        return httpx2.Client(base_url=self.url, headers={"Authorization": f"Bearer {self.token}"}, timeout=60)

    def regesta(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run the operator's command against it."""
        environment = {**os.environ, "REGESTA_URL": self.url, "REGESTA_TOKEN": self.token, "COLUMNS": "200"}
        return subprocess.run(
            [sys.executable, "-m", "cli", *arguments],
            env=environment,
            capture_output=True,
            text=True,
            check=check,
            timeout=120,
        )

    def heads(self) -> dict[str, int]:
        """Return how far each service's log reaches."""
        with self.client() as client:
            return {name: client.get(f"{at}/events/head").json()["position"] for name, at in self.services.items()}


@contextmanager
def folder() -> Iterator[Path]:
    """Give a folder that PostgreSQL's user can reach; pytest closes its own ones to others at every start."""
    with tempfile.TemporaryDirectory(prefix="regesta-system-") as path:
        yield Path(path)


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    """Run the demo with its sample, for the tests of a module."""
    with folder() as place:
        yield from _run(Demo(place).start())


def _run(demo: Demo) -> Iterator[Demo]:
    """Give a demo and stop what runs of it."""
    yield demo
    if demo.process is not None and demo.process.poll() is None:
        demo.stop()


@pytest.fixture
def empty_demo() -> Iterator[Demo]:
    """Give a demo without its sample, not started yet."""
    with folder() as place:
        yield from _run(Demo(place, ("--no-sample",)))
