from __future__ import annotations

import json
from pathlib import Path
from typing import Final
from uuid import uuid4

import pytest

from contracts import objectives
from contracts.objectives import ObjectiveOpened
from regesta.runtime import Service
from regesta.unit import Appended, Meta, NewEvent, Unit
from services.kpi.app import SERVICE
from tests.services.conftest import Run, Running
from tests.services.kpi.samples import OBJECTIVE, ONE, TWO

INDICATORS: Final = "/kpi/v1/indicators"
BANDS: Final = [
    {"colour": "red", "upper": "80"},
    {"colour": "amber", "lower": "80", "lower_inclusive": True, "upper": "90"},
    {"colour": "green", "lower": "90", "lower_inclusive": True},
]
MEASUREMENT: Final = {
    "period": {"starts_on": "2024-01-01", "ends_on": "2024-12-31"},
    "value": {"state": "known", "value": "89.99"},
}
# Only its log matters here: it says which objectives there are.
OBJECTIVES: Final = Service("objectives", "Objectives", objectives.EVENTS, Path(__file__).parent)


@pytest.fixture
async def running(run: Run) -> Running:
    """Return kpi beside a log of objectives in which OBJECTIVE is opened."""
    running = await run(OBJECTIVES, SERVICE)
    await open_objective(running, OBJECTIVE)
    return running


async def open_objective(running: Running, objective: str) -> str:
    """Record an objective and return the event's name."""
    stream = f"objective/{objective}"
    event = NewEvent.of(stream, 1, ObjectiveOpened(note="note", level="operational"), Meta("officer"))
    outcome = await running.runtime("objectives").store.append(Unit({stream: 0}, [event]))
    assert isinstance(outcome, Appended)
    return f"objectives:{outcome.first}"


async def put(running: Running, path: str, body: object) -> str:
    """Put what must be recorded, and return its token."""
    answer = await running.client.put(f"{INDICATORS}/{path}", json=body)
    assert answer.status_code == 201, answer.text
    token = answer.json()["token"]
    assert isinstance(token, str)
    return token


async def test_an_indicator_from_its_definition_to_its_colour(running: Running) -> None:
    client = running.client
    title = {"fr": "Liquidations", "nl": "Vereffeningen"}
    defined = await put(running, ONE, {"measure": {"kind": "manual"}, "title": title, "measured_in": "%"})
    placed = await put(running, f"{ONE}/placements/{OBJECTIVE}", {"section": {"year": 2024, "kind": "planned"}})
    printed = await client.post(
        f"{INDICATORS}/{ONE}/thresholds", json={"red": "80 %", "units": "DSV / DRU"}, headers={"Idempotency-Key": "1"}
    )
    bands = await put(running, f"{ONE}/bands/2024/internal", {"bands": BANDS})
    target = await put(running, f"{ONE}/targets", {"target": "90", "horizon": "2024"})
    measured = await put(running, f"{ONE}/measurements", MEASUREMENT)

    answer = await client.get(f"/kpi/v1/objectives/{OBJECTIVE}/indicators", params={"year": 2024, "at_least": measured})
    assert answer.status_code == 200, answer.text
    document = answer.json()
    assert document["complete"] is True
    (shown,) = document["indicators"]
    assert shown["indicator"] == ONE
    assert shown["definition"]["title"]["nl"] == "Vereffeningen"
    assert shown["definition"]["events"] == [defined]
    assert shown["placements"] == [
        {"events": [placed], "objective": OBJECTIVE, "section": {"year": 2024, "kind": "planned"}, "place": None}
    ]
    assert (shown["thresholds"][0]["red"], shown["thresholds"][0]["events"]) == ("80 %", [printed.json()["token"]])
    assert (shown["bands"][0]["year"], shown["bands"][0]["events"]) == (2024, [bands])
    assert (shown["targets"][0]["target"], shown["targets"][0]["events"]) == ("90", [target])
    assert shown["latest"]["value"] == {"state": "known", "value": "89.99"}
    assert shown["latest"]["events"] == [measured]
    assert shown["latest"]["colours"] == [{"events": [bands], "level": "internal", "colour": "amber"}]


async def test_an_indicator_as_of_a_cut(running: Running) -> None:
    cuts = [
        await put(running, ONE, {"measure": {"kind": "manual"}}),
        measured := await put(running, f"{ONE}/measurements", MEASUREMENT),
        await put(
            running,
            f"{ONE}/corrections/{measured}",
            {"value": {"state": "known", "value": "90"}, "reason": "a payment was missed"},
        ),
    ]
    seen = []
    for cut in cuts:
        answer = await running.client.get(f"{INDICATORS}/{ONE}", params={"cut": cut, "at_least": cuts[-1]})
        latest = answer.json()["indicator"]["latest"]
        seen.append((answer.headers["etag"], latest and (latest["value"]["value"], latest["events"])))
    assert seen == [('"1"', None), ('"2"', ("89.99", [cuts[1]])), ('"3"', ("90", [cuts[2], cuts[1]]))]
    unknown = await running.client.get(f"{INDICATORS}/{ONE}", params={"cut": "kpi:1"})
    assert unknown.status_code == 404
    assert unknown.json()["type"].endswith("/unknown-indicator")


async def test_a_cut_that_cannot_be_is_refused(running: Running) -> None:
    for wrong in ({"cut": f"kpi:{2**63}"}, {"at_least": f"kpi:{2**63}"}, {"as_of": "9999-12-31"}, {"cut": "budget:1"}):
        answer = await running.client.get(INDICATORS, params=wrong)
        assert (answer.status_code, next(iter(wrong.values())) in answer.text) == (400, True)
    beyond = await running.client.get(INDICATORS, params={"cut": f"kpi:{2**63 - 1}"})
    assert (beyond.json()["complete"], beyond.json()["missing"]) == (False, ["kpi"])


async def test_lists_come_in_pages_of_one_cut(running: Running) -> None:
    ids = sorted(str(uuid4()) for _ in range(5))
    tokens = [await put(running, each, {"measure": {"kind": "manual"}}) for each in ids]
    pages = []
    path: str | None = f"{INDICATORS}?limit=2&at_least={tokens[-1]}"
    while path is not None:
        answer = await running.client.get(path)
        pages.append([each["indicator"] for each in answer.json()["indicators"]])
        if len(pages) == 1:
            later = await put(running, "ffffffff-ffff-4fff-8fff-ffffffffffff", {"measure": {"kind": "manual"}})
            await running.client.get(INDICATORS, params={"at_least": later})
        path = answer.links["next"]["url"] if "next" in answer.links else None
    assert pages == [ids[0:2], ids[2:4], ids[4:5]]


async def test_measurements_come_in_pages(running: Running) -> None:
    await put(running, ONE, {"measure": {"kind": "manual"}})
    names = []
    for month in range(1, 4):
        period = {"starts_on": f"2024-0{month}-01", "ends_on": f"2024-0{month}-28"}
        names.append(await put(running, f"{ONE}/measurements", MEASUREMENT | {"period": period}))
    path = f"{INDICATORS}/{ONE}/measurements"
    first = await running.client.get(path, params={"limit": 2, "at_least": names[-1]})
    assert [each["events"] for each in first.json()["measurements"]] == [[names[0]], [names[1]]]
    second = await running.client.get(first.links["next"]["url"])
    assert [each["events"] for each in second.json()["measurements"]] == [[names[2]]]
    assert "next" not in second.links
    for wrong in ("budget:1", "nothing", "kpi:1,kpi:2", f"kpi:{2**63}"):
        assert (await running.client.get(path, params={"after": wrong})).status_code == 400


async def test_an_objective_must_exist(running: Running) -> None:
    await put(running, ONE, {"measure": {"kind": "manual"}})
    path = f"{INDICATORS}/{ONE}/placements/{TWO}"
    refused = await running.client.put(path, json={})
    assert refused.status_code == 422
    assert refused.json()["type"].endswith("/unknown-reference")
    assert TWO in refused.json()["detail"]
    # Registered a moment ago: known without being told, and with `at_least`.
    opened = await open_objective(running, TWO)
    assert (await running.client.put(path, json={})).status_code == 201
    assert (await running.client.put(path, json={}, params={"at_least": opened})).status_code == 200


REFUSED: Final = (
    (f"{ONE}/bands/2024/internal", {"bands": [BANDS[0], BANDS[2]]}, "422 bands-uncovered", "from 80 and below 90"),
    (f"{ONE}/bands/2024/internal", {"bands": [*BANDS, BANDS[0]]}, "422 bands-overlap", "red and red both hold"),
    (f"{ONE}/bands/24/internal", {"bands": BANDS}, "422 out-of-range", "24"),
    (f"{ONE}/bands/2024/internal", {"bands": [{"colour": "red", "upper": 80}]}, "422 invalid-input", "80"),
    (f"{TWO}/targets", {"target": "1", "horizon": "2024"}, "404 unknown-indicator", TWO),
    (f"{ONE}/targets", {"target": "1", "horizon": "2024-02-30"}, "422 impossible-date", "2024-02-30"),
    (f"{ONE}/targets", {"target": "NaN", "horizon": "2024"}, "422 invalid-input", "NaN"),
    (f"{ONE}/targets", {"target": "1", "horizon": "2024", "by": 1}, "422 unknown-field", "by"),
    (ONE, {"measure": {"kind": "manual"}, "measured_in": "days"}, "409 indicator-differs", "days"),
    ("none", {"measure": {"kind": "manual"}}, "422 invalid-input", "none"),
)


async def test_what_is_refused_says_why_and_changes_nothing(running: Running) -> None:
    await put(running, ONE, {"measure": {"kind": "manual"}})
    for path, body, refusal, named in REFUSED:
        answer = await running.client.put(f"{INDICATORS}/{path}", json=body)
        assert f"{answer.status_code} {answer.json()['type'].rpartition('/')[2]}" == refusal
        assert named in answer.text
    version = (await running.client.get(f"{INDICATORS}/{ONE}", params={"at_least": "kpi:2"})).headers["etag"]
    assert version == '"1"'


async def test_scopes_roles_and_units(running: Running) -> None:
    client, path = running.client, f"{INDICATORS}/{ONE}"
    body = {"measure": {"kind": "manual"}, "provider": "dsv"}
    reader, writer = running.bearer("kpi:read"), running.bearer("kpi:write")
    assert (await client.put(path, json=body, headers=reader)).status_code == 403
    assert (await client.put(path, json=body, headers=writer)).status_code == 201
    assert (await client.get(path, headers=writer)).status_code == 403
    assert (await client.get(path, headers=reader | {"x": "1"}, params={"at_least": "kpi:2"})).status_code == 200
    for headers, status, problem in (
        (writer, 403, "not-provider"),
        (running.bearer("kpi:write", units=["dsv"]), 201, None),
    ):
        answer = await client.put(f"{path}/measurements", json=MEASUREMENT, headers=headers)
        assert answer.status_code == status
        assert problem is None or answer.json()["type"].endswith(f"/{problem}")


async def test_a_bulk_of_commands(running: Running) -> None:
    section = {"year": 2024, "kind": "planned"}
    lines = [
        {"command": "define-indicator", "key": "1", "data": {"indicator": ONE, "measure": {"kind": "manual"}}},
        {"command": "place-indicator", "data": {"indicator": ONE, "objective": OBJECTIVE, "section": section}},
        {"command": "print-threshold", "key": "2", "data": {"indicator": ONE, "red": "2 semaines de retard"}},
        {"command": "set-bands", "data": {"indicator": ONE, "year": 2024, "level": "internal", "bands": BANDS[:2]}},
        {"command": "measure-indicator", "data": {"indicator": ONE, **MEASUREMENT}},
        {"command": "measure-indicator", "data": {"indicator": ONE, **MEASUREMENT}},
    ]
    answer = await running.client.post(
        "/kpi/v1/commands", content="\n".join(map(json.dumps, lines)), headers={"Content-Type": "application/x-ndjson"}
    )
    results = [json.loads(line) for line in answer.text.splitlines()]
    assert [result["status"] for result in results] == [201, 201, 201, 422, 201, 200]
    assert "no band holds" in results[3]["problem"]["detail"]


async def test_a_withdrawn_measurement_is_gone_from_its_cut_on(running: Running) -> None:
    await put(running, ONE, {"measure": {"kind": "manual"}})
    measured = await put(running, f"{ONE}/measurements", MEASUREMENT)
    withdrawn = await put(running, f"{ONE}/withdrawals/{measured}", {"reason": "of another indicator"})
    for cut, count in ((measured, 1), (withdrawn, 0)):
        answer = await running.client.get(
            f"{INDICATORS}/{ONE}/measurements", params={"cut": cut, "at_least": withdrawn}
        )
        assert len(answer.json()["measurements"]) == count
