"""What comes with a command, and what it comes to. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

# Characters of an idempotency key, which in an import names a fact of the file.
LONGEST_KEY: Final = 500


@dataclass(frozen=True, slots=True)
class Key:
    """An idempotency key: `subject` owns it, `hash` is of the request it stands for."""

    subject: str
    key: str
    hash: bytes


@dataclass(frozen=True, slots=True)
class Envelope:
    """What comes with a command but is no part of it.

    if_match: the version its primary stream must have; exists: whether it must have one, which is above 0. None: as it is.
    """

    key: Key | None = None
    if_match: int | None = None
    exists: bool | None = None
    cause: str | None = None
    correlation: str | None = None
    traceparent: str | None = None


# Of a command that came by itself.
BARE: Final = Envelope()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command came to. events: names of what it recorded, empty when it was recorded before.

    token: the position that proves it. version: of its primary stream. repeated: the answer of an earlier request.
    """

    events: tuple[str, ...]
    token: str
    stream: str
    version: int
    repeated: bool = False
