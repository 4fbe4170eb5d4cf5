"""What a run runs on: a PostgreSQL of its own, two databases, and the processes around them."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import asyncpg

from cli.embedded import Embedded
from cli.tokens import AUDIENCE, ISSUER, Issuer
from regesta.database import create_service, migrate
from tests.certify.plan import Plan
from tests.certify.units import MIRROR, SERVICE
from tests.conftest import migrations_of

ROOT: Final = Path(__file__).parents[2]
WRITERS: Final = ("A", "B")
SERVICES: Final = ("source", "mirror")
STOP_SECONDS: Final = 60.0
# Of the log of a process that failed.
LOG_CHARACTERS: Final = 2_000


@dataclass
class Rig:
    """A run's server and processes. stops, kills: how often the server and writers were stopped without warning."""

    server: Embedded
    plan: Plan
    port: int
    issuer: Issuer
    stops: int = 0
    kills: int = 0
    _processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _idle: asyncpg.Connection | None = None

    async def start(self) -> None:
        """Start everything but the writers, and leave a transaction open in another database."""
        self._start("source", "tests.certify.source", "api")
        self._start("mirror", "tests.certify.mirror", "worker")
        self._start("readers", "tests.certify.readers", str(self.plan.file))
        await self._ready("readers")
        await self.idle()

    async def idle(self) -> None:
        """Open a transaction in the database `postgres`, with an id, and leave it."""
        self._idle = await asyncpg.connect(self.server.admin_dsn)
        await self._idle.execute("BEGIN; SELECT pg_current_xact_id()")

    async def start_writers(self, *names: str) -> None:
        """Start processes of writers; they begin at once."""
        for name in names:
            self._start(name, "tests.certify.writers", str(self.plan.file), name)
        for name in names:
            await self._ready(name)

    def kill(self, name: str) -> None:
        """Kill a process of writers by SIGKILL."""
        process = self._processes.pop(name)
        process.kill()
        process.wait()
        _close(process)
        self.kills += 1

    async def break_down(self) -> None:
        """Stop the server as by a loss of power, and start it again."""
        await asyncio.to_thread(self.server.stop_immediate)
        self.stops += 1
        if self._idle is not None:
            self._idle.terminate()
        await asyncio.to_thread(self.server.start)
        await self.idle()

    async def stop(self, *names: str) -> None:
        """Ask processes to end, and wait until they have. Raises RuntimeError when one fails."""
        for name in names:
            _ask_to_end(self._processes[name], by_signal=name in SERVICES)
        for name in names:
            process = self._processes.pop(name)
            code = await asyncio.to_thread(process.wait, STOP_SECONDS)
            _close(process)
            if code not in {0, -signal.SIGTERM}:  # uvicorn ends by the signal that it was asked with
                raise self._ended(name, code)

    def require_running(self) -> None:
        """Raise RuntimeError when a process ended that nobody stopped."""
        for name, process in self._processes.items():
            if process.poll() is not None:
                raise self._ended(name, process.returncode)

    def end(self) -> None:
        """Kill what still runs."""
        for process in self._processes.values():
            process.kill()
            process.wait()
            _close(process)
        self._processes.clear()
        if self._idle is not None:
            self._idle.terminate()

    def _start(self, name: str, module: str, *arguments: str) -> None:
        with self._log(name).open("ab") as log:
            self._processes[name] = subprocess.Popen(
                [sys.executable, "-m", module, *arguments], cwd=ROOT, env=os.environ | self._environment(name),
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
            )  # fmt: skip

    async def _ready(self, name: str) -> None:
        """Wait for the word of a process that it has begun."""
        process = self._processes[name]
        assert process.stdout is not None
        if not await asyncio.to_thread(process.stdout.readline):
            raise self._ended(name, process.wait())

    def _ended(self, name: str, code: int) -> RuntimeError:
        said = self._log(name).read_text(errors="replace")[-LOG_CHARACTERS:]
        return RuntimeError(f"the process {name!r} ended with {code}: {said}")

    def _log(self, name: str) -> Path:
        return self.plan.folder / f"{name}.log"

    def _environment(self, name: str) -> dict[str, str]:
        service = MIRROR if name == "mirror" else SERVICE
        return {
            "REGESTA_DATABASE_URL": self.server.dsn(service),
            "REGESTA_ISSUER": ISSUER,
            "REGESTA_AUDIENCE": AUDIENCE,
            "REGESTA_JWKS": str(self.issuer.jwks),
            "REGESTA_PORT": str(self.port),
            "REGESTA_SOURCES": f'{{"{SERVICE}": "http://127.0.0.1:{self.port}"}}',
            "REGESTA_TOKEN_FILE": str(self.issuer.service_token(MIRROR, 2)),
        }


@asynccontextmanager
async def rigged(folder: Path, seed: str, callers: int) -> AsyncIterator[Rig]:
    """Make the server, the databases and the plan; start nothing else. All processes have ended afterwards."""
    issuer, port = Issuer(folder / "keys"), _free_port()
    with Embedded(folder / "server") as server:
        for service in (SERVICE, MIRROR):
            await create_service(server.admin_dsn, service, server.passwords(service))
            await migrate(server.dsn(service, "owner"), service, migrations_of(service))
        plan = Plan(
            seed=seed, folder=folder, dsn=server.dsn(SERVICE), feed_url=f"http://127.0.0.1:{port}/{SERVICE}/v1",
            token=issuer.token("reader", ["events:read"], hours=2), callers=callers,
        )  # fmt: skip
        plan.file.write_text(plan.model_dump_json())
        rig = Rig(server, plan, port, issuer)
        try:
            yield rig
        finally:
            rig.end()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port


def _ask_to_end(process: subprocess.Popen[bytes], *, by_signal: bool) -> None:
    if by_signal:
        process.send_signal(signal.SIGTERM)
    elif process.stdin is not None:
        process.stdin.close()


def _close(process: subprocess.Popen[bytes]) -> None:
    """Close the pipes to a process that has ended."""
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
