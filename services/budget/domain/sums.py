"""Sums of money over lines, dossiers, objectives and years, in which what is shared is counted once. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

# Amounts in cents and how many facts they are of ("…_count"), by name. Adding two tallies adds each.
Tally: TypeAlias = Counter[str]

WHOLE_PPM: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Service:
    """How one thing (a line, a dossier) serves another (an objective, a programme).

    shared: it is said to serve others too. share_ppm: the part that is said to be of this one, in parts per million.
    """

    shared: bool = False
    share_ppm: int | None = None


# By what is served, then by what serves it.
Services: TypeAlias = Mapping[str, Mapping[str, Service]]


@dataclass(slots=True)
class Sum:
    """What comes together under one key. tally: of what is its alone, and of the parts that an allocation key gives it.

    shared: the whole of what serves others too and is not split; it is in no tally but that of the total, once.
    """

    key: str
    tally: Tally = field(default_factory=Counter)
    shared: Tally = field(default_factory=Counter)
    shared_keys: list[str] = field(default_factory=list)
    split_keys: list[str] = field(default_factory=list)


def added(tallies: Iterable[Tally]) -> Tally:
    """Return what tallies come to together."""
    total: Tally = Counter()
    for tally in tallies:
        total.update(tally)
    return total


def part(tally: Tally, share_ppm: int) -> Tally:
    """Return the part of a tally that a share gives, each amount in whole cents, downwards; counts are kept whole."""
    return Counter(
        {name: n if name.endswith("_count") else n * share_ppm // WHOLE_PPM for name, n in tally.items()},
    )


def by_service(tallies: Mapping[str, Tally], services: Services, keys: Collection[str]) -> list[Sum]:
    """Return the sums of some of what is served, by key, of the tallies of what serves it.

    What serves several without a share is "shared, not split": whole beside the sum of each.
    """
    users = Counter(each for served in services.values() for each in served)
    return [_served(key, services[key], users, tallies) for key in sorted(keys)]


def once(tallies: Mapping[str, Tally], services: Services) -> Tally:
    """Return what all that serves anything comes to: each counted once and whole, however many it serves."""
    serving = {each for served in services.values() for each in served}
    return added(tallies[each] for each in sorted(serving) if each in tallies)


def _served(key: str, served: Mapping[str, Service], users: Mapping[str, int], tallies: Mapping[str, Tally]) -> Sum:
    found = Sum(key)
    for each, service in sorted(served.items()):
        tally = tallies.get(each, Counter())
        if service.share_ppm is not None:
            found.split_keys.append(each)
            found.tally.update(part(tally, service.share_ppm))
        elif service.shared or users[each] > 1:
            found.shared_keys.append(each)
            found.shared.update(tally)
        else:
            found.tally.update(tally)
    return found


def grouped(tallies: Mapping[str, Tally], group_of: Mapping[str, str]) -> list[Sum]:
    """Return the sums of groups, by key; each tally is in one group."""
    groups: dict[str, list[Tally]] = {}
    for each, tally in tallies.items():
        groups.setdefault(group_of[each], []).append(tally)
    return [Sum(key, added(found)) for key, found in sorted(groups.items())]


def year_by_year(tallies: Mapping[int, Tally], carried_cents: int) -> Sequence[Sum]:
    """Return the sum of each year, in order. carried_cents: what was outstanding before the first of them."""
    sums: list[Sum] = []
    for year, tally in sorted(tallies.items()):
        sums.append(Sum(str(year), added([tally, Counter(carried_over=carried_cents)])))
        carried_cents = outstanding_cents(sums[-1].tally)
    return sums


def outstanding_cents(tally: Tally) -> int:
    """Return what is still to be paid on commitments: carried over + committed - decommitted - settled.

    settled: paid on these commitments, on whichever line; liquidated is what was paid on the line itself.
    """
    return tally["carried_over"] + tally["committed"] - tally["decommitted"] - tally["settled"]
