"""What no command takes into a log for ever: days beside all years of budgets, and references with what nobody sees."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Final

import pytest
from pydantic import JsonValue

from contracts.dates import ImpreciseDate
from regesta.errors import ControlCharacter, ImpossibleDate, InvalidInput, OutOfRange
from regesta.problem import validated
from tests.services.operations import OPERATIONS, Body, Operation, Steps, places

# Text of some length, and what is kept as a document prints it: codes too, which an import may find broken in two.
FREE: Final = frozenset(
    {
        "actor",
        "as_given",
        "as_printed",
        "code",
        "court",
        "document",
        "en",
        "fr",
        "legislature",
        "nl",
        "per",
        "reason",
        "red",
    }
)
# A document may speak of a law of 1836.
OF_ANY_TIME: Final = frozenset({("PrintFactIn", "day")})


def with_value(body: Body, at: Steps, value: JsonValue) -> Body:
    """Return a copy of a body with another value at a place."""
    changed = copy.deepcopy(body)
    inside: JsonValue = changed
    for each in at[:-1]:
        inside = inside[each]  # type: ignore[index]  # as places found it
    inside[at[-1]] = value  # type: ignore[index]
    return changed


def texts() -> Iterator[tuple[Operation, Steps, str]]:
    """Yield every text of every body, and where it stands."""
    for operation in OPERATIONS:
        for at in places(operation.body):
            value: JsonValue = operation.body
            for each in at:
                value = value[each]  # type: ignore[index]
            if isinstance(value, str):
                yield operation, at, value


def is_date(text: str) -> bool:
    try:
        ImpreciseDate(text)
    except ValueError:
        return False
    return True


DATES: Final = [(operation, at, text) for operation, at, text in texts() if is_date(text) and at[-1] not in FREE]


@pytest.mark.parametrize(("operation", "at", "text"), DATES)
def test_a_date_of_no_budget_is_refused(operation: Operation, at: Steps, text: str) -> None:
    for year in ("1899", "2200"):
        body = with_value(operation.body, at, year + text[4:])
        if (repr(operation), at[-1]) in OF_ANY_TIME:
            validated(operation.model, body)
            continue
        # A period with it may be out of order, which is said first.
        with pytest.raises((OutOfRange, ImpossibleDate) if at[0] == "period" else OutOfRange, match=f"{year}-"):
            validated(operation.model, body)


def test_a_reference_holds_nothing_that_nobody_sees() -> None:
    free, bound = set(), set()
    for operation, at, text in texts():
        if any(ord(each) > 0x7F for each in text) or is_date(text):
            continue
        try:
            validated(operation.model, with_value(operation.body, at, f"{text}\u202e{text}"))
        except ControlCharacter:
            bound.add((repr(operation), at[-1]))
        except InvalidInput:
            pass  # one of some words, an id, a number
        else:
            free.add((repr(operation), at[-1]))
    assert {("LiquidateIn", "visa"), ("GrantApprovalIn", "reference"), ("MeasureIndicatorIn", "source")} <= bound
    assert {(name, member) for name, member in free if member not in FREE} == set()
