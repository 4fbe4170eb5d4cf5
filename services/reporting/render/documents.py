"""The pages and their parts, made of what a letter says, and the frame around every page."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from markupsafe import Markup

from contracts.types import ObjectiveId, Text
from regesta.event import Cut, Recorded, event_name, split_name
from services.reporting.domain.dossiers import Dossier
from services.reporting.domain.letter import Letter, Objective
from services.reporting.domain.outline import dossiers_of, down_to, nearest, objectives_in
from services.reporting.domain.overview import overview_of
from services.reporting.render import briefs, dashboards, weights
from services.reporting.render.events import Sheet
from services.reporting.render.excerpts import Excerpt
from services.reporting.render.figures import Door, Figures
from services.reporting.render.leaves import Leaves, Numbering
from services.reporting.render.moments import story
from services.reporting.render.page import Page
from services.reporting.render.stops import Stop
from services.reporting.render.templating import TEMPLATES
from services.reporting.render.words.sayings import SAYINGS
from services.reporting.writing import canonical

# Objectives in the contents beside a page.
NEAR: Final = 30
# In French it keeps its distance, and stays on the line of what it follows.
COLON: Final = "\N{NO-BREAK SPACE}: "
EVENT: Final = re.compile(r'"((?:objectives|budget|kpi):[0-9]+)"')


@dataclass(frozen=True, slots=True)
class Link:
    """A link in the main navigation. current: it leads here."""

    words: str
    href: str
    current: bool = False


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around a page. title: of the window. stylesheet: its address. signed_in: a cookie can be put out."""

    title: str
    stylesheet: str
    links: Sequence[Link] = ()
    signed_in: bool = True


@dataclass(frozen=True, slots=True)
class Frozen:
    """That the letter of a page is frozen. on: the day; token: its cut, as `cut=` takes it.

    shown: the page tells of this very letter. touched: events of its cut were given up since, so that it cannot be told again.
    steps: what happened to it since, by the name of its label, and the day; errata: what is wrong in it.
    """

    on: date
    token: str
    hash: str
    shown: bool
    touched: bool
    steps: Sequence[tuple[str, date]] = ()
    errata: Sequence[Text] = ()


@dataclass(frozen=True, slots=True)
class View:
    """Which state of knowledge a page shows, and of which months it leads to another.

    reached: how far each log was read for it. again: what asks for the same cut again. asks_until: whether the page can say what happened by
    a day. frozen: null while nobody froze the letter.
    """

    reached: Cut
    complete: bool
    missing: Sequence[str] = ()
    as_of: date | None = None
    asks_until: bool = True
    stops: Sequence[Stop] = ()
    again: Mapping[str, str] = field(default_factory=dict)
    frozen: Frozen | None = None


def fragment(template: str, page: Page, figures: Figures, given: Mapping[str, object]) -> Markup:
    """Return the body of a page, or a part of it; the figures it shows are added to `figures`."""
    context = {"until": None, **given, "page": page, "figures": figures, **_words(page)}
    return Markup(TEMPLATES.get_template(template).render(context))  # noqa: S704 the template escaped it


def plain(template: str, page: Page, given: Mapping[str, object]) -> Markup:
    """Return the body of a page whose figures are no doors."""
    return fragment(template, page, Figures(lambda number: f"#{number}", sheets=0), given)


def framed(page: Page, frame: Frame, body: Markup, sheets: Sequence[Sheet] = ()) -> str:
    """Return a whole page: its body in the frame, with the sheets of its figures."""
    below = plain("sheets.html", page, {"sheets": sheets}) if sheets else Markup()
    return str(
        plain("base.html", page, {"frame": frame, "body": body, "sheets": below, "stylesheet": frame.stylesheet})
    )


@dataclass(frozen=True, slots=True)
class About:
    """What a page about a letter is made with."""

    letter: Letter
    view: View
    page: Page

    def fragment(self, figures: Figures, template: str, given: Mapping[str, object]) -> Markup:
        """Return the body of such a page, or a part of it."""
        known = {"letter": self.letter, "view": self.view, "until": self.letter.occurred_until}
        return fragment(template, self.page, figures, {**known, **given})


def letter_first(about: About, figures: Figures, leaf: int = 1) -> Markup:
    """Return the first page of a letter: cover, checks, contents, totals; on further leaves, contents alone.

    Contents go down as far as one leaf has room; who opens an objective finds those under it there. Raises NotFound.
    """
    contents, below, shown = _contents(about.letter, leaf)
    given = {"contents": contents, "below": below, "leaf": shown, "near": nearest(about.letter.objectives, None, NEAR)}
    return about.fragment(figures, "letter_first.html", given)


def _contents(letter: Letter, number: int) -> tuple[Sequence[Objective], Mapping[ObjectiveId, int], Numbering]:
    depths = sorted({objective.depth for objective in letter.objectives}, reverse=True) or [0]
    for depth in depths:
        objectives, below = down_to(letter.objectives, depth)
        leaves = Leaves(number)
        kept = leaves.keep(objectives, weights.link)
        if leaves.number == 1 or depth == depths[-1]:
            return kept, below, leaves.leaf
    raise AssertionError(depths)  # the last depth returns


def letter_objective(about: About, figures: Figures, shown: Excerpt) -> Markup:
    """Return the page of one objective of a letter, or of a part of it."""
    objective = shown.whole
    index = about.letter.objectives.index(objective)
    around = {
        "objective": objective,
        "excerpt": shown,
        "tell": briefs.brief,
        "near": nearest(about.letter.objectives, objective.id, NEAR),
        "before": about.letter.objectives[index - 1] if index else None,
        "after": about.letter.objectives[index + 1] if index + 1 < len(about.letter.objectives) else None,
    }
    return about.fragment(figures, "letter_objective.html", around)


def letter_whole(about: About, figures: Mapping[str, Figures]) -> Markup:
    """Return the whole letter for print. figures: by objective, and under "" those of the letter itself."""
    parts = [
        about.fragment(figures[each.id], "letter_part.html", {"excerpt": Excerpt(each, each), "tell": briefs.whole})
        for each in about.letter.objectives
    ]
    return about.fragment(figures[""], "letter_whole.html", {"parts": Markup().join(parts)})


def letter_dossier(about: About, figures: Figures, dossier: Dossier, leaf: int = 1) -> Markup:
    """Return a leaf of the page of one dossier of a letter: every step, and each commitment. Raises NotFound."""
    serving = [each for each in about.letter.objectives if dossier in dossiers_of(each)]
    leaves = Leaves(leaf)
    moments = leaves.keep(story(dossier), weights.moment, weights.FACTS)
    commitments = leaves.keep(dossier.commitments, weights.tiles)
    told = briefs.Brief(dossier, moments, len(moments), commitments)
    given = {"told": told, "objectives": serving, "leaf": leaves.leaf}
    return about.fragment(figures, "letter_dossier.html", given)


def overview(about: About, figures: Figures, leaf: int = 1) -> Markup:
    """Return the overview of a note, from its letter, with the objectives of one leaf. Raises NotFound."""
    found = overview_of(about.letter)
    leaves = Leaves(leaf)
    shown = leaves.keep(found.lines, weights.line)
    given = {"overview": found, "shown": shown, "leaf": leaves.leaf}
    return about.fragment(figures, "overview.html", given)


def objective_page(
    about: About, figures: Figures, shown: Objective, latest: Sequence[Recorded], leaf: int = 1
) -> Markup:
    """Return a leaf of the page of an objective. latest: its latest events, on the first. Raises NotFound."""
    line = next(each for each in overview_of(about.letter).lines if each.id == shown.id)
    parent = objectives_in(about.letter).get(shown.parent or "")
    board = dashboards.board(shown, about.page.language, leaf)
    given = {"objective": shown, "latest": latest, "line": line, "parent": parent, "board": board, "leaf": board.leaf}
    return about.fragment(figures, "objective.html", given)


def latest_events(objective: Objective, count: int) -> list[str]:
    """Return the names of the last events of each log that an objective's page shows."""
    by_source: dict[str, set[int]] = {}
    for source, position in map(split_name, EVENT.findall(canonical(objective).decode())):
        by_source.setdefault(source, set()).add(position)
    return [
        event_name(source, position)
        for source, positions in sorted(by_source.items())
        for position in sorted(positions)[-count:]
    ]


@dataclass(frozen=True, slots=True)
class Behind:
    """What the page of a figure shows. back: where the figure stands; events: those on the leaf."""

    door: Door
    back: str
    events: Sequence[Recorded]
    leaf: Numbering


def figure_page(page: Page, view: View, behind: Behind) -> Markup:
    """Return the page of one figure: how it came about, and the events behind it."""
    return plain("figure.html", page, {"view": view, "behind": behind, "leaf": behind.leaf})


def _words(page: Page) -> dict[str, object]:
    """Return how a page speaks: `say` in the reader's language, `say_in` in a given one; `colon` between a name and a value."""
    return {
        "say": lambda key: SAYINGS[key].get(page.language),
        "say_in": lambda key, language: SAYINGS[key].get(language),
        "colon": COLON if page.language == "fr" else ": ",
    }
