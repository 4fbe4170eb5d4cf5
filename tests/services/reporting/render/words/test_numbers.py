from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from services.reporting.render.words.numbers import counted, day, euros, moment, number, percent, short_day


@pytest.mark.parametrize(
    ("form", "grouped", "decimals"),
    [
        ("fr", "12\u00a0500\u00a0000", "1\u00a0234,50"),
        ("nl", "12.500.000", "1.234,50"),
        ("en", "12,500,000", "1,234.50"),
        (None, "12\u00a0500\u00a0000", "1\u00a0234,50"),
    ],
)
def test_digits_are_grouped_as_the_language_does(form: None, grouped: str, decimals: str) -> None:
    assert number(12_500_000, form) == grouped
    assert number(Decimal("1234.50"), form) == decimals


def test_decimals_stay_as_given() -> None:
    assert [number(Decimal(text), "fr") for text in ("0.0", "-2.50", "7", "1E+3")] == [
        "0,0",
        "\N{MINUS SIGN}2,50",
        "7",
        "1\u00a0000",
    ]


def test_euros_have_cents_only_where_there_are_some() -> None:
    assert euros(1_250_000_000, "nl") == "12.500.000"
    assert euros(2_184_631_042, "fr") == "21\u00a0846\u00a0310,42"
    assert euros(5) == "0,05"
    assert euros(0) == "0"


def test_per_cents_are_rounded_down_and_spaced_as_the_language_does() -> None:
    assert percent(999, 1000, "nl") == "99%"
    assert percent(1, 5, "fr") == "20\u00a0%"


def test_days_are_written_as_the_language_and_the_table_want() -> None:
    first = date(2023, 3, 1)
    assert [day(first, form) for form in ("fr", "nl", "en", None)] == [
        "1er mars 2023",
        "1 maart 2023",
        "1 March 2023",
        "01/03/2023",
    ]
    assert short_day(first, "nl") == "01-03-2023"


def test_times_are_those_of_brussels() -> None:
    assert moment(datetime(2023, 7, 1, 22, 30, tzinfo=UTC), "fr") == "02/07/2023 00:30"


def test_plurals_follow_the_language() -> None:
    assert [counted(n, "ligne", "lignes", "fr") for n in (0, 1, 2)] == ["0 ligne", "1 ligne", "2 lignes"]
    assert [counted(n, "lijn", "lijnen", "nl") for n in (0, 1, 2)] == ["0 lijnen", "1 lijn", "2 lijnen"]
