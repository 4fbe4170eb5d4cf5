"""Measuring an indicator by hand or by report, correcting that, and withdrawing a step. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Final, TypeAlias

from pydantic import Field

from contracts.dates import BoundedPeriod, Period
from contracts.kpi import IndicatorMeasured, MeasurementCorrected, Member
from contracts.types import BoundedPrinted, BoundedWords, EventName, Number, Origin, Place, ShortWords, Stated
from regesta.command import Context, Facts, Read, fact, judge, nothing, recorded, withdraw
from regesta.errors import Refused
from regesta.event import Event, split_name
from services.kpi.domain import errors
from services.kpi.domain.command import LOG, KpiCommand
from services.kpi.domain.indicator import Indicator, Measurement, known_indicator, require_active, slot_of

MOST_DIMENSIONS: Final = 20

Dimensions: TypeAlias = Annotated[dict[Member, ShortWords], Field(max_length=MOST_DIMENSIONS)]


class MeasureIndicator(KpiCommand):
    """Record what was measured in a period. origin: the system that recorded it; None when it is measured here."""

    name = "measure-indicator"

    period: BoundedPeriod
    value: Stated[Number]
    dimensions: Dimensions = Field(default_factory=dict)
    source: ShortWords | None = None
    as_printed: BoundedPrinted | None = None
    place: Place | None = None
    origin: Origin | None = None


class CorrectMeasurement(KpiCommand):
    """Replace the value of a measurement. corrects: the event of that measurement, or of its last correction."""

    name = "correct-measurement"

    corrects: EventName
    value: Stated[Number]
    reason: BoundedWords
    source: ShortWords | None = None
    origin: Origin | None = None


class WithdrawFact(KpiCommand):
    """Withdraw a printed threshold, a measurement or a correction that was wrong."""

    name = "withdraw-fact"

    event: EventName
    reason: BoundedWords


def measure(command: MeasureIndicator, read: Read, context: Context) -> Facts:
    """Return the measurement; nothing when it stands. What another system reports is kept with the rules it breaks.

    Raises MeasurementDiffers, MayNotReport, NotProvider; and of what is measured here IndicatorRetired, MeasuredByEvents.
    """
    indicator = known_indicator(read, command)
    measured = fact(IndicatorMeasured, command)
    _require_right(indicator, measured, context)
    if recorded(indicator.measured.get(slot_of(measured)), measured, errors.MeasurementDiffers):
        return nothing()
    return {command.stream: [judge(measured, context, _broken(indicator, command.period))]}


def correct(command: CorrectMeasurement, read: Read, context: Context) -> Facts:
    """Return the correction; nothing when it stands. A retired indicator's measurements can be corrected.

    Raises NotMeasurement, CorrectionDiffers, MayNotReport, NotProvider.
    """
    indicator = known_indicator(read, command)
    wrong = _step(indicator, command.corrects)
    if not isinstance(wrong, Measurement):
        raise errors.NotMeasurement(
            f"{command.corrects!r} is no measurement of {command.stream!r} that stands", event=command.corrects
        )
    corrected = fact(MeasurementCorrected, command, period=wrong.period, dimensions=wrong.dimensions)
    _require_right(indicator, corrected, context)
    known = indicator.corrections.get(command.corrects)
    return nothing() if recorded(known, corrected, errors.CorrectionDiffers) else {command.stream: [corrected]}


def withdraw_fact(command: WithdrawFact, read: Read, context: Context) -> Facts:
    """Return the withdrawal of a step; nothing when it is withdrawn. A corrected measurement loses its correction first.

    Raises NotWithdrawable, MeasurementCorrected, MayNotReport, NotProvider.
    """
    indicator = known_indicator(read, command)
    if command.event in indicator.corrections:
        raise errors.MeasurementCorrected(
            f"{command.event!r} is corrected: withdraw its correction first", event=command.event
        )
    step = _step(indicator, command.event)
    if isinstance(step, Measurement):
        _require_right(indicator, step, context)
    return withdraw(indicator, LOG, command)


def _broken(indicator: Indicator, period: Period) -> Iterator[Refused]:
    """Yield the rules that a measurement of a period breaks."""
    try:
        require_active(indicator)
    except errors.IndicatorRetired as retired:
        yield retired
    definition = indicator.definition(period.ends_on.year)
    if definition is not None and definition.measure.kind != "manual":
        kind = definition.measure.kind
        yield errors.MeasuredByEvents(f"{indicator.stream!r} is computed from events ({kind})", measure=kind)


def _require_right(indicator: Indicator, measurement: Measurement, context: Context) -> None:
    """Raise MayNotReport or NotProvider when this caller may not say what was measured."""
    if context.may_report:
        return
    context.require_reporter(measurement.origin)
    definition = indicator.definition(measurement.period.ends_on.year)
    provider = None if definition is None else definition.provider
    if provider is not None and not context.may_act_for(provider):
        raise errors.NotProvider(f"only {provider!r} measures {indicator.stream!r}", provider=provider)


def _step(indicator: Indicator, event: str) -> Event | None:
    source, position = split_name(event)
    return indicator.steps.get(position) if source == LOG else None
