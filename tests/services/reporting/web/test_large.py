"""Whatever the note, no page is longer than its budget, and every row of it is reached by following links."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import unescape
from typing import Final

import pytest
import pytest_asyncio

from cli.story import tell
from regesta.event import BRUSSELS
from services.reporting.web.responding import STYLES
from services.reporting.web.telling import BUDGET
from tests.services.conftest import Running
from tests.services.reporting.reading import Read, read
from tests.services.reporting.web import large

pytestmark = pytest.mark.asyncio(loop_scope="module")

BASE: Final = "/reporting/v1"
LETTER: Final = f"{BASE}/letters/{large.NOTE}/{large.YEAR}"
NOTE: Final = f"{BASE}/notes/{large.NOTE}"
LONG: Final = f"{LETTER}/objectives/{large.LONG}"
BOARD: Final = f"{NOTE}/objectives/{large.LONG}"
DOSSIER: Final = f"{LETTER}/dossiers/{large.PAID}"
TOPMOST: Final = f"{LETTER}/objectives/{large.topmost(1)}"
# The pages that are followed; the objectives beside the long one are alike.
FOLLOWED: Final = (LETTER, NOTE, LONG, BOARD, DOSSIER, TOPMOST, f"{LETTER}/objectives/{large.topmost(40)}")
STOP: Final = re.compile(r'<li><a [^>]*><svg viewBox="0 0 10 72".*?</li>')
SHEET: Final = re.compile(r'<section class="why".*?</section>', re.DOTALL)
# Of a figure that opens on a page of its own.
ADDRESS_BYTES: Final = 180
NO_BREAK: Final = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True)
class Site:
    """The pages of the note, by address without the cut that a link pins."""

    running: Running
    pages: dict[str, str]

    def of(self, path: str) -> list[str]:
        """Return the leaves of a page, in the order of their addresses."""
        return [html for address, html in sorted(self.pages.items()) if address.partition("?")[0] == path]

    def words(self, path: str) -> str:
        """Return what the leaves of a page show, in one line."""
        return " ".join(shown(html) for html in self.of(path))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(four: Running) -> Site:
    """Record the note, and follow its links from the start on."""
    token = four.issuer.everything(1)
    for stage in large.stages():
        await tell(stage, four.url, token, progress=lambda _done, _total: None)
    heads = [(name, await four.runtime(name).store.head(name)) for name in ("objectives", "kpi", "budget")]
    at_least = ",".join(f"{name}:{head.position}" for name, head in heads)
    assert (await four.client.get(f"{BASE}/notes?at_least={at_least}")).status_code == 200
    pages: dict[str, str] = {}
    waiting = [f"{BASE}/"]
    while waiting:
        address = waiting.pop()
        pages[address] = await page(four, address)
        found = {unpinned(link) for link in read(pages[address]).links}
        followed = {link for link in found if link.partition("?")[0] in FOLLOWED and "lang=" not in link}
        waiting += sorted({link for link in followed if not re.search("as_of|view=|year=", link)} - {*pages, *waiting})
    return Site(four, pages)


async def page(running: Running, address: str) -> str:
    answer = await running.client.get(address, headers={"Accept": "text/html"})
    assert answer.status_code == 200, (address, answer.text)
    return answer.text


def unpinned(link: str) -> str:
    """Return an address without its cut: nothing is recorded while pages are followed."""
    return re.sub(r"([?&])(?:cut|year)=[^&]*&?", r"\1", link.partition("#")[0]).rstrip("?&")


def shown(html: str) -> str:
    """Return what the main part of a page shows, without the sheets of its figures, in one line."""
    main = html.partition("<main")[2].partition("</main>")[0]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", main)).split())


def counts(text: str, names: Iterable[str]) -> dict[str, int]:
    """Return those of some names that do not come just once, with how often they do."""
    return {name: text.count(name) for name in names if text.count(name) != 1}


async def test_no_page_is_heavier_than_its_budget(site: Site) -> None:
    weights = {address: len(html.encode()) + len(STYLES) for address, html in site.pages.items()}
    assert {address: weight for address, weight in weights.items() if weight > BUDGET} == {}
    bare = {address: weights[address] + growth(html) for address, html in site.pages.items()}
    assert {address: weight for address, weight in bare.items() if weight > BUDGET} == {}
    assert all(len(site.of(path)) > 1 for path in (LETTER, NOTE, LONG, BOARD, DOSSIER, TOPMOST))


def growth(html: str) -> int:
    """Return by how much a page grows, in bytes, when its note was recorded in sixteen months, and not in one.

    Then the sheets of its figures go, if there is no room for them, and its figures lead away.
    """
    bar = 15 * max(map(len, STOP.findall(html)), default=0)
    sheets = sum(len(sheet.encode()) - ADDRESS_BYTES for sheet in SHEET.findall(html))
    return bar - max(sheets, 0)


async def test_no_page_makes_a_reader_stumble(site: Site) -> None:
    found: dict[str, Read] = {address: read(html) for address, html in site.pages.items()}
    assert {address: each.problems for address, each in found.items() if each.problems} == {}


async def test_every_objective_is_reached_from_the_contents(site: Site) -> None:
    links = {unpinned(link) for path in (LETTER, TOPMOST) for html in site.of(path) for link in read(html).links}
    ids = [*map(large.topmost, range(1, large.TOPMOST + 1)), *map(large.under, range(1, large.UNDER + 1))]
    assert [each for each in ids if f"{LETTER}/objectives/{each}" not in links] == []
    first = shown(site.pages[LETTER])
    assert f"{large.UNDER} objectifs" in first  # what is hidden behind the first of them
    rows = " ".join("".join(re.findall(r"<tbody.*?</tbody>", html, re.DOTALL)) for html in site.of(NOTE))
    codes = [f"S.{number}" for number in range(1, large.TOPMOST + 1)] + [f"S.1.{n}" for n in range(1, large.UNDER + 1)]
    assert counts(rows, [f">{code}<" for code in codes]) == {}


async def test_every_row_of_an_objective_stands_on_one_leaf(site: Site) -> None:
    once = [*large.marked("fait", large.FACTS), *large.marked("montant", large.AMOUNTS)]
    once += [*large.marked("commune", large.VALUES), *(f"champ-{field} " for field in large.FIELDS)]
    assert counts(site.words(LONG), once) == {}
    named = [*large.marked("indicateur", large.INDICATORS), *large.marked("dossier", large.DOSSIERS)]
    lines = [large.allocation(number) for number in range(1, large.LINES + 1)]
    for path, wanted in ((LONG, named + lines), (BOARD, named + lines[: large.USED_LINES])):
        assert [name for name in wanted if name not in site.words(path)] == []


async def test_a_dossier_is_told_once_and_referred_to_where_it_comes_again(site: Site) -> None:
    ids = [each for html in site.of(LONG) for each in read(html).ids if each.startswith("d-")]
    own = f"d-{large.LONG}-planned-{large.OWN_DOSSIER}"
    assert sorted(ids) == sorted([own, *(f"d-{large.LONG}-{large.uid(4, n)}" for n in range(1, large.DOSSIERS + 1))])
    for target in (own, f"d-{large.LONG}-{large.uid(4, 70)}"):
        at = {link for html in site.of(LONG) for link in read(html).links if link.endswith(f"#{target}")}
        assert at
        for link in at:
            holds = [address for address, html in site.pages.items() if f'id="{target}"' in html]
            assert [unpinned(link)] == holds or link == f"#{target}"


async def test_a_dossier_is_told_in_brief_and_whole_on_its_own_page(site: Site) -> None:
    payments = large.marked("paiement", large.COMMITMENTS)
    assert counts(site.words(DOSSIER), payments) == {}
    brief = site.words(LONG)
    assert sum(name in brief for name in payments) < 15
    assert f"{large.COMMITMENTS} engagements ensemble" in brief
    assert f"{large.COMMITMENTS * large.CENTS // 100:,} EUR".replace(",", " ") in brief


async def test_totals_are_over_the_rows_of_all_leaves(site: Site) -> None:
    tables = [html for html in site.of(LONG) if "<tfoot" in html]
    assert len(tables) > 1
    feet = [re.findall(r"<tfoot.*?</tfoot>", html, re.DOTALL)[0] for html in tables]
    total = f">{large.LINES * large.CENTS // 100:,}<".replace(",", NO_BREAK)
    assert all(foot.count(total) == 2 for foot in feet)
    assert all("Les totaux portent sur toutes les pages." in html for html in tables)


async def test_a_figure_on_a_further_leaf_opens_its_events(site: Site) -> None:
    address = min(address for address in site.pages if address.startswith(f"{LONG}?section=planned&leaf="))
    html = site.pages[address]
    found = read(html)
    assert found.figures
    for figure in (found.figures[0], found.figures[-1]):
        if figure.href.startswith("#"):
            assert found.sheets[figure.href].events
            continue
        opened = read(await page(site.running, figure.href))
        assert figure.words in opened.title
        (back,) = [link for link in opened.links if link.endswith(f"#{figure.id}")]
        assert unpinned(back) == address
        assert any("/events/" in link for link in opened.links)


async def test_all_events_of_a_figure_stand_on_its_leaves(site: Site) -> None:
    leaf = next(html for html in site.of(LONG) if "engagements ensemble" in html)
    sums = re.search(
        r'<a class="fig" id="[^"]+" href="([^"]+)">[^<]+</a> <small>EUR</small> <small class="muted">', leaf
    )
    assert sums is not None
    href = unescape(sums[1])
    if href.startswith("#"):
        (href,) = [
            link for link in read(leaf).links if "/figures/" in link and link.partition("?")[0].endswith(f"/{href[5:]}")
        ]
    leaves = await followed(site.running, href, "next")
    assert [html for html in leaves if len(html.encode()) + len(STYLES) > BUDGET] == []
    events = [name for html in leaves for name in re.findall(r'href="[^"]*/events/([a-z]+:[0-9]+)', html)]
    assert len(set(events)) == len(events) == large.COMMITMENTS


def letter_in(html: str) -> str:
    return html.partition('<div class="letter">')[2]


async def test_an_event_stands_on_its_leaf_of_the_history_which_leads_to_all_of_it(site: Site) -> None:
    events = await site.running.runtime("reporting").store.of_stream("objectives", f"note/{large.NOTE}", 0, 500)
    assert len(events) > large.TOPMOST + large.UNDER
    newest = f"{BASE}/events/{events[-1].name}"
    for start, relation in ((newest, "prev"), (f"{newest}?leaf=1", "next")):
        leaves = await followed(site.running, start, relation)
        assert [html for html in leaves if len(html.encode()) + len(STYLES) > BUDGET] == []
        versions = [int(version) for html in leaves for version in re.findall('id="v([0-9]+)"', html)]
        assert sorted(versions) == [event.version for event in events]
    assert f'id="v{events[-1].version}"' in await page(site.running, newest)


async def followed(running: Running, address: str, relation: str) -> list[str]:
    """Return the pages that links of a relation lead to, from an address on."""
    leaves = [await page(running, address)]
    while links := re.findall(f'rel="{relation}" href="([^"]+)"', leaves[-1]):
        leaves.append(await page(running, unescape(links[0])))
    return leaves


async def test_a_leaf_that_is_not_there_is_said(site: Site) -> None:
    answer = await site.running.client.get(f"{LETTER}?leaf=99", headers={"Accept": "text/html"})
    assert answer.status_code == 404
    assert "no leaf 99" in answer.text


async def test_another_day_is_begun_at_its_first_leaf(site: Site) -> None:
    (html,) = [html for address, html in site.pages.items() if address == f"{LETTER}?leaf=2"] or [site.of(LETTER)[1]]
    assert "leaf=" not in " ".join(re.findall(r'<ol class="stops".*?</ol>', html, re.DOTALL))
    assert 'name="leaf"' not in "".join(re.findall(r'<section class="asof".*?</section>', html, re.DOTALL))


@pytest.mark.parametrize("ahead", [None, 0, 1], ids=["now", "today", "tomorrow"])
async def test_leaves_are_of_one_cut_whatever_is_recorded_meanwhile(site: Site, ahead: int | None) -> None:
    client = site.running.client
    day = None if ahead is None else datetime.now(BRUSSELS).date() + timedelta(days=ahead)
    second = await page(site.running, DOSSIER if day is None else f"{DOSSIER}?as_of={day}")
    (following,) = [unescape(each) for each in re.findall(r'rel="next" href="([^"]+)"', second)]
    before = await page(site.running, following)
    words = f"avant tout le reste, au {day}"
    body = {"kind": "other", "due": "2020-01-01", "title": {"fr": words}}
    milestone = large.uid(8, 1 if ahead is None else 2 + ahead)
    recorded = await client.put(f"/objectives/v1/dossiers/{large.PAID}/milestones/{milestone}", json=body)
    assert recorded.status_code == 201, recorded.text
    token = recorded.json()["token"]
    assert (await client.get(f"{BASE}/notes?at_least={token}")).status_code == 200
    assert words in await page(site.running, DOSSIER)
    # But for the bar of months, which leads to what was recorded later too.
    assert letter_in(await page(site.running, following)) == letter_in(before)
