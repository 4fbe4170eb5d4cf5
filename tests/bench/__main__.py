"""Run every measurement, print the table and write var/bench.json."""

from __future__ import annotations

import json
import os
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

import uvloop
from rich.console import Console
from rich.table import Table

from cli.embedded import Embedded
from regesta.database import create_service, migrate
from regesta.main import STORE_SQL
from tests.bench import append, requests
from tests.bench.rows import Row

RESULT = Path("var/bench.json")


def fsync_milliseconds(folder: Path) -> float:
    """Return what one small durable write costs here."""
    with (folder / "fsync").open("wb") as file:
        began = time.perf_counter()
        for _ in range(100):
            file.write(b"x" * 512)
            file.flush()
            os.fdatasync(file.fileno())
        return (time.perf_counter() - began) * 10


async def measure(folder: Path) -> list[Row]:
    """Return all rows."""
    with Embedded(folder / "append") as database:
        await create_service(database.admin_dsn, "budget", database.passwords("budget"))
        await migrate(database.dsn("budget", "owner"), "budget", [STORE_SQL])
        admin = database.admin_dsn.replace("/postgres?", "/budget?", 1)
        rows = await append.measure(database.dsn("budget"), admin)
    return rows + await requests.measure(folder)


def show(rows: list[Row], console: Console) -> None:
    """Print the table."""
    table = Table("what", "value", "unit", "beside", "its value", "ratio", "bar", "met", "spread")
    for row in rows:
        bar = "" if row.bar is None else f"{row.bar:g}"
        met = {None: "", True: "yes", False: "no"}[row.met]
        table.add_row(
            row.name, f"{row.value:,.1f}", row.unit, row.beside, f"{row.beside_value:,.1f}", f"{row.ratio:.2f}", bar, met,
            f"{row.spread:.0%}",
        )  # fmt: skip
    console.print(table)


def main() -> None:
    """Measure in a folder that goes afterwards."""
    console = Console()
    with tempfile.TemporaryDirectory(prefix="regesta-bench-") as folder:
        fsync = fsync_milliseconds(Path(folder))
        console.print(f"fdatasync {fsync:.2f} ms, load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores")
        rows = uvloop.run(measure(Path(folder)))
    show(rows, console)
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(
        json.dumps([{**asdict(row), "ratio": row.ratio, "met": row.met} for row in rows], indent=2) + "\n"
    )
    console.print(f"Written to {RESULT}")


if __name__ == "__main__":
    main()
