"""What the commands of budget share: a date, an origin that makes a fact reported, and how it is judged. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, StringConstraints, WithJsonSchema

from contracts.dates import ImpreciseDate
from contracts.types import DossierId, Origin, PartyId, Printed, Ref, Text, Words
from regesta.command import Command, Context, Reference
from regesta.errors import Refused

LONGEST_TEXT = 10_000


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
    context.require_reporter(origin.system)
    return tuple(dict.fromkeys(refusal.code for refusal in broken))


def dossier_reference(dossier: DossierId | None) -> tuple[Reference, ...]:
    """Return the stream that must exist when a command names a dossier."""
    return () if dossier is None else (Reference("objectives", f"dossier/{dossier}"),)


def party_references(parties: Iterable[PartyId]) -> tuple[Reference, ...]:
    """Return the streams that must exist when a command names parties."""
    return tuple(Reference("objectives", f"party/{party}") for party in parties)
