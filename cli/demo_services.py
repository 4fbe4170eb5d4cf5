"""The services of the demo: all four in one process behind one port, on a database that runs, with the sample in them."""

from __future__ import annotations

import asyncio
import hashlib
import json
import socket
from dataclasses import dataclass
from pathlib import Path

import httpx2
import uvloop
from fastapi import FastAPI
from rich.console import Console
from rich.status import Status

from cli import welcome
from cli.demo_options import Options
from cli.embedded import Embedded
from cli.importing.run import import_facts
from cli.installation import open_installation, prepare_all, services, settings_of
from cli.progress import bar
from cli.story import read_story, tell
from cli.together import Together
from cli.tokens import write_private
from regesta.errors import Misconfigured, RegestaError
from regesta.main import create_app
from regesta.reasons import Cause
from regesta.runtime import Service
from regesta.server import Server, server_of

EXAMPLES = Path(__file__).parent.parent / "examples"
SAMPLE = EXAMPLES / "territorial-2023-2024.json"
STORY = EXAMPLES / "contract-13th-series.ndjson"
TOKEN_HOURS = 24 * 30
START_SECONDS = 60.0
MENDED_BY_OPERATORS = {cause.code for cause in (Cause.LOG_CLOSED, Cause.FORKED, Cause.SOURCE_BEHIND)}


@dataclass(frozen=True, slots=True)
class _Place:
    """Where this demo answers."""

    options: Options
    url: str
    token: str
    services: tuple[Service, ...]


def serve_demo(options: Options, database: Embedded, listening: socket.socket, starting: Status) -> None:
    """Prepare the databases, then serve and write the ready file, until interrupted. Raises Misconfigured."""
    url = f"http://{options.host}:{listening.getsockname()[1]}"
    issuer = open_installation(options.data_dir)
    declared = services()
    settings = [settings_of(service, database, issuer, url) for service in declared]
    asyncio.run(prepare_all(declared, database, settings))
    apps = {each.name: create_app(each, its, worker=True) for each, its in zip(declared, settings, strict=True)}
    place = _Place(options, url, issuer.everything(TOKEN_HOURS), tuple(declared))
    uvloop.run(_serve(place, apps, listening, starting))


async def _serve(place: _Place, apps: dict[str, FastAPI], listening: socket.socket, starting: Status) -> None:
    server = server_of(Together(apps), list(apps.values()), place.options.host, 0)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        to_mend = await _until_ready(place, server, serving)
        starting.stop()
        for reason in to_mend:
            starting.console.print(reason, style="yellow", highlight=False)
        if place.options.sample and not to_mend:
            await _import_sample(place, starting.console)
        if place.options.ready_file is not None:
            write_private(place.options.ready_file, json.dumps(_ready(place)))
        welcome.show(place.url, place.token, place.services, starting.console, sample=place.options.sample)
    except BaseException:
        server.should_exit = True
        await asyncio.wait([serving])
        raise
    await serving


async def _until_ready(place: _Place, server: Server, serving: asyncio.Task[None]) -> list[str]:
    """Return when every service says that it is ready, or what only its operator can mend, while it runs.

    Raises Misconfigured, with the reason, when it does not get there.
    """
    reason, to_mend = "the services do not listen yet", []
    try:
        async with asyncio.timeout(START_SECONDS), httpx2.AsyncClient() as client:
            while not server.started:
                if serving.done():
                    await serving
                    raise Misconfigured("the services could not start; the lines above say why")
                await asyncio.sleep(0.02)
            for service in place.services:
                # Asked over HTTP, as anyone would.
                while (answer := await client.get(f"{place.url}{service.prefix}/readyz")).status_code != 200:
                    reasons = answer.json()["reasons"]
                    reason = f"{service.name} is not ready: {'; '.join(each['detail'] for each in reasons)}"
                    if any(each["name"] in MENDED_BY_OPERATORS for each in reasons):
                        to_mend.append(reason)
                        break
                    await asyncio.sleep(0.05)
    except TimeoutError as error:
        raise Misconfigured(f"after {START_SECONDS:.0f} s {reason}") from error
    return to_mend


def _ready(place: _Place) -> dict[str, object]:
    addresses = {service.name: place.url + service.prefix for service in place.services}
    return {"url": place.url, "token": place.token, "services": addresses}


async def _import_sample(place: _Place, console: Console) -> None:
    """Import the sample and its story once; a later start leaves what people made of them alone."""
    done = place.options.data_dir / "sample.sha256"
    wanted = hashlib.sha256(SAMPLE.read_bytes() + STORY.read_bytes()).hexdigest()
    if done.exists() and done.read_text() == wanted:
        return
    try:
        with bar(console, "Importing the sample") as progress:
            await import_facts(SAMPLE, place.url, place.token, note=welcome.NOTE, progress=progress)
        with bar(console, "Recording the contract's story") as progress:
            await tell(read_story(STORY), place.url, place.token, progress=progress)
    except RegestaError as error:
        console.print(f"The sample could not be imported: {error}", style="red")
        return
    write_private(done, wanted)
