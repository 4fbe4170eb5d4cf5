from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Final

import httpx2
import orjson
import pytest

from services.budget.app import SERVICE as BUDGET
from services.kpi.app import SERVICE as KPI
from services.objectives.app import SERVICE as OBJECTIVES
from services.reporting.app import SERVICE as REPORTING
from services.reporting.domain.letter import Letter, LetterOut
from tests.services.conftest import Run, Running

STRATEGIC: Final = "00000000-0000-4000-8000-000000000001"
OPERATIONAL: Final = "00000000-0000-4000-8000-000000000002"
ACTION: Final = "00000000-0000-4000-8000-000000000003"
DOSSIER: Final = "00000000-0000-4000-8000-000000000004"
CONVENTION: Final = "00000000-0000-4000-8000-000000000005"
COMMITMENT: Final = "00000000-0000-4000-8000-000000000006"
ASSIGNMENT: Final = "00000000-0000-4000-8000-000000000007"
LINE: Final = "urban.33.004.28.01.6321"
PLANNED: Final = {"year": 2024, "kind": "planned"}
ADDRESS: Final = "/reporting/v1/letters/territorial/2024"
TREE: Final = "/objectives/v1/notes/territorial"


@pytest.fixture
async def running(run: Run) -> Running:
    """Return the four services with a note of one action, its dossier and its line."""
    running = await run(OBJECTIVES, KPI, BUDGET, REPORTING)
    title = {"fr": "Rénovation urbaine", "nl": "Stadsvernieuwing"}
    await put(running, TREE, {"title": title, "realised_year": 2023, "planned_year": 2024})
    await put(running, f"{TREE}/objectives/{STRATEGIC}", {"level": "strategic", "code": "IV.1"})
    await put(
        running, f"{TREE}/objectives/{OPERATIONAL}", {"level": "operational", "code": "IV.1.1", "parent": STRATEGIC}
    )
    action = {"level": "action", "code": "IV.1.1.2.A", "parent": OPERATIONAL, "section": PLANNED}
    await put(running, f"{TREE}/objectives/{ACTION}", action)
    dossier = {"kind": "subsidy", "title": {"fr": "Petite Suisse"}, "objectives": [ACTION]}
    await put(running, f"/objectives/v1/dossiers/{DOSSIER}", dossier)
    await put(running, f"/budget/v1/lines/{LINE}", {"label": {"fr": "Contrats de quartier"}})
    assigned = {"line": LINE, "section": PLANNED, "category": "other"}
    await put(running, f"/budget/v1/objectives/{ACTION}/lines/{ASSIGNMENT}", assigned)
    return running


async def put(running: Running, path: str, body: object) -> str:
    """Put what must be recorded, and return its token."""
    answer = await running.client.put(path, json=body)
    assert answer.status_code == 201, answer.text
    token = answer.json()["token"]
    assert isinstance(token, str)
    return token


async def pay(running: Running) -> dict[str, str]:
    """Record credits, a convention, a commitment and a payment, and return the name of each event by what it is."""
    stated = {"amount_cents": {"state": "known", "value": 2_000_000}}
    voted = await put(running, f"/budget/v1/lines/{LINE}/years/2024/credits/liquidation", stated)
    convention = {"dossier": DOSSIER, "amount_cents": 1_000_000, "advance_ppm": 200_000}
    signed = await put(running, f"/budget/v1/conventions/{CONVENTION}", convention)
    commitment = {"line": LINE, "year": 2024, "amount_cents": 1_000_000, "convention": CONVENTION}
    committed = await put(running, f"/budget/v1/commitments/{COMMITMENT}", commitment)
    payment = {"year": 2024, "amount_cents": 200_000, "part": "advance", "paid_on": "2024-04-10"}
    paid = await put(running, f"/budget/v1/commitments/{COMMITMENT}/payments/P-1", payment)
    return {"voted": voted, "signed": signed, "committed": committed, "paid": paid}


async def letter(running: Running, **params: str) -> Letter:
    """Return the letter."""
    answer = await running.client.get(ADDRESS, params=params)
    assert answer.status_code == 200, answer.text
    return LetterOut.model_validate_json(answer.content).letter


def problem(answer: httpx2.Response) -> tuple[int, str]:
    """Return the status and the last part of a problem's type."""
    return answer.status_code, answer.json()["type"].rpartition("/")[2]


async def test_a_payment_from_http_to_the_letter(running: Running) -> None:
    led = await put(running, f"/objectives/v1/objectives/{STRATEGIC}/units/dru/lead", {})
    before = await letter(running, at_least=led)
    made = await pay(running)
    approval = {"amount_cents": 1_000_000, "title": {"fr": "Programme"}}
    path = f"/objectives/v1/dossiers/{DOSSIER}/approvals/government/programme/granted"
    granted = await put(running, path, approval)

    shown = await letter(running, at_least=f"{made['paid']},{granted}")
    strategic, operational = shown.objectives
    assert (strategic.id, operational.id, operational.depth) == (STRATEGIC, OPERATIONAL, 1)
    assert operational.planned is not None
    (action,) = operational.planned.actions
    (dossier,) = action.dossiers
    assert [(step.kind, step.body, step.step, step.events) for step in dossier.steps] == [
        ("approval-granted", "government", "programme", (granted,))
    ]
    (convention,) = dossier.conventions
    assert (convention.amount.value, convention.amount.events) == (1_000_000, (made["signed"],))
    (commitment,) = dossier.commitments
    assert commitment.outstanding.value == 800_000
    (payment,) = commitment.payments
    assert (payment.amount.value, payment.events) == (200_000, (payment.amount.events[0],))
    assert (await running.client.get(f"/reporting/v1/events/{payment.events[0]}")).json()[
        "type"
    ] == "payment-liquidated.v1"

    assert action.content.budget is not None
    (row,) = action.content.budget.rows
    assert (row.liquidation.value, row.liquidation_from, row.liquidation.events) == (
        2_000_000,
        "ledger",
        (made["voted"],),
    )
    assert row.commitment.state == "unknown"
    assert row.ledger is not None
    assert (row.ledger.committed.value, row.ledger.liquidated.value, row.ledger.unchecked) == (1_000_000, 200_000, True)
    assert (action.content.budget.own.liquidation.cents, action.content.budget.own.commitment.at_least) == (
        2_000_000,
        True,
    )

    cut = ",".join(f"{source}:{position}" for source, position in before.cut.items() if position)
    assert await letter(running, cut=cut) == before
    assert before.objectives != shown.objectives

    alone = await running.client.get(f"/reporting/v1/objectives/{OPERATIONAL}")
    out = LetterOut.model_validate_json(alone.content).letter
    assert out.objectives == shown.objectives[1:]
    assert out.objectives[0].content.fields[0].owner == "dru"

    overview = (await running.client.get("/reporting/v1/notes/territorial/overview")).json()["overview"]
    line = overview["lines"][1]
    assert line["liquidated"]["ppm"] == 200_000
    assert line["completeness"]["stated"] == 0
    assert line["completeness"]["asked"] > 0


async def test_a_letter_says_what_it_speaks_of(running: Running) -> None:
    cut = {"cut": "objectives:9,budget:2", "at_least": "objectives:9,budget:2"}
    first = await running.client.get(ADDRESS, params=cut)
    document = first.json()
    canonical = orjson.dumps(document["letter"], option=orjson.OPT_SORT_KEYS)
    assert document["hash"] == hashlib.sha256(canonical).hexdigest()
    assert first.headers["etag"] == f'"{document["hash"]}"'
    again = await running.client.get(ADDRESS, params=cut, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")

    # What has not arrived is named outside the hash.
    assert (document["complete"], document["missing"]) == (True, [])
    ahead = {"cut": "objectives:9,budget:999"}
    behind = await running.client.get(ADDRESS, params=ahead)
    assert (behind.json()["complete"], behind.json()["missing"]) == (False, ["budget"])
    assert behind.headers["etag"].startswith(f'"{behind.json()["hash"]}-without-')
    tomorrow = str(datetime.now(UTC).date() + timedelta(days=2))
    later = (await running.client.get(ADDRESS, params={"as_of": tomorrow})).json()
    assert (later["complete"], later["as_of"]) == (False, tomorrow)

    for accept, kind in (("application/json", "application/json"), ("text/html", "text/html")):
        answer = await running.client.get(ADDRESS, headers={"Accept": accept})
        assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, kind)
        assert "Accept" in answer.headers["vary"]


async def test_notes_come_in_pages_of_one_cut(running: Running) -> None:
    token = await put(running, "/objectives/v1/notes/tourism", {"title": {"fr": "Tourisme"}, "planned_year": 2025})
    first = await running.client.get("/reporting/v1/notes", params={"limit": 1, "at_least": token})
    (territorial,) = first.json()["notes"]
    assert (territorial["note"]["slug"], territorial["years"]) == ("territorial", [2024])
    later = await put(running, "/objectives/v1/notes/unseen", {"title": {"fr": "Plus tard"}})
    address = first.headers["link"].partition(">")[0].removeprefix("<")
    second = await running.client.get(httpx2.URL(address).copy_set_param("at_least", later))
    assert [(each["note"]["slug"], each["years"]) for each in second.json()["notes"]] == [("tourism", [2025])]


async def test_unknown_things_and_missing_scopes_are_refused(running: Running) -> None:
    client, here = running.client, "/reporting/v1"
    assert problem(await client.get(f"{here}/letters/nobody/2024")) == (404, "unknown-note")
    assert problem(await client.get(f"{here}/notes/nobody/overview")) == (404, "unknown-note")
    assert problem(await client.get(f"{here}/objectives/{DOSSIER}")) == (404, "unknown-objective")
    assert problem(await client.get(f"{here}/events/budget:999999")) == (404, "unknown-event")
    assert problem(await client.get(f"{here}/events/budget:9999999999999999999")) == (404, "unknown-event")
    assert problem(await client.get(f"{here}/letters/territorial/24")) == (422, "out-of-range")
    assert problem(await client.get(ADDRESS, params={"occurred_until": "2023-02-30"})) == (422, "impossible-date")
    assert problem(await client.get(ADDRESS, params={"as_of": "2024-01-01"})) == (404, "unknown-note")
    for neither in ("application/pdf", "application/json;q=0, text/html;q=0", "text/html; q=0.0"):
        refused = await client.get(ADDRESS, headers={"Accept": neither})
        assert problem(refused) == (406, "not-acceptable")
        assert refused.headers["content-type"] == "application/problem+json"
    stranger = running.bearer("budget:read")
    for path in (
        "letters/territorial/2024",
        "notes",
        "notes/territorial/overview",
        f"objectives/{ACTION}",
        "events/budget:1",
    ):
        assert problem(await client.get(f"{here}/{path}", headers=stranger)) == (403, "forbidden")
        assert (await client.get(f"{here}/{path}", headers=running.bearer("reporting:read"))).status_code == 200
