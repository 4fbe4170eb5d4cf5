"""Services that run for real: on databases of their own, behind one port, with tokens of an issuer of their own."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import httpx2
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from cli.together import Together
from cli.tokens import ISSUER, Issuer
from regesta.main import create_app
from regesta.runtime import Runtime, Service
from regesta.server import server_of
from regesta.settings import Settings
from tests.conftest import FreshDatabase

HOURS = 1.0
POLL_SECONDS = 0.01
WAIT_SECONDS = 10.0


@dataclass(frozen=True)
class Running:
    """Services that run. client: of somebody who may do everything. settings: with which another process would serve too.

    admins: addresses of the databases for their admins.
    """

    url: str
    issuer: Issuer
    client: httpx2.AsyncClient
    apps: dict[str, FastAPI]
    settings: dict[str, Settings]
    admins: dict[str, str]

    def runtime(self, service: str) -> Runtime:
        """Return the running parts of a service."""
        runtime = self.apps[service].state.runtime
        assert isinstance(runtime, Runtime)
        return runtime

    def bearer(self, *scopes: str, roles: Iterable[str] = (), units: Iterable[str] = ()) -> dict[str, str]:
        """Return the header of somebody with some scopes, roles and units."""
        return {"Authorization": f"Bearer {self.issuer.token('somebody', scopes, roles=roles, units=units, hours=1)}"}


Run: TypeAlias = Callable[..., Awaitable[Running]]


@pytest.fixture
async def run(fresh_database: FreshDatabase, tmp_path: Path) -> AsyncIterator[Run]:
    """Return a function that runs services together; all stop when the test ends."""
    async with AsyncExitStack() as stack:

        async def started(*services: Service) -> Running:
            return await start(stack, fresh_database, tmp_path / "keys", services)

        yield started


async def start(stack: AsyncExitStack, fresh: FreshDatabase, keys: Path, services: Iterable[Service]) -> Running:
    """Return services that run together until the stack closes. keys: a new folder for their issuer."""
    listening = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
    # asyncio does it for sockets of its own; without it each answer waits 40 ms for the client to acknowledge its head.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    issuer = Issuer(keys)
    apps, settings, admins = {}, {}, {}
    for service in services:
        database = await fresh(service.name)
        admins[service.name] = database.admin_dsn
        settings[service.name] = Settings(
            database_url=SecretStr(database.dsn),
            issuer=ISSUER,
            jwks=str(issuer.jwks),
            sources=dict.fromkeys(service.sources, url),
            token_file=issuer.service_token(service.name, HOURS),
            pool_size=4,
        )
        apps[service.name] = create_app(service, settings[service.name], worker=True)
    server = server_of(Together(apps), list(apps.values()), "127.0.0.1", 0)
    task = asyncio.create_task(server.serve(sockets=[listening]))

    async def stop() -> None:
        server.should_exit = True
        for app in apps.values():
            app.state.runtime.stopping = True
        await task

    while not server.started:
        assert not task.done(), task.exception()
        await asyncio.sleep(POLL_SECONDS)
    stack.push_async_callback(stop)
    headers = {"Authorization": f"Bearer {issuer.everything(HOURS)}"}
    client = httpx2.AsyncClient(base_url=url, headers=headers, timeout=30)
    running = Running(url, issuer, await stack.enter_async_context(client), apps, settings, admins)
    for name in apps:
        # So that a test's own facts come after the day in every log, from position 2 on.
        assert await running.runtime(name).store.wait(name, 0, WAIT_SECONDS)
    return running
