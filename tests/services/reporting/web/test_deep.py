"""A note that is as deep as one may be: its letter and its pages tell the lowest action too."""

from __future__ import annotations

from typing import Final
from uuid import UUID

import pytest
import pytest_asyncio

from services.reporting.domain.letter import LetterOut
from services.reporting.domain.outline import actions_of
from tests.services.conftest import Running
from tests.services.reporting.reading import read

pytestmark = pytest.mark.asyncio(loop_scope="module")

LEVELS: Final = 16
TREE: Final = "/objectives/v1/notes/profonde"
LETTER: Final = "/reporting/v1/letters/profonde/2024"
KEYS: Final = [str(UUID(int=number, version=4)) for number in range(1, LEVELS + 1)]


def node(number: int) -> dict[str, object]:
    """Return what is said of the objective of this number: a strategic one, an operational one, then actions."""
    levels = ["strategic", "operational", *["action"] * LEVELS]
    said: dict[str, object] = {"level": levels[number], "title": {"fr": f"Niveau {number + 1}.", "nl": "Niveau"}}
    if number:
        said["parent"] = KEYS[number - 1]
    if number == LEVELS - 1:
        said["section"] = {"year": 2024, "kind": "planned"}
    return said


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def deep(four: Running) -> Running:
    """Return the four services with the note."""
    answer = await four.client.put(TREE, json={"title": {"fr": "Profonde"}, "planned_year": 2024})
    for number, key in enumerate(KEYS):
        answer = await four.client.put(f"{TREE}/objectives/{key}", json=node(number))
        assert answer.status_code == 201, answer.text
    ready = await four.client.get(f"/reporting/v1/notes?at_least={answer.json()['token']}")
    assert ready.status_code == 200
    return four


async def test_no_level_comes_under_the_last(deep: Running) -> None:
    under = {"level": "action", "parent": KEYS[-1]}
    answer = await deep.client.put(f"{TREE}/objectives/{UUID(int=LEVELS + 1, version=4)}", json=under)
    assert answer.status_code == 409
    assert answer.json()["type"].endswith("too-deep")
    assert answer.json() | {"parent": KEYS[-1], "levels": LEVELS + 1, "most": LEVELS} == answer.json()


async def test_the_letter_tells_every_level(deep: Running) -> None:
    answer = await deep.client.get(LETTER, headers={"Accept": "application/json"})
    letter = LetterOut.model_validate_json(answer.content).letter
    assert [each.id for each in letter.objectives] == KEYS[:2]
    assert [action.id for action in actions_of(letter.objectives[1])] == KEYS[2:]


@pytest.mark.parametrize("address", [f"{LETTER}/objectives/{KEYS[1]}", f"{LETTER}?view=whole"])
async def test_a_page_tells_every_level(deep: Running, address: str) -> None:
    answer = await deep.client.get(address, headers={"Accept": "text/html"})
    assert answer.status_code == 200, answer.text
    assert read(answer.text).problems == []
    missing = [number for number in range(2, LEVELS + 1) if f"Niveau {number}." not in answer.text]
    assert missing == []
