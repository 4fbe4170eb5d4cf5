"""HTTP in: strict JSON, who calls, and one route per command."""

from __future__ import annotations

import hashlib
import inspect
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final, TypeAlias, cast

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from fastapi.security import HTTPBearer
from pydantic import BaseModel, BeforeValidator, ConfigDict, JsonValue, create_model
from pydantic.fields import FieldInfo

from regesta.auth import Principal
from regesta.command import Command, Context
from regesta.envelope import LONGEST_KEY, Answer, Envelope, Key
from regesta.errors import Malformed, Unauthenticated
from regesta.event import split_name
from regesta.problem import validated
from regesta.reference import Asked, reached
from regesta.runtime import CommandRoute, Runtime, runtime_of
from regesta.strict import IN_DIGITS, LARGEST, StrictRoute
from regesta.telemetry import traceparent

COOKIE = "regesta_token"
ETAG = re.compile(r'^"([0-9]{1,10})"$')
IF_MATCH = "The version that the primary stream must have, as its ETag; * for any: it must exist."
IF_NONE_MATCH = "* for a primary stream that must not exist yet; nothing else is supported."
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
AtLeast = Annotated[
    str | None,
    Query(
        max_length=500, description="Names of events, such as budget:12, that must have arrived; waits 2 s, then 504."
    ),
]

IfMatch: TypeAlias = Annotated[str | None, Header(max_length=40, description=IF_MATCH)]
IfNoneMatch: TypeAlias = Annotated[str | None, Header(max_length=40, description=IF_NONE_MATCH)]
IdempotencyKey: TypeAlias = Annotated[str | None, Header(min_length=1, max_length=LONGEST_KEY)]
CONDITIONS: Final = {
    "at_least": AtLeast, "if_match": IfMatch, "if_none_match": IfNoneMatch, "idempotency_key": IdempotencyKey,
}  # fmt: skip


class Acknowledgement(BaseModel):
    """What a command came to. events: names of what it recorded; token: give it as `at_least` to read your own write.

    version: of `stream`. repeated: this is the answer of an earlier request.
    """

    events: tuple[str, ...]
    token: str
    stream: str
    version: int
    repeated: bool

    @classmethod
    def of(cls, answer: Answer) -> Acknowledgement:
        """Return the acknowledgement of an answer."""
        return cls(
            events=answer.events, token=answer.token, stream=answer.stream, version=answer.version,
            repeated=answer.repeated,
        )  # fmt: skip


def tokens_of(names: str | None, parameter: str = "at_least") -> list[tuple[str, int]]:
    """Return (source, position) of each event name in a parameter, separated by commas. Raises Malformed."""
    try:
        tokens = [split_name(name.strip()) for name in names.split(",")] if names else []
    except ValueError as error:
        raise Malformed(f"{parameter}: {error}", parameter=parameter, value=names) from error
    for _, position in tokens:
        if position > LARGEST:  # PostgreSQL's bigint ends there; a name can say more
            raise Malformed(f"{parameter}: no log reaches {position}", parameter=parameter, value=names)
    return tokens


async def command(runtime: Runtime, principal: Principal, wanted: Command, envelope: Envelope, asked: Asked) -> Answer:
    """Check who asks and what the command refers to, then decide it."""
    await admit(runtime, principal, wanted, asked)
    return await decide(runtime, principal, wanted, envelope)


async def admit(runtime: Runtime, principal: Principal, wanted: Command, asked: Asked) -> None:
    """Return when who asks may, and what the command refers to exists. Raises Forbidden and what References raises."""
    principal.require(wanted.scope, wanted.roles)
    await runtime.references.require(wanted.references(), asked)


async def decide(runtime: Runtime, principal: Principal, wanted: Command, envelope: Envelope) -> Answer:
    """Decide a command that was admitted; it is in the queue before this is first suspended."""
    context = Context(principal.subject, principal.roles, principal.units, datetime.now(UTC))
    return await runtime.decider.handle(wanted, context, envelope)


async def arrived(runtime: Runtime, at_least: str | None) -> None:
    """Return when the logs here hold what `at_least` names. Raises NotYet, Malformed."""
    for source, position in tokens_of(at_least):
        if source != runtime.service.name and source not in runtime.service.sources:
            raise Malformed(f"{runtime.service.name} takes in no log {source!r}", at_least=at_least)
        await reached(runtime.store, source, position)


@dataclass(frozen=True, slots=True)
class Precondition:
    """What the primary stream must be like, by If-Match and If-None-Match (RFC 9110); as `Envelope` has it."""

    if_match: int | None = None
    exists: bool | None = None

    @classmethod
    def of(cls, if_match: str | None, if_none_match: str | None) -> Precondition:
        """Return what the two headers ask. Raises Malformed for what is not supported: it must not be passed over."""
        if if_match is not None and if_none_match is not None:
            raise Malformed("give If-Match or If-None-Match, not both", if_match=if_match, if_none_match=if_none_match)
        if if_none_match is not None:
            if if_none_match != "*":
                raise Malformed(
                    f"If-None-Match of a write must be *, not {if_none_match!r}", if_none_match=if_none_match
                )
            return cls(exists=False)
        if if_match is None or if_match == "*":
            return cls(exists=None if if_match is None else True)
        found = ETAG.match(if_match)
        if found is None:
            raise Malformed(f'If-Match must be * or one ETag such as "3", not {if_match!r}', if_match=if_match)
        return cls(if_match=int(found[1]))


def request_hash(name: str, document: JsonValue) -> bytes:
    """Return what makes two requests with one key the same."""
    return hashlib.sha256(f"{name}\n{json.dumps(document, sort_keys=True)}".encode()).digest()


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a write says beside its body, in the order of CONDITIONS."""

    at_least: AtLeast = None
    if_match: IfMatch = None
    if_none_match: IfNoneMatch = None
    idempotency_key: IdempotencyKey = None

    def envelope(self, principal: Principal, name: str, said: BaseModel) -> Envelope:
        """Return the envelope of a command. said: what tells it from another of this name with the same key. Raises Malformed."""
        asked = Precondition.of(self.if_match, self.if_none_match)
        key = self.idempotency_key
        return Envelope(
            key=Key(principal.subject, key, request_hash(name, said.model_dump(mode="json"))) if key else None,
            if_match=asked.if_match,
            exists=asked.exists,
            traceparent=traceparent(),
        )


def body_model(route: CommandRoute) -> type[BaseModel] | None:
    """Return the model of a route's body: the command's fields that are not in its path; None when there is none."""
    in_path = set(re.findall(r"{(\w+)}", route.path))
    fields = {
        name: (field.annotation, field) for name, field in route.command.model_fields.items() if name not in in_path
    }
    if not fields:
        return None
    config = ConfigDict(extra="forbid", frozen=True)
    model = create_model(  # type: ignore[call-overload]  # fields made from the command's own
        f"{route.command.__name__}In", __config__=config, __doc__=route.command.__doc__, **fields
    )
    return cast(type[BaseModel], model)


def command_router(routes: tuple[CommandRoute, ...]) -> APIRouter:
    """Return a router with one operation per command."""
    router = APIRouter(route_class=StrictRoute, tags=["commands"])
    for route in routes:
        router.add_api_route(
            route.path,
            _endpoint(route),
            methods=[route.method],
            name=route.command.name,
            operation_id=route.command.name,
            summary=route.command.name.replace("-", " ").capitalize(),
            description=inspect.getdoc(route.command),
            response_model=Acknowledgement,
            status_code=201,
            responses={200: {"model": Acknowledgement, "description": "Recorded before; nothing is added."}},
        )
    return router


def _endpoint(route: CommandRoute) -> Callable[..., Awaitable[Response]]:
    """Return the function of one operation, with the signature that FastAPI documents and validates."""
    model = body_model(route)
    in_path = re.findall(r"{(\w+)}", route.path)

    async def endpoint(**given: Any) -> Response:  # FastAPI passes what the signature below declares
        request: Request = given["request"]
        body: BaseModel | None = given.get("body")
        document = {name: given[name] for name in in_path} | (body.model_dump(exclude_unset=True) if body else {})
        runtime, principal = runtime_of(request), given["principal"]
        wanted = validated(route.command, document)
        conditions = Conditions(*(given[name] for name in CONDITIONS))
        await arrived(runtime, conditions.at_least)
        if conditions.idempotency_key is None and route.method == "POST":
            raise Malformed("a POST needs an Idempotency-Key, so that it can be repeated safely")
        envelope = conditions.envelope(principal, wanted.name, wanted)
        return acknowledged(await command(runtime, principal, wanted, envelope, Asked()))

    fields = route.command.model_fields
    parameters = [_parameter("request", Request), _parameter("principal", Caller)]
    parameters += [
        _parameter(name, Annotated[fields[name].annotation, *fields[name].metadata, *_read(fields[name]), Path()])
        for name in in_path
    ]
    if model is not None:
        parameters.append(_parameter("body", model))
    # One by one: a dependency of its own would be solved anew for each request.
    parameters += [_parameter(name, annotation, None) for name, annotation in CONDITIONS.items()]
    endpoint.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return endpoint


def _read(field: FieldInfo) -> tuple[BeforeValidator, ...]:
    """Return how a field is read in a path, where a number is text and commands are strict on numbers."""
    return (IN_DIGITS,) if field.annotation is int else ()


def _parameter(name: str, annotation: object, default: object = inspect.Parameter.empty) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)


def acknowledged(answer: Answer) -> Response:
    """Return 201 for what was recorded now, 200 for what was recorded before; the ETag is the stream's version."""
    status = 201 if answer.events and not answer.repeated else 200
    acknowledgement = Acknowledgement.of(answer)
    return Response(
        acknowledgement.model_dump_json(), status, {"ETag": f'"{answer.version}"'}, media_type="application/json"
    )
