"""What the reporting service records: that a letter was frozen, beside the facts that every service has (regesta.event). Pure."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Field, StringConstraints

from regesta.event import Cut, Event

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


EVENTS: tuple[type[Event], ...] = (LetterFrozen,)
