"""The jars service as it runs for real: its database, an issuer of tokens, and a server on a port of its own."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import httpx2
from joserfc import jwt
from joserfc.jwk import ECKey
from pydantic import SecretStr

from regesta.database import migrate, migrations
from regesta.event import Event
from regesta.main import create_app
from regesta.recovery import HOLD_SECONDS
from regesta.runtime import Runtime, Service
from regesta.server import Server, server_of
from regesta.settings import Settings
from tests.conftest import Database
from tests.regesta.jars import SERVICE

ISSUER = "https://issuer.test"
SCOPES = "jars:read jars:write events:read import:write"


class Issuer:
    """Makes tokens; `jwks` is the file with its public key."""

    def __init__(self, folder: Path, name: str = ISSUER) -> None:
        self._name = name
        self._key = ECKey.generate_key("P-256", {"kid": "one"})
        self.jwks = folder / "jwks.json"
        self.jwks.write_text(json.dumps({"keys": [self._key.as_dict(private=False)]}))

    def token(self, scope: str = SCOPES, **claims: object) -> str:
        """Return a token of the subject "officer" for an hour; claims change what it says."""
        return self.said({"scope": scope, **claims})

    def said(self, claims: Mapping[str, object]) -> str:
        """Return a token that says this beside what a token must say; None leaves a claim out."""
        said: dict[str, object] = {
            "iss": self._name, "aud": "regesta", "sub": "officer", "exp": int(time.time()) + 3600, **claims,
        }  # fmt: skip
        kept = {name: value for name, value in said.items() if value is not None}
        return jwt.encode({"alg": "ES256", "kid": "one"}, kept, self._key)


@dataclass(frozen=True)
class Served:
    """A running service: its address with prefix, its server and its parts."""

    url: str
    server: Server
    runtime: Runtime
    issuer: Issuer

    @property
    def headers(self) -> dict[str, str]:
        """The headers of one who may do everything but what needs a role."""
        return {"Authorization": f"Bearer {self.issuer.token()}"}


async def migrated(database: Database) -> Database:
    """Give a database of jars its read models."""
    await migrate(database.owner_dsn, "jars", migrations(SERVICE.migrations))
    return database


def settings_of(database: Database, issuer: Issuer, sources: Mapping[str, str] | None = None) -> Settings:
    """Return the settings of a process on this database."""
    token_file = issuer.jwks.with_name("token")
    token_file.write_text(issuer.token())
    return Settings(
        database_url=SecretStr(database.dsn), issuer=ISSUER, jwks=str(issuer.jwks),
        sources=dict(sources or {}), token_file=token_file, pool_size=4,
    )  # fmt: skip


def taking_in(*events: type[Event], source: str = "shelves") -> Service:
    """Return the jars service with a source."""
    return replace(SERVICE, sources={source: events})


@asynccontextmanager
async def publishing(issuer: Issuer, answers: list[int], port: int = 0) -> AsyncIterator[str]:
    """Serve the issuer's keys with the last status of `answers`, to which that of each answer is added; yield the address."""
    begun: list[asyncio.Task[None]] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            await asyncio.sleep(0.05)  # the others come meanwhile
            answers.append(answers[-1])
            body = issuer.jwks.read_bytes()
            head = b"HTTP/1.1 %d .\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % (answers[-1], len(body))
            writer.write(head + body)
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        begun.append(asyncio.create_task(answer(reader, writer)))

    server = await asyncio.start_server(begin, "127.0.0.1", port)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/jwks"
    await asyncio.gather(*begun, return_exceptions=True)


@asynccontextmanager
async def served(service: Service, settings: Settings, issuer: Issuer, *, worker: bool = True) -> AsyncIterator[Served]:
    """Serve a service over HTTP on a free port of this machine; stopped as by SIGTERM, if it still runs."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    app = create_app(service, settings, worker=worker)
    server = server_of(app, [app], "127.0.0.1", port)
    # Signals belong to the tests' own process.
    running = asyncio.create_task(server._serve())
    try:
        while not server.started:
            if running.done():
                running.result()
                raise RuntimeError("the server did not start")
            await asyncio.sleep(0.01)
        if worker:  # the day is recorded first, so that what a test records comes after it
            assert await app.state.runtime.store.wait(service.name, 0, 2 * HOLD_SECONDS)
        yield Served(f"http://127.0.0.1:{port}{service.prefix}", server, app.state.runtime, issuer)
    finally:
        server.handle_exit(signal.SIGTERM, None)
        await asyncio.wait_for(running, 10)


def client(served_here: Served, **headers: str) -> httpx2.AsyncClient:
    """Return a client of a running service with its full token."""
    return httpx2.AsyncClient(base_url=served_here.url, headers=served_here.headers | headers, timeout=30)


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 5) -> None:
    """Return once the condition holds; for what nobody announces."""
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - it is asked of a database
            await asyncio.sleep(0.01)
