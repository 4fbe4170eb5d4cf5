"""What the operator's command prints for people: one table per answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Final, TypeAlias

from rich.console import Console
from rich.table import Column, Table

from cli.remote import Answer

View: TypeAlias = Callable[[Answer, Console], None]

NUMBERS: Final = ("position", "head", "lag")


def history(found: Answer, console: Console) -> None:
    """Print the events of a stream, then what they came to."""
    table = Table("event", "recorded (UTC)", "what", title=found["stream"], show_lines=True)
    for event in found["events"]:
        facts = ", ".join(f"{name} {_short(value)}" for name, value in event["data"].items())
        occurred = f"occurred {event['occurred']}" if event.get("occurred") else ""
        table.add_row(
            f"{event['source'].rpartition('/')[2]}:{event['id']}\nversion {event['sequence']}",
            f"{event['time'][:19].replace('T', ' ')}\n{occurred}",
            f"{event['type']} by {event['actor']}\n{facts}",
        )
    console.print(table)
    if found["state"] is not None:
        console.print("State at version", found["version"])
        console.print_json(json.dumps(found["state"]))


def lag(found: Answer, console: Console) -> None:
    """Print how far the read models are."""
    # What may be long is folded, never cut: reactions differ at the end of their names.
    table = Table("service", Column("read model", overflow="fold"), "log", *(_number(name) for name in NUMBERS))
    each_one = [(service, each) for service, projections in found.items() for each in projections]
    if any(each["failure"] for _, each in each_one):
        table.add_column("standing still because", overflow="fold")
    for service, each in each_one:
        row = [service, each["projection"], each["source"], *(str(each[name]) for name in NUMBERS)]
        row += [each["failure"]] if each["failure"] else []
        table.add_row(*row, style="red" if each["failure"] else None)
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


def _number(name: str) -> Column:
    return Column(name, justify="right", no_wrap=True)


def _short(value: Answer) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:59] + "…"
