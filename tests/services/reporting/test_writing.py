from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import orjson
import pytest
from pydantic import TypeAdapter

from contracts.types import Place, Text
from services.reporting.domain.figure import Figure, When
from services.reporting.domain.letter import Letter, Statement
from services.reporting.writing import canonical
from tests.conftest import FreshDatabase
from tests.services.reporting.history import History
from tests.services.reporting.system import system_on

LETTER: TypeAdapter[Letter] = TypeAdapter(Letter)


async def test_a_letter_is_written_as_its_schema_says(fresh_database: FreshDatabase) -> None:
    history = History(seed=17).grow(400)
    async with system_on(await fresh_database("reporting")) as system:
        for source, log in history.logs.items():
            await system.feed(source, log)
        letter = await system.letter("territorial", 2024)
    document = canonical(letter)
    plain = LETTER.dump_python(letter, mode="json", exclude_none=True)
    assert document == orjson.dumps(plain, option=orjson.OPT_SORT_KEYS)
    assert LETTER.validate_json(document, strict=False) == letter


def test_members_are_sorted_and_null_ones_left_out() -> None:
    said = Statement(
        field="description", figure=Figure.known(Text(fr="un"), "objectives:4"), place=Place(document="A-785", line=3)
    )
    assert canonical(said) == (
        b'{"asked":true,"field":"description","figure":{"events":["objectives:4"],"state":"known","value":{"fr":"un"}},'
        b'"place":{"document":"A-785","line":3}}'
    )


@pytest.mark.parametrize("number", ["12.50", "0.000000001", "100000000000000000", "-3"])
def test_decimals_are_written_with_the_digits_as_given(number: str) -> None:
    assert canonical(Figure.known(Decimal(number), "kpi:1")) == (
        b'{"events":["kpi:1"],"state":"known","value":"%s"}' % number.encode()
    )


def test_days_are_written_as_days() -> None:
    assert orjson.loads(canonical(When.of("2024-02")))["latest"] == "2024-02-29"


def test_what_is_no_part_is_not_written() -> None:
    with pytest.raises(TypeError):
        canonical([datetime.now(UTC).tzinfo])
