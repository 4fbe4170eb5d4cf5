"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

DEFAULT_URL = "http://127.0.0.1:8080"
DEFAULT_DATA = Path(".regesta")

Url = Annotated[str, typer.Option(envvar="REGESTA_URL", help="Where the services answer.")]
Token = Annotated[str, typer.Option(envvar="REGESTA_TOKEN", help="A bearer token; `regesta token` makes one.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
DataDir = Annotated[Path, typer.Option(help="The folder of the embedded installation.")]
AsOf = Annotated[
    str | None, typer.Option(help="Only what was recorded by the end of this day in Brussels, YYYY-MM-DD.")
]
