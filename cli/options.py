"""Options that several commands share."""

from __future__ import annotations

import re
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

import typer

from cli.tokens import SERVICES

DEFAULT_URL = "http://127.0.0.1:8080"
DEFAULT_DATA = Path(".regesta")
DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _address(url: str) -> str:
    try:
        parts = urlsplit(url)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number
        good = False
    if not good:
        raise typer.BadParameter(f"{url!r} is no address such as {DEFAULT_URL}")
    return url


def service_of(name: str) -> str:
    """Return the name of a service. Raises BadParameter for another name."""
    if name not in SERVICES:
        raise typer.BadParameter(f"{name!r} is no service; there are {', '.join(SERVICES)}")
    return name


def day_of(text: str | None) -> str | None:
    """Return a day such as 2026-06-30, that of Brussels for `today`. Raises BadParameter for what is none."""
    if text is None:
        return None
    if text == "today":
        from regesta.event import BRUSSELS

        return datetime.now(BRUSSELS).date().isoformat()
    try:
        if DAY.fullmatch(text) is None:  # Python reads other forms too, which the services do not
            raise ValueError(text)
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no day such as 2026-06-30, nor today") from error


Url = Annotated[str, typer.Option(envvar="REGESTA_URL", callback=_address, help="Where the services answer.")]
Token = Annotated[str, typer.Option(envvar="REGESTA_TOKEN", help="A bearer token; `regesta token` makes one.")]
Service = Annotated[str, typer.Argument(callback=service_of, help=f"One of {', '.join(SERVICES)}.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
DataDir = Annotated[Path, typer.Option(help="The folder of the embedded installation.")]
AsOf = Annotated[
    str | None,
    typer.Option(
        callback=day_of, help="Only what was recorded by the end of this day in Brussels: YYYY-MM-DD, or today."
    ),
]
