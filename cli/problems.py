"""Writes the page of all problem types from the error classes: `python -m cli.problems`."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from cli.importing.errors import ImportFailed
from cli.installation import services
from cli.remote import RemoteRefused, RemoteUnreachable
from cli.story import StoryRefused
from regesta.errors import Misconfigured, RegestaError
from regesta.problem import TYPE_BASE, UNFORESEEN

PUBLISHED: Final = Path(__file__).parent.parent / "docs" / "problems.md"
HEAD: Final = f"""# Problem types

What a service answers when it does not do what it was asked: `application/problem+json` whose `type` is
`{TYPE_BASE}` and one of these names. `detail` has the particulars with the offending value; further members
name it for programs. Nothing was recorded, unless the type is `outcome-unknown`. `make docs` writes this page from the error classes.
"""
TABLE: Final = "| type | status | meaning |\n|---|---|---|\n"
COMMAND: Final = """
## The command `regesta`

What the command and a process that is started say themselves, in the same form; no service answers these.

| type | meaning |
|---|---|
"""


def text() -> str:
    """Return the page: the kernel's types, then those of each service."""
    # Importing a service brings its error classes.
    owners = {"every service": "regesta."} | {each.name: f"services.{each.name}." for each in services()}
    parts = [f"\n## {owner[0].upper()}{owner[1:]}\n\n{TABLE}{rows}" for owner, rows in _rows(owners) if rows]
    return "".join([HEAD, *parts, COMMAND, *(f"| `{each.code}` | {_meaning(each)} |\n" for each in of_the_command())])


def _rows(owners: dict[str, str]) -> Iterator[tuple[str, str]]:
    found = sorted(answered(), key=lambda error: (error.status, error.code))
    for owner, prefix in owners.items():
        yield owner, "".join(_row(each) for each in found if each.__module__.startswith(prefix))


def _row(error: type[RegestaError]) -> str:
    return f"| `{error.code}` | {error.status} | {_meaning(error)} |\n"


def _meaning(error: type[RegestaError]) -> str:
    if error is RegestaError:
        return f"{UNFORESEEN[0].upper()}{UNFORESEEN[1:]}."
    return (inspect.getdoc(error) or "").partition("\n")[0]


def of_the_command() -> list[type[RegestaError]]:
    """Return the error classes that only a terminal shows."""
    bases = (ImportFailed, RemoteRefused, RemoteUnreachable, StoryRefused)
    return sorted([Misconfigured, *(each for base in bases for each in answered(base))], key=lambda error: error.code)


def answered(base: type[RegestaError] = RegestaError) -> Iterator[type[RegestaError]]:
    """Yield the error classes that a request can meet, each once."""
    if base is not Misconfigured:
        yield base
        for each in base.__subclasses__():
            yield from answered(each)


if __name__ == "__main__":
    PUBLISHED.write_text(text(), encoding="utf-8")
