"""The timeline of an objective as shapes on a line: positions in per cents of its width, so that text never scales."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, NamedTuple, TypeAlias

from contracts.types import Language, Text
from services.reporting.domain.figure import Figure
from services.reporting.domain.letter import Content, Objective
from services.reporting.domain.outline import actions_of, sections_of
from services.reporting.render.moments import Mark, Moment, printed, story
from services.reporting.render.names import name
from services.reporting.render.words.sayings import SAYINGS

# Per cents of the width, and pixels of the height.
LEFT: Final = 12.0
RIGHT: Final = 98.5
TOP: Final = 20
ROW: Final = 28
FOOT: Final = 26
# A period longer than this is drawn as a line.
POINT_DAYS: Final = 20
FEWEST: Final = 3
MOST_ROWS: Final = 12
# Marks that a drawing has room for. Marks of one kind that lie nearer than a step are one; a crowded row takes a longer step.
MOST_MARKS: Final = 150
STEP: Final = 0.4
LONG_STEP: Final = 2.0
MOST_YEARS: Final = 12

DotKind: TypeAlias = Literal["fact", "late", "off", "plan"]
DOTS: Final[dict[Mark, DotKind]] = {
    "reached": "fact",
    "late": "late",
    "unmet": "off",
    "dropped": "off",
    "planned": "plan",
    "target": "plan",
    "unclear": "plan",
}


@dataclass(frozen=True, slots=True)
class Tick:
    """A year's beginning."""

    x: float
    words: str


@dataclass(frozen=True, slots=True)
class Dot:
    """A point in time. kind: its shape."""

    kind: DotKind
    x: float


@dataclass(frozen=True, slots=True)
class Stretch:
    """A length of time: a thick line when it happened, a broken one when it is planned."""

    kind: Literal["span", "soft"]
    x: float
    end: float


@dataclass(frozen=True, slots=True)
class DrawnLane:
    """One action, section or dossier. words: its short name; title: of a dossier, whose short name is only a number."""

    words: str
    title: Figure[Text] | None
    y: int
    dots: Sequence[Dot]
    bars: Sequence[Stretch]

    @property
    def marks(self) -> int:
        """How many marks it has."""
        return len(self.dots) + len(self.bars)


@dataclass(frozen=True, slots=True)
class Drawing:
    """A timeline with what a screen reader hears of it. more: rows that it has no room for."""

    title: str
    description: str
    height: int
    years: Sequence[Tick]
    rows: Sequence[DrawnLane]
    more: int


@dataclass(frozen=True, slots=True)
class Scale:
    """Days to per cents."""

    first: date
    last: date

    def x(self, day: date) -> float:
        """Return where a day stands."""
        share = (day - self.first).days / (self.last - self.first).days
        return round(LEFT + (RIGHT - LEFT) * min(max(share, 0), 1), 2)


def drawing(objective: Objective, language: Language) -> Drawing | None:
    """Return the timeline of an objective; None when too few of its facts have a date, or they are decades apart."""
    every = [lane for lane in _lanes(objective) if lane.moments]
    lanes = every[:MOST_ROWS]
    days = [day for lane in lanes for moment in lane.moments for day in _ends(moment)]
    if sum(len(lane.moments) for lane in lanes) < FEWEST:
        return None
    first, last = min(days).year, max(days).year
    if last - first >= MOST_YEARS:
        return None
    scale = Scale(date(first, 1, 1), date(last + 1, 1, 1))
    rows = list(_rows(lanes, scale))
    return Drawing(
        title=f"{SAYINGS['timeline'].get(language)} {name(objective, language)}, {first}-{last}",
        description=SAYINGS["lists_below"].get(language),
        height=TOP + (len(rows) - 1) * ROW + 20 + FOOT,
        years=[Tick(scale.x(date(year, 1, 1)), str(year)) for year in range(first, last + 1)],
        rows=rows,
        more=len(every) - len(rows),
    )


class _Lane(NamedTuple):
    words: str
    moments: list[Moment]
    title: Figure[Text] | None = None


def _lanes(objective: Objective) -> Iterator[_Lane]:
    """Yield the dated moments of the objective, of its sections, actions and dossiers, with a short name each."""
    yield _Lane(_tail(objective.code.value), _dated(objective.content))
    for section in sections_of(objective):
        yield _Lane(str(section.section.year), _dated(section.content))
    for action in actions_of(objective):
        yield _Lane(_tail(action.code.value), _dated(action.content))
    for count, dossier in enumerate(objective.dossiers, start=1):
        yield _Lane(f"D{count}", [moment for moment in story(dossier) if list(_ends(moment))], dossier.title)


def _tail(code: str | None) -> str:
    return ".".join(code.split(".")[-2:])[:8] if code else "·"


def _dated(content: Content) -> list[Moment]:
    return [moment for fact in content.facts.all if list(_ends(moment := printed(fact)))]


def _ends(moment: Moment) -> Iterator[date]:
    if moment.when is not None and moment.when.earliest and moment.when.latest:
        yield moment.when.earliest
        yield moment.when.latest


def _rows(lanes: Sequence[_Lane], scale: Scale) -> Iterator[DrawnLane]:
    """Yield the first lane, and those after it for which there is room."""
    room = MOST_MARKS
    for index, lane in enumerate(lanes):
        row = _row(lane, TOP + index * ROW, scale, STEP)
        if row.marks > MOST_MARKS:
            row = _row(lane, row.y, scale, LONG_STEP)
        room -= row.marks
        if index and room < 0:
            return
        yield row


def _row(lane: _Lane, y: int, scale: Scale, step: float) -> DrawnLane:
    dots: dict[tuple[DotKind, int], Dot] = {}
    bars: list[Stretch] = []
    for moment in lane.moments:
        start, end = _ends(moment)
        kind = DOTS[moment.mark]
        period = (end - start).days > POINT_DAYS
        if period:
            bars.append(Stretch("soft" if kind == "plan" else "span", scale.x(start), scale.x(end)))
        if not period or kind != "fact":
            dot = Dot(kind, scale.x(end if period else start))
            dots.setdefault((kind, int(dot.x / step)), dot)
    return DrawnLane(lane.words, lane.title, y, list(dots.values()), _joined(bars, step))


def _joined(bars: Sequence[Stretch], step: float) -> list[Stretch]:
    """Return stretches with those of one kind that meet as one."""
    joined: list[Stretch] = []
    for bar in sorted(bars, key=lambda bar: (bar.kind, bar.x)):
        last = joined[-1] if joined else None
        if last is not None and last.kind == bar.kind and bar.x <= last.end + step:
            joined[-1] = Stretch(last.kind, last.x, max(last.end, bar.end))
        else:
            joined.append(bar)
    return joined
