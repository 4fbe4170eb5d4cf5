"""Without a token a service tells how it is and what could be asked, and nothing of what it holds (decision 11)."""

from __future__ import annotations

import re
from typing import Final

import httpx2

from cli.installation import services
from cli.openapi import document
from tests.services.conftest import Run

OPEN: Final = {"/livez", "/readyz"}
DESCRIPTIONS: Final = ("openapi.json", "docs", "docs-assets/swagger-ui.css", "docs/oauth2-redirect")


async def test_every_operation_but_health_needs_a_token(run: Run) -> None:
    running = await run(*services())
    answered: dict[str, int] = {}
    async with httpx2.AsyncClient(base_url=running.url, headers={"Accept": "application/json"}) as anyone:
        for service in services():
            for path, operations in document(service)["paths"].items():
                for method in operations:
                    answer = await anyone.request(method, re.sub(r"{\w+}", "1", path))
                    answered[f"{method} {path.removeprefix(service.prefix)}"] = answer.status_code
    assert len(answered) > 100
    without = {name for name, status in answered.items() if status != 401}
    assert without == {f"get {path}" for path in OPEN}, without


async def test_descriptions_are_the_same_for_everybody(run: Run) -> None:
    running = await run(*services())
    async with httpx2.AsyncClient(base_url=running.url) as anyone:
        for service in services():
            for name in DESCRIPTIONS:
                seen = await anyone.get(f"{service.prefix}/{name}")
                assert seen.status_code == 200, name
                assert seen.content == (await running.client.get(f"{service.prefix}/{name}")).content
            assert (await anyone.get(f"{service.prefix}/openapi.json")).json() == document(service)
