"""What somebody sees who starts the demo in a terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from select import select

import pytest

from tests.system.conftest import START_SECONDS, STOP_SECONDS, folder

CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """A process in a terminal of some columns. seen: all that it wrote."""

    def __init__(self, columns: int, *command: str) -> None:
        self._here, there = pty.openpty()
        fcntl.ioctl(there, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
        environment = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "LINES"}}
        self.process = subprocess.Popen(
            command, stdout=there, stderr=there, stdin=subprocess.DEVNULL, env=environment | {"TERM": "xterm"}
        )
        os.close(there)
        self.seen = ""

    def read(self, seconds: float, until: str | None = None) -> str:
        """Return what comes within this time, or up to a text."""
        came = ""
        ends_at = time.monotonic() + seconds
        while (left := ends_at - time.monotonic()) > 0 and (until is None or until not in came):
            if select([self._here], [], [], left)[0]:
                try:
                    came += os.read(self._here, 65_536).decode()
                except OSError:  # the process ended
                    break
        self.seen += came
        return came

    def close(self) -> None:
        """Stop the process as Ctrl-C does."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.read(STOP_SECONDS, "Stopped.")
            self.process.wait(STOP_SECONDS)
        os.close(self._here)


@contextmanager
def demo(columns: int) -> Iterator[Terminal]:
    """Run an empty demo in a terminal."""
    with folder() as place:
        place.chmod(0o755)  # else the demo says that it did so, for PostgreSQL's user
        data = ("--data-dir", str(place / "data"), "--port", "0")
        terminal = Terminal(columns, sys.executable, "-m", "cli", "demo", "--no-sample", *data)
        try:
            yield terminal
        finally:
            terminal.close()


@pytest.mark.parametrize("columns", [80, 200])
def test_a_demo_is_silent_once_it_serves_and_logs_nothing_in_a_normal_life(columns: int) -> None:
    with demo(columns) as terminal:
        assert "Ctrl-C stops" in terminal.read(START_SECONDS, "is kept."), terminal.seen
        terminal.read(0.2)
        assert terminal.read(1.5) == ""
    assert terminal.process.returncode == 0
    shown = [CONTROL.sub("", line).rpartition("\r")[2] for line in terminal.seen.replace("\r\n", "\n").split("\n")]
    assert not [line for line in shown if '"level"' in line], terminal.seen
    assert "Regesta serves" in shown
    assert not [line for line in shown if len(line) > columns and "REGESTA_TOKEN=" not in line]
    assert shown[-2].startswith("Stopped. Everything recorded is kept in ")
