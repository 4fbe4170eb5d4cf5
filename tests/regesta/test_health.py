"""A process is ready when nothing stands still, and else says what does."""

from __future__ import annotations

import asyncio

import httpx2
import pytest

from tests.regesta.serving import Served


async def ready(served: Served) -> tuple[int, list[str]]:
    """Return the status and the reasons, asked for without a token."""
    async with httpx2.AsyncClient(base_url=served.url) as anyone:
        answer = await anyone.get("/readyz")
    return answer.status_code, answer.json()["reasons"]


async def test_health_needs_no_token(jars_service: Served) -> None:
    async with httpx2.AsyncClient(base_url=jars_service.url) as anyone:
        assert (await anyone.get("/livez")).json() == {"status": "ok"}
    assert await ready(jars_service) == (200, [])


async def test_read_models_in_trouble(jars_service: Served) -> None:
    jars_service.runtime.followers["jars"].trouble = "UndefinedTableError: no such table"
    assert await ready(jars_service) == (503, ["projections of jars: UndefinedTableError: no such table"])


async def test_a_task_that_died(jars_service: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    async def die() -> None:
        raise PermissionError("no right to append")

    dead = asyncio.create_task(die(), name="writer")
    await asyncio.wait([dead])
    monkeypatch.setattr(jars_service.runtime, "store_tasks", [*jars_service.runtime.store_tasks, dead])
    assert await ready(jars_service) == (503, ["task 'writer' ended: PermissionError: no right to append"])


async def test_a_reaction_in_trouble(jars_service: Served) -> None:
    (reacting,) = jars_service.runtime.reactings
    reacting.trouble = "KeyError: 'x'"
    assert await ready(jars_service) == (503, [f"{reacting.name}: KeyError: 'x'"])


async def test_a_process_that_is_not_ready_lives(jars_service: Served) -> None:
    jars_service.runtime.followers["jars"].trouble = "away"
    async with httpx2.AsyncClient(base_url=jars_service.url) as anyone:
        assert (await anyone.get("/livez")).status_code == 200
