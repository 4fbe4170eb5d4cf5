"""What the command prints for people fits into the terminal that they have, with nothing cut off."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from cli import views
from cli.remote import Answer

REACTIONS = ("reaction:first-advance:budget", "reaction:first-advance:objectives")
LAG = {
    "objectives": [
        {"projection": name, "source": "objectives", "position": 1_234_567, "head": 1_234_569, "lag": 2, "failure": None}
        for name in REACTIONS
    ]
}  # fmt: skip
DOSSIER = "a227c0e3-4de7-5f8e-be5c-f90c9e96451c"
EVENT = {
    "source": "/regesta/budget", "id": "178", "sequence": 1, "time": "2026-11-24T19:15:09.000001Z",
    "occurred": "2024-02-15", "type": "amount-committed.v1", "actor": "operator",
    "data": {"dossier": DOSSIER, "amount_cents": 1_250_000_000},
}  # fmt: skip
HISTORY = {"stream": "commitment/1", "version": 1, "state": None, "events": [EVENT]}


def printed(view: views.View, found: Answer, width: int) -> list[str]:
    """Return the lines that a terminal of this width shows."""
    console = Console(file=StringIO(), width=width)
    view(found, console)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue().splitlines()


@pytest.mark.parametrize("width", [80, 200])
def test_the_names_of_reactions_are_whole(width: int) -> None:
    lines = printed(views.lag, LAG, width)
    column = "".join(line.split("│")[2].strip() for line in lines if line.count("│") > 2)
    assert column == "".join(REACTIONS)
    assert all(len(line) <= width for line in lines)
    assert "still" not in "".join(lines)


def test_what_stands_still_says_why() -> None:
    stuck = {"kpi": [LAG["objectives"][0] | {"failure": "no such table"}, LAG["objectives"][1]]}
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
