"""A letter kept as a file needs no service to be read."""

from __future__ import annotations

import httpx2
import pytest

from cli.remote import Remote
from cli.standalone import standalone

PAGE = '<link rel="stylesheet" href="/reporting/v1/static/a.css"><a href="#top">up</a><a href="/reporting/v1/">home</a>'


def test_the_stylesheet_moves_in_and_links_keep_their_place(monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(_self: Remote, method: str, path: str, **_more: object) -> httpx2.Response:
        assert (method, path) == ("GET", "/reporting/v1/static/a.css")
        return httpx2.Response(200, text="p{color:red}")

    monkeypatch.setattr(Remote, "ask", ask)
    page = standalone(PAGE, Remote("http://regesta.test:80/", "token"))
    assert page == (
        '<style>p{color:red}</style><a href="#top">up</a><a href="http://regesta.test:80/reporting/v1/">home</a>'
    )
