"""The withdrawal of a step that was wrong: what rests on it must be withdrawn first. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from contracts.decisions import (
    ApplicationCompleted,
    ApplicationReceived,
    ApprovalGranted,
    ApprovalWithdrawn,
    ImpactTestAttached,
    OpinionIssued,
    OpinionOverridden,
    OpinionRequested,
    ProjectSelected,
)
from contracts.dossiers import MilestonePlanned
from contracts.evidence import Ladder, Order
from contracts.types import EventName, Uuid, Words
from regesta.command import Context, Facts, Read, withdraw
from regesta.event import Event, event_name, split_name
from services.objectives.domain.command import LOG, ObjectivesCommand
from services.objectives.domain.dossier import Dossier, Step, Withdrawable, served, undo
from services.objectives.domain.errors import FactsInTheWay
from services.objectives.domain.limits import lacking
from services.objectives.domain.objective import Objective, require_lead


class WithdrawFact(ObjectivesCommand):
    """Withdraw a step that was recorded wrongly. kind, id: of the stream it stands in; event: its name."""

    name = "withdraw-fact"
    kind: Literal["objective", "dossier"]
    id: Uuid
    event: EventName
    reason: Words

    @property
    def stream(self) -> str:
        """The stream that the step stands in."""
        return f"{self.kind}/{self.id}"


def withdraw_fact(order: Order, command: WithdrawFact, read: Read, context: Context) -> Facts:
    """Return the withdrawal; nothing when it is recorded. Raises NotWithdrawable, NotLeadUnit, FactsInTheWay.

    order: what a standing grant cannot do without.
    """
    if command.kind == "objective":
        return withdraw(read(Objective, command.id), LOG, command)
    dossier = read(Dossier, command.id)
    facts = withdraw(dossier, LOG, command)
    if facts:
        step = dossier.steps[split_name(command.event)[1]]
        assert isinstance(step, Withdrawable)
        if not (_reported(step) and context.may_report):
            require_lead(served(dossier, read), context)
        _require_free(dossier, step, command.event, order)
    return facts


def _require_free(dossier: Dossier, step: Withdrawable, event: str, order: Order) -> None:
    resting = [*_built_on(dossier, step), *_grants_on(dossier, step, order)]
    if resting:
        names = [event_name(LOG, position) for position, each in dossier.steps.items() if each in resting]
        raise FactsInTheWay(
            f"{event!r} cannot be withdrawn while these stand: {names or [each.name for each in resting]}",
            event=event,
            events=[*names],
        )


def _grants_on(dossier: Dossier, step: Withdrawable, order: Order) -> Iterator[Event]:
    """Yield the grants decided here that would lack something without the step."""
    without = dossier.copy()
    undo(without, step)
    for granted in without.all(ApprovalGranted):
        if granted.origin is None and any(
            _codes(without, granted, each) - _codes(dossier, granted, each) for each in order.ladder
        ):
            yield granted


def _reported(step: Event) -> bool:
    return isinstance(step, Step) and step.origin is not None


def _codes(dossier: Dossier, granted: ApprovalGranted, ladder: Ladder) -> set[str]:
    return {objection.code for objection in lacking(dossier, granted, ladder)}


def _built_on(dossier: Dossier, step: Withdrawable) -> list[Event]:
    """Return the steps that speak of this one."""
    found: list[Event | None] = []
    match step:
        case MilestonePlanned():
            milestone = dossier.milestones[step.milestone]
            found = [*milestone.moves, milestone.reached, milestone.cancelled]
        case ApplicationReceived():
            found = [each for each in dossier.taken.values() if _application_of(each) == step.application]
        case OpinionIssued():
            found = [dossier.find(OpinionOverridden, step.by, step.round, step.application)]
        case ApprovalGranted():
            found = [dossier.find(ApprovalWithdrawn, step.authority, step.step, step.round)]
        case _:
            pass
    return [each for each in found if each is not None]


def _application_of(step: Event) -> str | None:
    """Return the application that a step is about, other than its receipt."""
    match step:
        case (
            ApplicationCompleted()
            | ImpactTestAttached()
            | OpinionRequested()
            | OpinionIssued()
            | OpinionOverridden()
            | ProjectSelected()
        ):
            return step.application
        case _:
            return None
