"""From a PUT to the fact in the read model that the letter is made of, at a steady rate, beside a minimal pipeline."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import TypeAlias

import asyncpg
import httpx2

from regesta.broker import Broker
from regesta.event import split_name
from regesta.identity import uuid7
from regesta.topics import ensure_topic
from tests.bench import bare
from tests.bench.broker import unused
from tests.bench.ground import Ground
from tests.bench.load import quantile
from tests.bench.rows import Figures, Row, at_most
from tests.bench.serving import Everything, everything, free_port, started
from tests.bench.trials import Trials
from tests.conftest import execute

A_SECOND = 200
SECONDS = 60
REPEATS = 3
OBJECTIVES = 200
NOTE = "bench"
YEAR = 2026
POLL_SECONDS = 0.001
SETTLE_SECONDS = 30
FOLDED = "SELECT position FROM projections.checkpoints WHERE projection = 'objectives-standing'"

# Records the nth fact; returns the position that it must be readable at.
Put: TypeAlias = Callable[[int], Awaitable[int]]


async def rows(ground: Ground) -> AsyncIterator[Row]:
    """Yield the rows of the way from a PUT to the letter."""
    name = f"PUT to letter over the feed, {A_SECOND}/s"
    trials = await taken(ground, None)
    for row in both(name, trials, "INSERT, poll, upsert"):
        yield row
    yield Row(f"{name}: p99 alone", trials.of("ours", "p99 ms"), "ms", bar=at_most(30, "value"))


async def over_kafka(ground: Ground) -> AsyncIterator[Row]:
    """Yield the rows of the same way over a topic."""
    trials = await taken(ground, unused(ground.kafka()))
    for row in both(f"PUT to letter over Kafka, {A_SECOND}/s", trials, "INSERT, aiokafka, upsert"):
        yield row


def both(name: str, trials: Trials, beside: str) -> Iterator[Row]:
    """Yield what both ways have."""
    yield Row(f"{name}: p99", trials.of("ours", "p99 ms"), "ms", beside, trials.of("plain", "p99 ms"), at_most(1.5))
    yield Row(f"{name}: p50", trials.of("ours", "p50 ms"), "ms", beside, trials.of("plain", "p50 ms"))


async def taken(ground: Ground, broker: Broker | None) -> Trials:
    """Return what both take, over the feed when there is no broker."""
    seconds = ground.size(SECONDS, 1)
    async with regesta(ground, broker) as ours, pipeline(ground, broker) as plain:
        return await ground.trials({"ours": lambda: ours(seconds), "plain": lambda: plain(seconds)}, REPEATS)


@asynccontextmanager
async def regesta(ground: Ground, broker: Broker | None) -> AsyncIterator[Callable[[int], Awaitable[Figures]]]:
    """Give a run through the four services, after a note with 200 objectives was opened."""
    async with everything(ground, carried(broker)) as running, running.client() as client:
        ids = [str(uuid7()) for _ in range(ground.size(OBJECTIVES, 10))]
        await open_note(client, ids)
        said = dict.fromkeys(ids, "")

        async def put(number: int) -> int:
            objective, words = ids[number % len(ids)], f"Fait {number} de {uuid7()}"
            body = {"value": {"state": "known", "value": {"fr": words}}}
            answer = await client.put(f"/objectives/v1/objectives/{objective}/fields/description", json=body)
            position = split_name(accepted(answer).json()["token"])[1]
            said[objective] = words
            return position

        async def run(seconds: int) -> Figures:
            figures = await steadily(put, seconds, running.databases["reporting"].dsn, FOLDED)
            await check_letter(running, client, said)
            return figures

        yield run


@asynccontextmanager
async def pipeline(ground: Ground, broker: Broker | None) -> AsyncIterator[Callable[[int], Awaitable[Figures]]]:
    """Give a run through the least that does the same: FastAPI, one INSERT, a consumer that polls or a topic, one upsert."""
    async with ground.database() as source, ground.database() as target:
        await execute(source.admin_dsn, bare.SOURCE_TABLE)
        await execute(target.admin_dsn, bare.READABLE_TABLE)
        port = free_port()
        arguments = ["-m", "tests.bench.bare", str(port), source.admin_dsn, target.admin_dsn]
        if broker is not None:
            topic = broker.topic("facts")
            await ensure_topic(broker, topic)
            arguments += [broker.bootstrap, topic]
        async with started(arguments, {}, port, "/livez") as server, httpx2.AsyncClient(base_url=server.url) as client:

            async def put(number: int) -> int:
                body = {"words": f"Fait {number} de {uuid7()}"}
                answer = await client.put(f"/objectives/{number % OBJECTIVES}", json=body)
                position: int = accepted(answer).json()["id"]
                return position

            async def run(seconds: int) -> Figures:
                return await steadily(put, seconds, target.admin_dsn, bare.READABLE)

            yield run


def carried(broker: Broker | None) -> dict[str, str]:
    """Return the settings of services that use a broker, of those that use the feed without one."""
    if broker is None:
        return {}
    return {
        "REGESTA_CARRIER": "kafka",
        "REGESTA_KAFKA_BOOTSTRAP": broker.bootstrap,
        "REGESTA_KAFKA_PREFIX": broker.prefix,
    }


async def open_note(client: httpx2.AsyncClient, ids: list[str]) -> None:
    """Open a note with objectives."""
    body: dict[str, object] = {"title": {"fr": "Banc d’essai"}, "planned_year": YEAR, "realised_year": YEAR - 1}
    accepted(await client.put(f"/objectives/v1/notes/{NOTE}", json=body))

    async def register(number: int, objective: str) -> None:
        body = {"level": "operational", "code": str(number), "title": {"fr": f"Objectif {number}"}}
        accepted(await client.put(f"/objectives/v1/notes/{NOTE}/objectives/{objective}", json=body))

    await asyncio.gather(*(register(number, objective) for number, objective in enumerate(ids)))


async def steadily(put: Put, seconds: int, dsn: str, readable: str) -> Figures:
    """Put at a steady rate, whatever becomes of the puts before; return how long from its due moment each took.

    readable: what position can be read by now, asked every millisecond on a connection of its own.
    """
    total = A_SECOND * seconds
    waiting: dict[int, float] = {}
    took: list[float] = []

    async def one(number: int, due: float) -> None:
        await asyncio.sleep(due - time.perf_counter())
        position = await put(number)
        if position <= reached:
            took.append(time.perf_counter() - due)
        else:
            waiting[position] = due

    reached = 0
    watching = await asyncpg.connect(dsn)
    began = time.perf_counter() + 0.1
    puts = asyncio.gather(*(one(number, began + number / A_SECOND) for number in range(total)))
    try:
        while len(took) < total:
            reached = await watching.fetchval(readable)
            now = time.perf_counter()
            done = [position for position in waiting if position <= reached]
            took += [now - waiting.pop(position) for position in done]
            if puts.done():
                await puts  # raises what one of them raised
            if now > began + seconds + SETTLE_SECONDS:
                raise TimeoutError(f"{total - len(took)} of {total} facts did not become readable")
            await asyncio.sleep(POLL_SECONDS)
        await puts
    finally:
        puts.cancel()
        await watching.close()
    return {"p50 ms": quantile(took, 0.5) * 1e3, "p99 ms": quantile(took, 0.99) * 1e3}


def accepted(answer: httpx2.Response) -> httpx2.Response:
    """Return an answer that is no problem. Raises RuntimeError with the problem."""
    if not answer.is_success:
        raise RuntimeError(f"{answer.request.url} answered {answer.status_code}: {answer.text}")
    return answer


async def check_letter(running: Everything, client: httpx2.AsyncClient, said: dict[str, str]) -> None:
    """Raise AssertionError unless the letter says what was put last."""
    answer = await client.get(f"/reporting/v1/letters/{NOTE}/{YEAR}", headers={"Accept": "application/json"})
    letter = accepted(answer).text
    missing = [words for words in said.values() if words and words not in letter]
    assert not missing, f"{len(missing)} facts are not in the letter of {running.server.url}"
