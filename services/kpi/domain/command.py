"""What the commands of kpi share: a date, how long their texts may be, and how they become facts. Pure."""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias, TypeVar

from pydantic import AfterValidator, StringConstraints

from contracts.dates import ImpreciseDate
from contracts.types import IndicatorId, Printed, Text, Words
from regesta.command import Command
from regesta.errors import Differs
from regesta.event import Event

LONGEST_TEXT: Final = 10_000
LONGEST_LABEL: Final = 200
# How a fact came here is no part of what it says.
NOT_CONTENT: Final = frozenset({"origin", "breaches"})

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


def recorded(kept: E | None, asked: E, error: type[Differs]) -> bool:
    """Return whether a fact stands under its reference already. Raises `error` when it stands there with other content."""
    if kept is None:
        return False
    for name in type(asked).model_fields:
        stands, wanted = getattr(kept, name), getattr(asked, name)
        if name not in NOT_CONTENT and stands != wanted:
            was, now = (each.model_dump(mode="json")[name] for each in (kept, asked))
            raise error(f"{name} is recorded as {was!r}, not {now!r}", field=name, recorded=was, given=now)
    return True
