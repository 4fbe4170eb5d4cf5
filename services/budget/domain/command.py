"""What the commands of budget share: a scope, a date, and the streams that they name. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from contracts.dates import BoundedDate
from contracts.types import DossierId, PartyId
from regesta.command import Command, Reference

# The log that this service writes.
LOG: Final = "budget"


class BudgetCommand(Command):
    """A command of budget. occurred: when it happened in the world."""

    scope = "budget:write"

    occurred: BoundedDate | None = None


def dossier_reference(dossier: DossierId | None) -> tuple[Reference, ...]:
    """Return the stream that must exist when a command names a dossier."""
    return () if dossier is None else (Reference("objectives", f"dossier/{dossier}"),)


def party_references(parties: Iterable[PartyId]) -> tuple[Reference, ...]:
    """Return the streams that must exist when a command names parties."""
    return tuple(Reference("objectives", f"party/{party}") for party in parties)
