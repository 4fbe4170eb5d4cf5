"""What processes tell of themselves arrives at a collector: one trace from a command to the letter's row, and every metric."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import sys
import time
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from uuid import uuid4

import asyncpg
import httpx2
import pytest

from cli.embedded import Embedded
from regesta.broker import Broker
from regesta.database import create_service, migrate
from regesta.main import INTERRUPTED
from regesta.seal import Seal
from regesta.signals import METRICS, SPANS, Kind
from regesta.store import PostgresStore
from regesta.suites import META
from regesta.topic import KafkaPublisher
from regesta.unit import NewEvent, Unit
from tests.conftest import migrations_of
from tests.otlp import Collector
from tests.regesta.jars import REGISTRY, JarFilled
from tests.regesta.seals import Told, seal_of
from tests.regesta.serving import ISSUER, Issuer, until
from tests.regesta.topics import events_in, send
from tests.system.apart import Apart, free_port, running_apart
from tests.system.conftest import folder

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"
OTHER_PARENT = PARENT.replace("0af7", "1af7")
OBJECTIVE = "0193a0de-0000-7000-8000-0000000000aa"
LINE = "apart.33.004.28.01.6321"
TERMINATE_WRITER = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = 'jars' AND query LIKE '%log.append(%'
AND pid <> pg_backend_pid()
"""
# A long time, so that only the end of the process sends them.
NEVER = {"OTEL_BSP_SCHEDULE_DELAY": "600000", "OTEL_METRIC_EXPORT_INTERVAL": "600000"}


@dataclass
class Watched:
    """Services, and the collector to which they send."""

    services: Apart
    collector: Collector


@pytest.fixture(scope="module")
def watched() -> Iterator[Watched]:
    """Run the services; only what a caller sampled is traced."""
    with ExitStack() as stack:
        collector, place = stack.enter_context(Collector().taking()), stack.enter_context(folder())
        environment = collector.environment(OTEL_TRACES_SAMPLER_ARG="0")
        yield Watched(stack.enter_context(running_apart(place, environment)), collector)


@dataclass
class Jars:
    """The jars service in a process of its own."""

    process: Process
    url: str
    token: str

    async def ended(self) -> int:
        """Return the exit code, once it has ended."""
        return await asyncio.wait_for(self.process.wait(), 30)

    def client(self, **headers: str) -> httpx2.AsyncClient:
        """Return a client with the full token."""
        return httpx2.AsyncClient(
            base_url=f"{self.url}/jars/v1", headers={"Authorization": f"Bearer {self.token}", **headers}, timeout=30
        )


@asynccontextmanager
async def jars_process(database: Embedded, role: str, more: Mapping[str, str]) -> AsyncIterator[Jars]:
    """Run jars in a process with further variables; killed at the end when it still runs."""
    await create_service(database.admin_dsn, "jars", database.passwords("jars"))
    with folder() as place:
        issuer, port = Issuer(place), free_port()
        environment = {
            **os.environ, "REGESTA_DATABASE_URL": database.dsn("jars"), "REGESTA_OWNER_URL": database.dsn("jars", "owner"),
            "REGESTA_ISSUER": ISSUER, "REGESTA_JWKS": str(issuer.jwks), "REGESTA_PORT": str(port), **more,
        }  # fmt: skip

        async def run(role: str) -> Process:
            command = (sys.executable, "-m", "tests.faults.service", role)
            return await asyncio.create_subprocess_exec(*command, env=environment, stdout=DEVNULL, stderr=DEVNULL)

        assert await (await run("migrate")).wait() == 0
        process = await run(role)
        try:
            yield Jars(process, f"http://127.0.0.1:{port}", issuer.token())
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


async def serves(jars: Jars) -> None:
    """Wait until it is ready."""

    async def ready() -> bool:
        try:
            async with jars.client() as user:
                return (await user.get("/readyz")).status_code == 200
        except httpx2.HTTPError:
            return False

    await until(ready, 30)


def test_one_trace_leads_from_the_put_to_the_row_of_the_letter(watched: Watched) -> None:
    services = watched.services
    with services.client("objectives") as client:
        assert client.put("/objectives/v1/notes/apart", json={"title": {"fr": "Note"}}).status_code == 201
        body = {"level": "strategic", "code": "1", "title": {"fr": "But", "nl": "Doel"}}
        assert client.put(f"/objectives/v1/notes/apart/objectives/{OBJECTIVE}", json=body).status_code == 201
    with services.client("budget") as client:
        assert client.put(f"/budget/v1/lines/{LINE}", json={}).status_code == 201
    with services.client("budget", traceparent=PARENT) as client:
        path, body = f"/budget/v1/objectives/{OBJECTIVE}/lines/{OBJECTIVE}", {"line": LINE}
        answer = client.put(path, json=body | {"section": {"year": 2024, "kind": "planned"}})
        assert answer.status_code == 201, answer.text
    (name,) = answer.json()["events"]
    with services.client("reporting") as client:
        letter = client.get("/reporting/v1/letters/apart/2024", params={"at_least": name}).json()
    assert name in str(letter["letter"])

    position = int(name.partition(":")[2])
    wanted = {
        ("regesta-budget", "decide assign-line"), ("regesta-budget", "append"), ("regesta-budget", "feed"),
        ("regesta-reporting", "intake"), ("regesta-reporting", "project"),
    }  # fmt: skip
    watched.collector.until(
        lambda collector: wanted <= {(span.service, span.name) for span in collector.in_trace(TRACE)}
    )
    (put,) = [span for span in watched.collector.spans if span.trace == TRACE and span.name.startswith("PUT ")]
    for span in watched.collector.in_trace(TRACE):
        assert span.parent == put.id, span.name
        if not span.name.startswith("decide"):
            assert span.links == (TRACE,), span.name
        if "regesta.first" in span.attributes:
            assert span.attributes["regesta.source"] == "budget"
            assert int(span.attributes["regesta.first"]) <= position <= int(span.attributes["regesta.last"])


async def test_every_span_and_metric_that_arrives_is_declared_and_every_declared_one_arrives(
    watched: Watched, kafka: str
) -> None:
    collector, database = watched.collector, watched.services.database
    broker, forged = (Broker(kafka, f"test-{uuid4().hex[:12]}", {}) for _ in range(2))
    async with jars_process(database, "all", collector.environment(**over(broker))) as jars, AsyncExitStack() as stack:
        await serves(jars)
        await cause_everything(jars, database)
        await forge(broker, forged, await seal_of(database.dsn("jars")))
        await stack.enter_async_context(reader_process(database, jars, collector.environment(**over(forged))))
        with watched.services.client("budget", traceparent=OTHER_PARENT) as client:
            assert client.put(f"/budget/v1/lines/{LINE[:-1]}2", json={}).status_code == 201
        metrics, spans = {metric.name: metric for metric in METRICS}, {span.named(): span for span in SPANS}
        collector.until(lambda found: metrics.keys() <= {each.name for each in found.metrics})
        collector.until(lambda found: spans.keys() <= {first_word(each.name) for each in found.spans})
        collector.until(lambda found: not wrong_counts(found))
    kinds = {"sum": Kind.COUNTER, "histogram": Kind.HISTOGRAM, "gauge": Kind.GAUGE}
    for value in collector.metrics:
        if value.scope == "regesta":
            declared = metrics[value.name]
            assert (kinds[value.kind], value.unit) == (declared.kind, declared.unit), value
            assert value.attributes.keys() == set(declared.attributes), value
    for span in collector.spans:
        if span.scope.startswith("regesta"):
            mine = {name for name in span.attributes if name.startswith("regesta.")}
            assert mine == set(spans[first_word(span.name)].attributes), span


def wrong_counts(found: Collector) -> dict[str, float | None]:
    """Return the newest values that are not those of what was caused; they arrive one after the other."""
    exact = {
        "regesta.projection.unknown": {"projection": "levels", "type": "mystery.v1"},
        "regesta.append.refused": {"status": "key"},
        "regesta.projection.lag": {"projection": "levels"},
        "regesta.ready.reasons": {"cause": "database-away"},
    }
    values = {name: newest(found, name, **attributes) for name, attributes in exact.items()}
    wanted = dict(zip(exact, (2, 1, 0, 0), strict=True))
    # How often it was tried again is the machine's own affair.
    values["conflicts"] = min(newest(found, "regesta.append.refused", status="conflict") or 0, 1)
    values["retries"] = min(newest(found, "regesta.append.retries") or 0, 1)
    wanted |= {"conflicts": 1, "retries": 1}
    return {name: value for name, value in values.items() if value != wanted[name]}


def newest(found: Collector, name: str, **attributes: str) -> float | None:
    """Return the value of jars that came last; None when none came."""
    return next(reversed(found.values(name, service="jars", **attributes)), None)


def first_word(name: str) -> str:
    """Return the part of a span's name that is the same in all of its kind, as Span.named says it."""
    return re.sub(r"^(decide|react) .*", r"\1 ", name)


async def cause_everything(jars: Jars, database: Embedded) -> None:
    """Let everything happen that a metric counts."""
    fill = JarFilled(ref="beside", amount=1)
    async with jars.client() as user, PostgresStore("jars", database.dsn("jars"), REGISTRY) as beside:
        full = await user.put("/jars/a/fills/first", json={"amount": 900})
        assert full.status_code == 201  # which the reaction labels
        await until(lambda: at_version(beside, 2))
        outside = NewEvent("jar/a", 3, fill.name, META, fill.model_dump_json())
        unknown = [NewEvent("jar/z", version, "mystery.v1", META, "{}") for version in (1, 2)]
        await beside.append(Unit({"jar/a": 2}, [outside]))
        await beside.append(Unit({"jar/z": 0}, unknown))
        assert (await user.put("/jars/a/fills/conflict", json={"amount": 1})).status_code == 201
        for code in (201, 200):
            keyed = await user.put("/jars/b/fills/r", json={"amount": 1}, headers={"Idempotency-Key": "k"})
            assert keyed.status_code == code
        admin = await asyncpg.connect(database.admin_dsn)
        assert await admin.fetchval(TERMINATE_WRITER) >= 1
        await admin.close()
        assert (await user.put("/jars/b/fills/lost", json={"amount": 1})).status_code == 201
        assert (await user.get("/events")).status_code == 200


def over(broker: Broker) -> dict[str, str]:
    """Return the variables of a process that passes events over a broker."""
    return {
        "REGESTA_CARRIER": "kafka", "REGESTA_KAFKA_BOOTSTRAP": broker.bootstrap, "REGESTA_KAFKA_PREFIX": broker.prefix,
    }  # fmt: skip


async def forge(broker: Broker, forged: Broker, seal: Seal) -> None:
    """Make another topic of jars, with a record that is no event, and a single event of those that are published."""

    async def some_are_there() -> bool:
        return len(await events_in(broker, seal=seal)) > 1

    await until(some_are_there, 30)
    publisher = KafkaPublisher(forged, "jars", REGISTRY, Told(seal, seal))
    await publisher.open()
    await send(forged, b"no event")
    await publisher.publish((await events_in(broker, seal=seal))[-1:])
    await publisher.close()


@asynccontextmanager
async def reader_process(database: Embedded, jars: Jars, more: Mapping[str, str]) -> AsyncIterator[None]:
    """Run a service that takes in jars in a process of its own; killed at the end."""
    await create_service(database.admin_dsn, "shelves", database.passwords("shelves"))
    await migrate(database.dsn("shelves", "owner"), "shelves", migrations_of("shelves"))
    with folder() as place:
        (place / "token").write_text(jars.token)
        environment = {
            **os.environ, "REGESTA_DATABASE_URL": database.dsn("shelves"), "REGESTA_ISSUER": ISSUER,
            "REGESTA_JWKS": str(Issuer(place).jwks), "REGESTA_TOKEN_FILE": str(place / "token"),
            "REGESTA_SOURCES": json.dumps({"jars": jars.url}), **more,
        }  # fmt: skip
        command = (sys.executable, "-m", "tests.faults.reader", "worker")
        process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=DEVNULL, stderr=DEVNULL)
        try:
            yield
        finally:
            process.kill()
            await process.wait()


async def at_version(store: PostgresStore, version: int) -> bool:
    """Return whether the first jar is at this version."""
    return len((await store.tails({"jar/a": 0}))["jar/a"]) == version


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
async def test_a_process_that_is_told_to_end_sends_its_last_spans_and_metrics(watched: Watched, end: int) -> None:
    with Collector().taking() as collector:
        async with jars_process(watched.services.database, "all", collector.environment(**NEVER)) as jars:
            await serves(jars)
            async with jars.client(traceparent=PARENT) as user:
                assert (await user.put(f"/jars/last/fills/{end}", json={"amount": 1})).status_code == 201
            assert collector.in_trace(TRACE) == []
            jars.process.send_signal(end)
            # 0 where whoever started this ignores SIGINT, as a shell does for what it runs in the background.
            assert (
                await jars.ended()
                in {signal.SIGTERM: {-signal.SIGTERM}, signal.SIGINT: {0, INTERRUPTED}}[signal.Signals(end)]
            )
        assert "decide fill" in {span.name for span in collector.in_trace(TRACE)}
        assert max(collector.values("regesta.append.batch.units", service="jars")) >= 1


async def test_a_worker_that_is_told_to_end_sends_its_last_spans(watched: Watched) -> None:
    with Collector().taking() as collector:
        async with jars_process(watched.services.database, "worker", collector.environment(**NEVER)) as jars:
            store = PostgresStore("jars", watched.services.database.dsn("jars"), REGISTRY)
            async with store:
                fill = JarFilled(ref="worker", amount=1)
                meta = META.replace("{", f'{{"traceparent":"{PARENT}",', 1)
                await store.append(Unit({"jar/w": 0}, [NewEvent("jar/w", 1, fill.name, meta, fill.model_dump_json())]))
                head = (await store.head("jars")).position
                folded = "SELECT position >= $1 FROM projections.checkpoints WHERE projection = 'levels'"
                await until(lambda: store.pool.fetchval(folded, head), 30)
            jars.process.terminate()
            assert await jars.ended() == 0
        assert "project" in {span.name for span in collector.in_trace(TRACE)}


@contextmanager
def deaf() -> Iterator[str]:
    """Listen where nobody ever answers; give the address."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


async def test_a_collector_that_does_not_answer_holds_up_no_end(watched: Watched) -> None:
    with deaf() as url:
        environment = Collector(url=url).environment()
        async with jars_process(watched.services.database, "all", environment) as jars:
            await serves(jars)
            began = time.monotonic()
            jars.process.terminate()
            await jars.ended()
        assert time.monotonic() - began < 10
