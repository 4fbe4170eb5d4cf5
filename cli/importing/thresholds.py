"""Bands from the printed texts of an indicator's table, only when together they hold every number exactly once.

Nothing is guessed: a text is a range only when it names a comparison, numbers and a unit, and nothing that could change its
meaning. "95 %" or "2 semaines de retard" name a value and not which side of it, so they stay as printed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from contracts.bands import Band, BandColour, BandsError, check_bands
from contracts.letters import is_mark, normal
from contracts.wording import NAMES


class NoBands(ValueError):
    """The printed texts have no machine form; the message says why."""


@dataclass(frozen=True, slots=True)
class Range:
    """What one text says. *_inclusive: None where the words leave open whether the edge is inside ("between 80 and 90").

    unit: "" when none is printed. turns: words after the numbers that say where they count from ("after", "late"). subject, rest: the words before the comparison
    and after the unit. refers_back: "these", "they" stand for words of another text.
    """

    lower: Decimal | None = None
    lower_inclusive: bool | None = False
    upper: Decimal | None = None
    upper_inclusive: bool | None = False
    unit: str = ""
    turns: frozenset[str] = frozenset()
    subject: str = ""
    rest: str = ""
    refers_back: bool = False


NUMBER_WORDS: Final = {
    word: number
    for number, words in enumerate(
        (
            ("un", "une", "een", "één", "one"),
            ("deux", "twee", "two"),
            ("trois", "drie", "three"),
            ("quatre", "vier", "four"),
            ("cinq", "vijf", "five"),
            ("six", "zes"),
            ("sept", "zeven", "seven"),
            ("huit", "acht", "eight"),
            ("neuf", "negen", "nine"),
            ("dix", "tien", "ten"),
        ),
        start=1,
    )
    for word in words
}
UNITS: Final = {
    word: unit
    for unit, words in {
        "%": "% pourcent procent percent",
        "jours": "jour jours j js jc dag dagen kalenderdag kalenderdagen d day days",
        "semaines": "semaine semaines week weken weeks",
        "mois": "mois maand maanden month months",
        "trimestres": "trimestre trimestres kwartaal kwartalen quarter quarters",
        "années": "an ans année années jaar jaren year years",
        "euros": "€ euro euros eur",
    }.items()
    for word in words.split()
}
KNOWN_UNITS: Final = frozenset({*UNITS.values(), "jours ouvrables"})
# Working days are another unit; calendar days are what days are anyway.
WORKING: Final = frozenset({"ouvrable", "ouvrables", "ouvré", "ouvrés", "werkdag", "werkdagen", "working"})
TURNS: Final = {
    word: turn
    for turn, words in {
        "after": "après na after",
        "before": "avant voor vóór before",
        "late": "retard vertraging delay late",
        "early": "avance early",
        "more": "hausse augmentation stijging toename increase",
        "less": "baisse diminution daling afname decrease",
    }.items()
    for word in words.split()
}
MONTHS: Final = frozenset(month.lower() for names in NAMES.values() for month in names.months)

WORD: Final = re.compile(r"[^\W\d_]+")
# "m²" is a unit; another raised digit is a footnote mark.
SQUARED: Final = re.compile(r"\b[kcd]?m[²³](?!\w)")
# Words that stand for others: "quand elles sont", "de ces prévisions"; not "il y a".
BACK: Final = re.compile(r"\b(?:elles?|ils?(?! y a)|ces?|cette|cel(?:le|les|ui)-ci|ze|zij|deze|it|they|these|this)\b")
# Words before a comparison that do not say what is compared.
SAYS_NOTHING: Final = frozenset(
    word
    for words in (
        "si quand lorsque lorsqu que qu est sont être elle elles il ils ce c ces cet cette le la les l un une du de des d au aux",
        "dans compris comprise comprises als wanneer indien is zijn het de een ze zij dit ligt liggen begrepen",
        "if when are the a an it they",
    )
    for word in words.split()
)

# Longer texts are prose, and longer numbers no thresholds.
MOST_CHARACTERS: Final = 300
MOST_DIGITS: Final = 15

# Comparisons before their number. The longer ones come first, so that "n'excède pas" is not read as "excède".
BEFORE: Final = (
    (">=", r"(?:>=|≥|au moins|au minimum|minimum|[ée]ga(?:l|le|ux|les) ou sup[ée]rieure?s? [àa]|sup[ée]rieure?s? ou [ée]ga(?:l|le|ux|les) [àa]|[àa] partir de|minstens|ten minste|minimaal|vanaf|(?:groter|hoger|meer) dan of gelijk aan|gelijk aan of (?:groter|hoger|meer) dan|niet minder dan|at least|not less than|no less than)"),
    ("<=", r"(?:<=|≤|au plus|au maximum|maximum|[ée]ga(?:l|le|ux|les) ou inf[ée]rieure?s? [àa]|inf[ée]rieure?s? ou [ée]ga(?:l|le|ux|les) [àa]|(?:n'|ne )(?:exc[èe]de(?:nt)?|d[ée]passe(?:nt)?) pas|dans les|ten hoogste|hoogstens|maximaal|(?:kleiner|lager|minder) dan of gelijk aan|gelijk aan of (?:kleiner|lager|minder) dan|niet (?:meer|hoger|groter) dan|binnen(?: de)?|at most|not more than|no more than|within)"),
    (">", r"(?:>|strictement sup[ée]rieure?s? [àa]|sup[ée]rieure?s? [àa]|plus (?:de|d')|au-del[àa] (?:de|d')|exc[èe]de(?:nt)?|d[ée]passe(?:nt)?|(?:meer|hoger|groter|langer) dan|boven(?: de)?|more than|greater than|higher than|longer than|over|above)"),
    ("<", r"(?:<|strictement inf[ée]rieure?s? [àa]|inf[ée]rieure?s? [àa]|moins (?:de|d')|en dessous (?:de|d')|en-dessous (?:de|d')|(?:minder|lager|kleiner|korter) dan|onder(?: de)?|less than|lower than|shorter than|fewer than|below|under)"),
    ("=", r"(?:=|[ée]ga(?:l|le|ux|les) [àa]|exactement|precies|gelijk aan|exactly|equal to)"),
)  # fmt: skip
# Comparisons after their number.
AFTER: Final = (
    (">=", r"(?:ou|et) (?:plus|davantage)|(?:of|en) meer|(?:or|and) more|minimum|au moins|au minimum"),
    ("<=", r"(?:ou|et) moins|of minder|or (?:less|fewer)|maximum|au plus|au maximum"),
)
JOINED: Final = r"(?:et|en|and|mais|maar|but|,|;)"
NUMBER: Final = rf"(?P<number>[0-9]+(?:[ .,][0-9]+)*|\b(?:{'|'.join(NUMBER_WORDS)})\b)"
UNIT: Final = r"(?: ?(?P<unit>%|€|[^\W\d_]+))?(?P<working> (?:ouvrables?|ouvr[ée]s?|calendriers?|calendar))?"
BETWEEN: Final = re.compile(
    rf"(?P<lead>.*?)(?:entre|tussen|between|de|van|from|^)? ?(?P<low>[0-9]+(?:[.,][0-9]+)?) ?(?P<lowunit>%|[^\W\d_]+)? ?"
    rf"(?:et|en|and|-|\u2013|à|tot|to) ?{NUMBER}{UNIT}(?P<trail>.*)"
)
ONE: Final = tuple(
    (sign, re.compile(rf"(?P<lead>.*?)(?<![\w>=<])(?:{words}) ?{NUMBER}{UNIT}(?P<trail>.*)")) for sign, words in BEFORE
)
OTHER: Final = tuple(
    (sign, re.compile(rf"(?P<lead>){NUMBER}{UNIT} (?:{words})\b(?P<trail>.*)")) for sign, words in AFTER
)
# What could change the meaning of the words around a number.
DOUBT: Final = re.compile(
    r"[0-9<>≤≥=~±/]|\b(?:ou|of|or|et|en|and|pas|non|ne|ni|niet|geen|not|no|sauf|hors|except|unless|tenzij|behalve|excepté"
    r"|environ|ongeveer|circa|about|moins|plus|minder|meer|less|more|jusqu|tot|entre|tussen|between)\b"
)


def bands_of(printed: Mapping[BandColour, str | None]) -> tuple[Band, ...]:
    """Return the bands that the texts of a table say. Raises NoBands with the reason why they say none."""
    ranges = {colour: range_of(text) for colour, text in printed.items() if text is not None and text.strip()}
    if len(ranges) < 2:
        raise NoBands("one text alone does not cover every value" if ranges else "no threshold is printed")
    _require_one_scale(list(ranges.values()))
    bands = tuple(_band(colour, ranges) for colour in ranges)
    try:
        check_bands(bands)
    except BandsError as error:
        raise NoBands(str(error)) from error
    return bands


def unit_of(printed: Mapping[BandColour, str | None]) -> str | None:
    """Return the unit of texts that `bands_of` could read; None when they print none."""
    return next((found for text in printed.values() if text and (found := range_of(text).unit)), None)


def range_of(printed: str) -> Range:
    """Return the range that one text says. Raises NoBands when it says none beyond doubt."""
    text = _plain(printed)
    mark = next(filter(is_mark, SQUARED.sub("", text)), None)
    if mark is not None:
        raise NoBands(f"{printed!r} holds the mark {mark!r}, which is no digit")
    if len(text) > MOST_CHARACTERS:
        raise NoBands(f"a text of {len(text)} characters is no threshold")
    found = [one for one in (_double(text), _between(text), _single(text)) if one is not None]
    if not found:
        raise NoBands(f"{printed!r} {_why_not(text)}")
    return found[0]


def number_of(printed: str) -> tuple[Decimal, str] | None:
    """Return the number and the unit ("" for none) of a text that is nothing else; None when it is more, or less."""
    text = _plain(printed)[:MOST_CHARACTERS]
    found = None if any(map(is_mark, SQUARED.sub("", text))) else re.fullmatch(rf"(?P<sign>-?){NUMBER}{UNIT}", text)
    number = None if found is None else _number(found["number"], _unit(found))
    if found is None or number is None or DOUBT.search(_unit(found)) or _unit(found) in MONTHS:
        return None
    return (-number if found["sign"] else number), _unit(found)


def _plain(printed: str) -> str:
    text = normal(printed).lower().replace("’", "'").replace("\u2010", "-")
    text = re.sub(r"\b([ldn]|qu)' ", r"\1'", " ".join(text.split()))
    return re.sub(r"(?<=d')(?=\w)", " ", text).strip(" .;:")


def _single(text: str) -> Range | None:
    for sign, pattern in (*ONE, *OTHER):
        found = pattern.fullmatch(text)
        if found is not None and not _in_doubt(found):
            return _compared(sign, found)
    return None


def _double(text: str) -> Range | None:
    """Return the range of two comparisons: ">= 80 % et < 90 %"."""
    for part in re.finditer(rf" ?{JOINED} ?", text):
        one, other = _single(text[: part.start()]), _single(text[part.end() :])
        low = next((each for each in (one, other) if each is not None and each.upper is None), None)
        high = next((each for each in (one, other) if each is not None and each.lower is None), None)
        if one is not None and other is not None and low is not None and high is not None:
            unit = low.unit or high.unit
            if (
                {low.unit, high.unit} <= {unit, ""}
                and low.rest in {"", high.rest}
                and high.subject in {"", low.subject}
            ):
                return replace(
                    low,
                    upper=high.upper,
                    upper_inclusive=high.upper_inclusive,
                    unit=unit,
                    turns=low.turns | high.turns,
                    rest=high.rest,
                )
    return None


def _between(text: str) -> Range | None:
    found = BETWEEN.fullmatch(text)
    if found is None or _in_doubt(found) or found["lead"].endswith("-"):
        return None
    low, high = _number(found["low"], ""), _number(found["number"], _unit(found))
    first, unit = found["lowunit"], _unit(found)
    if low is None or high is None or low >= high or (first and UNITS.get(first, first) != unit):
        return None
    return Range(low, None, high, None, unit, _turns(found), *_around(found))


def _compared(sign: str, found: re.Match[str]) -> Range | None:
    unit, inclusive = _unit(found), "=" in sign
    number = _number(found["number"], unit)
    if number is None:
        return None
    subject, rest, back = _around(found)
    said = Range(unit=unit, turns=_turns(found), subject=subject, rest=rest, refers_back=back)
    match sign[0]:
        case ">":
            return replace(said, lower=number, lower_inclusive=inclusive)
        case "<":
            return replace(said, upper=number, upper_inclusive=inclusive)
        case _:
            return replace(said, lower=number, lower_inclusive=True, upper=number, upper_inclusive=True)


def _in_doubt(found: re.Match[str]) -> bool:
    around = f"{found['lead']} | {found['unit'] or ''} | {found['trail']}"
    # "A month out of two": a share, not a time.
    if any(word in NUMBER_WORDS for word in WORD.findall(found["trail"])):
        return True
    return DOUBT.search(around) is not None or any(re.search(rf"\b{month}\b", found[0]) for month in MONTHS)


def _number(text: str, unit: str) -> Decimal | None:
    """Return a number; None when its separators can be read in two ways ("1.000"), or a word may be an article ("un")."""
    if text in NUMBER_WORDS:
        return Decimal(NUMBER_WORDS[text]) if unit in KNOWN_UNITS else None
    if sum(map(str.isdigit, text)) > MOST_DIGITS:
        return None
    if re.fullmatch(r"[0-9]{1,3}(?: [0-9]{3})+|[0-9]+", text):
        return Decimal(text.replace(" ", ""))
    if re.fullmatch(r"[0-9]+[.,](?:[0-9]{1,2}|[0-9]{4,9})", text):
        return Decimal(text.replace(",", "."))
    return None


def _unit(found: re.Match[str]) -> str:
    word = found["unit"] or ""
    working = word in WORKING or (found["working"] or "").strip() in WORKING
    return "jours ouvrables" if working else UNITS.get(word, word)


def _turns(found: re.Match[str]) -> frozenset[str]:
    return frozenset(TURNS[word] for word in WORD.findall(found["trail"]) if word in TURNS)


def _around(found: re.Match[str]) -> tuple[str, str, bool]:
    """Return the words before a comparison that say what is compared, all after its unit, and whether any refers back."""
    return " ".join(_telling(found["lead"])), found["trail"].strip(" .;:,"), BACK.search(found[0]) is not None


def _telling(words: str) -> list[str]:
    return [word for word in WORD.findall(words) if word not in SAYS_NOTHING]


def _require_one_scale(ranges: list[Range]) -> None:
    """Raise NoBands unless all ranges count the same thing from the same side."""
    units = sorted({each.unit for each in ranges})
    if len(units) > 1:
        raise NoBands(f"the texts count in different units: {', '.join(unit or 'none' for unit in units)}")
    turns = {each.turns for each in ranges} - {frozenset()}
    if len(turns) > 1:
        raise NoBands("the texts count from different sides")
    _require_one_rest(ranges)
    subjects = sorted({each.subject for each in ranges} - {""})
    if len(subjects) > 1:
        raise NoBands(f"the texts speak of different things: {', '.join(map(repr, subjects))}")


def _require_one_rest(ranges: list[Range]) -> None:
    """Raise NoBands unless the words after all numbers are equal, or said shorter by a text that refers back to another."""
    whole = {each.rest for each in ranges if not each.refers_back} or {max((each.rest for each in ranges), key=len)}
    full = _telling(min(whole))
    short = [_telling(each.rest) for each in ranges if each.refers_back]
    if len(whole) > 1 or any(words != full[: len(words)] for words in short):
        rests = sorted({each.rest for each in ranges})
        raise NoBands(f"the texts go on differently after their numbers: {', '.join(map(repr, rests))}")


def _band(colour: BandColour, ranges: Mapping[BandColour, Range]) -> Band:
    """Return a range as a band: an edge that its words leave open is inside unless another text holds it."""
    own = ranges[colour]
    others = [each for name, each in ranges.items() if name != colour]
    return Band(
        colour=colour,
        lower=own.lower,
        lower_inclusive=_inclusive(own.lower, own.lower_inclusive, others),
        upper=own.upper,
        upper_inclusive=_inclusive(own.upper, own.upper_inclusive, others),
    )


def _inclusive(edge: Decimal | None, said: bool | None, others: list[Range]) -> bool:
    if said is not None or edge is None:
        return bool(said)
    held = {(each.lower, each.lower_inclusive) for each in others} | {
        (each.upper, each.upper_inclusive) for each in others
    }
    return (edge, True) not in held


def _why_not(text: str) -> str:
    if not re.search(r"[0-9]", text) and not any(re.search(rf"\b{word}\b", text) for word in NUMBER_WORDS):
        return "names no number"
    if any(re.search(rf"\b{month}\b", text) for month in MONTHS):
        return "is about a date"
    if re.fullmatch(rf"{NUMBER}{UNIT}[^0-9]*", text):
        return "names a value, not which side of it"
    return "cannot be read as a range beyond doubt"
