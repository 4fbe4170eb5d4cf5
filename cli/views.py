"""What the operator's command prints for people: one table per answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeAlias

from rich.console import Console
from rich.table import Table

# What a service answered, as JSON: its shape is the OpenAPI document's.
Answer: TypeAlias = Any
View: TypeAlias = Callable[[Answer, Console], None]


def history(found: Answer, console: Console) -> None:
    """Print the events of a stream, then what they came to."""
    table = Table("position", "version", "recorded (UTC)", "occurred", "type", "actor", "facts", title=found["stream"])
    for event in found["events"]:
        facts = ", ".join(f"{name} {_short(value)}" for name, value in event["data"].items())
        table.add_row(
            event["id"],
            str(event["sequence"]),
            event["time"][:19].replace("T", " "),
            event.get("occurred") or "",
            event["type"],
            event["actor"],
            facts,
        )
    console.print(table)
    if found["state"] is not None:
        console.print("State at version", found["version"])
        console.print_json(json.dumps(found["state"]))


def lag(found: Answer, console: Console) -> None:
    """Print how far the read models are."""
    table = Table("service", "read model", "log", "position", "head", "lag", "standing still because")
    for service, projections in found.items():
        for each in projections:
            style = "red" if each["failure"] else None
            row = [service, each["projection"], each["source"], each["position"], each["head"], each["lag"]]
            table.add_row(*map(str, row), each["failure"] or "", style=style)
    console.print(table)


def rebuilt(found: Answer, console: Console) -> None:
    """Print what was rebuilt."""
    table = Table("service", "read models", "events", "seconds", "standing still because")
    table.add_row(
        found["service"],
        ", ".join(found["projections"]),
        str(found["events"]),
        str(found["seconds"]),
        "; ".join(found["failures"]),
    )
    console.print(table)


def _short(value: Answer) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:59] + "…"
