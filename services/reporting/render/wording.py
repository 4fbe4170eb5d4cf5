"""Numbers, dates and plurals in the words of a language; tables that serve two languages have a form of their own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

from contracts.dates import ImpreciseDate
from contracts.types import Language

# A language of the reader, or of a table that both read: no-break spaces and 31/03/2024.
Form: TypeAlias = Language | None

BRUSSELS: Final = ZoneInfo("Europe/Brussels")
NO_BREAK: Final = "\N{NO-BREAK SPACE}"
GROUPS: Final[Mapping[Form, str]] = {"fr": NO_BREAK, "nl": ".", "en": ",", None: NO_BREAK}
POINTS: Final[Mapping[Form, str]] = {"fr": ",", "nl": ",", "en": ".", None: ","}
DAYS: Final[Mapping[Form, str]] = {"fr": "%d/%m/%Y", "nl": "%d-%m-%Y", "en": "%d/%m/%Y", None: "%d/%m/%Y"}


def number(value: int | Decimal, form: Form = None) -> str:
    """Return a number with its digits grouped and its decimals as given: 12 500 000, 12.500.000, 2,5."""
    whole, _, decimals = f"{abs(value):f}".partition(".") if isinstance(value, Decimal) else (str(abs(value)), "", "")
    grouped = f"{int(whole):,}".replace(",", GROUPS[form])
    sign = "\N{MINUS SIGN}" if value < 0 else ""
    return sign + grouped + (POINTS[form] + decimals if decimals else "")


def euros(cents: int, form: Form = None) -> str:
    """Return an amount without its currency: whole euros without decimals, otherwise two."""
    amount = Decimal(cents) / 100
    return number(amount.quantize(Decimal("0.01")) if cents % 100 else cents // 100, form)


def money(cents: int, form: Form = None) -> str:
    """Return an amount with its currency on the same line: 12 500 000 EUR."""
    return f"{euros(cents, form)}{NO_BREAK}EUR"


def percent(part: int, whole: int, form: Form = None) -> str:
    """Return a share in whole per cents, rounded down so that nothing unfinished reads as 100: 20 %, 20%."""
    return percent_of(part * 100 // whole, form)


def percent_of(value: int, form: Form = None) -> str:
    """Return a number of per cents: a no-break space before the sign, none in Dutch and English text."""
    space = NO_BREAK if form in {"fr", None} else ""
    return f"{number(value, form)}{space}%"


def day(value: date, form: Form = None) -> str:
    """Return a day in words, or in figures where two languages share it: 6 mars 2023, 06/03/2023."""
    return short_day(value) if form is None else ImpreciseDate(value.isoformat()).wording(form)


def short_day(value: date, form: Form = None) -> str:
    """Return a day in figures, for tables: 06/03/2023, in Dutch tables 06-03-2023."""
    return value.strftime(DAYS[form])


def moment(value: datetime, form: Form = None) -> str:
    """Return a time in Brussels to the minute, for tables: 06/03/2023 14:05."""
    local = value.astimezone(BRUSSELS)
    return f"{short_day(local.date(), form)} {local:%H:%M}"


def counted(count: int, one: str, many: str, language: Language) -> str:
    """Return a count with its noun. French counts nought as one: 0 étape, 0 stappen."""
    singular = count < 2 if language == "fr" else count == 1
    return f"{number(count, language)} {one if singular else many}"
