"""Sends commands to the bulk routes, again with the same keys until each is answered."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Final, TypeAlias

import httpx2
import orjson
from pydantic import BaseModel, Field, JsonValue, TypeAdapter, ValidationError

from cli.importing.errors import ServerAway
from cli.importing.plan import ServiceName, Wanted
from cli.remote import RemoteRefused, problem_in
from regesta.bulk import IMPORT

Tick: TypeAlias = Callable[[int, int], None]

CHUNK_LINES: Final = 500
# Together with the keys, one request stays far below what a proxy lets through.
CHUNK_BYTES: Final = 4 * 1024 * 1024
PAGE_EVENTS: Final = 5000
TIMEOUT_SECONDS: Final = 60.0
# A restart of everything takes less.
PATIENCE_SECONDS: Final = 120.0
FIRST_PAUSE_SECONDS: Final = 0.1
LONGEST_PAUSE_SECONDS: Final = 3.0
# A pause from which on somebody who looks on is told why nothing happens.
TOLD_PAUSE_SECONDS: Final = 0.8
# Answers that a later try can change: a full queue, a source that is away, a position not reached yet.
TRY_AGAIN: Final = frozenset({502, 503, 504})

logger = logging.getLogger(__name__)


class Result(BaseModel):
    """What a command came to. problem: the problem document of a refusal; events: the names of what it recorded.

    resent: an answer to an earlier sending was lost.
    """

    line: int
    status: int
    events: tuple[str, ...] = ()
    token: str | None = None
    repeated: bool = False
    problem: dict[str, JsonValue] | None = None
    resent: bool = False

    @property
    def code(self) -> str:
        """The code of the refusal, such as "code-taken"; "" when there is none."""
        return str((self.problem or {}).get("type", "")).rpartition("/")[2]

    @property
    def reason(self) -> str:
        """The refusal in words."""
        return str((self.problem or {}).get("detail") or (self.problem or {}).get("title") or f"status {self.status}")


class Head(BaseModel):
    """How far a log reaches."""

    position: Annotated[int, Field(ge=0)]


class FeedEvent(BaseModel):
    """An event of a log. id: its position."""

    id: str
    type: str
    data: dict[str, JsonValue]

    def text(self) -> str:
        """Return its fields as JSON."""
        return orjson.dumps(self.data).decode()


PAGES: Final = TypeAdapter(list[FeedEvent])


@dataclass(slots=True)
class _Patience:
    """Waits between tries, longer each time, until nothing went forward for too long."""

    since: float
    pause_seconds: float = FIRST_PAUSE_SECONDS
    told: bool = False

    async def wait(self, reason: str) -> None:
        """Wait for the next try. Raises ServerAway."""
        if time.monotonic() - self.since > PATIENCE_SECONDS:
            raise ServerAway(f"the server did not answer for {PATIENCE_SECONDS:.0f} s: {reason}")
        if not self.told and self.pause_seconds >= TOLD_PAUSE_SECONDS:
            logger.warning("waiting for the server, for %.0f s at most: %s", PATIENCE_SECONDS, reason)
            self.told = True
        await asyncio.sleep(self.pause_seconds)
        self.pause_seconds = min(2 * self.pause_seconds, LONGEST_PAUSE_SECONDS)


class Sender:
    """Sends the commands of one note's import. note: its slug; tick: told (done, total) after each answered chunk.

    A server that answered once is waited for when it is away; one that never did is not.
    """

    def __init__(self, client: httpx2.AsyncClient, note: str, tick: Tick) -> None:
        self._client = client
        self._note = note
        self._tick = tick
        self._done = 0
        self._answered = False
        self.total = 0

    async def send(self, service: ServiceName, commands: Sequence[Wanted], at_least: str | None) -> list[Result]:
        """Return the answers to commands, in their order. at_least: what the service must have taken in before.

        A line that meets a passing fault is sent again, and so are those after it, which may rest on it. Raises ServerAway,
        RemoteRefused when the server refuses a request as a whole.
        """
        results: list[Result] = []
        patience = _Patience(time.monotonic())
        sent = 0
        while len(results) < len(commands):
            lines = [*_chunk(commands[len(results) :])]
            answered, trouble = await self._post(service, lines, at_least)
            good = next((n for n, result in enumerate(answered) if result.status in TRY_AGAIN), len(answered))
            resent = max(0, sent - len(results))
            sent = len(results) + len(lines)
            results += [
                each.model_copy(update={"resent": True}) if number < resent else each
                for number, each in enumerate(answered[:good])
            ]
            self._done += good
            self._tick(self._done, max(self.total, self._done))
            if good:
                patience = _Patience(time.monotonic())
            if good < len(lines):
                await patience.wait(answered[good].reason if good < len(answered) else trouble)
        return results

    async def head(self, service: ServiceName) -> int | None:
        """Return how far the service's log reaches; None when the token may not know. Raises ServerAway."""
        answer = await self._get(f"/{service}/v1/events/head", {})
        return Head.model_validate_json(answer.content).position if answer.is_success else None

    async def log(self, service: ServiceName) -> list[FeedEvent]:
        """Return all events of a service. Raises RemoteRefused when the token may not read them, ServerAway."""
        events: list[FeedEvent] = []
        while True:
            after = events[-1].id if events else "0"
            answer = await self._get(f"/{service}/v1/events", {"lastEventId": after, "limit": str(PAGE_EVENTS)})
            if not answer.is_success:
                raise RemoteRefused(problem_in(answer))
            page = PAGES.validate_json(answer.content)
            if not page:
                return events
            events += page

    async def _get(self, path: str, params: dict[str, str]) -> httpx2.Response:
        """Return an answer that is no passing fault. Raises ServerAway."""
        patience = _Patience(time.monotonic())
        while True:
            try:
                answer = await self._client.get(path, params=params)
            except httpx2.TransportError as error:
                trouble = self._away(error)
            else:
                self._answered = True
                if answer.status_code not in TRY_AGAIN:
                    return answer
                trouble = answer.text[:200]
            await patience.wait(trouble)

    async def _post(
        self, service: ServiceName, lines: Sequence[bytes], at_least: str | None
    ) -> tuple[list[Result], str]:
        """Return the answers that came, and why no more did after a passing fault. Raises RemoteRefused."""
        params = {"keys": f"{IMPORT}{self._note}"} | ({} if at_least is None else {"at_least": at_least})
        headers = {"Content-Type": "application/x-ndjson"}
        received: list[Result] = []
        path = f"/{service}/v1/commands"
        try:
            async with self._client.stream(
                "POST", path, params=params, content=b"".join(lines), headers=headers
            ) as answer:
                self._answered = True
                if not answer.is_success:
                    await answer.aread()
                    refused = RemoteRefused(problem_in(answer))
                    if answer.status_code in TRY_AGAIN:
                        return [], f"{service} answered {answer.status_code}: {refused}"
                    raise refused
                async for line in answer.aiter_lines():
                    received.append(Result.model_validate_json(line))  # noqa: PERF401 what came before a fault counts
        except httpx2.TransportError as error:
            return received, self._away(error)
        except ValidationError as error:
            raise RemoteRefused({"title": f"{self._client.base_url} answers, but not as Regesta does"}) from error
        return received, "an answer broke off"

    def _away(self, error: httpx2.TransportError) -> str:
        """Return why a server that answered before does not now. Raises ServerAway for one that never did."""
        trouble = f"{type(error).__name__} {error}"
        if not self._answered:
            raise ServerAway(f"{self._client.base_url} does not answer: {trouble}") from error
        return trouble


def _chunk(commands: Sequence[Wanted]) -> Iterator[bytes]:
    """Yield the lines of the next request."""
    size = 0
    for wanted in commands[:CHUNK_LINES]:
        line = orjson.dumps({"command": wanted.command.name, "key": wanted.key, "data": wanted.data()}) + b"\n"
        size += len(line)
        if size > CHUNK_BYTES and size > len(line):
            return
        yield line
