"""What a request is before it is routed: HEAD asks as GET does."""

from __future__ import annotations

from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

# RFC 9110, 9.3.2. The server leaves out the body.
ROUTED_AS: Final = {"HEAD": "GET"}


class Readdressed:
    """Middleware before the router of every service."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on as it is routed."""
        if scope["type"] == "http":
            # A copy: to traces and to the server it stays what the client sent.
            scope = {**scope, "method": ROUTED_AS.get(scope["method"], scope["method"])}
        await self._app(scope, receive, send)
