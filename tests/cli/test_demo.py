"""A demo that does not get ready says why, and nobody takes it for ready."""

from __future__ import annotations

import asyncio
import fcntl
import signal
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from fastapi import FastAPI
from rich.console import Console

from cli import demo, demo_services
from cli.demo_options import Options
from cli.demo_services import _Place, _until_ready
from regesta.errors import Misconfigured
from regesta.server import server_of
from services.budget.app import SERVICE as BUDGET

BODY = b'{"status": "not ready", "reasons": [{"name": "lag", "detail": "budget is 9 events behind"}]}'


@pytest.fixture
def own_signals() -> Iterator[None]:
    """Give the process that runs the tests its handler back, which a demo replaces."""
    handler = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, handler)


async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer any request as a service that is not ready."""
    with suppress(asyncio.IncompleteReadError, OSError):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 503 Not\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY)
        await writer.drain()
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


@pytest.mark.parametrize(
    ("started", "reason"),
    [
        (False, "after 0 s the services do not listen yet"),
        (True, "after 0 s budget is not ready: budget is 9 events behind"),
    ],
)
async def test_a_demo_that_is_never_ready_says_why(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, reason: str, *, started: bool
) -> None:
    monkeypatch.setattr(demo_services, "START_SECONDS", 0.4)
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
    # An answer may be under way still.
    await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}), return_exceptions=True)
    assert str(late.value) == reason


@pytest.fixture
def ready(tmp_path: Path) -> Path:
    """Return a ready file, of an earlier run or of a demo that runs."""
    ready = tmp_path / "ready.json"
    ready.write_text("{}")
    return ready


@pytest.mark.usefixtures("own_signals")
def test_the_ready_file_of_an_earlier_run_is_gone_before_anything_starts(tmp_path: Path, ready: Path) -> None:
    (tmp_path / "data" / "postgres").mkdir(parents=True)
    with pytest.raises(Misconfigured, match="cluster's passwords"):
        demo.demo(Options(tmp_path / "data", 0, ready_file=ready), Console(quiet=True))
    assert not ready.exists()


@pytest.mark.usefixtures("own_signals")
@pytest.mark.parametrize(
    ("place", "why"), [("none/ready", "none' is no folder"), ("file/ready", "file' is no folder"), (".", "is a folder")]
)
def test_a_ready_file_that_cannot_be_written_is_refused_before_anything_is_made(
    tmp_path: Path, place: str, why: str
) -> None:
    (tmp_path / "file").touch()
    ready = tmp_path / place
    with pytest.raises(Misconfigured) as refused:
        demo.demo(Options(tmp_path / "data", 0, ready_file=ready), Console(quiet=True))
    assert str(refused.value).startswith(f"the ready file {str(ready)!r} ")
    assert str(refused.value).endswith(why)
    assert not (tmp_path / "data").exists()


@pytest.mark.usefixtures("own_signals")
def test_the_ready_file_of_the_demo_that_has_the_port_is_left_alone(tmp_path: Path, ready: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(Misconfigured, match="in use"):
        demo.demo(Options(tmp_path / "data", taken.getsockname()[1], ready_file=ready), Console(quiet=True))
    assert ready.exists()


@pytest.mark.usefixtures("own_signals")
def test_the_ready_file_of_the_demo_that_has_the_folder_is_left_alone(tmp_path: Path, ready: Path) -> None:
    (tmp_path / "data").mkdir()
    with (tmp_path / "data" / "lock").open("w") as lock:
        lock.write("4711")
        lock.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(Misconfigured, match="in use by process 4711"):
            demo.demo(Options(tmp_path / "data", 0, ready_file=ready), Console(quiet=True))
    assert ready.exists()
