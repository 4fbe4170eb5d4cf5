"""The table of the benchmark, readable on 80 columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tests.bench.rows import Row, Sample

MET = {None: "", True: "yes", False: "no"}
COLUMNS = ("what, and what it stands beside", "value", "unit", "ratio", "bar", "met")
RIGHT = {"value", "ratio"}


def show(rows: Sequence[Row], console: Console) -> None:
    """Print all rows: each figure once, and under it what it stands beside."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for title in COLUMNS:
        table.add_column(title, justify="right" if title in RIGHT else "left", overflow="fold")
    for _, group in groupby(rows, key=lambda row: (row.name, row.value)):
        for line in lines(list(group)):
            table.add_row(*line)
    console.print(table)
    met = [row.met for row in rows if row.met is not None]
    console.print(f"{sum(met)} of {len(met)} bars are met.")
    for error, those in groupby(sorted(filter(_has_error, rows), key=_error), key=_error):
        hit = list(those)
        kind, style = ("FAILED", "red") if any(row.failed for row in hit) else ("missing", "yellow")
        console.print(Text(f"{kind}, {len(hit)} rows from {hit[0].name!r} on: {error}", style=style))


def lines(rows: Sequence[Row]) -> Iterable[tuple[Text | str, ...]]:
    """Yield the lines of one figure."""
    first = rows[0]
    own = next((row for row in rows if row.bar is not None and row.bar.of == "value"), None)
    bar = ("", "", "") if own is None else ("", str(own.bar), MET[own.met])
    yield Text(first.name, style="bold"), figure(first.value), first.unit, *bar
    for row in rows:
        if row.beside:
            ratio = "" if row.ratio is None else number(row.ratio)
            of_ratio = row.bar is not None and row.bar.of == "ratio"
            yield (
                Text(f"  {row.beside}", style="dim"),
                figure(row.beside_value),
                "",
                ratio,
                *((str(row.bar), MET[row.met]) if of_ratio else ("", "")),
            )


def figure(sample: Sample) -> str:
    """Return a figure with its spread."""
    if sample.median is None:
        return "missing" if sample.missing else "failed"
    spread = "" if sample.spread is None or len(sample.values) == 1 else f" ±{sample.spread:.0%}"
    return f"{number(sample.median)}{spread}"


def number(value: float) -> str:
    """Return a number with three or more digits that say something."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _has_error(row: Row) -> bool:
    return row.error is not None


def _error(row: Row) -> str:
    return row.error or ""
