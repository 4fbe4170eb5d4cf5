from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import httpx2
import orjson
import pytest

from services.reporting.domain.letter import Letter, LetterOut
from tests.services.conftest import Run, Running
from tests.services.reporting.api.territorial import (
    ACTION,
    ADDRESS,
    DOSSIER,
    OPERATIONAL,
    STRATEGIC,
    pay,
    problem,
    put,
    territorial,
)


@pytest.fixture
async def running(run: Run) -> Running:
    return await territorial(run)


async def letter(running: Running, **params: str) -> Letter:
    """Return the letter."""
    answer = await running.client.get(ADDRESS, params=params)
    assert answer.status_code == 200, answer.text
    return LetterOut.model_validate_json(answer.content).letter


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
    assert [(step.kind, step.body, step.step) for step in dossier.steps] == [
        ("opinion-issued", "inspector_of_finance", None),
        ("approval-granted", "budget_minister", "grant"),
        ("approval-granted", "government", "grant"),
        ("approval-granted", "government", "programme"),
    ]
    assert dossier.steps[-1].events == (granted,)
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
