"""Dates: a day, a period of days, and a date that is often not a day. Pure."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Final, Literal, Self, TypeAlias

from pydantic import (
    AfterValidator,
    BeforeValidator,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    WithJsonSchema,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from contracts.edtf import DateRefused, parse
from contracts.types import FIRST_YEAR, LAST_YEAR, Language, OutOfBounds, Value
from contracts.wording import words

Certainty: TypeAlias = Literal["certain", "possible", "no"]

# Good enough for forms and generators: only leap days and the order of an interval need the parser.
_MONTH_DAY = r"(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|1[0-9]|2[0-8]))?|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31|02-29"
_ONE = rf"(?:[12][0-9]{{3}}(?:-(?:{_MONTH_DAY}|2[1-4]|3[3-9]|4[01]))?|XXXX-(?:{_MONTH_DAY}))"
PATTERN: Final = rf"^(?:{_ONE}(?:/(?:{_ONE}|\.\.))?|\.\./{_ONE})$"

PRINTED_PART: Final = re.compile(r"([0-9]{4})-(Q[1-4]|H[12]|spring|summer|autumn|winter|start|mid|end)", re.IGNORECASE)
PRINTED_PARTS: Final = (
    {"spring": "21", "summer": "22", "autumn": "23", "winter": "24"}
    | {"q1": "33", "q2": "34", "q3": "35", "q4": "36"}
    | {"start": "37", "mid": "38", "end": "39", "h1": "40", "h2": "41"}
)


class ImpreciseDate(str):
    """A date as far as it is known, as EDTF (ISO 8601-2).

    `2023`, `2023-06`, `2023-06-15`; seasons `2023-21` to `-24`, quarters `-33` to `-36`, thirds `-37` to `-39` (start, mid
    and end of a year), halves `-40` and `-41`; `XXXX-07` and `XXXX-07-20`, of every or an unstated year; two of these with
    `/` between, `..` for an open end. Raises ValueError, naming the text, for everything else.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Check the text and return it as a date."""
        parse(text)
        return super().__new__(cls, text)

    @classmethod
    def from_printed(cls, printed: str) -> Self:
        """Return the date of a printed form: `2023-Q4`, `2023-H1`, `2024-summer`, `2023-end`, `--07`, an interval of two.

        EDTF is read as it is. Raises ValueError, naming the printed form.
        """
        try:
            return cls("/".join(_edtf_of(side) for side in printed.strip().split("/")))
        except ValueError as error:
            raise DateRefused(f"{printed!r} cannot be read as a date: {error}") from error

    @property
    def earliest(self) -> date | None:
        """The first day it can mean; None when that is open or has no year."""
        return parse(self).earliest

    @property
    def latest(self) -> date | None:
        """The last day it can mean; None when that is open or has no year."""
        return parse(self).latest

    def by(self, day: date) -> Certainty:
        """Return whether this had happened at the end of a day: certain when it ends by then, possible when it starts by then.

        Without a year it is possible on every day: the year is never filled in.
        """
        if self.latest is not None and self.latest <= day:
            return "certain"
        return "no" if self.earliest is not None and self.earliest > day else "possible"

    def wording(self, language: Language) -> str:
        """Return it in words, as precise as it is known: "juin à juillet 2023", "lente 2024"."""
        return words(parse(self), language)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: type[str], handler: GetCoreSchemaHandler) -> CoreSchema:
        """Validate strings with the constructor; dump as a string. The reference gives its JSON Schema a name."""
        return core_schema.no_info_after_validator_function(cls, core_schema.str_schema(), ref="ImpreciseDate")

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Describe it as a string of the kept forms."""
        return {"type": "string", "pattern": PATTERN, "examples": ["2023-06-15", "2023-36", "2023-06/2023-07"]}


def _edtf_of(side: str) -> str:
    if side.startswith("--"):
        return f"XXXX-{side[2:]}"
    found = PRINTED_PART.fullmatch(side)
    return side if found is None else f"{found[1]}-{PRINTED_PARTS[found[2].lower()]}"


def _only_a_day(value: object) -> object:
    # Pydantic would also take a Unix time, or midnight of a time stamp.
    if isinstance(value, datetime) or not isinstance(value, date | str):
        raise DateRefused(f"{value!r} is no day, such as '2023-06-15'")
    if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value) is None:
        raise DateRefused(f"{value!r} is no day, such as '2023-06-15'")
    return value


# A calendar day, in Brussels unless its name says otherwise.
Day: TypeAlias = Annotated[date, BeforeValidator(_only_a_day), WithJsonSchema({"type": "string", "format": "date"})]


class Period(Value):
    """Some days in a row, the first and the last included; need not be a calendar year."""

    starts_on: Day
    ends_on: Day

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.ends_on < self.starts_on:
            raise DateRefused(f"the period ends on {self.ends_on}, before it starts on {self.starts_on}")
        return self


def _of_our_times(*days: date | None) -> None:
    for day in days:
        if day is not None and not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise OutOfBounds(f"{day} is not in the years {FIRST_YEAR} to {LAST_YEAR}")


def _bounded_day(day: date) -> date:
    _of_our_times(day)
    return day


def _bounded_period(period: Period) -> Period:
    _of_our_times(period.starts_on, period.ends_on)
    return period


def _bounded_date(known: ImpreciseDate) -> ImpreciseDate:
    _of_our_times(known.earliest, known.latest)
    return known


# As a command takes them, in the years of budgets. What is recorded already is read as it is.
BoundedDay: TypeAlias = Annotated[Day, AfterValidator(_bounded_day)]
BoundedPeriod: TypeAlias = Annotated[Period, AfterValidator(_bounded_period)]
BoundedDate: TypeAlias = Annotated[ImpreciseDate, AfterValidator(_bounded_date)]
