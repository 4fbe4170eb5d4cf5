"""Writes the JSON Schema of the file of facts: `python -m cli.importing.schema`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from cli.importing.file import schema

PUBLISHED: Final = Path(__file__).parents[2] / "examples" / "facts.schema.json"


def text() -> str:
    """Return the schema as it is published."""
    return json.dumps(schema(), ensure_ascii=False, indent=2) + "\n"


if __name__ == "__main__":
    PUBLISHED.write_text(text(), encoding="utf-8")
