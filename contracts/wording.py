"""Imprecise dates in words, as known: "juin à juillet 2023", "lente 2024", "4th quarter of 2023". Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from contracts.edtf import Between, Point, Since, Span, Until
from contracts.types import Language


@dataclass(frozen=True, slots=True)
class Names:
    """What the parts of a year are called. parts: by their EDTF number; "{}" stands for the year."""

    months: tuple[str, ...]
    parts: dict[int, str]


NAMES: Final[dict[Language, Names]] = {
    "fr": Names(
        ("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre"),
        {21: "printemps {}", 22: "été {}", 23: "automne {}", 24: "hiver {}"}
        | {33: "1er trimestre {}", 34: "2e trimestre {}", 35: "3e trimestre {}", 36: "4e trimestre {}"}
        | {37: "début {}", 38: "mi-{}", 39: "fin {}", 40: "1er semestre {}", 41: "2e semestre {}"},
    ),
    "nl": Names(
        ("januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september", "oktober", "november", "december"),
        {21: "lente {}", 22: "zomer {}", 23: "herfst {}", 24: "winter {}"}
        | {33: "1e kwartaal {}", 34: "2e kwartaal {}", 35: "3e kwartaal {}", 36: "4e kwartaal {}"}
        | {37: "begin {}", 38: "midden {}", 39: "eind {}", 40: "1e semester {}", 41: "2e semester {}"},
    ),
    "en": Names(
        ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"),
        {21: "spring {}", 22: "summer {}", 23: "autumn {}", 24: "winter {}"}
        | {33: "1st quarter of {}", 34: "2nd quarter of {}", 35: "3rd quarter of {}", 36: "4th quarter of {}"}
        | {37: "start of {}", 38: "mid-{}", 39: "end of {}", 40: "1st half of {}", 41: "2nd half of {}"},
    ),
}  # fmt: skip

# How a French preposition meets what follows: "à juin" and "au 4e trimestre", "de juin" and "du 6 mars".
TO: Final = {"": "à ", "le": "au ", "l": "à l’"}
FROM: Final = {"": "de ", "d": "d’", "le": "du ", "l": "de l’"}


def words(span: Span, language: Language) -> str:
    """Return a date in words of this language, never more precise than it is known."""
    match span:
        case Point():
            return _point(span, language)
        case Between():
            return _between(span.start, span.end, language)
        case Since():
            return _from(span.start, language)
        case Until():
            return _until(span.end, language)


def _point(point: Point, language: Language) -> str:
    year = "" if point.year is None else str(point.year)
    if point.part is None:
        return year
    names = NAMES[language]
    if point.part > 12:
        return names.parts[point.part].format(year)
    return " ".join(word for word in (_day(point.day, language), names.months[point.part - 1], year) if word)


def _day(day: int | None, language: Language) -> str:
    return "1er" if day == 1 and language == "fr" else str(day or "")


def _between(start: Point, end: Point, language: Language) -> str:
    first, last = _shortened(start, end, language), _point(end, language)
    match language:
        case "fr":
            return f"{first} {TO[_article(end)]}{last}"
        case "nl":
            return f"{first} tot en met {last}"
        case "en":
            return f"{first} to {last}"


def _shortened(start: Point, end: Point, language: Language) -> str:
    # "juin à juillet 2023", "6 au 10 mars 2023": what both ends share is said once, where the grammar allows it.
    months = start.part is not None and end.part is not None and max(start.part, end.part) <= 12
    if start.year != end.year or not months:
        return _point(start, language)
    if start.day and end.day and start.part == end.part:
        return _day(start.day, language)
    return _point(replace(start, year=None), language)


def _from(start: Point, language: Language) -> str:
    said = _point(start, language)
    match language:
        case "fr":
            article = _article(start)
            vowel = article == "" and said[0] in "aeo"
            return f"à partir {FROM['d' if vowel else article]}{said}"
        case "nl":
            return f"vanaf {said}"
        case "en":
            return f"from {said}"


def _until(end: Point, language: Language) -> str:
    said = _point(end, language)
    match language:
        case "fr":
            plain = end.day is None and (end.part is None or end.part <= 12)
            return f"jusqu’en {said}" if plain else f"jusqu’{TO[_article(end)]}{said}"
        case "nl":
            return f"tot en met {said}"
        case "en":
            return f"until {said}"


def _article(point: Point) -> str:
    """Return how French names this date: without an article, with "le", or with "l" before a vowel."""
    if point.day is not None:
        return "le"
    if point.part is None or point.part <= 12 or 37 <= point.part <= 39:
        return ""
    return "l" if 22 <= point.part <= 24 else "le"
