"""A demo that does not get ready says why."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from fastapi import FastAPI

from cli import demo
from cli.demo import Options, _Place, _until_ready
from regesta.errors import Misconfigured
from regesta.main import server_of
from services.budget.app import SERVICE as BUDGET

BODY = b'{"status": "not ready", "reasons": ["projections of budget are 9 events behind", "a fork"]}'


async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer any request as a service that is not ready."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 503 Not\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY)
    await writer.drain()
    writer.close()


@pytest.mark.parametrize(
    ("started", "reason"),
    [
        (False, "after 0 s the services do not listen yet"),
        (True, "after 0 s budget is not ready: projections of budget are 9 events behind; a fork"),
    ],
)
async def test_a_demo_that_is_never_ready_says_why(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, reason: str, *, started: bool
) -> None:
    monkeypatch.setattr(demo, "START_SECONDS", 0.4)
    app = FastAPI()
    server = server_of(app, [app], "127.0.0.1", 0)
    server.started = started
    serving = asyncio.create_task(asyncio.Event().wait())
    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as refusing:
        port = refusing.sockets[0].getsockname()[1]
        place = _Place(Options(tmp_path, port), f"http://127.0.0.1:{port}", "token", (BUDGET,))
        with pytest.raises(Misconfigured) as late:
            await _until_ready(place, server, serving)  # type: ignore[arg-type]  # a task that never ends
    serving.cancel()
    assert str(late.value) == reason
