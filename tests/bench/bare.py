"""The neighbours of the benchmark: a FastAPI app that reads the same body and stores nothing, and one file's bytes."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import uvicorn
import uvloop
from fastapi import FastAPI, Response
from pydantic import BaseModel, ConfigDict


class Label(BaseModel):
    """A text in two languages."""

    model_config = ConfigDict(extra="forbid")

    fr: str
    nl: str


class LineIn(BaseModel):
    """The body of the PUT."""

    model_config = ConfigDict(extra="forbid")

    label: Label


def app_of(letter: bytes) -> FastAPI:
    """Return the app that serves a letter's bytes."""
    app = FastAPI()

    @app.put("/budget/v1/lines/{line}", status_code=201)
    async def put_line(line: str, body: LineIn) -> dict[str, str]:
        return {"line": line, "label": body.label.fr}

    @app.get("/letter")
    async def get_letter() -> Response:
        return Response(letter, media_type="application/json")

    return app


async def serve(letter: bytes, tell: Callable[[str], object]) -> None:
    """Serve on a free port and write where."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(app_of(letter), log_level="warning", access_log=False)
        serving = asyncio.create_task(uvicorn.Server(config).serve(sockets=[listening]))
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        tell(json.dumps({"url": url, "token": "", "services": {}}))
        await serving


if __name__ == "__main__":
    uvloop.run(serve(Path(sys.argv[1]).read_bytes(), Path(sys.argv[2]).write_text))
