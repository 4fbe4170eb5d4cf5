"""An indicator: what it measures, where it stands, its bands and targets, and what was measured. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Final, NamedTuple, TypeAlias, assert_never

from pydantic import Field

from contracts.bands import Band, EmptyBand, NoBand, TwoBands, check_bands
from contracts.dates import BoundedDate, ImpreciseDate, Period
from contracts.kpi import (
    BandsSet,
    Direction,
    IndicatorDefined,
    IndicatorEvaluated,
    IndicatorMeasured,
    IndicatorPlaced,
    IndicatorRemoved,
    IndicatorRetired,
    IndicatorRevised,
    Level,
    Measure,
    MeasurementCorrected,
    TargetSet,
    ThresholdPrinted,
)
from contracts.types import (
    BoundedPrinted,
    BoundedText,
    BoundedWords,
    Flag,
    Number,
    ObjectiveId,
    Place,
    Section,
    ShortWords,
    UnitSlug,
    Year,
)
from regesta.command import Context, Facts, Read, Reference, State, fact, nothing, plain, recorded, repeats
from regesta.event import event_name
from services.kpi.domain import errors
from services.kpi.domain.command import LOG, KpiCommand

# More than any table of thresholds has; each costs a comparison when a value is coloured.
MOST_BANDS: Final = 50

Measurement: TypeAlias = IndicatorMeasured | MeasurementCorrected
Step: TypeAlias = ThresholdPrinted | Measurement
IndicatorEvent: TypeAlias = (
    IndicatorDefined
    | IndicatorRevised
    | IndicatorPlaced
    | IndicatorRemoved
    | BandsSet
    | TargetSet
    | IndicatorEvaluated
    | IndicatorRetired
    | Step
)


class Spot(NamedTuple):
    """Where an indicator stands. section: None for all sections of the objective."""

    objective: str
    section: Section | None


class Slot(NamedTuple):
    """What is measured once: a period, broken down by dimensions."""

    period: Period
    dimensions: frozenset[tuple[str, str]]


@dataclass(slots=True)
class Indicator(State):
    """What a stream `indicator/{id}` says.

    spots: what became last of each place where it stands or stood. thresholds: by what is printed. measured: the measurement of each slot,
    whatever corrected it since. corrections: by the name of the event that each replaces.
    """

    prefix: ClassVar[str] = "indicator"

    defined: IndicatorDefined | None = None
    revisions: dict[int, IndicatorRevised] = field(default_factory=dict)
    spots: dict[Spot, IndicatorPlaced | IndicatorRemoved] = field(default_factory=dict)
    thresholds: dict[ThresholdPrinted, ThresholdPrinted] = field(default_factory=dict)
    bands: dict[tuple[int, Level], BandsSet] = field(default_factory=dict)
    targets: dict[ImpreciseDate, TargetSet] = field(default_factory=dict)
    measured: dict[Slot, IndicatorMeasured] = field(default_factory=dict)
    corrections: dict[str, MeasurementCorrected] = field(default_factory=dict)
    retired: IndicatorRetired | None = None

    def definition(self, year: int) -> IndicatorDefined | IndicatorRevised | None:
        """Return how the indicator is defined for a year: as last revised by then, else as first defined."""
        revised = max((each for each in self.revisions if each <= year), default=None)
        return self.defined if revised is None else self.revisions[revised]


class DefineIndicator(KpiCommand):
    """Define an indicator. year: the first one that the definition holds for."""

    name = "define-indicator"

    measure: Measure
    title: BoundedText | None = None
    description: BoundedText | None = None
    measured_in: ShortWords | None = None
    direction: Direction | None = None
    provider: UnitSlug | None = None
    year: Year | None = None
    place: Place | None = None


class ReviseIndicator(KpiCommand):
    """Define an indicator otherwise from a year on: the whole definition; what is left out is not said any more."""

    name = "revise-indicator"

    year: Year
    measure: Measure
    title: BoundedText | None = None
    description: BoundedText | None = None
    measured_in: ShortWords | None = None
    direction: Direction | None = None
    provider: UnitSlug | None = None


class PlaceIndicator(KpiCommand):
    """Put an indicator under an objective, in one section or in all of them."""

    name = "place-indicator"

    objective: ObjectiveId
    section: Section | None = None
    place: Place | None = None

    def references(self) -> tuple[Reference, ...]:
        """The objective must exist."""
        return (_reference(self.objective),)


class RemoveIndicator(KpiCommand):
    """Take an indicator away from where it was placed."""

    name = "remove-indicator"

    objective: ObjectiveId
    section: Section | None = None


class PrintThreshold(KpiCommand):
    """Keep what a document has in an indicator's table, each text exactly as printed."""

    name = "print-threshold"

    red: BoundedPrinted | None = None
    amber: BoundedPrinted | None = None
    green: BoundedPrinted | None = None
    units: BoundedPrinted | None = None
    value: BoundedPrinted | None = None
    objective: ObjectiveId | None = None
    section: Section | None = None
    place: Place | None = None

    def references(self) -> tuple[Reference, ...]:
        """The objective must exist, where one is named."""
        return () if self.objective is None else (_reference(self.objective),)


class SetBands(KpiCommand):
    """Set the colours of an indicator's values in a year; they must hold every number exactly once."""

    name = "set-bands"

    year: Year
    level: Level
    bands: Annotated[tuple[Band, ...], Field(max_length=MOST_BANDS)]


class SetTarget(KpiCommand):
    """Set what an indicator should reach by a horizon; the latest target of a horizon counts."""

    name = "set-target"

    target: Number
    horizon: BoundedDate
    baseline: Number | None = None
    benchmark: Number | None = None


class RetireIndicator(KpiCommand):
    """Measure an indicator no more. registered_in_error: it should never have been defined, and nothing hangs on it."""

    name = "retire-indicator"

    reason: BoundedWords
    registered_in_error: Flag = False


def define(command: DefineIndicator, read: Read, _context: Context) -> Facts:
    """Return the definition; nothing when it stands. Raises IndicatorDiffers when the id stands for another one."""
    defined = fact(IndicatorDefined, command)
    known = read(Indicator, command.indicator).defined
    return nothing() if recorded(known, defined, errors.IndicatorDiffers) else {command.stream: [defined]}


def revise(command: ReviseIndicator, read: Read, _context: Context) -> Facts:
    """Return the revision; nothing when it stands for this year. Raises RevisionTooEarly, IndicatorRetired."""
    indicator = known_indicator(read, command)
    revised = fact(IndicatorRevised, command)
    if repeats(indicator.revisions.get(command.year), revised):
        return nothing()
    require_active(indicator)
    first = None if indicator.defined is None else indicator.defined.year
    if first is not None and command.year < first:
        raise errors.RevisionTooEarly(
            f"{command.stream!r} is defined from {first} on, not for {command.year}",
            year=command.year, first_year=first,
        )  # fmt: skip
    return {command.stream: [revised]}


def place(command: PlaceIndicator, read: Read, _context: Context) -> Facts:
    """Return the placement; nothing when the indicator stands there. Raises PlacementDiffers, IndicatorRetired."""
    indicator, placed = known_indicator(read, command), fact(IndicatorPlaced, command)
    last = indicator.spots.get(Spot(command.objective, command.section))
    if isinstance(last, IndicatorPlaced) and recorded(last, placed, errors.PlacementDiffers):
        return nothing()
    require_active(indicator)
    return {command.stream: [placed]}


def remove(command: RemoveIndicator, read: Read, _context: Context) -> Facts:
    """Return the removal; nothing when the indicator was removed there.

    Raises PlacementDiffers, NotPlaced when it never stood there.
    """
    removed = fact(IndicatorRemoved, command)
    last = known_indicator(read, command).spots.get(Spot(command.objective, command.section))
    if last is None:
        section = None if command.section is None else f"{command.section.kind} {command.section.year}"
        raise errors.NotPlaced(
            f"{command.stream!r} never stood under {command.objective!r}, section {section!r}",
            objective=command.objective, section=section,
        )  # fmt: skip
    if isinstance(last, IndicatorRemoved) and recorded(last, removed, errors.PlacementDiffers):
        return nothing()
    return {command.stream: [removed]}


def print_threshold(command: PrintThreshold, read: Read, _context: Context) -> Facts:
    """Return what was printed; nothing when the same stands. What a document says is kept whatever became of the indicator.

    Raises ThresholdDiffers.
    """
    printed = fact(ThresholdPrinted, command)
    known = known_indicator(read, command).thresholds.get(printed)
    return nothing() if recorded(known, printed, errors.ThresholdDiffers) else {command.stream: [printed]}


def set_bands(command: SetBands, read: Read, _context: Context) -> Facts:
    """Return the bands; nothing when they stand. Raises BandsUncovered, BandsOverlap, BandEmpty, IndicatorRetired."""
    indicator, bands = known_indicator(read, command), fact(BandsSet, command)
    if repeats(indicator.bands.get((command.year, command.level)), bands):
        return nothing()
    require_active(indicator)
    try:
        check_bands(command.bands)
    except NoBand as hole:
        raise errors.BandsUncovered(str(hole), value=hole.numbers, bands=plain(command.bands)) from hole
    except TwoBands as overlap:
        raise errors.BandsOverlap(str(overlap), value=overlap.numbers, bands=plain(overlap.bands)) from overlap
    except EmptyBand as empty:
        raise errors.BandEmpty(str(empty), value=plain(empty.band)) from empty
    return {command.stream: [bands]}


def set_target(command: SetTarget, read: Read, _context: Context) -> Facts:
    """Return the target; nothing when it stands for this horizon. Raises IndicatorRetired."""
    indicator = known_indicator(read, command)
    target = fact(TargetSet, command)
    if repeats(indicator.targets.get(command.horizon), target):
        return nothing()
    require_active(indicator)
    return {command.stream: [target]}


def retire(command: RetireIndicator, read: Read, _context: Context) -> Facts:
    """Return the retirement; nothing when it stands. Raises RetirementDiffers, IndicatorInUse."""
    indicator = known_indicator(read, command)
    retired = fact(IndicatorRetired, command)
    if recorded(indicator.retired, retired, errors.RetirementDiffers):
        return nothing()
    objectives = sorted({spot.objective for spot, last in indicator.spots.items() if isinstance(last, IndicatorPlaced)})
    events = [event_name(LOG, position) for position in sorted(indicator.steps)]
    if command.registered_in_error and (objectives or events):
        raise errors.IndicatorInUse(
            f"{command.stream!r} stands under {objectives!r} and has {events!r}: remove and withdraw these first",
            objectives=[*objectives], events=[*events],
        )  # fmt: skip
    return {command.stream: [retired]}


def known_indicator(read: Read, command: KpiCommand) -> Indicator:
    """Return the indicator that a command names. Raises UnknownIndicator."""
    indicator = read(Indicator, command.indicator)
    if indicator.defined is None:
        raise errors.UnknownIndicator(f"there is no indicator {command.indicator!r}", indicator=command.indicator)
    return indicator


def require_active(indicator: Indicator) -> None:
    """Raise IndicatorRetired when it is."""
    if indicator.retired is not None:
        reason = indicator.retired.reason
        raise errors.IndicatorRetired(f"{indicator.stream!r} is retired: {reason!r}", reason=reason)


def slot_of(measurement: Measurement) -> Slot:
    """Return what a measurement or correction is the value of."""
    return Slot(measurement.period, frozenset(measurement.dimensions.items()))


def _reference(objective: str) -> Reference:
    return Reference("objectives", f"objective/{objective}")


def evolve(indicator: Indicator, event: IndicatorEvent) -> None:  # noqa: C901 one case per event
    """Apply one recorded fact."""
    match event:
        case IndicatorDefined():
            indicator.defined = event
        case IndicatorRevised():
            indicator.revisions[event.year] = event
        case IndicatorPlaced() | IndicatorRemoved():
            indicator.spots[Spot(event.objective, event.section)] = event
        case ThresholdPrinted():
            indicator.thresholds[event] = event
        case BandsSet():
            indicator.bands[event.year, event.level] = event
        case TargetSet():
            indicator.targets[event.horizon] = event
        case IndicatorMeasured():
            indicator.measured[slot_of(event)] = event
        case MeasurementCorrected():
            indicator.corrections[event.corrects] = event
        case IndicatorRetired():
            indicator.retired = event
        case IndicatorEvaluated():
            pass  # computed, no part of any rule
        case _:
            assert_never(event)


def undo(indicator: Indicator, step: Step) -> None:
    """Take back a withdrawn step."""
    match step:
        case ThresholdPrinted():
            indicator.thresholds.pop(step, None)
        case IndicatorMeasured():
            indicator.measured.pop(slot_of(step), None)
        case MeasurementCorrected():
            indicator.corrections.pop(step.corrects, None)
        case _:
            assert_never(step)
