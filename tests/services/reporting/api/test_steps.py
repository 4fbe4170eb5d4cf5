"""What happens to a frozen letter is recorded over HTTP, listed, and shown on its pages."""

from __future__ import annotations

from typing import Final

import pytest

from services.reporting.api.steps import StepsOut
from tests.services.conftest import Run, Running
from tests.services.reporting.api.territorial import ADDRESS, problem, territorial

OFFICER: Final = "reporting:read", "reporting:write"


@pytest.fixture
async def running(run: Run) -> Running:
    return await territorial(run)


async def test_a_letter_goes_its_way_and_its_pages_show_it(running: Running) -> None:
    user = running.client
    assert problem(await user.get(f"{ADDRESS}/steps")) == (404, "not-frozen")
    assert problem(await user.put(f"{ADDRESS}/submission", json={"to": "P", "on": "2024-10-28", "hash": "0" * 64})) == (
        404,
        "not-frozen",
    )
    await user.put(f"{ADDRESS}/frozen")
    hashed = (await user.get(f"{ADDRESS}/frozen")).json()["hash"]
    body = {"hash": hashed}
    for path, more in (
        ("validations/director", {}),
        ("approvals/minister", {}),
        ("submission", {"to": "Parlement", "on": "2024-10-28"}),
        ("corrections/E-1", {"erratum": {"fr": "Page trois", "nl": "Bladzijde drie"}}),
    ):
        assert [(await user.put(f"{ADDRESS}/{path}", json=body | more)).status_code for _ in range(2)] == [201, 200]
    steps = StepsOut.model_validate_json((await user.get(f"{ADDRESS}/steps")).content).steps
    assert [(each.step, each.role, each.to, each.correction) for each in steps] == [
        ("frozen", None, None, None),
        ("validated", "director", None, None),
        ("approved", "minister", None, None),
        ("submitted", None, "Parlement", None),
        ("corrected", None, None, "E-1"),
    ]
    assert {each.hash for each in steps} == {hashed}
    page = (await user.get(ADDRESS, params={"lang": "fr"}, headers={"Accept": "text/html"})).text
    for said in ("validé le", "approuvé le", 'transmis le <time datetime="2024-10-28">', "Erratum", "Page trois"):
        assert said in page, said


@pytest.mark.parametrize(
    ("path", "body", "roles", "answer"),
    [
        ("validations/director", {}, ["cabinet"], (403, "not-in-role")),
        ("validations/director", {}, [], (403, "forbidden")),
        ("approvals/minister", {}, ["director"], (403, "forbidden")),
        ("validations/clerk", {}, ["administrator"], (422, "unknown-value")),
        ("approvals/minister", {}, ["cabinet"], (409, "not-validated")),
        ("submission", {"to": "P", "on": "2024-10-28"}, ["cabinet"], (409, "not-approved")),
        ("submission", {"to": "", "on": "2024-10-28"}, ["cabinet"], (422, "out-of-range")),
        ("submission", {"to": "P", "on": "2024-10"}, ["cabinet"], (422, "impossible-date")),
        ("corrections/E-1", {"erratum": {}}, ["director"], (422, "invalid-input")),
        ("validations/director", {"hash": "0" * 64}, ["director"], (409, "other-letter")),
        ("validations/director", {"hash": "short"}, ["director"], (422, "invalid-input")),
    ],
)
async def test_a_step_that_cannot_be_is_answered_by_what_is_wrong_and_records_nothing(
    running: Running, path: str, body: dict[str, object], roles: list[str], answer: tuple[int, str]
) -> None:
    await running.client.put(f"{ADDRESS}/frozen")
    hashed = (await running.client.get(f"{ADDRESS}/frozen")).json()["hash"]
    headers = running.bearer(*OFFICER, roles=roles)
    refused = await running.client.put(f"{ADDRESS}/{path}", json={"hash": hashed} | body, headers=headers)
    assert problem(refused) == answer
    steps = (await running.client.get(f"{ADDRESS}/steps")).json()["steps"]
    assert [each["step"] for each in steps] == ["frozen"]
