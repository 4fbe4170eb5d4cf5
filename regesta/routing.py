"""What a request is before it is routed: HEAD asks as GET does, and a slash inside a value does not part it in two."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote

from starlette.types import ASGIApp, Receive, Scope, Send

# RFC 9110, 9.3.2. The server leaves out the body.
ROUTED_AS: Final = {"HEAD": "GET"}
# What stays encoded until the route is found; "%" too, or "%252F" could not be told from "%2F".
KEPT: Final = re.compile(rb"%(2[Ff]|25)")


class Readdressed:
    """Middleware before the router of every service."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on as it is routed."""
        if scope["type"] == "http":
            # A copy: to traces and to the server it stays what the client sent.
            scope = {**scope, "path": _routed(scope), "method": ROUTED_AS.get(scope["method"], scope["method"])}
        await self._app(scope, receive, send)


def _routed(scope: Scope) -> str:
    """Return the path with every `%2F` and `%25` still encoded, all else decoded."""
    raw: bytes = scope.get("raw_path") or b""
    path: str = scope["path"]
    return unquote(KEPT.sub(_encoded_again, raw).decode("latin-1")) if KEPT.search(raw) else path


def _encoded_again(found: re.Match[bytes]) -> bytes:
    return b"%25" + found[1].upper()


def values(path_params: Mapping[str, object]) -> dict[str, object]:
    """Return the values that a route found in its path, whole as the client meant them."""
    return {name: _decoded(value) if isinstance(value, str) else value for name, value in path_params.items()}


def _decoded(value: str) -> str:
    return value.replace("%2F", "/").replace("%25", "%")
