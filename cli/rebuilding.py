"""Rebuilding read models of a running service, with a bar until the new ones are in use or found to differ."""

from __future__ import annotations

import time
from dataclasses import dataclass

from rich.console import Console

from cli.progress import bar
from cli.remote import Answer, Remote

POLL_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be rebuilt: one read model, or all of a service. accept: take the new rows even if they differ."""

    service: str
    projection: str | None
    accept: bool = False


def rebuild_and_wait(remote: Remote, wanted: Wanted, console: Console) -> dict[str, Answer]:
    """Ask for rebuilds and return what became of them, once nothing more happens by itself. Raises RemoteRefused."""
    params = {"projection": wanted.projection} if wanted.projection else {}
    if wanted.accept:
        params["accept"] = "true"
    began = time.monotonic()
    path = f"/{wanted.service}/v1/projections"
    asked = {each["number"] for each in remote.ask("POST", f"{path}/rebuild", params=params).json()}
    with bar(console, f"Rebuilding {wanted.projection or wanted.service}") as tick:
        while True:
            mine = [each for each in remote.read(f"{path}/rebuilds") if each["number"] in asked]
            tick(sum(each["position"] for each in mine), sum(each["wanted"] for each in mine))
            if all(each["state"] != "filling" for each in mine):
                break
            time.sleep(POLL_SECONDS)
    return {
        "service": wanted.service,
        "projections": [each["projection"] for each in mine],
        "events": sum(each["position"] for each in mine),
        "seconds": round(time.monotonic() - began, 2),
        "failures": [_difference(each) for each in mine if each["state"] == "differs"],
        "rebuilds": mine,
    }


def _difference(rebuild: Answer) -> str:
    tables = "; ".join(_table(each) for each in rebuild["differences"])
    return f"{rebuild['projection']} differs as of {rebuild['compared_at']} and stays as it was: {tables}"


def _table(difference: Answer) -> str:
    keys = ", ".join(_key(each) for each in difference["keys"])
    rows = f"{difference['rows']} rows, {difference['new_rows']} in the new build"
    return f"{difference['table']} ({rows}), keys that differ: {difference['differing']}, such as {keys}"


def _key(key: dict[str, Answer]) -> str:
    return " ".join(f"{name}={value}" for name, value in key.items())
