"""What the reporting service records of a letter: that it was frozen, and its way to Parliament. Pure."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field, StringConstraints

from contracts.dates import Day
from contracts.types import Ref, Text, Words
from regesta.event import Cut, Event

# The head of the administration, and the minister's office.
Validator: TypeAlias = Literal["director", "cabinet"]
Approver: TypeAlias = Literal["minister", "government"]
# SHA-256, hexadecimal.
Hash: TypeAlias = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]


class LetterFrozen(Event):
    """A letter is kept as it was (lettre gelée / bevroren brief); stream letter/{note}/{year}.

    cut: the last position of each log that it was made of. adoptions: how many adoptions reporting had made by then, for after
    another one the same cut names other events. model: of the form and the rules of the letter. hash: of its canonical JSON.
    """

    name = "letter-frozen.v1"
    cut: Cut
    adoptions: Annotated[int, Field(strict=True, ge=0)]
    model: Annotated[int, Field(strict=True, ge=1)]
    hash: Hash


class LetterValidated(Event):
    """Who answers for what a frozen letter says has read it. hash: of what was read."""

    name = "letter-validated.v1"
    role: Validator
    hash: Hash


class LetterApproved(Event):
    """A frozen letter may go to Parliament. role: who decided so. hash: of what was approved."""

    name = "letter-approved.v1"
    role: Approver
    hash: Hash


class LetterSubmitted(Event):
    """A frozen letter was sent. to: whom, such as an assembly or its committee. on: the day in Brussels. hash: of what was sent."""

    name = "letter-submitted.v1"
    to: Words
    on: Day
    hash: Hash


class LetterCorrected(Event):
    """Something in a frozen letter is wrong; the letter stays as it is, and this erratum goes with it.

    correction: its reference, unique in the letter. hash: of the letter that is not right without it.
    """

    name = "letter-corrected.v1"
    correction: Ref
    erratum: Text
    hash: Hash


EVENTS: tuple[type[Event], ...] = (LetterFrozen, LetterValidated, LetterApproved, LetterSubmitted, LetterCorrected)
