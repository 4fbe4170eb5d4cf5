"""A person or an organisation that takes part, by an opaque id: its name is no part of any event. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, assert_never

from contracts.objectives import PartyErased, PartyKind, PartyRegistered
from contracts.types import PartyId
from regesta.command import Context, Facts, Read, State, fact, nothing, recorded
from services.objectives.domain.command import ObjectivesCommand
from services.objectives.domain.errors import PartyDiffers, PartyNotKnown, UnknownParty


@dataclass(slots=True)
class Party(State):
    """registered: as what. erased: once its name is gone for good."""

    prefix: ClassVar[str] = "party"

    registered: PartyRegistered | None = None
    erased: PartyErased | None = None


class PartyCommand(ObjectivesCommand):
    """A command on a party."""

    party: PartyId

    @property
    def stream(self) -> str:
        """The party's stream."""
        return Party.name_of(self.party)


class RegisterParty(PartyCommand):
    """Register a person or an organisation, without its name."""

    name = "register-party"
    kind: PartyKind


class EraseParty(PartyCommand):
    """Forget a party's name for good; its facts stay."""

    name = "erase-party"


def register(command: RegisterParty, read: Read, _context: Context) -> Facts:
    """Return the registration; nothing when it stands. Raises PartyDiffers when the id stands for a party of another kind."""
    party, asked = read(Party, command.party), fact(PartyRegistered, command)
    return nothing() if recorded(party.registered, asked, PartyDiffers) else {party.stream: [asked]}


def erase(command: EraseParty, read: Read, _context: Context) -> Facts:
    """Return the erasure; nothing when it is erased. Raises UnknownParty, PartyDiffers."""
    party = read(Party, command.party)
    if party.registered is None:
        raise UnknownParty(f"no party {party.key!r} is registered", party=party.key)
    asked = fact(PartyErased, command)
    return nothing() if recorded(party.erased, asked, PartyDiffers) else {party.stream: [asked]}


def require_party(read: Read, party: str | None) -> None:
    """Raise PartyNotKnown when a party is named that nobody registered."""
    if party is not None and read(Party, party).registered is None:
        raise PartyNotKnown(f"no party {party!r} is registered", party=party)


def evolve(party: Party, event: PartyRegistered | PartyErased) -> None:
    """Apply one recorded fact of a party."""
    match event:
        case PartyRegistered():
            party.registered = event
        case PartyErased():
            party.erased = event
        case _:
            assert_never(event)
