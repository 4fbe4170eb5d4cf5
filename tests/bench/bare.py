"""Plain neighbours of a service: a route that stores nothing, and the shortest way from a PUT to a readable row."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import asyncpg
import orjson
import uvicorn
import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict

from regesta.runtime import CommandRoute
from regesta.web import body_model
from services.budget.domain.line import OpenLine

POLL_SECONDS = 0.005
BATCH = 1_000
SOURCE_TABLE = "CREATE TABLE facts (id bigserial PRIMARY KEY, objective text NOT NULL, words text NOT NULL)"
READABLE_TABLE = "CREATE TABLE readable (objective text PRIMARY KEY, words text NOT NULL, id bigint NOT NULL)"
ADD = "INSERT INTO facts (objective, words) VALUES ($1, $2) RETURNING id"
NEXT = "SELECT id, objective, words FROM facts WHERE id > $1 ORDER BY id LIMIT $2"
# The last statement about each objective counts.
UPSERT = """
INSERT INTO readable
SELECT DISTINCT ON (objective) objective, words, id
FROM unnest($1::bigint[], $2::text[], $3::text[]) AS fact (id, objective, words) ORDER BY objective, id DESC
ON CONFLICT (objective) DO UPDATE SET words = excluded.words, id = excluded.id
"""
READABLE = "SELECT coalesce(max(id), 0) FROM readable"


class StatementIn(BaseModel):
    """What a field of an objective says."""

    model_config = ConfigDict(extra="forbid")

    words: str


def nothing_stored() -> FastAPI:
    """Return an app with the PUT of a budget line: the same body model, and no more."""
    app = FastAPI()

    async def put_line(line: str, body: BaseModel) -> dict[str, str]:
        return {"line": line, "body": type(body).__name__}

    # Made when the program runs, so that it cannot be named above.
    put_line.__annotations__["body"] = body_model(CommandRoute("PUT", "/lines/{line}", OpenLine))
    app.add_api_route("/budget/v1/lines/{line}", put_line, methods=["PUT"], status_code=201)

    @app.get("/livez")
    async def get_livez() -> dict[str, str]:
        return {"status": "ok"}

    return app


def pipeline(source: str, target: str, bootstrap: str = "", topic: str = "") -> FastAPI:
    """Return an app that inserts a row for each PUT, which a consumer upserts in another database.

    It polls for rows, or reads the topic, if there is one, to which each PUT sends its row.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            app.state.pool = await stack.enter_async_context(asyncpg.create_pool(source, min_size=1, max_size=8))
            if topic:
                app.state.producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True)
                await stack.enter_async_context(app.state.producer)
            job = consume_topic(bootstrap, topic, target) if topic else consume(source, target)
            consuming = asyncio.create_task(job)
            yield
            consuming.cancel()
            with suppress(asyncio.CancelledError):
                await consuming

    app = FastAPI(lifespan=lifespan)

    @app.put("/objectives/{objective}", status_code=201)
    async def put_statement(objective: str, body: StatementIn) -> dict[str, int]:
        number: int = await app.state.pool.fetchval(ADD, objective, body.words)
        if topic:
            row = orjson.dumps([number, objective, body.words])
            await app.state.producer.send(topic, row, key=objective.encode(), partition=0)
        return {"id": number}

    @app.get("/livez")
    async def get_livez() -> dict[str, str]:
        return {"status": "ok"}

    return app


async def consume(source: str, target: str) -> None:
    """Copy rows as they come, until cancelled."""
    reading, writing = await asyncpg.connect(source), await asyncpg.connect(target)
    position = await writing.fetchval(READABLE)
    while True:
        rows = await reading.fetch(NEXT, position, BATCH)
        if rows:
            await writing.execute(UPSERT, *map(list, zip(*rows, strict=True)))
            position = rows[-1]["id"]
        else:
            await asyncio.sleep(POLL_SECONDS)


async def consume_topic(bootstrap: str, topic: str, target: str) -> None:
    """Copy rows as a topic brings them, until cancelled."""
    writing = await asyncpg.connect(target)
    reading = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest", enable_auto_commit=False)
    reading.assign([TopicPartition(topic, 0)])
    await reading.start()
    try:
        while True:
            found = await reading.getmany(timeout_ms=1_000, max_records=BATCH)
            if rows := [orjson.loads(record.value or b"") for records in found.values() for record in records]:
                await writing.execute(UPSERT, *map(list, zip(*rows, strict=True)))
    finally:
        await reading.stop()


if __name__ == "__main__":
    served = nothing_stored() if len(sys.argv) == 2 else pipeline(*sys.argv[2:])
    uvloop.run(uvicorn.Server(uvicorn.Config(served, port=int(sys.argv[1]), access_log=False)).serve())
