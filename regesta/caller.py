"""Who calls: by a bearer token, or by the cookie that a page's reader has."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPBearer

from regesta.auth import Principal
from regesta.errors import Unauthenticated
from regesta.runtime import runtime_of

COOKIE = "regesta_token"
# Only documents the scheme in OpenAPI; `caller` reads the header itself, to answer with a problem.
bearer = HTTPBearer(auto_error=False, bearerFormat="JWT")


def reads_page(request: Request) -> bool:
    """Return whether a browser asks for a page: it names HTML as what it takes, and reads only."""
    return request.method == "GET" and weights(request.headers.get("accept", "")).get("text/html", 0.0) > 0


def weights(accept: str) -> dict[str, float]:
    """Return how much a reader likes each media range of an Accept header (RFC 9110), from 0 (not at all) to 1."""
    return dict(map(_weight, accept.split(",")))


def _weight(entry: str) -> tuple[str, float]:
    """Return (media range, weight) of one entry; an unreadable weight counts as 1."""
    media, *parameters = (part.strip().lower() for part in entry.split(";"))
    stated = next((each[2:] for each in parameters if each.startswith("q=")), "1")
    try:
        weight = float(stated)
    except ValueError:
        weight = 1.0
    return media, weight if 0 <= weight <= 1 else 1.0


async def caller(request: Request, _scheme: Annotated[object, Depends(bearer)] = None) -> Principal:
    """Return who asks: by the Authorization header, a page's reader also by cookie. Raises Unauthenticated."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    # Only for reading pages, so that no other site can make a browser record anything.
    if not kind and reads_page(request):
        kind, token = "bearer", request.cookies.get(COOKIE, "")
    if kind.lower() != "bearer" or not token:
        raise Unauthenticated("a bearer token is needed in the Authorization header")
    return await runtime_of(request).verifier.verify(token.strip())


Caller = Annotated[Principal, Depends(caller)]
