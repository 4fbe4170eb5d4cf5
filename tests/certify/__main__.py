"""Certify the log: `make certify`. SEED repeats a run's choices, CERTIFY_SECONDS says how long it writes."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from tests.certify.report import as_json, show
from tests.certify.run import Certificate, Length, certify

RESULT = Path("var/certify.json")
# With catching up and checking: ten minutes.
WRITING_SECONDS = 420.0


def certified(folder: Path, seed: str, seconds: float, console: Console) -> Certificate:
    """Run with a progress bar."""
    columns = (
        TextColumn("{task.description:<16}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        bars: dict[str, TaskID] = {}

        def tick(what: str, done: float, total: float) -> None:
            if what not in bars:
                for bar in bars.values():
                    progress.update(bar, completed=progress.tasks[bar].total)
                    progress.stop_task(bar)
                bars[what] = progress.add_task(what)
            progress.update(bars[what], completed=done, total=total)

        return asyncio.run(certify(folder, seed, Length.of(seconds), tick))


def main() -> int:
    """Certify; return 0 when no fault was found. The evidence is kept when one was."""
    console = Console()
    seed = os.environ.get("SEED") or secrets.token_hex(4)
    seconds = float(os.environ.get("CERTIFY_SECONDS") or WRITING_SECONDS)
    folder = Path(tempfile.mkdtemp(prefix="regesta-certify-"))
    console.print(f"SEED={seed}, {seconds:.0f} seconds of writing, evidence in {folder}")
    certificate = certified(folder, seed, seconds, console)
    show(certificate, console)
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(as_json(certificate, seed))
    clean = certificate.evidence.findings.clean
    if clean:
        shutil.rmtree(folder)
    console.print(f"{'Certified' if clean else f'NOT certified, see {folder}'}; SEED={seed}; written to {RESULT}")
    return 0 if clean else 1


if __name__ == "__main__":
    sys.exit(main())
