"""A letter as of a cut equals, byte for byte, the letter of a fresh system that was fed only the events up to the cut."""

from __future__ import annotations

from random import Random
from typing import Final

from services.reporting.domain.errors import UnknownNote
from tests.conftest import FreshDatabase
from tests.services.reporting.history import History
from tests.services.reporting.past import NOTES
from tests.services.reporting.portions import portions
from tests.services.reporting.system import System, system_on

CUTS: Final = 200
STEPS: Final = 260


async def test_a_letter_as_of_a_cut_is_the_letter_of_a_fresh_system_fed_up_to_it(fresh_database: FreshDatabase) -> None:
    history = History(seed=20240415).grow(STEPS)
    random = Random(1)  # noqa: S311 a test's own turns
    async with (
        system_on(await fresh_database("reporting")) as whole,
        system_on(await fresh_database("reporting")) as fresh,
    ):
        for source, portion in portions(history, random):
            await whole.feed(source, portion)
        seen = set()
        for number in range(CUTS):
            cut, note, year = history.cut(), NOTES[number % 2], random.choice((2023, 2024, 2024))
            await fresh.empty()
            for source, log in history.logs.items():
                await fresh.feed(source, log[: cut[source]])
            expected = await document(fresh, note, year, None)
            assert await document(whole, note, year, cut) == expected, f"{note} {year} as of {cut}"
            seen.add(expected)
        assert len(seen) > CUTS / 2  # the letters do differ


async def document(system: System, note: str, year: int, cut: dict[str, int] | None) -> bytes:
    """Return a letter's bytes, or why there is none."""
    try:
        return await system.document(note, year, cut)
    except UnknownNote as error:
        return str(error).encode()
