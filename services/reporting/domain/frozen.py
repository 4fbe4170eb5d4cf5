"""A letter that is kept as it was as of a cut, and its way to Parliament: letter/{note}/{year}. It is frozen once. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Final, TypeAlias, assert_never

from contracts.reporting import (
    Approver,
    Hash,
    LetterApproved,
    LetterCorrected,
    LetterFrozen,
    LetterSubmitted,
    LetterValidated,
    Validator,
)
from contracts.types import NoteSlug, Ref, Year
from regesta.command import Command, Context, Facts, Read, State, fact, nothing, recorded
from regesta.event import Cut, key_of
from services.reporting.domain.errors import LetterDiffers

LetterEvent: TypeAlias = LetterFrozen | LetterValidated | LetterApproved | LetterSubmitted | LetterCorrected

# What each fact makes of a letter.
STEPS: Final[dict[type[LetterEvent], str]] = {
    LetterFrozen: "frozen",
    LetterValidated: "validated",
    LetterApproved: "approved",
    LetterSubmitted: "submitted",
    LetterCorrected: "corrected",
}


@dataclass(slots=True)
class FrozenLetter(State):
    """Whether a letter is frozen, and as which; by whom it was validated and approved, whether it was sent, and its errata."""

    prefix: ClassVar[str] = "letter"

    frozen: LetterFrozen | None = None
    validated: dict[Validator, LetterValidated] = field(default_factory=dict)
    approved: dict[Approver, LetterApproved] = field(default_factory=dict)
    submitted: LetterSubmitted | None = None
    corrections: dict[Ref, LetterCorrected] = field(default_factory=dict)


class FreezeLetter(Command):
    """Freeze a letter. Only the service itself says so, which made the document of this hash and keeps it."""

    name = "freeze-letter"
    scope = "reporting:write"
    roles = frozenset({"reporting"})
    note: NoteSlug
    year: Year
    cut: Cut
    adoptions: int
    model: int
    hash: Hash

    @property
    def stream(self) -> str:
        """The letter."""
        return letter_stream(self.note, self.year)


def letter_stream(note: NoteSlug, year: Year) -> str:
    """Return the name of the stream of a letter."""
    return FrozenLetter.name_of(f"{note}/{year}")


def freeze(command: FreezeLetter, read: Read, _context: Context) -> Facts:
    """Return that the letter is frozen; nothing when it is, as of this cut with this content.

    Raises LetterDiffers when it is frozen otherwise.
    """
    kept, asked = read(FrozenLetter, key_of(command.stream)).frozen, fact(LetterFrozen, command)
    # An adoption that took nothing of its cut makes it no other letter; one that did shows in the hash.
    if kept is not None and recorded(kept, asked.model_copy(update={"adoptions": kept.adoptions}), LetterDiffers):
        return nothing()
    return {command.stream: [asked]}


def evolve(letter: FrozenLetter, event: LetterEvent) -> None:
    """Apply one recorded fact."""
    match event:
        case LetterFrozen():
            letter.frozen = event
        case LetterValidated():
            letter.validated[event.role] = event
        case LetterApproved():
            letter.approved[event.role] = event
        case LetterSubmitted():
            letter.submitted = event
        case LetterCorrected():
            letter.corrections[event.correction] = event
        case _:
            assert_never(event)
