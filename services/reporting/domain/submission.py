"""The way of a frozen letter to Parliament: validated, approved, submitted; and what is corrected in it afterwards. Pure."""

from __future__ import annotations

from typing import ClassVar

from contracts.dates import BoundedDate, Day
from contracts.reporting import (
    Approver,
    Hash,
    LetterApproved,
    LetterCorrected,
    LetterSubmitted,
    LetterValidated,
    Validator,
)
from contracts.types import BoundedText, BoundedWords, NoteSlug, PathRef, Year
from regesta.command import Command, Context, Facts, Read, fact, nothing, recorded
from services.reporting.domain.errors import (
    CorrectionDiffers,
    NotApproved,
    NotFrozen,
    NotInRole,
    NotValidated,
    OtherLetter,
    SubmissionDiffers,
)
from services.reporting.domain.frozen import FrozenLetter, letter_stream


class LetterCommand(Command):
    """A command on one frozen letter. occurred: when it happened in the world."""

    scope = "reporting:write"

    note: NoteSlug
    year: Year
    occurred: BoundedDate | None = None

    @property
    def stream(self) -> str:
        """The letter."""
        return letter_stream(self.note, self.year)


class ValidateLetter(LetterCommand):
    """Say, as one who answers for it, that a frozen letter was read and is right. hash: of what was read."""

    name = "validate-letter"
    roles: ClassVar[frozenset[str]] = frozenset({"director", "cabinet", "administrator"})

    role: Validator
    hash: Hash


class ApproveLetter(LetterCommand):
    """Say that a validated letter may go to Parliament. role: who decided so. hash: of what was approved."""

    name = "approve-letter"
    roles: ClassVar[frozenset[str]] = frozenset({"cabinet", "administrator"})

    role: Approver
    hash: Hash


class SubmitLetter(LetterCommand):
    """Say to whom an approved letter was sent, and on which day. hash: of what was sent."""

    name = "submit-letter"
    roles: ClassVar[frozenset[str]] = frozenset({"cabinet", "administrator"})

    to: BoundedWords
    on: Day
    hash: Hash


class CorrectLetter(LetterCommand):
    """Add an erratum to a frozen letter, which stays as it is. hash: of the letter that is not right without it."""

    name = "correct-letter"
    roles: ClassVar[frozenset[str]] = frozenset({"director", "cabinet", "administrator"})

    correction: PathRef
    erratum: BoundedText
    hash: Hash


def validate(command: ValidateLetter, read: Read, context: Context) -> Facts:
    """Return that the letter is validated; nothing when it is, in this role. Raises NotInRole, NotFrozen, OtherLetter."""
    if not {command.role, "administrator"} & context.roles:
        raise NotInRole(f"this token has not the role {command.role!r}", role=command.role)
    letter = _frozen(read, command, command.hash)
    return nothing() if command.role in letter.validated else {command.stream: [fact(LetterValidated, command)]}


def approve(command: ApproveLetter, read: Read, _context: Context) -> Facts:
    """Return that the letter is approved; nothing when it is, by this role. Raises NotFrozen, OtherLetter, NotValidated."""
    letter = _frozen(read, command, command.hash)
    if command.role in letter.approved:
        return nothing()
    if not letter.validated:
        raise NotValidated(f"nobody validated the letter of {command.note!r} of {command.year}")
    return {command.stream: [fact(LetterApproved, command)]}


def submit(command: SubmitLetter, read: Read, _context: Context) -> Facts:
    """Return that the letter was sent; nothing when it was, to them on that day.

    Raises NotFrozen, OtherLetter, SubmissionDiffers, NotApproved.
    """
    letter, asked = _frozen(read, command, command.hash), fact(LetterSubmitted, command)
    if recorded(letter.submitted, asked, SubmissionDiffers):
        return nothing()
    if not letter.approved:
        raise NotApproved(f"nobody approved the letter of {command.note!r} of {command.year}")
    return {command.stream: [asked]}


def correct(command: CorrectLetter, read: Read, _context: Context) -> Facts:
    """Return the erratum; nothing when it is there. Raises NotFrozen, OtherLetter, CorrectionDiffers."""
    letter, asked = _frozen(read, command, command.hash), fact(LetterCorrected, command)
    if recorded(letter.corrections.get(command.correction), asked, CorrectionDiffers):
        return nothing()
    return {command.stream: [asked]}


def _frozen(read: Read, command: LetterCommand, hashed: Hash) -> FrozenLetter:
    """Return the letter, which is frozen as what the caller speaks of. Raises NotFrozen, OtherLetter."""
    letter = read(FrozenLetter, f"{command.note}/{command.year}")
    if letter.frozen is None:
        raise NotFrozen(
            f"nobody froze the letter of {command.note!r} of {command.year}", note=command.note, year=command.year
        )
    if letter.frozen.hash != hashed:
        raise OtherLetter(f"the letter is frozen as {letter.frozen.hash}", given=hashed, recorded=letter.frozen.hash)
    return letter
