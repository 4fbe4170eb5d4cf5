"""How a dated fact is to be read: done, planned, target, unmet or unclear. Done only on evidence that it happened.

The rules are data, patterns of English, French and Dutch in `wording.py`, tried in order; the first that is found decides. What
none of them decides is done when its date lies whole in the time that the note gives account of and its text shows that it
happened (`evidence.py`). All else is unclear.
"""

from __future__ import annotations

import re
from typing import Final, TypeAlias

from cli.importing.evidence import shows
from cli.importing.wording import MARK, NOTHING, PLANNED, REFUSED, TARGETS, UNMET, UNSURE
from contracts.dates import ImpreciseDate
from contracts.objectives import Reading
from contracts.types import SectionKind

# A type of fact that says by itself that something is due.
DUE: Final = frozenset({"deadline", "target"})
REFUSALS: Final = frozenset({"refusal", "other"})

Rule: TypeAlias = tuple[Reading, re.Pattern[str]]


def _any(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(patterns))


BEFORE_TYPE: Final[tuple[Rule, ...]] = (
    ("unmet", _any(UNMET)),
    ("planned", _any((MARK,))),
    ("target", _any(TARGETS)),
)
AFTER_TYPE: Final[tuple[Rule, ...]] = (("planned", _any(PLANNED)), ("unclear", _any(UNSURE + NOTHING)))
REFUSING: Final = _any(REFUSED)


def reading_of(
    what: str, kind: str, day: ImpreciseDate | None, section: SectionKind | None, realised_year: int | None
) -> Reading:
    """Return how a dated fact is to be read.

    kind: its type in the file. day: None when there is none or it cannot be read. section: the account or the plan that it
    stands in. realised_year: the last year that the note gives account of.
    """
    written = " ".join(what.replace("’", "'").split())
    text = written.lower()
    said = _first(BEFORE_TYPE, text)
    if said is not None:
        return said
    if kind in DUE:
        return "target"
    tense = _first(AFTER_TYPE, text)
    if tense is not None:
        return tense
    if section == "planned" or realised_year is None or not _is_past(day, realised_year):
        return "unclear"
    if kind not in REFUSALS and REFUSING.search(text):
        return "unclear"
    done = shows(written, kind, in_account=section == "realised", realised_year=realised_year)
    return "done" if done else "unclear"


def _first(rules: tuple[Rule, ...], text: str) -> Reading | None:
    return next((reading for reading, pattern in rules if pattern.search(text)), None)


def _is_past(day: ImpreciseDate | None, realised_year: int) -> bool:
    """Return whether a whole date lies in the years that the note gives account of; an open or yearless one does not."""
    if day is None or day.earliest is None or day.latest is None:
        return False
    return day.latest.year <= realised_year
