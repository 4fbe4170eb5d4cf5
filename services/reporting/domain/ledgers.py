"""Figures of a budget line's ledger: credits after transfers, what is committed and liquidated. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from contracts.budget import (
    CreditConsumed,
    CreditKind,
    CreditReleased,
    CreditReserved,
    CreditReturned,
    CreditsAdjusted,
    CreditsTransferredIn,
    CreditsTransferredOut,
    CreditsVoted,
)
from regesta.event import Event
from services.reporting.domain.budget import LedgerFigures
from services.reporting.domain.figure import Figure, names
from services.reporting.domain.knowledge import Knowledge, LedgerSum, by_stream
from services.reporting.domain.standing import StandingFact


class Ledgers:
    """The ledgers of the lines of a letter, by line and year."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._voted = by_stream(knowledge.credits)
        self._sums = knowledge.ledgers

    def figures(self, line: str, year: int) -> LedgerFigures | None:
        """Return the figures of a line in a year; None when nothing was ever recorded on that ledger."""
        stream = f"ledger/{line}/{year}"
        voted, sums = self._voted.get(stream, []), self._sums.get(stream, ())
        if not voted and not sums:
            return None
        return LedgerFigures(
            year=year,
            commitment_credits=_credits(voted, sums, "commitment"),
            liquidation_credits=_credits(voted, sums, "liquidation"),
            committed=_used(sums, CreditReserved, CreditReleased),
            liquidated=_used(sums, CreditConsumed, CreditReturned),
            unchecked=any(each.unchecked for each in sums),
        )


def _credits(facts: Sequence[StandingFact], sums: Sequence[LedgerSum], kind: CreditKind) -> Figure[int]:
    """Return the credits of one kind after transfers; unknown as long as they were never stated."""
    voted: Figure[int] = Figure(state="unknown")
    for fact in facts:
        if isinstance(fact.event, CreditsVoted | CreditsAdjusted) and fact.event.credit == kind:
            voted = Figure.of(fact.event.amount_cents, fact.name)
    moved = [each for each in sums if each.credit == kind]
    if not moved:
        return voted
    events = names(voted.events, *(each.events for each in moved))
    if voted.state not in {"known", "none"}:
        return replace(voted, events=events)
    change = _sum(moved, CreditsTransferredIn) - _sum(moved, CreditsTransferredOut)
    return Figure.known((voted.value or 0) + change, *events)


def _used(sums: Sequence[LedgerSum], taken: type[Event], given_back: type[Event]) -> Figure[int]:
    """Return what is used now; unknown when nothing was recorded, for that is not the same as nothing used."""
    mine = [each for each in sums if each.type in {taken.name, given_back.name}]
    if not mine:
        return Figure(state="unknown")
    return Figure.known(_sum(mine, taken) - _sum(mine, given_back), *names(*(each.events for each in mine)))


def _sum(sums: Sequence[LedgerSum], kind: type[Event]) -> int:
    return sum(each.cents for each in sums if each.type == kind.name)
