"""What the commands of kpi share: a date, how long their texts may be, and how they become facts. Pure."""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias, TypeVar

from pydantic import AfterValidator, StringConstraints

from contracts.dates import ImpreciseDate
from contracts.types import IndicatorId, Printed, Text, Words
from regesta.command import Command
from regesta.event import Event

LONGEST_TEXT: Final = 10_000
LONGEST_LABEL: Final = 200

E = TypeVar("E", bound=Event)


def _bounded(text: Text) -> Text:
    for language in text.languages:
        length = len(text.get(language) or "")
        if length > LONGEST_TEXT:
            raise ValueError(f"the {language} text has {length} characters, more than {LONGEST_TEXT}")
    return text


Title: TypeAlias = Annotated[Text, AfterValidator(_bounded)]
Reason: TypeAlias = Annotated[Words, StringConstraints(max_length=LONGEST_TEXT)]
AsPrinted: TypeAlias = Annotated[Printed, StringConstraints(max_length=LONGEST_TEXT)]
Label: TypeAlias = Annotated[Words, StringConstraints(max_length=LONGEST_LABEL)]


class KpiCommand(Command):
    """A command on one indicator. occurred: when it happened in the world."""

    scope = "kpi:write"

    indicator: IndicatorId
    occurred: ImpreciseDate | None = None

    @property
    def stream(self) -> str:
        """The indicator."""
        return f"indicator/{self.indicator}"


def fact(kind: type[E], command: Command) -> E:
    """Return the event that has the command's fields of the same names."""
    return kind.model_validate(command.model_dump(include=set(kind.model_fields)))
