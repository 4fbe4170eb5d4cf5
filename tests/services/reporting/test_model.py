"""A letter says by which model it was made, so that another form or another rule is another model."""

from __future__ import annotations

from typing import Final

from regesta.documents import hash_of
from services.reporting.domain.letter import MODEL
from tests.conftest import FreshDatabase
from tests.services.reporting.history import History
from tests.services.reporting.past import NOTES
from tests.services.reporting.system import system_on

STEPS: Final = 400
# What the letters of one history come to, by model. When they come to something else, for another reason than another history,
# raise MODEL: a letter that is frozen keeps the number of the model that made it.
MADE: Final = {
    1: {
        "territorial": "ac10d03d173707e2c1bd9f88ab90c5b0a6a032fc3658b392bab1a3981c376011",
        "tourism": "4ede361db20e30aced6c2187928730d95c1d3199bdc76a7ebb82ed14e80593c0",
    }
}


async def test_the_same_facts_give_the_same_bytes_for_as_long_as_the_model_is_the_same(
    fresh_database: FreshDatabase,
) -> None:
    history = History(seed=20241130).grow(STEPS)
    async with system_on(await fresh_database("reporting")) as system:
        for source, log in history.logs.items():
            await system.feed(source, log)
        made = {note: hash_of(await system.document(note, 2024)) for note in NOTES}
    assert made == MADE[MODEL]
