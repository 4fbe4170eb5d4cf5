from __future__ import annotations

import json
import re
from typing import Final

import pytest
import pytest_asyncio

from regesta.event import BRUSSELS
from tests.services.conftest import Running
from tests.services.reporting.api.territorial import DECIDED

pytestmark = pytest.mark.asyncio(loop_scope="module")

HTML: Final = {"Accept": "text/html"}
OBJECTIVE: Final = "00000000-0000-4000-8000-000000000001"
OTHER: Final = "00000000-0000-4000-8000-000000000002"
DOSSIER: Final = "00000000-0000-4000-8000-000000000003"
COMMITMENT: Final = "00000000-0000-4000-8000-000000000004"
LINE: Final = "urban.33.004.28.01.6321"
LETTER: Final = "/reporting/v1/letters/territorial/2024"
# When each stream of the note was last spoken of; streams of the other note are of 2019.
WHEN: Final = {
    "note/territorial": "2023-01-31T22:30:00Z",
    f"objective/{OBJECTIVE}": "2023-01-31T23:30:00Z",  # February has begun in Brussels
    f"dossier/{DOSSIER}": "2023-05-03T12:00:00Z",
    f"assignment/{OBJECTIVE}": "2023-06-03T12:00:00Z",
    f"line/{LINE}": "2023-07-03T12:00:00Z",
    f"ledger/{LINE}/2024": "2023-08-03T12:00:00Z",
    f"commitment/{COMMITMENT}": "2023-09-03T12:00:00Z",
}


async def put(running: Running, path: str, body: object) -> str:
    answer = await running.client.put(path, json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["token"])


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def recorded(four: Running) -> Running:
    """Record a note whose money runs over a line that another note uses too, each stream in a month of its own."""
    section = {"year": 2024, "kind": "planned"}
    assigned = {"line": LINE, "section": section, "category": "other"}
    await put(four, f"/budget/v1/lines/{LINE}", {"label": {"fr": "Contrats"}})
    for note, objective in (("territorial", OBJECTIVE), ("tourisme", OTHER)):
        await put(four, f"/objectives/v1/notes/{note}", {"title": {"fr": note}, "planned_year": 2024})
        place = {"level": "operational", "code": "IV.1.1", "title": {"fr": "Quinze contrats"}}
        await put(four, f"/objectives/v1/notes/{note}/objectives/{objective}", place)
        await put(four, f"/budget/v1/objectives/{objective}/lines/{objective}", assigned)
    dossier = {"kind": "subsidy", "title": {"fr": "Petite Suisse"}, "objectives": [OBJECTIVE]}
    told = await put(four, f"/objectives/v1/dossiers/{DOSSIER}", dossier)
    for step, said in DECIDED.items():
        told = await put(four, f"/objectives/v1/dossiers/{DOSSIER}/{step}", said)
    commitment = {"line": LINE, "year": 2024, "amount_cents": 1_250_000_000, "dossier": DOSSIER}
    token = await put(four, f"/budget/v1/commitments/{COMMITMENT}", commitment)
    assert (await four.client.get(f"/reporting/v1/notes?at_least={told},{token}")).status_code == 200
    for table in (
        "objectives_standing_v1.objectives_facts",
        "budget_standing_v1.budget_facts",
        "ledgers_v1.ledger_totals",
    ):
        moved = f"UPDATE {table} SET recorded_at = coalesce(($1::jsonb->>stream)::timestamptz, '2019-03-03Z')"
        await four.runtime("reporting").pool.execute(moved, json.dumps(WHEN))
    return four


def stops(html: str) -> list[str]:
    """Return what a screen reader hears of each stop, the current one with a star."""
    (bar,) = re.findall(r'<ol class="stops".*?</ol>', html, re.DOTALL)
    told = re.findall(r'<a href="[^"]*"( aria-current="date")?>.*?<span class="vh">([^<]+)</span>', bar, re.DOTALL)
    return [f"{'*' if current else ''}{words}" for current, words in told]


async def test_the_bar_leads_to_the_end_of_each_month_in_which_something_was_recorded(recorded: Running) -> None:
    for address in (LETTER, f"{LETTER}/objectives/{OBJECTIVE}", f"{LETTER}/dossiers/{DOSSIER}", f"{LETTER}?view=whole"):
        html = (await recorded.client.get(address, headers=HTML | {"Accept-Language": "en"})).text
        assert stops(html) == [
            "January 2023, 2 facts",
            "February 2023, 2 facts",
            "May 2023, 4 facts",
            "June 2023, 1 fact",
            "July 2023, 1 fact",
            "August 2023, 1 fact",
            "*September 2023, 1 fact",
        ], address
        kept = "view=whole&amp;" if address.endswith("whole") else ""
        assert f'{address.partition("?")[0]}?{kept}as_of=2023-02-28"' in html


async def test_a_day_of_a_month_makes_its_stop_the_current_one_and_a_cut_none(recorded: Running) -> None:
    head = await recorded.runtime("objectives").store.head("objectives")
    assert head.time is not None
    day = head.time.astimezone(BRUSSELS).date().isoformat()
    html = (await recorded.client.get(f"{LETTER}?as_of={day}&lang=en", headers=HTML)).text
    assert [stop for stop in stops(html) if stop.startswith("*")] == []
    html = (await recorded.client.get(f"{LETTER}?cut=objectives:{head.position}&lang=en", headers=HTML)).text
    assert len(stops(html)) == 7
    assert [stop for stop in stops(html) if stop.startswith("*")] == []
