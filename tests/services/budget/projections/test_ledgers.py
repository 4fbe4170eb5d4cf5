from __future__ import annotations

from datetime import UTC, datetime

from contracts import budget
from contracts.budget import CreditReserved, CreditsVoted
from contracts.types import known
from regesta.database import Connection
from regesta.event import Event, Recorded, Registry
from regesta.view import View
from services.budget.projections.figure import NAMED
from services.budget.projections.ledgers import project, read_entries, read_ledger
from tests.services.budget.samples import LINE, ONE

NOON = datetime(2024, 1, 2, 12, tzinfo=UTC)
COMMITMENTS = NAMED + 20


def ledger_of(*events: Event) -> list[Recorded]:
    """Return the log of one ledger."""
    registry, stream = Registry(budget.EVENTS), f"ledger/{LINE}/2024"
    return [
        Recorded("budget", n, stream, n, NOON, event.name, event.model_dump_json(), "log", registry, "officer")
        for n, event in enumerate(events, start=1)
    ]


async def test_a_figure_names_its_newest_events_and_counts_all(database: Connection) -> None:
    voted = CreditsVoted(line=LINE, year=2024, credit="commitment", amount_cents=known(1_000))
    reserved = CreditReserved(line=LINE, year=2024, commitment=ONE, amount_cents=1)
    log = ledger_of(voted, *[reserved] * COMMITMENTS)
    await project(database, [(each, event) for each in log if (event := each.event) is not None])
    whole = View(database, {"budget": len(log)}, ())
    ledger, _ = await read_ledger(whole, LINE, 2024)
    used, left = ledger.commitment.used, ledger.commitment.left
    newest = tuple(each.name for each in log[-NAMED:])
    assert (used.cents, used.count, used.events) == (COMMITMENTS, COMMITMENTS, newest)
    assert (left.cents, left.count, left.events) == (1_000 - COMMITMENTS, COMMITMENTS + 1, newest)
    assert ledger.commitment.stated_events == ("budget:1",)
    assert ledger.entries == f"/budget/v1/lines/{LINE}/years/2024/entries"
    assert len(await read_entries(whole, (LINE, 2024), 0, 500)) == COMMITMENTS + 1

    early, _ = await read_ledger(View(database, {"budget": 11}, ()), LINE, 2024)
    assert (early.commitment.used.count, len(early.commitment.used.events)) == (10, 10)
