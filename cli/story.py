"""A file of commands for several services, recorded in its order through their bulk routes."""

from __future__ import annotations

import json
from itertools import groupby
from pathlib import Path

import httpx2

from cli.progress import Tick
from cli.remote import RemoteRefused, RemoteUnreachable
from cli.tokens import SERVICES
from regesta.errors import RegestaError


class StoryRefused(RegestaError):
    """A file of commands that cannot be read; nothing was sent."""

    code = "story-refused"
    status = 422


def read_story(path: Path) -> list[dict[str, object]]:
    """Return the commands of an NDJSON file, each `{"service", "command", "key", "data"}`. Raises StoryRefused."""
    try:
        lines = path.read_text().splitlines()
    except UnicodeDecodeError as error:
        raise StoryRefused(f"{str(path)!r} is no UTF-8 text: {error.reason} at byte {error.start}") from error
    return [_command(number, line) for number, line in enumerate(lines, start=1) if line.strip()]


def _command(number: int, line: str) -> dict[str, object]:
    try:
        command = json.loads(line)
    except ValueError as error:
        raise StoryRefused(f"line {number} is no JSON: {error}", line=number) from error
    if not isinstance(command, dict) or command.get("service") not in SERVICES:
        raise StoryRefused(f"line {number} names none of the services {', '.join(SERVICES)}", line=number)
    return command


async def tell(lines: list[dict[str, object]], url: str, token: str, *, progress: Tick) -> int:
    """Record the commands of a story in its order; return how many there are.

    The keys make it safe to tell a story twice. Raises RemoteRefused at the first command that is refused.
    """
    done = 0
    async with httpx2.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=60) as client:
        for service, run in groupby(lines, key=lambda line: str(line["service"])):
            commands = list(run)
            body = "".join(_line(command) for command in commands)
            await _post(client, f"/{service}/v1/commands", body.encode())
            done += len(commands)
            progress(done, len(lines))
    return done


def _line(command: dict[str, object]) -> str:
    members = {name: value for name, value in command.items() if name != "service"}
    return json.dumps(members, ensure_ascii=False) + "\n"


async def _post(client: httpx2.AsyncClient, path: str, body: bytes) -> None:
    try:
        answer = await client.post(path, content=body, headers={"Content-Type": "application/x-ndjson"})
    except httpx2.HTTPError as error:
        raise RemoteUnreachable(f"{path} does not answer: {error}") from error
    if answer.status_code != 200:
        raise RemoteRefused(answer.json())
    for result in map(json.loads, answer.text.splitlines()):
        if "problem" in result:
            raise RemoteRefused(result["problem"])
