"""Writes which types of events each read model folds, by its version: `python -m cli.read_models`. Needs no database.

Facts of a type that a version left out are not in its rows, and a process of the release before leaves it out still. So a read
model that folds other types must have another version, which is filled from the first event on; else nothing is written.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, TypeAlias

from pydantic import BaseModel, TypeAdapter

from cli.installation import services
from regesta.event import types_of
from regesta.projection import Projection

PUBLISHED: Final = Path(__file__).parent.parent / "services" / "read_models.json"


class Folds(BaseModel):
    """What a read model folds. types: of events, sorted."""

    version: int
    types: list[str]


# By service and name.
ReadModels: TypeAlias = dict[str, dict[str, Folds]]
FILE: Final = TypeAdapter(ReadModels)


def generated() -> ReadModels:
    """Return what the read models of each service fold."""
    return {each.name: folds_of(each.projections) for each in services()}


def folds_of(projections: Iterable[Projection]) -> dict[str, Folds]:
    """Return what some read models fold, by name."""
    return {each.name: Folds(version=each.version, types=sorted(types_of(each.events))) for each in projections}


def refused(before: ReadModels, after: ReadModels) -> Iterator[str]:
    """Yield the read models that fold other types than their version did, with what to do."""
    for service, known in before.items():
        for name, old in known.items():
            new = after.get(service, {}).get(name)
            if new is not None and new != old and new.version <= old.version:
                others = sorted({*old.types} ^ {*new.types})
                yield (
                    f"{service}/{name}: version {new.version} folded other types ({', '.join(others) or 'a later version'}); "
                    f"give it version {old.version + 1} and a migration with its tables; see docs/howto/evolve.md"
                )


def main(file: Path = PUBLISHED) -> int:
    """Write the file and return 0; write nothing and return 1 when a read model needs another version."""
    after = generated()
    before = FILE.validate_json(file.read_text("utf-8")) if file.exists() else {}
    if reasons := list(refused(before, after)):
        sys.stderr.write("".join(f"{reason}\n" for reason in reasons))
        return 1
    file.write_text(text(after), encoding="utf-8")
    return 0


def text(found: ReadModels) -> str:
    """Return the file as it is written."""
    return json.dumps(FILE.dump_python(found), indent=2) + "\n"


if __name__ == "__main__":
    sys.exit(main())
