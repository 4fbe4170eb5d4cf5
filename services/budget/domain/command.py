"""What the commands of budget share: a date, an origin that makes a fact reported, and how it is judged. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, TypeAlias, TypeVar

from pydantic import AfterValidator, StringConstraints, WithJsonSchema
from pydantic_core import to_jsonable_python

from contracts.dates import ImpreciseDate
from contracts.types import DossierId, Origin, PartyId, Printed, Ref, Text, Words
from regesta.command import Command, Context, Reference
from regesta.errors import Detail, Differs, Refused
from regesta.event import Event
from services.budget.domain.errors import MayNotReport

LONGEST_TEXT = 10_000
REPORTERS = frozenset({"connector", "administrator"})
# How a fact came here is no part of what it says.
NOT_CONTENT = frozenset({"origin", "breaches", "unchecked"})


def _bounded(text: Text) -> Text:
    for language in text.languages:
        length = len(text.get(language) or "")
        if length > LONGEST_TEXT:
            raise ValueError(f"the {language} text has {length} characters, more than {LONGEST_TEXT}")
    return text


def _addressable(reference: str) -> str:
    if "/" in reference or reference in {".", ".."}:
        raise ValueError(f"{reference!r} stands in addresses, so it holds no '/' and is neither '.' nor '..'")
    return reference


# A reference by which a fact is addressed: in the path, where '/' would part it in two.
PathRef: TypeAlias = Annotated[
    Ref,
    AfterValidator(_addressable),
    WithJsonSchema({"type": "string", "pattern": r"^[^/\u0000]*[^\s/\u0000][^/\u0000]*$", "maxLength": 200}),
]
Reason: TypeAlias = Annotated[Words, StringConstraints(max_length=LONGEST_TEXT)]
AsPrinted: TypeAlias = Annotated[Printed, StringConstraints(max_length=LONGEST_TEXT)]
Label: TypeAlias = Annotated[Text, AfterValidator(_bounded)]

E = TypeVar("E", bound=Event)


class BudgetCommand(Command):
    """A command of budget. occurred: when it happened in the world."""

    scope = "budget:write"

    occurred: ImpreciseDate | None = None


def judge(origin: Origin | None, context: Context, broken: Iterable[Refused]) -> tuple[str, ...]:
    """Return the names of the rules that a fact breaks: none for a decision, which is refused for the first one.

    origin: the system that reported the fact; None when it is decided here. Raises the first of `broken`, or MayNotReport.
    """
    if origin is None:
        for refusal in broken:
            raise refusal
        return ()
    if not context.roles & REPORTERS:
        raise MayNotReport(f"reporting a fact of {origin.system!r} needs the role of a connector", system=origin.system)
    return tuple(dict.fromkeys(refusal.code for refusal in broken))


def plain(value: object) -> Detail:
    """Return a value as JSON has it, for a problem: a text without its missing languages."""
    shown: Detail = to_jsonable_python(value, exclude_none=True)
    return shown


def recorded(kept: E | None, asked: E, error: type[Differs]) -> bool:
    """Return whether a fact stands under its reference already. Raises `error` when it stands there with other content."""
    if kept is None:
        return False
    for name in type(asked).model_fields:
        stands, wanted = getattr(kept, name), getattr(asked, name)
        if name not in NOT_CONTENT and stands != wanted:
            was, now = plain(stands), plain(wanted)
            raise error(f"{name} is recorded as {was!r}, not {now!r}", field=name, recorded=was, given=now)
    return True


def dossier_reference(dossier: DossierId | None) -> tuple[Reference, ...]:
    """Return the stream that must exist when a command names a dossier."""
    return () if dossier is None else (Reference("objectives", f"dossier/{dossier}"),)


def party_references(parties: Iterable[PartyId]) -> tuple[Reference, ...]:
    """Return the streams that must exist when a command names parties."""
    return tuple(Reference("objectives", f"party/{party}") for party in parties)
