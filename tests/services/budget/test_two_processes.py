"""Two operating-system processes on one ledger: no sum is ever exceeded, every answer is right, none starves."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Final

from pydantic import BaseModel

from contracts import budget
from contracts.commitments import AmountCommitted, PaymentLiquidated
from contracts.types import known
from regesta.command import AnyAggregate, Context, State
from regesta.decider import Decider
from regesta.elsewhere import Elsewhere
from regesta.event import Recorded, Registry, split_name
from regesta.reference import References
from regesta.store import PostgresStore
from regesta.testing import NOON
from services.budget.app import AGGREGATES, ELSEWHERE, RULES
from services.budget.domain.commitment import Commitment
from services.budget.domain.ledger import Ledger, VoteCredits
from services.budget.domain.line import OpenLine
from tests.conftest import FreshDatabase
from tests.services.budget.hammer import CENTS, ROUNDS
from tests.services.budget.samples import LEDGER, LINE, ONE, TWO, commit

FOLDS: Final[dict[type[State], AnyAggregate]] = {aggregate.state: aggregate for aggregate in AGGREGATES}
ROOT: Final = Path(__file__).parents[3]
PROCESSES: Final = ("left", "right")
# Less than the two processes ask for together, more than what one of them asks for.
FOR_COMMITMENTS_CENTS: Final = 2_000
FOR_PAYMENTS_CENTS: Final = 1_800
OF_TWO_CENTS: Final = 1_700
# Not a bound: the ledger is.
OF_ONE_CENTS: Final = 10_000
WORST_SECONDS: Final = 2.0


class Result(BaseModel):
    """What one command came to (see hammer)."""

    stream: str
    outcome: str
    event: str | None
    left_cents: int | None
    seconds: float


async def prepare(dsn: str) -> int:
    """Open the ledger and the two commitments on which both processes pay; return the last position."""
    for_all_cents = FOR_COMMITMENTS_CENTS + OF_ONE_CENTS + OF_TWO_CENTS
    commands = (
        OpenLine(line=LINE),
        VoteCredits(line=LINE, year=2024, credit="commitment", amount_cents=known(for_all_cents)),
        VoteCredits(line=LINE, year=2024, credit="liquidation", amount_cents=known(FOR_PAYMENTS_CENTS)),
        commit(OF_ONE_CENTS, ONE),
        commit(OF_TWO_CENTS, TWO),
    )
    async with PostgresStore("budget", dsn, Registry(budget.EVENTS)) as store:
        decider = Decider(store, AGGREGATES, RULES, Elsewhere(store, References(store, {}), ELSEWHERE))
        running = asyncio.create_task(decider.run())
        for command in commands:
            await decider.handle(command, Context("officer", frozenset(), frozenset(), NOON))
        running.cancel()
        return (await store.head("budget")).position


async def hammer(dsn: str) -> dict[str, list[Result]]:
    """Run the two processes at the same time and return what they say."""
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.services.budget.hammer", dsn, name,
            cwd=ROOT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )
        for name in PROCESSES
    ]  # fmt: skip
    for process in processes:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
    said = await asyncio.gather(*(process.communicate(b"go\n") for process in processes))
    assert [process.returncode for process in processes] == [0, 0]
    lines = {name: out.splitlines() for name, (out, _) in zip(PROCESSES, said, strict=True)}
    return {name: [Result.model_validate(json.loads(line)) for line in each] for name, each in lines.items()}


async def log_of(dsn: str) -> list[Recorded]:
    async with PostgresStore("budget", dsn, Registry(budget.EVENTS)) as store:
        return await store.read("budget", 0, 100_000)


def check_bounds(log: list[Recorded]) -> None:
    """Fold the log and check at each event that no sum is beyond its bound."""
    line = Ledger(LEDGER)
    commitments: dict[str, Commitment] = {}
    for recorded in log:
        event = recorded.event
        assert event is not None
        if recorded.stream == LEDGER:
            FOLDS[Ledger].apply(line, event, recorded.position)
            for credit in (line.of("commitment"), line.of("liquidation")):
                assert credit.amount_cents is None or 0 <= credit.used_cents <= credit.amount_cents
        elif recorded.stream.startswith("commitment/"):
            state = commitments.setdefault(recorded.stream, Commitment(recorded.stream))
            FOLDS[Commitment].apply(state, event, recorded.position)
            assert state.outstanding_cents >= 0


async def test_two_processes_on_one_ledger(fresh_database: FreshDatabase) -> None:
    dsn = (await fresh_database("budget")).dsn
    prepared = await prepare(dsn)
    async with asyncio.timeout(90):
        results = await hammer(dsn)
    log = await log_of(dsn)

    check_bounds(log)
    everything = [result for each in results.values() for result in each]
    assert len(everything) == len(PROCESSES) * ROUNDS * 3
    check_answers(
        [each for each in everything if each.stream == f"commitment/{ONE}"], FOR_PAYMENTS_CENTS, "exceeds-credits"
    )
    check_answers(
        [each for each in everything if each.stream == f"commitment/{TWO}"], OF_TWO_CENTS, "exceeds-commitment"
    )
    shared = (f"commitment/{ONE}", f"commitment/{TWO}")
    check_answers([each for each in everything if each.stream not in shared], FOR_COMMITMENTS_CENTS, "exceeds-credits")
    # What was acknowledged is what is recorded.
    acknowledged = sorted(split_name(each.event)[1] for each in everything if each.event is not None)
    kinds = AmountCommitted | PaymentLiquidated
    assert acknowledged == [each.position for each in log[prepared:] if isinstance(each.event, kinds)]
    # None starves: nobody is told to try again, waits long, or finds everything taken by the other.
    assert max(result.seconds for result in everything) < WORST_SECONDS
    for each in results.values():
        assert sum(result.event is not None for result in each) > len(acknowledged) / 5


def check_answers(results: list[Result], total_cents: int, code: str) -> None:
    """Check that all there was is given out, to the last cent, and that each refusal says that nothing was left."""
    assert sum(result.outcome == "recorded" for result in results) * CENTS == total_cents
    assert {(result.outcome, result.left_cents) for result in results} == {("recorded", None), (code, 0)}
