"""A frozen letter reaches its reader as the bytes that were frozen, or not at all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Final

import orjson
import pytest

from cli.commands import run as run_command

LETTER: Final = {
    "note": {"title": {"fr": "Rénovation\u2028", "nl": "€ 1"}},
    "cut": {"kpi": 0, "budget": 12},
    "year": 2024,
}
BYTES: Final = orjson.dumps(LETTER, option=orjson.OPT_SORT_KEYS)
TOUCHED: Final = {
    "source": "budget", "position": 8, "adopted_by": "[an officer]", "adopted_at": "2026-11-30T08:00:00.5+00:00",
}  # fmt: skip
FROZEN: Final = {
    "letter": LETTER, "hash": hashlib.sha256(BYTES).hexdigest(), "cut": LETTER["cut"], "model": 1, "event": "reporting:7",
    "frozen_at": "2026-11-29T07:00:00.25+00:00", "frozen_by": "operator", "touched": [],
}  # fmt: skip

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command in this process; return (exit code, output, errors)."""

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["regesta", *arguments, "--token", "abc"])
        with pytest.raises(SystemExit) as ended:
            run_command()
        printed = capsys.readouterr()
        code = ended.value.code
        return code if isinstance(code, int) else 0, printed.out, " ".join(printed.err.split())

    return run


@contextmanager
def answering(document: Any) -> Iterator[str]:
    """Answer each GET with a document, at the address that this gives."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(document).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        serving = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        serving.join()


def test_the_bytes_are_those_that_were_hashed_whatever_form_they_came_in(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "letter.json"
    with answering(FROZEN) as url:
        assert run("letter", "sport", "2024", "--frozen", "--out", str(out), "--url", url)[0] == 0
        code, printed, said = run("letter", "sport", "2024", "--frozen", "--url", url)
    assert (code, printed.encode()) == (0, BYTES + b"\n")
    assert out.read_bytes() == BYTES
    assert said == (
        "The letter of sport 2024 is frozen by reporting:7, as of budget:12, kpi:0. "
        f"By operator at 2026-11-29T07:00:00 UTC; model 1, SHA-256 {FROZEN['hash']}."
    )


def test_a_letter_that_is_not_what_is_hashed_is_not_written(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "letter.json"
    with answering(FROZEN | {"letter": LETTER | {"year": 2025}}) as url:
        code, printed, said = run("letter", "sport", "2024", "--frozen", "--out", str(out), "--url", url)
    assert (code, printed, out.exists()) == (1, "", False)
    assert f"and not {FROZEN['hash']} of the frozen letter" in said


def test_who_reads_a_letter_is_told_what_was_given_up_of_its_cut(run: Run) -> None:
    with answering(FROZEN | {"touched": [TOUCHED]}) as url:
        code, printed, said = run("letter", "sport", "2024", "--frozen", "--url", url)
    assert (code, printed.encode()) == (0, BYTES + b"\n")
    assert said.endswith(
        "Its cut names events of budget beyond 8, which [an officer] gave up at 2026-11-30T08:00:00 UTC, "
        "when another log was adopted."
    )


@pytest.mark.parametrize("more", ["--as html", "--as-of 2024-03-31"])
def test_a_frozen_letter_has_one_form_and_one_moment(run: Run, more: str) -> None:
    code, _, said = run("letter", "sport", "2024", "--frozen", *more.split())
    assert (code, "a frozen letter is JSON" in said) == (2, True)


def test_no_day_is_wrong_use(run: Run) -> None:
    code, _, said = run("freeze", "sport", "2024", "--as-of", "2024-02-30")
    assert (code, "'2024-02-30' is no day" in said) == (2, True)
