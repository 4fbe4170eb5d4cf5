"""Standard output and standard error, which a shell can have closed (`>&-`)."""

from __future__ import annotations

import os
import sys

from regesta.errors import Misconfigured


def require_output() -> None:
    """Raise Misconfigured when standard output is closed, before a command does what it could then not tell."""
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: PTH123, SIM115 - open until the process ends
    if sys.stdout is None:
        raise Misconfigured("standard output is closed; send it to /dev/null when nobody reads it")


def write(content: bytes) -> None:
    """Write to standard output, and at once: what cannot be written is an error of the command."""
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()
