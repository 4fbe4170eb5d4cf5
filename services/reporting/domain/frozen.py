"""A letter that is kept as it was as of a cut: letter/{note}/{year}. It is frozen once. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from contracts.reporting import Hash, LetterFrozen
from contracts.types import NoteSlug, Year
from regesta.command import Command, Context, Facts, Read, State, fact, nothing, recorded
from regesta.event import Cut, key_of
from services.reporting.domain.errors import LetterDiffers


@dataclass(slots=True)
class FrozenLetter(State):
    """Whether a letter is frozen, and as which."""

    prefix: ClassVar[str] = "letter"

    frozen: LetterFrozen | None = None


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


def evolve(letter: FrozenLetter, event: LetterFrozen) -> None:
    """Apply one recorded fact."""
    letter.frozen = event
