"""What the command prints for people fits into the terminal that they have, with nothing cut off."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from cli import views
from cli.remote import Answer

REACTIONS = ("reaction:first-advance:budget", "reaction:first-advance:objectives")
ROW = {
    "source": "objectives", "version": 1, "position": 1_234_567, "head": 1_234_569, "lag": 2, "lag_seconds": 0.25,
    "parked": 0, "unknown": 0, "failure": None,
}  # fmt: skip
REPLICA = {"source": "budget", "position": 7, "head": 9, "lag": 2, "lag_seconds": 300.0, "trouble": None}
LOG: Answer = {"position": 12, "log": "l", "time": None, "closed": None, "relay": None}
LAG = {
    "objectives": {"projections": [ROW | {"projection": name} for name in REACTIONS], "replicas": [REPLICA], "log": LOG}
}
DOSSIER = "a227c0e3-4de7-5f8e-be5c-f90c9e96451c"
EVENT = {
    "source": "/regesta/budget", "id": "178", "sequence": 1, "time": "2026-11-24T19:15:09.000001Z",
    "occurred": "2024-02-15", "type": "amount-committed.v1", "actor": "operator",
    "data": {"dossier": DOSSIER, "amount_cents": 1_250_000_000},
}  # fmt: skip
HISTORY = {"stream": "commitment/1", "version": 1, "state": None, "state_version": None, "events": [EVENT]}


def printed(view: views.View, found: Answer, width: int) -> list[str]:
    """Return the lines that a terminal of this width shows."""
    console = Console(file=StringIO(), width=width, height=100, force_terminal=True, color_system=None)
    view(found, console)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue().splitlines()


def cells(lines: list[str]) -> list[list[str]]:
    """Return the cells of a table's rows, without its head."""
    return [[cell.strip() for cell in line.split("│")[1:-1]] for line in lines if line.startswith("│")]


LONG = "commitment/5ed47e74-da7d-5c3c-8830-4ff673057a23"
# A name can have brackets, which are no markup.
ODD = "line/[red].33.001.07.01.1111"
ERROR = "ValidationError: " + "; ".join(f"member_{n}: Field required" for n in range(20))
STANDING = [
    {"projection": name, "stream": stream, "event": "budget:1234567", "attempts": 12, "error": ERROR}
    for name in REACTIONS
    for stream in (LONG, ODD)
]
LEFT_OUT = {"projection": REACTIONS[0], "event": "budget:12", "dropped_by": "operator", "reason": "[b] twice " * 20}
PARKED = {"parked": STANDING, "dropped": [LEFT_OUT], "more": []}


@pytest.mark.parametrize("width", [80, 100, 300])
def test_the_names_of_what_is_parked_are_whole(width: int) -> None:
    """What is retried or dropped is named by them."""
    lines = printed(views.parked, PARKED, width)
    columns = ["".join(column) for column in zip(*(row for row in cells(lines) if len(row) == 5), strict=True)]
    for column, name in enumerate(("projection", "stream", "event")):
        assert columns[column] == "".join(str(each[name]) for each in STANDING)
    assert columns[3] == "12" * 4
    assert columns[4].replace(" ", "") == ERROR.replace(" ", "") * 4
    (read_model, *_, reason) = [
        "".join(each) for each in zip(*(row for row in cells(lines) if len(row) == 4), strict=True)
    ]
    assert (read_model, reason.replace(" ", "")) == (REACTIONS[0], "[b]twice" * 20)
    assert all(len(line) <= width for line in lines)


def test_each_row_is_one_line_where_no_terminal_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that `grep` finds it and a name can be taken out of it."""
    monkeypatch.setenv("COLUMNS", "80")
    console = Console(file=StringIO())
    assert console.width == 80
    for view, found in ((views.parked, PARKED), (views.lag, LAG)):
        view(found, console)
    assert isinstance(console.file, StringIO)
    rows = cells(console.file.getvalue().splitlines())
    assert rows[:4] == [[each["projection"], each["stream"], each["event"], "12", ERROR] for each in STANDING]
    assert [row[0] for row in rows[4:]] == [REACTIONS[0], *(["objectives"] * 3)]
    assert [row[1] for row in rows[5:]] == [*REACTIONS, "(replica)"]


@pytest.mark.parametrize("width", [80, 200])
def test_the_names_of_reactions_are_whole(width: int) -> None:
    lines = printed(views.lag, LAG, width)
    column = "".join(row[1] for row in cells(lines))
    assert column == "".join((*REACTIONS, "(replica)"))
    assert all(len(line) <= width for line in lines)
    assert "still" not in "".join(lines)
    assert "not known" not in "".join(lines)


def test_a_lag_is_told_in_events_and_by_the_age_of_the_oldest() -> None:
    first, _, replica = cells(printed(views.lag, LAG, 200))
    assert first == ["objectives", REACTIONS[0], "objectives", "1234567", "1234569", "2", "0.2 s"]
    assert replica == ["objectives", "(replica)", "budget", "7", "9", "2", "5 min"]


def test_how_far_a_log_is_published_is_a_row_of_its_own() -> None:
    relay = {"position": 9, "lag": 3, "lag_seconds": 12.0, "trouble": "the broker kafka:9092 does not answer: away"}
    behind = {"kpi": {"projections": [], "replicas": [], "log": LOG | {"relay": relay}}}
    (row,) = cells(printed(views.lag, behind, 200))
    assert row == ["kpi", "(topic)", "kpi", "9", "12", "3", "12.0 s", relay["trouble"]]


def test_what_is_not_known_is_no_zero() -> None:
    away = REPLICA | {"head": None, "lag": None, "lag_seconds": None, "trouble": "SourceUnreachable: away"}
    (row,) = cells(printed(views.lag, {"kpi": {"projections": [], "replicas": [away], "log": LOG}}, 200))
    assert row == ["kpi", "(replica)", "budget", "7", "?", "?", "?", "SourceUnreachable: away"]


def test_events_of_unknown_types_are_shown_where_there_are_some() -> None:
    rows = [ROW | {"projection": "levels", "unknown": 3}, ROW | {"projection": "other"}]
    lines = printed(views.lag, {"kpi": {"projections": rows, "replicas": [], "log": LOG}}, 200)
    assert "not known" in "".join(lines)
    assert [row[-1] for row in cells(lines)] == ["3", ""]


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0 s"), (0.04, "0.0 s"), (119, "119.0 s"), (120, "2 min"), (7_200, "2 h"), (172_800, "2 days")],
)
def test_an_age_is_told_in_words(seconds: float, shown: str) -> None:
    old = ROW | {"projection": "levels", "lag_seconds": seconds}
    (row,) = cells(printed(views.lag, {"kpi": {"projections": [old], "replicas": [], "log": LOG}}, 200))
    assert row[6] == shown


@pytest.mark.parametrize("width", [80, 200])
def test_a_finding_says_what_to_do_in_whole_words(width: int) -> None:
    action = "Set it to on and restart PostgreSQL: what was [acknowledged] can be lost."
    bad = {"name": "fsync", "status": "fail", "found": "[off]", "action": action}
    lines = printed(views.examined, {"budget": [bad]}, width)
    shown = [" ".join(filter(None, column)) for column in zip(*cells(lines), strict=True)]
    assert shown == ["fail", "fsync", "[off]", action]
    assert max(map(len, lines)) <= width


def test_what_stands_still_says_why() -> None:
    first, second = LAG["objectives"]["projections"]
    stuck = {"kpi": {"projections": [first | {"failure": "no such table"}, second], "replicas": [], "log": LOG}}
    lines = "\n".join(printed(views.lag, stuck, 200))
    assert "standing still because" in lines
    assert "no such table" in lines


@pytest.mark.parametrize("width", [80, 200])
def test_a_history_names_its_events_whole(width: int) -> None:
    lines = printed(views.history, HISTORY, width)
    text = "\n".join(lines)
    for whole in (
        "budget:178",
        "version 1",
        "2026-11-24 19:15:09",
        "occurred 2024-02-15",
        "amount-committed.v1 by operator",
    ):
        assert whole in text
    assert DOSSIER in text
    assert max(map(len, lines)) <= width


def test_a_fact_that_cannot_be_read_is_red_and_the_state_ends_before_it() -> None:
    bad = EVENT | {"id": "179", "sequence": 2, "data": ["[red]"], "unreadable": "ValidationError: data: no [object]"}
    found = HISTORY | {"version": 2, "state": {"committed_cents": 7}, "state_version": 1, "events": [EVENT, bad]}
    console = Console(file=StringIO(), width=100, force_terminal=True, color_system="standard", legacy_windows=False)
    views.history(found, console)
    assert isinstance(console.file, StringIO)
    coloured = console.file.getvalue().splitlines()
    red = [line for line in coloured if "\x1b[31m" in line]
    assert ["cannot be read: ValidationError: data: no [object]" in line for line in red].count(True) == 1
    assert [line for line in red if "budget:178" in line] == []
    plain = printed(views.history, found, 100)
    assert '["[red]"]' in "".join(plain)
    assert plain[-5:] == [
        "State at version 1",
        "{",
        '  "committed_cents": 7',
        "}",
        "budget:179 cannot be read: the state ends before it, and nothing is decided on this stream.",
    ]
