from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from services.reporting.domain.letter import Letter
from services.reporting.domain.outline import contents_of
from services.reporting.render import documents
from services.reporting.render.briefs import brief
from services.reporting.render.documents import About, Frame, View
from services.reporting.render.excerpts import Excerpt, reckoned
from services.reporting.render.figures import Figures
from services.reporting.render.page import PREFIX, Page
from tests.conftest import FreshDatabase
from tests.services.reporting.history import History
from tests.services.reporting.reading import read
from tests.services.reporting.system import System, system_on

SEEDS = range(6)
# Bytes around an objective that no row makes: its heading, where it stands, its year-sections.
FRAME = 2_000


@pytest.fixture
async def system(fresh_database: FreshDatabase) -> AsyncIterator[System]:
    async with system_on(await fresh_database("reporting")) as system:
        yield system


async def letter_of(system: System, seed: int) -> Letter:
    history = History(seed).grow(250)
    await system.empty()
    for source, log in history.logs.items():
        await system.feed(source, log)
    return await system.letter("territorial", 2024)


async def test_every_letter_has_pages_that_nobody_stumbles_over(system: System) -> None:
    for seed in SEEDS:
        letter = await letter_of(system, seed)
        view = View(letter.cut, complete=True)
        for language in ("fr", "nl", "en"):
            page = Page(language, f"{PREFIX}/letters/territorial/2024")
            for objective in letter.objectives:
                figures = Figures("/figures/{}".format)
                body = documents.letter_objective(About(letter, view, page), figures, Excerpt(objective, objective))
                found = read(documents.framed(page, Frame("Lettre", "/style.css"), body))
                # Sheets are added with the events that stand on them.
                problems = [each for each in found.problems if "lead nowhere: ['why-" not in each]
                assert problems == [], (seed, objective.code)
                for content in contents_of(objective):
                    for fact in content.facts.all:
                        assert (fact.text.fr or fact.text.nl or fact.text.en or "") in found.text
                    for row in content.budget.rows if content.budget else ():
                        assert row.allocation in found.text


async def test_overviews_and_objective_pages_of_every_letter_are_whole(system: System) -> None:
    for seed in SEEDS:
        letter = await letter_of(system, seed)
        view = View(letter.cut, complete=False, missing=("kpi",))
        page = Page("nl", f"{PREFIX}/notes/territorial", {"as_of": "2024-03-01"})
        bodies = [documents.overview(About(letter, view, page), Figures("/figures/{}".format, sheets=0))]
        for objective in letter.objectives:
            figures = Figures("/figures/{}".format, sheets=0)
            bodies.append(documents.objective_page(About(letter, view, page), figures, objective, []))
        for body in bodies:
            found = read(documents.framed(page, Frame("Nota", "/style.css"), body))
            assert found.problems == []
            assert "onvolledig" in found.text
            assert "kpi" in found.text


async def test_the_same_letter_gives_figures_the_same_numbers_in_every_language(system: System) -> None:
    letter = await letter_of(system, 1)
    doors = []
    for language in ("fr", "nl", "en"):
        page = Page(language, f"{PREFIX}/letters/territorial/2024", {"text": language, "lang": language})
        figures = Figures("/figures/{}".format)
        for objective in letter.objectives:
            about = About(letter, View(letter.cut, complete=True), page)
            documents.letter_objective(about, figures, Excerpt(objective, objective))
        doors.append([door.events for door in figures.doors])
    assert doors[0] == doors[1] == doors[2]
    assert doors[0]
    assert all(doors[0])


async def test_an_objective_is_no_longer_than_reckoned(system: System) -> None:
    address = f"{PREFIX}/letters/territorial/2024/figures/planned-{'0' * 36}.12/{{}}?cut=budget%3A99999%2Ckpi%3A99999"
    wrong = []
    for seed in SEEDS:
        letter = await letter_of(system, seed)
        about = About(letter, View(letter.cut, complete=True), Page("fr", PREFIX))
        for objective in letter.objectives:
            given = {"excerpt": Excerpt(objective, objective), "tell": brief}
            html = about.fragment(Figures(address.format, sheets=0), "letter_part.html", given)
            length, limit = len(html.encode()), reckoned(objective, ()) + FRAME
            if not limit / 3 < length <= limit:
                wrong.append((seed, objective.code.value, length, limit))
    assert wrong == []
