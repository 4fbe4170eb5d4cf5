"""Writes the OpenAPI document of each service: `python -m cli.openapi`. Needs no database: nothing is started."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final, TypeAlias

from pydantic import SecretStr

from cli.installation import services
from cli.tokens import AUDIENCE, ISSUER
from regesta.main import create_app
from regesta.runtime import Service
from regesta.settings import Settings

# Its shape is OpenAPI's.
Document: TypeAlias = dict[str, Any]

PUBLISHED: Final = Path(__file__).parent.parent / "contracts" / "schemas"
# An app is made, not run: what it would connect to is never used.
NOWHERE: Final = Settings(database_url=SecretStr("postgresql://"), issuer=ISSUER, audience=AUDIENCE, jwks="")


def document(service: Service) -> Document:
    """Return the OpenAPI document that a service answers at `openapi.json`."""
    return create_app(service, NOWHERE, worker=False).openapi()


def generated() -> dict[str, str]:
    """Return the text of every document by its file name."""
    return {f"{each.name}.openapi.json": text(document(each)) for each in services()}


def text(found: Document) -> str:
    """Return a document as it is written."""
    return json.dumps(found, ensure_ascii=False, indent=2) + "\n"


def main(directory: Path = PUBLISHED) -> int:
    """Write what changed; return how many that were."""
    found = generated()
    changed = [name for name in found if _before(directory / name) != found[name]]
    for name in changed:
        (directory / name).write_text(found[name], encoding="utf-8")
    sys.stdout.write(f"{len(changed)} of {len(found)} OpenAPI documents written\n")
    return len(changed)


def _before(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


if __name__ == "__main__":
    main()
