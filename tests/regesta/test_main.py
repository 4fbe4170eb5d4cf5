"""A process whose task ended says so, and a worker then ends itself, for it does its work no more."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from dataclasses import replace

import asyncpg
import httpx2
import pytest

from cli.embedded import Embedded
from regesta import main
from regesta.decider import Decider
from regesta.main import running, work
from regesta.settings import Settings
from tests.conftest import FreshDatabase
from tests.regesta.jars import SERVICE
from tests.regesta.serving import Issuer, Served, client, migrated, served, settings_of


def details(ready: httpx2.Response) -> list[str]:
    """Return what each reason of an answer says."""
    return [reason["detail"] for reason in ready.json()["reasons"]]


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
        assert (ready.status_code, details(ready)) == (503, ["task 'projections jars' ended"])
        assert (await user.get("/livez")).status_code == 200
        assert "the task 'projections jars' ended" in caplog.text


async def test_a_second_ctrl_c_does_not_break_the_stop_off(
    settings: Settings, issuer: Issuer, caplog: pytest.LogCaptureFixture
) -> None:
    async with served(SERVICE, settings, issuer) as here, client(here) as user:
        head = (await user.get("/events/head")).json()["position"]
        poll = asyncio.create_task(user.get("/events", params={"lastEventId": head, "timeout": 30_000}))
        await asyncio.sleep(0.2)  # until it waits, which nothing tells
        here.server.handle_exit(signal.SIGINT, None)
        here.server.handle_exit(signal.SIGINT, None)
        answer = await asyncio.wait_for(poll, 5)
        assert (answer.status_code, answer.json()) == (200, [])
        assert not here.server.force_exit
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_a_process_that_only_serves_knows_how_far_the_others_are(settings: Settings, issuer: Issuer) -> None:
    near = settings.model_copy(update={"lag_limit_events": 3})
    async with served(SERVICE, near, issuer, worker=False) as here, client(here) as user:
        for n in range(9):
            assert (await user.put(f"/jars/a/fills/r{n}", json={"amount": 1})).status_code == 201
        assert details(await user.get("/readyz")) == ["projections of jars are 9 events behind"]
        async with running(SERVICE, settings) as worker:
            assert await worker.followers["jars"].reach(9, 5)
            assert (await user.get("/readyz")).json() == {"status": "ok", "reasons": []}
        await worker_failed(here, "reaction:stick-full:jars", "KeyError: 'a fault'")
        ready = await user.get("/readyz")
        assert (ready.status_code, details(ready)) == (503, ["reaction:stick-full:jars: KeyError: 'a fault'"])


async def worker_failed(here: Served, projection: str, failure: str) -> None:
    """Leave a failure as a process that died left it."""
    said = "UPDATE projections.checkpoints SET failure = $2 WHERE projection = $1"
    assert await here.runtime.pool.execute(said, projection, failure) == "UPDATE 1"


async def test_a_service_whose_database_is_away_says_so(
    fresh_database: FreshDatabase, issuer: Issuer, postgres: Embedded
) -> None:
    database = await migrated(await fresh_database("jars"))
    admin = await asyncpg.connect(postgres.admin_dsn)
    try:
        async with served(SERVICE, settings_of(database, issuer), issuer, worker=False) as here, client(here) as user:
            await admin.execute(f"ALTER DATABASE {database.name} ALLOW_CONNECTIONS false")
            await admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", database.name
            )
            ready = await user.get("/readyz")
            assert ready.status_code == 503
            assert [reason["name"] for reason in ready.json()["reasons"]] == ["database-away"]
            assert (await user.get("/livez")).status_code == 200
    finally:
        await admin.close()
