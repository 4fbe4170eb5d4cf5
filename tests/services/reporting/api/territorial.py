"""The four services with a note of one action, its dossier and its line, and what is recorded there."""

from __future__ import annotations

from typing import Final

import httpx2

from services.budget.app import SERVICE as BUDGET
from services.kpi.app import SERVICE as KPI
from services.objectives.app import SERVICE as OBJECTIVES
from services.reporting.app import SERVICE as REPORTING
from tests.services.conftest import Run, Running

STRATEGIC: Final = "00000000-0000-4000-8000-000000000001"
OPERATIONAL: Final = "00000000-0000-4000-8000-000000000002"
ACTION: Final = "00000000-0000-4000-8000-000000000003"
DOSSIER: Final = "00000000-0000-4000-8000-000000000004"
CONVENTION: Final = "00000000-0000-4000-8000-000000000005"
COMMITMENT: Final = "00000000-0000-4000-8000-000000000006"
ASSIGNMENT: Final = "00000000-0000-4000-8000-000000000007"
LINE: Final = "urban.33.004.28.01.6321"
# The steps of a dossier that come before any amount is committed.
DECIDED: Final[dict[str, dict[str, object]]] = {
    "opinions/inspector_of_finance/issued": {"verdict": "favourable"},
    "approvals/budget_minister/grant/granted": {},
    "approvals/government/grant/granted": {},
}
PLANNED: Final = {"year": 2024, "kind": "planned"}
ADDRESS: Final = "/reporting/v1/letters/territorial/2024"
TREE: Final = "/objectives/v1/notes/territorial"


async def territorial(run: Run) -> Running:
    """Run the services and record the note."""
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
    for step, said in DECIDED.items():
        await put(running, f"/objectives/v1/dossiers/{DOSSIER}/{step}", said)
    convention = {"dossier": DOSSIER, "amount_cents": 1_000_000, "advance_ppm": 200_000}
    signed = await put(running, f"/budget/v1/conventions/{CONVENTION}", convention)
    commitment = {"line": LINE, "year": 2024, "amount_cents": 1_000_000, "convention": CONVENTION}
    committed = await put(running, f"/budget/v1/commitments/{COMMITMENT}", commitment)
    payment = {"year": 2024, "amount_cents": 200_000, "part": "advance", "paid_on": "2024-04-10"}
    paid = await put(running, f"/budget/v1/commitments/{COMMITMENT}/payments/P-1", payment)
    return {"voted": voted, "signed": signed, "committed": committed, "paid": paid}


def problem(answer: httpx2.Response) -> tuple[int, str]:
    """Return the status and the last part of a problem's type."""
    return answer.status_code, answer.json()["type"].rpartition("/")[2]
