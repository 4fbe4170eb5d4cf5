"""What the operator's command prints for people: one table per answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Final, TypeAlias

import orjson
from rich.console import Console
from rich.measure import Measurement
from rich.table import Column, Table
from rich.text import Text

from cli.output import write
from cli.remote import Answer

View: TypeAlias = Callable[[Answer, Console], None]

COLOURS: Final = {"ok": "green", "warn": "yellow", "fail": "red", "unknown": "cyan"}
# Of a line that no terminal ends.
WIDEST: Final = 10_000
NUMBERS: Final = ("position", "head", "lag", "oldest")
# Columns that are shown only where a row says something there.
FURTHER: Final = {"unknown": "not known", "failure": "standing still because"}


def show(found: Answer, as_json: bool, view: View, console: Console) -> None:
    """Print an answer as JSON, or as a view of it for people."""
    if as_json:
        write(orjson.dumps(found, option=orjson.OPT_INDENT_2) + b"\n")
    else:
        view(found, console)


def history(found: Answer, console: Console) -> None:
    """Print the events of a stream, then what they came to."""
    table = Table("event", "recorded (UTC)", "what", title=Text(found["stream"]), show_lines=True)
    for event in found["events"]:
        occurred = f"occurred {event['occurred']}" if event.get("occurred") else ""
        unreadable = f"\ncannot be read: {event['unreadable']}" if event.get("unreadable") else ""
        _add(
            table,
            f"{_name(event)}\nversion {event['sequence']}",
            f"{event['time'][:19].replace('T', ' ')}\n{occurred}",
            f"{event['type']} by {event['actor']}\n{_facts(event['data'])}{unreadable}",
            style="red" if unreadable else None,
        )
    console.print(table)
    if found["state"] is not None:
        console.print("State at version", found["state_version"])
        console.print_json(json.dumps(found["state"]))
    first = next((event for event in found["events"] if event.get("unreadable")), None)
    if first is not None:
        console.print(
            f"{_name(first)} cannot be read: the state ends before it, and nothing is decided on this stream.",
            style="red", highlight=False, soft_wrap=True,
        )  # fmt: skip


def _name(event: Answer) -> str:
    return f"{event['source'].rpartition('/')[2]}:{event['id']}"


def _facts(data: Answer) -> str:
    """Return the members of an event in one line; data that cannot be read may be no object."""
    if not isinstance(data, dict):
        return _short(data)
    return ", ".join(f"{name} {_short(value)}" for name, value in data.items())


def lag(found: Answer, console: Console) -> None:
    """Print how far the read models, reactions, replicas and topics are."""
    table = Table(*map(_text, ("service", "read model", "log")), *map(_number, NUMBERS))
    rows = [(service, each) for service, its in found.items() for each in _following(service, its)]
    more = {name: head for name, head in FURTHER.items() if any(_why(each, name) for _, each in rows)}
    for name in more.values():
        table.columns.append(_text(name))
    for service, each in rows:
        row = [service, each.get("projection", "(replica)"), each["source"]]
        row += [_known(each[name]) for name in ("position", "head", "lag")] + [_age(each["lag_seconds"])]
        row += [_why(each, name) for name in more]
        _add(table, *row, style="red" if _why(each, "failure") else None)
    _print(table, console)


def _following(service: str, its: Answer) -> list[Answer]:
    """Return what follows a log in a service, and its topic, where a broker has one."""
    rows = [*its["projections"], *its["replicas"]]
    if relay := its["log"]["relay"]:
        rows.append({"projection": "(topic)", "source": service, "head": its["log"]["position"], **relay})
    return rows


def _why(row: Answer, name: str) -> str:
    """Return a member that most rows have not, or that says nothing there; a replica's trouble is its failure."""
    value = row.get("trouble") if name == "failure" and "trouble" in row else row.get(name)
    return str(value) if value else ""


def _known(value: int | None) -> str:
    return "?" if value is None else str(value)


def _age(seconds: float | None) -> str:
    """Return an age in words: "0 s", "12 s", "5 min", "3 h", "40 days"."""
    if seconds is None:
        return "?"
    for unit, size in (("days", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.1f} s" if seconds else "0 s"


def examined(found: Answer, console: Console) -> None:
    """Print what the doctor found, a table for each service."""
    for service, its in found.items():
        table = Table(
            "", "looked at", Column("found", overflow="fold"), Column("what to do", overflow="fold"), title=service
        )
        for each in its:
            table.add_row(
                Text(each["status"], COLOURS[each["status"]]), each["name"], Text(each["found"]), Text(each["action"])
            )
        console.print(table)


def rebuilt(found: Answer, console: Console) -> None:
    """Print what was rebuilt, and where the new rows differ."""
    table = Table(Column("read model", overflow="fold"), "state", _number("position"), Column("build", overflow="fold"))
    for each in found["rebuilds"]:
        table.add_row(each["projection"], each["state"], str(each["position"]), each["build"])
    console.print(table)
    for failure in found["failures"]:
        console.print(failure, style="red", highlight=False)


def backed_up(found: Answer, console: Console) -> None:
    """Print what a backup holds."""
    rows = found["rows"]
    console.print(
        f"{found['file']}: {rows['event']} events of {found['service']}, {rows['replica']} of the logs it takes in, "
        f"{rows['key']} keys.",
        highlight=False, soft_wrap=True,
    )  # fmt: skip


def restored(found: Answer, console: Console) -> None:
    """Print what was restored, and what comes next."""
    backed_up(found, console)
    console.print(
        f"Restored as of {found['taken_at'][:19]} UTC. Start {found['service']}, then `regesta recover {found['service']}`:\n"
        "until then it records nothing.", highlight=False,
    )  # fmt: skip


def recovered(found: Answer, console: Console) -> None:
    """Print how a log was recovered."""
    if found["was_closed"] is None:
        console.print(f"The log of {found['service']} is open; nothing of it is known to be missing.", highlight=False)
        return
    console.print(
        f"The log of {found['service']} is open at {found['position']}; {found['recovered']} events were taken back.",
        highlight=False, soft_wrap=True,
    )  # fmt: skip
    if found["new_log"]:
        console.print(
            f"What may be lost is accepted: it is the log {found['log']} now, and each consumer has to adopt it, "
            f"as in `regesta adopt reporting {found['service']}`.",
            style="yellow", highlight=False, soft_wrap=True,
        )  # fmt: skip


def adopted(found: Answer, console: Console) -> None:
    """Print what an adoption came to."""
    console.print(
        f"{found['consumer']} gave up {found['given_up']} events of {found['source']} and goes on from {found['position']}.",
        highlight=False, soft_wrap=True,
    )  # fmt: skip
    if found["caused"]:
        console.print(
            f"Look at what was recorded because of them, which stays: {', '.join(found['caused'])}",
            style="yellow", highlight=False, soft_wrap=True,
        )  # fmt: skip
    if found["touched"]:
        console.print(
            f"These are as of a cut that names them, and stay as they are: {', '.join(found['touched'])}",
            style="yellow", highlight=False, soft_wrap=True,
        )  # fmt: skip


def frozen(found: Answer, console: Console) -> None:
    """Print as what a letter is frozen, and what of it was given up since."""
    cut = ", ".join(f"{source}:{position}" for source, position in sorted(found["cut"].items()))
    console.print(
        f"The letter of {found['note']} {found['year']} is frozen by {found['event']}, as of {cut}.\n"
        f"By {found['frozen_by']} at {found['frozen_at'][:19]} UTC; model {found['model']}, SHA-256 {found['hash']}.",
        highlight=False, soft_wrap=True, markup=False,
    )  # fmt: skip
    for each in found["touched"]:
        console.print(
            f"Its cut names events of {each['source']} beyond {each['position']}, which {each['adopted_by']} gave up "
            f"at {each['adopted_at'][:19]} UTC, when another log was adopted.",
            style="yellow", highlight=False, soft_wrap=True, markup=False,
        )  # fmt: skip


def parked(found: Answer, console: Console) -> None:
    """Print the streams that stand still, and the events that are left out."""
    table = Table(*map(_text, ("read model", "stream", "event")), _number("tries"), _text("error"))
    for each in found["parked"]:
        _add(table, each["projection"], each["stream"], each["event"], str(each["attempts"]), each["error"])
    if found["parked"]:
        _print(table, console)
    else:
        console.print("No stream is parked.")
    if found["dropped"]:
        table = Table(*map(_text, ("read model", "left out", "by", "reason")), title="Dropped")
        for each in found["dropped"]:
            _add(table, each["projection"], each["event"], each["dropped_by"], each["reason"])
        _print(table, console)
    for name in found["more"]:
        console.print(f"These are the first {len(found[name])} {name}; there are more.", style="red", highlight=False)


def parked_stream(found: Answer, console: Console) -> None:
    """Print where one stream stands still."""
    console.print(f"{found['stream']} stands still in {found['projection']} since {found['parked_at'][:19]} UTC,")
    console.print(
        f"at {found['event']}; tries: {found['attempts']}, events that wait: {found['waiting']}.", highlight=False
    )
    console.print(found["error"], style="red", highlight=False, markup=False)


def retried(found: Answer, console: Console) -> None:
    """Print what a retry came to."""
    console.print(f"{found['folded']} events folded.", highlight=False)
    if found["parked"]:
        again = found["parked"]
        console.print(f"It stands still again at {again['event']}: {again['error']}", style="red", markup=False)
    else:
        console.print("The stream goes on with the others.")


def _add(table: Table, *cells: str, style: str | None = None) -> None:
    """Add a row of cells as they are: what stands in [brackets] is no markup."""
    table.add_row(*map(Text, cells), style=style)


def _print(table: Table, console: Console) -> None:
    """Print a table; where no terminal ends the lines, each row in one, from which the next command takes its names."""
    if not console.is_terminal:
        wanted = Measurement.get(console, console.options.update(max_width=WIDEST), table).maximum
        console.width = max(console.width, wanted)
    console.print(table)


def _text(name: str) -> Column:
    """Return a column that is folded, never cut: reactions differ at the end of their names."""
    return Column(name, overflow="fold")


def _number(name: str) -> Column:
    return Column(name, justify="right", no_wrap=True)


def _short(value: Answer) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:59] + "…"
