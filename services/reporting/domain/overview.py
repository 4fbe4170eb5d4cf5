"""The portfolio of a note: what a letter says of each objective in one line. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from contracts.objectives import Level, Reading, Status
from contracts.types import ObjectiveId, Text, UnitSlug, Year
from regesta.event import Cut
from services.reporting.domain.budget import Budget, Footer, SectionTotal
from services.reporting.domain.dossiers import Milestone
from services.reporting.domain.figure import Events, Figure, Part, When, sum_of
from services.reporting.domain.letter import Content, Facts, Letter, Note, Objective
from services.reporting.domain.outline import actions_of, contents_of, lead_of
from services.reporting.domain.tables import footer_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Completeness(Part):
    """How many of the fields that the template asks for were stated; one stated as none (Néant) is."""

    stated: int
    asked: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Colours(Part):
    """How many indicators have each colour; no_band: a value, but no band that could colour it."""

    green: int = 0
    amber: int = 0
    red: int = 0
    no_data: int = 0
    no_band: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Liquidated(Part):
    """What was liquidated and what was committed in the plan's year, of its lines and of those in no section, in cents.

    Known only for lines with a ledger; a shared line counts whole. ppm: their ratio, null when nothing was committed.
    """

    liquidated: Figure[int]
    committed: Figure[int]
    ppm: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Next(Part):
    """The earliest planned milestone of an objective's dossiers, or the earliest planned dated fact."""

    due: When
    text: Figure[Text]
    events: Events


@dataclass(frozen=True, slots=True, kw_only=True)
class FactCounts(Part):
    """How many dated facts of each reading stand under an objective."""

    done: int
    planned: int
    target: int
    unmet: int
    unclear: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Line(Part):
    """One objective in the overview. status: as declared; unknown or pending when nobody did."""

    id: ObjectiveId
    level: Level
    label: Text
    depth: int
    code: Figure[str]
    title: Figure[Text]
    unit: UnitSlug | None = None
    status: Figure[Status] | None = None
    status_as_printed: str | None = None
    completeness: Completeness
    colours: Colours
    liquidated: Liquidated
    facts: FactCounts
    next: Next | None = None
    dossiers: int
    actions: int
    budget: Footer


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview(Part):
    """All objectives of a note, as its letter of a year has them. totals: of the letter."""

    note: Note
    year: Year
    realised_year: Year
    cut: Cut
    lines: tuple[Line, ...]
    totals: tuple[SectionTotal, ...]


def overview_of(letter: Letter) -> Overview:
    """Return the overview of a letter."""
    return Overview(
        note=letter.note,
        year=letter.year,
        realised_year=letter.realised_year,
        cut=letter.cut,
        lines=tuple(_line(objective) for objective in letter.objectives),
        totals=letter.totals,
    )


def completeness(objective: Objective) -> Completeness:
    """Return how many fields that the template asks for were stated."""
    entries = [
        entry
        for content in contents_of(objective)
        for entry in (*content.fields, content.deadline, content.status)
        if entry is not None and entry.asked
    ]
    return Completeness(stated=sum(bool(entry.figure.events) for entry in entries), asked=len(entries))


def _line(objective: Objective) -> Line:
    contents = list(contents_of(objective))
    status = objective.content.status
    return Line(
        id=objective.id,
        level=objective.level,
        label=objective.label,
        depth=objective.depth,
        code=objective.code,
        title=objective.title,
        unit=lead_of(objective),
        status=None if status is None else status.figure,
        status_as_printed=None if status is None else status.as_printed,
        completeness=completeness(objective),
        colours=_colours(contents),
        liquidated=_liquidated(objective),
        facts=_counts([content.facts for content in contents]),
        next=_next(objective, contents),
        dossiers=len(objective.dossiers),
        actions=len({action.id for action in actions_of(objective)}),
        budget=footer_of(
            *([row for row in budget.rows if row.direction == "expenditure"] for budget in _current_budgets(objective))
        ),
    )


def _colours(contents: Sequence[Content]) -> Colours:
    colours: dict[str, str] = {each.id: each.colour or "no_band" for content in contents for each in content.indicators}
    counted = Counter(colours.values())
    return Colours(**{colour: counted[colour] for colour in Colours.__slots__})


def _counts(facts: Sequence[Facts]) -> FactCounts:
    readings: tuple[Reading, ...] = ("done", "planned", "target", "unmet", "unclear")
    return FactCounts(**{reading: sum(len(getattr(each, reading)) for each in facts) for reading in readings})


def _current_budgets(objective: Objective) -> list[Budget]:
    """Return the tables of the plan, and those that stand in no section: their ledgers are of the plan's year too."""
    planned = objective.planned
    sections = {None} if planned is None else {None, planned.section}
    under = [
        objective.content,
        *([] if planned is None else [planned.content]),
        *(action.content for action in actions_of(objective) if action.section in sections),
    ]
    return [content.budget for content in under if content.budget is not None]


def _liquidated(objective: Objective) -> Liquidated:
    ledgers = {
        row.line: row.ledger
        for budget in _current_budgets(objective)
        for row in budget.rows
        if row.ledger is not None and row.direction == "expenditure"
    }
    liquidated = sum_of([ledger.liquidated for ledger in ledgers.values()])
    committed = sum_of([ledger.committed for ledger in ledgers.values()])
    ppm = liquidated.value * 1_000_000 // committed.value if liquidated.value is not None and committed.value else None
    return Liquidated(liquidated=liquidated, committed=committed, ppm=ppm)


def _next(objective: Objective, contents: Sequence[Content]) -> Next | None:
    milestones = [
        Next(due=each.due, text=_milestone_text(each), events=each.events)
        for dossier in objective.dossiers
        for each in dossier.milestones
        if each.state == "planned"
    ]
    facts = [
        Next(due=fact.day, text=Figure.known(fact.text, *fact.events), events=fact.events)
        for content in contents
        for fact in content.facts.planned
        if fact.day is not None
    ]
    dated = [each for each in milestones or facts if each.due.earliest or each.due.latest]
    return min(dated, key=lambda each: (each.due.earliest or each.due.latest, each.due.edtf), default=None)


def _milestone_text(milestone: Milestone) -> Figure[Text]:
    if milestone.title.value is not None:
        return milestone.title
    return Figure(state="unknown", events=milestone.events)
