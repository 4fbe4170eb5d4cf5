from __future__ import annotations

import pytest

from services.reporting.api.negotiation import Form, form_of
from services.reporting.domain.errors import NotAcceptable

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (None, "json"),
        ("", "json"),
        ("*/*", "json"),
        ("application/json", "json"),
        ("application/*", "json"),
        ("text/html", "html"),
        ("TEXT/HTML", "html"),
        ("text/*", "html"),
        (BROWSER, "html"),
        ("text/html;q=0.5, application/json", "json"),
        ("text/html, application/json;q=0.5", "html"),
        ("text/html;q=0, */*", "json"),
        ("application/json;q=0, */*", "html"),
        ("text/html;q=much, application/json;q=0.9", "html"),
    ],
)
def test_the_reader_chooses_the_form(accept: str | None, form: Form) -> None:
    assert form_of(accept) == form


@pytest.mark.parametrize("accept", ["application/pdf", "application/json;q=0", "text/plain, image/*"])
def test_another_form_is_refused(accept: str) -> None:
    with pytest.raises(NotAcceptable, match=accept.split(",", maxsplit=1)[0].replace("*", ".")):
        form_of(accept)


def test_an_event_answers_to_its_own_media_type_and_to_json() -> None:
    types = ("application/cloudevents+json", "application/json")
    assert [form_of(accept, types) for accept in (*types, "text/html")] == ["json", "json", "html"]
