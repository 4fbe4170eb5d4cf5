"""What is said of an objective, a section or an action: fields, deadline, status, staff, facts and amounts. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final, Literal, TypeAlias

from contracts.objectives import (
    AmountPrinted,
    Continuous,
    DeadlineSet,
    FactPrinted,
    FieldName,
    FieldStated,
    OnDay,
    StaffEstimated,
    StatusReported,
)
from contracts.types import Known, UnitSlug
from services.reporting.domain.budget import Budget
from services.reporting.domain.figure import Figure, When
from services.reporting.domain.indicators import Indicator
from services.reporting.domain.letter import (
    Amount,
    Content,
    DeadlineEntry,
    Fact,
    Facts,
    Staff,
    Statement,
    StatusEntry,
)
from services.reporting.domain.standing import StandingFact

# What nobody stated is the same part for each owner, wherever it stands: made once, and written once in a letter.
BLANKS_KEPT: Final = 4_096
NO_FACTS: Final = Facts()
BUDGET_FIELDS: Final[dict[FieldName, str]] = {
    "budget_personnel": "personnel",
    "budget_running": "running",
    "budget_assets": "assets",
    "budget_other": "other",
}


Missing: TypeAlias = Literal["pending", "unknown"]


@dataclass(frozen=True, slots=True)
class Template:
    """What the official template asks for at a place (letter.md); what is stated beyond it is shown after it."""

    fields: tuple[FieldName, ...] = ()
    deadline: bool = False
    status: bool = False
    staff: bool = False
    budget: bool = False


NOTHING: Final = Template()
STRATEGIC: Final = Template(
    (
        "description",
        "equal_opportunity",
        "desired_result",
        "achieved_result",
        "source_document",
        "success_conditions",
        "ict_needs",
        "indicators",
    ),
    deadline=True,
    staff=True,
)
OPERATIONAL: Final = Template(
    ("description", "equal_opportunity", "desired_result", "achieved_result"), deadline=True, status=True
)
CARD: Final = Template(("description", "desired_output", "indicators", "audience", "actions"))
REALISED: Final = Template(("account", "actions", "output", "equal_opportunity"), staff=True, budget=True)
PLANNED: Final = Template(
    ("desired_output", "actions", "success_conditions", "ict_needs", "partners"), deadline=True, staff=True, budget=True
)


@dataclass(frozen=True, slots=True)
class Spot:
    """Where content stands: what is asked for there, who owes it, and up to which day facts are told apart."""

    template: Template
    owner: UnitSlug | None
    occurred_until: date | None = None

    def missing(self) -> Missing:
        """What a field that nobody stated is: still to be filled in by its owner, or not reported when it has none."""
        return "unknown" if self.owner is None else "pending"


def content_of(
    spot: Spot, facts: Sequence[StandingFact], budget: Budget | None, indicators: Sequence[Indicator]
) -> Content:
    """Return the content of a spot; facts in the order recorded, the later of two statements counts."""
    return Content(
        fields=_fields(spot, facts),
        deadline=_deadline(spot, facts),
        status=_status(spot, facts),
        staff=_staff(spot, facts),
        budget=budget,
        indicators=tuple(indicators),
        facts=_facts(spot, facts),
        amounts=_amounts(facts),
    )


def _fields(spot: Spot, facts: Sequence[StandingFact]) -> tuple[Statement, ...]:
    stated: dict[FieldName, Statement] = {}
    for fact in facts:
        match fact.event:
            case FieldStated(field=field) as said if field not in BUDGET_FIELDS:
                stated[field] = Statement(
                    field=field,
                    asked=field in spot.template.fields,
                    figure=Figure.of(said.value, fact.name),
                    owner=spot.owner,
                    as_printed=said.as_printed,
                    place=said.place,
                )
    asked = [stated.get(field) or _no_statement(field, spot.missing(), spot.owner) for field in spot.template.fields]
    return (*asked, *(stated[field] for field in sorted(stated) if not stated[field].asked))


def _deadline(spot: Spot, facts: Sequence[StandingFact]) -> DeadlineEntry | None:
    said = [(fact, fact.event) for fact in facts if isinstance(fact.event, DeadlineSet)]
    if not said:
        return _no_deadline(spot.missing(), spot.owner) if spot.template.deadline else None
    fact, event = said[-1]
    day = None
    match event.deadline:
        case Known(value=OnDay(day=on)):
            day = When.of(on)
        case Known(value=Continuous(until=until)) if until is not None:
            day = When.of(until)
    return DeadlineEntry(
        asked=spot.template.deadline,
        figure=Figure.of(event.deadline, fact.name),
        day=day,
        owner=spot.owner,
        as_printed=event.as_printed,
        place=event.place,
    )


def _status(spot: Spot, facts: Sequence[StandingFact]) -> StatusEntry | None:
    said = [(fact, fact.event) for fact in facts if isinstance(fact.event, StatusReported)]
    if not said:
        return _no_status(spot.missing(), spot.owner) if spot.template.status else None
    fact, event = said[-1]
    return StatusEntry(
        asked=spot.template.status,
        figure=Figure.known(event.status, fact.name),
        owner=spot.owner,
        as_printed=event.as_printed,
        place=event.place,
    )


def _staff(spot: Spot, facts: Sequence[StandingFact]) -> tuple[Staff, ...]:
    stated: dict[tuple[str | None, UnitSlug | None], Staff] = {}
    for fact in facts:
        event = fact.event
        if isinstance(event, StaffEstimated):
            stated[event.basis, event.unit] = Staff(
                fte=Figure.of(event.fte, fact.name),
                owner=event.unit or spot.owner,
                basis=event.basis,
                per=event.per,
                unit=event.unit,
                as_printed=event.as_printed,
                place=event.place,
            )
    if not stated and spot.template.staff:
        return (_no_staff(spot.missing(), spot.owner),)
    return tuple(stated.values())


def _facts(spot: Spot, facts: Sequence[StandingFact]) -> Facts:
    printed = [(fact, fact.event) for fact in facts if isinstance(fact.event, FactPrinted)]
    if not printed:
        return NO_FACTS
    shown = [_fact(fact.name, event, spot.occurred_until) for fact, event in sorted(printed, key=_by_day)]
    lists = {
        reading: tuple(fact for fact in shown if fact.reading == reading)
        for reading in ("done", "planned", "target", "unmet", "unclear")
    }
    return Facts(**lists)


def _by_day(item: tuple[StandingFact, FactPrinted]) -> tuple[bool, date, str, int]:
    fact, event = item
    day = When.maybe(event.day)
    first = None if day is None else day.earliest or day.latest
    return first is None, first or date.min, event.day or "", fact.position


def _fact(name: str, event: FactPrinted, occurred_until: date | None) -> Fact:
    by = None
    if occurred_until is not None:
        by = "possible" if event.day is None else event.day.by(occurred_until)
    return Fact(
        reading=event.reading,
        type=event.type,
        type_as_printed=event.type_as_printed,
        text=event.text,
        day=When.maybe(event.day),
        day_as_printed=event.day_as_printed,
        actor=event.actor,
        place=event.place,
        by=by,
        events=(name,),
    )


def _amounts(facts: Sequence[StandingFact]) -> tuple[Amount, ...]:
    return tuple(
        Amount(
            text=fact.event.text,
            amount=Figure.maybe(fact.event.amount_cents, fact.name),
            as_printed=fact.event.amount_as_printed,
            place=fact.event.place,
        )
        for fact in facts
        if isinstance(fact.event, AmountPrinted)
    )


@lru_cache(BLANKS_KEPT)
def _no_statement(field: FieldName, state: Missing, owner: UnitSlug | None) -> Statement:
    return Statement(field=field, figure=Figure(state=state), owner=owner)


@lru_cache(BLANKS_KEPT)
def _no_deadline(state: Missing, owner: UnitSlug | None) -> DeadlineEntry:
    return DeadlineEntry(figure=Figure(state=state), owner=owner)


@lru_cache(BLANKS_KEPT)
def _no_status(state: Missing, owner: UnitSlug | None) -> StatusEntry:
    return StatusEntry(figure=Figure(state=state), owner=owner)


@lru_cache(BLANKS_KEPT)
def _no_staff(state: Missing, owner: UnitSlug | None) -> Staff:
    return Staff(fte=Figure(state=state), owner=owner)
