"""What is found in topics that stops nothing, yet somebody has to look at: told once, and shown until it is mended or long past."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from time import monotonic
from typing import Final

from regesta.reasons import Cause, Level, Reason

# What is not found again for so long is shown no more, and told again when it comes back.
SHOWN_SECONDS: Final = 600.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Remark:
    at: float
    detail: str


class Remarks:
    """The remarks of one process, each by its cause and by where it was found."""

    def __init__(self) -> None:
        self._found: dict[tuple[Cause, str], _Remark] = {}

    def note(self, cause: Cause, where: str, detail: str) -> None:
        """Take note that something was found, perhaps again; its operator hears of the first time, and what to do.

        Raises ValueError for a cause that makes a process not ready: what is found here stops nothing.
        """
        if cause.value.level is Level.NOT_READY:
            raise ValueError(f"{cause.code} stops something, and is no remark")
        if (cause, where) not in self._shown():
            logger.error("%s: %s. %s", where, detail, cause.value.action)
        self._found[cause, where] = _Remark(monotonic(), detail)

    def settle(self, where: str, *causes: Cause) -> None:
        """Take note that something is mended."""
        for cause in causes:
            if self._found.pop((cause, where), None) is not None:
                logger.warning("%s: no longer %s", where, cause.code)

    def reasons(self) -> Iterator[Reason]:
        """Yield what is to be shown, with what was found last."""
        for (cause, where), remark in self._shown().items():
            yield Reason(cause, f"{where}: {remark.detail}")

    def _shown(self) -> dict[tuple[Cause, str], _Remark]:
        oldest = monotonic() - SHOWN_SECONDS
        return {place: remark for place, remark in self._found.items() if remark.at > oldest}
