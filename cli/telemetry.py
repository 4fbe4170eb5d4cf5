"""Writes the page of all spans, metrics and reasons from the data that they are declared as: `python -m cli.telemetry`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from regesta.reasons import Cause
from regesta.signals import ATTRIBUTES, METRICS, SPANS

PUBLISHED: Final = Path(__file__).parent.parent / "docs" / "telemetry.md"
HEAD: Final = """# Seen from outside

What a process tells of itself. [How to watch it](howto/watch.md) says how it is asked for and sent. `make docs` writes this page
from the data in the code.
"""
REASONS: Final = """
## Reasons of /readyz

`not ready` is answered with 503, so that callers are sent elsewhere; `degraded` with 200.

| name | then | meaning | what to do |
|---|---|---|---|
"""
SPANS_HEAD: Final = """
## Spans

Beside these, FastAPI makes a span of each request and the instrumentation of asyncpg one of each statement in it. A span over what
several requests caused is in the trace of the first of them that is sampled, and linked to all of them.

| span | what it is | attributes |
|---|---|---|
"""
METRICS_HEAD: Final = """
## Metrics

Beside these, FastAPI counts requests in progress and how long they take (`http.server.active_requests`, `http.server.request.duration`).

| metric | kind | unit | what it is | attributes |
|---|---|---|---|---|
"""
ATTRIBUTES_HEAD: Final = """
## Attributes

The name of each begins with `regesta.`.

| attribute | meaning |
|---|---|
"""


def text() -> str:
    """Return the page."""
    reasons = (_row(f"`{each.code}`", each.value.level, each.value.meaning, each.value.action) for each in Cause)
    spans = (_row(f"`{each.name}`", each.description, _names(each.attributes)) for each in SPANS)
    metrics = (
        _row(f"`{each.name}`", each.kind, f"`{each.unit}`", each.description, _names(each.attributes))
        for each in METRICS
    )
    attributes = (_row(_names([name]), meaning) for name, meaning in ATTRIBUTES.items())
    parts = {REASONS: reasons, SPANS_HEAD: spans, METRICS_HEAD: metrics, ATTRIBUTES_HEAD: attributes}
    return HEAD + "".join(head + "".join(rows) for head, rows in parts.items())


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |\n"


def _names(attributes: Iterable[str]) -> str:
    return ", ".join(f"`{name.removeprefix('regesta.')}`" for name in attributes)


if __name__ == "__main__":
    PUBLISHED.write_text(text(), encoding="utf-8")
