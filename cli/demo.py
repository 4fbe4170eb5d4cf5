"""`regesta demo`: everything on this machine, with the sample programme, in one process.

What is slow to import is imported once the data folder is held and the ready file of an earlier run is gone.
"""

from __future__ import annotations

import errno
import os
import signal
import socket
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from cli.demo_options import Options
from cli.embedded import Embedded
from regesta.errors import Misconfigured

if TYPE_CHECKING:
    from rich.console import Console


def demo(options: Options, console: Console) -> None:
    """Run until interrupted; what was recorded stays in the data folder. Raises Misconfigured.

    The ready file is there only while the demo can serve: not once a start holds the data folder, nor after a clean stop.
    A start that is refused leaves it alone, for it may be that of the demo which uses the port or the folder.
    """
    signal.signal(signal.SIGTERM, _as_interrupt)
    _require_folder(options.ready_file)
    listening = _listen(options.host, options.port)
    server = Embedded(options.data_dir, when_held=lambda: _unready(options))
    with listening, console.status("Starting PostgreSQL") as starting, server as database:
        starting.update("Starting the services")
        from cli.demo_services import serve_demo

        try:
            with suppress(KeyboardInterrupt):
                serve_demo(options, database, listening, starting)
        finally:
            _unready(options)
    from cli import welcome

    welcome.plain(console, f"Stopped. Everything recorded is kept in {options.data_dir}")


def _as_interrupt(_number: int, _frame: object) -> None:
    """Let a request to end do what Ctrl-C does: everything is closed, PostgreSQL too."""
    raise KeyboardInterrupt


def _unready(options: Options) -> None:
    """Remove the ready file, which may be that of an earlier run."""
    if options.ready_file is not None:
        options.ready_file.unlink(missing_ok=True)


def _require_folder(ready_file: Path | None) -> None:
    """Raise Misconfigured when the ready file could not be written once the demo can serve."""
    if ready_file is None:
        return
    folder = ready_file.parent
    if ready_file.is_dir():
        raise Misconfigured(f"the ready file {str(ready_file)!r} is a folder")
    if not folder.is_dir():
        raise Misconfigured(f"the ready file {str(ready_file)!r} cannot be written: {str(folder)!r} is no folder")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise Misconfigured(
            f"the ready file {str(ready_file)!r} cannot be written: {str(folder)!r} is not for this user"
        )


def _listen(host: str, port: int) -> socket.socket:
    """Take the port before anything is started. Raises Misconfigured when it is in use."""
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen()  # from here on nobody else can take it
    except OSError as error:
        listening.close()
        reason = "it is in use; give another with --port" if error.errno == errno.EADDRINUSE else str(error)
        raise Misconfigured(f"port {port} of {host} cannot be taken: {reason}") from error
    return listening
