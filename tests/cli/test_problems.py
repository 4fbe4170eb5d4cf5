"""The published page of problem types names each one that the code can answer."""

from __future__ import annotations

from cli.problems import PUBLISHED, answered, text


def test_the_committed_page_is_that_of_the_code() -> None:
    assert PUBLISHED.read_text("utf-8") == text(), "run make docs"


def test_every_error_class_of_a_service_is_on_the_page() -> None:
    page = text()
    found = {error for error in answered() if error.__module__.startswith(("regesta.", "services."))}
    assert len(found) > 100
    assert not [error.__name__ for error in found if f"| `{error.code}` | {error.status} |" not in page]


def test_a_type_has_one_status() -> None:
    statuses: dict[str, set[int]] = {}
    for error in answered():
        statuses.setdefault(error.code, set()).add(error.status)
    assert not {code: found for code, found in statuses.items() if len(found) > 1}
