from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import httpx2
import pytest

from contracts import budget
from regesta.runtime import Service
from services.objectives.app import SERVICE
from tests.services.conftest import Run, Running
from tests.services.objectives.samples import (
    ACTION,
    APPLICATION,
    DOSSIER,
    MILESTONE,
    NEW,
    OPERATIONAL,
    OTHER,
    PARTY,
    SLUG,
    STRATEGIC,
)

HERE: Final = "/objectives/v1"
TREE: Final = f"{HERE}/notes/{SLUG}/objectives"
# Only its log matters here: nothing is recorded in it.
BUDGET: Final = Service("budget", "Budget", budget.EVENTS, Path(__file__).parent)


@pytest.fixture
async def running(run: Run) -> Running:
    """Return objectives with a note of three levels, in which an action is printed."""
    running = await run(BUDGET, SERVICE)
    await put(running, f"{HERE}/notes/{SLUG}", {"title": {"fr": "Rénovation"}, "planned_year": 2024})
    await put(running, f"{TREE}/{STRATEGIC}", {"level": "strategic", "code": "OS 1", "title": {"fr": "Ville"}})
    await put(running, f"{TREE}/{OPERATIONAL}", {"level": "operational", "code": "OO 1.1", "parent": STRATEGIC})
    section = {"year": 2024, "kind": "planned"}
    last = await put(running, f"{TREE}/{ACTION}", {"level": "action", "parent": OPERATIONAL, "section": section})
    await get(running, f"/objectives/{ACTION}", at_least=last)
    return running


async def put(running: Running, path: str, body: object) -> str:
    """Put what must be recorded, and return its token."""
    answer = await running.client.put(path, json=body)
    assert answer.status_code == 201, answer.text
    token = answer.json()["token"]
    assert isinstance(token, str)
    return token


async def get(running: Running, path: str, **params: str | int) -> dict[str, object]:
    """Get what must be there."""
    answer = await running.client.get(f"{HERE}{path}", params=params)
    assert answer.status_code == 200, answer.text
    document = answer.json()
    assert isinstance(document, dict)
    assert document["complete"] is True
    return document


def problem(answer: httpx2.Response) -> tuple[int, str]:
    """Return the status and the last part of a problem's type."""
    return answer.status_code, answer.json()["type"].rpartition("/")[2]


async def test_an_objective_with_all_that_is_said_about_it(running: Running) -> None:
    place = f"{HERE}/objectives/{OPERATIONAL}"
    stated = await put(running, f"{place}/fields/description", {"value": {"state": "none"}, "as_printed": "Néant"})
    deadline = {"state": "known", "value": {"kind": "day", "day": "2024-41"}}
    due = await put(running, f"{place}/deadline", {"deadline": deadline})
    await put(running, f"{place}/status", {"status": "behind"})
    status = await put(running, f"{place}/status", {"status": "on_schedule", "as_printed": "en cours"})
    staff = await put(running, f"{place}/staff", {"fte": {"state": "known", "value": "2.50"}, "basis": "estimated"})
    led = await put(running, f"{place}/units/bup/lead", {})
    await put(running, f"{place}/units/perspective/contributor", {})
    await put(running, f"{place}/units/perspective/contributor/release", {})
    renumbered = await put(running, f"{TREE}/{OPERATIONAL}/code", {"code": "OO 1.7"})
    section = {"section": {"year": 2023, "kind": "realised"}, "code": "1.7.1"}
    first = await put(running, f"{TREE}/{OPERATIONAL}/sections", section)
    printed = await put(running, f"{TREE}/{OPERATIONAL}/sections", section | {"title": {"fr": "Suite"}})

    shown = (await get(running, f"/objectives/{OPERATIONAL}", at_least=printed))["objective"]
    assert isinstance(shown, dict)
    assert (shown["code"], shown["level"], shown["parent"], shown["note"]) == ("OO 1.7", "operational", STRATEGIC, SLUG)
    assert shown["events"][0] == renumbered
    assert [(each["code"], each["events"]) for each in shown["aliases"]] == [("OO 1.1", [renumbered])]
    assert [(each["field"], each["value"], each["events"]) for each in shown["fields"]] == [
        ("description", {"state": "none"}, [stated])
    ]
    assert [(each["deadline"], each["events"]) for each in shown["deadlines"]] == [(deadline, [due])]
    assert [(each["status"], each["events"]) for each in shown["statuses"]] == [("on_schedule", [status])]
    assert [(each["fte"]["value"], each["events"]) for each in shown["staff"]] == [("2.50", [staff])]
    assert shown["units"] == [{"events": [led], "unit": "bup", "role": "lead"}]
    assert [(each["code"], each["title"], each["events"]) for each in shown["sections"]] == [
        ("1.7.1", None, [first]),
        ("1.7.1", {"fr": "Suite", "nl": None, "en": None}, [printed]),
    ]


async def test_the_tree_in_pages_of_one_cut(running: Running) -> None:
    seen = []
    path: str | None = f"{TREE}?limit=2"
    while path is not None:
        answer = await running.client.get(path)
        seen.append([(each["objective"], each["parent"]) for each in answer.json()["objectives"]])
        if len(seen) == 1:
            await put(running, f"{TREE}/{OTHER}", {"level": "operational", "parent": STRATEGIC})
        link = answer.headers.get("link", "")
        path = link.partition(">")[0].removeprefix("<") or None
    assert seen == [[(STRATEGIC, None), (OPERATIONAL, STRATEGIC)], [(ACTION, OPERATIONAL)]]


async def test_a_tree_as_of_a_cut(running: Running) -> None:
    moved_at = await put(running, f"{TREE}/{ACTION}/parent", {"parent": STRATEGIC})
    before = f"objectives:{int(moved_at.partition(':')[2]) - 1}"
    parents = []
    for cut in (before, moved_at):
        answer = await running.client.get(f"{HERE}/objectives/{ACTION}", params={"cut": cut, "at_least": moved_at})
        parents.append(answer.json()["objective"]["parent"])
    assert parents == [OPERATIONAL, STRATEGIC]
    none_yet = await running.client.get(f"{HERE}/objectives/{ACTION}", params={"cut": "objectives:2"})
    assert problem(none_yet) == (404, "unknown-objective")


async def test_printed_facts_until_a_day_and_amounts(running: Running) -> None:
    place = f"{HERE}/objectives/{ACTION}"
    days = ["2023-11-30", "2023-12/2024-02", "2024-05", None]
    for number, day in enumerate(days):
        fact = {"type": "event_held", "text": {"nl": "Vergadering"}, "reading": "done"}
        body = fact | ({"day": day} if day else {"day_as_printed": "vóór de zomer"})
        answer = await running.client.post(f"{place}/facts", json=body, headers={"Idempotency-Key": f"fact {number}"})
        assert answer.status_code == 201, answer.text
    amount = {"text": {"fr": "un budget de 12,5 Mio"}, "amount_cents": 1_250_000_000}
    named = await running.client.post(f"{place}/amounts", json=amount, headers={"Idempotency-Key": "amount"})
    token = named.json()["token"]

    page = await get(running, f"/objectives/{ACTION}/facts", occurred_until="2023-12-31", at_least=token)
    assert isinstance(page["facts"], list)
    assert [each["occurred"] for each in page["facts"]] == ["certain", "possible", "no", "possible"]
    amounts = (await get(running, f"/objectives/{ACTION}/amounts"))["amounts"]
    assert isinstance(amounts, list)
    assert [(each["amount_cents"], each["events"]) for each in amounts] == [(1_250_000_000, [token])]

    (first, *_) = page["facts"][0]["events"]
    body = {"kind": "objective", "id": ACTION, "reason": "read on the wrong line"}
    withdrawn = await put(running, f"{HERE}/withdrawals/{first}", body)
    left = (await get(running, f"/objectives/{ACTION}/facts", limit=2, at_least=withdrawn))["facts"]
    assert isinstance(left, list)
    assert [(each["day"], each["occurred"]) for each in left] == [(days[1], None), (days[2], None)]


async def test_a_post_without_a_key_could_not_be_repeated(running: Running) -> None:
    fact = {"type": "other", "text": {"fr": "Réunion"}, "reading": "done"}
    answer = await running.client.post(f"{HERE}/objectives/{ACTION}/facts", json=fact)
    assert problem(answer) == (400, "malformed")


async def test_a_dossier_from_its_opening_to_its_decision(running: Running) -> None:
    await put(running, f"{HERE}/parties/{PARTY}", {"kind": "organisation"})
    dossier = f"{HERE}/dossiers/{DOSSIER}"
    body = {"kind": "subsidy", "title": {"fr": "Quartier"}, "objectives": [ACTION]}
    opened = (await running.client.put(dossier, json=body)).json()["events"]
    await put(running, f"{dossier}/milestones/{MILESTONE}", {"kind": "approval", "due": "2023-36"})
    await put(running, f"{dossier}/milestones/{MILESTONE}/due", {"new": "2023-12"})
    await put(running, f"{dossier}/applications/{APPLICATION}", {"applicant": PARTY, "amount_cents": 14_250_000})
    await put(running, f"{dossier}/opinions/inspector_of_finance/issued", {"verdict": "favourable", "round": 1})
    await put(running, f"{dossier}/approvals/budget_minister/grant/granted", {})
    grant = {"amount_cents": 14_250_000, "reference": "GRBC-1", "occurred": "2023-12-07"}
    refused = await running.client.put(f"{dossier}/approvals/minister/grant/granted", json=grant)
    assert problem(refused) == (409, "authority-too-low")
    assert refused.json()["limit_cents"] == 1_500_000
    granted = await put(running, f"{dossier}/approvals/government/grant/granted", grant)
    reached = await put(
        running, f"{dossier}/milestones/{MILESTONE}/reached", {"on": "2023-12-07", "evidence": [granted]}
    )
    suspended = await put(running, f"{dossier}/suspension", {"reason": "appeal"})

    answer = await running.client.get(f"{HERE}/dossiers/{DOSSIER}", params={"at_least": suspended})
    shown = answer.json()["dossier"]
    assert answer.headers["etag"] == f'"{shown["version"]}"' == '"9"'
    assert shown["objectives"] == [ACTION]
    assert shown["events"] == opened[:1]
    assert (shown["where"]["standing"], shown["where"]["events"]) == ("suspended", [suspended])
    (milestone,) = shown["milestones"]
    assert (milestone["state"], milestone["due"], milestone["evidence"]) == ("reached", "2023-12", [granted])
    assert (milestone["events"][0], len(milestone["events"])) == (reached, 3)
    assert [each["type"] for each in shown["steps"]] == [
        "application-received.v1",
        "opinion-issued.v1",
        "approval-granted.v1",
        "approval-granted.v1",
    ]
    assert (shown["steps"][3]["occurred"], shown["steps"][3]["fact"]["amount_cents"]) == ("2023-12-07", 14_250_000)
    listed = (await get(running, f"/objectives/{ACTION}/dossiers"))["dossiers"]
    assert listed == [shown]


async def test_only_the_lead_unit_states_what_it_leads(running: Running) -> None:
    place = f"{HERE}/objectives/{OPERATIONAL}"
    await put(running, f"{place}/units/bup/lead", {})
    answers = []
    for units, roles in (([], []), (["perspective"], []), (["bup"], []), ([], ["administrator"])):
        headers = running.bearer("objectives:write", roles=roles, units=units)
        body = {"status": "behind", "as_printed": f"{units} {roles}"}
        answer = await running.client.put(f"{place}/status", json=body, headers=headers)
        answers.append(answer.status_code)
        if answer.status_code == 403:
            assert problem(answer) == (403, "not-lead-unit")
            assert (answer.json()["unit"], answer.json()["units"]) == ("bup", units)
    assert answers == [403, 403, 201, 201]


async def test_a_bulk_checks_the_lead_unit_of_each_line(running: Running) -> None:
    await put(running, f"{HERE}/objectives/{OPERATIONAL}/units/bup/lead", {})
    await put(running, f"{HERE}/objectives/{ACTION}/units/agency/lead", {})
    for dossier, objective in ((DOSSIER, OPERATIONAL), (NEW, ACTION)):
        opened = {"kind": "subsidy", "title": {"fr": "Contrat"}, "objectives": [objective]}
        await put(running, f"{HERE}/dossiers/{dossier}", opened)
    lines = [
        {"command": "launch-call", "key": f"call {dossier}", "data": {"dossier": dossier}} for dossier in (DOSSIER, NEW)
    ] + [
        {
            "command": "renumber-objective",
            "key": f"code {objective}",
            "data": {"note": SLUG, "objective": objective, "code": f"new {number}"},
        }
        for number, objective in enumerate((OPERATIONAL, ACTION))
    ]
    bulk = "".join(json.dumps(line) + "\n" for line in lines)
    headers = running.bearer("objectives:write", units=["agency"]) | {"Content-Type": "application/x-ndjson"}
    answer = await running.client.post(f"{HERE}/commands", content=bulk, headers=headers)
    results = [json.loads(line) for line in answer.text.splitlines()]
    assert [result["status"] for result in results] == [403, 201, 403, 201]
    problems = [result["problem"] for result in results if "problem" in result]
    assert [(each["unit"], each["units"]) for each in problems] == [("bup", ["agency"])] * 2


@pytest.mark.parametrize("path", ["/notes/none", "/notes/none/objectives", f"/objectives/{OTHER}/facts"])
async def test_what_is_not_there_is_not_found(running: Running, path: str) -> None:
    answer = await running.client.get(f"{HERE}{path}")
    assert answer.status_code == 404
    assert problem(answer)[1] in {"unknown-note", "unknown-objective"}


async def test_reading_needs_the_scope(running: Running) -> None:
    answer = await running.client.get(f"{HERE}/notes", headers=running.bearer("objectives:write"))
    assert problem(answer) == (403, "forbidden")


async def test_a_stale_version_is_refused(running: Running) -> None:
    answer = await running.client.get(f"{HERE}/notes/{SLUG}", params={"at_least": "objectives:8"})
    etag = answer.headers["etag"]
    assert etag == '"4"'
    first = await running.client.put(f"{TREE}/{ACTION}/title", json={"title": {"fr": "A"}}, headers={"If-Match": etag})
    stale = await running.client.put(f"{TREE}/{ACTION}/title", json={"title": {"fr": "B"}}, headers={"If-Match": etag})
    assert first.status_code == 201
    assert problem(stale) == (412, "stale-version")


async def test_the_same_approval_of_another_day_is_refused(running: Running) -> None:
    path = f"{HERE}/dossiers/{DOSSIER}/approvals/government/final/granted"
    opened = {"kind": "plan", "title": {"fr": "Plan"}}
    await put(running, f"{HERE}/dossiers/{DOSSIER}", opened)
    body = {"reference": "G1", "occurred": "2024-06-20"}
    await put(running, path, body)
    for again in (body, {"reference": "G1"}):
        answer = await running.client.put(path, json=again)
        assert (answer.status_code, answer.json()["events"]) == (200, [])
    other = await running.client.put(path, json=body | {"occurred": "2023-01-05"})
    assert problem(other) == (409, "step-differs")
    assert {name: other.json()[name] for name in ("field", "recorded", "given")} == {
        "field": "occurred", "recorded": "2024-06-20", "given": "2023-01-05"
    }  # fmt: skip


async def test_a_text_is_no_book(running: Running) -> None:
    body = {"value": {"state": "known", "value": {"fr": "a" * 10_001}}}
    answer = await running.client.put(f"{HERE}/objectives/{ACTION}/fields/output", json=body)
    assert problem(answer) == (422, "out-of-range")
    assert [each["pointer"] for each in answer.json()["errors"]] == ["/value"]


async def test_a_party_and_its_erasure(running: Running) -> None:
    registered = await put(running, f"{HERE}/parties/{PARTY}", {"kind": "person"})
    erased = await put(running, f"{HERE}/parties/{PARTY}/erasure", {})
    party = (await get(running, f"/parties/{PARTY}", at_least=erased))["party"]
    assert isinstance(party, dict)
    assert (party["kind"], party["erased"], party["events"]) == ("person", True, [erased, registered])


@pytest.mark.parametrize(
    ("path", "after", "status"),
    [
        (f"/notes/{SLUG}/objectives", "objectives:9999999999999999999", 400),
        (f"/notes/{SLUG}/objectives", "budget:1", 400),
        (f"/notes/{SLUG}/objectives", "first", 400),
        ("/notes", "\0", 400),
    ],
)
async def test_a_cursor_that_no_answer_gave(running: Running, path: str, after: str, status: int) -> None:
    answer = await running.client.get(f"{HERE}{path}", params={"after": after})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_bulk_goes_line_by_line(running: Running) -> None:
    lines = [
        {"command": "report-status", "key": "1", "data": {"objective": ACTION, "status": "behind"}},
        {"command": "report-status", "key": "2", "data": {"objective": OTHER, "status": "behind"}},
        {"command": "report-status", "key": "1", "data": {"objective": ACTION, "status": "behind"}},
        {"command": "report-status", "key": "3", "data": {"objective": ACTION, "status": "late"}},
    ]
    body = "".join(json.dumps(line) + "\n" for line in lines)
    media = {"Content-Type": "application/x-ndjson"}
    answer = await running.client.post(f"{HERE}/commands", content=body, headers=media)
    results = [json.loads(line) for line in answer.text.splitlines()]
    assert [each["status"] for each in results] == [201, 404, 200, 422]
    assert results[0]["events"] == results[2]["events"]
