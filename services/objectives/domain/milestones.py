"""The planned steps of a dossier: planned, put off, reached, cancelled; and those that a payment reaches. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import Field

from contracts.dates import BoundedDate, ImpreciseDate
from contracts.dossiers import (
    MilestoneCancelled,
    MilestoneId,
    MilestoneKind,
    MilestonePlanned,
    MilestoneReached,
    MilestoneRescheduled,
)
from contracts.types import EventName, Text, Words
from regesta.command import Context, Facts, Read, fact, nothing, recorded
from regesta.event import Event, FactWithdrawn, event_name
from services.objectives.domain.command import LOG
from services.objectives.domain.dossier import Dossier, DossierCommand, Milestone, Settling, commanded
from services.objectives.domain.errors import MilestoneDiffers, MilestoneSettled, UnknownMilestone

REVERSED: Final = "the payment that reached it was reversed"
UNDONE: Final = "what reached it was taken back"


class MilestoneCommand(DossierCommand):
    """A command on a milestone of a dossier."""

    milestone: MilestoneId


class PlanMilestone(MilestoneCommand):
    """Plan a dated step. kind: the fact that reaches it."""

    name = "plan-milestone"
    kind: MilestoneKind
    due: BoundedDate
    title: Text | None = None


class RescheduleMilestone(MilestoneCommand):
    """Give a planned step another date."""

    name = "reschedule-milestone"
    new: BoundedDate
    reason: Words | None = None


class ReachMilestone(MilestoneCommand):
    """Record that a planned step was reached. evidence: the facts that show it."""

    name = "reach-milestone"
    on: BoundedDate
    evidence: Annotated[tuple[EventName, ...], Field(max_length=100)] = ()


class CancelMilestone(MilestoneCommand):
    """Record that a planned step will not come."""

    name = "cancel-milestone"
    reason: Words


class SettleAdvance(DossierCommand):
    """Bring a dossier in line with the advances paid for it: what the reaction to payments asks for.

    payment: the first advance that stands, paid `on`; None when none does. reversed: advances that were taken back.
    """

    name = "settle-advance"
    roles = frozenset({"reaction"})
    payment: EventName | None = None
    on: ImpreciseDate | None = None
    reversed: tuple[EventName, ...] = ()


class SettleMilestone(DossierCommand):
    """Bring a dossier in line with the facts of a kind: what the reaction to approvals, conventions and commitments asks for.

    fact: the first of the kind that stands, of the day `on`; None when none does. undone: those that were taken back.
    """

    name = "settle-milestone"
    roles = frozenset({"reaction"})
    kind: MilestoneKind
    fact: EventName | None = None
    on: ImpreciseDate | None = None
    undone: tuple[EventName, ...] = ()


def plan(command: PlanMilestone, read: Read, context: Context) -> Facts:
    """Return the plan; nothing when it stands. A dossier that waits may plan.

    Raises UnknownDossier, NotLeadUnit, MilestoneDiffers when the id stands for another one, DossierHasEnded.
    """
    dossier, planned = commanded(command, read, context), fact(MilestonePlanned, command)
    known = dossier.milestones.get(planned.milestone)
    if known is not None and recorded(known.planned, planned, MilestoneDiffers):
        return nothing()
    if dossier.ended is not None:
        raise dossier.over()
    return {dossier.stream: [planned]}


def reschedule(command: RescheduleMilestone, read: Read, context: Context) -> Facts:
    """Return the other date; nothing when it is due then.

    Raises UnknownDossier, NotLeadUnit, UnknownMilestone, MilestoneSettled, DossierHasEnded; MilestoneDiffers when it was put
    off to that date for another reason.
    """
    dossier, milestone = _planned(command, read, context)
    if milestone.due == command.new:
        for last in milestone.moves[-1:]:
            recorded(last, fact(MilestoneRescheduled, command, old=last.old), MilestoneDiffers)
        return nothing()
    return _settle(dossier, milestone, fact(MilestoneRescheduled, command, old=milestone.due))


def reach(command: ReachMilestone, read: Read, context: Context) -> Facts:
    """Return that it was reached; nothing when that is recorded. Raises as reschedule, MilestoneDiffers."""
    return _settle(*_planned(command, read, context), fact(MilestoneReached, command))


def cancel(command: CancelMilestone, read: Read, context: Context) -> Facts:
    """Return that it will not come; nothing when that is recorded. Raises as reach, but not when the dossier has ended."""
    return _settle(*_planned(command, read, context), fact(MilestoneCancelled, command))


def _planned(command: MilestoneCommand, read: Read, context: Context) -> tuple[Dossier, Milestone]:
    """Return the dossier and the milestone that a command is on. Raises UnknownDossier, NotLeadUnit, UnknownMilestone."""
    dossier = commanded(command, read, context)
    milestone = dossier.milestones.get(command.milestone)
    if milestone is None:
        raise UnknownMilestone(
            f"dossier {dossier.key!r} plans no milestone {command.milestone!r}", milestone=command.milestone
        )
    return dossier, milestone


def _settle(dossier: Dossier, milestone: Milestone, event: Settling) -> Facts:
    """Return the event; nothing when it is recorded. Raises MilestoneDiffers, MilestoneSettled, DossierHasEnded."""
    settled: Event | None = milestone.reached or milestone.cancelled
    if type(settled) is type(event) and recorded(settled, event, MilestoneDiffers):
        return nothing()
    if settled is not None:
        raise MilestoneSettled(
            f"{settled.name!r} is recorded for milestone {event.milestone!r}",
            milestone=event.milestone,
            recorded=settled.model_dump(mode="json"),
        )
    if dossier.ended is not None and not isinstance(event, MilestoneCancelled):
        raise dossier.over()
    return {dossier.stream: [event]}


def settle_advance(command: SettleAdvance, read: Read, context: Context) -> Facts:
    """Return the milestone of kind advance that the payment reaches, and the withdrawal of what a reversed one reached.

    Never refuses: the payment was made, whatever became of the dossier. Nothing is reached twice, nor again by a payment
    of which somebody withdrew that it reached a milestone.
    """
    del context
    settling = _Settling("advance", command.payment, command.on, command.reversed, REVERSED)
    return _settled(read(Dossier, command.dossier), settling)


def settle_milestone(command: SettleMilestone, read: Read, context: Context) -> Facts:
    """Return the milestone of its kind that the fact reaches, and the withdrawal of what one that was taken back reached. As settle_advance."""
    del context
    settling = _Settling(command.kind, command.fact, command.on, command.undone, UNDONE)
    return _settled(read(Dossier, command.dossier), settling)


@dataclass(frozen=True, slots=True)
class _Settling:
    """The first fact of a kind that stands, and those that were taken back, with the reason to give for these."""

    kind: MilestoneKind
    fact: EventName | None
    on: ImpreciseDate | None
    undone: tuple[EventName, ...]
    reason: str


def _settled(dossier: Dossier, settling: _Settling) -> Facts:
    undone = [(position, step) for position, step in dossier.steps.items() if _rests_on(step, settling.undone)]
    facts: list[Event] = [FactWithdrawn(event=event_name(LOG, at), reason=settling.reason) for at, _ in undone]
    free = {step.milestone for _, step in undone if isinstance(step, MilestoneReached)}
    reached = _reached_by(dossier, settling, free)
    facts += [] if reached is None else [reached]
    return {dossier.stream: facts} if facts else nothing()


def _rests_on(step: Event, undone: tuple[str, ...]) -> bool:
    return isinstance(step, MilestoneReached) and not set(undone).isdisjoint(step.evidence)


def _reached_by(dossier: Dossier, settling: _Settling, free: set[str]) -> MilestoneReached | None:
    """Return what the fact reaches: the first open milestone of its kind, when none is reached.

    free: milestones about to be open again.
    """
    if settling.fact is None or settling.on is None or settling.fact in dossier.denied:
        return None
    planned = [each for each in dossier.milestones.values() if each.planned.kind == settling.kind]
    if any(each.reached is not None and each.planned.milestone not in free for each in planned):
        return None
    for each in planned:
        if each.cancelled is None:
            return MilestoneReached(milestone=each.planned.milestone, on=settling.on, evidence=(settling.fact,))
    return None
