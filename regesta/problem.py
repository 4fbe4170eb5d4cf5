"""Every error as a problem document (RFC 9457) with a stable type, the offending value, and titles in three languages."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias, TypeVar
from unicodedata import category

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError
from pydantic_core import to_jsonable_python
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match
from starlette.types import Scope

from regesta.errors import (
    ControlCharacter,
    ImpossibleDate,
    InvalidInput,
    Malformed,
    MissingField,
    NotFound,
    OutOfRange,
    RegestaError,
    TooLarge,
    UnknownField,
    UnknownValue,
    UnsupportedMedia,
    WrongMethod,
    WrongType,
)
from regesta.routing import ROUTED_AS

MEDIA_TYPE = "application/problem+json"
TYPE_BASE = "https://regesta.example/problems/"
LONGEST_VALUE = 200
UNFORESEEN = "this was not foreseen; the log of the service has the details"

# By HTTP status: the reason in English, French, Dutch; `detail` has the particulars.
TITLES: Mapping[int, tuple[str, str, str]] = {
    400: ("The request cannot be read", "La requête est illisible", "Het verzoek is onleesbaar"),
    401: ("A valid token is needed", "Un jeton valide est requis", "Een geldig token is vereist"),
    403: ("Not allowed", "Non autorisé", "Niet toegestaan"),
    404: ("Not found", "Introuvable", "Niet gevonden"),
    405: ("Method not allowed", "Méthode non admise", "Methode niet toegestaan"),
    406: ("Not in this form", "Pas sous cette forme", "Niet in deze vorm"),
    409: ("Refused by a rule", "Refusé par une règle", "Geweigerd door een regel"),
    410: ("Gone", "N’existe plus", "Bestaat niet meer"),
    412: ("Changed in the meantime", "Modifié entre-temps", "Intussen gewijzigd"),
    413: ("Too large", "Trop volumineux", "Te groot"),
    415: ("Unsupported media type", "Type de média non pris en charge", "Mediatype niet ondersteund"),
    422: ("The input is not valid", "Les données ne sont pas valides", "De invoer is niet geldig"),
    500: ("An error of ours", "Une erreur de notre part", "Een fout van ons"),
    503: ("Try again", "Réessayez", "Probeer opnieuw"),
    504: ("Not there yet", "Pas encore arrivé", "Nog niet aangekomen"),
}
BY_STATUS = {400: Malformed, 413: TooLarge, 415: UnsupportedMedia}
# By the code that a contract's ValueError names, and by the type of pydantic's error; the first that fits.
BY_CODE: Final = {each.code: each for each in (ControlCharacter, ImpossibleDate, OutOfRange, WrongType)}
BY_KIND: Final = (
    (re.compile(r"^extra_forbidden$"), UnknownField),
    (re.compile(r"^missing$"), MissingField),
    (re.compile(r"^(date|datetime)_"), ImpossibleDate),
    (re.compile(r"^(greater|less)_than|^(string|too)_(too_)?(short|long)$|^finite_number$"), OutOfRange),
    (re.compile(r"^(literal_error|enum)$"), UnknownValue),
    (re.compile(r"_(type|parsing|from_float)$|^is_instance_of$"), WrongType),
)

METHODS: Final = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
# What any operation may answer; 405 belongs to none, 406 to those that have several forms, 500 is not foreseen.
ANSWERED: Final = tuple(status for status in TITLES if status not in {405, 406, 500})

# An error as pydantic gives it, and where it is: the pointer in a document, or the parameter.
Wrong: TypeAlias = tuple[Mapping[str, Any], Mapping[str, str]]

M = TypeVar("M", bound=BaseModel)
logger = logging.getLogger(__name__)


class Problem(BaseModel):
    """Why a request was not done (RFC 9457). Further members name what was wrong.

    type: stable, one per reason. detail: what happened here, with the offending value. title_fr, title_nl: as `title`.
    """

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    title_fr: str
    title_nl: str
    status: int
    detail: str


# For the OpenAPI document: the answers of an operation that are no success.
RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    status: {
        "description": TITLES[status][0],
        "content": {MEDIA_TYPE: {"schema": {"$ref": f"#/components/schemas/{Problem.__name__}"}}},
    }
    for status in ANSWERED
}


def problem_of(error: RegestaError) -> dict[str, object]:
    """Return the problem document of an error."""
    english, french, dutch = TITLES[error.status]
    standard = {
        "type": TYPE_BASE + error.code,
        "title": english,
        "title_fr": french,
        "title_nl": dutch,
        "status": error.status,
        "detail": str(error),
    }
    return error.details | standard


def validated(model: type[M], document: JsonValue | Mapping[str, object], at: str = "") -> M:
    """Return a document as its model. Raises InvalidInput with each wrong field by its JSON pointer.

    at: the pointer of the document, when it is a part of what was sent.
    """
    try:
        return model.model_validate(document)
    except ValidationError as error:
        found = error.errors(include_url=False)
        raise invalid([(each, {"pointer": at + pointer_of(document, each["loc"], each)}) for each in found]) from error


def invalid_request(error: RequestValidationError) -> InvalidInput:
    """Return why a request cannot be read: each wrong field of its body by a JSON pointer, others as the parameter they are."""
    found = []
    for each in error.errors():
        place, *location = each["loc"]
        if place == "body":
            found.append((each, {"pointer": pointer_of(error.body, location, each)}))
        else:
            found.append((each, {"parameter": ".".join(map(str, location))}))
    return invalid(found)


def invalid(found: Sequence[Wrong]) -> InvalidInput:
    """Return the error of a failed validation, of which at least one thing was found."""
    told = []
    for error, where in found:
        # What is missing has no value; pydantic gives what it is missing in.
        value = None if error["type"] == "missing" else shown(error.get("input"))
        told.append({**where, "message": str(error["msg"]), "value": value})
    (first, where), value = found[0], told[0]["value"]
    got = "" if first["type"] == "missing" else f" (got {_seen(json.dumps(value, ensure_ascii=False))})"
    return _kind(first)(f"{next(iter(where.values())) or '/'}: {first['msg']}{got}", errors=told)


def _seen(text: str) -> str:
    """Return a text with an escape in the place of what would not be seen in a message, or turn it around."""
    return "".join(each if each.isprintable() or category(each) == "Zs" else json.dumps(each)[1:-1] for each in text)


def pointer_of(document: object, location: Sequence[str | int], error: Mapping[str, Any]) -> str:
    """Return the JSON pointer of what an error is about; of what is missing, the place where it belongs.

    location: pydantic's, in which also the member of a union that it tried has a name, as no document does.
    """
    missing = error["type"] == "missing"
    path, absent = (location[:-1], location[-1:]) if missing else (location, ())
    readings = list(_readings(document, tuple(path)))
    steps = next((steps for steps, value in readings if value is error.get("input")), readings[0][0])
    return "".join(map(step, (*steps, *absent)))


def step(name: str | int) -> str:
    """Return one step of a JSON pointer (RFC 6901)."""
    return f"/{str(name).replace('~', '~0').replace('/', '~1')}"


def _readings(document: object, location: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], object]]:
    """Yield (steps, the value there) of each way to take a location as a path in a document, the longest first."""
    if not location:
        yield (), document
        return
    name, rest = location[0], location[1:]
    match document:
        case dict() if name in document:
            yield from (((name, *steps), value) for steps, value in _readings(document[name], rest))
        case list() | tuple() if isinstance(name, int) and name < len(document):
            yield from (((name, *steps), value) for steps, value in _readings(document[name], rest))
    yield from _readings(document, rest)


def _kind(error: Mapping[str, Any]) -> type[InvalidInput]:
    """Return which problem a pydantic error is. A ValueError of a contract's type may name it by its `code`."""
    context = error.get("ctx")
    cause = context.get("error") if isinstance(context, dict) else None
    named = BY_CODE.get(getattr(cause, "code", ""))
    if named is not None:
        return named
    kind = str(error["type"])
    return next((found for pattern, found in BY_KIND if pattern.search(kind)), InvalidInput)


def shown(value: object) -> JsonValue:
    """Return a value as it may stand in an answer: as the JSON it is; what is longer than a reader wants as the text's start."""
    plain: JsonValue = to_jsonable_python(value, fallback=str)
    text = plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False)
    told = text.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode()
    if len(told) > LONGEST_VALUE:
        return told[:LONGEST_VALUE] + "…"
    return told if isinstance(plain, str) or told != text else plain


def response(error: RegestaError) -> Response:
    """Return the answer that carries an error."""
    headers = {}
    if error.retry_after_seconds is not None:
        headers["Retry-After"] = str(error.retry_after_seconds)
    if error.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="regesta"'
    body = orjson.dumps(problem_of(error), default=str)
    return Response(body, error.status, headers, MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Answer every error of an app with a problem document."""

    async def known(_request: Request, error: Exception) -> Response:
        assert isinstance(error, RegestaError)
        return response(error)

    async def unread(_request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return response(invalid_request(error))

    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if error.status_code == 405:
            allowed = _allowed(app, request.scope)
            refused = response(WrongMethod(f"{request.method} is not among {allowed}", method=request.method))
            refused.headers["Allow"] = allowed
            return refused
        if error.status_code == 404:
            path = str(shown(request.scope["path"]))
            return response(NotFound(f"nothing is served at {path!r}", path=path))
        kind = BY_STATUS.get(error.status_code)
        if kind is not None:
            return response(kind(str(error.detail)))
        english, french, dutch = TITLES.get(error.status_code, TITLES[400])
        body = {
            "type": "about:blank", "title": english, "title_fr": french, "title_nl": dutch,
            "status": error.status_code, "detail": str(error.detail),
        }  # fmt: skip
        return Response(orjson.dumps(body), error.status_code, error.headers, MEDIA_TYPE)

    async def gone(_request: Request, _error: Exception) -> Response:
        return Response(status_code=400)  # nobody hears it

    async def unknown(request: Request, error: Exception) -> Response:
        logger.error("%s %s failed", request.method, request.url.path, exc_info=error)
        return response(RegestaError(UNFORESEEN))

    app.add_exception_handler(RegestaError, known)
    app.add_exception_handler(RequestValidationError, unread)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(ClientDisconnect, gone)
    app.add_exception_handler(Exception, unknown)
    _document(app)


def _allowed(app: FastAPI, scope: Scope) -> str:
    """Return the methods of all routes of a path; the router itself names those of the first one only."""
    return ", ".join(
        method
        for method in METHODS
        if any(
            route.matches({**scope, "method": ROUTED_AS.get(method, method)})[0] is Match.FULL for route in app.routes
        )
    )


def _document(app: FastAPI) -> None:
    """Put Problem, to which RESPONSES refer, into the app's OpenAPI document."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        document = generate()
        document.setdefault("components", {}).setdefault("schemas", {})[Problem.__name__] = Problem.model_json_schema()
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # as FastAPI's own documentation has it
