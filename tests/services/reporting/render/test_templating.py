from __future__ import annotations

import re

from markupsafe import Markup

from services.reporting.render.documents import Frame, Link, framed
from services.reporting.render.page import Page

BODY = Markup("<p>one\n   two\n</p>\n<div>\n</div>")


def test_templates_are_slim_and_a_page_is_not_gone_through_again() -> None:
    html = framed(Page("fr", "/reporting/v1/"), Frame("Notes", "/style.css", [Link("Notes", "/")]), BODY)
    frame, found, rest = html.partition(BODY)
    assert found
    assert re.findall(r"\n[ \t]", frame + rest) == []
    assert re.findall(r"</li>\n", frame + rest) == []
