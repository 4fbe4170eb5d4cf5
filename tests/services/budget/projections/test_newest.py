"""A figure names its newest events and counts all; to tell so no more than these are read, whatever the history."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

import pytest

from regesta.command import Command
from regesta.database import Connection
from regesta.event import Recorded
from regesta.view import View
from services.budget.domain.commitment import Decommit
from services.budget.domain.convention import AmendConvention
from services.budget.domain.line import OpenLine
from services.budget.projections import commitments, conventions, ledgers
from services.budget.projections.figure import NAMED, Figure
from tests.services.budget.projections.test_batching import project, recorded
from tests.services.budget.samples import CONVENTION, LINE, ONE, commit, pay, sign

EACH: Final = NAMED + 30
CENTS: Final = 10 * EACH


def history() -> list[Recorded]:
    """Return the log of a commitment under a convention, with as many payments, decommitments and amendments."""
    commands: list[Command] = [OpenLine(line=LINE), sign(CENTS), commit(CENTS, convention=CONVENTION)]
    for number in range(EACH):
        commands += [
            pay(1, f"P-{number}", part="advance"),
            Decommit(commitment=ONE, decommitment=f"D-{number}", amount_cents=1, reason="left"),
            AmendConvention(convention=CONVENTION, amount_cents=CENTS + number + 1),
        ]
    return recorded(commands)


def told(log: Sequence[Recorded], *kinds: str) -> tuple[tuple[str, ...], int]:
    """Return the newest events of some kinds, as many as a figure names, and how many there are."""
    names = tuple(each.name for each in log if each.type.removesuffix(".v1") in kinds)
    return names[-NAMED:], len(names)


def shown(figure: Figure) -> tuple[tuple[str, ...], int]:
    return figure.events, figure.count


async def folded(database: Connection, log: Sequence[Recorded]) -> View:
    await project(database, log, [len(log) // 2])
    return View(database, {"budget": len(log)}, ())


async def test_a_commitment(database: Connection) -> None:
    log = history()
    found, _ = await commitments.read_commitment(await folded(database, log), ONE)
    behind = ("amount-committed", "amount-decommitted", "payment-liquidated")
    assert shown(found.committed) == told(log, "amount-committed")
    assert shown(found.decommitted) == told(log, "amount-decommitted")
    assert shown(found.liquidated) == told(log, "payment-liquidated")
    assert shown(found.outstanding) == told(log, *behind)
    assert found.events == found.outstanding.events
    assert found.outstanding.cents == CENTS - 2 * EACH


async def test_a_convention(database: Connection) -> None:
    log = history()
    found, _ = await conventions.read_convention(await folded(database, log), CONVENTION)
    assert shown(found.amount) == shown(found.advance) == told(log, "convention-signed", "convention-amended")
    assert shown(found.committed) == told(log, "convention-committed", "convention-released")
    assert shown(found.drawn) == shown(found.advanced) == told(log, "convention-drawn")
    assert found.events == found.amount.events


async def test_a_past_cut(database: Connection) -> None:
    log = history()
    await folded(database, log)
    past = log[: len(log) // 3]
    view = View(database, {"budget": len(past)}, ())
    found, _ = await commitments.read_commitment(view, ONE)
    agreed, _ = await conventions.read_convention(view, CONVENTION)
    ledger, _ = await ledgers.read_ledger(view, LINE, 2024)
    assert shown(found.liquidated) == told(past, "payment-liquidated")
    assert shown(agreed.drawn) == told(past, "convention-drawn")
    assert shown(ledger.liquidation.used) == told(past, "credit-consumed")
    assert ledger.liquidation.unchecked is True


@pytest.mark.parametrize(
    ("sql", "args", "most"),
    [
        (ledgers.READ_TOTALS, (LINE, 2024), 1),
        (ledgers.READ_NEWEST, (LINE, 2024, ledgers.CREDITS, ledgers.FIGURES, NAMED), 2 * NAMED),
        # Beside the row itself.
        (commitments.READ_COMMITMENT, (ONE,), 1 + NAMED),
        (conventions.READ_CONVENTION, (CONVENTION,), 1 + 3 * NAMED),
    ],
    ids=["totals", "ledger", "commitment", "convention"],
)
async def test_no_more_is_read(database: Connection, sql: str, args: tuple[object, ...], most: int) -> None:
    log = history()
    await folded(database, log)
    # What is planned for large tables.
    await database.execute("SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_sort = off")
    (plan,) = json.loads(await database.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", len(log), *args))
    assert 0 < sum(touched(plan["Plan"])) <= most


def touched(node: dict[str, Any]) -> Iterator[float]:
    """Yield how many rows of tables the steps of a plan looked at."""
    if "Relation Name" in node:
        looked = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
        yield looked * node["Actual Loops"]
    for under in node.get("Plans", ()):
        yield from touched(under)
