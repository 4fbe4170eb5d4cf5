"""Nothing that is shared is counted twice, whoever it serves; and parts never come to more than the whole."""

from __future__ import annotations

from collections import Counter
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from services.budget.domain.sums import Service, added, by_service, grouped, once, part, year_by_year

NAMES: Final = st.sampled_from(["L1", "L2", "L3", "L4"])
tallies: Final = st.dictionaries(NAMES, st.integers(0, 10_000).map(lambda cents: Counter(committed=cents)))
services: Final = st.dictionaries(
    st.sampled_from(["O1", "O2", "O3"]), st.dictionaries(NAMES, st.booleans().map(Service))
)


@given(tallies, services)
def test_what_serves_anything_is_in_the_total_once(
    tallies: dict[str, Counter[str]], services: dict[str, dict[str, Service]]
) -> None:
    sums = by_service(tallies, services, services)
    shared = {each for found in sums for each in found.shared_keys}
    own = added(found.tally for found in sums)
    assert once(tallies, services) == added([own, *(tallies[each] for each in shared if each in tallies)])
    for found in sums:
        assert {*found.shared_keys} <= services[found.key].keys()
        assert found.shared == added(tallies[each] for each in found.shared_keys if each in tallies)


@given(st.integers(0, 10**12), st.lists(st.integers(0, 1_000_000), min_size=1, max_size=5))
def test_the_parts_of_a_key_come_to_no_more_than_the_whole(cents: int, weights: list[int]) -> None:
    scale = max(1, sum(weights))
    shares = [weight * 1_000_000 // scale for weight in weights]
    parts = added(part(Counter(committed=cents, forecast_count=1), share) for share in shares)
    assert parts["committed"] <= cents
    assert parts["forecast_count"] == len(shares)


def test_each_tally_is_in_one_group() -> None:
    lines = {"a.1": Counter(committed=1), "a.2": Counter(committed=2), "b.1": Counter(committed=4)}
    groups = grouped(lines, {line: line[0] for line in lines})
    assert [(found.key, found.tally["committed"]) for found in groups] == [("a", 3), ("b", 4)]


def test_a_year_begins_with_what_the_one_before_left() -> None:
    years = {2024: Counter(settled=3), 2022: Counter(committed=10, decommitted=1)}
    assert [(found.key, found.tally["carried_over"]) for found in year_by_year(years, 5)] == [("2022", 5), ("2024", 14)]
