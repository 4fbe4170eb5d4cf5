"""A dossier: what it serves, where it stands, and every step taken on it by its reference. Pure.

Its commands are in lifecycle.py, milestones.py, procedure.py and decisions.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import ClassVar, Final, TypeAlias, TypeVar, assert_never

from contracts.dates import ImpreciseDate
from contracts.decisions import (
    ApplicationCompleted,
    ApplicationReceived,
    ApprovalGranted,
    ApprovalRefused,
    ApprovalRequested,
    ApprovalWithdrawn,
    ContractAwarded,
    DecisionNotified,
    ImpactTestAttached,
    OpinionIssued,
    OpinionOverridden,
    OpinionRequested,
    ProjectSelected,
)
from contracts.dossiers import (
    AppealDecided,
    AppealLodged,
    CallClosed,
    CallLaunched,
    DossierAttached,
    DossierCompleted,
    DossierDetached,
    DossierLinked,
    DossierMerged,
    DossierOpened,
    DossierResumed,
    DossierStopped,
    DossierSuspended,
    DossierUnlinked,
    MilestoneCancelled,
    MilestonePlanned,
    MilestoneReached,
    MilestoneRescheduled,
    PublicInquiryClosed,
    PublicInquiryOpened,
)
from contracts.types import DossierId
from regesta.command import Context, Facts, Read, State, judge, nothing, recorded
from regesta.errors import Refused
from regesta.event import Event
from services.objectives.domain.command import ObjectivesCommand
from services.objectives.domain.errors import DossierHasEnded, DossierIsSuspended, StepDiffers, UnknownDossier
from services.objectives.domain.objective import Objective, require_lead

Ended: TypeAlias = DossierStopped | DossierMerged | DossierCompleted
# The name of the event, then what tells it from others of its kind in one dossier.
StepKey: TypeAlias = tuple[str | int | None, ...]

# Steps of the way to a decision.
Decisive: TypeAlias = (
    ApplicationReceived
    | ApplicationCompleted
    | ImpactTestAttached
    | OpinionRequested
    | OpinionIssued
    | OpinionOverridden
    | ApprovalRequested
    | ApprovalGranted
    | ApprovalRefused
    | ApprovalWithdrawn
    | DecisionNotified
    | ProjectSelected
    | ContractAwarded
)
# What is decided here or was reported by another system.
Step: TypeAlias = (
    CallLaunched | CallClosed | PublicInquiryOpened | PublicInquiryClosed | AppealLodged | AppealDecided | Decisive
)
# What becomes of a planned milestone.
Settling: TypeAlias = MilestoneRescheduled | MilestoneReached | MilestoneCancelled
# Calls, inquiries and appeals are not.
Withdrawable: TypeAlias = MilestonePlanned | Settling | Decisive
DossierEvent: TypeAlias = (
    DossierOpened
    | DossierLinked
    | DossierUnlinked
    | DossierAttached
    | DossierDetached
    | DossierSuspended
    | DossierResumed
    | Ended
    | MilestonePlanned
    | Settling
    | Step
)

# The fields that tell a step from others of its kind in one dossier; without any there is only one.
REFERENCES: Final[Mapping[type[Step], tuple[str, ...]]] = {
    AppealLodged: ("appeal",),
    AppealDecided: ("appeal",),
    ApplicationReceived: ("application",),
    ApplicationCompleted: ("application",),
    ImpactTestAttached: ("kind", "application", "document"),
    OpinionRequested: ("by", "round", "application"),
    OpinionIssued: ("by", "round", "application"),
    OpinionOverridden: ("opinion_of", "round", "application"),
    ApprovalRequested: ("authority", "step", "round"),
    ApprovalGranted: ("authority", "step", "round"),
    ApprovalRefused: ("authority", "step", "round"),
    ApprovalWithdrawn: ("authority", "step", "round"),
    DecisionNotified: ("to", "reference"),
    ProjectSelected: ("party", "application"),
    ContractAwarded: ("party", "reference"),
}

E = TypeVar("E", bound=Event)


@dataclass(frozen=True, slots=True)
class Milestone:
    """A planned step. moves: its other dates, oldest first. reached, cancelled: how it was settled."""

    planned: MilestonePlanned
    moves: tuple[MilestoneRescheduled, ...] = ()
    reached: MilestoneReached | None = None
    cancelled: MilestoneCancelled | None = None

    @property
    def due(self) -> ImpreciseDate:
        """When it is due, as far as it is known now."""
        return self.moves[-1].new if self.moves else self.planned.due

    @property
    def settled(self) -> bool:
        """Whether nothing is expected of it any more."""
        return self.reached is not None or self.cancelled is not None


@dataclass(slots=True)
class Dossier(State):
    """members: the dossiers that belong to it. taken: the other steps that stand, by reference.

    links: what became last of each link, by (objective, programme), one of the two. denied: facts of other services whose MilestoneReached was withdrawn, so that no reaction repeats it.
    """

    prefix: ClassVar[str] = "dossier"

    opened: DossierOpened | None = None
    objectives: set[str] = field(default_factory=set)
    programmes: set[str] = field(default_factory=set)
    links: dict[tuple[str | None, str | None], DossierLinked | DossierUnlinked] = field(default_factory=dict)
    members: set[str] = field(default_factory=set)
    suspended: DossierSuspended | None = None
    resumed: DossierResumed | None = None
    ended: Ended | None = None
    milestones: dict[str, Milestone] = field(default_factory=dict)
    taken: dict[StepKey, Step] = field(default_factory=dict)
    denied: set[str] = field(default_factory=set)

    def find(self, kind: type[E], *reference: str | int | None) -> E | None:
        """Return the step of this kind and reference, if it stands."""
        step = self.taken.get((kind.name, *reference))
        return step if isinstance(step, kind) else None

    def all(self, kind: type[E]) -> list[E]:
        """Return the steps of this kind that stand, oldest first."""
        return [step for step in self.taken.values() if isinstance(step, kind)]

    def blocked(self) -> Iterator[Refused]:
        """Yield why nothing is decided on it now."""
        if self.ended is not None:
            yield self.over()
        elif self.suspended is not None:
            reason = self.suspended.reason
            yield DossierIsSuspended(f"dossier {self.key!r} is suspended: {reason!r}", dossier=self.key, reason=reason)

    def over(self) -> DossierHasEnded:
        """Return the refusal of a dossier that has ended."""
        how = self.ended.name if self.ended is not None else ""
        return DossierHasEnded(f"dossier {self.key!r} has ended ({how})", dossier=self.key, ended=how)


class DossierCommand(ObjectivesCommand):
    """A command on a dossier."""

    dossier: DossierId

    @property
    def stream(self) -> str:
        """The dossier's stream."""
        return Dossier.name_of(self.dossier)

    def open_to(self, context: Context) -> bool:
        """Whether this token may give it whichever unit leads."""
        del context
        return False


def commanded(command: DossierCommand, read: Read, context: Context) -> Dossier:
    """Return the dossier that a command is on, open or ended. Raises UnknownDossier, NotLeadUnit."""
    dossier = read(Dossier, command.dossier)
    if dossier.opened is None:
        raise UnknownDossier(f"no dossier {command.dossier!r} is open", dossier=command.dossier)
    if not command.open_to(context):
        require_lead(served(dossier, read), context)
    return dossier


def served(dossier: Dossier, read: Read) -> Iterator[Objective]:
    """Yield the objectives that a dossier serves: their lead units are its own."""
    return (read(Objective, key) for key in sorted(dossier.objectives))


def take(dossier: Dossier, context: Context, step: Step, objections: Iterable[Refused] = ()) -> Facts:
    """Return a step, decided here or reported by another system; nothing when it is recorded already.

    objections: the rules it breaks, beside those of a dossier that waits or has ended. Decided here, the first is raised;
    reported, the step is recorded with the names of all. Raises StepDiffers when its reference stands for other content,
    MayNotReport.
    """
    context.require_reporter(step.origin)
    if recorded(dossier.taken.get(step_key(step)), step, StepDiffers):
        return nothing()
    return {dossier.stream: [judge(step, context, chain(dossier.blocked(), objections))]}


def step_key(step: Step) -> StepKey:
    """Return the reference of a step: two steps with one are the same step."""
    return (step.name, *(getattr(step, name) for name in REFERENCES.get(type(step), ())))


def evolve(dossier: Dossier, event: DossierEvent) -> None:  # noqa: C901 one case per event
    """Apply one recorded fact of a dossier."""
    if isinstance(event, Step):
        dossier.taken[step_key(event)] = event
        return
    match event:
        case DossierOpened():
            dossier.opened = event
            links = [DossierLinked(objective=key) for key in event.objectives]
            links += [DossierLinked(programme=key) for key in event.programmes]
            for each in links:
                _link(dossier, each.dated(event.occurred))
        case DossierLinked() | DossierUnlinked():
            _link(dossier, event)
        case DossierAttached():
            dossier.members.add(event.dossier)
        case DossierDetached():
            dossier.members.discard(event.dossier)
        case DossierSuspended():
            dossier.suspended, dossier.resumed = event, None
        case DossierResumed():
            dossier.suspended, dossier.resumed = None, event
        case DossierStopped() | DossierMerged() | DossierCompleted():
            dossier.ended = event
        case MilestonePlanned():
            dossier.milestones[event.milestone] = Milestone(event)
        case MilestoneRescheduled() | MilestoneReached() | MilestoneCancelled():
            _settle(dossier, event)
        case _:
            assert_never(event)


def _link(dossier: Dossier, event: DossierLinked | DossierUnlinked) -> None:
    dossier.links[event.objective, event.programme] = event
    for ends, key in ((dossier.objectives, event.objective), (dossier.programmes, event.programme)):
        ends.discard(key or "")
        if key is not None and isinstance(event, DossierLinked):
            ends.add(key)


def _settle(dossier: Dossier, event: Settling) -> None:
    milestone = dossier.milestones[event.milestone]
    match event:
        case MilestoneRescheduled():
            milestone = replace(milestone, moves=(*milestone.moves, event))
        case MilestoneReached():
            milestone = replace(milestone, reached=event)
        case MilestoneCancelled():
            milestone = replace(milestone, cancelled=event)
    dossier.milestones[event.milestone] = milestone


def undo(dossier: Dossier, step: Withdrawable) -> None:
    """Take back a withdrawn step of a dossier."""
    match step:
        case MilestonePlanned():
            dossier.milestones.pop(step.milestone, None)
        case MilestoneRescheduled() | MilestoneReached() | MilestoneCancelled():
            _unsettle(dossier, step)
        case _:
            dossier.taken.pop(step_key(step), None)


def _unsettle(dossier: Dossier, step: Settling) -> None:
    milestone = dossier.milestones[step.milestone]
    match step:
        case MilestoneRescheduled():
            moves = list(milestone.moves)
            moves.remove(step)
            milestone = replace(milestone, moves=tuple(moves))
        case MilestoneReached():
            milestone = replace(milestone, reached=None)
            dossier.denied.update(step.evidence)
        case MilestoneCancelled():
            milestone = replace(milestone, cancelled=None)
    dossier.milestones[step.milestone] = milestone
