"""Facts that reach a milestone of their kind: approvals of the dossier itself, conventions and commitments of budget.

It runs on both sides, as the reaction to advances does (see reactions.py): every side asks that the dossier be in line with what stands now.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from contracts.commitments import AmountCommitted, CommitmentReversed, ConventionSigned
from contracts.dates import ImpreciseDate
from contracts.decisions import ApprovalGranted, ApprovalStep, ApprovalWithdrawn
from contracts.dossiers import MilestoneKind, MilestonePlanned, MilestoneReached
from contracts.evidence import ASSENTING
from regesta.command import Command
from regesta.event import Event, FactWithdrawn, Recorded, event_name
from regesta.reaction import Here, Reaction
from services.objectives.domain.command import LOG
from services.objectives.domain.dossier import Dossier
from services.objectives.domain.milestones import SettleMilestone
from services.objectives.projections import obligations
from services.objectives.projections.advances import SOURCE, day_of

NAME: Final = "milestones"
NOW: Final = 2**62
PAGE_EVENTS: Final = 500
OF_BUDGET: Final[tuple[MilestoneKind, ...]] = ("convention", "commitment")
OF_DOSSIER: Final[tuple[MilestoneKind, ...]] = ("approval", "budget_agreement", "final_account")
# What these approve comes before the decision itself, or after it.
NOT_DECISIVE: Final[frozenset[ApprovalStep]] = frozenset(
    {"draft", "first_reading", "second_reading", "third_reading", "provisional", "amendment", "other"}
)


async def on_obligation(here: Here, recorded: Recorded, event: Event) -> Sequence[Command]:
    """Return the command for a convention, a commitment, or one that was taken back. Raises NotYet."""
    await here.folded(obligations.PROJECTION, recorded.position)
    match event:
        case ConventionSigned():
            return await _of_budget(here, event.dossier, ("convention",))
        case AmountCommitted(dossier=str() as dossier):
            return await _of_budget(here, dossier, ("commitment",))
        case CommitmentReversed():
            async with here.reading(obligations.PROJECTION) as db:
                committed_for = await obligations.dossier_of(db, NOW, recorded.stream)
            return [] if committed_for is None else await _of_budget(here, committed_for, ("commitment",))
        case _:
            return []


async def on_step(here: Here, recorded: Recorded, event: Event) -> Sequence[Command]:
    """Return the commands for a step of a dossier, or for what happened to a milestone. Raises NotYet."""
    if not recorded.stream.startswith(f"{Dossier.prefix}/"):
        return []
    match event:
        case ApprovalGranted() | ApprovalWithdrawn():
            kinds: tuple[MilestoneKind, ...] = OF_DOSSIER
        case MilestonePlanned():
            kinds = (event.kind,)
        case MilestoneReached(evidence=(_, *_)) | FactWithdrawn():
            kinds = (*OF_BUDGET, *OF_DOSSIER)
        case _:
            return []
    commands: list[Command] = []
    if asked := [kind for kind in OF_BUDGET if kind in kinds]:
        # All that has arrived, so that a rebuild that has not come back to it is waited for.
        await here.folded(obligations.PROJECTION)
        commands += await _of_budget(here, recorded.key, asked)
    if asked := [kind for kind in OF_DOSSIER if kind in kinds]:
        commands += await _of_dossier(here, recorded.stream, asked)
    return commands


async def _of_budget(here: Here, dossier: str, kinds: Iterable[MilestoneKind]) -> list[Command]:
    commands: list[Command] = []
    async with here.reading(obligations.PROJECTION) as db:
        for kind in kinds:
            made = await obligations.read(db, NOW, dossier, kind)
            first = next((each for each in made if not each.undone), None)
            undone = [event_name(SOURCE, each.position) for each in made if each.undone]
            if made:
                day = None if first is None else first.made
                fact = None if first is None else event_name(SOURCE, first.position)
                commands.append(_command(dossier, kind, fact, day, undone))
    return commands


async def _of_dossier(here: Here, stream: str, kinds: Iterable[MilestoneKind]) -> list[Command]:
    """Return the commands for the approvals that a dossier's own stream has."""
    granted: list[tuple[Recorded, ApprovalGranted]] = []
    back: dict[int, tuple[str, str, int]] = {}
    withdrawn: set[str] = set()
    version = 0
    while page := await here.store.of_stream(LOG, stream, version, PAGE_EVENTS):
        version = page[-1].version
        for recorded in page:
            match recorded.event:
                case ApprovalGranted() as event:
                    granted.append((recorded, event))
                case ApprovalWithdrawn() as event:
                    back[recorded.position] = event.authority, event.step, event.round
                case FactWithdrawn() as event:
                    withdrawn.add(event.event)
                case _:
                    pass
    taken_back = {which for position, which in back.items() if event_name(LOG, position) not in withdrawn}
    commands: list[Command] = []
    for kind in kinds:
        own = [(recorded, event) for recorded, event in granted if _kind_of(event) == kind]
        gone = [
            recorded.name
            for recorded, event in own
            if recorded.name in withdrawn or (event.authority, event.step, event.round) in taken_back
        ]
        first = next((recorded for recorded, _ in own if recorded.name not in gone), None)
        if own:
            day = None if first is None else day_of(first)
            commands.append(_command(stream.partition("/")[2], kind, first and first.name, day, gone))
    return commands


def _kind_of(event: ApprovalGranted) -> MilestoneKind | None:
    """Return the kind of milestone that an approval reaches; None of one that reaches none."""
    if event.authority == "budget_minister" and event.step == "grant":
        return "budget_agreement"
    if event.authority in ASSENTING or event.step in NOT_DECISIVE:
        return None
    return "final_account" if event.step == "final_account" else "approval"


def _command(
    dossier: str, kind: MilestoneKind, fact: str | None, day: str | None, undone: Sequence[str]
) -> SettleMilestone:
    on = None if day is None else ImpreciseDate(day)
    return SettleMilestone(dossier=dossier, kind=kind, fact=fact, on=on, occurred=on, undone=tuple(undone))


REACTIONS: Final = (
    Reaction(NAME, SOURCE, (ConventionSigned, AmountCommitted, CommitmentReversed), on_obligation),
    Reaction(
        NAME, LOG, (ApprovalGranted, ApprovalWithdrawn, MilestonePlanned, MilestoneReached, FactWithdrawn), on_step
    ),
)
