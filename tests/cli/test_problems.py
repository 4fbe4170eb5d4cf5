"""The published page of problem types names each one that the code can answer."""

from __future__ import annotations

import re

import cli.commands  # noqa: F401 - brings every error class of the command
from cli.problems import PUBLISHED, answered, text
from regesta.errors import Differs, Misconfigured, RegestaError


def answers_of_services() -> list[type[RegestaError]]:
    """Return the error classes of the kernel and the services; those of the command line reach no client."""
    return [error for error in answered() if error.__module__.startswith(("regesta.", "services."))]


def test_the_committed_page_is_that_of_the_code() -> None:
    assert PUBLISHED.read_text("utf-8") == text(), "run make docs"


def test_every_error_class_of_a_service_is_on_the_page() -> None:
    page = text()
    found = answers_of_services()
    assert len(found) > 100
    assert not [error.__name__ for error in found if f"| `{error.code}` | {error.status} |" not in page]


def test_every_error_class_of_the_command_is_on_the_page() -> None:
    page = text()
    found: list[type[RegestaError]] = [Misconfigured]
    found += [error for error in answered() if error.__module__.startswith("cli.")]
    assert len(found) >= 9
    assert not [error.__name__ for error in found if f"| `{error.code}` | " not in page]


def test_a_type_has_one_status() -> None:
    statuses: dict[str, set[int]] = {}
    for error in answers_of_services():
        statuses.setdefault(error.code, set()).add(error.status)
    assert not {code: found for code, found in statuses.items() if len(found) > 1}


def test_other_content_under_a_reference_is_known_by_its_ending() -> None:
    found = [error for error in answers_of_services() if issubclass(error, Differs)]
    assert len(found) > 25
    assert not [error.code for error in found if re.search(r"(^|-)differs$", error.code) is None]
