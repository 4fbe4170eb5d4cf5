"""Writes the published schemas: `python -m contracts.generate`. Never over a promise that is already published.

A change that breaks one is refused: record a new event (.v2) instead. Only a file that no release has published may be
deleted by hand and written anew, where the review sees it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Final

from contracts.asyncapi import document
from contracts.catalogue import SERVICES, ever_recorded
from contracts.compatibility import Break, breaks
from contracts.schema import Schema, event_schema

SCHEMAS: Final = Path(__file__).parent / "schemas"


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
    files = sorted(file for file in directory.rglob("*.json") if not file.name.endswith(".openapi.json"))
    return {str(file.relative_to(directory).as_posix()): json.loads(file.read_text("utf-8")) for file in files}


def broken(before: dict[str, Schema], after: dict[str, Schema]) -> dict[str, list[Break]]:
    """Return the broken promises by path. An AsyncAPI document repeats the schemas, so only those are compared."""
    events = {path: schema for path, schema in before.items() if not path.endswith(".asyncapi.json")}
    gone = {path: [Break("", "is gone")] for path in events if path not in after}
    found = {path: breaks(schema, after[path]) for path, schema in events.items() if path in after}
    return gone | {path: reasons for path, reasons in found.items() if reasons}


def text(schema: Schema) -> str:
    """Return a document as it is written."""
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"


def main(directory: Path = SCHEMAS) -> int:
    """Write what changed and return 0; write nothing and return 1 when it would break a published promise."""
    before, after = published(directory), generated()
    refused = broken(before, after)
    for path, reasons in refused.items():
        for reason in reasons:
            sys.stderr.write(f"{path}#{reason}\n")
    if refused:
        return 1
    changed = [path for path in after if before.get(path) != after[path]]
    for path in changed:
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_text(text(after[path]), "utf-8")
    sys.stdout.write(f"{len(changed)} of {len(after)} documents written\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
