"""What a service holds of another log is offered like that log's own feed; its own log is recovered over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from io import StringIO

import asyncpg
import httpx2
import pytest
from rich.console import Console

from cli import recovering
from cli.remote import Remote
from regesta import bus
from regesta.bus import Seen
from regesta.cloudevents import digest
from regesta.errors import Forked, SourceUnreachable
from regesta.recovery import Recovered
from regesta.runtime import Service
from regesta.source import FeedClient
from regesta.unit import Head
from tests.conftest import Database, FreshDatabase
from tests.regesta import jars
from tests.regesta.serving import Issuer, Served, client, served, settings_of, taking_in, until

SHELVES: Service = replace(
    taking_in(*jars.EVENTS, source="jars"),
    name="kpi", projections=(), reactions=(), routers=(), aggregates=(), rules=(), routes=(),
)  # fmt: skip


@pytest.fixture
async def jars_database(reused_database: FreshDatabase) -> Database:
    return await reused_database("jars")


@pytest.fixture
async def source(jars_database: Database, issuer: Issuer) -> AsyncIterator[Served]:
    async with served(jars.SERVICE, settings_of(jars_database, issuer), issuer) as running:
        yield running


@pytest.fixture
async def consumer(source: Served, reused_database: FreshDatabase, issuer: Issuer) -> AsyncIterator[Served]:
    """Serve another service, which takes in jars."""
    database = await reused_database("kpi")
    root = source.url.removesuffix("/jars/v1")
    async with served(SHELVES, settings_of(database, issuer, {"jars": root}), issuer) as running:
        yield running


async def fill(user: httpx2.AsyncClient, jar: str, amount: int) -> httpx2.Response:
    return await user.put(f"/jars/{jar}/fills/first", json={"amount": amount})


async def copied(source: Served, consumer: Served) -> int:
    """Return the head of the source, once the consumer holds it."""
    head = (await source.runtime.store.head("jars")).position
    assert await consumer.runtime.store.wait("jars", head - 1, 5)
    return head


async def test_a_replica_is_read_as_the_log_it_is_of(source: Served, consumer: Served, issuer: Issuer) -> None:
    async with client(source) as user:
        await fill(user, "a", 1)
    head = await copied(source, consumer)
    async with httpx2.AsyncClient() as http:
        replica = FeedClient(http, f"{consumer.url}/replicas/jars", issuer.token("events:read"), jars.REGISTRY)
        own = FeedClient(http, source.url, issuer.token("events:read"), jars.REGISTRY)
        assert await replica.head() == await own.head()
        assert await replica.fetch(Seen(1), 10, 0) == await own.fetch(Seen(1), 10, 0)
        first = (await own.fetch(Seen(0), 1, 0)).events[0]
        assert (await replica.fetch(Seen(1, first.log, digest(first)), 10, 0)).position == head
        with pytest.raises(Forked):
            await replica.fetch(Seen(1, first.log, "0" * 32), 10, 0)


async def test_a_replica_of_which_nothing_has_arrived(reused_database: FreshDatabase, issuer: Issuer) -> None:
    settings = settings_of(await reused_database("kpi"), issuer, {"jars": "http://127.0.0.1:1"})
    async with served(SHELVES, settings, issuer) as running, httpx2.AsyncClient() as http:
        replica = FeedClient(http, f"{running.url}/replicas/jars", issuer.token("events:read"), jars.REGISTRY)
        assert await replica.head() == Head(0, None, None)
        with pytest.raises(SourceUnreachable):
            await replica.fetch(Seen(0), 10, 0)


async def test_who_may_read_replicas_and_recover(source: Served, consumer: Served, issuer: Issuer) -> None:
    asked = [
        (consumer, "GET", "/replicas/jars/events", "events:read:jar-filled", 403),
        (consumer, "GET", "/replicas/jars/events/head", "jars:read", 403),
        (consumer, "GET", "/replicas/shelves/events/head", "events:read", 404),
        (source, "GET", "/log", "events:read", 403),
        (source, "POST", "/log/recover", "jars:read", 403),
    ]
    for service, method, path, scope, status in asked:
        async with client(service, Authorization=f"Bearer {issuer.token(scope)}") as user:
            answer = await user.request(method, path)
            assert (answer.status_code, answer.json()["status"]) == (status, status), path


async def lose(database: Database, after: int) -> None:
    """Take away the end of a log, as a restore does that nobody has noticed yet."""
    admin = await asyncpg.connect(database.admin_dsn)
    try:
        await admin.execute(f"DELETE FROM log.events WHERE position > {after}")
    finally:
        await admin.close()


@asynccontextmanager
async def asking(database: Database, consumer: Served) -> AsyncIterator[Served]:
    """Serve a second process of jars, which knows its consumer."""
    root = consumer.url.removesuffix("/kpi/v1")
    settings = settings_of(database, consumer.issuer).model_copy(update={"consumers": {"kpi": root}})
    async with served(jars.SERVICE, settings, consumer.issuer, worker=False) as running:
        yield running


async def beyond(source: Served, position: int, log: str | None) -> httpx2.Response:
    """Ask for what follows on a position that a log may not have."""
    async with client(source) as reader:
        return await reader.get("/events", params={"lastEventId": position, "log": str(log), "digest": "0" * 32})


async def closed(source: Served) -> bool:
    async with client(source) as user:
        return (await user.get("/log")).json()["closed"] is not None


def details(answer: httpx2.Response) -> list[str]:
    return [each["detail"] for each in answer.json()["reasons"]]


@pytest.fixture
def short_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let intakes that start later ask again soon."""
    monkeypatch.setattr(bus, "POLL_SECONDS", 0.1)


@pytest.mark.usefixtures("short_polls")
async def test_a_poll_from_beyond_the_end_closes_the_log(
    source: Served, consumer: Served, jars_database: Database
) -> None:
    """The consumer waits; what it holds is not given up."""
    async with (
        client(source) as user, client(consumer) as other, asking(jars_database, consumer) as second,
    ):  # fmt: skip
        for jar in "abc":
            await fill(user, jar, 1)
        head = await copied(source, consumer)
        log = (await source.runtime.store.head("jars")).log
        await lose(jars_database, head - 2)
        assert (await beyond(second, head, log)).status_code == 409
        await until(lambda: closed(source))
        refused = await fill(user, "d", 1)
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
        assert refused.json()["type"].endswith("/log-behind")
        ready = await user.get("/readyz")
        assert (ready.status_code, details(ready)) == (
            503,
            [f"the log is closed: it lacks events, kpi holds it up to {head}; see `regesta recover jars`"],
        )
        told = f"'jars' ends at {head - 2}, before {head}; it lacks what this replica holds, see `regesta recover jars`"

        async def told_by_the_consumer() -> bool:
            ready = await other.get("/readyz")
            return (ready.status_code, details(ready)) == (503, [f"intake of jars: {told}"])

        await until(told_by_the_consumer)
        assert (await consumer.runtime.store.head("jars")).position == head


async def test_a_reader_is_not_believed_when_no_consumer_holds_more(
    source: Served, consumer: Served, jars_database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    async with client(source) as user, asking(jars_database, consumer) as second:
        await fill(user, "a", 1)
        await copied(source, consumer)
        log = (await source.runtime.store.head("jars")).log
        assert (await beyond(second, 2**62, log)).status_code == 409
        await until(lambda: _told(caplog))
        assert not await closed(source)
        assert (await fill(user, "b", 1)).status_code == 201


async def _told(caplog: pytest.LogCaptureFixture) -> bool:
    return "a reader claims more of this log than there is; no consumer that answers holds more" in caplog.messages


async def test_consumers_are_asked_only_for_a_reader_of_this_whole_log(
    source: Served, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    heeded: list[str] = []
    monkeypatch.setattr(source.runtime.guard, "heed", lambda: heeded.append("claim"))
    log = str((await source.runtime.store.head("jars")).log)
    asked: list[tuple[str, dict[str, str], bool]] = [
        ("events:read:jar-filled", {"type": "jar-filled", "log": log}, False),
        ("events:read", {"log": "01900000-0000-7000-8000-000000000000"}, False),
        ("events:read", {}, False),
        ("events:read", {"log": log}, True),
    ]
    for scope, params, heeds in asked:
        async with client(source, Authorization=f"Bearer {issuer.token(scope)}") as reader:
            answer = await reader.get("/events", params={"lastEventId": "99", **params})
            assert (answer.status_code, bool(heeded)) == (409, heeds)


async def test_a_log_is_recovered_over_http(
    source: Served, consumer: Served, jars_database: Database, issuer: Issuer
) -> None:
    """By a process that knows its consumers, for all processes of the service."""
    async with client(source, Authorization=f"Bearer {issuer.token(roles=['operator'])}") as operator:
        await fill(operator, "a", 9)
        head = await copied(source, consumer)
        await lose(jars_database, head - 2)
        await source.runtime.pool.execute("SELECT log.close('restored', NULL, NULL)")
        async with asking(jars_database, consumer) as second, httpx2.AsyncClient() as http:
            answer = await http.post(f"{second.url}/log/recover", headers=operator.headers)
            assert (answer.status_code, answer.json()["state"], answer.json()["position"]) == (200, "open", head)
        log = (await operator.get("/log")).json()
        assert (log["position"], log["closed"]) == (head, None)
        assert (await fill(operator, "b", 1)).status_code == 201


async def test_what_was_decided_on_lost_facts_is_decided_anew(
    source: Served, jars_database: Database, issuer: Issuer
) -> None:
    async with client(source, Authorization=f"Bearer {issuer.token(roles=['operator'])}") as operator:
        await fill(operator, "a", 800)
        assert (await operator.put("/jars/a/fills/more", json={"amount": 800})).status_code == 409
        await lose(jars_database, 1)
        await source.runtime.pool.execute("SELECT log.close('restored', NULL, NULL)")
        assert (await operator.post("/log/recover?accept_loss=true")).json()["state"] == "open"

        async def filled_again() -> bool:
            answer = await operator.put("/jars/a/fills/more", json={"amount": 800})
            assert answer.status_code in {201, 409}
            return answer.status_code == 201

        await until(filled_again)


async def commanded(source: Served, monkeypatch: pytest.MonkeyPatch, steps: list[Recovered]) -> list[object]:
    """Return whether each step that `regesta recover --accept-loss` asked for accepts a loss, and how long it paused.

    steps: what the first ones come to; the others are those of the service.
    """
    seen: list[object] = []
    real = source.runtime.recovery.step

    async def step(by: str, *, accept_loss: bool = False) -> Recovered:
        seen.append(accept_loss)
        return steps.pop(0) if steps else await real(by, accept_loss=accept_loss)

    monkeypatch.setattr(source.runtime.recovery, "step", step)
    monkeypatch.setattr(recovering, "sleep", seen.append)
    remote = Remote(source.url.removesuffix("/jars/v1"), source.issuer.token(roles=["operator"]))
    console = Console(file=StringIO())
    await asyncio.to_thread(recovering.recover, remote, "jars", console, accept_loss=True)
    return seen


async def test_a_loss_is_accepted_only_where_recovering_is_refused(
    source: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    await source.runtime.pool.execute("SELECT log.close('restored', NULL, NULL)")
    assert await commanded(source, monkeypatch, []) == [False, True]
    assert await commanded(source, monkeypatch, []) == [False], "an open log"


async def test_who_recovers_beside_another_process_pauses_while_nothing_moves(
    source: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = (await source.runtime.store.head("jars")).position
    steps = [Recovered("recovering", "", position, 9) for position in (head, head + 1, head + 1)]
    assert await commanded(source, monkeypatch, steps) == [False, 0.25, False, False, 0.25, False]
