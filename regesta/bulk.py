"""Bulk: NDJSON commands of any number, in order per stream, one result per line streamed back in the lines' order."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated

import orjson
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, JsonValue, StrictInt
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from regesta.auth import Principal
from regesta.caller import Caller
from regesta.command import Command
from regesta.envelope import LONGEST_KEY, Answer, Envelope, Key
from regesta.errors import Busy, Forbidden, Malformed, RegestaError, TooLarge, UnknownCommand, UnsupportedMedia
from regesta.outage import answering
from regesta.problem import UNFORESEEN, problem_of, response, validated
from regesta.reference import Asked
from regesta.runtime import Runtime, runtime_of
from regesta.strict import read_json, require_address
from regesta.telemetry import traceparent
from regesta.web import Acknowledgement, AtLeast, admit, arrived, decide, request_hash

MEDIA_TYPE = "application/x-ndjson"
LINE_BYTES = 1024 * 1024
IN_FLIGHT = 256
# Together with admission.BULKS this bounds what bulks keep: one line may have more, alone.
IN_FLIGHT_BYTES = 2 * LINE_BYTES
# Many clients send all lines before they read a result: these must be kept for them, some 300 bytes each.
UNSENT_RESULTS = 25_000
# When so long no byte has come, no result become known and none been taken, the client has stopped.
SILENT_SECONDS = 60.0
# The namespace of keys that live for ever, so it never changes.
IMPORT = "import:"
IMPORT_KEYS = re.compile(rf"{IMPORT}[a-z0-9-]{{1,120}}")
PARAMETERS = frozenset({"at_least", "keys"})

logger = logging.getLogger(__name__)
router = APIRouter(tags=["commands"])


class Line(BaseModel):
    """One command of a bulk. key: as an Idempotency-Key; if_match: the version its primary stream must have."""

    model_config = ConfigDict(extra="forbid")

    command: str
    key: Annotated[str | None, Field(min_length=1, max_length=LONGEST_KEY)] = None
    if_match: StrictInt | None = None
    data: dict[str, JsonValue]


@dataclass(slots=True)
class _Bulk:
    """What the lines of one request share."""

    runtime: Runtime
    principal: Principal
    keys: str | None
    commands: Mapping[str, type[Command]]
    asked: Asked = field(default_factory=Asked)
    traceparent: str | None = None
    in_flight_bytes: int = 0
    less: asyncio.Event = field(default_factory=asyncio.Event)
    silence: asyncio.Timeout = field(default_factory=lambda: asyncio.timeout(SILENT_SECONDS))

    def moved(self) -> None:
        """Note that the bulk goes on, by its client or by us."""
        if not self.silence.expired():
            self.silence.reschedule(asyncio.get_running_loop().time() + SILENT_SECONDS)

    async def begin(self, size: int) -> None:
        """Return when there is room for a line of so many bytes."""
        while self.in_flight_bytes and self.in_flight_bytes + size > IN_FLIGHT_BYTES:
            self.less.clear()
            await self.less.wait()
        self.in_flight_bytes += size

    def end(self, size: int) -> None:
        """Make room for the next line."""
        self.in_flight_bytes -= size
        self.less.set()


@dataclass(frozen=True, slots=True)
class _Turn:
    """The place of a line: it is decided after the lines before it, though checking it may take less time than theirs."""

    before: asyncio.Event
    mine: asyncio.Event

    async def take(self) -> None:
        """Return when the lines before have been handed over, and let the next one go; again at once."""
        await self.before.wait()
        self.mine.set()


@router.post(
    "/commands",
    response_class=Response,
    responses={200: {"content": {MEDIA_TYPE: {"schema": {"type": "string"}}}}},
    openapi_extra={"requestBody": {"required": True, "content": {MEDIA_TYPE: {"schema": {"type": "string"}}}}},
)
async def post_commands(
    request: Request,
    principal: Caller,
    at_least: AtLeast = None,
    keys: Annotated[
        str | None, Query(description="The namespace of the keys, import:{note}; needs import:write.")
    ] = None,
) -> Response:
    """Handle one command per line: `{"command", "key"?, "if_match"?, "data"}`, at most 1 MiB each.

    Each gives a line: `{"line", "status", ...acknowledgement}` or `{"line", "status", "problem"}`. A bad line harms no other.
    A blank line is passed over, as NDJSON allows, and gives none; the lines after it keep their numbers.
    """
    require_address(request, PARAMETERS)
    media = request.headers.get("content-type", "").partition(";")[0].strip()
    if media != MEDIA_TYPE:
        raise UnsupportedMedia(f"commands come as {MEDIA_TYPE}, not {media!r}", content_type=media)
    if keys is not None:
        if IMPORT_KEYS.fullmatch(keys) is None:
            raise Malformed(f"keys must be import: and the slug of a note, not {keys!r}", keys=keys)
        principal.require("import:write")
    runtime = runtime_of(request)
    await arrived(runtime, at_least)
    bulk = _Bulk(runtime, principal, keys, runtime.service.commands(), traceparent=traceparent())
    return _Results(bulk, request.stream())


class _Results(Response):
    """Sends result lines while the body is still being read, for which Starlette's streaming response has no way."""

    def __init__(self, bulk: _Bulk, body: AsyncIterator[bytes]) -> None:
        super().__init__(media_type=MEDIA_TYPE)
        self._bulk = bulk
        self._body = body
        del self.headers["content-length"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send all results as they are known, or 503 when too many bulks are in progress."""
        room = self._bulk.runtime.rooms.bulks
        try:
            room.take(1)
        except Busy as busy:
            await response(busy)(scope, receive, send)
            return
        try:
            await self._send(send)
        except TimeoutError:  # the server closes the connection, for the answer is not whole
            logger.warning("the client of a bulk stopped; what was decided of it stands")
        finally:
            room.give_back(1)

    async def _send(self, send: Send) -> None:
        """Send the head, each line as it is known, and the end; nothing of it goes on when the request ends early."""
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        started: asyncio.Queue[asyncio.Task[bytes] | None] = asyncio.Queue(IN_FLIGHT)
        results: asyncio.Queue[bytes | None] = asyncio.Queue(UNSENT_RESULTS)
        async with self._bulk.silence, asyncio.TaskGroup() as tasks:
            tasks.create_task(_begin(self._bulk, self._body, tasks, started))
            tasks.create_task(_collect(started, results))
            while (line := await results.get()) is not None:
                await send({"type": "http.response.body", "body": line, "more_body": True})
                self._bulk.moved()
        await send({"type": "http.response.body", "body": b""})


async def _begin(
    bulk: _Bulk,
    body: AsyncIterator[bytes],
    tasks: asyncio.TaskGroup,
    started: asyncio.Queue[asyncio.Task[bytes] | None],
) -> None:
    """Begin a task for each line, and None. Tasks are bounded, and so are results the client does not fetch."""
    number = 0
    before = asyncio.Event()
    before.set()
    try:
        async for line in lines(_heard(bulk, body)):
            number += 1
            if isinstance(line, int) or line.strip():
                await bulk.begin(_kept(line))
                turn = _Turn(before, asyncio.Event())
                await started.put(tasks.create_task(_result(bulk, number, line, turn)))
                before = turn.mine
    except ClientDisconnect:
        logger.info("the client of a bulk went away after line %d", number)
    await started.put(None)


async def _heard(bulk: _Bulk, body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield the chunks of a body, each noted as it comes."""
    async for chunk in body:
        bulk.moved()
        yield chunk


def _kept(line: bytes | int) -> int:
    """Return how many bytes of a line are in memory; of one that is too long, none."""
    return 0 if isinstance(line, int) else len(line)


async def _collect(started: asyncio.Queue[asyncio.Task[bytes] | None], results: asyncio.Queue[bytes | None]) -> None:
    """Pass on the results in the order of their lines, and None."""
    while (task := await started.get()) is not None:
        await results.put(await task)
    await results.put(None)


async def lines(body: AsyncIterator[bytes]) -> AsyncIterator[bytes | int]:
    """Yield the lines of a body; of one that is longer than 1 MiB, whose bytes are not kept, how many it has."""
    kept = bytearray()
    size = 0
    async for chunk in body:
        *ended, rest = chunk.split(b"\n")
        for part in ended:
            size += len(part)
            yield size if size > LINE_BYTES else bytes(kept + part)
            kept.clear()
            size = 0
        size += len(rest)
        if size > LINE_BYTES:
            kept.clear()
        else:
            kept += rest
    if size:
        yield size if size > LINE_BYTES else bytes(kept)


async def _result(bulk: _Bulk, number: int, line: bytes | int, turn: _Turn) -> bytes:
    """Handle one line; every error is its own result."""
    try:
        answer = await _handle(bulk, line, turn)
    except RegestaError as error:
        return _problem(number, error)
    except Exception:
        logger.exception("line %d of a bulk failed", number)
        return _problem(number, RegestaError(UNFORESEEN))
    finally:
        bulk.moved()
        bulk.end(_kept(line))
        await turn.take()
    status = 201 if answer.events and not answer.repeated else 200
    return orjson.dumps({"line": number, "status": status, **Acknowledgement.of(answer).model_dump()}) + b"\n"


def _problem(number: int, error: RegestaError) -> bytes:
    return orjson.dumps({"line": number, "status": error.status, "problem": problem_of(error)}, default=str) + b"\n"


async def _handle(bulk: _Bulk, text: bytes | int, turn: _Turn) -> Answer:
    if isinstance(text, int):
        raise TooLarge(f"a line has at most {LINE_BYTES} bytes, not {text}", limit=LINE_BYTES, size=text)
    line = validated(Line, read_json(text))
    kind = bulk.commands.get(line.command)
    if kind is None:
        raise UnknownCommand(f"{bulk.runtime.service.name} knows no command {line.command!r}", command=line.command)
    wanted = validated(kind, line.data, at="/data")
    envelope = Envelope(key=_key(bulk, line, wanted), if_match=line.if_match, traceparent=bulk.traceparent)
    with answering():
        await admit(bulk.runtime, bulk.principal, wanted, bulk.asked)
    await turn.take()
    return await decide(bulk.runtime, bulk.principal, wanted, envelope)


def _key(bulk: _Bulk, line: Line, wanted: Command) -> Key | None:
    """Return the line's key. An import's key names the fact of its file, so what it was turned into is not compared."""
    if line.key is None:
        if bulk.keys is not None:
            raise Forbidden("a line of an import needs a key")
        return None
    if bulk.keys is not None:
        return Key(bulk.keys, line.key, hashlib.sha256(line.key.encode()).digest())
    return Key(bulk.principal.subject, line.key, request_hash(wanted.name, wanted))
