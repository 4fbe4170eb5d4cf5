from __future__ import annotations

import re
from threading import current_thread
from typing import Any, Final
from urllib.parse import unquote

import httpx2
import pytest
import pytest_asyncio
from markupsafe import Markup

from services.reporting.render import documents
from tests.services.conftest import Running
from tests.services.reporting.api.territorial import DECIDED
from tests.services.reporting.reading import read

pytestmark = pytest.mark.asyncio(loop_scope="module")

OBJECTIVE: Final = "00000000-0000-4000-8000-000000000001"
ACTION: Final = "00000000-0000-4000-8000-000000000002"
DOSSIER: Final = "00000000-0000-4000-8000-000000000003"
COMMITMENT: Final = "00000000-0000-4000-8000-000000000004"
ASSIGNMENT: Final = "00000000-0000-4000-8000-000000000005"
LINE: Final = "urban.33.004.28.01.6321"
HTML: Final = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
NOTES: Final = "/objectives/v1/notes/territorial"
LETTER: Final = "/reporting/v1/letters/territorial/2024"
PART: Final = f"{LETTER}/objectives/{OBJECTIVE}"
PAID: Final = "1 581 000,50".replace(" ", "\N{NO-BREAK SPACE}")
HOSTILE: Final = '<script>alert("x")</script> & \'"'


async def put(running: Running, path: str, body: object) -> str:
    answer = await running.client.put(path, json=body)
    assert answer.status_code == 201, answer.text
    token = answer.json()["token"]
    assert isinstance(token, str)
    return token


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(four: Running) -> Running:
    """Return the four services with a note: one objective, an action with a paid commitment, hostile words. Tests only read."""
    await record(four)
    return four


async def record(running: Running) -> None:
    await put(running, NOTES, {"title": {"fr": HOSTILE, "nl": "Stadsvernieuwing"}, "planned_year": 2024})
    place = {"level": "operational", "code": "IV.1.1", "title": {"fr": "Quinze contrats"}}
    await put(running, f"{NOTES}/objectives/{OBJECTIVE}", place)
    section = {"year": 2024, "kind": "planned"}
    action = {"level": "action", "code": "IV.1.1.2.A", "parent": OBJECTIVE, "section": section}
    await put(running, f"{NOTES}/objectives/{ACTION}", action)
    dossier = {"kind": "subsidy", "title": {"fr": "Petite Suisse"}, "objectives": [ACTION]}
    await put(running, f"/objectives/v1/dossiers/{DOSSIER}", dossier)
    for step, said in DECIDED.items():
        await put(running, f"/objectives/v1/dossiers/{DOSSIER}/{step}", said)
    await put(running, f"/budget/v1/lines/{LINE}", {"label": {"fr": "Contrats", "nl": "Contracten"}})
    assigned = {"line": LINE, "section": section, "category": "other"}
    await put(running, f"/budget/v1/objectives/{ACTION}/lines/{ASSIGNMENT}", assigned)
    commitment = {"line": LINE, "year": 2024, "amount_cents": 1_250_000_000, "dossier": DOSSIER}
    await put(running, f"/budget/v1/commitments/{COMMITMENT}", commitment)
    payment = {"year": 2024, "amount_cents": 158_100_050, "part": "advance", "paid_on": "2024-04-10"}
    token = await put(running, f"/budget/v1/commitments/{COMMITMENT}/payments/P-1", payment)
    answer = await running.client.get(f"/reporting/v1/notes?at_least={token}")
    assert answer.status_code == 200


async def page(running: Running, path: str, **headers: str) -> httpx2.Response:
    answer = await running.client.get(path, headers=HTML | headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return answer


def browser(running: Running) -> httpx2.AsyncClient:
    """Return a client as a browser is: without a bearer token, with cookies."""
    return httpx2.AsyncClient(base_url=running.url, headers=HTML)


async def test_every_page_links_only_to_pages_that_answer(running: Running) -> None:
    seen: set[str] = set()
    waiting = ["/reporting/v1/"]
    while waiting:
        path = waiting.pop()
        answer = await running.client.get(path, headers=HTML)
        assert answer.status_code == 200, (path, answer.text)
        if "text/html" in answer.headers["content-type"]:
            found = read(answer.text)
            assert found.problems == [], path
            links = {link.partition("#")[0] for link in found.links if link.startswith("/")}
            # The reader's language and day multiply pages, not their kinds.
            new = {link for link in links if "lang=" not in link} - seen
            seen |= new
            waiting += sorted(new)
    kinds = {re.sub(r"[0-9a-f-]{36}|[0-9]+|[a-z]+:[0-9]+", "N", link.partition("?")[0]) for link in seen}
    assert {re.sub("N+", "N", kind).rpartition("/v")[2] for kind in kinds} >= {
        "N/",
        "N/notes/territorial",
        "N/notes/territorial/objectives/N",
        "N/letters/territorial/N",
        "N/letters/territorial/N/objectives/N",
        "N/events/N",
    }


async def test_a_payment_shows_in_the_letter_and_its_figure_opens_its_event(running: Running) -> None:
    found = read((await page(running, PART)).text)
    assert PAID in found.text  # on the dossier, grouped for both languages
    assert "1.581.000,50\N{NO-BREAK SPACE}EUR" in found.text
    assert "BA\N{NO-BREAK SPACE}33.004.28.01.6321" in found.text
    assert "acompte liquidé" in found.text
    assert "voorschot vereffend" in found.text
    doors = [each for each in found.figures if each.words == PAID]
    assert doors
    for door in doors:
        sheet = found.sheets[door.href]
        assert PAID in sheet.title
        assert sheet.back == f"#{door.id}"
        for name in sheet.events:
            event = await running.client.get(f"/reporting/v1/events/{name}")
            assert event.json()["data"]["amount_cents"] == 158_100_050


async def test_figures_lead_to_a_page_of_their_own_as_of_the_cut(running: Running) -> None:
    whole = read((await page(running, f"{LETTER}?view=whole")).text)
    hrefs = [figure.href for figure in whole.figures]
    assert hrefs
    assert all("cut=" in href and "/figures/letter-" in href for href in hrefs)
    figure = read((await page(running, hrefs[0])).text)
    assert figure.links
    assert whole.figures[0].words in figure.text
    missing = await running.client.get(hrefs[0].replace("/1?", "/999?"), headers=HTML)
    assert missing.status_code == 404


async def test_every_row_of_the_overview_fills_the_columns_of_its_head(running: Running) -> None:
    html = (await page(running, "/reporting/v1/notes/territorial")).text
    (table,) = re.findall(r'<table role="table" class="stack heat">.*?</table>', html, re.DOTALL)
    rows = re.findall(r"<tr.*?</tr>", table, re.DOTALL)
    widths = [
        sum(int(found) for found in re.findall(r'colspan="([0-9]+)"', row))
        + len(re.findall(r"<t[hd] ", row))
        - len(re.findall(r"colspan=", row))
        for row in rows
    ]
    assert len(rows) > 1
    assert set(widths) == {7}
    assert all("data-label" in cell for row in rows for cell in re.findall(r"<td [^>]*>", row))


async def test_hostile_words_stay_words(running: Running) -> None:
    for path in ("/reporting/v1/", LETTER, "/reporting/v1/notes/territorial", "/reporting/v1/events/objectives:2"):
        answer = await page(running, path)
        assert "<script" not in answer.text
        assert "&lt;script&gt;" in answer.text
    hostile = HTML | {"Accept-Language": HOSTILE.replace("\n", "")}
    answer = await running.client.get(f"{LETTER}?text=%3Cscript%3E&lang=%22onload", headers=hostile)
    assert answer.status_code == 422
    assert "<script" not in answer.text
    assert 'lang="fr"' in answer.text


async def test_pages_allow_no_script_no_style_and_no_other_site(running: Running) -> None:
    answer = await page(running, PART)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "script-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert " style=" not in answer.text
    assert "http://" not in answer.text.replace(running.url, "")


async def test_the_stylesheet_may_be_kept_for_ever_and_needs_no_token(running: Running) -> None:
    (style,) = re.findall(r'rel="stylesheet" href="([^"]+)"', (await page(running, LETTER)).text)
    async with browser(running) as client:
        answer = await client.get(style)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        earlier = await client.get("/reporting/v1/static/regesta-000000000000.css")
        assert earlier.text == answer.text
        assert "immutable" not in earlier.headers["cache-control"]


async def test_a_reader_without_a_token_signs_in_and_comes_back(running: Running) -> None:
    async with browser(running) as client:
        sent = await client.get(f"{PART}?lang=nl")
        assert sent.status_code == 303
        form = await client.get(sent.headers["location"])
        assert 'name="token"' in form.text
        fields = {"token": running.issuer.token("reader", ["reporting:read"], hours=1), "next": f"{PART}?lang=nl"}
        answer = await client.post("/reporting/v1/sign-in", data=fields)
        assert (answer.status_code, answer.headers["location"]) == (303, f"{PART}?lang=nl")
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert "path=/reporting/v1" in cookie
        assert (await client.get(f"{PART}?lang=nl")).status_code == 200
        await client.post("/reporting/v1/sign-out")
        assert (await client.get(PART)).status_code == 303


async def test_the_cookie_reads_pages_and_nothing_else(running: Running) -> None:
    async with browser(running) as client:
        everything = running.client.headers["authorization"].removeprefix("Bearer ")
        await client.post("/reporting/v1/sign-in", data={"token": everything, "next": "/reporting/v1/"})
        cookie = {"Cookie": f"regesta_token={everything}"}
        assert (await client.get(LETTER)).status_code == 200
        for path in (LETTER, "/reporting/v1/events"):
            answer = await client.get(path, headers={"Accept": "application/json", **cookie})
            assert answer.status_code == 401, path
        for answer in (
            await client.put(f"{NOTES}/objectives/{ACTION}", json={}, headers=cookie),
            await client.post("/reporting/v1/projections/rebuild", headers=cookie),
            await client.post("/objectives/v1/commands", content=b"{}", headers=cookie),
        ):
            assert answer.status_code == 401, answer.text


async def test_a_refused_token_is_said_and_no_cookie_is_set(running: Running) -> None:
    async with browser(running) as client:
        answer = await client.post("/reporting/v1/sign-in", data={"token": HOSTILE, "next": LETTER, "lang": "en"})
        assert answer.status_code == 401
        assert "not accepted" in answer.text
        assert "<script" not in answer.text
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "wanted",
    ["https://elsewhere.test/", "//elsewhere.test/", "/\\elsewhere.test", "/reporting/v1/\r\nX: y", "", "javascript:x"],
)
async def test_signing_in_leads_to_no_other_site(running: Running, wanted: str) -> None:
    async with browser(running) as client:
        token = running.issuer.token("reader", ["reporting:read"], hours=1)
        answer = await client.post("/reporting/v1/sign-in", data={"token": token, "next": wanted})
        assert answer.headers["location"] == "/reporting/v1/"


async def test_another_site_cannot_sign_a_reader_in(running: Running) -> None:
    async with browser(running) as client:
        token = running.issuer.token("reader", ["reporting:read"], hours=1)
        from_elsewhere = {"Sec-Fetch-Site": "cross-site"}
        answer = await client.post("/reporting/v1/sign-in", data={"token": token}, headers=from_elsewhere)
        assert answer.status_code == 403
        assert "set-cookie" not in answer.headers


async def test_errors_are_pages_for_browsers_and_problems_for_programs(running: Running) -> None:
    path = "/reporting/v1/letters/unheard-of/2024"
    answer = await running.client.get(path, headers=HTML | {"Accept-Language": "nl-BE"})
    assert answer.status_code == 404
    assert "Niet gevonden" in answer.text
    assert "unknown-note" in answer.text
    problem = await running.client.get(path, headers={"Accept": "application/json"})
    assert problem.headers["content-type"] == "application/problem+json"
    early = await running.client.get(f"{LETTER}?as_of=2019-01-31&lang=nl", headers=HTML)
    assert early.status_code == 404
    assert f'href="{LETTER}?lang=nl"' in early.text  # back to the state of now
    assert f'href="{path}"' not in answer.text
    wrong = await running.client.get(f"{LETTER}?as_of=yesterday", headers=HTML)
    assert wrong.status_code == 422
    assert "as_of" in wrong.text


@pytest.mark.parametrize(
    "wrong", ["lang=de", "text=en", "both=yes", "view=nope", "occurred_until=soon", "section=x", "year=2024.0"]
)
async def test_a_choice_that_a_page_does_not_have_is_refused_with_its_value(running: Running, wrong: str) -> None:
    name, _, value = wrong.partition("=")
    path = {"section": PART, "year": "/reporting/v1/notes/territorial"}.get(name, LETTER)
    answer = await running.client.get(f"{path}?{wrong}", headers=HTML)
    assert answer.status_code == 422, answer.text
    assert f"{name}: " in answer.text
    assert value in answer.text


@pytest.mark.parametrize("year", ["2024.0", "+2024", "%202024", "2_024"])
async def test_a_year_is_written_in_digits(running: Running, year: str) -> None:
    answer = await running.client.get(f"{LETTER.rpartition('/')[0]}/{year}", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (422, "wrong-type")
    assert answer.json()["errors"][0]["value"] == unquote(year)


async def test_a_page_of_a_cut_that_has_not_come_says_how_far_it_was_read(running: Running) -> None:
    newest = await page(running, f"{LETTER}?lang=en")
    beyond = await page(running, f"{LETTER}?cut=objectives:99999999&lang=en")
    read_up_to = re.compile(r"Read up to positions <span translate=.no.>(.*?)</span>")
    (now,), (said,) = read_up_to.findall(newest.text), read_up_to.findall(beyond.text)
    assert said == re.sub(r"(budget|kpi) [0-9]+", r"\1 0", now)
    assert re.search(r"objectives [1-9][0-9]{0,2}\b", said)
    assert "incomplete, still to come" in beyond.text


async def test_a_day_left_blank_is_no_day(running: Running) -> None:
    answer = await running.client.get(f"{LETTER}?as_of=&occurred_until=2024-12-31&lang=nl", headers=HTML)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"{LETTER}?occurred_until=2024-12-31&lang=nl"


async def test_a_token_without_the_scope_sees_no_page(running: Running) -> None:
    headers = HTML | running.bearer("objectives:read")
    for path in (LETTER, PART, "/reporting/v1/", "/reporting/v1/notes/territorial", "/reporting/v1/events/budget:1"):
        answer = await running.client.get(path, headers=headers)
        assert answer.status_code == 403, path


async def test_a_page_as_of_a_cut_shows_what_was_known_then(running: Running) -> None:
    cut = "objectives:5,budget:2"
    before = read((await page(running, f"{PART}?cut={cut}")).text)
    assert PAID not in before.text
    after = read((await page(running, PART)).text)
    assert PAID in after.text
    assert any(f"cut={cut.replace(':', '%3A').replace(',', '%2C')}" in link for link in before.links)


@pytest.mark.parametrize(
    "address",
    [
        LETTER,
        f"{LETTER}?view=whole",
        PART,
        f"{LETTER}/figures/overview/1",
        "/reporting/v1/",
        "/reporting/v1/notes/territorial",
        f"/reporting/v1/notes/territorial/objectives/{OBJECTIVE}",
        "/reporting/v1/events/budget:2",
    ],
)
async def test_a_page_is_made_beside_the_event_loop(
    running: Running, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    made = documents.fragment
    threads: list[str] = []

    def seen(*args: Any) -> Markup:
        threads.append(current_thread().name.partition("_")[0])
        return made(*args)

    monkeypatch.setattr(documents, "fragment", seen)
    answer = await running.client.get(address, headers=HTML)
    assert answer.status_code == 200
    assert set(threads) == {"aside"}
