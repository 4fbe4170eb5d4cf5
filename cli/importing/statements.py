"""Printed statuses, deadlines and empty fields in French and Dutch: what they say, or that only their words are known."""

from __future__ import annotations

import re
from typing import Final

from contracts.dates import ImpreciseDate
from contracts.letters import normal
from contracts.objectives import Continuous, Deadline, EndOfLegislature, InWords, OnDay, Status
from contracts.types import NONE, NOT_APPLICABLE, PENDING, ByReference, Empty, Known, Text, by_reference, known
from contracts.wording import NAMES

# Whole texts only: "Arrêté" is a decree as well as stopped, so it says neither.
STATUSES: Final[dict[Status, str]] = {
    "on_schedule": r"(?:selon|suivant|conforme au|dans le) (?:le )?planning|(?:volgens|conform)(?: de| het)? planning|op schema",
    "in_progress": r"en cours(?: d'exécution| de réalisation)?|lopend|in uitvoering|bezig|in progress",
    "behind": r"(?:en )?retard|en retard sur le planning|vertraging|vertraagd|achter op (?:schema|de planning)|behind",
    "completed": r"(?:réalisé|terminé|achevé|clôturé|finalisé|accompli)e?s?(?: en [12][0-9]{3})?|(?:gerealiseerd|afgerond|voltooid|beëindigd)(?: in [12][0-9]{3})?|completed",
    "stopped": r"(?:abandonné|stoppé)e?s?|à l'arrêt|stopgezet|stopped",
    "to_be_corrected": r"à (?:corriger|rectifier)|te corrigeren|bij te sturen",
}
EMPTIES: Final = tuple(
    (empty, re.compile(pattern))
    for empty, pattern in (
        (NONE, r"néant|aucune?|geen|nihil|none"),
        (NOT_APPLICABLE, r"sans objet|non applicable|s\.?o\.?|n\.?v\.?t\.?|niet van toepassing|n/?a"),
        (PENDING, r"à (?:compléter|remplir|définir|déterminer)|(?:nog )?(?:aan te vullen|in te vullen|te bepalen)"),
    )
)
ELSEWHERE: Final = re.compile(r"(?:voir|cf\.?|zie|see) (.+)", re.IGNORECASE)
CONTINUOUS: Final = re.compile(
    r"(?:en )?continue?s?|permanente?|doorlopend|continuous"
    r"|(?:(?:en )?continue?s?|permanente?|doorlopend) (?:jusque|jusqu'en|jusqu'à|tot(?: en met)?|t\.?e\.?m\.?) (?P<until>.+)"
)
END_OF_LEGISLATURE: Final = re.compile(
    r"(?:à la )?fin de (?:la )?(?:législature|mandature)|(?:op het )?einde? van de (?:legislatuur|zittingsperiode)"
)
MONTHS: Final = {
    name: number for names in (NAMES["fr"], NAMES["nl"]) for number, name in enumerate(names.months, start=1)
}
MONTH: Final = "|".join(MONTHS)
NUMERIC_DAY: Final = re.compile(r"([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([12][0-9]{3})")
NAMED_DAY: Final = re.compile(rf"(?:le |op )?([0-9]{{1,2}})(?:er|e)? ({MONTH}) ([12][0-9]{{3}})")
NAMED_MONTH: Final = re.compile(rf"(?:en |in )?({MONTH}) ([12][0-9]{{3}})")
NAMED_PART: Final = tuple(
    (suffix, re.compile(rf"(?:{words})[ -]?([12][0-9]{{3}})"))
    for suffix, words in (
        ("Q{}", r"(?:au |in het )?(?:([1-4])(?:er|e|ème|ste|de)? (?:trimestre|kwartaal)|[qt]([1-4]))(?: de| van)?"),
        ("H{}", r"(?:au |in het )?(?:([12])(?:er|e|ème|ste|de)? semestre?|s([12]))(?: de| van)?"),
        ("start", r"(?:au )?début(?: de)?|begin"),
        ("mid", r"(?:à la )?mi|midden|medio"),
        ("end", r"(?:à la )?fin(?: de| d')?|eind|einde"),
        ("spring", r"(?:au )?printemps|(?:in de )?lente"),
        ("summer", r"(?:en |à l')?été|(?:in de )?zomer"),
        ("autumn", r"(?:en |à l')?automne|(?:in de )?herfst"),
        ("winter", r"(?:en )?hiver|(?:in de )?winter"),
    )
)


def status_of(printed: str) -> Status:
    """Return what a printed status says; other when only its words are known."""
    text = plain(printed)
    return next((status for status, pattern in STATUSES.items() if re.fullmatch(pattern, text)), "other")


def empty_of(printed: str) -> Empty | ByReference | None:
    """Return the kind of empty that a printed text says; None when it says something."""
    text = plain(printed)
    elsewhere = ELSEWHERE.fullmatch(" ".join(printed.split()).strip("(). "))
    if elsewhere is not None:
        return by_reference(elsewhere[1])
    return next((empty for empty, pattern in EMPTIES if pattern.fullmatch(text)), None)


def deadline_of(printed: str, words: Text) -> Known[Deadline] | Empty | ByReference:
    """Return what a printed deadline says. words: the same text in its language, kept when no day can be told."""
    return empty_of(printed) or known(_deadline(plain(printed)) or InWords(kind="text", text=words))


def plain(printed: str) -> str:
    """Return a text in lower case with one kind of apostrophe and space, without what stands around it."""
    return " ".join(normal(printed).lower().replace("’", "'").split()).strip(" .;:")


def _deadline(text: str) -> Deadline | None:
    continuous = CONTINUOUS.fullmatch(text)
    if continuous is not None:
        until = continuous["until"]
        day = None if until is None else day_of(until)
        return Continuous(kind="continuous", until=day) if until is None or day is not None else None
    if END_OF_LEGISLATURE.fullmatch(text):
        return EndOfLegislature(kind="end_of_legislature")
    day = day_of(text)
    return None if day is None else OnDay(kind="day", day=day)


def day_of(text: str) -> ImpreciseDate | None:
    """Return the date that a text names as a whole ("31/12/2023", "fin 2024", "juni 2024"); None when it is none."""
    printed = _printed_form(plain(text))
    try:
        return ImpreciseDate.from_printed(printed)
    except ValueError:
        return None


def _printed_form(text: str) -> str:
    """Return the form of a file's dates for a day or a part of a year in words."""
    if found := NUMERIC_DAY.fullmatch(text):
        return f"{found[3]}-{int(found[2]):02}-{int(found[1]):02}"
    if found := NAMED_DAY.fullmatch(text):
        return f"{found[3]}-{MONTHS[found[2]]:02}-{int(found[1]):02}"
    if found := NAMED_MONTH.fullmatch(text):
        return f"{found[2]}-{MONTHS[found[1]]:02}"
    for suffix, pattern in NAMED_PART:
        if found := pattern.fullmatch(text):
            *parts, year = found.groups()
            return f"{year}-{suffix.format(next((part for part in parts if part), ''))}"
    return text
