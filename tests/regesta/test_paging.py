"""A list comes in pages that lead from one to the next, at one cut, without an empty page at the end."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import cast
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi import Request, Response

from regesta.database import Connection
from regesta.errors import Malformed
from regesta.paging import Paging, place_key
from regesta.view import View

KEYS = ["a", "b", "c", "d", "e"]
VIEW = View(cast(Connection, None), {"jars": 7, "kpi": 0}, ())  # no database is asked


def paging(query: str = "", limit: int = 2, after: str = "") -> Paging:
    scope = {
        "type": "http", "method": "GET", "path": "/jars/v1/levels", "query_string": query.encode(),
        "headers": [(b"host", b"jars.test")], "server": ("jars.test", 80), "scheme": "http",
    }  # fmt: skip
    return Paging(limit, after, Request(scope), Response())


def next_of(paged: Paging) -> dict[str, list[str]] | None:
    """Return the query of the page named in the answer."""
    link = paged.response.headers.get("link")
    if link is None:
        return None
    address, _, relation = link.partition("; ")
    assert (address[0], address[-1], relation) == ("<", ">", 'rel="next"')
    url = urlsplit(address[1:-1])
    assert (url.netloc, url.path) == ("", "/jars/v1/levels")
    return parse_qs(url.query)


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 6])
def test_pages_lead_through_the_whole_list(limit: int) -> None:
    after, pages = "", []
    while True:
        paged = paging(limit=limit, after=after)
        rows = [key for key in KEYS if key > paged.after][: paged.wanted]
        pages.append(paged.page(VIEW, rows, str))
        following = next_of(paged)
        if following is None:
            break
        (after,) = following["after"]
    assert [key for page in pages for key in page] == KEYS
    assert [len(page) for page in pages[:-1]] == [limit] * (len(pages) - 1)
    assert 0 < len(pages[-1]) <= limit


def test_the_next_page_keeps_the_query_and_the_cut() -> None:
    first = paging("limit=2&year=2026&after=Z")
    first.page(VIEW, KEYS[:3], str)
    assert next_of(first) == {"limit": ["2"], "year": ["2026"], "after": ["b"], "cut": ["jars:7"]}
    past = paging("cut=jars:7")
    past.page(VIEW, KEYS[:3], str)
    assert next_of(past) == {"cut": ["jars:7"], "after": ["b"]}


@pytest.mark.parametrize(("settled", "again"), [(True, {"as_of": ["2026-01-31"]}), (False, {"cut": ["jars:7"]})])
def test_a_day_that_is_not_over_leads_on_as_of_its_cut(settled: bool, again: dict[str, list[str]]) -> None:  # noqa: FBT001 - a case
    first = paging("as_of=2026-01-31")
    first.page(replace(VIEW, as_of=date(2026, 1, 31), settled=settled), KEYS[:3], str)
    assert next_of(first) == {"after": ["b"]} | again


def test_the_event_before_a_page_is_one_of_the_log() -> None:
    assert paging().position("jars") == 0
    assert paging(after="jars:12").position("jars") == 12
    for wrong in ("kpi:12", "12", "jars:0", "jars:1,jars:2", "jars:9999999999999999999"):
        with pytest.raises(Malformed, match=wrong) as refused:
            paging(after=wrong).position("jars")
        assert refused.value.details == {"after": wrong}


def test_a_place_is_a_read_model_and_a_position() -> None:
    assert paging().place() == ("", 0)
    for place in (("lines", 12), ("reaction:first-advance:budget", 7)):
        assert paging(after=place_key(*place)).place() == place
    for wrong in ("12", ":12", "lines", "lines:", "lines:-1", "lines:\N{SUPERSCRIPT TWO}", "lines:9999999999999999999"):
        with pytest.raises(Malformed) as refused:
            paging(after=wrong).place()
        assert refused.value.details == {"after": wrong}


def test_a_list_without_a_past_leads_on_without_a_cut() -> None:
    first = paging("limit=2&projection=lines")
    assert first.page_of_now(KEYS[:3], str) == ("a", "b")
    assert next_of(first) == {"limit": ["2"], "projection": ["lines"], "after": ["b"]}
    assert next_of(paging()) is None
