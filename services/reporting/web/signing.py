"""Signing in: the token becomes a cookie that only pages read with. Browsers send no Authorization header of their own."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Final
from urllib.parse import parse_qs

from fastapi import APIRouter, Query, Request, Response
from fastapi.routing import APIRoute

from regesta.caller import COOKIE
from regesta.errors import Forbidden, Unauthenticated
from regesta.runtime import runtime_of
from regesta.strict import limited
from services.reporting.render import documents
from services.reporting.render.documents import Frame
from services.reporting.render.page import PREFIX, Page, language_of
from services.reporting.render.words.sayings import SAYINGS
from services.reporting.web.responding import HEADERS, STYLES, STYLESHEET, page_of

START: Final = f"{PREFIX}/"
FOR_EVER: Final = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}


class FormRoute(APIRoute):
    """A route that reads a form of at most 1 MiB, where other routes read JSON only."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler over a StrictRequest."""
        handler = super().get_route_handler()

        async def short(request: Request) -> Response:
            with limited(request) as strictly:
                return await handler(strictly)

        return short


router = APIRouter(include_in_schema=False, route_class=FormRoute)


@router.get("/static/{name}")
async def get_static(name: str) -> Response:
    """Return the stylesheet; one of an earlier release is answered with the one of today, not kept."""
    current = STYLESHEET.endswith(f"/{name}")
    return Response(STYLES, media_type="text/css", headers=FOR_EVER if current else {"Cache-Control": "no-cache"})


@router.get("/sign-in")
async def get_sign_in(request: Request, next_page: Annotated[str, Query(alias="next")] = START) -> Response:
    """Return the form that takes a token. next: where to go then, an address of these pages."""
    page = page_of(request)
    refused = "the token has expired, or is of another issuer" if "expired" in page.query else ""
    return _form(page, next_page, refused, 200)


@router.post("/sign-in")
async def post_sign_in(request: Request) -> Response:
    """Check a token and keep it as a cookie. 403 from another site, 401 and the form again when it is not accepted."""
    _from_here(request)
    fields = {name: values[0] for name, values in parse_qs((await request.body()).decode("utf-8", "replace")).items()}
    token, wanted = fields.get("token", "").strip().removeprefix("Bearer ").strip(), fields.get("next", START)
    try:
        await runtime_of(request).verifier.verify(token)
    except Unauthenticated as error:
        language = language_of(fields.get("lang"), request.headers.get("accept-language", ""))
        return _form(Page(language, f"{PREFIX}/sign-in", {"next": wanted}), wanted, str(error), 401)
    response = Response(status_code=303, headers=HEADERS | {"Location": local(wanted)})
    secure = request.url.scheme == "https"
    response.set_cookie(COOKIE, token, path=PREFIX, httponly=True, samesite="strict", secure=secure)
    return response


@router.post("/sign-out")
async def post_sign_out(request: Request) -> Response:
    """Forget the cookie and show the form."""
    _from_here(request)
    response = Response(status_code=303, headers=HEADERS | {"Location": f"{PREFIX}/sign-in"})
    response.delete_cookie(COOKIE, path=PREFIX, httponly=True, samesite="strict")
    return response


def local(address: str) -> str:
    """Return an address when it is one of these pages, else the start: a form must not lead to another site."""
    plain = address.isascii() and address.isprintable() and "\\" not in address
    return address if plain and address.startswith(START) else START


def _from_here(request: Request) -> None:
    """Raise Forbidden when another site sends the form: it could sign a reader in as somebody else."""
    site = request.headers.get("sec-fetch-site", "same-origin")
    if site not in {"same-origin", "none"}:
        raise Forbidden(f"this form is sent from these pages only, not {site!r}")


def _form(page: Page, wanted: str, refused: str, status: int) -> Response:
    body = documents.plain("sign_in.html", page, {"next": local(wanted), "refused": refused})
    title = SAYINGS["sign_in"].get(page.language)
    html = documents.framed(page, Frame(title, STYLESHEET, signed_in=False), body)
    return Response(html, status, media_type="text/html", headers=HEADERS)
