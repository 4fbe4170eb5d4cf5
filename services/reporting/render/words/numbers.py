"""Numbers, dates and plurals in the words of a language; tables that serve two languages have a notation of their own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Final, TypeAlias

from contracts.dates import ImpreciseDate
from contracts.types import Language
from regesta.event import BRUSSELS
from services.reporting.render.words.label import Label

# A language of the reader, or of a table that both read: no-break spaces and 31/03/2024.
Notation: TypeAlias = Language | None

NO_BREAK: Final = "\N{NO-BREAK SPACE}"
GROUPS: Final[Mapping[Notation, str]] = {"fr": NO_BREAK, "nl": ".", "en": ",", None: NO_BREAK}
POINTS: Final[Mapping[Notation, str]] = {"fr": ",", "nl": ",", "en": ".", None: ","}
DAYS: Final[Mapping[Notation, str]] = {"fr": "%d/%m/%Y", "nl": "%d-%m-%Y", "en": "%d/%m/%Y", None: "%d/%m/%Y"}
# Months in the fewest letters, January first.
SHORT_MONTHS: Final = (
    Label("janv.", "jan.", "Jan"),
    Label("févr.", "feb.", "Feb"),
    Label("mars", "mrt.", "Mar"),
    Label("avr.", "apr.", "Apr"),
    Label("mai", "mei", "May"),
    Label("juin", "juni", "June"),
    Label("juil.", "juli", "July"),
    Label("août", "aug.", "Aug"),
    Label("sept.", "sep.", "Sept"),
    Label("oct.", "okt.", "Oct"),
    Label("nov.", "nov.", "Nov"),
    Label("déc.", "dec.", "Dec"),
)


def number(value: int | Decimal, notation: Notation = None) -> str:
    """Return a number with its digits grouped and its decimals as given: 12 500 000, 12.500.000, 2,5."""
    whole, _, decimals = f"{abs(value):f}".partition(".") if isinstance(value, Decimal) else (str(abs(value)), "", "")
    grouped = f"{int(whole):,}".replace(",", GROUPS[notation])
    sign = "\N{MINUS SIGN}" if value < 0 else ""
    return sign + grouped + (POINTS[notation] + decimals if decimals else "")


def euros(cents: int, notation: Notation = None) -> str:
    """Return an amount without its currency: whole euros without decimals, otherwise two."""
    amount = Decimal(cents) / 100
    return number(amount.quantize(Decimal("0.01")) if cents % 100 else cents // 100, notation)


def money(cents: int, notation: Notation = None) -> str:
    """Return an amount with its currency on the same line: 12 500 000 EUR."""
    return f"{euros(cents, notation)}{NO_BREAK}EUR"


def percent(part: int, whole: int, notation: Notation = None) -> str:
    """Return a share in whole per cents, rounded down so that nothing unfinished reads as 100: 20 %, 20%."""
    return percent_of(part * 100 // whole, notation)


def percent_of(value: int, notation: Notation = None) -> str:
    """Return a number of per cents: a no-break space before the sign, none in Dutch and English text."""
    space = NO_BREAK if notation in {"fr", None} else ""
    return f"{number(value, notation)}{space}%"


def day(value: date, notation: Notation = None) -> str:
    """Return a day in words, or in figures where two languages share it: 6 mars 2023, 06/03/2023."""
    return short_day(value) if notation is None else ImpreciseDate(value.isoformat()).wording(notation)


def short_day(value: date, notation: Notation = None) -> str:
    """Return a day in figures, for tables: 06/03/2023, in Dutch tables 06-03-2023."""
    return value.strftime(DAYS[notation])


def moment(value: datetime, notation: Notation = None) -> str:
    """Return a time in Brussels to the minute, for tables: 06/03/2023 14:05."""
    local = value.astimezone(BRUSSELS)
    return f"{short_day(local.date(), notation)} {local:%H:%M}"


def counted(count: int, one: str, many: str, language: Language) -> str:
    """Return a count with its noun. French counts nought as one: 0 étape, 0 stappen."""
    singular = count < 2 if language == "fr" else count == 1
    return f"{number(count, language)} {one if singular else many}"
