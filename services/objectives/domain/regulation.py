"""The regulation agenda: regulation/{id}, from its schedule over its readings to its adoption. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Final, TypeAlias, assert_never

from pydantic import Field

from contracts.agenda import ImpactCheck, RegulationAdopted, RegulationAdvanced, RegulationScheduled, Stage
from contracts.dates import BoundedDate
from contracts.types import BoundedRef, BoundedText, RegulationId, Round
from regesta.command import Context, Facts, Read, State, fact, nothing, recorded, repeats
from services.objectives.domain.command import ObjectivesCommand
from services.objectives.domain.errors import (
    RegulationDiffers,
    RegulationIsAdopted,
    RoundMissing,
    UnknownRegulation,
)

MOST_CHECKS: Final = 20
Checklist: TypeAlias = Annotated[tuple[ImpactCheck, ...], Field(max_length=MOST_CHECKS)]


@dataclass(slots=True)
class Regulation(State):
    """scheduled: the latest schedule. advanced: the stages reached, by stage and round. adopted: how it ended."""

    prefix: ClassVar[str] = "regulation"

    scheduled: RegulationScheduled | None = None
    advanced: dict[tuple[Stage, int], RegulationAdvanced] = field(default_factory=dict)
    adopted: RegulationAdopted | None = None


class RegulationCommand(ObjectivesCommand):
    """A command on a regulation."""

    regulation: RegulationId

    @property
    def stream(self) -> str:
        """The regulation's stream."""
        return Regulation.name_of(self.regulation)


class ScheduleRegulation(RegulationCommand):
    """Put a regulation on the agenda, or schedule it otherwise: the latest schedule counts. due: when it should be adopted."""

    name = "schedule-regulation"

    title: BoundedText
    due: BoundedDate | None = None
    checklist: Checklist = ()


class AdvanceRegulation(RegulationCommand):
    """Record that a regulation reached a stage. round: more than 1 when it comes to it again ("second first reading")."""

    name = "advance-regulation"

    stage: Stage
    round: Round = 1
    checklist: Checklist = ()


class AdoptRegulation(RegulationCommand):
    """Record that a regulation was adopted. reference: of its publication."""

    name = "adopt-regulation"

    reference: BoundedRef | None = None


def schedule(command: ScheduleRegulation, read: Read, _context: Context) -> Facts:
    """Return the schedule; nothing when it is the latest. Raises RegulationIsAdopted."""
    regulation, asked = read(Regulation, command.regulation), fact(RegulationScheduled, command)
    if repeats(regulation.scheduled, asked):
        return nothing()
    _require_open(regulation)
    return {regulation.stream: [asked]}


def advance(command: AdvanceRegulation, read: Read, _context: Context) -> Facts:
    """Return the stage; nothing when it is recorded. Raises UnknownRegulation, RegulationDiffers, RegulationIsAdopted, RoundMissing."""
    regulation, asked = _scheduled(read, command), fact(RegulationAdvanced, command)
    if recorded(regulation.advanced.get((command.stage, command.round)), asked, RegulationDiffers):
        return nothing()
    _require_open(regulation)
    before = command.round - 1
    if before and (command.stage, before) not in regulation.advanced:
        raise RoundMissing(
            f"round {command.round} of {command.stage!r} comes after round {before}, which is not recorded",
            stage=command.stage, round=command.round,
        )  # fmt: skip
    return {regulation.stream: [asked]}


def adopt(command: AdoptRegulation, read: Read, _context: Context) -> Facts:
    """Return the adoption; nothing when it is recorded. Raises UnknownRegulation, RegulationDiffers."""
    regulation, asked = _scheduled(read, command), fact(RegulationAdopted, command)
    return nothing() if recorded(regulation.adopted, asked, RegulationDiffers) else {regulation.stream: [asked]}


def _scheduled(read: Read, command: RegulationCommand) -> Regulation:
    regulation = read(Regulation, command.regulation)
    if regulation.scheduled is None:
        raise UnknownRegulation(f"no regulation {regulation.key!r} is scheduled", regulation=regulation.key)
    return regulation


def _require_open(regulation: Regulation) -> None:
    if regulation.adopted is not None:
        raise RegulationIsAdopted(f"regulation {regulation.key!r} is adopted", regulation=regulation.key)


def evolve(regulation: Regulation, event: RegulationScheduled | RegulationAdvanced | RegulationAdopted) -> None:
    """Apply one recorded fact of a regulation."""
    match event:
        case RegulationScheduled():
            regulation.scheduled = event
        case RegulationAdvanced():
            regulation.advanced[event.stage, event.round] = event
        case RegulationAdopted():
            regulation.adopted = event
        case _:
            assert_never(event)
