"""The list of parked streams is whole, or says that it is not; on a service with streams that stand still."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from cli import parking, remote, views
from cli.remote import Answer, Remote
from tests.conftest import FreshDatabase
from tests.regesta.jars import SERVICE
from tests.regesta.levels import POISONED
from tests.regesta.serving import Issuer, Served, client, migrated, served, settings_of

JARS = "abcde"


@pytest.fixture
async def poisoned(fresh_database: FreshDatabase, tmp_path: Path) -> AsyncIterator[Served]:
    """Serve jars with five streams parked, and one event dropped."""
    issuer = Issuer(tmp_path)
    settings = settings_of(await migrated(await fresh_database("jars")), issuer)
    async with served(replace(SERVICE, projections=(POISONED,)), settings, issuer) as running:
        async with client(running, Authorization=f"Bearer {issuer.token(roles=['operator'])}") as user:
            fills = [await user.put(f"/jars/{jar}/fills/poison", json={"amount": 13}) for jar in (*JARS, "f")]
            level = await user.get(f"/levels/f?at_least={fills[-1].json()['token']}")
            assert level.json()["complete"] is False
            out = await user.post("/projections/levels/parked/jar%2Ff/drop", json={"reason": "entered twice"})
            assert out.json() == {"folded": 0, "parked": None}
        yield running


async def listed(service: Served) -> Answer:
    origin = service.url.removesuffix(SERVICE.prefix)
    return await asyncio.to_thread(
        parking.listed, Remote(origin, service.issuer.token(roles=["operator"])), SERVICE.name
    )


def printed(found: Answer) -> str:
    console = Console(file=StringIO(), width=200)
    views.parked(found, console)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize("rows", [1, 2, 5, 500])
async def test_the_list_follows_the_links(poisoned: Served, monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    monkeypatch.setattr(remote, "PAGE_ROWS", rows)
    monkeypatch.setattr(parking, "MOST_PAGES", 5)
    found = await listed(poisoned)
    assert [each["stream"] for each in found["parked"]] == [f"jar/{jar}" for jar in JARS]
    assert [each["stream"] for each in found["dropped"]] == ["jar/f"]
    assert found["more"] == []
    assert "there are more" not in printed(found)


async def test_a_list_that_is_too_long_says_so(poisoned: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "PAGE_ROWS", 2)
    monkeypatch.setattr(parking, "MOST_PAGES", 2)
    found = await listed(poisoned)
    assert [each["stream"] for each in found["parked"]] == ["jar/a", "jar/b", "jar/c", "jar/d"]
    assert found["more"] == ["parked"]
    assert "These are the first 4 parked; there are more." in printed(found)
