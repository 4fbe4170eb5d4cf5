"""An event of the kernel's own takes what it means and nothing that only looks like it."""

from __future__ import annotations

import json
from datetime import date, datetime

import pytest
from pydantic import ValidationError

from regesta.event import DayStarted

NO_DAYS = [
    "20240101", "1704067200", 1704067200, 1704067200.0, 0, True, None, "", "2024", "2024-1-1", "2024-W01-1", "2024-02-30",
    "2024-01-01T00:00:00", "2024-01-01T00:00:00Z", " 2024-01-01", "2024-01-01\n", "\u0662\u0660\u0662\u0664-01-01",
]  # fmt: skip


@pytest.mark.parametrize("value", NO_DAYS, ids=json.dumps)
def test_a_day_is_an_iso_day_and_nothing_else(value: object) -> None:
    with pytest.raises(ValidationError):
        DayStarted.model_validate_json(json.dumps({"date": value}))
    with pytest.raises(ValidationError):
        DayStarted.model_validate({"date": value})


def test_a_day_is_read_and_written_alike() -> None:
    text = '{"date":"2024-02-29"}'
    assert DayStarted.model_validate_json(text) == DayStarted(date=date(2024, 2, 29))
    assert DayStarted(date=date(2024, 2, 29)).model_dump_json() == text


def test_a_moment_is_no_day() -> None:
    with pytest.raises(ValidationError, match="is no day"):
        DayStarted(date=datetime(2024, 1, 1))  # noqa: DTZ001 - a moment without a zone is what is refused
