"""What all commands of this service share, and how the fields of one become those of an event. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeVar

from pydantic import model_validator

from contracts.dates import ImpreciseDate
from regesta.command import Command
from regesta.event import Event

TEXT_CHARACTERS: Final = 10_000

E = TypeVar("E", bound=Event)


class ObjectivesCommand(Command):
    """A command that needs the scope to write here; no text in it is longer than 10,000 characters."""

    scope = "objectives:write"

    occurred: ImpreciseDate | None = None

    @model_validator(mode="before")
    @classmethod
    def _of_readable_length(cls, data: object) -> object:
        longest = _longest(data)
        if longest > TEXT_CHARACTERS:
            raise ValueError(f"a text has at most {TEXT_CHARACTERS} characters, not {longest}")
        return data


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


def fact(kind: type[E], command: Command, **more: object) -> E:
    """Return the event that has the command's fields of the same names, and `more`."""
    asked = {name: getattr(command, name) for name in kind.model_fields if name in type(command).model_fields}
    return kind.model_validate(asked | more)
