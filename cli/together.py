"""All services in one process behind one port. They still talk over HTTP."""

from __future__ import annotations

from collections.abc import Mapping

import orjson
from fastapi import FastAPI
from starlette.responses import RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from regesta.errors import NotFound
from regesta.problem import response

HOME = "/reporting/v1/"


class Together:
    """Dispatches on the first segment of the path: a mount would strip it, or swallow the apps that come after."""

    def __init__(self, apps: Mapping[str, FastAPI]) -> None:
        self._apps = apps

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        first = scope["path"].split("/")[1] if scope["path"].startswith("/") else ""
        app = self._apps.get(first)
        if app is not None:
            await app(scope, receive, send)
        elif scope["type"] == "http":
            await self._root(scope["path"])(scope, receive, send)

    def _root(self, path: str) -> Response:
        if path == "/" and "reporting" in self._apps:
            return RedirectResponse(HOME)
        if path == "/livez":
            return Response(orjson.dumps({"status": "ok"}), media_type="application/json")
        return response(NotFound(f"nothing is served at {path!r}; the services are {sorted(self._apps)}", path=path))
