from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import asyncpg
import orjson
import pytest

from services.reporting.domain.errors import UnknownNote, UnknownObjective
from services.reporting.gathering import read_letter, read_objective
from tests.conftest import FreshDatabase
from tests.services.reporting.history import History
from tests.services.reporting.system import System, system_on

STATEMENTS = 15


async def count(system: System, objective: str | None = None) -> tuple[int, int]:
    """Return how many statements a letter took, and how many objectives it has."""
    seen: list[str] = []

    def note(record: asyncpg.connection.LoggedQuery) -> None:
        seen.append(record.query)

    async with system.view() as view:
        with view.db.query_logger(note):
            if objective is None:
                letter = await read_letter(view, "territorial", 2024)
            else:
                letter = await read_objective(view, objective)
    return len(seen), len(letter.objectives)


async def test_a_letter_takes_a_fixed_number_of_statements_whatever_its_size(fresh_database: FreshDatabase) -> None:
    async with system_on(await fresh_database("reporting")) as system:
        counts = []
        history = History(seed=7)
        for steps in (0, 300, 600):
            fed = (
                {source: len(log) for source, log in history.logs.items()} if steps else dict.fromkeys(history.logs, 0)
            )
            history.grow(steps)
            for source, log in history.logs.items():
                await system.feed(source, log[fed[source] :])
            counts.append(await count(system))
        assert {statements for statements, _ in counts} == {counts[0][0]}
        assert counts[0][0] <= STATEMENTS
        assert counts[0][1] < counts[1][1] < counts[2][1]
        alone, _ = await count(system, history.objectives[0][2])
        assert alone == counts[0][0] + 1


async def test_an_objective_alone_says_what_the_whole_letter_says_of_it(fresh_database: FreshDatabase) -> None:
    history = History(seed=11).grow(300)
    async with system_on(await fresh_database("reporting")) as system:
        for source, log in history.logs.items():
            await system.feed(source, log)
        whole = await system.letter("territorial", 2024)
        async with system.view() as view:
            for shown in whole.objectives:
                alone = await read_objective(view, shown.id)
                assert alone.objectives[0] == shown
            with pytest.raises(UnknownObjective):
                await read_objective(view, "00000000-0000-4000-8000-000000000000")
            with pytest.raises(UnknownNote, match="nobody"):
                await read_letter(view, "nobody", 2024)


async def test_every_figure_names_events_that_exist(fresh_database: FreshDatabase) -> None:
    history = History(seed=13).grow(300)
    async with system_on(await fresh_database("reporting")) as system:
        for source, log in history.logs.items():
            await system.feed(source, log)
        document = orjson.loads(await system.document("territorial", 2024))
        names = {name for figure in figures(document) for name in figure.events}
        heads = {f"{event.source}:{event.position}" for log in history.logs.values() for event in log}
        assert names
        assert names <= heads
        stated = [figure for figure in figures(document) if figure.state not in {"unknown", "pending", "none", ""}]
        assert stated
        assert all(figure.events for figure in stated)


@dataclass(frozen=True)
class Shown:
    """A part of a document that names its events. state: empty for one that is no figure."""

    state: str
    events: tuple[str, ...]


def figures(part: object) -> Iterator[Shown]:
    """Yield every part of a document that names its events."""
    if isinstance(part, dict):
        if "events" in part:
            yield Shown(part.get("state", "") if "value" in part else "", part["events"])
        for value in part.values():
            yield from figures(value)
    elif isinstance(part, list | tuple):
        for value in part:
            yield from figures(value)
