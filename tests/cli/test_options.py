from __future__ import annotations

from datetime import UTC, datetime, tzinfo

import pytest

from cli import options


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 11, 30, 22, 59, tzinfo=UTC), "2026-11-30"),
        (datetime(2026, 11, 30, 23, 0, tzinfo=UTC), "2026-12-01"),
        (datetime(2026, 6, 30, 22, 0, tzinfo=UTC), "2026-07-01"),
    ],
)
def test_today_is_the_day_in_brussels(monkeypatch: pytest.MonkeyPatch, moment: datetime, day: str) -> None:
    class Then(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return moment.astimezone(tz)

    monkeypatch.setattr(options, "datetime", Then)
    assert options.day_of("today") == day
