from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Final

import pytest
import pytest_asyncio

import services
from cli.importing.run import import_facts
from cli.story import read_story, tell
from contracts.allocation import AllocationCode, UnreadableCode
from services.reporting.web.responding import STYLES
from tests.services.conftest import Running
from tests.services.reporting.reading import Read, read

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROOT: Final = Path(services.__path__[0]).parent
SAMPLE: Final = ROOT / "examples" / "territorial-2023-2024.json"
STORY: Final = ROOT / "examples" / "contract-13th-series.ndjson"
CHECKER: Final = ROOT / "deploy" / "accessibility"
BUDGET_BYTES: Final = 100_000
BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True)
class Sample:
    """The sample as imported. pages: of its objectives, their sections and dossiers, by address."""

    running: Running
    letter: str
    overview: str
    pages: dict[str, str]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sample(four: Running) -> AsyncIterator[Sample]:
    """Import the sample and tell its story."""
    token = four.issuer.everything(1)
    report = await import_facts(SAMPLE, four.url, token)
    await tell(read_story(STORY), four.url, token, progress=lambda _done, _total: None)
    heads = [await four.runtime(name).store.head(name) for name in ("objectives", "kpi", "budget")]
    tokens = zip(("objectives", "kpi", "budget"), heads, strict=True)
    at_least = ",".join(f"{name}:{head.position}" for name, head in tokens)
    letter = f"/reporting/v1/letters/{report.note}/2024"
    first = await page(four, f"{letter}?at_least={at_least}&lang=fr")
    pages: dict[str, str] = {}
    waiting = parts(letter, first)
    while waiting:
        address = waiting.pop()
        pages[address] = await page(four, address)
        waiting += [found for found in parts(letter, pages[address]) if found not in pages and found not in waiting]
    yield Sample(four, letter, f"/reporting/v1/notes/{report.note}", pages)


async def page(running: Running, address: str) -> str:
    answer = await running.client.get(address, headers={"Accept": "text/html"})
    assert answer.status_code == 200, (address, answer.text)
    return answer.text


def parts(letter: str, html: str) -> list[str]:
    """Return the addresses of objectives, year-sections and dossiers that a page of a letter leads to."""
    # Further pages of what is too long for one keep to the cut; it is the newest here.
    links = {re.sub(r"([?&])cut=[^&]*&?", r"\1", link.partition("#")[0]).rstrip("?&") for link in read(html).links}
    return sorted(link for link in links if re.match(rf"{letter}/(objectives|dossiers)/", link))


def shown(html: str) -> str:
    """Return what a page shows as one line of words."""
    return " ".join(re.sub(r"<[^>]+>", "\n", html).replace("\u00a0", " ").split())


async def test_the_pages_hold_every_piece_of_the_sample(sample: Sample) -> None:
    text = unescape(" ".join(shown(html) for html in sample.pages.values()))
    for node in json.loads(SAMPLE.read_bytes())["objectives"]:
        pieces = [node["code"], node["status_as_printed"], node["deadline_as_printed"], *(node["title"] or {}).values()]
        pieces += [line["allocation"] for line in node["budget_lines"]]
        pieces += [code_of(line["allocation"]) for line in node["budget_lines"]]
        pieces += [each[column] for each in node["indicators"] for column in ("red", "amber", "green", "units")]
        pieces += [each["what"] for each in node["amounts_in_text"] + node["dated_facts"]]
        pieces += [each["actor"] for each in node["dated_facts"]]
        pieces += [amount_of(each["eur"]) for each in node["amounts_in_text"]]
        if node["level"] == "year-section":
            pieces = [piece for piece in pieces if piece not in (node["title"] or {}).values()]
        for piece in filter(None, pieces):
            assert " ".join(piece.split()).lower() in text.lower(), (node["code"], piece)


def code_of(printed: str) -> str | None:
    try:
        return str(AllocationCode.parse(printed)[0])
    except UnreadableCode:
        return None


def amount_of(eur: float | None) -> str | None:
    return None if eur is None else f"{eur:,.0f}".replace(",", " ")


async def test_no_page_of_the_sample_is_heavier_than_its_budget(sample: Sample) -> None:
    pages = sample.pages | {
        address: await page(sample.running, address)
        for address in (
            sample.letter,
            sample.overview,
            *overview_links(sample, await page(sample.running, sample.overview)),
        )
    }
    # The sample was recorded in one month; a bar of sixteen is so much longer.
    bar = {address: 15 * longest_stop(html) for address, html in pages.items()}
    weights = {address: len(html.encode()) + len(STYLES) + bar[address] for address, html in pages.items()}
    assert {address: weight for address, weight in weights.items() if weight > BUDGET_BYTES} == {}


def longest_stop(html: str) -> int:
    """Return the bytes of a stop in the as-of bar of a page; 0 on a page without one."""
    return max(
        (len(each.encode()) for each in re.findall(r'<li><a [^>]*><svg viewBox="0 0 10 72".*?</li>', html)), default=0
    )


def overview_links(sample: Sample, html: str) -> list[str]:
    return sorted({link for link in read(html).links if link.startswith(f"{sample.overview}/objectives/")})


async def test_nothing_in_the_pages_would_make_a_reader_stumble(sample: Sample) -> None:
    found: dict[str, Read] = {address: read(html) for address, html in sample.pages.items()}
    found[sample.letter] = read(await page(sample.running, sample.letter))
    found["whole"] = read(await page(sample.running, f"{sample.letter}?view=whole"))
    assert {address: each.problems for address, each in found.items() if each.problems} == {}


async def test_the_whole_letter_is_one_page_for_print(sample: Sample) -> None:
    whole = shown(await page(sample.running, f"{sample.letter}?view=whole"))
    for node in json.loads(SAMPLE.read_bytes())["objectives"]:
        assert node["code"] in whole


async def test_a_timeline_names_the_dossiers_that_it_draws(sample: Sample) -> None:
    keys = [re.findall(r"<b>(D[0-9]+)</b> (?:<span[^>]*>)?([^<]+)<", html) for html in sample.pages.values()]
    drawn = [re.findall(r'<text class="b"[^>]*>(D[0-9]+)<', html) for html in sample.pages.values()]
    assert [[short for short, _ in key] for key in keys] == drawn
    assert ("D3", "CQD Conscience") in [named for key in keys for named in key]


async def test_a_plan_never_looks_done(sample: Sample) -> None:
    marks = {
        reading: set(re.findall(rf'<li class="([a-z]+)"><div>\s*<div class="pair">\s*<p lang="fr">'
                                rf'(?:(?!</p>).)*<span class="word">{reading}</span>', html, re.DOTALL))
        for reading in ("fait", "prévu", "objectif visé", "non atteint")
        for html in [" ".join(sample.pages.values())]
    }  # fmt: skip
    assert marks == {
        "fait": {"reached"},
        "prévu": {"planned"},
        "objectif visé": {"target"},
        "non atteint": {"unmet"},
    }


def browser() -> str | None:
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


@pytest.mark.skipif(shutil.which("node") is None, reason="axe-core needs node")
@pytest.mark.skipif(browser() is None, reason="axe-core needs chromium")
@pytest.mark.skipif(not (CHECKER / "node_modules").is_dir(), reason="deploy/accessibility is not installed")
async def test_axe_finds_nothing_at_any_width_in_light_and_dark(sample: Sample) -> None:
    heaviest = sorted(sample.pages, key=lambda address: -len(sample.pages[address]))
    objective = overview_links(sample, await page(sample.running, sample.overview))[0]
    addresses = ["/", sample.overview, objective, sample.letter, f"{heaviest[0]}#why-1", heaviest[1]]
    addresses += [address for address in heaviest if "/dossiers/" in address][:1]
    addresses += ["/reporting/v1/events/budget:20", "/reporting/v1/sign-in", f"{sample.letter}?lang=nl"]
    urls = [sample.running.url + address for address in addresses[1:]] + [f"{sample.running.url}/reporting/v1/"]
    environment = os.environ | {"REGESTA_TOKEN": sample.running.issuer.everything(1)}
    process = await asyncio.create_subprocess_exec(
        "node", "check.mjs", str(browser()), *urls,
        cwd=CHECKER, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    checks = [json.loads(line) for line in output.splitlines()]
    assert len(checks) == len(urls) * 6
    assert [check for check in checks if check["violations"]] == []
    assert [check for check in checks if check["wide"] > check["width"]] == []
