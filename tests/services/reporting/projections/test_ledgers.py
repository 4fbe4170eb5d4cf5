from __future__ import annotations

from collections import defaultdict

from services.reporting.domain.knowledge import LedgerSum
from services.reporting.domain.standing import ENTRIES
from services.reporting.projections.standing import StandingReader
from tests.conftest import FreshDatabase
from tests.services.reporting.history import History
from tests.services.reporting.system import system_on

CUTS = 20


def added_up(history: History, position: int) -> dict[str, list[LedgerSum]]:
    """Return the totals of the ledgers at a cut, added up from the log."""
    entries: dict[tuple[str, str, str], list[tuple[str, int, bool]]] = defaultdict(list)
    for recorded in history.logs["budget"][:position]:
        event = recorded.event
        if isinstance(event, ENTRIES):
            said = event.model_dump()
            key = recorded.stream, recorded.type, said.get("credit") or ""
            entries[key].append((recorded.name, said["amount_cents"], said.get("unchecked", False)))
    totals: dict[str, list[LedgerSum]] = defaultdict(list)
    for (stream, kind, credit), group in sorted(entries.items()):
        names, cents, unchecked = zip(*group, strict=True)
        totals[stream].append(LedgerSum(kind, credit or None, sum(cents), any(unchecked), names))
    return totals


async def test_the_last_row_before_a_cut_is_what_all_entries_come_to(fresh_database: FreshDatabase) -> None:
    history = History(seed=5).grow(600)
    async with system_on(await fresh_database("reporting")) as system:
        for start in range(0, len(history.logs["budget"]), 7):
            await system.feed("budget", history.logs["budget"][start : start + 7])
        streams = sorted(added_up(history, len(history.logs["budget"])))
        assert len(streams) > 1
        for _ in range(CUTS):
            cut = history.cut()
            async with system.view(cut) as view:
                assert await StandingReader(view.db, view.cut).sums(streams) == added_up(history, cut["budget"])
