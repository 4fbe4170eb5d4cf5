"""A clock of some programs that can be set while they run: libfaketime stands between them and the machine's."""

from __future__ import annotations

from pathlib import Path
from typing import Final

# Debian's, of any machine that it is built for.
LIBRARIES: Final = "*/faketime/libfaketimeMT.so.1"
# How often a program looks it up.
LOOKED_UP_SECONDS: Final = 1


def lacking() -> str:
    """Return what is missing for other clocks, "" when nothing is."""
    return "" if _library() else "libfaketime not found; it is a package of Debian's"


class Clock:
    """A clock that can be set, of the programs that have its variables. file: where it stands how far it is ahead."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.set(0)

    def set(self, seconds: int) -> None:
        """Set it so much ahead of this machine's; what measures how long something takes stays right."""
        new = self._file.with_suffix(".new")
        new.write_text(f"{seconds:+d}s\n")
        new.replace(self._file)

    @property
    def variables(self) -> dict[str, str]:
        """The variables of a program that has this clock; none without the library."""
        library = _library()
        if library is None:
            return {}
        return {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_CACHE_DURATION": str(LOOKED_UP_SECONDS),
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }


def _library() -> Path | None:
    return next(iter(sorted(Path("/usr/lib").glob(LIBRARIES))), None)
