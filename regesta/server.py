"""How apps are served: by one server, for their requests and their lifespans; why they cannot start is said in one line."""

from __future__ import annotations

import asyncio
import socket
import traceback
from collections.abc import Sequence
from contextlib import AsyncExitStack
from types import FrameType

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from regesta import telemetry
from regesta.errors import Misconfigured

# Who does not take its answer by then, after the signal to exit, loses it.
GRACE_SECONDS = 10


class Living:
    """An app that is made of others, with their lifespans in turn. refused: why one must not start."""

    def __init__(self, app: ASGIApp, apps: Sequence[FastAPI]) -> None:
        self._app = app
        self._apps = apps
        self.refused: Misconfigured | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the lifespan of all."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            await self._app(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        async with AsyncExitStack() as stack:
            try:
                for app in self._apps:
                    await stack.enter_async_context(app.router.lifespan_context(app))
            except Misconfigured as error:
                self.refused = error
                await send({"type": "lifespan.startup.failed", "message": ""})
                return
            except Exception:
                await send({"type": "lifespan.startup.failed", "message": traceback.format_exc()})
                raise
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})


class Server(uvicorn.Server):
    """A server that tells its long polls when it is asked to exit, for it waits for them."""

    def __init__(self, config: uvicorn.Config, living: Living, apps: Sequence[FastAPI]) -> None:
        super().__init__(config)
        self._living = living
        self._apps = apps

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start. Raises Misconfigured when an app must not start, or nobody can listen there.

        Raises SystemExit, once the log has it, when something fails.
        """
        if sockets is None:
            await _try_to_listen(self.config.host, self.config.port)
        try:
            await super().startup(sockets)
        except SystemExit:
            if self._living.refused is None:
                raise
            raise self._living.refused from None

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close everything and send the last spans: the signal that asked for it then ends the process as it is."""
        await super().shutdown(sockets)
        telemetry.flush()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Note the signal, also for the polls.

        A second one changes nothing: the stop is under way, and takes no longer than GRACE_SECONDS.
        """
        if self.should_exit:
            return
        for app in self._apps:
            if hasattr(app.state, "runtime"):
                app.state.runtime.stopping = True
            elif hasattr(app.state, "starting"):
                app.state.starting.tried.set()
        super().handle_exit(sig, frame)


async def _try_to_listen(host: str, port: int) -> None:
    """Listen for a moment, before anything is started. Raises Misconfigured when that cannot be."""
    try:
        trial = await asyncio.get_running_loop().create_server(asyncio.Protocol, host, port)
    except (OSError, UnicodeError) as error:
        raise Misconfigured(
            f"REGESTA_HOST and REGESTA_PORT, {host!r} and {port}: cannot listen there: {error}"
        ) from error
    trial.close()


def server_of(app: ASGIApp, apps: Sequence[FastAPI], host: str, port: int) -> Server:
    """Return a server of `app`, which is made of `apps`."""
    living = Living(app, apps)
    config = uvicorn.Config(
        living, host, port, log_config=None, access_log=False,
        timeout_keep_alive=30, timeout_graceful_shutdown=GRACE_SECONDS,
    )  # fmt: skip
    return Server(config, living, apps)
