"""The four services as processes of their own."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
from pydantic import SecretStr

from cli.embedded import Embedded
from cli.installation import services, settings_of
from cli.tokens import Issuer
from regesta.main import install
from regesta.runtime import Service

START_SECONDS = 60.0


@dataclass
class Apart:
    """Each service in its own process, at its own port, with its own environment.

    processes: by name, that of a service for the process that does all, else with its role, such as "budget worker".
    environments: of each service, for processes that are started from now on. database: the server of all databases
    but those of services that have one of their own, which are in own_servers.
    """

    place: Path
    database: Embedded
    issuer: Issuer
    token: str
    urls: dict[str, str]
    environments: dict[str, dict[str, str]]
    own_servers: Mapping[str, Embedded] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def client(self, service: str, **headers: str) -> httpx2.Client:
        """Return a client of a service with the token that may do everything."""
        headers = {"Authorization": f"Bearer {self.token}", **headers}
        return httpx2.Client(base_url=self.urls[service], headers=headers, timeout=30)

    def server(self, service: str) -> Embedded:
        """Return the server of a service's database."""
        return self.own_servers.get(service, self.database)

    def start(self, *names: str) -> None:
        """Start processes by their names, and return at once."""
        for name in names:
            service, _, role = name.partition(" ")
            command = [sys.executable, "-m", f"services.{service}", role.split(" ")[0] or "all"]
            with self.log(name).open("ab") as log:
                self.processes[name] = subprocess.Popen(command, env=self.environments[service], stdout=log, stderr=log)

    def run(self, service: str, *arguments: str) -> str:
        """Run a process to its end; return what it printed. Raises CalledProcessError."""
        command = [sys.executable, "-m", f"services.{service}", *arguments]
        done = subprocess.run(
            command, env=self.environments[service], check=True, capture_output=True, timeout=60, text=True
        )
        return done.stdout

    def stop(self, *names: str) -> None:
        """Ask processes to end and wait until they have."""
        for name in names:
            self.processes[name].terminate()
        for name in names:
            assert self.processes[name].wait(20) is not None

    def kill(self, name: str) -> None:
        """End a process at once, as a crash does."""
        self.processes[name].kill()
        self.processes[name].wait()

    def log(self, name: str) -> Path:
        """Return the file of what processes of a name have logged."""
        return self.place / f"{name.replace(' ', '-')}.log"

    def wait_ready(self, *names: str) -> None:
        """Return once processes that serve are well."""
        for name in names:
            self._wait_ready(name)

    def wait_serving(self, name: str) -> None:
        """Return once a process that serves answers, well or not."""
        self._wait(name, "livez", lambda answer: answer.is_success)

    def _wait_ready(self, name: str) -> None:
        self._wait(name, "readyz", lambda answer: answer.json()["status"] == "ok")

    def _wait(self, name: str, path: str, is_so: Callable[[httpx2.Response], bool]) -> None:
        service, deadline = name.partition(" ")[0], time.monotonic() + START_SECONDS
        with self.client(service) as client:
            while True:
                assert time.monotonic() < deadline, self.log(name).read_text()
                assert self.processes[name].poll() is None, self.log(name).read_text()
                try:
                    if is_so(client.get(f"/{service}/v1/{path}")):
                        return
                except httpx2.HTTPError:
                    pass
                time.sleep(0.1)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def set_up(
    place: Path, more: Mapping[str, str] | None = None, own: Mapping[str, Mapping[str, str]] | None = None
) -> Iterator[Apart]:
    """Make the databases in a folder, and start nothing; what runs at the end is ended.

    more: further variables of all environments. own: the services whose databases are each on a server of its own, and the
    further variables of that server.
    """
    with ExitStack() as stack:
        database = stack.enter_context(Embedded(place / "data"))
        own_servers = {
            name: stack.enter_context(Embedded(place / f"data-{name}", environment=variables))
            for name, variables in (own or {}).items()
        }
        issuer = Issuer(place / "keys")
        urls = {service.name: f"http://127.0.0.1:{free_port()}" for service in services()}
        apart = Apart(place, database, issuer, issuer.everything(1), urls, {}, own_servers)
        for service in services():
            apart.environments[service.name] = {**_environment(apart, service), **(more or {})}
        asyncio.run(_install(apart))
        try:
            yield apart
        finally:
            for process in apart.processes.values():
                if process.poll() is None:
                    process.kill()
                    process.wait()


async def _install(apart: Apart) -> None:
    """Make the databases as `python -m services.<name> install` does, in this process, which has imported all that is needed."""
    for service in services():
        server = apart.server(service.name)
        settings = settings_of(service, server, apart.issuer, "")
        await install(service, settings.model_copy(update={"admin_url": SecretStr(server.admin_dsn)}))


def _environment(apart: Apart, service: Service) -> dict[str, str]:
    server = apart.server(service.name)
    settings = settings_of(service, server, apart.issuer, "")
    assert settings.owner_url is not None
    assert settings.token_file is not None
    return {
        **os.environ,
        "REGESTA_DATABASE_URL": settings.database_url.get_secret_value(),
        "REGESTA_ADMIN_URL": server.admin_dsn,
        "REGESTA_OWNER_URL": settings.owner_url.get_secret_value(),
        "REGESTA_ISSUER": settings.issuer,
        "REGESTA_JWKS": settings.jwks,
        "REGESTA_SERVICE_TOKEN": settings.token_file.read_text(),
        "REGESTA_SOURCES": json.dumps({source: apart.urls[source] for source in settings.sources}),
        "REGESTA_CONSUMERS": json.dumps({consumer: apart.urls[consumer] for consumer in settings.consumers}),
        "REGESTA_PORT": apart.urls[service.name].rpartition(":")[2],
    }


@contextmanager
def running_apart(place: Path, more: Mapping[str, str] | None = None) -> Iterator[Apart]:
    """Run the services on databases in a folder, and ask them to end. more: further variables of their environments."""
    with set_up(place, more) as apart:
        apart.start(*apart.urls)
        apart.wait_ready(*apart.urls)
        yield apart
        apart.stop(*(name for name, process in apart.processes.items() if process.poll() is None))
