"""Run the cases, print the table and write var/bench.json."""

from __future__ import annotations

import argparse
import json
import logging
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import uvloop
from rich.console import Console

from cli.embedded import Embedded
from tests.bench.broker import one_node
from tests.bench.cases import CASES, Case
from tests.bench.ground import Ground, fsync_us
from tests.bench.rows import NotInstalled, Row, Sample
from tests.bench.table import show
from tests.conftest import Templates

RESULT = Path("var/bench.json")


class Run:
    """The rows found so far, and what the machine was like when each case began."""

    def __init__(self, ground: Ground, console: Console) -> None:
        self._ground = ground
        self._console = console
        self.rows: list[Row] = []
        self._conditions: list[dict[str, float]] = []

    async def take(self, cases: Sequence[Case]) -> None:
        """Run the cases one after the other; one that fails leaves a row that says so."""
        for number, case in enumerate(cases, start=1):
            began = time.monotonic()
            self._console.print(f"{case.name} ({number} of {len(cases)})")
            conditions = {"fsync_us": fsync_us(self._ground.folder), "load": os.getloadavg()[0]}
            rows = await self._rows(case)
            self.rows += rows
            self._conditions += [conditions] * len(rows)
            self._console.print(f"  done in {time.monotonic() - began:.0f} s")

    async def _rows(self, case: Case) -> list[Row]:
        rows: list[Row] = []
        try:
            async for row in case.rows(self._ground):
                rows.append(row)  # noqa: PERF401 - what came before an error counts
        except NotInstalled as missing:
            rows.append(Row(case.name, Sample.failed(missing), ""))
        except Exception as error:  # noqa: BLE001 - the other cases are still worth running
            self._console.print_exception()
            rows.append(Row(case.name, Sample.failed(error), ""))
        return rows

    def records(self) -> list[dict[str, object]]:
        """Return the rows as they are written, each with its conditions."""
        return [row.record() | conditions for row, conditions in zip(self.rows, self._conditions, strict=True)]


def main() -> None:
    """Measure in a folder that goes afterwards. Exits with 1 when a row could not be taken."""
    options = arguments()
    console = Console()
    chosen = [case for case in CASES if not options.only or any(case.name.startswith(only) for only in options.only)]
    if not chosen:
        sys.exit(f"no case begins with {options.only!r}; there are {', '.join(case.name for case in CASES)}")
    for each in ("aiokafka", "regesta.topics"):  # they tell of each topic that is new
        logging.getLogger(each).setLevel(logging.CRITICAL)
    folder = Path(tempfile.mkdtemp(prefix="regesta-bench-"))
    try:
        with Embedded(folder / "server") as server, ExitStack() as stack:
            ground = Ground(
                folder, Templates(server), lambda what: console.print(f"  {what}"), one_node(stack, folder / "kafka"),
                repeats=1 if options.short else options.repeats, short=options.short,
            )  # fmt: skip
            run = Run(ground, console)
            about = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "cores": os.cpu_count()}
            uvloop.run(run.take(chosen))
    finally:
        shutil.rmtree(folder)
    show(run.rows, console)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps({**about, "rows": run.records()}, indent=2) + "\n")
    console.print(f"Written to {options.out}")
    sys.exit(any(row.failed for row in run.rows))


def arguments() -> argparse.Namespace:
    """Return what was asked for."""
    parser = argparse.ArgumentParser(prog="make bench ARGS=", description="Measure Regesta beside others.")
    parser.add_argument("--short", action="store_true", help="everything small and once, to see that it works")
    parser.add_argument("--repeats", type=int, default=5, metavar="N", help="how often each measure is taken; 5")
    parser.add_argument(
        "--only", action="append", default=[], metavar="NAME", help="cases whose name begins so; may be repeated"
    )
    parser.add_argument("--out", type=Path, default=RESULT, help="where the figures go, as JSON")
    return parser.parse_args()


if __name__ == "__main__":
    main()
