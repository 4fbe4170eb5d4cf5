"""Checks that a letter itself answers: fields still empty and who owes them, languages that differ, figures without ground."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from contracts.types import DossierId, ObjectiveId, Text
from services.reporting.domain.indicators import Indicator
from services.reporting.domain.letter import (
    Action,
    Content,
    DeadlineEntry,
    Facts,
    Letter,
    Objective,
    Statement,
    StatusEntry,
    YearSection,
)
from services.reporting.domain.overview import actions_of, contents_of

# A grouping of digits is no difference: 12 500 000, 12.500.000; nor is a no-break space.
GROUPING: Final = re.compile(r"(?<=\d)[ .\u00a0\u202f](?=\d{3}\b)")
NUMBER: Final = re.compile(r"\d+(?:[.,]\d+)?")


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many."""

    filled: int
    total: int

    @property
    def open(self) -> int:
        """How many are missing."""
        return self.total - self.filled


@dataclass(frozen=True, slots=True)
class Difference:
    """A text of which the two languages do not say the same. objective: where it stands."""

    objective: Objective
    text: Text


@dataclass(frozen=True, slots=True)
class Checks:
    """What the checks of a letter found.

    completeness: mandatory fields over the letter; owed: open fields by lead unit, None for objectives without one, most first.
    missing: texts in one language only. differing: pairs with other numbers; pairs: how many were compared.
    """

    completeness: Share
    owed: Sequence[tuple[str | None, int]]
    pairs: int
    missing: Sequence[Difference]
    differing: Sequence[Difference]
    indicators: int
    without_value: int
    without_bands: int
    misplaced: int
    lines_without_amount: int
    shared_lines: int


def check(letter: Letter) -> Checks:
    """Return what the checks of a letter find."""
    shares = [completeness(objective) for objective in letter.objectives]
    indicators = [each for objective in letter.objectives for each in indicators_of(objective)]
    texts = [Difference(objective, text) for objective in letter.objectives for text in _texts(objective)]
    pairs = [each for each in texts if each.text.fr and each.text.nl]
    return Checks(
        completeness=Share(sum(each.filled for each in shares), sum(each.total for each in shares)),
        owed=_owed(letter),
        pairs=len(pairs),
        missing=[each for each in texts if bool(each.text.fr) != bool(each.text.nl)],
        differing=[each for each in pairs if numbers(each.text.fr or "") != numbers(each.text.nl or "")],
        indicators=len(indicators),
        without_value=sum(colour_of(each) == "no_data" for each in indicators),
        without_bands=sum(not each.bands for each in indicators),
        misplaced=sum(len(facts.planned) for objective in letter.objectives for facts in _accounts(objective)),
        lines_without_amount=sum(total.without_amount for total in letter.totals),
        shared_lines=sum(total.shared for total in letter.totals),
    )


def completeness(objective: Objective) -> Share:
    """Return how many fields that the template asks for were stated; one stated as none (Néant) is."""
    asked = [bool(entry.figure.events) for content in contents_of(objective) for entry in _asked(content)]
    return Share(sum(asked), len(asked))


def lead_of(objective: Objective) -> str | None:
    """Return the unit that leads an objective."""
    return next((each.unit for each in objective.units if each.role == "lead"), None)


def indicators_of(objective: Objective) -> Iterator[Indicator]:
    """Yield the indicators of an objective, its sections and its actions, each once."""
    seen: set[str] = set()
    for content in contents_of(objective):
        for indicator in content.indicators:
            if indicator.id not in seen:
                seen.add(indicator.id)
                yield indicator


def colour_of(indicator: Indicator) -> str:
    """Return green, amber, red, no_data without a value, no_band for a value that no band colours."""
    return indicator.colour or ("no_band" if indicator.last else "no_data")


def sections(objective: Objective) -> Iterator[YearSection]:
    """Yield the year-sections that an objective has."""
    for section in (objective.realised, objective.planned):
        if section is not None:
            yield section


def told_before(objective: Objective, action: Action) -> list[DossierId]:
    """Return the dossiers that a section of a letter has told, or its objective, before it comes to an action."""
    told = [dossier.dossier for dossier in objective.dossiers]
    for each in actions_of(objective):
        if each is action:
            break
        if each.section == action.section:
            told += [dossier.dossier for dossier in each.dossiers]
    return told


def numbers(text: str) -> Counter[str]:
    """Return the numbers a text names, however their digits are grouped."""
    return Counter(found.replace(",", ".") for found in NUMBER.findall(GROUPING.sub("", text)))


def objectives_in(letter: Letter) -> dict[ObjectiveId, Objective]:
    """Return the objectives of a letter by their id."""
    return {objective.id: objective for objective in letter.objectives}


def _asked(content: Content) -> Iterator[Statement | DeadlineEntry | StatusEntry]:
    for entry in (*content.fields, content.deadline, content.status):
        if entry is not None and entry.asked:
            yield entry


def _owed(letter: Letter) -> list[tuple[str | None, int]]:
    owed: Counter[str | None] = Counter()
    for objective in letter.objectives:
        owed[lead_of(objective)] += completeness(objective).open
    return [(unit, count) for unit, count in owed.most_common() if count]


def _accounts(objective: Objective) -> Iterator[Facts]:
    """Yield the facts that an account of the past year prints."""
    if objective.realised is not None:
        yield objective.realised.content.facts
        for action in objective.realised.actions:
            yield action.content.facts


def _texts(objective: Objective) -> Iterator[Text]:
    """Yield the texts that both languages should have."""
    if objective.title.value:
        yield objective.title.value
    for action in actions_of(objective):
        if action.title.value:
            yield action.title.value
    for content in contents_of(objective):
        for statement in content.fields:
            if statement.figure.value:
                yield statement.figure.value
