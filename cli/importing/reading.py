"""How a dated fact is to be read: done, planned, target, unmet or unclear. Never done where the wording or the date is unsure.

The rules are data: patterns of English, French and Dutch, tried in order; the first that is found decides. What no pattern
decides is done only when it stands outside the plan and its whole date lies in the time that the note gives account of.
"""

from __future__ import annotations

import re
from typing import Final, TypeAlias

from contracts.dates import ImpreciseDate
from contracts.objectives import Reading
from contracts.types import SectionKind

# A type of fact that says by itself that something is due.
DUE: Final = frozenset({"deadline", "target"})

# "(planned)" and the like at the end of a fact: its tense in the source. "(foreseen, not met)" is unmet before that.
MARK: Final = r"\((?:[^()]*\b)?(?:planned|pr[ée]vue?s?|gepland|voorzien)\b[^()]*\)\W*$"

UNMET: Final = (
    r"\bnot (?:been )?(?:met|reached|achieved|respected|fulfilled|realised|realized|done)\b",
    r"\b(?:unmet|unfulfilled|missed)\b",
    r"\b(?:non|pas|ni) (?:[ée]t[ée] )?(?:respect[ée]|atteint|r[ée]alis[ée]|tenu|rempli)e?s?\b",
    r"\bniet (?:\w+ )?(?:gehaald|bereikt|gerealiseerd|nageleefd|uitgevoerd)\b",
)
TARGETS: Final = (
    r"\b(?:target|goal|objectif|cible|doel|doelstelling|streefdoel|streefwaarde)s?\s*:",
    r"\b(?:at least|at latest|no later than|au plus tard|uiterlijk|ten laatste)\b",
)
PLANNED: Final = (
    r"(?<!as )\bplanned\b",
    r"\b(?:will|shall|would|should|must|expected|expects|foreseen|scheduled|intended|upcoming|envisaged|due)\b",
    r"\b(?:is|are|has|have|aims?|yet|still|remains?) to\b|\bto (?:be|come|follow|do)\b",
    r"\b(?:pr[ée]vue?s?|attendue?s?|envisag[ée]e?s?|programmée?s?|sera|seront|devra|devront|devrait|devraient|doi(?:t|vent))\b",
    r"\b(?:aura|auront) lieu\b|\b(?:va|vont) \w+(?:er|ir|re)\b",
    r"\b[àa] (?!partir\b|compter\b|l[’']|terme\b)\w+(?:er|ir|ire|tre|dre|clure)\b",
    r"\b(?:gepland|verwacht|voorzien|zal|zullen|moet|moeten|dient|dienen)\b|\bte \w+en\b",
)
UNSURE: Final = (
    r"\b(?:possib(?:le|ly|ilit(?:y|ies))|perhaps|maybe|might|could|conditional(?:ly)?|if|unless|provided|subject to)\b",
    r"\b(?:being|ongoing|on-going|in progress|under ?way|in preparation|continu(?:e|es|ing|ous|ously))\b",
    r"\b(?:not|never|no longer|postponed|abandoned|cancelled|dropped|suspended|delayed|awaiting|awaited|pending)\b",
    r"\b(?:[ée]ventuel(?:le)?(?:ment)?s?|peut-[êe]tre|pourrai(?:t|ent)|peu(?:t|vent)|si|sous r[ée]serve)\b",
    r"\b(?:en cours|en pr[ée]paration|se poursui(?:t|vent)|continue|continuent)\b",
    r"\b(?:pas|non|jamais|report[ée]e?s?|abandonn[ée]e?s?|annul[ée]e?s?|suspendue?s?|en attente|retard[ée]e?s?)\b",
    r"\b(?:mogelijk|eventueel|misschien|zou|zouden|kan|kunnen|indien|mits|onder voorbehoud)\b",
    r"\b(?:lopend|lopende|in uitvoering|in voorbereiding|wordt|worden|voortgezet)\b",
    r"\b(?:niet|geen|nooit|uitgesteld|opgeschort|stopgezet|geannuleerd|in afwachting)\b",
)
# Lower case only: a month in English begins with a capital.
UNSURE_AS_WRITTEN: Final = (r"\bmay\b",)

Rule: TypeAlias = tuple[Reading, re.Pattern[str]]


def _rule(reading: Reading, patterns: tuple[str, ...], flags: re.RegexFlag = re.IGNORECASE) -> Rule:
    return reading, re.compile("|".join(patterns), flags)


RULES: Final = (_rule("unmet", UNMET), _rule("planned", (MARK,)), _rule("target", TARGETS))
TENSES: Final = (
    _rule("planned", PLANNED),
    _rule("unclear", UNSURE),
    _rule("unclear", UNSURE_AS_WRITTEN, re.NOFLAG),
)


def reading_of(
    what: str, kind: str, day: ImpreciseDate | None, section: SectionKind | None, realised_year: int | None
) -> Reading:
    """Return how a dated fact is to be read.

    kind: its type in the file. day: None when there is none or it cannot be read. section: the account or the plan that it
    stands in. realised_year: the last year that the note gives account of.
    """
    said = _first(RULES, what)
    if said is not None:
        return said
    if kind in DUE:
        return "target"
    tense = _first(TENSES, what)
    if tense is not None:
        return tense
    return "done" if section != "planned" and _is_past(day, realised_year) else "unclear"


def _first(rules: tuple[Rule, ...], what: str) -> Reading | None:
    return next((reading for reading, pattern in rules if pattern.search(what)), None)


def _is_past(day: ImpreciseDate | None, realised_year: int | None) -> bool:
    """Return whether a whole date lies in the years that the note gives account of; an open or yearless one does not."""
    if day is None or day.earliest is None or day.latest is None or realised_year is None:
        return False
    return day.latest.year <= realised_year
