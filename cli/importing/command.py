"""`regesta import`: the operator's side of an import, its progress bar and its report."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cli.importing.file import schema
from cli.importing.run import import_facts
from cli.progress import bar

import_app = typer.Typer(help="Import what was read from printed documents.", no_args_is_help=True)


@import_app.callback()
def _imports() -> None:
    """Import what was read from printed documents."""


@import_app.command(epilog="Example: regesta import facts examples/territorial-2023-2024.json --report report.json")
def facts(  # each is an option of the command
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="One file per policy note.")],
    note: Annotated[str | None, typer.Option(help="The note's slug; made from its title when left out.")] = None,
    entity: Annotated[
        str | None, typer.Option(help="Whose budget lines these are; unstated-NOTE when left out.")
    ] = None,
    report: Annotated[Path | None, typer.Option(help="Write the report there, as JSON.")] = None,
    url: Annotated[
        str, typer.Option(envvar="REGESTA_URL", help="Where the services answer.")
    ] = "http://127.0.0.1:8080",
    token: Annotated[str, typer.Option(envvar="REGESTA_TOKEN", help="A bearer token.")] = "",
) -> None:
    """Record the facts of a file. A second import of the same facts records nothing."""
    with bar(Console(stderr=True), "Importing") as progress:
        done = asyncio.run(import_facts(file, url, token, note=note, entity=entity, progress=progress))
    if report is not None:
        report.write_text(json.dumps(done.as_json(), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    Console().print(done.rich())


@import_app.command("schema")
def show_schema() -> None:
    """Print the JSON Schema that a file of facts follows."""
    typer.echo(json.dumps(schema(), ensure_ascii=False, indent=2))
