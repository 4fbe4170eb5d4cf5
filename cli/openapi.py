"""Writes the OpenAPI document of each service: `python -m cli.openapi`. Needs no database: nothing is started.

A change that breaks what clients rely on is refused, and told what to do instead.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final, TypeAlias

from pydantic import SecretStr

from cli.installation import services
from cli.tokens import AUDIENCE, ISSUER
from contracts.generate import OPENAPI, SCHEMAS, broken, told
from regesta.main import create_app
from regesta.runtime import Service
from regesta.settings import Settings

# Its shape is OpenAPI's.
Document: TypeAlias = dict[str, Any]

INSTEAD: Final = "add a route, or an optional member, and keep what clients use; see docs/howto/evolve.md"
# An app is made, not run: what it would connect to is never used.
NOWHERE: Final = Settings(database_url=SecretStr("postgresql://"), issuer=ISSUER, audience=AUDIENCE, jwks="")


def document(service: Service) -> Document:
    """Return the OpenAPI document that a service answers at `openapi.json`."""
    return create_app(service, NOWHERE, worker=False).openapi()


def generated() -> dict[str, str]:
    """Return the text of every document by its file name."""
    return {f"{each.name}{OPENAPI}": text(document(each)) for each in services()}


def text(found: Document) -> str:
    """Return a document as it is written."""
    return json.dumps(found, ensure_ascii=False, indent=2) + "\n"


def published(directory: Path = SCHEMAS) -> dict[str, str]:
    """Return the text of every committed document by its file name."""
    return {path.name: path.read_text("utf-8") for path in directory.glob(f"*{OPENAPI}")}


def main(directory: Path = SCHEMAS) -> int:
    """Write what changed and return 0; write nothing and return 1 when it would break what clients rely on."""
    before, found = published(directory), generated()
    refused = broken(*({name: json.loads(each) for name, each in these.items()} for these in (before, found)))
    if refused:
        sys.stderr.write(told(refused, INSTEAD))
        return 1
    changed = [name for name in found if before.get(name) != found[name]]
    for name in changed:
        (directory / name).write_text(found[name], encoding="utf-8")
    sys.stdout.write(f"{len(changed)} of {len(found)} OpenAPI documents written\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
