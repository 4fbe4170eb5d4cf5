"""What a system survived, as a table for people and as JSON for machines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from tests.faults.systems import Outcome

PLACE: Final = Path("var")


def write(outcomes: Sequence[Outcome], seed: str, name: str) -> Path:
    """Write outcomes to var/faults-<name>.json; return that file."""
    document = {
        "seed": seed,
        "ended": datetime.now(UTC).isoformat(timespec="seconds"),
        "outcomes": [asdict(each) for each in outcomes],
    }
    PLACE.mkdir(exist_ok=True)
    file = PLACE / f"faults-{name}.json"
    file.write_text(json.dumps(document, indent=2) + "\n")
    return file


def show(outcomes: Sequence[Outcome], console: Console) -> None:
    """Print outcomes."""
    table = Table("faults", "carrier", "struck, s", "recovery, s", "recorded", "callers saw")
    for each in outcomes:
        seen = ", ".join(f"{number} x {kind}" for kind, number in sorted(each.seen.items())) or "nothing"
        table.add_row(
            " + ".join(each.faults), each.carrier, str(each.struck_seconds), str(each.recovery_seconds),
            str(each.recorded), seen,
        )  # fmt: skip
    console.print(table)
