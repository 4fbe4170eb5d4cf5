"""Rebuilding read models of a running service, with a bar until they are whole."""

from __future__ import annotations

import time

from rich.console import Console

from cli.progress import bar
from cli.remote import Remote

POLL_SECONDS = 0.2


def rebuild_and_wait(remote: Remote, service: str, projection: str | None, console: Console) -> dict[str, object]:
    """Begin a rebuild and return when its read models have reached the heads they then had. Raises RemoteRefused."""
    params = {"projection": projection} if projection else {}
    names = remote.ask("POST", f"/{service}/v1/projections/rebuild", params=params).json()
    began = time.monotonic()
    with bar(console, f"Rebuilding {', '.join(names)}") as tick:
        wanted: int | None = None
        while True:
            mine = [
                each for each in remote.ask("GET", f"/{service}/v1/projections").json() if each["projection"] in names
            ]
            failures = [f"{each['projection']}: {each['failure']}" for each in mine if each["failure"]]
            wanted = sum(each["head"] for each in mine) if wanted is None else wanted
            done = sum(each["position"] for each in mine)
            tick(min(done, wanted), wanted)
            if done >= wanted or failures:
                seconds = round(time.monotonic() - began, 2)
                return {
                    "service": service,
                    "projections": names,
                    "events": done,
                    "seconds": seconds,
                    "failures": failures,
                }
            time.sleep(POLL_SECONDS)
