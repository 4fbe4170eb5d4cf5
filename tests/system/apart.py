"""The four services as processes of their own."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

from cli.embedded import Embedded
from cli.installation import services, settings_of
from cli.tokens import Issuer
from regesta.database import create_service

START_SECONDS = 60.0


@dataclass
class Apart:
    """Each service in its own process, at its own port, with its own environment."""

    processes: dict[str, subprocess.Popen[bytes]]
    urls: dict[str, str]
    token: str
    database: Embedded

    def client(self, service: str, **headers: str) -> httpx2.Client:
        """Return a client of a service with the token that may do everything."""
        headers = {"Authorization": f"Bearer {self.token}", **headers}
        return httpx2.Client(base_url=self.urls[service], headers=headers, timeout=30)

    def stop(self, *names: str) -> None:
        """Ask processes to end and wait until they have."""
        for name in names:
            self.processes[name].terminate()
        for name in names:
            assert self.processes[name].wait(20) is not None


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running_apart(place: Path, more: Mapping[str, str] | None = None) -> Iterator[Apart]:
    """Run the services on databases in a folder. more: further variables of their environments."""
    with Embedded(place / "data") as database:
        issuer = Issuer(place / "keys")
        ports = {service.name: free_port() for service in services()}
        urls = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
        apart = Apart({}, urls, issuer.everything(1), database)
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
                **(more or {}),
            }
            command = [sys.executable, "-m", f"services.{service.name}"]
            subprocess.run([*command, "migrate"], env=environment, check=True, capture_output=True, timeout=60)
            with (place / f"{service.name}.log").open("wb") as log:
                apart.processes[service.name] = subprocess.Popen(
                    [*command, "all"], env=environment, stdout=log, stderr=log
                )
        for name in apart.processes:
            _wait_ready(apart, name, place)
        yield apart
        apart.stop(*(name for name, process in apart.processes.items() if process.poll() is None))


def _wait_ready(apart: Apart, name: str, place: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    with apart.client(name) as client:
        while True:
            assert time.monotonic() < deadline, (place / f"{name}.log").read_text()
            assert apart.processes[name].poll() is None, (place / f"{name}.log").read_text()
            try:
                if client.get(f"/{name}/v1/readyz").json()["status"] == "ok":
                    return
            except httpx2.HTTPError:
                pass
            time.sleep(0.1)
