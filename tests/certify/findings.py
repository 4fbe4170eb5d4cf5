"""What the certificate looks for, and what was found."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from typing import Final

EXAMPLES: Final = 5


class Fault(StrEnum):
    """A way in which a log, its readers or its answers can be wrong. The certificate says 0 of each."""

    SKIPPED = "skipped"
    INVERTED = "inverted"
    DOUBLED = "doubled"
    HOLE = "holes"
    TIME_BACK = "time back"
    LOST = "lost"
    TORN = "torn"
    ALTERED = "altered"
    UNTRUE = "untrue answers"
    UNANSWERED = "unanswered"
    STALLED = "stalled"


MEANINGS: Final = {
    Fault.SKIPPED: "events that a reader went past without being given them",
    Fault.INVERTED: "events given, or recorded, in another order than they were committed in",
    Fault.DOUBLED: "events given twice, units or keys stored twice",
    Fault.HOLE: "positions or versions that are missing from the log",
    Fault.TIME_BACK: "events recorded before the event before them",
    Fault.LOST: "acknowledged units or keys that are not stored",
    Fault.TORN: "units of which only a part is stored, or with others between",
    Fault.ALTERED: "events whose content is not what was sent, given or taken in",
    Fault.UNTRUE: "answers that are wrong, or do not say what is stored",
    Fault.UNANSWERED: "units whose outcome nobody was ever told",
    Fault.STALLED: "events that a reader or the replica had not reached at the end",
}


class Findings:
    """How often each fault was found, with the first few in words."""

    def __init__(self) -> None:
        self.counts: Counter[Fault] = Counter()
        self.examples: dict[Fault, list[str]] = {}

    def blame(self, fault: Fault, example: str, times: int = 1) -> None:
        """Note a fault, found so many times."""
        if not times:
            return
        self.counts[fault] += times
        examples = self.examples.setdefault(fault, [])
        if len(examples) < EXAMPLES:
            examples.append(example)

    @property
    def clean(self) -> bool:
        """Whether nothing was found."""
        return not self.counts.total()
