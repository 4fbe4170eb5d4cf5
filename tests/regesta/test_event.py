"""Events are read by the name of their type; what a later release knows of them is kept; a day is a day."""

from __future__ import annotations

import json
from datetime import date, datetime

import pytest
from pydantic import ValidationError

from regesta.event import DayStarted, Event, FactWithdrawn, Registry, event_name, key_of, split_name
from tests.regesta.jars import JarFilled

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


def test_a_type_is_read_by_its_name_and_an_unknown_one_is_kept() -> None:
    registry = Registry([JarFilled])
    assert registry.read("jar-filled.v1", '{"ref": "r", "amount": 5}') == JarFilled(ref="r", amount=5)
    assert registry.read("jar-filled.v2", '{"ref": "r"}') is None
    assert registry.read("fact-withdrawn.v1", '{"event": "jars:1", "reason": "x"}') == FactWithdrawn(
        event="jars:1", reason="x"
    )


def test_what_a_later_release_wrote_is_not_lost() -> None:
    read = Registry([JarFilled]).read("jar-filled.v1", '{"ref": "r", "amount": 5, "metal": {"name": "tin"}}')
    assert read is not None
    assert read.model_dump() == {"ref": "r", "amount": 5, "metal": {"name": "tin"}}


def test_data_that_breaks_the_contract_of_its_type_is_an_error() -> None:
    with pytest.raises(ValidationError, match="amount"):
        Registry([JarFilled]).read("jar-filled.v1", '{"ref": "r"}')


def test_a_name_has_one_meaning() -> None:
    class Filled(Event):
        name = JarFilled.name

    with pytest.raises(ValueError, match=r"jar-filled\.v1"):
        Registry([JarFilled], [Filled])


@pytest.mark.parametrize(("source", "position"), [("budget", 1), ("a-b2", 9_999_999_999_999_999_999)])
def test_the_name_of_an_event_says_its_log_and_position(source: str, position: int) -> None:
    assert split_name(event_name(source, position)) == (source, position)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "budget",
        "budget:",
        ":1",
        "budget:0",
        "budget:01",
        "budget:-1",
        "Budget:1",
        "budget:1\n",
        "a:1,b:2",
        "budget:\u0661",
    ],
)
def test_what_is_no_name_of_an_event_is_shown(name: str) -> None:
    with pytest.raises(ValueError, match="is not the name of an event"):
        split_name(name)


@pytest.mark.parametrize(("stream", "key"), [("jar/a-b", "a-b"), ("ledger/cocof.10.001/2024", "cocof.10.001/2024")])
def test_the_key_of_a_stream_is_all_behind_its_prefix(stream: str, key: str) -> None:
    assert key_of(stream) == key
