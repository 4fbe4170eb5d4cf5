"""What the kpi service records about indicators: what they measure, where they stand, their bands and their values."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field, StringConstraints

from contracts.bands import Band
from contracts.dates import ImpreciseDate, Period
from contracts.types import (
    LONGEST_NAME,
    EventName,
    Flag,
    Number,
    ObjectiveId,
    Origin,
    Place,
    Printed,
    RuleName,
    Section,
    Stated,
    Text,
    UnitSlug,
    Value,
    Words,
    Year,
)
from regesta.event import Cut, Event, LogName

Colour: TypeAlias = Literal["red", "amber", "green", "no_data"]
EventType: TypeAlias = Annotated[
    str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*\.v[1-9][0-9]*$", max_length=LONGEST_NAME)
]
Member: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=LONGEST_NAME)]


class Fact(Value):
    """Which recorded facts a measure looks at. where: members that must have these values, {"authority": "government"}."""

    service: LogName
    type: EventType
    where: dict[Member, Words] = Field(default_factory=dict)


class SumOf(Value):
    """The sum of a member of facts, usually amount_cents."""

    kind: Literal["sum"]
    of: Fact
    member: Member


class Constant(Value):
    """A fixed quantity, in the unit of what it is compared with (euro cents beside amount_cents)."""

    kind: Literal["constant"]
    value: Number


Quantity: TypeAlias = Annotated[SumOf | Constant, Field(discriminator="kind")]


class Manual(Value):
    """Measured by hand."""

    kind: Literal["manual"]


class Elapsed(Value):
    """Days from one fact to another, working days of Brussels or all days."""

    kind: Literal["elapsed"]
    since: Fact
    until: Fact
    calendar: Literal["calendar", "working"]


class Ratio(Value):
    """One sum as a percentage of another, or of a constant."""

    kind: Literal["ratio"]
    numerator: Quantity
    denominator: Quantity


class CountOf(Value):
    """How many facts there are."""

    kind: Literal["count"]
    of: Fact


class Milestone(Value):
    """Days by which a fact came after the last day of `by`; none or fewer when it came in time."""

    kind: Literal["milestone"]
    of: Fact
    by: ImpreciseDate


Measure: TypeAlias = Annotated[Manual | Elapsed | Ratio | CountOf | Milestone, Field(discriminator="kind")]
Level: TypeAlias = Literal["legal", "internal"]
Direction: TypeAlias = Literal["higher_is_better", "lower_is_better"]


class IndicatorDefined(Event):
    """An indicator exists. Opens indicator/{id}.

    title: its name; notes print some without one. measured_in: what its values are ("%", "days"). provider: the unit that
    measures it. year: the first one that this definition holds for; None when not said.
    """

    name = "indicator-defined.v1"
    measure: Measure
    title: Text | None = None
    description: Text | None = None
    measured_in: Words | None = None
    direction: Direction | None = None
    provider: UnitSlug | None = None
    year: Year | None = None
    place: Place | None = None


class IndicatorRevised(Event):
    """An indicator is defined otherwise from a year on: the whole definition, not the change."""

    name = "indicator-revised.v1"
    measure: Measure
    year: Year
    title: Text | None = None
    description: Text | None = None
    measured_in: Words | None = None
    direction: Direction | None = None
    provider: UnitSlug | None = None


class IndicatorPlaced(Event):
    """An indicator stands under an objective, in a section or in all of them."""

    name = "indicator-placed.v1"
    objective: ObjectiveId
    section: Section | None = None
    place: Place | None = None


class IndicatorRemoved(Event):
    """An indicator no longer stands there."""

    name = "indicator-removed.v1"
    objective: ObjectiveId
    section: Section | None = None


class ThresholdPrinted(Event):
    """A document has these texts in an indicator's table, each exactly as printed; None where the table is empty.

    units: the column of administrative units. value: the column of the last value. They become bands or a measurement only
    by an event of their own.
    """

    name = "threshold-printed.v1"
    withdrawable = True
    red: Printed | None = None
    amber: Printed | None = None
    green: Printed | None = None
    units: Printed | None = None
    value: Printed | None = None
    objective: ObjectiveId | None = None
    section: Section | None = None
    place: Place | None = None


class BandsSet(Event):
    """The colours of an indicator's values in a year; the latest bands of a year and level count.

    level: what a law sets, or what the administration sets itself. bands: hold every number exactly once (check_bands).
    """

    name = "bands-set.v1"
    year: Year
    level: Level
    bands: tuple[Band, ...]


class TargetSet(Event):
    """What an indicator should reach. horizon: by when. baseline: where it started; benchmark: what others reach."""

    name = "target-set.v1"
    target: Number
    horizon: ImpreciseDate
    baseline: Number | None = None
    benchmark: Number | None = None


class IndicatorMeasured(Event):
    """Someone measured an indicator by hand or elsewhere. dimensions: what the value is broken down by. source: its source."""

    name = "indicator-measured.v1"
    withdrawable = True
    period: Period
    value: Stated[Number]
    dimensions: dict[Member, Words] = Field(default_factory=dict)
    source: Words | None = None
    as_printed: Printed | None = None
    place: Place | None = None
    origin: Origin | None = None
    breaches: tuple[RuleName, ...] = ()


class MeasurementCorrected(Event):
    """The value of a measured period and dimensions is another one. corrects: the event that it replaces."""

    name = "measurement-corrected.v1"
    withdrawable = True
    corrects: EventName
    period: Period
    value: Stated[Number]
    reason: Words
    dimensions: dict[Member, Words] = Field(default_factory=dict)
    source: Words | None = None
    origin: Origin | None = None
    breaches: tuple[RuleName, ...] = ()


class IndicatorEvaluated(Event):
    """A computed value or its colour is another one than before. evidence: the facts; inputs: the cut that it saw."""

    name = "indicator-evaluated.v1"
    period: Period
    value: Stated[Number]
    colour: Colour
    evidence: tuple[EventName, ...]
    inputs: Cut


class IndicatorRetired(Event):
    """An indicator is measured no more. registered_in_error: it should never have been defined."""

    name = "indicator-retired.v1"
    reason: Words
    registered_in_error: Flag = False


EVENTS: tuple[type[Event], ...] = (
    IndicatorDefined,
    IndicatorRevised,
    IndicatorPlaced,
    IndicatorRemoved,
    ThresholdPrinted,
    BandsSet,
    TargetSet,
    IndicatorMeasured,
    MeasurementCorrected,
    IndicatorEvaluated,
    IndicatorRetired,
)
