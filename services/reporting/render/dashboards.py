"""What the overview and the objective's page compute from a letter: heat, bars, deadlines, open fields, progress."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from contracts.types import Language, Text
from services.reporting.domain.budget import BudgetRow
from services.reporting.domain.dossiers import Dossier
from services.reporting.domain.indicators import Indicator
from services.reporting.domain.letter import Content, Objective, YearSection
from services.reporting.domain.outline import actions_of, contents_of, sections_of, under
from services.reporting.domain.overview import Completeness, Line, Overview
from services.reporting.render import weights
from services.reporting.render.fields import label_of
from services.reporting.render.leaves import Leaves, Numbering
from services.reporting.render.moments import Moment, printed, story
from services.reporting.render.names import cut
from services.reporting.render.words.official import FIELDS

# From which share on a cell is one step darker: of fields in hundredths, of what was liquidated in parts per million.
FIELD_STEPS: Final = (50, 75, 90)
PAID_STEPS: Final = (100_000, 250_000, 500_000)
MOST_DEADLINES: Final = 6
COLOURS: Final = (
    ("green", "green"),
    ("amber", "amber"),
    ("red", "red"),
    ("no_data", "nodata"),
    ("no_band", "nodata"),
)


@dataclass(frozen=True, slots=True)
class Bar:
    """A part of a bar. x, width: per cents of it."""

    colour: str
    mark: str
    count: int
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a dossier stands: the last thing that happened, and the next one planned."""

    last: Moment | None
    next: Moment | None


def heat(share: Completeness) -> str:
    """Return the class of a cell by the share of fields stated."""
    return _step(share.stated * 100 // share.asked, FIELD_STEPS) if share.asked else ""


def heat_paid(ppm: int | None) -> str:
    """Return the class of a cell by the share liquidated; none where it is not known."""
    return "" if ppm is None else _step(ppm, PAID_STEPS)


def _step(value: int, steps: Sequence[int]) -> str:
    return f"h{1 + sum(value >= step for step in steps)}"


def colour_bars(overview: Overview) -> list[Bar]:
    """Return how the indicators of a note divide by colour; an objective's counts hold those of its sections."""
    counts = [(colour, mark, sum(getattr(line.colours, colour) for line in overview.lines)) for colour, mark in COLOURS]
    whole = sum(count for _, _, count in counts)
    bars: list[Bar] = []
    passed = 0
    for colour, mark, count in counts:
        if count:
            width = max(100 * count / whole - 0.6, 0.4)
            bars.append(Bar(colour, mark, count, round(100 * passed / whole, 2), round(width, 2)))
            passed += count
    return bars


@dataclass(frozen=True, slots=True)
class Group:
    """Lines of an overview under one topmost objective. heads: it has others under it."""

    lines: list[Line]
    heads: bool


def grouped(shown: Sequence[Line], overview: Overview) -> list[Group]:
    """Return the lines on a leaf of an overview by their topmost objective."""
    heading = {line.id for line, below in pairwise(overview.lines) if below.depth > line.depth == 0}
    groups: list[Group] = []
    for line in shown:
        if line.depth == 0 or not groups:
            groups.append(Group([], line.id in heading))
        groups[-1].lines.append(line)
    return groups


def late_milestones(objective: Objective) -> int:
    """Return how many milestones of an objective's dossiers were reached late."""
    return sum(bool(milestone.late) for dossier in objective.dossiers for milestone in dossier.milestones)


def ledger_rows(objective: Objective) -> list[BudgetRow]:
    """Return the lines of an objective of which real credits or payments are known, each once a year."""
    rows = {
        (row.line, row.ledger.year): row
        for content in contents_of(objective)
        if content.budget is not None
        for row in content.budget.rows
        if row.ledger is not None
    }
    return [rows[key] for key in sorted(rows, key=lambda key: (-key[1], key[0]))]


def next_deadlines(objective: Objective) -> list[Moment]:
    """Return what is planned, earliest first: milestones of dossiers, and printed plans with a date."""
    moments = [moment for dossier in objective.dossiers for moment in story(dossier) if moment.mark == "planned"]
    moments += [printed(fact) for content in contents_of(objective) for fact in content.facts.planned if fact.day]
    return sorted(moments, key=lambda moment: moment.starts_on)[:MOST_DEADLINES]


def gaps(objective: Objective, language: Language) -> list[tuple[str, list[str]]]:
    """Return the fields that the template asks for and nobody stated, by the part of the letter they stand in."""
    places: list[tuple[str, str, Content]] = [(FIELDS["objective"].get(language), objective.level, objective.content)]
    places += [(_label(section, language), "section", section.content) for section in sections_of(objective)]
    places += [
        (cut(action.code.value or FIELDS["action"].get(language), 24), "action", action.content)
        for action in actions_of(objective)
    ]
    found = [(place, list(_open(content, level, language))) for place, level, content in places]
    return [(place, names) for place, names in found if names]


def _open(content: Content, level: str, language: Language) -> Iterator[str]:
    for statement in content.fields:
        if statement.asked and not statement.figure.events:
            yield label_of(statement.field, level).get(language)
    for name, entry in (("deadline", content.deadline), ("status", content.status)):
        if entry is not None and entry.asked and not entry.figure.events:
            yield FIELDS[name].get(language)


def _label(section: YearSection, language: Language) -> str:
    label = section.label
    return label.get(language) or label.fr or label.nl or str(section.section.year)


@dataclass(frozen=True, slots=True)
class Board:
    """The rows on one leaf of an objective's page. gaps: open fields by place; indicators: of each place."""

    leaf: Numbering
    ledgers: Sequence[BudgetRow]
    gaps: Sequence[tuple[str, list[str]]]
    indicators: Sequence[tuple[str, Sequence[Indicator]]]
    dossiers: Sequence[Dossier]


def board(objective: Objective, language: Language, number: int) -> Board:
    """Return what a leaf of an objective's page shows beside what stands on the first. Raises NotFound."""
    leaves = Leaves(number, head=weights.board(objective, next_deadlines(objective)))
    ledgers = leaves.keep(ledger_rows(objective), weights.ledger_row, weights.TABLE)
    open_fields = leaves.keep(gaps(objective, language), lambda gap: weights.gap(gap[1]))
    tables = [
        (place, leaves.keep(content.indicators, weights.indicator, weights.INDICATORS))
        for section in (objective.planned, objective.realised)
        if section is not None
        for place, content in section_contents(section, language)
    ]
    dossiers = leaves.keep(objective.dossiers, weights.dossier_row, weights.TABLE)
    return Board(leaves.leaf, ledgers, open_fields, [table for table in tables if table[1]], dossiers)


def section_contents(section: YearSection, language: Language) -> list[tuple[str, Content]]:
    """Return all content of a year-section, its own and its actions', each with the name of its place."""
    own = _label(section, language)
    actions = [
        (f"{own}, {action.code.value}" if action.code.value else own, action.content)
        for action in under(section.actions)
    ]
    return [(own, section.content), *actions]


def progress(dossier: Dossier) -> Progress:
    """Return where a dossier stands."""
    moments = story(dossier)
    happened = [moment for moment in moments if moment.mark != "planned"]
    planned = [moment for moment in moments if moment.mark == "planned"]
    # The order of steps without a day is not known.
    dated = [moment for moment in happened if moment.when is not None] or happened
    return Progress(dated[-1] if dated else None, planned[0] if planned else None)


def shortened(text: Text, longest: int) -> Text:
    """Return a text with each language cut at a word."""
    said = {language: cut(text.get(language) or "", longest) or None for language in text.languages}
    return Text(**said)
