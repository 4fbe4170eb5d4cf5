"""Writes the published schemas: `python -m contracts.generate`. Never over a promise that is already published.

A change that breaks one is refused, and told what to do instead.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from contracts.asyncapi import document
from contracts.catalogue import SERVICES, ever_recorded
from contracts.compatibility import Break, breaks
from contracts.documents import log_breaks, route_breaks
from contracts.schema import Schema, event_schema

SCHEMAS: Final = Path(__file__).parent / "schemas"
# What `cli.openapi` writes there.
OPENAPI: Final = ".openapi.json"
GONE: Final = Break("", "is gone")
INSTEAD: Final = (
    "record a new version of the event (.v2) that replaces this one, with an upcast; see docs/howto/evolve.md"
)
UNPUBLISHED: Final = (
    "only a file that no release has published may be deleted by hand and written anew, where the review sees it"
)


def generated() -> dict[str, Schema]:
    """Return every published document by its path under schemas/: one per event, and one AsyncAPI document per service."""
    events = {
        f"{service}/{event.name}.json": event_schema(service, event)
        for service, recorded in SERVICES.items()
        for event in ever_recorded(recorded)
    }
    logs = {service: document(service, ever_recorded(recorded)) for service, recorded in SERVICES.items()}
    return events | {f"{service}.asyncapi.json": log for service, log in logs.items()}


def published(directory: Path = SCHEMAS) -> dict[str, Schema]:
    """Return the committed documents by their path; the OpenAPI documents beside them are not of contracts."""
    files = sorted(file for file in directory.rglob("*.json") if not file.name.endswith(OPENAPI))
    return {str(file.relative_to(directory).as_posix()): json.loads(file.read_text("utf-8")) for file in files}


def broken(before: Mapping[str, Schema], after: Mapping[str, Schema]) -> dict[str, list[Break]]:
    """Return the broken promises by path, of JSON Schemas, AsyncAPI and OpenAPI documents."""
    found = {path: _breaks(path, old, after[path]) if path in after else [GONE] for path, old in before.items()}
    return {path: reasons for path, reasons in found.items() if reasons}


def _breaks(path: str, old: Schema, new: Schema) -> list[Break]:
    if path.endswith(".asyncapi.json"):
        return log_breaks(old, new)
    return route_breaks(old, new) if path.endswith(OPENAPI) else breaks(old, new)


def told(refused: Mapping[str, Sequence[Break]], instead: str) -> str:
    """Return what is said of broken promises: each with its path and pointer, then what to do instead."""
    lines = [f"{path}#{reason}" for path, reasons in refused.items() for reason in reasons]
    return "\n".join([*lines, f"nothing is written: {instead}", UNPUBLISHED, ""])


def text(schema: Schema) -> str:
    """Return a document as it is written."""
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"


def main(directory: Path = SCHEMAS) -> int:
    """Write what changed and return 0; write nothing and return 1 when it would break a published promise."""
    before, after = published(directory), generated()
    refused = broken(before, after)
    if refused:
        sys.stderr.write(told(refused, INSTEAD))
        return 1
    changed = [path for path in after if before.get(path) != after[path]]
    for path in changed:
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_text(text(after[path]), "utf-8")
    sys.stdout.write(f"{len(changed)} of {len(after)} documents written\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
