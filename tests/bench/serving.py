"""Services as processes of their own, on one core if asked, and a client of them."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import IO

import httpx2

from cli.tokens import AUDIENCE, ISSUER, SERVICES, Issuer
from tests.bench.ground import Ground
from tests.conftest import Database

START_SECONDS = 60
STOP_SECONDS = 30
SAID_CHARACTERS = 2_000
HOURS = 24
HERE = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Server:
    """A process that serves. url: without the prefix of a service."""

    url: str
    pid: int


def free_port() -> int:
    """Return a port that nobody uses at this moment."""
    with socket.socket() as found:
        found.bind((HERE, 0))
        port: int = found.getsockname()[1]
    return port


def environment(service: str, database: Database, issuer: Issuer) -> dict[str, str]:
    """Return the settings of one service, as variables; REGESTA_SOURCES and REGESTA_PORT are left to the caller."""
    told = {
        "DATABASE_URL": database.dsn,
        "ISSUER": ISSUER,
        "AUDIENCE": AUDIENCE,
        "JWKS": str(issuer.jwks),
        "TOKEN_FILE": str(issuer.service_token(service, HOURS)),
    }
    return {f"REGESTA_{name}": value for name, value in told.items()}


@asynccontextmanager
async def started(
    arguments: Sequence[str], variables: Mapping[str, str], port: int, ready: str
) -> AsyncIterator[Server]:
    """Run `python ARGUMENTS` until it answers at the path `ready`; stop it at the end."""
    with TemporaryFile() as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, *arguments, env={**os.environ, **variables}, stdout=log, stderr=log
        )
        try:
            await _until_ready(process, f"http://{HERE}:{port}{ready}", log)
            yield Server(f"http://{HERE}:{port}", process.pid)
        finally:
            if process.returncode is None:
                process.terminate()
                async with asyncio.timeout(STOP_SECONDS):
                    await process.wait()


async def _until_ready(process: Process, url: str, log: IO[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    async with httpx2.AsyncClient() as client:
        while True:
            try:
                if (await client.get(url)).status_code == 200:
                    return
            except httpx2.HTTPError:
                pass
            if process.returncode is not None or time.monotonic() > deadline:
                log.seek(0)
                said = log.read().decode(errors="replace")[-SAID_CHARACTERS:]
                raise RuntimeError(f"nothing answers at {url}; the process ended with {process.returncode}: {said}")
            await asyncio.sleep(0.05)


@dataclass(frozen=True, slots=True)
class Everything:
    """All four services in one process."""

    server: Server
    databases: Mapping[str, Database]
    token: str

    def client(self) -> httpx2.AsyncClient:
        """Return a client that may do everything."""
        return httpx2.AsyncClient(
            base_url=self.server.url, headers={"Authorization": f"Bearer {self.token}"}, timeout=60
        )


@asynccontextmanager
async def everything(ground: Ground, also: Mapping[str, str] | None = None) -> AsyncIterator[Everything]:
    """Serve the four services on fresh databases, as `regesta serve` does. also: more variables of the process."""
    issuer = Issuer(ground.folder / "keys")
    port = free_port()
    async with AsyncExitStack() as stack:
        databases = {name: await stack.enter_async_context(ground.database(name)) for name in SERVICES}
        sources = json.dumps(dict.fromkeys(SERVICES, f"http://{HERE}:{port}"))
        variables = {"REGESTA_PORT": str(port), "REGESTA_SOURCES": sources, **(also or {})}
        for name, database in databases.items():
            own = environment(name, database, issuer)
            variables |= {key.replace("REGESTA_", f"REGESTA_{name.upper()}_"): value for key, value in own.items()}
        started_here = started(["-m", "cli", "serve"], variables, port, "/reporting/v1/readyz")
        server = await stack.enter_async_context(started_here)
        yield Everything(server, databases, issuer.everything(HOURS))
