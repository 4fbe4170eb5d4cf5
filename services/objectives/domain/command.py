"""What all commands of this service share. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pydantic import field_validator

from contracts.dates import BoundedDate
from contracts.types import LONGEST_TEXT, OutOfBounds
from regesta.command import Command

# The log that this service writes.
LOG: Final = "objectives"


class ObjectivesCommand(Command):
    """A command that needs the scope to write here; no text in it is longer than 10,000 characters."""

    scope = "objectives:write"

    occurred: BoundedDate | None = None

    @field_validator("*", mode="before")
    @classmethod
    def _of_readable_length(cls, value: object) -> object:
        longest = _longest(value)
        if longest > LONGEST_TEXT:
            raise OutOfBounds(f"a text has at most {LONGEST_TEXT} characters, not {longest}")
        return value


def _longest(data: object) -> int:
    match data:
        case str():
            return len(data)
        case Mapping():
            return max((_longest(value) for value in data.values()), default=0)
        case list() | tuple():
            return max((_longest(value) for value in data), default=0)
        case _:
            return 0
