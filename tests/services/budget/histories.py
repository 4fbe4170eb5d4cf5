"""Random commands on money, and a model of plain sums that says what each must come to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from hypothesis import strategies as st

from contracts.budget import CreditKind
from contracts.types import known
from regesta.command import Command
from services.budget.domain.commitment import Commit, Decommit
from services.budget.domain.ledger import AdjustCredits, TransferCredits, VoteCredits
from services.budget.domain.line import OpenLine
from services.budget.domain.payment import Liquidate, ReversePayment
from tests.services.budget.samples import CONVENTION, LINE, ONE, OTHER_LINE, TWO, sign

LINES: Final = (LINE, OTHER_LINE)
KINDS: Final[tuple[CreditKind, ...]] = ("commitment", "liquidation")
COMMITMENTS: Final = (ONE, TWO, "0193a5c0-7b1e-7000-8000-000000000003")
START_CENTS: Final = 100
AGREED_CENTS: Final = 130
# What a command comes to: recorded, recorded before, or the code of a refusal.
Outcome: TypeAlias = str

SETUP: Final[tuple[Command, ...]] = (
    *(OpenLine(line=line) for line in LINES),
    *(
        VoteCredits(line=line, year=2024, credit=credit, amount_cents=known(START_CENTS))
        for line in LINES
        for credit in KINDS
    ),
    sign(AGREED_CENTS),
)

cents: Final = st.integers(1, 120)
references: Final = st.sampled_from(["A", "B", "C", "D"])
commits: Final = st.builds(
    Commit,
    commitment=st.sampled_from(COMMITMENTS),
    line=st.sampled_from(LINES),
    year=st.just(2024),
    amount_cents=cents,
    convention=st.sampled_from([None, CONVENTION]),
)
decommits: Final = st.builds(
    Decommit,
    commitment=st.sampled_from(COMMITMENTS),
    decommitment=references,
    amount_cents=cents,
    reason=st.just("Final account"),
)
payments: Final = st.builds(
    Liquidate,
    commitment=st.sampled_from(COMMITMENTS),
    payment=references,
    year=st.just(2024),
    amount_cents=cents,
    part=st.just("interim"),
)
reversals: Final = st.builds(
    ReversePayment,
    commitment=st.sampled_from(COMMITMENTS),
    payment=references,
    reversal=st.just("R"),
    reason=st.just("Paid twice"),
)
adjustments: Final = st.builds(
    AdjustCredits,
    line=st.sampled_from(LINES),
    year=st.just(2024),
    credit=st.sampled_from(KINDS),
    amount_cents=st.integers(0, 150).map(known),
)
transfers: Final = st.builds(
    TransferCredits,
    line=st.just(LINE),
    year=st.just(2024),
    transfer=references,
    credit=st.sampled_from(KINDS),
    to_line=st.just(OTHER_LINE),
    amount_cents=cents,
)
histories: Final[st.SearchStrategy[Sequence[Command]]] = st.lists(
    st.one_of(commits, payments, payments, decommits, reversals, adjustments, transfers), max_size=40
)


@dataclass
class Obligation:
    """A commitment of the model."""

    line: str
    committed: int
    convention: str | None = None
    decommitted: int = 0
    decommitments: dict[str, int] = field(default_factory=dict)
    payments: dict[str, int] = field(default_factory=dict)
    reversed: set[str] = field(default_factory=set)

    @property
    def liquidated(self) -> int:
        return sum(paid for payment, paid in self.payments.items() if payment not in self.reversed)

    @property
    def outstanding(self) -> int:
        return self.committed - self.decommitted - self.liquidated


@dataclass
class Model:
    """Sums in plain dictionaries, after SETUP. One command after the other, as if nobody else were there."""

    stated: dict[tuple[str, str], int] = field(
        default_factory=lambda: {(line, kind): START_CENTS for line in LINES for kind in KINDS}
    )
    obligations: dict[str, Obligation] = field(default_factory=dict)
    moved: dict[str, tuple[str, int]] = field(default_factory=dict)

    def credits(self, line: str, kind: str) -> int:
        """Return the credits after transfers."""
        sign = -1 if line == LINE else 1
        return self.stated[line, kind] + sum(sign * cents for moved, cents in self.moved.values() if moved == kind)

    def used(self, line: str, kind: str) -> int:
        """Return what is committed or liquidated on a line."""
        on_line = [each for each in self.obligations.values() if each.line == line]
        return sum(each.committed - each.decommitted if kind == "commitment" else each.liquidated for each in on_line)

    def agreed(self) -> int:
        """Return what is committed under the convention."""
        under = [each for each in self.obligations.values() if each.convention is not None]
        return sum(each.committed - each.decommitted for each in under)

    def apply(self, command: Command) -> Outcome:
        """Return what a command must come to, and take it in."""
        match command:
            case Commit():
                return self._commit(command)
            case AdjustCredits():
                return self._adjust(command)
            case TransferCredits():
                return self._transfer(command)
            case Decommit() | Liquidate() | ReversePayment():
                obligation = self.obligations.get(command.commitment)
                return "unknown-commitment" if obligation is None else self._change(obligation, command)
            case _:
                raise AssertionError(command)

    def _commit(self, command: Commit) -> Outcome:
        known = self.obligations.get(command.commitment)
        if known is not None:
            asked = (command.line, command.amount_cents, command.convention)
            same = (known.line, known.committed, known.convention) == asked
            return "same" if same else "commitment-differs"
        if command.convention is not None and self.agreed() + command.amount_cents > AGREED_CENTS:
            return "overcommits-convention"
        if self.used(command.line, "commitment") + command.amount_cents > self.credits(command.line, "commitment"):
            return "exceeds-credits"
        self.obligations[command.commitment] = Obligation(command.line, command.amount_cents, command.convention)
        return "recorded"

    def _change(self, obligation: Obligation, command: Decommit | Liquidate | ReversePayment) -> Outcome:
        match command:
            case Decommit():
                return self._decommit(obligation, command)
            case Liquidate():
                return self._pay(obligation, command)
            case ReversePayment():
                if command.payment not in obligation.payments:
                    return "unknown-payment"
                before = command.payment in obligation.reversed
                obligation.reversed.add(command.payment)
                return "same" if before else "recorded"

    def _decommit(self, obligation: Obligation, command: Decommit) -> Outcome:
        known = obligation.decommitments.get(command.decommitment)
        if known is not None:
            return "same" if known == command.amount_cents else "decommitment-differs"
        if command.amount_cents > obligation.outstanding:
            return "exceeds-commitment"
        obligation.decommitments[command.decommitment] = command.amount_cents
        obligation.decommitted += command.amount_cents
        return "recorded"

    def _pay(self, obligation: Obligation, command: Liquidate) -> Outcome:
        known = obligation.payments.get(command.payment)
        if known is not None:
            return "same" if known == command.amount_cents else "payment-differs"
        if command.amount_cents > obligation.outstanding:
            return "exceeds-commitment"
        line = obligation.line
        if self.used(line, "liquidation") + command.amount_cents > self.credits(line, "liquidation"):
            return "exceeds-credits"
        obligation.payments[command.payment] = command.amount_cents
        return "recorded"

    def _adjust(self, command: AdjustCredits) -> Outcome:
        key = (command.line, command.credit)
        before, after = self.stated[key], command.amount_cents.model_dump()["value"]
        if before == after:
            return "same"
        if self.credits(*key) - before + after < self.used(*key):
            return "credits-below-use"
        self.stated[key] = after
        return "recorded"

    def _transfer(self, command: TransferCredits) -> Outcome:
        known = self.moved.get(command.transfer)
        if known is not None:
            return "same" if known == (command.credit, command.amount_cents) else "transfer-differs"
        if self.credits(LINE, command.credit) - command.amount_cents < self.used(LINE, command.credit):
            return "credits-below-use"
        self.moved[command.transfer] = (command.credit, command.amount_cents)
        return "recorded"
