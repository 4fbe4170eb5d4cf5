"""Random but valid histories of the three logs that reporting takes in: what real officers would record, in any order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Final, Literal, TypeAlias, get_args
from uuid import UUID

import orjson

from contracts import budget, commitments, decisions, dossiers, kpi, objectives
from contracts.allocation import AllocationCode
from contracts.bands import Band
from contracts.dates import ImpreciseDate, Period
from contracts.types import NONE, PENDING, UNKNOWN, Place, Section, Stated, Text, known
from regesta.event import DayStarted, Event, FactWithdrawn, Recorded
from services.reporting.projections.standing import REGISTRY

Source: TypeAlias = Literal["objectives", "kpi", "budget"]

NOTES: Final = ("territorial", "tourism")
LOG: Final = {
    "objectives": str(UUID(int=1)),
    "kpi": str(UUID(int=2)),
    "budget": str(UUID(int=3)),
}
START: Final = datetime(2024, 1, 2, 8, tzinfo=UTC)
DAYS: Final = (
    "2023",
    "2023-06",
    "2023-06-15",
    "2023-36",
    "2023-41",
    "2024-22",
    "2022-39/2023-37",
    "2022-09-01/..",
    "XXXX-07",
)
CODES: Final = ("33.001.07.01.1111", "33.004.27.01.4322", "33.004.28.01.6321", "02.002.08.01.3811")
YEARS: Final = (2023, 2024)


@dataclass
class History:
    """A history that grows by `step`. logs: its events by log, as they stand in a replica."""

    seed: int
    logs: dict[Source, list[Recorded]] = field(default_factory=lambda: {"objectives": [], "kpi": [], "budget": []})

    def __post_init__(self) -> None:
        self.random = Random(self.seed)  # noqa: S311 a test's own history
        self.now = START
        self.versions: dict[tuple[Source, str], int] = {}
        self.steps: list[tuple[Source, str, int]] = []
        self.objectives: list[tuple[str, str, str]] = []
        self.sections: dict[str, Section] = {}
        self.dossiers: list[str] = []
        self.linked: set[tuple[str, str]] = set()
        self.milestones: list[tuple[str, str]] = []
        self.indicators: list[str] = []
        self.placed: set[tuple[str, str, Section | None]] = set()
        self.measured: list[tuple[str, int, kpi.IndicatorMeasured]] = []
        self.lines: list[str] = []
        self.assigned: list[tuple[str, str, str]] = []
        self.conventions: list[tuple[str, str]] = []
        self.commitments: list[tuple[str, commitments.AmountCommitted]] = []
        self.payments: list[tuple[str, commitments.PaymentLiquidated]] = []
        self.units: list[tuple[str, str, Literal["lead", "contributor"]]] = []
        for note in NOTES:
            opened = objectives.PolicyNoteOpened(
                title=self.text(), reference="A-785/2", legislature="2019-2024", realised_year=2023, planned_year=2024
            )
            self.add("objectives", f"note/{note}", opened)
            for level in ("strategic", "operational", "action"):
                self.register(note, level)

    def add(self, source: Source, stream: str, event: Event, occurred: str | None = None) -> int:
        """Record an event and return its position."""
        self.now += timedelta(minutes=self.random.randrange(600))
        log = self.logs[source]
        version = self.versions[source, stream] = self.versions.get((source, stream), 0) + 1
        raw = orjson.dumps(orjson.loads(event.model_dump_json(exclude_none=True))).decode()
        log.append(
            Recorded(
                source,
                len(log) + 1,
                stream,
                version,
                self.now,
                event.name,
                raw,
                LOG[source],
                REGISTRY,
                "officer",
                occurred,
            )
        )
        if event.withdrawable:
            self.steps.append((source, stream, len(log)))
        return len(log)

    def grow(self, steps: int) -> History:
        """Take some random steps."""
        for _ in range(steps):
            self.random.choice(STEPS)(self)
        return self

    def cut(self) -> dict[str, int]:
        """Return a random cut."""
        return {source: self.random.randint(0, len(log)) for source, log in self.logs.items()}

    def id(self) -> str:
        """Return a new id."""
        return str(UUID(int=self.random.getrandbits(128), version=4))

    def text(self) -> Text:
        """Return some text, sometimes in one language only."""
        word = f"mot {self.random.randrange(1000)}"
        return self.random.choice([Text(fr=word, nl=f"woord {word}"), Text(fr=word), Text(nl=word)])

    def section(self) -> Section | None:
        """Return a section of one of some letters, or none."""
        return self.random.choice(
            [
                None,
                Section(year=2023, kind="realised"),
                Section(year=2024, kind="planned"),
                Section(year=2022, kind="realised"),
            ]
        )

    def cents(self) -> int:
        """Return an amount."""
        return self.random.randrange(1, 100_000_000)

    def stated(self) -> Stated[int]:
        """Return a stated amount, or a kind of empty."""
        choices: list[Stated[int]] = [known(self.cents()), NONE, UNKNOWN, PENDING]
        return self.random.choice(choices)

    def day(self) -> ImpreciseDate:
        """Return an imprecise date."""
        return ImpreciseDate(self.random.choice(DAYS))

    def place(self) -> Place | None:
        """Return a place in a document, or none."""
        return self.random.choice([None, Place(document="A-785/2", line=self.random.randrange(1, 3000))])

    def register(self, note: str, level: Literal["strategic", "operational", "action"]) -> None:
        """Register an objective under one of the level above."""
        above = {"strategic": None, "operational": "strategic", "action": "operational"}[level]
        parents = [id_ for of, lvl, id_ in self.objectives if of == note and lvl == above]
        objective = self.id()
        section = self.section() if level == "action" else None
        registered = objectives.ObjectiveRegistered(
            objective=objective,
            level=level,
            code=self.random.choice([None, f"IV.{len(self.objectives)}"]),
            parent=self.random.choice(parents) if parents else None,
            title=self.random.choice([None, self.text()]),
            section=section,
        )
        self.add("objectives", f"note/{note}", registered)
        self.add("objectives", f"objective/{objective}", objectives.ObjectiveOpened(note=note, level=level))
        self.objectives.append((note, level, objective))
        if section is not None:
            self.sections[objective] = section

    def any(self) -> tuple[str, str, str]:
        """Return a random (note, level, objective)."""
        return self.random.choice(self.objectives)


def _register(history: History) -> None:
    history.register(history.random.choice(NOTES), history.random.choice(["operational", "action"]))


def _print_section(history: History) -> None:
    note, _, objective = history.any()
    section = history.section()
    if section is not None:
        printed = objectives.SectionPrinted(objective=objective, section=section, code="IV.1.1", title=history.text())
        history.add("objectives", f"note/{note}", printed)


def _change_objective(history: History) -> None:
    note, level, objective = history.any()
    code = history.random.choice([None, f"IV.9.{history.random.randrange(1000, 9999)}"])
    changes: list[Event] = [
        objectives.ObjectiveRetitled(objective=objective, title=history.text()),
        objectives.ObjectiveRenumbered(objective=objective, code=code),
    ]
    if level == "action":
        under = [id_ for of, lvl, id_ in history.objectives if (of, lvl) == (note, "operational")]
        changes.append(objectives.ObjectiveMoved(objective=objective, parent=history.random.choice(under)))
        changes.append(
            objectives.ObjectiveClosed(
                objective=objective, reason=history.random.choice(["completed", "stopped", "registered_in_error"])
            )
        )
    history.add("objectives", f"note/{note}", history.random.choice(changes))


def _state(history: History) -> None:
    _, _, objective = history.any()
    section = history.section()
    said: list[Stated[Text]] = [known(history.text()), NONE, PENDING]
    day = objectives.OnDay(kind="day", day=history.day())
    fte = known(Decimal(history.random.randrange(100)) / 10)
    event: Event = history.random.choice(
        [
            objectives.FieldStated(
                field=history.random.choice(get_args(objectives.FieldName)),
                value=history.random.choice(said),
                section=section,
            ),
            objectives.DeadlineSet(deadline=known(day), section=section, as_printed="fin 2023"),
            objectives.StatusReported(status=history.random.choice(get_args(objectives.Status)), section=section),
            objectives.StaffEstimated(fte=fte, section=section, basis=history.random.choice([None, "estimated"])),
        ]
    )
    history.add("objectives", f"objective/{objective}", event)


def _assign_unit(history: History) -> None:
    _, _, objective = history.any()
    if history.units and history.random.random() < 0.4:
        unit = history.units.pop(history.random.randrange(len(history.units)))
        history.add("objectives", f"objective/{unit[0]}", objectives.UnitReleased(unit=unit[1], role=unit[2]))
        return
    role: Literal["lead", "contributor"] = history.random.choice(["lead", "contributor"])
    unit = (objective, history.random.choice(["dru", "perspective"]), role)
    if unit not in history.units:
        history.units.append(unit)
        history.add("objectives", f"objective/{objective}", objectives.UnitAssigned(unit=unit[1], role=role))


def _print_fact(history: History) -> None:
    _, _, objective = history.any()
    fact = objectives.FactPrinted(
        type=history.random.choice(get_args(objectives.FactType)),
        text=history.text(),
        reading=history.random.choice(get_args(objectives.Reading)),
        day=history.random.choice([None, history.day()]),
        section=history.section(),
        place=history.place(),
    )
    amount = objectives.AmountPrinted(text=history.text(), amount_cents=history.cents(), section=history.section())
    history.add("objectives", f"objective/{objective}", history.random.choice([fact, fact, amount]))


def _withdraw(history: History) -> None:
    if history.steps:
        source, stream, position = history.steps.pop(history.random.randrange(len(history.steps)))
        history.add(source, stream, FactWithdrawn(event=f"{source}:{position}", reason="recorded in error"))


def _open_dossier(history: History) -> None:
    dossier = history.id()
    served = tuple({history.any()[2] for _ in range(history.random.randrange(3))})
    opened = dossiers.DossierOpened(kind="subsidy", title=history.text(), objectives=served)
    history.add("objectives", f"dossier/{dossier}", opened)
    history.dossiers.append(dossier)
    history.linked |= {(dossier, objective) for objective in served}


def _link_dossier(history: History) -> None:
    if not history.dossiers:
        return
    dossier, objective = history.random.choice(history.dossiers), history.any()[2]
    if history.linked and history.random.random() < 0.4:
        dossier, objective = history.random.choice(sorted(history.linked))
        history.linked.discard((dossier, objective))
        history.add("objectives", f"dossier/{dossier}", dossiers.DossierUnlinked(objective=objective))
    elif (dossier, objective) not in history.linked:
        history.linked.add((dossier, objective))
        history.add("objectives", f"dossier/{dossier}", dossiers.DossierLinked(objective=objective))


def _plan_milestone(history: History) -> None:
    if history.milestones and history.random.random() < 0.6:
        dossier, milestone = history.random.choice(history.milestones)
        event: Event = history.random.choice(
            [
                dossiers.MilestoneReached(milestone=milestone, on=history.day()),
                dossiers.MilestoneRescheduled(milestone=milestone, old=history.day(), new=history.day()),
                dossiers.MilestoneCancelled(milestone=milestone, reason="no more"),
            ]
        )
        history.add("objectives", f"dossier/{dossier}", event)
    elif history.dossiers:
        dossier, milestone = history.random.choice(history.dossiers), history.id()
        planned = dossiers.MilestonePlanned(milestone=milestone, kind="advance", due=history.day())
        history.add("objectives", f"dossier/{dossier}", planned)
        history.milestones.append((dossier, milestone))


def _decide(history: History) -> None:
    if not history.dossiers:
        return
    event: Event = history.random.choice(
        [
            decisions.ApprovalGranted(authority="government", step="programme", amount_cents=history.cents()),
            decisions.OpinionIssued(by="inspector_of_finance", verdict="favourable"),
            decisions.ApplicationReceived(application=history.id(), applicant=history.id()),
            decisions.ImpactTestAttached(kind="equality", outcome="neutral"),
            dossiers.CallLaunched(closes_on=history.day()),
            dossiers.DossierSuspended(reason="waiting"),
            dossiers.DossierResumed(),
        ]
    )
    history.add(
        "objectives",
        f"dossier/{history.random.choice(history.dossiers)}",
        event,
        history.random.choice([None, "2023-07-11"]),
    )


def _define_indicator(history: History) -> None:
    indicator = history.id()
    defined = kpi.IndicatorDefined(measure=kpi.Manual(kind="manual"), title=history.text(), measured_in="%")
    history.add("kpi", f"indicator/{indicator}", defined)
    history.indicators.append(indicator)
    _place(history, indicator)


def _place(history: History, indicator: str) -> None:
    placed = (indicator, history.any()[2], history.section())
    if placed not in history.placed:
        history.placed.add(placed)
        history.add("kpi", f"indicator/{indicator}", kpi.IndicatorPlaced(objective=placed[1], section=placed[2]))


def _use_indicator(history: History) -> None:
    if not history.indicators:
        return
    indicator = history.random.choice(history.indicators)
    edge = Decimal(history.random.randrange(50, 99))
    bands = (
        Band(colour="red", upper=edge),
        Band(colour="amber", lower=edge, lower_inclusive=True, upper=Decimal(99)),
        Band(colour="green", lower=Decimal(99), lower_inclusive=True),
    )
    event: Event = history.random.choice(
        [
            kpi.ThresholdPrinted(red=f"< {edge}", green="99 %", units="DRU"),
            kpi.BandsSet(
                year=history.random.choice(YEARS), level=history.random.choice(["legal", "internal"]), bands=bands
            ),
            kpi.TargetSet(target=edge, horizon=history.day()),
            kpi.IndicatorRevised(measure=kpi.Manual(kind="manual"), year=2024, title=history.text()),
        ]
    )
    history.add("kpi", f"indicator/{indicator}", event)


def _move_indicator(history: History) -> None:
    if not history.indicators:
        return
    if history.placed and history.random.random() < 0.4:
        indicator, objective, section = sorted(history.placed, key=repr)[history.random.randrange(len(history.placed))]
        history.placed.discard((indicator, objective, section))
        history.add("kpi", f"indicator/{indicator}", kpi.IndicatorRemoved(objective=objective, section=section))
    else:
        _place(history, history.random.choice(history.indicators))


def _measure(history: History) -> None:
    if not history.indicators:
        return
    year = history.random.choice(YEARS)
    period = Period(starts_on=date(year, 1, 1), ends_on=date(year, 12, 31))
    value: Stated[Decimal] = known(Decimal(history.random.randrange(1000)) / 10)
    values: list[Stated[Decimal]] = [value, UNKNOWN]
    if history.measured and history.random.random() < 0.3:
        indicator, position, event = history.random.choice(history.measured)
        corrected = kpi.MeasurementCorrected(
            corrects=f"kpi:{position}", period=event.period, value=value, reason="recount", dimensions=event.dimensions
        )
        history.add("kpi", f"indicator/{indicator}", corrected)
        return
    indicator = history.random.choice(history.indicators)
    measured = kpi.IndicatorMeasured(
        period=period,
        value=history.random.choice(values),
        dimensions=history.random.choice([{}, {"commune": "Ixelles"}]),
    )
    position = history.add("kpi", f"indicator/{indicator}", measured)
    history.measured.append((indicator, position, measured))


def _open_line(history: History) -> None:
    code = AllocationCode(history.random.choice(CODES))
    line = f"unstated-territorial.{code}"
    if line in history.lines:
        return
    opened = budget.BudgetLineOpened(
        entity="unstated-territorial", allocation=code, direction=code.direction, label=history.text()
    )
    history.add("budget", f"line/{line}", opened)
    history.lines.append(line)


def _assign_line(history: History) -> None:
    if not history.lines:
        return
    if history.assigned and history.random.random() < 0.3:
        objective, assignment, line = history.assigned.pop(history.random.randrange(len(history.assigned)))
        gone = budget.LineUnassigned(assignment=assignment, line=line)
        history.add("budget", f"assignment/{objective}", gone)
        return
    objective, assignment, line = history.any()[2], history.id(), history.random.choice(history.lines)
    assigned = budget.LineAssigned(
        assignment=assignment,
        line=line,
        section=history.section(),
        category=history.random.choice([None, *get_args(budget.Category)]),
        commitment_cents=history.stated(),
        liquidation_cents=history.stated(),
        unspecified_cents=history.stated(),
        share_ppm=history.random.choice([None, None, 250_000]),
    )
    history.add("budget", f"assignment/{objective}", assigned)
    history.assigned.append((objective, assignment, line))


def _print_allocation(history: History) -> None:
    printed = budget.AllocationPrinted(
        as_printed="01.002.08.08", reason="a digit is missing", section=history.section()
    )
    history.add("budget", f"assignment/{history.any()[2]}", printed)


def _credit(history: History) -> None:
    if len(history.lines) < 2:
        return
    line, other = history.random.sample(history.lines, 2)
    year, credit = history.random.choice(YEARS), history.random.choice(get_args(budget.CreditKind))
    if history.random.random() < 0.5:
        cls = history.random.choice([budget.CreditsVoted, budget.CreditsAdjusted])
        voted = cls(line=line, year=year, credit=credit, amount_cents=known(history.cents()))
        history.add("budget", f"ledger/{line}/{year}", voted)
        return
    cents = history.cents()
    out = budget.CreditsTransferredOut(
        line=line, year=year, credit=credit, transfer=history.id(), to_line=other, amount_cents=cents
    )
    into = budget.CreditsTransferredIn(
        line=other, year=year, credit=credit, transfer=out.transfer, from_line=line, amount_cents=cents
    )
    history.add("budget", f"ledger/{line}/{year}", out)
    history.add("budget", f"ledger/{other}/{year}", into)


def _sign(history: History) -> None:
    if not history.dossiers:
        return
    convention, dossier, cents = history.id(), history.random.choice(history.dossiers), history.cents()
    signed = commitments.ConventionSigned(dossier=dossier, amount_cents=cents, advance_ppm=200_000)
    history.add("budget", f"convention/{convention}", signed, "2024-03")
    history.conventions.append((convention, dossier))
    if history.random.random() < 0.5:
        amended = commitments.ConventionAmended(amount_cents=cents + 1)
        history.add("budget", f"convention/{convention}", amended)


def _commit(history: History) -> None:
    if not (history.lines and history.dossiers):
        return
    convention, dossier = history.random.choice([*history.conventions, (None, history.random.choice(history.dossiers))])
    line, year, commitment, cents = (
        history.random.choice(history.lines),
        history.random.choice(YEARS),
        history.id(),
        history.cents(),
    )
    committed = commitments.AmountCommitted(
        line=line,
        year=year,
        amount_cents=cents,
        dossier=history.random.choice([dossier, None]) if convention else dossier,
        convention=convention,
        unchecked=True,
    )
    history.add("budget", f"commitment/{commitment}", committed)
    reserved = budget.CreditReserved(line=line, year=year, commitment=commitment, amount_cents=cents, unchecked=True)
    history.add("budget", f"ledger/{line}/{year}", reserved)
    history.commitments.append((commitment, committed))


def _pay(history: History) -> None:
    if not history.commitments:
        return
    commitment, committed = history.random.choice(history.commitments)
    line, year, cents = committed.line, committed.year, history.random.randrange(1, 1000)
    paid = commitments.PaymentLiquidated(
        payment=history.id(), line=line, year=year, amount_cents=cents, part="advance", dossier=committed.dossier
    )
    history.add("budget", f"commitment/{commitment}", paid, "2024-04-10")
    consumed = budget.CreditConsumed(
        line=line, year=year, commitment=commitment, payment=paid.payment, amount_cents=cents
    )
    history.add("budget", f"ledger/{line}/{year}", consumed)
    history.payments.append((commitment, paid))


def _take_back(history: History) -> None:
    if not history.payments:
        return
    commitment, paid = history.payments.pop(history.random.randrange(len(history.payments)))
    same = {"line": paid.line, "year": paid.year, "payment": paid.payment, "amount_cents": paid.amount_cents}
    reversed_ = commitments.PaymentReversed.model_validate({**same, "reason": "paid twice", "dossier": paid.dossier})
    history.add("budget", f"commitment/{commitment}", reversed_)
    returned = budget.CreditReturned.model_validate({**same, "commitment": commitment})
    history.add("budget", f"ledger/{paid.line}/{paid.year}", returned)


def _decommit(history: History) -> None:
    if not history.commitments:
        return
    commitment, committed = history.random.choice(history.commitments)
    freed = commitments.AmountDecommitted(
        decommitment=history.id(), line=committed.line, year=committed.year, amount_cents=1, reason="never due"
    )
    history.add("budget", f"commitment/{commitment}", freed)
    released = budget.CreditReleased(line=committed.line, year=committed.year, commitment=commitment, amount_cents=1)
    history.add("budget", f"ledger/{committed.line}/{committed.year}", released)


def _start_day(history: History) -> None:
    source: Source = history.random.choice(["objectives", "kpi", "budget"])
    history.add(source, "calendar/2024", DayStarted(date=history.now.date()))


STEPS: Final[Sequence[Callable[[History], None]]] = (
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
    _withdraw,
    _withdraw,
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
    _open_line,
    _assign_line,
    _assign_line,
    _assign_line,
    _print_allocation,
    _credit,
    _credit,
    _sign,
    _commit,
    _pay,
    _pay,
    _take_back,
    _decommit,
    _start_day,
)
