"""How pages are answered: headers, the reader's page, and errors as pages; who is not signed in is sent to sign in."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from markupsafe import Markup

from regesta.aside import aside
from regesta.caller import COOKIE, reads_page
from regesta.errors import RegestaError, Unauthenticated
from regesta.problem import TITLES, invalid_request
from regesta.strict import StrictRoute
from services.reporting.render import documents
from services.reporting.render.documents import Frame, Link
from services.reporting.render.events import Sheet
from services.reporting.render.page import PREFIX, Page, language_of

# Comments, indents and spaces that say nothing are for those who write it.
WRITTEN: Final = (Path(__file__).parent / "static" / "regesta.css").read_text()
SPACES: Final = re.compile(r"/\*.*?\*/|\n\s*|\s*(?=[{};])|(?<=[{};,])\s+|(?<=[a-z]:) ", re.DOTALL)
STYLES: Final = SPACES.sub("", WRITTEN).encode()
# The address changes with the content, so that a browser may keep it for ever.
STYLESHEET: Final = f"{PREFIX}/static/regesta-{hashlib.sha256(STYLES).hexdigest()[:12]}.css"
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "object-src 'none'; script-src 'none'",
    "Cache-Control": "private, no-cache",
    "Referrer-Policy": "same-origin",
    "Vary": "Accept, Accept-Language, Cookie, Authorization",
    "X-Content-Type-Options": "nosniff",
}


class PageRoute(StrictRoute):
    """A route that a browser may read: to it errors are pages, and a missing token is asked for."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler that answers errors to browsers as pages."""
        handler = super().get_route_handler()

        async def readable(request: Request) -> Response:
            if reads_page(request) and "" in request.query_params.values():
                return _without_blanks(request)
            try:
                return await handler(request)
            except (RegestaError, RequestValidationError) as error:
                if not reads_page(request):
                    raise
                return problem_page(request, error)

        return readable


def _without_blanks(request: Request) -> Response:
    """Send a form's reader on without the fields left blank: an empty day is no day."""
    filled = [(name, value) for name, value in request.query_params.multi_items() if value]
    address = request.url.path + (f"?{urlencode(filled)}" if filled else "")
    return Response(status_code=303, headers=HEADERS | {"Location": address})


def page_of(request: Request) -> Page:
    """Return the page that a request asks for."""
    query = dict(request.query_params)
    language = language_of(query.get("lang"), request.headers.get("accept-language", ""))
    return Page(language, request.url.path, query)


async def answer(
    page: Page, title: str, body: Markup, *, links: Sequence[Link] = (), sheets: Sequence[Sheet] = ()
) -> Response:
    """Return a page for somebody who is signed in."""
    return await aside(_answer, page, Frame(title, STYLESHEET, links), body, sheets)


def _answer(page: Page, frame: Frame, body: Markup, sheets: Sequence[Sheet]) -> Response:
    return Response(documents.framed(page, frame, body, sheets), media_type="text/html", headers=HEADERS)


def problem_page(request: Request, error: RegestaError | RequestValidationError) -> Response:
    """Return an error as a page, or the way to sign in for a reader whose token is missing or too old."""
    known = error if isinstance(error, RegestaError) else invalid_request(error)
    if isinstance(known, Unauthenticated):
        address = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        wanted = {"next": address} | ({"expired": "1"} if COOKIE in request.cookies else {})
        return Response(status_code=303, headers=HEADERS | {"Location": f"{PREFIX}/sign-in?{urlencode(wanted)}"})
    page = page_of(request)
    english, french, dutch = TITLES.get(known.status, TITLES[400])
    title = {"en": english, "fr": french, "nl": dutch}[page.language]
    body = documents.plain("problem.html", page, {"title": title, "detail": str(known), "code": known.code})
    html = documents.framed(page, Frame(title, STYLESHEET), body)
    again = known.retry_after_seconds
    headers = HEADERS | ({} if again is None else {"Retry-After": str(again)})
    return Response(html, known.status, media_type="text/html", headers=headers)
