"""`regesta import`: facts read from a printed note, and files of commands.

The importer is imported when it runs: `--help` does not wait for it.
"""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console

from cli.options import DEFAULT_URL, AsJson, Token, Url
from cli.output import write
from cli.progress import bar
from cli.remote import usable
from cli.story import read_story, tell

import_app = typer.Typer(no_args_is_help=True, help="Record what files hold, through the public bulk routes.")
console = Console()
errors = Console(stderr=True)

File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)]


def _is_slug(text: str, longest: int) -> bool:
    from contracts.types import SLUG

    return len(text) <= longest and re.fullmatch(SLUG, text) is not None


def _note(slug: str | None) -> str | None:
    from contracts.types import LONGEST_NAME

    if slug is not None and not _is_slug(slug, LONGEST_NAME):
        raise typer.BadParameter(f"{slug!r} is no slug of a note, such as 'sport'")
    return slug


def _entity(slug: str | None) -> str | None:
    from contracts.allocation import LONGEST_ENTITY

    if slug is not None and not _is_slug(slug, LONGEST_ENTITY):
        raise typer.BadParameter(f"{slug!r} is no name of an entity, such as 'urban-brussels'")
    return slug


@import_app.command(epilog="Example: regesta import facts note.json --note sport --report report.json")
def facts(
    file: File,
    note: Annotated[
        str | None, typer.Option(callback=_note, help="The note's slug; made from its title otherwise.")
    ] = None,
    entity: Annotated[
        str | None, typer.Option(callback=_entity, help="The entity whose budget lines these are, when it is known.")
    ] = None,
    remap: Annotated[
        bool, typer.Option("--remap", help="Correct what was imported before and is read otherwise by this release.")
    ] = False,
    report: Annotated[Path | None, typer.Option(help="Also write the report here, as JSON.")] = None,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    token: Token = "",
) -> None:
    """Import the facts of one policy note.

    A second import of the same file records nothing. Exit code 1 when a piece was refused.
    """
    from cli.importing.run import import_facts

    usable(token)
    if report is not None:
        _require_writable(report)
    with bar(errors, f"Importing {file.name}") as progress:
        found = asyncio.run(import_facts(file, url, token, note=note, entity=entity, remap=remap, progress=progress))
    document = orjson.dumps(found.as_json(), option=orjson.OPT_INDENT_2) + b"\n"
    if report is not None:
        report.write_bytes(document)
    if as_json:
        write(document)
    else:
        console.print(found.rich())
        console.print(f"Note {found.note}", highlight=False)
    if found.totals()["refused"]:
        raise typer.Exit(1)


def _require_writable(report: Path) -> None:
    """Raise OSError when a file cannot be written there, before anything is sent. Leaves what is there, and no new file."""
    is_new = not report.exists()
    report.open("ab").close()
    if is_new:
        report.unlink()


@import_app.command(epilog="Example: regesta import commands examples/contract-13th-series.ndjson")
def commands(file: File, url: Url = DEFAULT_URL, token: Token = "") -> None:
    """Record the commands of an NDJSON file, in its order.

    Each line is `{"service", "command", "key", "data"}`.
    """
    story = read_story(file)
    with bar(errors, f"Recording {file.name}") as progress:
        told = asyncio.run(tell(story, url, usable(token), progress=progress))
    console.print(f"{told} commands are recorded.")
