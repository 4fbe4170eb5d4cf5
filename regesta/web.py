"""HTTP in: strict JSON, who calls, and one route per command."""

from __future__ import annotations

import hashlib
import inspect
import json
import re
from collections.abc import Callable, Collection, Coroutine, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final, TypeAlias, TypeVar, cast, get_type_hints

from fastapi import APIRouter, Header, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, JsonValue, TypeAdapter, ValidationError, create_model
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from regesta.auth import Principal
from regesta.caller import Caller, caller
from regesta.command import Command, Context
from regesta.envelope import LONGEST_KEY, Answer, Envelope, Key
from regesta.errors import Malformed
from regesta.event import split_name
from regesta.problem import Wrong, invalid, pointer_of, step
from regesta.reference import Asked, reached
from regesta.runtime import CommandRoute, Runtime, runtime_of
from regesta.strict import DIGITS, LARGEST, Handler, StrictRequest, StrictRoute
from regesta.telemetry import traceparent

ETAG = re.compile(r'^"([0-9]{1,10})"$')
IF_MATCH = "The version that the primary stream must have, as its ETag; * for any: it must exist."
IF_NONE_MATCH = "* for a primary stream that must not exist yet; nothing else is supported."
EXTRA: Final = {"type": "extra_forbidden", "msg": "Extra inputs are not permitted"}
C = TypeVar("C", bound=Command)
T = TypeVar("T")
AtLeast = Annotated[
    str | None,
    Query(
        max_length=500, description="Names of events, such as budget:12, that must have arrived; waits 2 s, then 504."
    ),
]

IfMatch: TypeAlias = Annotated[str | None, Header(max_length=40, description=IF_MATCH)]
IfNoneMatch: TypeAlias = Annotated[str | None, Header(max_length=40, description=IF_NONE_MATCH)]
IdempotencyKey: TypeAlias = Annotated[str | None, Header(min_length=1, max_length=LONGEST_KEY)]


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
        tokens = [split_name(name.strip()) for name in names.split(",")] if names is not None else []
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


def request_hash(name: str, said: BaseModel) -> bytes:
    """Return what makes two requests with one key the same: a name and what was said, not what was left out."""
    document = said.model_dump(mode="json", exclude_unset=True)
    return hashlib.sha256(f"{name}\n{json.dumps(document, sort_keys=True)}".encode()).digest()


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a write says beside its body."""

    at_least: AtLeast = None
    if_match: IfMatch = None
    if_none_match: IfNoneMatch = None
    idempotency_key: IdempotencyKey = None

    def envelope(self, principal: Principal, name: str, said: BaseModel) -> Envelope:
        """Return the envelope of a command. said: what tells it from another of this name with the same key. Raises Malformed."""
        asked = Precondition.of(self.if_match, self.if_none_match)
        key = self.idempotency_key
        return Envelope(
            key=Key(principal.subject, key, request_hash(name, said)) if key else None,
            if_match=asked.if_match,
            exists=asked.exists,
            traceparent=traceparent(),
        )


CONDITIONS: Final = get_type_hints(Conditions, include_extras=True)
# Those of them that are headers, by their names here.
HEADERS: Final = {name: name.replace("_", "-") for name in CONDITIONS if name != "at_least"}
CONDITIONS_GIVEN: Final = TypeAdapter(Conditions)


def path_fields(route: CommandRoute) -> tuple[str, ...]:
    """Return the fields of a route's command that stand in its path."""
    return tuple(re.findall(r"{(\w+)}", route.path))


def body_model(route: CommandRoute) -> type[BaseModel]:
    """Return the model of a route's body: the command's fields that are not in its path."""
    in_path = path_fields(route)
    fields = {
        name: (field.annotation, field) for name, field in route.command.model_fields.items() if name not in in_path
    }
    config = ConfigDict(extra="forbid", frozen=True)
    model = create_model(  # type: ignore[call-overload]  # fields made from the command's own
        f"{route.command.__name__}In", __config__=config, __doc__=route.command.__doc__, **fields
    )
    return cast(type[BaseModel], model)


class _Operation(StrictRoute):
    """A route whose endpoint reads its request itself: FastAPI documents the signature, and would read each parameter by itself.

    That costs more than deciding and storing (ADR 25).
    """

    def get_route_handler(self) -> Handler:
        """Return the endpoint over a StrictRequest."""
        return self.strictly(self.endpoint)


def command_router(routes: tuple[CommandRoute, ...]) -> APIRouter:
    """Return a router with one operation per command."""
    router = APIRouter(route_class=_Operation, tags=["commands"])
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


def _endpoint(route: CommandRoute) -> Callable[[StrictRequest], Coroutine[Any, Any, Response]]:
    """Return the function of one operation, with the signature that FastAPI documents."""
    in_path = path_fields(route)

    async def endpoint(request: StrictRequest) -> Response:
        runtime, principal = runtime_of(request), await caller(request)
        wanted, conditions = _read(request, route.command, in_path, await request.document())
        await arrived(runtime, conditions.at_least)
        if conditions.idempotency_key is None and route.method == "POST":
            raise Malformed("a POST needs an Idempotency-Key, so that it can be repeated safely")
        envelope = conditions.envelope(principal, wanted.name, wanted)
        return acknowledged(await command(runtime, principal, wanted, envelope, Asked()))

    endpoint.__signature__ = inspect.Signature(_parameters(route, in_path))  # type: ignore[attr-defined]
    return endpoint


def _parameters(route: CommandRoute, in_path: Collection[str]) -> list[inspect.Parameter]:
    """Return the parameters of an operation as FastAPI documents them."""
    needed: dict[str, object] = {"request": Request, "principal": Caller}
    for name in in_path:
        field = route.command.model_fields[name]
        needed[name] = Annotated[field.annotation, *field.metadata, Path()]
    needed["body"] = body_model(route)
    keyword = inspect.Parameter.KEYWORD_ONLY
    return [inspect.Parameter(name, keyword, annotation=hint) for name, hint in needed.items()] + [
        inspect.Parameter(name, keyword, annotation=hint, default=None) for name, hint in CONDITIONS.items()
    ]


def _read(request: Request, kind: type[C], in_path: Collection[str], body: JsonValue) -> tuple[C, Conditions]:
    """Return a command and what is said beside it. Raises InvalidInput with all that is wrong with both."""
    found: list[Wrong] = []

    def place(error: ErrorDetails) -> Mapping[str, str]:
        of_path = bool(error["loc"]) and error["loc"][0] in in_path
        return _named(error) if of_path else {"pointer": pointer_of(body, error["loc"], error)}

    in_address = {name: _value(kind.model_fields[name], request.path_params[name]) for name in in_path}
    wanted = _tried(kind.model_validate, _members(body, in_path) | in_address, found, place)
    conditions = _tried(CONDITIONS_GIVEN.validate_python, _beside(request), found, _named)
    if wanted is None or conditions is None:
        raise invalid(sorted(found, key=lambda each: "pointer" in each[1]))
    return wanted, conditions


def _value(field: FieldInfo, text: str) -> JsonValue:
    """Return what a path says for a field, where a number is text and commands are strict on numbers."""
    return int(text) if field.annotation is int and DIGITS.fullmatch(text) else text


def _beside(request: Request) -> dict[str, str | None]:
    """Return what a request says by the names of CONDITIONS."""
    given = {name: request.headers.get(header) for name, header in HEADERS.items()}
    return given | {"at_least": request.query_params.get("at_least")}


def _tried(
    read: Callable[[Mapping[str, object]], T],
    document: Mapping[str, object],
    found: list[Wrong],
    place: Callable[[ErrorDetails], Mapping[str, str]],
) -> T | None:
    """Return what is read of a document; None, with all that is wrong in `found`, when it cannot be."""
    try:
        return read(document)
    except ValidationError as error:
        found += [(each, place(each)) for each in error.errors(include_url=False)]
        return None


def _named(error: ErrorDetails) -> Mapping[str, str]:
    return {"parameter": HEADERS.get(str(error["loc"][0]), str(error["loc"][0]))}


def _members(body: JsonValue, in_path: Collection[str]) -> dict[str, JsonValue]:
    """Return what a body says. Raises InvalidInput for none, for what is no object, and for what its path says already."""
    if body is None:
        raise invalid([({"type": "missing", "msg": "Field required"}, {"pointer": ""})])
    if not isinstance(body, dict):
        raise invalid([({"type": "dict_type", "msg": "Input should be an object", "input": body}, {"pointer": ""})])
    twice = [({**EXTRA, "input": body[name]}, {"pointer": step(name)}) for name in in_path if name in body]
    if twice:
        raise invalid(twice)
    return body


def acknowledged(answer: Answer) -> Response:
    """Return 201 for what was recorded now, 200 for what was recorded before; the ETag is the stream's version."""
    status = 201 if answer.events and not answer.repeated else 200
    acknowledgement = Acknowledgement.of(answer)
    return Response(
        acknowledgement.model_dump_json(), status, {"ETag": f'"{answer.version}"'}, media_type="application/json"
    )
