"""What a demo is asked for; apart, so that what serves it needs nothing of the command."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Options:
    """What the operator asked for. port: 0 takes a free one."""

    data_dir: Path
    port: int
    host: str = "127.0.0.1"
    ready_file: Path | None = None
    sample: bool = True
