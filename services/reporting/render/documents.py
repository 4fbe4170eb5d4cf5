"""The pages and their parts, made of what a letter says, and the frame around every page."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from markupsafe import Markup

from regesta.event import Cut, Recorded, event_name, split_name
from services.reporting.domain.dossiers import Dossier
from services.reporting.domain.letter import Letter, Objective
from services.reporting.domain.outline import dossiers_of, objectives_in
from services.reporting.domain.overview import overview_of
from services.reporting.render.events import Sheet
from services.reporting.render.figures import Door, Figures
from services.reporting.render.page import Page
from services.reporting.render.stops import Stop
from services.reporting.render.templating import TEMPLATES
from services.reporting.render.words.sayings import SAYINGS
from services.reporting.writing import canonical

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
class View:
    """Which state of knowledge a page shows, and of which months it leads to another.

    reached: how far each log was read for it. asks_until: whether the page can say what happened by a day.
    """

    reached: Cut
    complete: bool
    missing: Sequence[str] = ()
    as_of: date | None = None
    asks_until: bool = True
    stops: Sequence[Stop] = ()


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


def letter_first(letter: Letter, view: View, page: Page, figures: Figures) -> Markup:
    """Return the first page of a letter: cover, checks, contents, totals."""
    return fragment("letter_first.html", page, figures, _letter(letter, view))


@dataclass(frozen=True, slots=True)
class Excerpt:
    """What a page shows of an objective: all of it, its own without the year-sections, or one of these."""

    objective: Objective
    shown: Literal["all", "own", "realised", "planned"] = "all"


def letter_objective(letter: Letter, view: View, page: Page, figures: Figures, part: Excerpt) -> Markup:
    """Return the page of one objective of a letter, or of a part of it."""
    objective = part.objective
    index = letter.objectives.index(objective)
    around = {
        "objective": objective,
        "shown_part": part.shown,
        "under": [each for each in letter.objectives if each.parent == objective.id],
        "before": letter.objectives[index - 1] if index else None,
        "after": letter.objectives[index + 1] if index + 1 < len(letter.objectives) else None,
    }
    return fragment("letter_objective.html", page, figures, _letter(letter, view) | around)


def letter_whole(letter: Letter, view: View, page: Page, figures: Mapping[str, Figures]) -> Markup:
    """Return the whole letter for print. figures: by objective, and under "" those of the letter itself."""
    given = _letter(letter, view)
    parts = [
        fragment("letter_part.html", page, figures[objective.id], given | {"objective": objective, "shown_part": "all"})
        for objective in letter.objectives
    ]
    return fragment("letter_whole.html", page, figures[""], given | {"parts": Markup().join(parts)})


def letter_dossier(letter: Letter, view: View, page: Page, figures: Figures, dossier: Dossier) -> Markup:
    """Return the page of one dossier of a letter: every step."""
    serving = [each for each in letter.objectives if dossier in dossiers_of(each)]
    return fragment(
        "letter_dossier.html", page, figures, _letter(letter, view) | {"shown": dossier, "objectives": serving}
    )


def overview(letter: Letter, view: View, page: Page, figures: Figures) -> Markup:
    """Return the overview of a note, from its letter."""
    given = _letter(letter, view) | {"overview": overview_of(letter)}
    return fragment("overview.html", page, figures, given)


def objective_page(
    letter: Letter, view: View, page: Page, figures: Figures, shown: tuple[Objective, Sequence[Recorded]]
) -> Markup:
    """Return the page of an objective. shown: the objective and its latest events."""
    objective, latest = shown
    line = next(each for each in overview_of(letter).lines if each.id == objective.id)
    parent = objectives_in(letter).get(objective.parent or "")
    given = {"objective": objective, "latest": latest, "line": line, "parent": parent}
    return fragment("objective.html", page, figures, _letter(letter, view) | given)


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


def figure_page(page: Page, door: Door, back: str, events: Sequence[Recorded]) -> Markup:
    """Return the page of one figure: how it came about, and the events behind it."""
    more = len(door.events) - len(events)
    return plain("figure.html", page, {"door": door, "back": back, "events": events, "missing": more})


def _letter(letter: Letter, view: View) -> dict[str, object]:
    return {"letter": letter, "view": view, "until": letter.occurred_until}


def _words(page: Page) -> dict[str, object]:
    """Return how a page speaks: `say` in the reader's language, `say_in` in a given one; `colon` between a name and a value."""
    return {
        "say": lambda key: SAYINGS[key].get(page.language),
        "say_in": lambda key, language: SAYINGS[key].get(language),
        "colon": COLON if page.language == "fr" else ": ",
    }
