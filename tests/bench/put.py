"""A PUT that records one event: the CPU time of the serving process, beside a bare FastAPI route."""

from __future__ import annotations

import asyncio
import json
import os
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx2

from cli.tokens import Issuer
from regesta.identity import uuid7
from tests.bench.ground import Ground
from tests.bench.jobs import cpu_seconds, family
from tests.bench.load import Clock
from tests.bench.rows import Figures, Row, at_most
from tests.bench.serving import HERE, HOURS, Server, environment, free_port, started

CALLERS = 8
REQUESTS = 3_000
NOBODY = json.dumps({"objectives": f"http://{HERE}:1"})
EXPORT_MILLISECONDS = "1000"
EXPORT_SECONDS = 30
BODY = {"label": {"fr": "Ligne du banc d’essai", "nl": "Lijn van de proefbank"}}


class Spans:
    """Takes what an OTLP exporter sends, on a port of its own. requests: how many came."""

    def __init__(self) -> None:
        self.requests = 0
        spans = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                spans.requests += 1
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_arguments: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer((HERE, 0), Handler)
        self.url = f"http://{HERE}:{self._server.server_address[1]}"

    def every_one(self) -> dict[str, str]:
        """Return the variables of a process that sends every span here."""
        return {
            "OTEL_TRACES_SAMPLER_ARG": "1.0",
            "OTEL_EXPORTER_OTLP_ENDPOINT": self.url,
            "OTEL_BSP_SCHEDULE_DELAY": EXPORT_MILLISECONDS,
        }

    @contextmanager
    def taking(self) -> Iterator[None]:
        """Take spans meanwhile."""
        thread = threading.Thread(target=self._server.serve_forever)
        thread.start()
        try:
            yield
        finally:
            self._server.shutdown()
            thread.join()
            self._server.server_close()


async def rows(ground: Ground) -> AsyncIterator[Row]:
    """Yield the rows of the PUT."""
    spans = Spans()
    async with AsyncExitStack() as stack:
        stack.enter_context(spans.taking())
        stack.enter_context(on_core(0))
        issuer = Issuer(ground.folder / "keys")
        usual = await stack.enter_async_context(budget(ground, issuer, {}))
        traced = await stack.enter_async_context(budget(ground, issuer, spans.every_one()))
        port = free_port()
        bare = await stack.enter_async_context(started(["-m", "tests.bench.bare", str(port)], {}, port, "/livez"))
        servers = {"usual": usual, "traced": traced, "bare": bare}
        for server in servers.values():
            pin(server.pid, 1)
        clients = {name: await stack.enter_async_context(client(server, issuer)) for name, server in servers.items()}
        database = ground.templates.server.server_pid()
        for name, server in servers.items():
            await put(
                clients[name], server.pid, ground.size(REQUESTS // 10, 8), database
            )  # what is made at a first request
        requests = ground.size(REQUESTS, 160)
        trials = await ground.trials(
            {name: partial(put, clients[name], server.pid, requests, database) for name, server in servers.items()}
        )
        async with asyncio.timeout(EXPORT_SECONDS):
            while not spans.requests:  # noqa: ASYNC110 - counted in another thread
                await asyncio.sleep(0.1)
    bar, name = "bare FastAPI route", "PUT that records an event"
    cpu, bare_cpu = trials.of("usual", "server us"), trials.of("bare", "server us")
    yield Row(f"{name}: CPU of the service", cpu, "µs/request", bar, bare_cpu, at_most(2.2), 0)
    every = trials.of("traced", "server us")
    yield Row(f"{name}, every span exported: CPU", every, "µs/request", bar, bare_cpu, None, 0)
    of_database, its = trials.of("usual", "database us"), f"{name}: CPU of PostgreSQL"
    yield Row(its, of_database, "µs/request", "CPU of the service", cpu, None, 0)
    yield Row(name, trials.of("usual", "rate"), "requests/s", bar, trials.of("bare", "rate"), None, 0)
    yield Row(f"{name}: p99", trials.of("usual", "p99 ms"), "ms", bar, trials.of("bare", "p99 ms"), None, 0)


@asynccontextmanager
async def budget(ground: Ground, issuer: Issuer, variables: Mapping[str, str]) -> AsyncIterator[Server]:
    """Serve the commands of budget on a database of its own, one worker."""
    async with ground.database("budget") as database:
        port = free_port()
        # Nothing here asks objectives for anything.
        told = environment("budget", database, issuer) | {"REGESTA_SOURCES": NOBODY, "REGESTA_PORT": str(port)}
        told |= variables
        async with started(["-m", "services.budget", "api"], told, port, "/budget/v1/livez") as server:
            yield server


def client(server: Server, issuer: Issuer) -> httpx2.AsyncClient:
    """Return a client of a server; the plain one does not look at the token."""
    headers = {"Authorization": f"Bearer {issuer.everything(HOURS)}"}
    return httpx2.AsyncClient(base_url=server.url, headers=headers, timeout=60)


async def put(to: httpx2.AsyncClient, pid: int, requests: int, database: int) -> Figures:
    """Open so many budget lines by 8 callers, each with a key. pid, database: whose CPU is told, the service and PostgreSQL."""
    clock = Clock()

    async def caller(mine: int) -> None:
        for _ in range(mine):
            line, key = f"bench-{uuid7().hex}.33.004.28.01.6321", {"Idempotency-Key": str(uuid7())}
            began = time.perf_counter()
            answer = await to.put(f"/budget/v1/lines/{line}", json=BODY, headers=key)
            clock.took.append(time.perf_counter() - began)
            assert answer.status_code == 201, answer.text

    before, database_before = cpu_seconds(pid), sum(map(cpu_seconds, family(database)))
    with clock.running():
        await asyncio.gather(*(caller(requests // CALLERS) for _ in range(CALLERS)))
    spent, database_spent = cpu_seconds(pid) - before, sum(map(cpu_seconds, family(database))) - database_before
    each = 1e6 / len(clock.took)
    return {**clock.figures(), "server us": spent * each, "database us": database_spent * each}


@contextmanager
def on_core(core: int) -> Iterator[None]:
    """Keep this process on one core meanwhile, where there are two."""
    cores = os.sched_getaffinity(0)
    pin(0, core)
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def pin(pid: int, core: int) -> None:
    """Keep a process on one of its cores, counted from 0, where it has so many."""
    cores = sorted(os.sched_getaffinity(0 if pid == 0 else pid))
    if core < len(cores):
        os.sched_setaffinity(pid, {cores[core]})
