from __future__ import annotations

import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

import pytest

from contracts.budget import AllocationPrinted, LineAssigned
from contracts.dates import ImpreciseDate, Period
from contracts.kpi import IndicatorDefined, IndicatorMeasured, IndicatorPlaced, Manual, ThresholdPrinted
from contracts.objectives import (
    AmountPrinted,
    DeadlineSet,
    FactPrinted,
    InWords,
    ObjectiveRegistered,
    SectionPrinted,
    StaffEstimated,
    UnitAssigned,
)
from contracts.types import PENDING, UNKNOWN, Place, Section, Text, known
from regesta.event import Recorded
from services.reporting.projections.standing import REGISTRY
from services.reporting.render import documents
from services.reporting.render.documents import About, Frame, View
from services.reporting.render.events import occurred_words, place_of
from services.reporting.render.excerpts import Excerpt
from services.reporting.render.figures import Figures
from services.reporting.render.page import PREFIX, Page
from services.reporting.web.responding import STYLES, WRITTEN
from tests.services.reporting.domain.facts import ACCOUNT, LINE, ONE, PLAN, TWO, Facts
from tests.services.reporting.reading import Read, read

STREAM: Final = f"objective/{ONE}"
RENDER: Final = Path(documents.__file__).parent
PAGE: Final = Page("fr", f"{PREFIX}/letters/territorial/2024")


def facts_of() -> Facts:
    facts = Facts()
    facts.register(ObjectiveRegistered(objective=ONE, level="operational", code="IV.1", title=Text(fr="Contrats")))
    return facts


def shown(facts: Facts, page: Page = PAGE) -> tuple[Read, str]:
    """Return the page of the first objective as read, and its HTML with one space for each run of them."""
    letter = facts.letter()
    figures = Figures("/figures/{}".format, sheets=0)
    about = About(letter, View(letter.cut, complete=True), page)
    whole = Excerpt(letter.objectives[0], letter.objectives[0])
    body = documents.letter_objective(about, figures, whole)
    html = documents.framed(page, Frame("Lettre", "/style.css"), body)
    found = read(html)
    assert found.problems == []
    found.text = re.sub(r"\s+", " ", found.text)
    return found, re.sub(r"\s+", " ", html)


def print_sections(facts: Facts, *titles: Text, code: str | None = None) -> None:
    for number, title in enumerate(titles, start=1):
        place = Place(document="Lettre", line=100 + number)
        event = SectionPrinted(objective=ONE, section=ACCOUNT, code=code or f"IV.1.{number}", title=title, place=place)
        facts.note.append(facts.fact("objectives", "note/territorial", event))


def test_a_heading_printed_as_the_official_name_is_said_once() -> None:
    facts = facts_of()
    print_sections(facts, Text(fr="Réalisations  2023", nl="verwezenlijkingen 2023"))
    found, _ = shown(facts)
    assert "titre imprimé" not in found.text
    assert any(words.startswith("IV.1.1 Réalisations 2023") for _, words in found.headings)


def test_a_heading_printed_otherwise_is_shown_as_printed_in_its_own_language() -> None:
    facts = facts_of()
    print_sections(facts, Text(fr="réalisations et bilan"))
    found, _ = shown(facts)
    assert "réalisations et bilan objectives:3, l. 101" in found.text
    assert "gedrukte titel: IV.1.1 geen tekst in het Nederlands" in found.text


def test_every_heading_of_a_section_printed_twice_is_shown() -> None:
    facts = facts_of()
    print_sections(facts, Text(fr="Réalisations 2023"), Text(fr="Suite"))
    found, _ = shown(facts)
    assert "IV.1.1 Réalisations 2023 objectives:3, l. 101" in found.text
    assert "IV.1.2 Suite objectives:4, l. 102" in found.text


def test_two_headings_with_one_code_are_shown() -> None:
    facts = facts_of()
    print_sections(facts, Text(fr="Réalisations 2023"), Text(fr="Suite"), code="IV.1.1")
    found, _ = shown(facts)
    assert "IV.1.1 Réalisations 2023 objectives:3, l. 101" in found.text
    assert "IV.1.1 Suite objectives:4, l. 102" in found.text


def test_content_of_another_year_is_a_link_to_its_letter() -> None:
    facts = facts_of()
    section = Section(year=2021, kind="realised")
    facts.add("objectives", STREAM, FactPrinted(type="approval", text=Text(fr="x"), reading="done", section=section))
    found, html = shown(facts)
    address = f"{PREFIX}/letters/territorial/2022/objectives/{ONE}"
    assert found.links.count(address) == 2
    assert f'<a href="{address}">Réalisations 2021</a>' in html
    assert "Dans d’autres lettres" in found.text
    assert "Dans d’autres lettres" not in shown(facts_of())[0].text


def test_a_deadline_in_one_language_is_not_the_other_ones_text() -> None:
    facts = facts_of()
    words = InWords(kind="text", text=Text(fr="avant l’été"))
    facts.add("objectives", STREAM, DeadlineSet(deadline=known(words)))
    _, html = shown(facts)
    assert re.search(r'<div lang="fr"><dt>Échéance</dt><dd>avant l’été', html)
    assert re.search(r'<div lang="nl"><dt>Termijn</dt><dd><span class="na">geen tekst in het Nederlands', html)
    assert "Avant l’été" not in html


def test_what_is_pending_names_the_unit_that_owes_it() -> None:
    facts = facts_of()
    facts.add("objectives", STREAM, UnitAssigned(unit="dru", role="lead"), StaffEstimated(fte=PENDING, section=PLAN))
    line = LineAssigned(assignment=TWO, line=LINE, section=PLAN, category="other", commitment_cents=PENDING)
    facts.add("assignments", f"assignment/{ONE}", line)
    period = Period(starts_on=date(2024, 1, 1), ends_on=date(2024, 12, 31))
    defined = IndicatorDefined(measure=Manual(kind="manual"), title=Text(fr="Délai"))
    values = [IndicatorMeasured(period=period, value=PENDING, dimensions=each) for each in ({}, {"zone": "Nord"})]
    facts.add("indicators", f"indicator/{TWO}", defined, IndicatorPlaced(objective=ONE, section=PLAN), *values)
    _, html = shown(facts)
    pending = re.findall(r'<span class="pending">(.*?)</small></span>', html)
    assert len(pending) > 4
    assert all(each.endswith("<small>dru") for each in pending)
    assert html.count('class="pending"') == len(pending)
    # The rows of staff, of the other categories, the line's own amount, and the indicator's values.
    assert re.search(r"<dt>Moyens, ETP</dt><dd><span class=\"pending\">à compléter <small>dru", html)
    assert re.search(r"Personeelskosten.{0,120}class=\"pending\"", html)
    assert len(re.findall(r"class=\"pending\"", html.partition('class="stack kpi"')[2].partition("</table>")[0])) == 2


def test_lines_in_no_section_are_in_the_letters_totals() -> None:
    facts = facts_of()
    line = LineAssigned(assignment=TWO, line=LINE, category="other", commitment_cents=known(50_000))
    facts.add("assignments", f"assignment/{ONE}", line)
    letter = facts.letter()
    body = documents.letter_first(About(letter, View(letter.cut, complete=True), PAGE), Figures("/figures/{}".format))
    assert "Hors section" in body
    assert "Buiten deel" in body
    assert "500" in body.partition("Hors section")[2]


def test_places_in_print_stand_beside_what_was_read_there() -> None:
    facts = facts_of()

    def at(line: int) -> Place:
        return Place(document="Lettre", page=3, line=line)

    day = ImpreciseDate("2023-06")
    facts.add(
        "objectives",
        STREAM,
        FactPrinted(type="approval", text=Text(fr="x"), reading="done", day=day, place=at(11)),
        AmountPrinted(text=Text(fr="coût"), amount_cents=5, place=at(12)),
    )
    facts.add(
        "assignments",
        f"assignment/{ONE}",
        LineAssigned(assignment=TWO, line=LINE, section=PLAN, commitment_cents=UNKNOWN, place=at(13)),
        AllocationPrinted(as_printed="01.2", reason="short", section=PLAN, place=at(14)),
    )
    defined = IndicatorDefined(measure=Manual(kind="manual"), title=Text(fr="Délai"))
    row = IndicatorPlaced(objective=ONE, section=PLAN, place=at(15))
    threshold = ThresholdPrinted(objective=ONE, section=PLAN, red="> 30", place=at(16))
    facts.add("indicators", f"indicator/{TWO}", defined, row, threshold)
    found, _ = shown(facts)
    for number in range(11, 17):
        assert f"p. 3, l. {number}" in found.text, number


def recorded(data: bytes, occurred: str | None = None) -> Recorded:
    return Recorded(
        source="objectives",
        position=1,
        stream=STREAM,
        version=1,
        time=datetime(2024, 4, 15, tzinfo=UTC),
        type="fact-printed.v1",
        raw=data.decode(),
        log="log",
        registry=REGISTRY,
        occurred=occurred,
        actor="import",
    )


@pytest.mark.parametrize("data", [b"{}", b'{"place": null}', b'{"place": "p. 3"}', b'{"place": {"folio": 3}}'])
def test_a_place_in_another_form_is_left_to_the_json(data: bytes) -> None:
    assert place_of(recorded(data)) is None


def test_an_event_without_a_day_is_undated_not_of_the_day_it_was_recorded() -> None:
    facts = facts_of()
    letter = facts.letter()
    latest = [recorded(b"{}"), recorded(b"{}", "2023-06")]
    figures = Figures("/figures/{}".format)
    view = View(letter.cut, complete=True)
    body = documents.objective_page(About(letter, view, PAGE), figures, letter.objectives[0], latest)
    assert re.findall(r'<span class="when">([^<]+)<small>enregistré', body) == ["sans date", "juin 2023"]
    assert occurred_words(None, "nl") == "zonder datum"


def test_the_stylesheet_loses_nothing_but_comments_and_spaces() -> None:
    def bare(text: str) -> str:
        return re.sub(r"\s", "", re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL))

    assert bare(STYLES.decode()) == bare(WRITTEN)


def test_the_stylesheet_has_rules_for_what_pages_have_only() -> None:
    rules = re.sub(r"/\*.*?\*/|\{[^{}]*\}", "", WRITTEN, flags=re.DOTALL)
    written = [path.read_text() for kind in ("html", "py") for path in RENDER.rglob(f"*.{kind}")]
    words = set(re.findall(r"[a-z0-9-]+", " ".join(written)))
    begun = tuple(word for word in words if word.endswith("-") and len(word) > 3)  # depth-{{ ... }}
    classes = set(re.findall(r"\.([a-z][a-z0-9-]*)", rules))
    assert [each for each in sorted(classes) if each not in words and not each.startswith(begun)] == []
    assert len(classes) > 80
