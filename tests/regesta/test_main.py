"""A process whose task ended says so, and a worker then ends itself, for it does its work no more."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from dataclasses import replace

import pytest

from regesta import main
from regesta.decider import Decider
from regesta.main import running, work
from regesta.settings import Settings
from tests.conftest import FreshDatabase
from tests.regesta.jars import SERVICE
from tests.regesta.serving import Issuer, client, served, settings_of


@pytest.fixture
async def settings(reused_database: FreshDatabase, issuer: Issuer) -> Settings:
    return settings_of(await reused_database("jars"), issuer)


async def test_a_worker_ends_when_one_of_its_tasks_ends(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def die(_decider: Decider) -> None:
        raise PermissionError("no calendar")

    monkeypatch.setattr(main, "keep_calendar", die)
    assert await asyncio.wait_for(work(SERVICE, settings), 10) is False
    (said,) = [record for record in caplog.records if record.levelno == logging.CRITICAL]
    assert "the task 'calendar' ended" in said.getMessage()
    assert "no calendar" in str(said.exc_info)


async def test_a_worker_that_is_told_to_stop_ends_well(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    working = asyncio.create_task(work(SERVICE, settings))
    async with running(replace(SERVICE, reactions=()), settings, worker=False) as beside:
        assert await beside.store.wait("jars", 0, 5)  # the worker recorded the day
    os.kill(os.getpid(), signal.SIGTERM)
    assert await asyncio.wait_for(working, 10) is True
    assert not [record for record in caplog.records if record.levelno == logging.CRITICAL]


async def test_a_server_whose_task_ended_lives_on_but_is_not_ready(
    settings: Settings, issuer: Issuer, caplog: pytest.LogCaptureFixture
) -> None:
    async with served(SERVICE, settings, issuer) as here, client(here) as user:
        (projections,) = [task for task in here.runtime.tasks if task.get_name() == "projections jars"]
        projections.cancel()
        await asyncio.wait([projections])
        ready = await user.get("/readyz")
        assert (ready.status_code, ready.json()["reasons"]) == (503, ["task 'projections jars' ended"])
        assert (await user.get("/livez")).status_code == 200
        assert "the task 'projections jars' ended" in caplog.text
