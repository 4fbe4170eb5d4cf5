"""Requests read strictly: JSON that a log can keep, bodies within a limit, addresses that are text, no unknown parameter."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Final, NoReturn, TypeAlias
from urllib.parse import unquote_to_bytes

from fastapi import Request, Response
from fastapi._compat import ModelField
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BeforeValidator, JsonValue
from starlette.types import Receive, Scope

from regesta.admission import SMALL_BYTES, Share
from regesta.caller import caller
from regesta.errors import (
    Busy,
    DuplicateMember,
    Malformed,
    MalformedJson,
    NulCharacter,
    NumberTooLarge,
    RepeatedParameter,
    TooLarge,
    UnknownParameter,
    UnsupportedMedia,
)
from regesta.outage import answering
from regesta.problem import step
from regesta.routing import values
from regesta.runtime import runtime_of

Handler: TypeAlias = Callable[[Request], Coroutine[Any, Any, Response]]

BODY_BYTES: Final = 1024 * 1024
LARGEST: Final = 2**63 - 1
EXCERPT: Final = 40
# Of an address, where one thing has one name; what is longer is no number of ours.
DIGITS: Final = re.compile(r"0|[1-9][0-9]{0,18}")
BROKEN_ESCAPE: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")


class WholeRefused(ValueError):
    """Text that is no whole number in digits; pydantic alone would also read "2024.0", "+2024", "02024" and "2_024"."""

    code = "wrong-type"


def whole(value: object) -> object:
    """Return the number that text in an address says; what is no text as it is. Raises WholeRefused."""
    if not isinstance(value, str):
        return value
    if DIGITS.fullmatch(value) is None:
        raise WholeRefused(f"{value!r} is no whole number as it is written, such as '12'")
    return int(value)


# Of a number in an address or a query; stands behind its bounds, else the OpenAPI document loses them.
IN_DIGITS: Final = BeforeValidator(whole)


def read_json(text: bytes | str) -> JsonValue:
    """Return a JSON document. Raises MalformedJson with line and column.

    What some readers allow but a log cannot keep has errors of its own: NulCharacter, DuplicateMember, NumberTooLarge.
    """
    decoded = text if isinstance(text, str) else _decoded(text)
    try:
        document: JsonValue = json.loads(
            decoded, parse_constant=_constant, parse_int=_whole, parse_float=_real, object_pairs_hook=_once
        )
        if "\\u" in decoded:  # only there can a text hide what cannot be stored
            _require_storable(document, "")
    except json.JSONDecodeError as error:
        excerpt = error.doc[max(error.pos - EXCERPT, 0) : error.pos + EXCERPT]
        where = f"line {error.lineno}, column {error.colno}"
        raise MalformedJson(
            f"this is no JSON: {error.msg} at {where}", line=error.lineno, column=error.colno, value=excerpt
        ) from error
    except RecursionError as error:
        raise MalformedJson("this is nested too deep", value=decoded[:EXCERPT]) from error
    return document


def _decoded(text: bytes) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError as error:
        excerpt = text[max(error.start - EXCERPT, 0) : error.start + EXCERPT].decode(errors="backslashreplace")
        message = f"this is no UTF-8 text: {error.reason} at byte {error.start}"
        raise MalformedJson(message, byte=error.start, value=excerpt) from error


def _constant(token: str) -> NoReturn:
    raise MalformedJson(f"{token} is no number", value=token)


def _whole(digits: str) -> int:
    # The length first: reading a very long number is an error of its own.
    if len(digits) > 20 or not -LARGEST <= int(digits) <= LARGEST:
        raise NumberTooLarge(f"{digits[:EXCERPT]} is beyond 64 bits", value=digits[:EXCERPT])
    return int(digits)


def _real(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise NumberTooLarge(f"{digits[:EXCERPT]} is beyond what a number holds", value=digits[:EXCERPT])
    return number


def _once(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    members = dict(pairs)
    if len(members) < len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise DuplicateMember(f"the member {twice!r} comes twice", value=twice)
    return members


def _require_storable(document: JsonValue, pointer: str) -> None:
    """Raise NulCharacter or MalformedJson with the pointer of a text that the log cannot keep."""
    if isinstance(document, str):
        if "\0" in document:
            shown = document.replace("\0", "\\u0000")[: 2 * EXCERPT]
            raise NulCharacter(f"{pointer or '/'}: the character NUL cannot be stored", pointer=pointer, value=shown)
        if any("\ud800" <= character <= "\udfff" for character in document):
            shown = document.encode("utf-8", "backslashreplace").decode()[: 2 * EXCERPT]
            raise MalformedJson(f"{pointer or '/'}: a lone surrogate is no text", pointer=pointer, value=shown)
    elif isinstance(document, list):
        for number, value in enumerate(document):
            _require_storable(value, f"{pointer}/{number}")
    elif isinstance(document, dict):
        for name, value in document.items():
            _require_storable(name, pointer)  # no pointer leads to a name
            _require_storable(value, pointer + step(name))


class StrictRequest(Request):
    """A request whose body has at most 1 MiB and, as JSON, is read by `read_json`.

    share: of the room that the bodies of all requests in progress have together.
    """

    def __init__(self, scope: Scope, receive: Receive, share: Share) -> None:
        super().__init__(scope, receive)
        self._share = share

    async def body(self) -> bytes:
        """Return the whole body. Raises TooLarge and Busy, as early as it is seen."""
        if not hasattr(self, "_body"):
            length = self.headers.get("content-length", "0")
            self._body = await self._read(int(length) if length.isascii() and length.isdigit() else 0)
        return self._body

    async def _read(self, announced: int) -> bytes:
        _limit(announced)
        kept = bytearray()
        size, busy = 0, None
        async for chunk in self.stream():
            size += len(chunk)
            _limit(size)
            try:
                # All that is announced at once: of many that are let in half, none would get through.
                self._share.take(max(0, max(size, announced) - SMALL_BYTES - self._share.taken))
                kept += chunk
            except Busy as error:
                # Read on and keep nothing: closing a connection on which more comes would lose the answer.
                busy = busy or error
                self._share.leave()
                kept.clear()
        if busy is not None:
            raise busy
        return bytes(kept)

    async def json(self) -> JsonValue:
        """Return the body as a document. Raises UnsupportedMedia too."""
        if not hasattr(self, "_document"):
            body = await self.body()
            _require_json(self.headers.get("content-type", ""))
            self._document = read_json(body)
        return self._document

    async def document(self) -> JsonValue:
        """Return the body as a document; None when there is no body."""
        return await self.json() if await self.body() else None


@contextmanager
def limited(request: Request) -> Iterator[StrictRequest]:
    """Give a request as it is to be read, with its share of the room for bodies until it is answered."""
    with runtime_of(request).rooms.body_bytes.share() as share:
        yield StrictRequest(request.scope, request.receive, share)


def _limit(size: int) -> None:
    if size > BODY_BYTES:
        raise TooLarge(f"a body has at most {BODY_BYTES} bytes, not {size}", limit=BODY_BYTES, size=size)


def _require_json(content_type: str) -> None:
    media = content_type.partition(";")[0].strip().lower()
    if media != "application/json" and not (media.startswith("application/") and media.endswith("+json")):
        raise UnsupportedMedia(f"a body comes as application/json, not {media!r}", content_type=media)


def require_address(request: Request, parameters: frozenset[str]) -> None:
    """Raise Malformed, NulCharacter or UnknownParameter or RepeatedParameter for an address that is not as it must be.

    It is text, of UTF-8, and has only parameters that are known here, each once.
    """
    raw_path: bytes = request.scope.get("raw_path") or request.url.path.encode()
    raw_query: bytes = request.scope["query_string"]
    for raw in (raw_path, raw_query):
        if broken := BROKEN_ESCAPE.search(raw):
            shown = raw[broken.start() :][:EXCERPT].decode("latin-1")
            raise Malformed(f"in an address '%' begins a byte of two hexadecimal digits, not {shown!r}", value=shown)
    try:
        path = unquote_to_bytes(raw_path).decode()
        query = unquote_to_bytes(raw_query).decode()
    except UnicodeDecodeError as error:
        shown = repr(error.object)[: 2 * EXCERPT]
        raise Malformed(f"the address is no UTF-8 text: {shown}", value=shown) from error
    if "\0" in path or "\0" in query:
        raise NulCharacter("the character NUL cannot stand in an address", value=path.replace("\0", "%00"))
    for name in request.query_params:
        if name not in parameters:
            raise UnknownParameter(
                f"{name!r} is no parameter here; there are {', '.join(sorted(parameters)) or 'none'}", parameter=name
            )
        given = request.query_params.getlist(name)
        if len(given) > 1:
            raise RepeatedParameter(f"{name!r} comes {len(given)} times: {given}", parameter=name, value=given)


class StrictRoute(APIRoute):
    """A route that reads address and body strictly, and first: what FastAPI would make of our errors is none of them."""

    def get_route_handler(self) -> Handler:
        """Return FastAPI's handler over a StrictRequest."""
        handler = super().get_route_handler()
        has_body = self.body_field is not None

        async def reading(request: StrictRequest) -> Response:
            if has_body:
                await caller(request)  # a stranger is told nothing of his body, and takes no room for it
                await request.document()
            return await handler(request)

        return self.strictly(reading)

    def strictly(self, handler: Callable[[StrictRequest], Coroutine[Any, Any, Response]]) -> Handler:
        """Return a handler that gives requests of a good address to another as StrictRequests."""
        parameters = query_parameters(self)

        async def strict(request: Request) -> Response:
            require_address(request, parameters)
            request.scope["path_params"] = values(request.path_params)
            with limited(request) as strictly, answering():  # a command's own answer comes from its decider
                return await handler(strictly)

        return strict


def query_parameters(route: APIRoute) -> frozenset[str]:
    """Return the names of all query parameters of a route, those of its dependencies and parameter models too."""
    names: set[str] = set()
    for field in _declared(route.dependant):
        model = getattr(field.field_info.annotation, "model_fields", None)
        if model is None:
            names.add(field.alias)
        else:
            names.update(each.alias or name for name, each in model.items())
    return frozenset(names)


def _declared(dependant: Dependant) -> Iterator[ModelField]:
    yield from dependant.query_params
    for each in dependant.dependencies:
        yield from _declared(each)
