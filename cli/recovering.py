"""Backing up, restoring and recovering the log of a service, each with a bar where a person looks on."""

from __future__ import annotations

import asyncio
from pathlib import Path
from time import sleep
from uuid import UUID

import typer
from rich.console import Console

from cli.databases import owner_dsn, runtime_dsn
from cli.progress import bar
from cli.remote import Answer, Remote, RemoteRefused
from regesta.backup import write_backup
from regesta.errors import NotRecoverable
from regesta.restore import restore_backup

# So long another process is left to itself, when it works on the same recovery.
PAUSE_SECONDS = 0.25


def back_up(service: str, out: Path, data_dir: Path, console: Console) -> Answer:
    """Write a backup of a service's log to a file; return what it holds. Raises Misconfigured."""
    with runtime_dsn(service, data_dir) as dsn, bar(console, f"Backing up {service}") as tick:
        found = asyncio.run(write_backup(dsn, service, out, tick))
    return found.model_dump() | {"file": str(out)}


def restore(service: str, path: Path, data_dir: Path, console: Console) -> Answer:
    """Restore a backup into the empty database of a service; return what it held. Raises what restore_backup does."""
    with owner_dsn(service, data_dir) as dsn, bar(console, f"Restoring {service}") as tick:
        found = asyncio.run(restore_backup(dsn, service, path, tick))
    return found.model_dump() | {"file": str(path)}


def recover(remote: Remote, service: str, console: Console, *, accept_loss: bool) -> Answer:
    """Let a service recover its log until it is open; return how. Raises RemoteRefused, for one when a consumer is missing."""
    before = remote.read(f"/{service}/v1/log")
    position = before["position"]
    with bar(console, f"Recovering {service}") as tick:
        while (now := _step(remote, service, accept_loss=accept_loss))["state"] != "open":
            tick(now["position"] - before["position"], now["wanted"] - before["position"])
            if now["position"] == position:  # another process works on it
                sleep(PAUSE_SECONDS)
            position = now["position"]
        tick(now["position"] - before["position"], now["wanted"] - before["position"])
    return {
        "service": service,
        "was_closed": before["closed"],
        "recovered": now["position"] - before["position"],
        "position": now["position"],
        "log": now["log"],
        "new_log": now["log"] != before["log"],
    }


def _step(remote: Remote, service: str, *, accept_loss: bool) -> Answer:
    """Return how far a recovery is after one step; a loss is accepted only where it is refused to go on without."""
    path = f"/{service}/v1/log/recover"
    try:
        return remote.ask("POST", path).json()
    except RemoteRefused as refused:
        if not accept_loss or not str(refused.problem.get("type")).endswith(f"/{NotRecoverable.code}"):
            raise
    return remote.ask("POST", path, params={"accept_loss": "true"}).json()


def adopt(remote: Remote, consumer: str, source: str, *, ask: bool) -> Answer:
    """Let a consumer follow a source's log as it is now, after a yes; return what that came to. Raises RemoteRefused."""
    path = f"/{consumer}/v1/replicas/{source}"
    fork = remote.read(path)["fork"]
    if fork is not None and ask:
        what = f"{fork['given_up']} events of {source} beyond {fork['position']}"
        typer.confirm(f"Give up in {consumer} {what}, and all that was made of them?", abort=True, err=True)
    # Without a fork it is refused, with the service's own words.
    agreed = {"position": fork["position"], "log": fork["log"]} if fork else {"position": 0, "log": str(UUID(int=0))}
    return remote.ask("POST", f"{path}/adopt", body=agreed).json() | {"consumer": consumer}
