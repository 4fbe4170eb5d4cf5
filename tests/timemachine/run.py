"""One run: a random programme, read at random cuts from the live system and from one rebuilt to each."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from time import monotonic
from typing import Final, TypeAlias

from tests.services.reporting.past import Past, Source
from tests.timemachine.programme import Cut, Streams, chain, programme, withdrawals
from tests.timemachine.questions import Question, Questions, ask
from tests.timemachine.rows import Table, differing, tables_of
from tests.timemachine.system import Fresh, System, system

Tick: TypeAlias = Callable[[str, float, float], None]

KEPT: Final = 20
EXCERPT: Final = 160
PORTIONS: Final = (1, 7, 60, 400, 2_000)


@dataclass(frozen=True)
class Length:
    """How much a run does. draws: how often each address is asked at a cut, with other ids."""

    events: int
    cuts: int
    draws: int


@dataclass(frozen=True)
class Difference:
    """Where both systems did not say the same."""

    cut: Cut
    where: str
    found: list[str]


@dataclass
class Report:
    """What a run compared, and what it found. answers: by service and route, how many of each status."""

    seed: str
    length: Length
    events: dict[str, int] = field(default_factory=dict)
    withdrawals: int = 0
    cuts: int = 0
    rows: Counter[str] = field(default_factory=Counter)
    answers: dict[str, Counter[int]] = field(default_factory=dict)
    differing: int = 0
    differences: list[Difference] = field(default_factory=list)
    seconds: float = 0.0

    def note(self, cut: Cut, where: str, found: list[str]) -> None:
        """Count a difference, and keep the first ones."""
        self.differing += 1
        if len(self.differences) < KEPT:
            self.differences.append(Difference(cut, where, found))


async def run(fresh: Fresh, folder: Path, seed: str, length: Length, tick: Tick) -> Report:
    """Record a programme, and compare at every cut. fresh: gives new databases; folder: a new one, for keys."""
    began = monotonic()
    past = programme(seed, length.events)
    report = Report(seed, length, {source: len(log) for source, log in past.logs.items()}, withdrawals(past))
    async with system(fresh, folder / "live") as live, system(fresh, folder / "rebuilt") as rebuilt:
        total = sum(report.events.values())
        for source, to in _portions(past):
            await live.feed(source, past.logs[source], to)
            tick("folding", sum(live.fed.values()), total)
        asking = Questions(Streams(past.logs), past.random)
        tables = {name: await tables_of(part) for name, part in live.parts.items()}
        for cut in chain(past, length.cuts):
            await rebuilt.feed_all(past.logs, cut)
            await _compare_rows(report, tables, (live, rebuilt), cut)
            for part in live.parts.values():
                for question in (each for _ in range(length.draws) for each in asking.about(part.service, cut)):
                    await _compare_answers(report, question, (live, rebuilt), cut)
            report.cuts += 1
            tick("comparing", report.cuts, length.cuts)
    report.seconds = monotonic() - began
    return report


def _portions(past: Past) -> Iterator[tuple[Source, int]]:
    """Yield random portions of the logs, in random turns."""
    random: Random = past.random
    fed: dict[Source, int] = dict.fromkeys(past.logs, 0)
    while left := [source for source, log in past.logs.items() if fed[source] < len(log)]:
        source = random.choice(left)
        fed[source] = min(len(past.logs[source]), fed[source] + random.choice(PORTIONS))
        yield source, fed[source]


async def _compare_rows(
    report: Report, tables: dict[str, list[Table]], systems: tuple[System, System], cut: Cut
) -> None:
    live, rebuilt = systems
    for name, those in tables.items():
        for table in those:
            rows, found = await differing(table, live.parts[name], rebuilt.parts[name], cut[table.source])
            report.rows[table.name] += rows
            if found:
                report.note(cut, table.name, found)


async def _compare_answers(report: Report, question: Question, systems: tuple[System, System], cut: Cut) -> None:
    """Ask both, and where an answer leads to a next page, both for that too."""
    live, rebuilt = systems
    was, now = await asyncio.gather(
        ask(live.parts[question.service], question, live=True),
        ask(rebuilt.parts[question.service], question, live=False),
    )
    where = f"{question.service} {question.route}{' (page)' if question.page else ''}"
    report.answers.setdefault(where, Counter())[was.status] += 1
    if was != now:
        found = [
            f"{was.status} {now.status} {was.etag} {now.etag} {was.link} {now.link}",
            *_excerpts(was.text, now.text),
        ]
        report.note(cut, f"{question.service}{question.address}?{question.parameters}", found)
    elif was.link is not None and "after" not in question.parameters:
        further = replace(question, parameters=question.parameters | {"after": was.link})
        await _compare_answers(report, further, systems, cut)


def _excerpts(was: str, now: str) -> list[str]:
    """Return both texts around the place where they begin to differ."""
    at = next(
        (n for n, (one, other) in enumerate(zip(was, now, strict=False)) if one != other), min(len(was), len(now))
    )
    begin = max(0, at - EXCERPT // 2)
    return [f"as of the cut: {was[begin : begin + EXCERPT]!r}", f"rebuilt: {now[begin : begin + EXCERPT]!r}"]
