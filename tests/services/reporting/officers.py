"""Random steps of officers: objectives, dossiers and indicators, and corrections of all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Final, Literal, get_args

from contracts import decisions, dossiers, kpi, objectives
from contracts.bands import Band
from contracts.dates import Period
from contracts.types import NONE, PENDING, UNKNOWN, Stated, Text, known
from regesta.event import DayStarted, Event, FactWithdrawn
from tests.services.reporting.past import YEARS, Past, Source, Step


def _register(past: Past) -> None:
    past.register(past.random.choice(past.notes), past.random.choice(["operational", "action"]))


def _print_section(past: Past) -> None:
    note, _, objective = past.any()
    section = past.section()
    if section is not None:
        printed = objectives.SectionPrinted(objective=objective, section=section, code="IV.1.1", title=past.text())
        past.add("objectives", f"note/{note}", printed)


def _change_objective(past: Past) -> None:
    note, level, objective = past.any()
    code = past.random.choice([None, f"IV.9.{past.random.randrange(1000, 9999)}"])
    changes: list[Event] = [
        objectives.ObjectiveRetitled(objective=objective, title=past.text()),
        objectives.ObjectiveRenumbered(objective=objective, code=code),
    ]
    if level == "action":
        under = [id_ for of, lvl, id_ in past.objectives if (of, lvl) == (note, "operational")]
        changes.append(objectives.ObjectiveMoved(objective=objective, parent=past.random.choice(under)))
        changes.append(
            objectives.ObjectiveClosed(
                objective=objective, reason=past.random.choice(["completed", "stopped", "registered_in_error"])
            )
        )
    past.add("objectives", f"note/{note}", past.random.choice(changes))


def _state(past: Past) -> None:
    _, _, objective = past.any()
    section = past.section()
    said: list[Stated[Text]] = [known(past.text()), NONE, PENDING]
    day = objectives.OnDay(kind="day", day=past.day())
    fte = known(Decimal(past.random.randrange(100)) / 10)
    event: Event = past.random.choice(
        [
            objectives.FieldStated(
                field=past.random.choice(get_args(objectives.FieldName)),
                value=past.random.choice(said),
                section=section,
            ),
            objectives.DeadlineSet(deadline=known(day), section=section, as_printed="fin 2023"),
            objectives.StatusReported(status=past.random.choice(get_args(objectives.Status)), section=section),
            objectives.StaffEstimated(fte=fte, section=section, basis=past.random.choice([None, "estimated"])),
        ]
    )
    past.add("objectives", f"objective/{objective}", event)


def _assign_unit(past: Past) -> None:
    _, _, objective = past.any()
    if past.units and past.random.random() < 0.4:
        unit = past.units.pop(past.random.randrange(len(past.units)))
        past.add("objectives", f"objective/{unit[0]}", objectives.UnitReleased(unit=unit[1], role=unit[2]))
        return
    role: Literal["lead", "contributor"] = past.random.choice(["lead", "contributor"])
    unit = (objective, past.random.choice(["dru", "perspective"]), role)
    if unit not in past.units:
        past.units.append(unit)
        past.add("objectives", f"objective/{objective}", objectives.UnitAssigned(unit=unit[1], role=role))


def _print_fact(past: Past) -> None:
    _, _, objective = past.any()
    fact = objectives.FactPrinted(
        type=past.random.choice(get_args(objectives.FactType)),
        text=past.text(),
        reading=past.random.choice(get_args(objectives.Reading)),
        day=past.random.choice([None, past.day()]),
        section=past.section(),
        place=past.place(),
    )
    amount = objectives.AmountPrinted(text=past.text(), amount_cents=past.cents(), section=past.section())
    past.add("objectives", f"objective/{objective}", past.random.choice([fact, fact, amount]))


def withdraw(past: Past) -> None:
    if past.steps:
        source, stream, position = past.steps.pop(past.random.randrange(len(past.steps)))
        past.add(source, stream, FactWithdrawn(event=f"{source}:{position}", reason="recorded in error"))


def _open_dossier(past: Past) -> None:
    dossier = past.id()
    served = tuple({past.any()[2] for _ in range(past.random.randrange(3))})
    opened = dossiers.DossierOpened(kind="subsidy", title=past.text(), objectives=served)
    past.add("objectives", f"dossier/{dossier}", opened)
    past.dossiers.append(dossier)
    past.linked |= {(dossier, objective) for objective in served}


def _link_dossier(past: Past) -> None:
    if not past.dossiers:
        return
    dossier, objective = past.random.choice(past.dossiers), past.any()[2]
    if past.linked and past.random.random() < 0.4:
        dossier, objective = past.random.choice(sorted(past.linked))
        past.linked.discard((dossier, objective))
        past.add("objectives", f"dossier/{dossier}", dossiers.DossierUnlinked(objective=objective))
    elif (dossier, objective) not in past.linked:
        past.linked.add((dossier, objective))
        past.add("objectives", f"dossier/{dossier}", dossiers.DossierLinked(objective=objective))


def _plan_milestone(past: Past) -> None:
    if past.milestones and past.random.random() < 0.6:
        dossier, milestone = past.random.choice(past.milestones)
        event: Event = past.random.choice(
            [
                dossiers.MilestoneReached(milestone=milestone, on=past.day()),
                dossiers.MilestoneRescheduled(milestone=milestone, old=past.day(), new=past.day()),
                dossiers.MilestoneCancelled(milestone=milestone, reason="no more"),
            ]
        )
        past.add("objectives", f"dossier/{dossier}", event)
    elif past.dossiers:
        dossier, milestone = past.random.choice(past.dossiers), past.id()
        planned = dossiers.MilestonePlanned(milestone=milestone, kind="advance", due=past.day())
        past.add("objectives", f"dossier/{dossier}", planned)
        past.milestones.append((dossier, milestone))


def _decide(past: Past) -> None:
    if not past.dossiers:
        return
    event: Event = past.random.choice(
        [
            decisions.ApprovalGranted(authority="government", step="programme", amount_cents=past.cents()),
            decisions.OpinionIssued(by="inspector_of_finance", verdict="favourable"),
            decisions.ApplicationReceived(application=past.id(), applicant=past.id()),
            decisions.ImpactTestAttached(kind="equality", outcome="neutral"),
            dossiers.CallLaunched(closes_on=past.day()),
            dossiers.DossierSuspended(reason="waiting"),
            dossiers.DossierResumed(),
        ]
    )
    past.add(
        "objectives",
        f"dossier/{past.random.choice(past.dossiers)}",
        event,
        past.random.choice([None, "2023-07-11"]),
    )


def _define_indicator(past: Past) -> None:
    indicator = past.id()
    defined = kpi.IndicatorDefined(measure=kpi.Manual(kind="manual"), title=past.text(), measured_in="%")
    past.add("kpi", f"indicator/{indicator}", defined)
    past.indicators.append(indicator)
    _place(past, indicator)


def _place(past: Past, indicator: str) -> None:
    placed = (indicator, past.any()[2], past.section())
    if placed not in past.placed:
        past.placed.add(placed)
        past.add("kpi", f"indicator/{indicator}", kpi.IndicatorPlaced(objective=placed[1], section=placed[2]))


def _use_indicator(past: Past) -> None:
    if not past.indicators:
        return
    indicator = past.random.choice(past.indicators)
    edge = Decimal(past.random.randrange(50, 99))
    bands = (
        Band(colour="red", upper=edge),
        Band(colour="amber", lower=edge, lower_inclusive=True, upper=Decimal(99)),
        Band(colour="green", lower=Decimal(99), lower_inclusive=True),
    )
    event: Event = past.random.choice(
        [
            kpi.ThresholdPrinted(red=f"< {edge}", green="99 %", units="DRU"),
            kpi.BandsSet(year=past.random.choice(YEARS), level=past.random.choice(["legal", "internal"]), bands=bands),
            kpi.TargetSet(target=edge, horizon=past.day()),
            kpi.IndicatorRevised(measure=kpi.Manual(kind="manual"), year=2024, title=past.text()),
        ]
    )
    past.add("kpi", f"indicator/{indicator}", event)


def _move_indicator(past: Past) -> None:
    if not past.indicators:
        return
    if past.placed and past.random.random() < 0.4:
        indicator, objective, section = sorted(past.placed, key=repr)[past.random.randrange(len(past.placed))]
        past.placed.discard((indicator, objective, section))
        past.add("kpi", f"indicator/{indicator}", kpi.IndicatorRemoved(objective=objective, section=section))
    else:
        _place(past, past.random.choice(past.indicators))


def _measure(past: Past) -> None:
    if not past.indicators:
        return
    year = past.random.choice(YEARS)
    period = Period(starts_on=date(year, 1, 1), ends_on=date(year, 12, 31))
    value: Stated[Decimal] = known(Decimal(past.random.randrange(1000)) / 10)
    values: list[Stated[Decimal]] = [value, UNKNOWN]
    if past.measured and past.random.random() < 0.3:
        indicator, position, event = past.random.choice(past.measured)
        corrected = kpi.MeasurementCorrected(
            corrects=f"kpi:{position}", period=event.period, value=value, reason="recount", dimensions=event.dimensions
        )
        past.add("kpi", f"indicator/{indicator}", corrected)
        return
    indicator = past.random.choice(past.indicators)
    measured = kpi.IndicatorMeasured(
        period=period,
        value=past.random.choice(values),
        dimensions=past.random.choice([{}, {"commune": "Ixelles"}]),
    )
    position = past.add("kpi", f"indicator/{indicator}", measured)
    past.measured.append((indicator, position, measured))


def _start_day(past: Past) -> None:
    source: Source = past.random.choice(["objectives", "kpi", "budget"])
    past.add(source, "calendar/2024", DayStarted(date=past.now.date()))


STEPS: Final[Sequence[Step]] = (
    _register,
    _print_section,
    _change_objective,
    _change_objective,
    _state,
    _state,
    _state,
    _assign_unit,
    _print_fact,
    _print_fact,
    withdraw,
    withdraw,
    _open_dossier,
    _link_dossier,
    _plan_milestone,
    _plan_milestone,
    _decide,
    _define_indicator,
    _use_indicator,
    _use_indicator,
    _move_indicator,
    _measure,
    _measure,
    _start_day,
)
