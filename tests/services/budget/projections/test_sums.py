"""The sums on PostgreSQL: as of any cut they are the fold of the log up to it, however it was batched; nothing counts twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.budget import (
    CreditConsumed,
    CreditReleased,
    CreditReserved,
    CreditReturned,
    CreditsAdjusted,
    CreditsTransferredIn,
    CreditsTransferredOut,
    CreditsVoted,
)
from contracts.commitments import (
    AmountCommitted,
    AmountDecommitted,
    CommitmentReversed,
    LiquidationForecast,
    PaymentLiquidated,
    PaymentReversed,
    ReceiptCollected,
    RecoveryCollected,
    RecoveryEstablished,
    RightEstablished,
)
from contracts.types import known
from regesta.command import Command
from regesta.database import Connection
from regesta.event import Recorded
from regesta.testing import NOON
from regesta.view import View
from services.budget.domain.claim import CollectRecovery, EstablishRecovery
from services.budget.domain.commitment import Commit, Decommit, ReverseCommitment
from services.budget.domain.forecast import ForecastDossier, ForecastLine
from services.budget.domain.ledger import AdjustCredits, TransferCredits, VoteCredits, stated_cents
from services.budget.domain.line import OpenLine
from services.budget.domain.payment import Liquidate, ReversePayment
from services.budget.domain.receipt import CollectReceipt, EstablishRight
from services.budget.domain.sums import Tally, added, outstanding_cents, year_by_year
from services.budget.projections import sums
from services.budget.projections.totals import (
    Span,
    read_by_dossier,
    read_by_line,
    read_by_year,
    read_dossiers,
    read_of_dossiers,
)
from tests.services.budget.histories import COMMITMENTS, KINDS, LINES
from tests.services.budget.projections.test_batching import project, recorded
from tests.services.budget.samples import DOSSIER, LINE, ONE, OTHER_LINE, RECEIPTS, TWO
from tests.services.parking import parked_at

DOSSIERS: Final = (DOSSIER, "0193a5c0-7b1e-7000-8000-0000000000d2")
# So that every figure has something to count: two grants, one of them paid from another line, in part taken back and owed back.
START: Final[tuple[Command, ...]] = (
    *(OpenLine(line=line) for line in LINES),
    OpenLine(line=RECEIPTS),
    Commit(commitment=ONE, line=LINE, year=2022, amount_cents=120, dossier=DOSSIER),
    Liquidate(commitment=ONE, payment="P-1", year=2023, amount_cents=50, part="interim", line=OTHER_LINE),
    ReversePayment(commitment=ONE, payment="P-1", reversal="R-1", amount_cents=15, reason="Paid twice"),
    EstablishRecovery(commitment=ONE, recovery="V-1", amount_cents=5),
    CollectRecovery(commitment=ONE, recovery="V-1", amount_cents=2),
    Commit(commitment=TWO, line=OTHER_LINE, year=2023, amount_cents=90),
    Decommit(commitment=TWO, decommitment="D-1", amount_cents=10, reason="Left"),
)
cents: Final = st.integers(1, 120)
years: Final = st.integers(2022, 2025)
obligations: Final = st.sampled_from(COMMITMENTS)
references: Final = st.sampled_from(["A", "B"])
lines: Final = st.sampled_from(LINES)
commits: Final = st.builds(
    Commit,
    commitment=obligations,
    line=lines,
    year=years,
    amount_cents=st.integers(50, 120),
    dossier=st.sampled_from([None, *DOSSIERS]),
)
payments: Final = st.builds(
    Liquidate,
    commitment=obligations,
    payment=references,
    year=years,
    amount_cents=st.integers(1, 60),
    part=st.just("interim"),
    line=st.sampled_from([None, *LINES]),
)
commands: Final[st.SearchStrategy[list[Command]]] = st.lists(
    st.one_of(
        commits,
        payments,
        payments,
        st.builds(
            VoteCredits, line=lines, year=years, credit=st.sampled_from(KINDS), amount_cents=st.just(known(1_000))
        ),
        st.builds(AdjustCredits, line=lines, year=years, credit=st.sampled_from(KINDS), amount_cents=cents.map(known)),
        st.builds(
            TransferCredits,
            line=st.just(LINE),
            year=years,
            transfer=references,
            credit=st.sampled_from(KINDS),
            to_line=st.just(OTHER_LINE),
            amount_cents=cents,
        ),
        st.builds(
            Decommit, commitment=obligations, decommitment=references, amount_cents=cents, reason=st.just("Left")
        ),
        st.builds(ReverseCommitment, commitment=obligations, reason=st.just("Wrong line")),
        st.builds(
            ReversePayment,
            commitment=obligations,
            payment=references,
            reversal=references,
            amount_cents=st.none() | st.integers(1, 20),
            reason=st.just("Paid twice"),
        ),
        st.builds(EstablishRecovery, commitment=obligations, recovery=references, amount_cents=st.integers(1, 20)),
        st.builds(CollectRecovery, commitment=obligations, recovery=references, amount_cents=st.integers(1, 10)),
        st.builds(
            EstablishRight, receipt=st.sampled_from([ONE, TWO]), line=st.just(RECEIPTS), year=years, amount_cents=cents
        ),
        st.builds(CollectReceipt, receipt=st.sampled_from([ONE, TWO]), year=years, amount_cents=cents),
        st.builds(ForecastLine, line=lines, year=years, amount_cents=cents),
        st.builds(ForecastDossier, dossier=st.sampled_from(DOSSIERS), year=years, amount_cents=cents),
    ),
    max_size=50,
)
spans: Final = st.tuples(years, years).map(lambda ends: Span(min(ends), max(ends)))


class Recount:
    """What a prefix of the log comes to, per line, year and dossier, fact by fact in plain loops."""

    def __init__(self, log: Sequence[Recorded], span: Span) -> None:
        self.by_line: dict[str, Tally] = {}
        self.by_dossier: dict[str, Tally] = {}
        self.by_year: dict[int, Tally] = {}
        self.carried_cents = 0
        self._span = span
        opened: dict[str, AmountCommitted] = {}
        for each in log:
            event, key = each.event, each.key
            if isinstance(event, AmountCommitted):
                opened[key] = event
            match event:
                case AmountCommitted():
                    self._add("committed", event.line, event.year, event.dossier, event.amount_cents)
                case AmountDecommitted() | CommitmentReversed():
                    self._add("decommitted", event.line, event.year, opened[key].dossier, event.amount_cents)
                case PaymentLiquidated() | PaymentReversed():
                    signed = event.amount_cents * (1 if isinstance(event, PaymentLiquidated) else -1)
                    self._add("liquidated", event.line, event.year, event.dossier, signed)
                    self._add("settled", opened[key].line, event.year, opened[key].dossier, signed)
                case RecoveryEstablished():
                    self._add("recovery_due", opened[key].line, NOON.year, opened[key].dossier, event.amount_cents)
                case RecoveryCollected():
                    self._add("recovered", opened[key].line, NOON.year, opened[key].dossier, event.amount_cents)
                case RightEstablished():
                    self._add("right", event.line, event.year, None, event.amount_cents)
                case ReceiptCollected():
                    self._add("cash", event.line, event.year, None, event.amount_cents)
                case _:
                    pass
        self._forecasts(log)
        self._ledgers(log)

    def _add(self, name: str, line: str | None, year: int, dossier: str | None, amount_cents: int) -> None:
        if year > self._span.until:
            return
        if year < self._span.since:
            signs = {"committed": 1, "decommitted": -1, "settled": -1}
            name, amount_cents = "carried_over", signs.get(name, 0) * amount_cents
            self.carried_cents += amount_cents
        else:
            self.by_year.setdefault(year, Counter())[name] += amount_cents
        if line is not None:
            self.by_line.setdefault(line, Counter())[name] += amount_cents
        if dossier is not None:
            self.by_dossier.setdefault(dossier, Counter())[name] += amount_cents

    def _within(self, name: str, line: str, year: int, value: int) -> None:
        if self._span.since <= year <= self._span.until:
            self.by_line.setdefault(line, Counter())[name] += value
            self.by_year.setdefault(year, Counter())[name] += value

    def _forecasts(self, log: Sequence[Recorded]) -> None:
        newest = {
            (e.line, e.dossier, e.year): e.amount_cents for r in log if isinstance(e := r.event, LiquidationForecast)
        }
        for (line, dossier, year), amount_cents in newest.items():
            if line is not None:
                self._within("forecast", line, year, amount_cents)
                self._within("forecast_count", line, year, 1)
            elif dossier is not None and self._span.since <= year <= self._span.until:
                self.by_dossier.setdefault(dossier, Counter()).update(forecast=amount_cents, forecast_count=1)

    def _ledgers(self, log: Sequence[Recorded]) -> None:
        ledgers = {
            (e.line, e.year)
            for r in log
            if isinstance(
                e := r.event,
                CreditsVoted
                | CreditsAdjusted
                | CreditsTransferredIn
                | CreditsTransferredOut
                | CreditReserved
                | CreditReleased
                | CreditConsumed
                | CreditReturned,
            )
        }
        for line, year in ledgers:
            facts = [r.event for r in log if r.stream == f"ledger/{line}/{year}"]
            for credit, taking in (("commitment", CreditReserved), ("liquidation", CreditConsumed)):
                said = [
                    stated_cents(e.amount_cents)
                    for e in facts
                    if isinstance(e, CreditsVoted | CreditsAdjusted) and e.credit == credit
                ]
                moved = sum(
                    e.amount_cents if isinstance(e, CreditsTransferredIn) else -e.amount_cents
                    for e in facts
                    if isinstance(e, CreditsTransferredIn | CreditsTransferredOut) and e.credit == credit
                )
                unchecked = any(e.unchecked for e in facts if isinstance(e, taking))
                if said:
                    self._within(f"{credit}_stated", line, year, said[-1] or 0)
                    self._within(f"{credit}_voted", line, year, said[0] or 0)
                    self._within(f"{credit}_moved", line, year, moved)
                self._within(f"{credit}_stated_count", line, year, int(bool(said)))
                self._within(f"{credit}_unstated_count", line, year, int(not said))
                self._within(f"{credit}_unchecked_count", line, year, int(unchecked))


def plain(tallies: dict[str, Tally] | dict[int, Tally]) -> dict[object, dict[str, int]]:
    """Return tallies without zeros, for a sum of nothing is not kept by everyone."""
    rows = {key: {name: n for name, n in tally.items() if n} for key, tally in tallies.items()}
    return {key: row for key, row in rows.items() if row}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    commands, st.lists(st.integers(1, 100), max_size=6), st.lists(st.integers(1, 100), min_size=1, max_size=4), spans
)
async def test_at_every_cut_the_sums_are_the_fold_of_the_log_up_to_it(
    database: Connection, asked: list[Command], ends: list[int], cuts: list[int], span: Span
) -> None:
    log = recorded([*START, *asked])
    rows = await project(database, log, range(1, len(log)))
    assert {AmountDecommitted.name, PaymentReversed.name, RecoveryCollected.name} <= {each.type for each in log}
    assert await project(database, log, ends) == rows
    meanwhile, parked = parked_at(log, cuts[0])
    assert await project(database, [*meanwhile, *parked], [len(meanwhile)]) == rows
    for cut in {min(cut, len(log)) for cut in cuts} | {len(log)}:
        await _check(View(database, {"budget": cut}, ()), Recount(log[:cut], span), span)


async def _check(view: View, recount: Recount, span: Span) -> None:
    by_line = await read_by_line(view, span)
    by_year, carried_cents = await read_by_year(view, span)
    assert plain(by_line) == plain(recount.by_line)
    assert plain(by_year) == plain(recount.by_year)
    assert carried_cents == recount.carried_cents
    total = added(by_line.values())
    assert total["committed"] - total["decommitted"] >= 0
    if by_year:
        assert outstanding_cents(year_by_year(by_year, carried_cents)[-1].tally) == outstanding_cents(total)
    dossiers = await read_dossiers(view, span, "", 100)
    by_dossier = await read_by_dossier(view, span, dossiers)
    assert plain(by_dossier) == plain(recount.by_dossier)
    assert plain({"": await read_of_dossiers(view, span)}) == plain({"": added(by_dossier.values())})
    for line in LINES:
        only = await read_by_line(view, Span(span.since, span.until, [line]))
        assert plain(only) == plain({line: recount.by_line.get(line, Counter())})


async def test_blocks_and_the_entries_after_them_add_up(database: Connection) -> None:
    """So that a short log has whole blocks too, its positions are spread out."""
    history = [
        OpenLine(line=LINE),
        Commit(commitment=ONE, line=LINE, year=2024, amount_cents=100),
        *(Liquidate(commitment=ONE, payment=f"P-{n}", year=2024, amount_cents=n, part="interim") for n in range(1, 9)),
    ]
    log = [each._replace(position=each.position * sums.BLOCK // 3) for each in recorded(history)]
    await project(database, log, [3])
    for cut in (each.position + late for each in log for late in (-1, 0, 1)):
        tally = (await read_by_line(View(database, {"budget": cut}, ()), Span(2024, 2024))).get(LINE, Counter())
        before = [each.event for each in log if each.position <= cut]
        assert tally["liquidated"] == sum(e.amount_cents for e in before if isinstance(e, PaymentLiquidated))
        assert tally["committed"] == sum(e.amount_cents for e in before if isinstance(e, AmountCommitted))
