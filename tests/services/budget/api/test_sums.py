"""The sums through the API: two years of a grant, shared lines, what nobody stated, pages and bad requests."""

from __future__ import annotations

from typing import Any, Final

import pytest

from contracts.dossiers import DossierLinked, DossierOpened, DossierUnlinked
from contracts.types import Text
from tests.services.budget.api.conftest import record
from tests.services.budget.api.test_api import BASE, credits_of, get, post, put
from tests.services.budget.samples import DOSSIER, LINE, OBJECTIVE, ONE, OTHER_LINE, RECEIPTS, TWO
from tests.services.conftest import Running

ELSEWHERE: Final = "citydev.33.004.28.01.6321"


async def sums(running: Running, by: str, **params: str | int) -> dict[str, Any]:
    """Return the sums of an answer by key, with the total under "total"."""
    answer = await get(running, "sums", by=by, **params)
    return {row["key"]: row for row in answer["rows"]} | {"total": answer["total"]}


async def two_years(running: Running) -> str:
    """Commit 700 in 2022 on a dossier and 50 beside it, pay 200 of it in 2023 and 100 in 2024; return the last event."""
    await put(running, f"lines/{LINE}", {"sec": True})
    await put(running, f"lines/{OTHER_LINE}", {"sec": False})
    await put(running, f"lines/{RECEIPTS}", {})
    await put(running, f"lines/{LINE}/years/2022/credits/commitment", credits_of(1_000))
    await post(running, f"lines/{LINE}/years/2022/credits/commitment/adjustments", credits_of(900))
    transfer = {"credit": "commitment", "to_line": OTHER_LINE, "amount_cents": 100}
    await put(running, f"lines/{LINE}/years/2022/transfers/T-1", transfer)
    grant = {"line": LINE, "year": 2022, "amount_cents": 700, "dossier": DOSSIER}
    await put(running, f"commitments/{ONE}", grant)
    await put(running, f"commitments/{TWO}", {"line": OTHER_LINE, "year": 2024, "amount_cents": 50})
    await put(running, f"commitments/{ONE}/payments/P-1", {"year": 2023, "amount_cents": 200, "part": "interim"})
    await put(running, f"commitments/{ONE}/payments/P-2", {"year": 2024, "amount_cents": 100, "part": "interim"})
    await put(running, f"commitments/{ONE}/recoveries/V-1", {"amount_cents": 80, "payment": "P-1"})
    await put(running, f"receipts/{TWO}", {"line": RECEIPTS, "year": 2024, "amount_cents": 500})
    await post(running, f"receipts/{TWO}/collections", {"amount_cents": 30, "year": 2024})
    return await put(running, f"dossiers/{DOSSIER}/years/2024/forecast", {"amount_cents": 150})


async def test_what_is_outstanding_is_carried_over_from_year_to_year(running: Running) -> None:
    token = await two_years(running)
    line = (await sums(running, "line", year=2024, at_least=token))[LINE]["sums"]
    assert [line[name] for name in ("carried_over", "committed", "liquidated", "outstanding")] == [500, 0, 100, 400]
    cumulative = (await sums(running, "line", year=2024, since=2014))[LINE]["sums"]
    assert [cumulative[name] for name in ("carried_over", "committed", "liquidated", "outstanding")] == [
        0,
        700,
        300,
        400,
    ]
    years = await sums(running, "year", line=LINE, since=2022, year=2024)
    outstanding = {key: row["sums"]["outstanding"] for key, row in years.items() if key != "total"}
    assert outstanding == {"2022": 700, "2023": 500, "2024": 400}
    early = (await sums(running, "line", year=2022))[LINE]["sums"]
    assert [early["committed"], early["outstanding"]] == [700, 700]


async def test_credits_are_what_was_voted_adjusted_and_transferred_and_unchecked_when_nobody_stated_any(
    running: Running,
) -> None:
    token = await two_years(running)
    rows = await sums(running, "line", year=2022, at_least=token)
    assert rows[LINE]["sums"]["commitment"] == {
        "voted": 1_000,
        "adjusted": -100,
        "transferred": -100,
        "amount": 800,
        "unstated": 0,
        "unchecked": 0,
        "why": None,
    }
    never = {"voted": None, "adjusted": None, "transferred": None, "amount": None, "unstated": 1, "unchecked": 0}
    assert rows[OTHER_LINE]["sums"]["commitment"] == {**never, "why": "unchecked"}
    assert rows["total"]["commitment"]["amount"] == 800
    assert rows["total"]["commitment"]["unstated"] == 1
    later = await sums(running, "line", year=2024)
    assert later[LINE]["sums"]["liquidation"] == {**never, "unchecked": 1, "why": "unchecked"}


async def test_by_dossier_entity_and_sec(running: Running) -> None:
    await put(running, f"lines/{ELSEWHERE}", {})
    body = {"line": ELSEWHERE, "year": 2024, "amount_cents": 11}
    await put(running, "commitments/0193a5c0-7b1e-7000-8000-000000000009", body)
    token = await two_years(running)
    dossiers = await sums(running, "dossier", year=2024, since=2022, at_least=token)
    dossier = dossiers[DOSSIER]["sums"]
    assert [dossier[name] for name in ("committed", "liquidated", "outstanding", "forecast")] == [700, 300, 400, 150]
    assert dossier["commitment"]["why"] == "of-lines"
    assert dossier["receipts"] == {"established": None, "collected": None}
    assert dossiers["total"] == dossier

    entities = await sums(running, "entity", year=2024, since=2022)
    assert [entities[key]["sums"]["committed"] for key in ("brussels", "citydev")] == [750, 11]
    assert entities["total"]["committed"] == 761
    assert entities["brussels"]["sums"]["receipts"] == {"established": 500, "collected": 30}
    assert entities["brussels"]["sums"]["forecast"] is None
    only = await sums(running, "entity", year=2024, since=2022, entity="citydev")
    assert only["total"]["committed"] == 11

    flags = await sums(running, "sec", year=2024, since=2022)
    assert {key: flags[key]["sums"]["committed"] for key in ("true", "false", "unknown")} == {
        "true": 700,
        "false": 50,
        "unknown": 11,
    }
    assert (await sums(running, "line", year=2024, since=2022, sec="false"))["total"]["committed"] == 50


async def test_a_shared_line_is_shown_with_each_objective_and_counted_once(running: Running, second: str) -> None:
    await two_years(running)
    await put(running, f"objectives/{OBJECTIVE}/lines/{ONE}", {"line": LINE})
    await put(running, f"objectives/{OBJECTIVE}/lines/{TWO}", {"line": OTHER_LINE})
    shared = await put(running, f"objectives/{second}/lines/{TWO}", {"line": LINE})
    rows = await sums(running, "objective", year=2024, since=2022, at_least=shared)
    for key, own in ((OBJECTIVE, 50), (second, 0)):
        assert rows[key]["sums"]["committed"] == own
        assert rows[key]["shared"]["committed"] == 700
        assert rows[key]["shared_keys"] == [LINE]
    assert rows["total"]["committed"] == 750

    await put(running, f"objectives/{second}/lines/{TWO}/end", {})
    token = await put(running, f"objectives/{second}/lines/{ONE}", {"line": LINE, "share_ppm": 250_000})
    rows = await sums(running, "objective", year=2024, since=2022, at_least=token)
    assert rows[second]["sums"]["committed"] == 175
    assert (rows[second]["split"], rows[second]["shared"]) == ([LINE], None)
    assert rows["total"]["committed"] == 750
    # As of the cut before it was split, it is as it was.
    before = await sums(running, "objective", year=2024, since=2022, cut=shared)
    assert before[OBJECTIVE]["shared"]["committed"] == 700


async def test_a_dossier_of_two_programmes_is_counted_once(running: Running) -> None:
    token = await two_years(running)
    lone, both = "0193a5c0-7b1e-7000-8000-0000000000d3", "0193a5c0-7b1e-7000-8000-0000000000d4"
    subsidy = DossierOpened(kind="plan", title=Text(fr="Plan"), programmes=(ONE,))
    await record(running, f"dossier/{lone}", subsidy)
    linked = await record(running, f"dossier/{both}", subsidy, DossierLinked(programme=TWO))
    for number, dossier in ((5, lone), (6, both)):
        body = {"line": OTHER_LINE, "year": 2024, "amount_cents": number, "dossier": dossier}
        token = await put(running, f"commitments/0193a5c0-7b1e-7000-8000-00000000000{number}", body)
    rows = await sums(running, "programme", year=2024, at_least=f"{token},{linked}")
    assert [rows[key]["sums"]["committed"] for key in (ONE, TWO)] == [5, 0]
    assert [rows[key]["shared"]["committed"] for key in (ONE, TWO)] == [6, 6]
    assert rows["total"]["committed"] == 11
    unlinked = await record(running, f"dossier/{both}", DossierUnlinked(programme=TWO), after=2)
    rows = await sums(running, "programme", year=2024, at_least=unlinked)
    assert (rows[ONE]["sums"]["committed"], TWO in rows, rows["total"]["committed"]) == (11, False, 11)
    before = await sums(running, "programme", year=2024, cut=f"{token},{linked}")
    assert before[TWO]["shared"]["committed"] == 6


async def test_pages_and_cuts(running: Running) -> None:
    token = await two_years(running)
    first = await running.client.get(f"{BASE}/sums", params={"by": "line", "limit": 1, "at_least": token})
    assert len(first.json()["rows"]) == 1
    second = await running.client.get(first.links["next"]["url"])
    assert second.json()["total"] == first.json()["total"]
    assert second.json()["rows"][0]["key"] > first.json()["rows"][0]["key"]
    nothing = await get(running, "sums", by="line", cut="budget:1")
    assert nothing["rows"] == []
    assert nothing["total"]["committed"] == 0


async def test_what_is_outstanding_six_years_later_is_due_to_be_decommitted_and_stays_until_somebody_does(
    running: Running,
) -> None:
    await put(running, f"lines/{LINE}", {})
    await put(running, f"commitments/{ONE}", {"line": LINE, "year": 2018, "amount_cents": 100})
    token = await put(running, f"commitments/{TWO}", {"line": LINE, "year": 2019, "amount_cents": 100})
    due = await get(running, "commitments", decommit_due=2024, at_least=token)
    assert [(each["commitment"], each["decommit_due"]) for each in due["commitments"]] == [(ONE, 2024)]
    assert (await get(running, "commitments", decommit_due=2023))["commitments"] == []
    released = {"amount_cents": 100, "reason": "Never asked for"}
    token = await put(running, f"commitments/{ONE}/decommitments/D-1", released)
    due = await get(running, "commitments", decommit_due=2025, at_least=token)
    assert [each["commitment"] for each in due["commitments"]] == [TWO]
    assert (await get(running, f"commitments/{ONE}"))["commitment"]["decommit_due"] is None


@pytest.mark.parametrize(
    ("query", "code", "named"),
    [
        ("by=line&year=2020&since=2021", "malformed", "2021"),
        ("by=colour", "unknown-value", "colour"),
        ("year=2020", "missing-field", "by"),
        ("by=line&year=20", "out-of-range", "20"),
        ("by=line&year=2o20", "wrong-type", "2o20"),
        ("by=line&sec=perhaps", "unknown-value", "perhaps"),
        ("by=line&line=brussels.1", "invalid-input", "brussels.1"),
    ],
)
async def test_what_cannot_be_asked(running: Running, query: str, code: str, named: str) -> None:
    answer = await running.client.get(f"{BASE}/sums?{query}")
    assert 400 <= answer.status_code < 500
    assert answer.json()["type"].rpartition("/")[2] == code
    assert named in answer.text
