"""Why an import ends before its end.

RegestaError
└── ImportFailed
    ├── FileRefused      the file breaks its shape; every fault by its JSON pointer; nothing was sent
    ├── NoSlug           the note's title gives no slug, or the one asked for is none
    ├── NoteDiffers      the slug belongs to a note of another title
    └── ServerAway       the server did not answer for too long; the same import goes on where it was
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from regesta.errors import Detail, RegestaError


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """What is wrong at one place of a file. pointer: a JSON pointer (RFC 6901), "" for the whole file.

    value: what stands there, as JSON; None where something is missing.
    """

    pointer: str
    message: str
    value: Detail = field(default=None, compare=False)

    def __str__(self) -> str:
        return f"{self.pointer or '/'}: {self.message}"


class ImportFailed(RegestaError):
    """The import could not be done."""

    code = "import-failed"
    status = 422


class FileRefused(ImportFailed):
    """The file breaks its shape and was refused whole. faults: all of them, in the order of their pointers."""

    code = "file-refused"

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(sorted(faults))
        told = [{"pointer": each.pointer, "message": each.message, "value": each.value} for each in self.faults]
        super().__init__("\n".join(map(str, self.faults)), errors=told)


class NoSlug(ImportFailed):
    """No slug can be made for the note or its entity."""

    code = "no-slug"


class NoteDiffers(ImportFailed):
    """The slug belongs to a note of another title."""

    code = "note-differs"
    status = 409


class ServerAway(ImportFailed):
    """The server did not answer for too long."""

    code = "server-away"
    status = 503
