"""A commitment under all rules of evidence and credit, beside the append of the same facts alone, with 64 callers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from uuid import uuid4

from contracts import budget, objectives
from contracts.commitments import AmountCommitted
from contracts.decisions import ApprovalGranted, OpinionIssued
from contracts.dossiers import DossierOpened
from contracts.types import Text
from regesta.event import Event, Recorded, Registry
from regesta.identity import uuid7
from regesta.store import PostgresStore
from regesta.unit import Appended, NewEvent, Unit, data_of
from services.budget.domain.commitment import Commit
from tests.bench.ground import Ground
from tests.bench.hot import CALLERS, EMPTY, YEAR, commit, context, deciding, line, open_lines
from tests.bench.load import META, Clock
from tests.bench.rows import Figures, Row, at_least
from tests.conftest import execute

COMMANDS_EACH = 200
CENTS = 700_000
REGISTRY = Registry(budget.EVENTS, objectives.EVENTS)
# What an amount above the second limit needs.
STEPS: tuple[Event, ...] = (
    DossierOpened(kind="subsidy", title=Text(fr="Quartier")),
    OpinionIssued(by="inspector_of_finance", verdict="favourable"),
    ApprovalGranted(authority="budget_minister", step="grant", amount_cents=CENTS),
    ApprovalGranted(authority="minister", step="grant", amount_cents=CENTS),
)


async def rows(ground: Ground) -> AsyncIterator[Row]:
    """Yield what the rules cost."""
    each = ground.size(COMMANDS_EACH, 3)
    async with ground.database("budget") as database:

        async def ruled(*, evidence: bool) -> Figures:
            await execute(database.admin_dsn, EMPTY, "CHECKPOINT")
            async with deciding(database.dsn) as decider:
                await open_lines(decider, CALLERS)
                who = context("bench")

                async def caller(number: int) -> None:
                    for _ in range(each):
                        if evidence:
                            command = Commit(
                                commitment=str(uuid7()), line=line(number), year=YEAR, amount_cents=CENTS,
                                dossier=dossiers[number],
                            )  # fmt: skip
                            await decider.handle(command, who)
                        else:
                            await commit(decider, number, who)

                return await _timed(caller, each)

        async def alone() -> Figures:
            await execute(database.admin_dsn, EMPTY, "CHECKPOINT")
            async with PostgresStore("budget", database.dsn, REGISTRY) as store:

                async def caller(number: int) -> None:
                    for version in range(each):
                        assert isinstance(await store.append(_unit(number, version)), Appended)

                return await _timed(caller, each)

        dossiers = await _granted(database.dsn)
        trials = await ground.trials(
            {"evidence": lambda: ruled(evidence=True), "ledger": lambda: ruled(evidence=False), "alone": alone}
        )
    name, beside = f"commit, {CALLERS} callers", "append of the same facts"
    plain = trials.of("alone", "rate")
    yield Row(
        f"{name}, with evidence and credits",
        trials.of("evidence", "rate"),
        "commands/s",
        beside,
        plain,
        at_least(0.5),
        2,
    )
    yield Row(f"{name}, with credits, on no dossier", trials.of("ledger", "rate"), "commands/s", beside, plain)


async def _timed(caller: object, each: int) -> Figures:
    assert callable(caller)
    clock = Clock()
    with clock.running():
        await asyncio.gather(*(caller(number) for number in range(CALLERS)))
    return {"rate": CALLERS * each / clock.seconds}


async def _granted(dsn: str) -> list[str]:
    """Put a dossier for each caller into the replica of objectives; return their ids."""
    dossiers, log = [str(uuid4()) for _ in range(CALLERS)], str(uuid4())
    async with PostgresStore("budget", dsn, REGISTRY) as store:
        await store.replicate(log, _history(dossiers, log))
    return dossiers


def _history(dossiers: Sequence[str], log: str) -> list[Recorded]:
    now = datetime.now(UTC)
    told = [(dossier, version, step) for dossier in dossiers for version, step in enumerate(STEPS, start=1)]
    return [
        Recorded(
            "objectives", position, f"dossier/{dossier}", version, now, step.name, data_of(step), log, REGISTRY, "bench"
        )
        for position, (dossier, version, step) in enumerate(told, start=1)
    ]


def _unit(number: int, version: int) -> Unit:
    """Return what a commitment is stored as: it and its charge on the ledger of a caller."""
    commitment = str(uuid7())
    made = AmountCommitted(line=line(number), year=YEAR, amount_cents=CENTS, inputs={"objectives": 256})
    charged = budget.CreditReserved(line=line(number), year=YEAR, commitment=commitment, amount_cents=CENTS)
    opened, ledger = f"commitment/{commitment}", f"ledger/{line(number)}/{YEAR}"
    facts = [(opened, 1, made), (ledger, version + 1, charged)]
    events = [NewEvent(stream, at, event.name, META, data_of(event)) for stream, at, event in facts]
    return Unit({opened: 0, ledger: version}, events)
