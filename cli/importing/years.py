"""Years in a text, in whatever date they stand: whether one of them may be later than a given year."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from cli.importing.language import LANGUAGES
from cli.importing.vocabulary import MONTHS

# What is more is a quantity.
LAST_YEAR: Final = 2199
# "31/12/2 030" is no quantity; nor is "12 500" a day and a number.
THOUSANDS: Final = re.compile(r"(?<=\d) (?=\d{3}(?!\d))")
# The years of a series ("2024-2028") are none of the fact.
SERIES: Final = re.compile(r"(?<![\w./-])\d{4}[\u2013-](?:19|20|21)\d{2}(?![\w/\u2013-]|\.\d)")
YEAR: Final = re.compile(r"(?<!\d)\d{4}(?!\d)")
DAY: Final = r"(?:0[1-9]|[12]\d|3[01])"
MONTH: Final = r"(?:0[1-9]|1[0-2])"
RUN_DATE: Final = re.compile(rf"(?<!\d)(?:{DAY}{MONTH}(\d{{4}})|(\d{{4}}){MONTH}{DAY})(?!\d)")
# The year of a whole date, and what else has two digits without being a year: a day beside its month, an amount, a code.
FULL_DATE: Final = re.compile(
    r"(?<![\d./-])(?:\d{1,2}([./-])\d{1,2}\1(\d{4})|(\d{4})([./-])\d{1,2}\4\d{1,2})(?![\d/-]|\.\d)"
)
SHORT_DATE: Final = re.compile(r"(?<![\d./-])\d{1,2}([./])\d{1,2}\1(?P<year>\d{2})(?![\d/-]|\.\d)")
NAMED_MONTH: Final = rf"(?:{'|'.join(' '.join(MONTHS.values()).split())})"
NO_YEARS: Final = re.compile(
    rf"(?<![\w./'-])\d{{1,2}}(?:er|st|nd|rd|th|e|ste|de)? (?={NAMED_MONTH}\b)"
    rf"|(?<=\w ){NAMED_MONTH} \d{{1,2}}(?:st|nd|rd|th)?,? (?=\d{{4}}(?!\d))"
    r"|(?<![\w./-])[\d.,]*\d ?(?:%|€|(?:eur|euros?|mi(?:l)?lions?|miljoen|milliards?)\b)|€ ?\d[\d.,]*"
    r"|(?<![\w./-])\d+(?:\.\d+){3,}(?![\w/-])|(?<![\w./-])\d+,\d+(?![\w/-])"
    r"|\b(?:n°|nr\.?|number|numéro|nummer) ?\d{1,2}(?![\w./-])",
    re.IGNORECASE,
)
TWO_DIGITS: Final = re.compile(r"(?<!\d)(\d\d)(?!\d)(?: (?P<counted>[^\W\d]+))?")


def is_later(text: str, year: int) -> bool:
    """Return whether a text holds what may be a later year, be it of two digits and in a date without order."""
    return any(year < found <= LAST_YEAR for found in _years(SERIES.sub(" ", THOUSANDS.sub("", text))))


def _years(text: str) -> Iterator[int]:
    """Yield all numbers that may be years. One of two digits is of this century, unless it counts things."""
    yield from (int(found[0]) for found in YEAR.finditer(text))
    yield from (int(found[1] or found[2]) for found in RUN_DATE.finditer(text))
    dated = SHORT_DATE.sub(r" 20\g<year> ", FULL_DATE.sub(r" \2\3 ", text))
    yield from (int(found[0]) for found in YEAR.finditer(dated))
    for found in TWO_DIGITS.finditer(NO_YEARS.sub(" ", dated)):
        if not _is_thing(found["counted"]):
            yield 2000 + int(found[1])


def _is_thing(word: str | None) -> bool:
    return word is not None and word.islower() and any(language.names_thing(word) for language in LANGUAGES)
