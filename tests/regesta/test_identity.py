"""Ids sort by the time they were made at, and none comes twice."""

from __future__ import annotations

import time
from uuid import RFC_4122

import pytest

from regesta.identity import uuid7


def test_an_id_is_a_uuid_of_version_7_with_the_time_it_was_made_at() -> None:
    before = time.time_ns() // 1_000_000
    made = uuid7()
    assert (made.version, made.variant) == (7, RFC_4122)
    # Ids made in a burst may be some milliseconds ahead.
    assert before <= made.int >> 80 <= time.time_ns() // 1_000_000 + 100


def test_each_id_is_greater_than_the_one_before() -> None:
    made = [uuid7() for _ in range(20_000)]  # more than the counter of one millisecond holds
    assert made == sorted(set(made))
    assert [str(each) for each in made] == sorted(str(each) for each in made)


def test_a_clock_that_goes_back_makes_no_smaller_id(monkeypatch: pytest.MonkeyPatch) -> None:
    last = uuid7()
    now = time.time_ns()
    monkeypatch.setattr("time.time_ns", lambda: now - 3_600_000_000_000)
    assert last < uuid7() < uuid7()
