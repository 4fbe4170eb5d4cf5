"""Compare as-of reads with rebuilt systems: `make timemachine`. SEED repeats a run, TIMEMACHINE_EVENTS says how long it is."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from cli.embedded import Embedded
from tests.conftest import Templates
from tests.timemachine.run import Length, Report, run

RESULT = Path("var/timemachine.json")
EVENTS = 100_000
CUTS = 100
DRAWS = 1


def compared(folder: Path, seed: str, length: Length, console: Console) -> Report:
    """Run with a progress bar."""
    columns = (
        TextColumn("{task.description:<10}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
    )
    with Embedded(folder / "server") as server, Progress(*columns, console=console) as progress:
        bars: dict[str, TaskID] = {}

        def tick(what: str, done: float, total: float) -> None:
            if what not in bars:
                bars[what] = progress.add_task(what)
            progress.update(bars[what], completed=done, total=total)

        return asyncio.run(run(Templates(server).copy, folder, seed, length, tick))


def as_json(report: Report) -> str:
    """Return a report as a JSON document."""
    document = {
        "same": not report.differing,
        "seed": report.seed,
        "ended": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(report.seconds, 1),
        "events": report.events,
        "withdrawals": report.withdrawals,
        "cuts": report.cuts,
        "rows": dict(sorted(report.rows.items())),
        "answers": {where: dict(sorted(counts.items())) for where, counts in sorted(report.answers.items())},
        "differing": report.differing,
        "differences": [
            {"cut": dict(each.cut), "where": each.where, "found": each.found} for each in report.differences
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def main() -> int:
    """Compare; return 0 when nothing differs."""
    console = Console()
    seed = os.environ.get("SEED") or secrets.token_hex(4)
    length = Length(int(os.environ.get("TIMEMACHINE_EVENTS") or EVENTS), CUTS, DRAWS)
    console.print(f"SEED={seed}, {length.events:,} events, {length.cuts} cuts")
    with tempfile.TemporaryDirectory(prefix="regesta-timemachine-") as folder:
        report = compared(Path(folder), seed, length, console)
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(as_json(report))
    rows, answers = report.rows.total(), sum(counts.total() for counts in report.answers.values())
    console.print(f"{rows:,} rows and {answers:,} answers at {report.cuts} cuts, {report.withdrawals:,} withdrawals")
    for each in report.differences:
        console.print(f"{dict(each.cut)} {each.where}", *each.found, sep="\n  ", markup=False, highlight=False)
    console.print(f"{report.differing:,} differ; SEED={seed}; written to {RESULT}")
    return 1 if report.differing else 0


if __name__ == "__main__":
    sys.exit(main())
