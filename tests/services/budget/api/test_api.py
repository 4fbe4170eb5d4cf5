from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any, Final

import pytest

from contracts.allocation import LONGEST_ENTITY
from regesta.event import BRUSSELS
from tests.services.budget.samples import CONVENTION, DOSSIER, LINE, OBJECTIVE, ONE, OTHER_LINE, RECEIPTS, TWO
from tests.services.conftest import Running

BASE: Final = "/budget/v1"
YEAR: Final = f"lines/{LINE}/years/2024"
REFUSALS: Final = [
    (f"commitments/{TWO}", {"line": OTHER_LINE, "year": 2024, "amount_cents": 1}, 404, "unknown-line"),
    (f"commitments/{TWO}", {"line": LINE, "year": 2024, "amount_cents": 101}, 409, "exceeds-credits"),
    (f"commitments/{TWO}", {"line": LINE, "year": 2024, "amount_cents": -1}, 422, "out-of-range"),
    (f"commitments/{TWO}", {"line": LINE, "year": 2024, "amount_cents": "1"}, 422, "wrong-type"),
    (f"commitments/{TWO}", {"line": LINE, "year": 2024, "amount_cents": 1, "x": 1}, 422, "unknown-field"),
    (
        f"commitments/{TWO}",
        {"line": LINE, "year": 2024, "amount_cents": 1, "dossier": TWO},
        422,
        "unknown-reference",
    ),
    (f"objectives/{TWO}/lines/{ONE}", {"line": LINE}, 422, "unknown-reference"),
    (f"conventions/{TWO}", {"dossier": DOSSIER, "amount_cents": 1, "parties": [TWO]}, 422, "unknown-reference"),
    (f"receipts/{TWO}", {"line": RECEIPTS, "year": 2024, "amount_cents": 1, "debtor": TWO}, 422, "unknown-reference"),
    (
        f"commitments/{ONE}/payments/P",
        {"year": 2024, "amount_cents": 101, "part": "interim"},
        409,
        "exceeds-commitment",
    ),
    (f"commitments/{TWO}/payments/P", {"year": 2024, "amount_cents": 1, "part": "interim"}, 404, "unknown-commitment"),
    (f"commitments/{ONE}/payments/24%2F7", {"year": 2024, "amount_cents": 1, "part": "interim"}, 422, "invalid-input"),
    (f"lines/{LINE}/years/2o24/forecast", {"amount_cents": 1}, 422, "wrong-type"),
    (
        f"commitments/{ONE}/payments/24%0A7",
        {"year": 2024, "amount_cents": 1, "part": "interim"},
        422,
        "control-character",
    ),
    (
        f"commitments/{ONE}/payments/P",
        {"year": 2024, "amount_cents": 1, "part": "interim", "visa": "V\u202e1"},
        422,
        "control-character",
    ),
    (
        f"commitments/{ONE}/payments/P",
        {"year": 2024, "amount_cents": 1, "part": "interim", "paid_on": "0001-01-01"},
        422,
        "out-of-range",
    ),
    (f"lines/{LINE}/years/24/forecast", {"amount_cents": 1}, 422, "out-of-range"),
]


async def put(running: Running, path: str, body: object) -> str:
    """Put what must be recorded, and return the name of its last event."""
    answer = await running.client.put(f"{BASE}/{path}", json=body)
    assert answer.status_code == 201, answer.text
    token = answer.json()["token"]
    assert isinstance(token, str)
    return token


async def post(running: Running, path: str, body: object) -> str:
    """Post what must be recorded, under a key of its own, and return the name of its last event."""
    answer = await running.client.post(f"{BASE}/{path}", json=body, headers={"Idempotency-Key": path})
    assert answer.status_code == 201, answer.text
    token = answer.json()["token"]
    assert isinstance(token, str)
    return token


async def get(running: Running, path: str, **params: str | int) -> Any:
    """Get what must be there, as JSON."""
    answer = await running.client.get(f"{BASE}/{path}", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def today(later: int = 0) -> str:
    """Return today in Brussels, or so many days later."""
    return (datetime.now(BRUSSELS).date() + timedelta(days=later)).isoformat()


def credits_of(cents: int) -> dict[str, object]:
    return {"amount_cents": {"state": "known", "value": cents}}


async def test_a_grant_from_its_credits_to_its_payment(running: Running) -> None:
    opened = await put(running, f"lines/{LINE}", {"label": {"fr": "Contrats de quartier"}, "repaired_from": "33 004"})
    voted = await put(running, f"{YEAR}/credits/commitment", credits_of(1_000))
    await put(running, f"{YEAR}/credits/liquidation", credits_of(900))
    signed = await put(
        running, f"conventions/{CONVENTION}", {"dossier": DOSSIER, "amount_cents": 700, "advance_ppm": 200_000}
    )
    await put(
        running, f"commitments/{ONE}", {"line": LINE, "year": 2024, "amount_cents": 700, "convention": CONVENTION}
    )
    body = {"year": 2024, "amount_cents": 140, "part": "advance", "paid_on": "2024-03-14"}
    token = await put(running, f"commitments/{ONE}/payments/P-1", body)

    line = await get(running, f"lines/{LINE}", at_least=token)
    assert line["complete"] is True
    assert line["line"] == {
        "line": LINE,
        "entity": "brussels",
        "allocation": "33.004.28.01.6321",
        "direction": "expenditure",
        "label": {"fr": "Contrats de quartier", "nl": None, "en": None},
        "sec": None,
        "repaired_from": "33 004",
        "place": None,
        "events": [opened],
    }
    ledger = (await get(running, YEAR))["ledger"]
    commitment, liquidation = ledger["commitment"], ledger["liquidation"]
    assert commitment["stated_events"] == [voted]
    assert [commitment[name]["cents"] for name in ("amount", "used", "left")] == [1_000, 700, 300]
    assert [liquidation[name]["cents"] for name in ("amount", "used", "left")] == [900, 140, 760]
    made = await get(running, f"commitments/{ONE}")
    shown, payments = made["commitment"], made["payments"]
    assert [shown[name]["cents"] for name in ("committed", "liquidated", "outstanding")] == [700, 140, 560]
    assert shown["dossier"] == DOSSIER
    assert shown["liquidated"]["events"] == payments[0]["events"]
    agreed = (await get(running, f"conventions/{CONVENTION}"))["convention"]
    assert [agreed[name]["cents"] for name in ("amount", "committed", "advance", "advanced")] == [700, 700, 140, 140]
    assert agreed["events"] == [signed]


async def test_a_figure_as_of_a_cut_is_the_one_then_known(running: Running) -> None:
    await put(running, f"lines/{LINE}", {})
    await put(running, f"{YEAR}/credits/commitment", credits_of(1_000))
    before = await put(running, f"commitments/{ONE}", {"line": LINE, "year": 2024, "amount_cents": 300})
    after = await put(running, f"commitments/{TWO}", {"line": LINE, "year": 2024, "amount_cents": 400})

    for cut, cents in ((before, 300), (after, 700)):
        ledger = (await get(running, YEAR, cut=cut, at_least=after))["ledger"]
        assert ledger["commitment"]["used"]["cents"] == cents
    assert len((await get(running, "commitments", cut=before))["commitments"]) == 1


async def test_every_event_behind_a_figure_is_an_entry_of_the_ledger(running: Running) -> None:
    await put(running, f"lines/{LINE}", {})
    await put(running, f"lines/{OTHER_LINE}", {})
    await put(running, f"{YEAR}/credits/liquidation", credits_of(1_000))
    transfer = {"credit": "liquidation", "to_line": OTHER_LINE, "amount_cents": 100}
    await put(running, f"{YEAR}/transfers/BR-7", transfer)
    await put(running, f"commitments/{ONE}", {"line": LINE, "year": 2024, "amount_cents": 300})
    await put(running, f"commitments/{ONE}/payments/P-1", {"year": 2024, "amount_cents": 300, "part": "balance"})
    token = await put(running, f"commitments/{ONE}/payments/P-1/reversals/R-1", {"reason": "Twice"})

    ledger = (await get(running, YEAR, at_least=token))["ledger"]
    entries: list[dict[str, object]] = []
    address = f"{BASE}/{YEAR}/entries?limit=2"
    while address:
        answer = await running.client.get(address)
        entries += answer.json()["entries"]
        address = answer.links["next"]["url"] if "next" in answer.links else ""
    by_kind = [
        (entry["type"], entry["credit"], entry["cents"], entry["other"], entry["reference"], entry["unchecked"])
        for entry in entries
    ]
    assert by_kind == [
        ("credits-voted.v1", "liquidation", 1_000, None, None, False),
        ("credits-transferred-out.v1", "liquidation", -100, OTHER_LINE, "BR-7", False),
        ("credit-reserved.v1", "commitment", 300, ONE, None, True),
        ("credit-consumed.v1", "liquidation", 300, ONE, "P-1", False),
        ("credit-returned.v1", "liquidation", -300, ONE, "P-1", False),
    ]
    left = ledger["liquidation"]["left"]
    assert left["cents"] == 900
    assert left["events"] == [entry["event"] for entry in entries if entry["credit"] == "liquidation"]
    assert ledger["commitment"]["amount"] == {"cents": None, "events": [], "count": 0}
    assert ledger["commitment"]["unchecked"] is True
    assert ledger["liquidation"]["unchecked"] is False


async def test_the_lines_of_an_objective(running: Running) -> None:
    await put(running, f"lines/{LINE}", {"repaired_from": "33.004.28.01 6321"})
    amount = {"state": "known", "value": 5}
    assigned = await put(
        running,
        f"objectives/{OBJECTIVE}/lines/{ONE}",
        {"line": LINE, "category": "running", "commitment_cents": amount, "liquidation_cents": {"state": "none"}},
    )
    await put(running, f"objectives/{OBJECTIVE}/lines/{TWO}", {"line": LINE})
    code = {"as_printed": "01.002.08.08", "reason": "Nine digits"}
    name = await post(running, f"objectives/{OBJECTIVE}/printed-allocations", code)
    token = await put(running, f"objectives/{OBJECTIVE}/lines/{TWO}/end", {})

    answer = await get(running, f"objectives/{OBJECTIVE}/lines", at_least=token)
    (line,) = answer["lines"]
    assert line["repaired_from"] == "33.004.28.01 6321"
    assert (line["commitment"], line["liquidation"]) == (amount, {"state": "none"})
    assert line["unspecified"] == {"state": "unknown"}
    assert line["events"] == [assigned]
    assert [shown["as_printed"] for shown in answer["printed"]] == ["01.002.08.08"]

    token = await put(running, f"objectives/{OBJECTIVE}/withdrawals/{name}", {"reason": "Read wrongly"})
    assert (await get(running, f"objectives/{OBJECTIVE}/lines", at_least=token))["printed"] == []
    assert len((await get(running, f"objectives/{OBJECTIVE}/lines", cut=name))["printed"]) == 1


async def test_claims_recoveries_receipts_and_forecasts_are_shown(running: Running) -> None:
    for line in (LINE, RECEIPTS):
        await put(running, f"lines/{line}", {})
    await put(running, f"commitments/{ONE}", {"line": LINE, "year": 2024, "amount_cents": 300})
    await put(running, f"commitments/{ONE}/claims/C-1", {"amount_cents": 200})
    await put(running, f"commitments/{ONE}/claims/C-2", {"amount_cents": 50})
    await put(running, f"commitments/{ONE}/claims/C-2/rejection", {"reason": "No evidence"})
    payment = {"year": 2024, "amount_cents": 200, "part": "interim", "claim": "C-1"}
    await put(running, f"commitments/{ONE}/payments/P-1", payment)
    await put(running, f"commitments/{ONE}/recoveries/V-1", {"amount_cents": 80, "payment": "P-1"})
    await put(running, f"receipts/{TWO}", {"line": RECEIPTS, "year": 2024, "amount_cents": 500})
    await put(running, f"{YEAR}/forecast", {"amount_cents": 1_000})
    await post(running, f"receipts/{TWO}/collections", {"amount_cents": 30, "year": 2024})
    token = await post(running, f"commitments/{ONE}/recoveries/V-1/collections", {"amount_cents": 30})

    made = await get(running, f"commitments/{ONE}", at_least=token)
    assert [(claim["claim"], claim["rejected"]) for claim in made["claims"]] == [("C-1", None), ("C-2", "No evidence")]
    (recovery,) = made["recoveries"]
    assert (recovery["amount"]["cents"], recovery["collected"]["cents"]) == (80, 30)
    receipts = (await get(running, f"lines/{RECEIPTS}/years/2024"))["receipts"]
    assert {name: figure["cents"] for name, figure in receipts.items()} == {"established": 500, "collected": 30}
    assert (await get(running, YEAR))["forecast"]["cents"] == 1_000


@pytest.mark.parametrize("days", [None, 0, 1], ids=["now", "today", "tomorrow"])
async def test_lists_come_in_pages_of_one_cut(running: Running, days: int | None) -> None:
    token = ",".join([await put(running, f"lines/{line}", {}) for line in (RECEIPTS, LINE, OTHER_LINE)])
    moment = {} if days is None else {"as_of": today(days)}
    first = await running.client.get(f"{BASE}/lines", params={"limit": 2, "at_least": token, **moment})
    await put(running, "lines/brussels.33.004.28.03.6321", {})
    second = await running.client.get(first.links["next"]["url"])
    assert [line["line"] for line in first.json()["lines"] + second.json()["lines"]] == [RECEIPTS, LINE, OTHER_LINE]
    assert "next" not in second.links


async def test_the_longest_key_leads_on_too(running: Running) -> None:
    entity = "e" * LONGEST_ENTITY
    lines = [f"{entity}.33.004.28.0{number}.6321" for number in (1, 2)]
    token = [await put(running, f"lines/{line}", {}) for line in lines][-1]
    first = await running.client.get(f"{BASE}/lines", params={"limit": 1, "at_least": token})
    second = await running.client.get(first.links["next"]["url"])
    assert [line["line"] for line in first.json()["lines"] + second.json()["lines"]] == lines


async def test_a_refusal_has_its_own_type_and_records_nothing(running: Running) -> None:
    await put(running, f"lines/{LINE}", {})
    await put(running, f"{YEAR}/credits/commitment", credits_of(200))
    await put(running, f"commitments/{ONE}", {"line": LINE, "year": 2024, "amount_cents": 100})
    before = (await running.runtime("budget").store.head("budget")).position

    for path, body, status, kind in REFUSALS:
        answer = await running.client.put(f"{BASE}/{path}", json=body)
        assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (status, kind), answer.text

    assert (await running.runtime("budget").store.head("budget")).position == before


async def test_a_convention_is_committed_once_by_those_that_come_together(running: Running) -> None:
    await put(running, f"lines/{LINE}", {})
    tranches = [{"year": 2024, "amount_cents": 20_000}, {"year": 2025, "amount_cents": 30_000}]
    await put(running, f"conventions/{CONVENTION}", {"dossier": DOSSIER, "amount_cents": 50_000, "tranches": tranches})
    body = {"line": LINE, "year": 2024, "amount_cents": 50_000, "convention": CONVENTION}
    paths = [f"{BASE}/commitments/0193a5c0-7b1e-7000-8000-00000000010{number}" for number in range(8)]
    answers = await asyncio.gather(*(running.client.put(path, json=body) for path in paths))

    assert sorted(answer.status_code for answer in answers) == [201, *[409] * 7]
    refused = [answer.json() for answer in answers if answer.status_code == 409]
    assert {problem["type"].rpartition("/")[2] for problem in refused} == {"overcommits-convention"}
    assert {(problem["committed_cents"], problem["convention_cents"]) for problem in refused} == {(100_000, 50_000)}


async def test_nothing_more_is_committed_under_a_convention_that_has_ended(running: Running) -> None:
    await put(running, f"lines/{LINE}", {})
    await put(running, f"conventions/{CONVENTION}", {"dossier": DOSSIER, "amount_cents": 700})
    await put(running, f"conventions/{CONVENTION}/termination", {"reason": "Given up"})
    body: dict[str, object] = {"line": LINE, "year": 2024, "amount_cents": 700, "convention": CONVENTION}
    answer = await running.client.put(f"{BASE}/commitments/{ONE}", json=body)
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (409, "convention-ended")
    assert answer.json()["convention"] == CONVENTION
    headers = running.bearer("budget:write", roles=["connector"])
    reported = body | {"origin": {"system": "sap", "reference": "4500012345"}}
    answer = await running.client.put(f"{BASE}/commitments/{ONE}", json=reported, headers=headers)
    assert answer.status_code == 201
    shown = await get(running, f"commitments/{ONE}", at_least=answer.json()["token"])
    assert shown["commitment"]["breaches"] == ["convention-ended"]


async def test_credits_need_a_scope_of_their_own(running: Running) -> None:
    headers = running.bearer("budget:write")
    assert (await running.client.put(f"{BASE}/lines/{LINE}", json={}, headers=headers)).status_code == 201
    answer = await running.client.put(f"{BASE}/{YEAR}/credits/commitment", json=credits_of(1), headers=headers)
    assert answer.status_code == 403
    assert answer.json()["scope"] == "budget:credits"
    assert (await running.client.get(f"{BASE}/lines", headers=headers)).status_code == 403


async def test_a_payment_is_recorded_once(running: Running) -> None:
    await put(running, f"lines/{LINE}", {})
    await put(running, f"commitments/{ONE}", {"line": LINE, "year": 2024, "amount_cents": 100})
    body = {"year": 2024, "amount_cents": 40, "part": "interim"}
    await put(running, f"commitments/{ONE}/payments/P-1", body)
    again = await running.client.put(f"{BASE}/commitments/{ONE}/payments/P-1", json=body)
    other = await running.client.put(f"{BASE}/commitments/{ONE}/payments/P-1", json=body | {"amount_cents": 41})
    assert (again.status_code, again.json()["events"]) == (200, [])
    assert (other.status_code, other.json()["type"].rpartition("/")[2]) == (409, "payment-differs")
    stale = await running.client.put(f"{BASE}/commitments/{ONE}/payments/P-2", json=body, headers={"If-Match": '"1"'})
    assert stale.status_code == 412
