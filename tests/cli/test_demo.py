"""A demo that does not get ready says why, and nobody takes it for ready."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from rich.console import Console

from cli import demo
from cli.demo import Options, _Place, _until_ready
from regesta.errors import Misconfigured
from regesta.main import server_of
from services.budget.app import SERVICE as BUDGET

BODY = b'{"status": "not ready", "reasons": [{"detail": "projections of budget are 9 events behind"}, {"detail": "a fork"}]}'


@pytest.fixture
def own_signals() -> Iterator[None]:
    """Give the process that runs the tests its handler back, which a demo replaces."""
    handler = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, handler)


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


@pytest.mark.usefixtures("own_signals")
def test_the_ready_file_of_an_earlier_run_is_gone_before_anything_starts(tmp_path: Path) -> None:
    stale = tmp_path / "ready.json"
    stale.write_text("{}")
    no_folder = tmp_path / "data"
    no_folder.touch()
    with pytest.raises(OSError, match="data"):
        demo.demo(Options(no_folder, 0, ready_file=stale), Console(quiet=True))
    assert not stale.exists()


@pytest.mark.usefixtures("own_signals")
def test_the_ready_file_of_a_demo_that_runs_is_left_alone(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    ready.write_text("{}")
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(Misconfigured, match="in use"):
        demo.demo(Options(tmp_path / "data", taken.getsockname()[1], ready_file=ready), Console(quiet=True))
    assert ready.exists()
