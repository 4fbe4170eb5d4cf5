"""deploy/smoke.http works from top to bottom on the demo, and has a call for each route."""

from __future__ import annotations

import httpx2

from cli.installation import services
from cli.openapi import document
from tests.system.conftest import Demo
from tests.system.smoke import FILE, Place, read, uncalled

VARIABLES, CALLS = read(FILE.read_text("utf-8"))
DOCUMENTS = [document(service) for service in services()]


def test_every_route_has_a_call() -> None:
    assert [route for each in DOCUMENTS for route in uncalled(each, CALLS, VARIABLES)] == []


def test_a_route_without_a_call_is_noticed() -> None:
    paid = "PUT /budget/v1/commitments/{commitment}/payments/{payment}"
    without = [call for call in CALLS if not call.target.endswith("/payments/PAYMENT-1")]
    assert len(without) == len(CALLS) - 1
    assert [route for each in DOCUMENTS for route in uncalled(each, without, VARIABLES)] == [paid]


def test_every_call_answers_as_its_title_says(demo: Demo) -> None:
    place = Place(VARIABLES | {"url": demo.url, "token": demo.token})
    with httpx2.Client(timeout=60) as client:
        for call in CALLS:
            place.expect(call, client)
