"""The read models on PostgreSQL: any batching gives the same rows, and as of any cut they are what a plain recount gives."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise
from typing import Final

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts import budget
from contracts.budget import CreditConsumed, CreditReleased, CreditReserved, CreditReturned
from contracts.commitments import (
    AmountCommitted,
    AmountDecommitted,
    CommitmentReversed,
    ConventionCommitted,
    ConventionReleased,
)
from regesta.command import Command
from regesta.database import Connection
from regesta.errors import RegestaError
from regesta.event import Event, Recorded, Registry
from regesta.testing import NOON, Domain
from regesta.view import View
from services.budget.app import AGGREGATES, ELSEWHERE, RULES, SERVICE
from services.budget.domain.assignment import AssignLine, PrintAllocation, UnassignLine, WithdrawFact
from services.budget.domain.claim import CollectRecovery, EstablishRecovery, ReceiveClaim, RejectClaim
from services.budget.domain.commitment import ReverseCommitment
from services.budget.domain.convention import AmendConvention, TerminateConvention
from services.budget.domain.forecast import ForecastLine
from services.budget.domain.line import OpenLine
from services.budget.domain.receipt import CollectReceipt, EstablishRight
from services.budget.projections.commitments import read_commitment
from services.budget.projections.conventions import read_convention
from services.budget.projections.ledgers import read_ledger
from services.budget.projections.payments import read_payments
from tests.services.budget.histories import (
    AGREED_CENTS,
    COMMITMENTS,
    LINES,
    SETUP,
    adjustments,
    cents,
    commits,
    decommits,
    payments,
    references,
    reversals,
    transfers,
)
from tests.services.budget.samples import CONVENTION, LINE, OBJECTIVE, ONE, RECEIPTS, TWO, commit, pay
from tests.services.parking import parked_at

REGISTRY: Final = Registry(budget.EVENTS)
UNDER_CONVENTION: Final = "0193a5c0-7b1e-7000-8000-0000000000ff"
# So that every kind of row has something to change.
START: Final[tuple[Command, ...]] = (
    *SETUP,
    OpenLine(line=RECEIPTS),
    AmendConvention(convention=CONVENTION, amount_cents=AGREED_CENTS, advance_ppm=250_000),
    commit(60, UNDER_CONVENTION, convention=CONVENTION),
    EstablishRight(receipt=ONE, line=RECEIPTS, year=2024, amount_cents=1_000),
)
ids: Final = st.sampled_from([ONE, TWO])
obligations: Final = st.sampled_from(COMMITMENTS)
others: Final[st.SearchStrategy[Command]] = st.one_of(
    st.builds(AssignLine, objective=st.just(OBJECTIVE), assignment=ids, line=st.sampled_from(LINES)),
    st.builds(UnassignLine, objective=st.just(OBJECTIVE), assignment=ids),
    st.builds(PrintAllocation, objective=st.just(OBJECTIVE), as_printed=references, reason=st.just("Too short")),
    st.builds(
        WithdrawFact,
        objective=st.just(OBJECTIVE),
        event=st.integers(12, 40).map(lambda position: f"budget:{position}"),
        reason=st.just("Read wrongly"),
    ),
    st.builds(ReceiveClaim, commitment=obligations, claim=references, amount_cents=cents),
    st.builds(RejectClaim, commitment=obligations, claim=references, reason=st.just("No evidence")),
    st.builds(EstablishRecovery, commitment=obligations, recovery=references, amount_cents=st.integers(1, 20)),
    st.builds(CollectRecovery, commitment=obligations, recovery=references, amount_cents=st.integers(1, 10)),
    st.builds(ReverseCommitment, commitment=obligations, reason=st.just("Wrong line")),
    st.builds(AmendConvention, convention=st.just(CONVENTION), amount_cents=cents),
    st.builds(TerminateConvention, convention=st.just(CONVENTION), reason=st.just("Given up")),
    st.builds(
        pay, st.integers(1, 30), references, part=st.sampled_from(["advance", "interim"]), of=st.just(UNDER_CONVENTION)
    ),
    st.builds(ForecastLine, line=st.just(LINE), year=st.just(2024), amount_cents=cents),
    st.builds(CollectReceipt, receipt=st.just(ONE), year=st.just(2024), amount_cents=cents),
)
mixed: Final = st.lists(
    st.one_of(commits, commits, payments, payments, decommits, reversals, adjustments, transfers, others, others),
    max_size=60,
)


def recorded(commands: Sequence[Command]) -> list[Recorded]:
    """Return the log that some commands leave, refused ones left out."""
    domain = Domain((*AGGREGATES, *ELSEWHERE), RULES)
    log: list[Recorded] = []
    versions: dict[str, int] = {}
    for command in commands:
        with suppress(RegestaError):
            for stream, events in domain.when(command).items():
                for event in events:
                    versions[stream] = versions.get(stream, 0) + 1
                    log.append(_recorded(len(log) + 1, stream, versions[stream], event))
    return log


def _recorded(position: int, stream: str, version: int, event: Event) -> Recorded:
    raw = event.model_dump_json(exclude_none=True)
    return Recorded("budget", position, stream, version, NOON, event.name, raw, "log", REGISTRY, "officer")


async def project(db: Connection, log: Sequence[Recorded], ends: Sequence[int]) -> dict[str, list[str]]:
    """Fold a log into empty tables, in batches that end at some places, and return all rows as text."""
    tables = [table for projection in SERVICE.projections for table in projection.tables]
    await db.execute(";".join(f"DELETE FROM {table}" for table in tables))
    for start, end in pairwise([0, *sorted({each for each in ends if 0 < each < len(log)}), len(log)]):
        for projection in SERVICE.projections:
            facts = [(each, event) for each in log[start:end] if isinstance(event := each.event, projection.events)]
            if facts:
                await projection.project(db, facts)
    return {
        table: [row["row"] for row in await db.fetch(f"SELECT t::text AS row FROM {table} AS t ORDER BY 1")]
        for table in tables
    }


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(mixed, st.lists(st.integers(1, 100), max_size=8), st.lists(st.integers(1, 100), min_size=1, max_size=4))
async def test_any_batching_gives_the_rows_of_a_recount(
    database: Connection, commands: list[Command], ends: list[int], cuts: list[int]
) -> None:
    log = recorded([*START, *commands])
    one_by_one = await project(database, log, range(1, len(log)))
    assert await project(database, log, ends) == one_by_one
    assert await project(database, log, []) == one_by_one
    meanwhile, parked = parked_at(log, cuts[0])
    assert await project(database, [*meanwhile, *parked], [len(meanwhile)]) == one_by_one

    for cut in {min(cut, len(log)) for cut in cuts}:
        view = View(database, {"budget": cut}, ())
        for line in LINES:
            await _check_ledger(view, line, log[:cut])
        for commitment in {each.stream.partition("/")[2] for each in log[:cut] if each.version == 1}:
            await _check_commitment(view, commitment, log[:cut])
        await _check_convention(view, log[:cut])


async def _check_ledger(view: View, line: str, log: Sequence[Recorded]) -> None:
    ledger, version = await read_ledger(view, line, 2024)
    facts = [(each, each.event) for each in log if each.stream == f"ledger/{line}/2024"]
    assert version == len(facts)
    for credit, kinds in (
        (ledger.commitment, (CreditReserved, CreditReleased)),
        (ledger.liquidation, (CreditConsumed, CreditReturned)),
    ):
        used = [(each.name, event.signed_cents) for each, event in facts if isinstance(event, kinds)]
        assert credit.used.cents == sum(signed for _, signed in used)
        assert list(credit.used.events) == [name for name, _ in used]


async def _check_commitment(view: View, commitment: str, log: Sequence[Recorded]) -> None:
    facts = [(each, each.event) for each in log if each.stream == f"commitment/{commitment}"]
    if not facts:
        return
    shown, version = await read_commitment(view, commitment)
    paid = await read_payments(view, commitment)
    opened = facts[0][1]
    assert isinstance(opened, AmountCommitted)
    released = [event for _, event in facts if isinstance(event, AmountDecommitted | CommitmentReversed)]
    assert version == len(facts)
    assert shown.decommitted.cents == sum(event.amount_cents for event in released)
    standing = sum((each.liquidated.cents or 0) - (each.reversed.cents or 0) for each in paid)
    assert shown.liquidated.cents == standing
    assert shown.outstanding.cents == opened.amount_cents - (shown.decommitted.cents or 0) - standing
    assert sorted(shown.liquidated.events) == sorted(name for each in paid for name in each.events)


async def _check_convention(view: View, log: Sequence[Recorded]) -> None:
    facts = [(each, each.event) for each in log if each.stream == f"convention/{CONVENTION}"]
    if not facts:
        return
    shown, version = await read_convention(view, CONVENTION)
    held = [(each.name, event) for each, event in facts if isinstance(event, ConventionCommitted | ConventionReleased)]
    signed = [e.amount_cents if isinstance(e, ConventionCommitted) else -e.amount_cents for _, e in held]
    assert version == len(facts)
    assert shown.committed.cents == sum(signed)
    assert list(shown.committed.events) == [name for name, _ in held]
