"""Deciding through `handle`: 64 callers on one ledger of budget beside 64 ledgers, and two processes on one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from statistics import median

import asyncpg

from contracts import budget, objectives
from contracts.allocation import LineKey
from contracts.types import MOST_CENTS, Text, known
from regesta.command import Context
from regesta.decider import Decider
from regesta.elsewhere import Elsewhere
from regesta.envelope import Envelope, Key
from regesta.event import Registry
from regesta.identity import uuid7
from regesta.reference import References
from regesta.store import PostgresStore
from services.budget.app import AGGREGATES, ELSEWHERE, RULES
from services.budget.domain.commitment import Commit
from services.budget.domain.ledger import VoteCredits
from services.budget.domain.line import OpenLine
from tests.bench.ground import Ground
from tests.bench.jobs import Job, Told, together
from tests.bench.load import HASH, Clock, quantile
from tests.bench.rows import Figures, Row, at_least, at_most
from tests.conftest import execute

CALLERS = 64
FEW = 4
COMMANDS_EACH = 400
YEAR = 2026
EMPTY = "TRUNCATE log.events, log.keys"
# A unit of the log is a turn on the stream; whose it is stands in its events.
TURNS = "SELECT meta->>'actor' AS actor, count(DISTINCT unit) AS turns FROM log.events WHERE type = $1 GROUP BY 1"


def line(number: int) -> LineKey:
    """Return one of the budget lines."""
    return f"bench{number}.33.004.28.01.6321"


def context(actor: str) -> Context:
    """Return who commands."""
    return Context(actor, frozenset({"administrator"}), frozenset({"*"}), datetime.now(UTC))


@asynccontextmanager
async def deciding(dsn: str) -> AsyncIterator[Decider]:
    """Give the decider of budget on a log."""
    async with PostgresStore("budget", dsn, Registry(budget.EVENTS, objectives.EVENTS)) as store:
        decider = Decider(store, AGGREGATES, RULES, Elsewhere(store, References(store, {}), ELSEWHERE))
        running = asyncio.create_task(decider.run())
        try:
            yield decider
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running


async def open_lines(decider: Decider, lines: int) -> None:
    """Open lines with credits that nobody uses up."""
    who = context("bench")
    for number in range(lines):
        label = Text(fr="Ligne", nl="Lijn")
        await decider.handle(OpenLine(line=line(number), label=label), who)
        vote = VoteCredits(line=line(number), year=YEAR, credit="commitment", amount_cents=known(MOST_CENTS // 2))
        await decider.handle(vote, who)


async def commit(decider: Decider, number: int, who: Context) -> float:
    """Commit one cent on a line with a key; return the seconds it took."""
    command = Commit(commitment=str(uuid7()), line=line(number), year=YEAR, amount_cents=1)
    began = time.perf_counter()
    await decider.handle(command, who, Envelope(Key("bench", command.commitment, HASH)))
    return time.perf_counter() - began


async def rows(ground: Ground) -> AsyncIterator[Row]:
    """Yield the rows of one process, then of two."""
    async with ground.database() as database:

        async def handled(lines: int) -> Figures:
            await execute(database.admin_dsn, EMPTY, "CHECKPOINT")
            async with deciding(database.dsn) as decider:
                await open_lines(decider, lines)
                return await by_all(decider, lines, ground.size(COMMANDS_EACH, 5))

        async def shared() -> Figures:
            await execute(database.admin_dsn, EMPTY, "CHECKPOINT")
            async with deciding(database.dsn) as decider:
                await open_lines(decider, 1)
            return await by_two(database.dsn, database.admin_dsn, 0.3 if ground.short else 4.0)

        trials = await ground.trials({"one": lambda: handled(1), "many": lambda: handled(CALLERS), "two": shared})
    name = f"handle, {CALLERS} callers on one ledger"
    rate, many = trials.of("one", "rate"), trials.of("many", "rate")
    yield Row(name, rate, "commands/s", f"on {CALLERS} ledgers", many, at_least(0.7), 2)
    slowest, middle = trials.of("one", "slowest ms"), trials.of("one", "median ms")
    yield Row(f"{name}: p99 of the slowest", slowest, "ms", "p99 of the median caller", middle, at_most(3), 2)
    name = f"two processes on one ledger, {CALLERS} callers against {FEW}"
    yield Row(f"{name}: turns of the lesser", trials.of("two", "turns"), "", bar=at_least(0.333, "value"))
    yield Row(f"{name}: worst wait", trials.of("two", "worst ms"), "ms", bar=at_most(100, "value"))
    yield Row(f"{name}: both", trials.of("two", "rate"), "commands/s", "one process", rate)
    yield Row(f"{name}: commands of the {FEW}", trials.of("two", "few"), "commands/s")


async def by_all(decider: Decider, lines: int, each: int) -> Figures:
    """Let all callers commit, caller n on line n or on the only one."""
    who = context("bench")

    async def caller(number: int) -> list[float]:
        return [await commit(decider, number % lines, who) for _ in range(each)]

    clock = Clock()
    with clock.running():
        took = await asyncio.gather(*(caller(number) for number in range(CALLERS)))
    p99s = [quantile(mine, 0.99) * 1e3 for mine in took]
    return {
        "rate": CALLERS * each / clock.seconds,
        "slowest ms": max(p99s),
        "median ms": median(p99s),
    }


async def by_two(dsn: str, admin_dsn: str, seconds: float) -> Figures:
    """Let two processes commit on one ledger, one with many callers and one with few."""
    told: list[Told] = [
        {"dsn": dsn, "callers": callers, "seconds": seconds, "actor": f"of {callers}"} for callers in (CALLERS, FEW)
    ]
    many, few = await together([Job("handle", each) for each in told])
    connection = await asyncpg.connect(admin_dsn)
    try:
        turns = [row["turns"] for row in await connection.fetch(TURNS, budget.CreditReserved.name)]
    finally:
        await connection.close()
    return {
        "rate": (many["commands"] + few["commands"]) / seconds,
        "few": few["commands"] / seconds,
        "turns": min(turns) / sum(turns) if len(turns) == 2 else 0.0,
        "worst ms": max(many["worst ms"], few["worst ms"]),
    }


@asynccontextmanager
async def handling(told: Told) -> AsyncIterator[Callable[[], Awaitable[Figures]]]:
    """Give a job that commits on one ledger for some seconds."""
    seconds, callers, who = float(told["seconds"]), int(told["callers"]), context(str(told["actor"]))
    async with deciding(str(told["dsn"])) as decider:

        async def caller(until: float) -> list[float]:
            took = []
            while time.perf_counter() < until:
                took.append(await commit(decider, 0, who))
            return took

        async def handle() -> Figures:
            until = time.perf_counter() + seconds
            found = await asyncio.gather(*(caller(until) for _ in range(callers)))
            return {"commands": sum(map(len, found)), "worst ms": max(max(took) for took in found) * 1e3}

        yield handle
