"""Facts of budget and of dossiers that lead to a command here: the first advance reaches the milestone planned for it.

It runs on both sides, for the milestone may be planned before the advance is paid or after. Every side asks for the same:
that the dossier be in line with the advances that stand now. What one side decides on knowledge that is overtaken, the
MilestoneReached that it records brings to this side once more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from contracts.commitments import PaymentLiquidated, PaymentReversed
from contracts.dates import ImpreciseDate
from contracts.dossiers import MilestonePlanned, MilestoneReached
from regesta.command import Command
from regesta.event import Event, FactWithdrawn, Recorded, event_name
from regesta.reaction import Here, Reaction
from services.objectives.domain.command import LOG
from services.objectives.domain.dossier import Dossier
from services.objectives.domain.milestones import SettleAdvance
from services.objectives.projections import advances

NAME: Final = "first-advance"
# Beyond every position: what is known now.
NOW: Final = 2**62


async def on_payment(here: Here, recorded: Recorded, event: Event) -> Sequence[Command]:
    """Return the command for a payment or its reversal; none when it is no advance for a dossier. Raises NotYet."""
    await here.folded(advances.PROJECTION, recorded.position)
    match event:
        case PaymentLiquidated(part="advance", dossier=str() as dossier):
            return await _settlement(here, dossier)
        case PaymentReversed():
            async with here.reading(advances.PROJECTION) as db:
                paid_for = await advances.dossier_of(db, NOW, recorded.key, event.payment)
            return [] if paid_for is None else await _settlement(here, paid_for)
        case _:
            return []


async def on_milestone(here: Here, recorded: Recorded, event: Event) -> Sequence[Command]:
    """Return the command for what happened to a milestone; none when it can have to do with no advance. Raises NotYet."""
    if not recorded.stream.startswith(f"{Dossier.prefix}/"):
        return []
    match event:
        case MilestonePlanned(kind="advance") | MilestoneReached(evidence=(_, *_)) | FactWithdrawn():
            # All that has arrived, so that a rebuild that has not come back to it is waited for.
            await here.folded(advances.PROJECTION)
            return await _settlement(here, recorded.key)
        case _:
            return []


async def _settlement(here: Here, dossier: str) -> Sequence[Command]:
    async with here.reading(advances.PROJECTION) as db:
        paid = await advances.read(db, NOW, dossier)
    if not paid:
        return []
    first = next((each for each in paid if not each.reversed), None)
    return [
        SettleAdvance(
            dossier=dossier,
            payment=None if first is None else event_name(advances.SOURCE, first.position),
            on=None if first is None else ImpreciseDate(first.paid),
            occurred=None if first is None else ImpreciseDate(first.paid),
            reversed=tuple(event_name(advances.SOURCE, each.position) for each in paid if each.reversed),
        )
    ]


REACTIONS: Final = (
    Reaction(NAME, advances.SOURCE, (PaymentLiquidated, PaymentReversed), on_payment),
    Reaction(NAME, LOG, (MilestonePlanned, MilestoneReached, FactWithdrawn), on_milestone),
)
