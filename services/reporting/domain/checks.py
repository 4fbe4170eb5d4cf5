"""Checks that a letter itself answers: fields still empty and who owes them, languages that differ, figures without ground. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from contracts.types import Text
from services.reporting.domain.letter import Facts, Letter, Objective
from services.reporting.domain.outline import actions_of, contents_of, indicators_of, lead_of
from services.reporting.domain.overview import Completeness, completeness

# A grouping of digits is no difference: 12 500 000, 12.500.000; nor is a no-break space.
GROUPING: Final = re.compile(r"(?<=\d)[ .\u00a0\u202f](?=\d{3}\b)")
NUMBER: Final = re.compile(r"\d+(?:[.,]\d+)?")


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

    completeness: Completeness
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
        completeness=Completeness(stated=sum(each.stated for each in shares), asked=sum(each.asked for each in shares)),
        owed=_owed(letter),
        pairs=len(pairs),
        missing=[each for each in texts if bool(each.text.fr) != bool(each.text.nl)],
        differing=[each for each in pairs if numbers(each.text.fr or "") != numbers(each.text.nl or "")],
        indicators=len(indicators),
        without_value=sum(each.colour == "no_data" for each in indicators),
        without_bands=sum(not each.bands for each in indicators),
        misplaced=sum(len(facts.planned) for objective in letter.objectives for facts in _accounts(objective)),
        lines_without_amount=sum(total.without_amount for total in letter.totals),
        shared_lines=sum(total.shared for total in letter.totals),
    )


def numbers(text: str) -> Counter[str]:
    """Return the numbers a text names, however their digits are grouped."""
    return Counter(found.replace(",", ".") for found in NUMBER.findall(GROUPING.sub("", text)))


def _owed(letter: Letter) -> list[tuple[str | None, int]]:
    owed: Counter[str | None] = Counter()
    for objective in letter.objectives:
        owed[lead_of(objective)] += _open(completeness(objective))
    return [(unit, count) for unit, count in owed.most_common() if count]


def _open(found: Completeness) -> int:
    return found.asked - found.stated


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
