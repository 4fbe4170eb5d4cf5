from __future__ import annotations

from datetime import date

from services.reporting.render.stops import stops

TODAY = date(2024, 4, 15)


def months(first: date, count: int, facts: int = 1) -> dict[date, int]:
    """Return so many months on end with facts in each."""
    found = {}
    for _ in range(count):
        found[first] = facts
        first = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return found


def test_a_stop_leads_to_the_end_of_its_month_and_the_running_one_to_now() -> None:
    found = stops({date(2023, 12, 1): 3, date(2024, 2, 1): 1, date(2024, 4, 1): 2}, None, TODAY)
    assert [stop.ends_on for stop in found] == [date(2023, 12, 31), date(2024, 2, 29), None]


def test_a_month_that_ends_today_still_runs() -> None:
    (found,) = stops({date(2024, 2, 1): 3}, None, date(2024, 2, 29))
    assert found.ends_on is None


def test_the_month_of_the_day_shown_is_current_even_when_the_day_is_not_its_last() -> None:
    found = stops(months(date(2023, 11, 1), 4), date(2024, 1, 9), TODAY)
    assert [stop.month for stop in found if stop.current] == [date(2024, 1, 1)]
    assert not any(stop.current for stop in stops(months(date(2023, 11, 1), 4), date(2023, 6, 9), TODAY))


def test_at_most_sixteen_are_shown_around_the_day_shown() -> None:
    every = months(date(2019, 7, 1), 60)
    newest = stops(every, None, TODAY)
    assert (len(newest), newest[-1].month) == (16, date(2024, 6, 1))
    middle = stops(every, date(2021, 5, 20), TODAY)
    assert [stop.current for stop in middle].index(True) == 8
    assert len(middle) == 16
    assert stops(every, date(2019, 7, 2), TODAY)[0].month == date(2019, 7, 1)
    assert stops(every, date(2024, 5, 1), TODAY) == [
        stop if stop.month != date(2024, 5, 1) else stops(every, date(2024, 5, 1), TODAY)[-2] for stop in newest
    ]


def test_the_year_stands_at_its_first_stop() -> None:
    found = stops(months(date(2022, 11, 1), 6), None, TODAY)
    assert [stop.month for stop in found if stop.opens_year] == [date(2022, 11, 1), date(2023, 1, 1)]


def test_the_busiest_month_has_the_whole_height_and_a_quiet_one_is_still_seen() -> None:
    found = stops({date(2023, 1, 1): 10_000, date(2023, 2, 1): 2_500, date(2023, 3, 1): 1}, None, TODAY)
    assert [stop.top for stop in found] == [0, 36, 64]


def test_a_screen_reader_hears_the_month_in_full_and_how_much_it_holds() -> None:
    (found,) = stops({date(2023, 3, 1): 1200}, None, TODAY)
    assert found.spoken("fr") == "mars 2023, 1\N{NO-BREAK SPACE}200 faits"
    assert (found.spoken("nl"), found.short("nl")) == ("maart 2023, 1.200 feiten", "mrt.")
    assert found.spoken("en") == "March 2023, 1,200 facts"


def test_a_note_without_facts_has_no_stops() -> None:
    assert stops({}, TODAY, TODAY) == []
