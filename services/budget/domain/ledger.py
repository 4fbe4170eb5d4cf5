"""The credits of a line in a year: ledger/{line}/{year}. The boundary within which nothing is used beyond its credits."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar, TypeAlias, assert_never

from contracts.allocation import LineKey
from contracts.budget import (
    CreditConsumed,
    CreditKind,
    CreditReleased,
    CreditReserved,
    CreditReturned,
    CreditsAdjusted,
    CreditsTransferredIn,
    CreditsTransferredOut,
    CreditsVoted,
)
from contracts.types import (
    MOST_CENTS,
    UNKNOWN,
    BoundedPrinted,
    ByReference,
    Cents,
    CommitmentId,
    Empty,
    Known,
    Origin,
    PathRef,
    PositiveCents,
    Ref,
    Stated,
    Year,
)
from regesta.command import Context, Facts, Read, State, fact, judge, nothing, recorded, repeats
from regesta.errors import Refused
from services.budget.domain.command import BudgetCommand
from services.budget.domain.errors import (
    CreditsBelowUse,
    ExceedsCredits,
    NotVoted,
    SameLine,
    TotalTooLarge,
    TransferDiffers,
    VoteDiffers,
)
from services.budget.domain.line import spending

Amount: TypeAlias = Known[int] | Empty | ByReference
LedgerEvent: TypeAlias = (
    CreditsVoted
    | CreditsAdjusted
    | CreditsTransferredOut
    | CreditsTransferredIn
    | CreditReserved
    | CreditReleased
    | CreditConsumed
    | CreditReturned
)


@dataclass(frozen=True, slots=True)
class Credits:
    """Credits of one kind. stated: as voted or last adjusted. transferred_cents: in less out. used_cents: net."""

    stated: Amount = UNKNOWN
    transferred_cents: int = 0
    used_cents: int = 0

    @property
    def amount_cents(self) -> int | None:
        """What may be used, after transfers; None when it was never stated, which is neither zero nor infinite."""
        stated = stated_cents(self.stated)
        return None if stated is None else stated + self.transferred_cents


@dataclass(slots=True)
class Ledger(State):
    """The credits of a line in a year. voted: the vote; restated: the vote or its last adjustment; transfers: by reference."""

    prefix: ClassVar[str] = "ledger"

    credits: dict[CreditKind, Credits] = field(default_factory=dict)
    voted: dict[CreditKind, CreditsVoted] = field(default_factory=dict)
    restated: dict[CreditKind, CreditsVoted | CreditsAdjusted] = field(default_factory=dict)
    transfers: dict[str, CreditsTransferredOut | CreditsTransferredIn] = field(default_factory=dict)

    @property
    def line(self) -> LineKey:
        """Whose credits these are."""
        return self.key.rpartition("/")[0]

    @property
    def year(self) -> int:
        """Of which budget."""
        return int(self.key.rpartition("/")[2])

    def of(self, credit: CreditKind) -> Credits:
        """Return the credits of one kind."""
        return self.credits.get(credit, Credits())


def ledger_key(line: LineKey, year: int) -> str:
    """Return the key of a line's ledger for a year."""
    return f"{line}/{year}"


def stated_cents(amount: Amount) -> int | None:
    """Return a stated amount: 0 for a stated none, None for every other kind of empty."""
    match amount:
        case Known(value=cents):
            return cents
        case Empty(state="none"):
            return 0
        case _:
            return None


class CreditsCommand(BudgetCommand):
    """A command on credits of one kind. origin: the system that reports it; None when it is decided here."""

    scope = "budget:credits"

    line: LineKey
    year: Year
    credit: CreditKind
    origin: Origin | None = None

    @property
    def stream(self) -> str:
        """The ledger; of a transfer, the one that the credits leave."""
        return Ledger.name_of(ledger_key(self.line, self.year))


class VoteCredits(CreditsCommand):
    """State the credits of a line and year as Parliament voted them, before transfers. as_given: "12,5 Mio"."""

    name = "vote-credits"

    amount_cents: Stated[Cents]
    as_given: BoundedPrinted | None = None


class AdjustCredits(CreditsCommand):
    """Change voted credits. amount_cents: their new amount before transfers, not the change."""

    name = "adjust-credits"

    amount_cents: Stated[Cents]
    as_given: BoundedPrinted | None = None


class TransferCredits(CreditsCommand):
    """Move credits to another line of the same year. transfer: the decision's reference, unique in both ledgers."""

    name = "transfer-credits"

    transfer: PathRef
    to_line: LineKey
    amount_cents: PositiveCents


def vote(command: VoteCredits, read: Read, context: Context) -> Facts:
    """Return the vote. Raises VoteDiffers when other credits were voted, CreditsBelowUse when more is used already."""
    ledger, voted = read(Ledger, ledger_key(command.line, command.year)), fact(CreditsVoted, command)
    if recorded(ledger.voted.get(command.credit), voted, VoteDiffers):
        return nothing()
    return {ledger.stream: [judge(voted, context, _restated(ledger, command, read))]}


def adjust(command: AdjustCredits, read: Read, context: Context) -> Facts:
    """Return the adjustment. Raises NotVoted, and CreditsBelowUse when more is used already."""
    ledger, adjusted = read(Ledger, ledger_key(command.line, command.year)), fact(CreditsAdjusted, command)
    broken = _restated(ledger, command, read)
    if command.credit not in ledger.voted:
        broken.append(NotVoted(f"no {command.credit} credits of {ledger.key!r} were voted", ledger=ledger.key))
    elif repeats(ledger.restated.get(command.credit), adjusted):
        return nothing()
    return {ledger.stream: [judge(adjusted, context, broken)]}


def transfer(command: TransferCredits, read: Read, context: Context) -> Facts:
    """Return both sides of a transfer, one in each ledger.

    Raises SameLine, TransferDiffers, and CreditsBelowUse when the line would be left with less than is used.
    """
    if command.line == command.to_line:
        raise SameLine(f"{command.line!r} cannot transfer to itself", line=command.line)
    source = read(Ledger, ledger_key(command.line, command.year))
    target = read(Ledger, ledger_key(command.to_line, command.year))
    if _moved(command, source, target):
        return nothing()
    broken = [*spending(read, command.line), *spending(read, command.to_line)]
    before, gains = source.of(command.credit), target.of(command.credit)
    left = replace(before, transferred_cents=before.transferred_cents - command.amount_cents)
    _require_countable(left.transferred_cents, gains.transferred_cents + command.amount_cents)
    broken += _below_use(source, command.credit, left)
    leaving = judge(fact(CreditsTransferredOut, command), context, broken)
    coming = fact(
        CreditsTransferredIn, command, line=command.to_line, from_line=command.line, breaches=leaving.breaches
    )
    return {source.stream: [leaving], target.stream: [coming]}


def _moved(command: TransferCredits, source: Ledger, target: Ledger) -> bool:
    """Return whether a transfer is recorded. Raises TransferDiffers when one of the ledgers has another of its reference."""
    kept = source.transfers.get(command.transfer)
    if isinstance(kept, CreditsTransferredOut):
        return recorded(kept, fact(CreditsTransferredOut, command), TransferDiffers)
    if kept is None and command.transfer not in target.transfers:
        return False
    other = target if kept is None else source
    raise TransferDiffers(
        f"the transfer {command.transfer!r} is another one in {other.key!r}",
        transfer=command.transfer,
        ledger=other.key,
    )


def reserve(ledger: Ledger, commitment: CommitmentId, cents: int) -> tuple[CreditReserved, list[Refused]]:
    """Return the charge of a commitment, and why it may not be."""
    unchecked, broken = _charge(ledger, "commitment", cents)
    event = CreditReserved(
        line=ledger.line, year=ledger.year, commitment=commitment, amount_cents=cents, unchecked=unchecked
    )
    return event, broken


def consume(ledger: Ledger, commitment: CommitmentId, payment: Ref, cents: int) -> tuple[CreditConsumed, list[Refused]]:
    """Return the charge of a payment, and why it may not be."""
    unchecked, broken = _charge(ledger, "liquidation", cents)
    event = CreditConsumed(
        line=ledger.line,
        year=ledger.year,
        commitment=commitment,
        payment=payment,
        amount_cents=cents,
        unchecked=unchecked,
    )
    return event, broken


def evolve(state: Ledger, event: LedgerEvent) -> None:
    """Apply one recorded fact."""
    match event:
        case CreditsVoted():
            state.voted[event.credit] = event
            _restate(state, event)
        case CreditsAdjusted():
            _restate(state, event)
        case CreditsTransferredOut():
            _move(state, event, -event.amount_cents)
        case CreditsTransferredIn():
            _move(state, event, event.amount_cents)
        case CreditReserved() | CreditReleased():
            _use(state, "commitment", event.signed_cents)
        case CreditConsumed() | CreditReturned():
            _use(state, "liquidation", event.signed_cents)
        case _:
            assert_never(event)


def _restate(state: Ledger, event: CreditsVoted | CreditsAdjusted) -> None:
    state.restated[event.credit] = event
    state.credits[event.credit] = replace(state.of(event.credit), stated=event.amount_cents)


def _move(state: Ledger, event: CreditsTransferredOut | CreditsTransferredIn, signed_cents: int) -> None:
    state.transfers[event.transfer] = event
    before = state.of(event.credit)
    state.credits[event.credit] = replace(before, transferred_cents=before.transferred_cents + signed_cents)


def _use(state: Ledger, credit: CreditKind, signed_cents: int) -> None:
    before = state.of(credit)
    state.credits[credit] = replace(before, used_cents=before.used_cents + signed_cents)


def _charge(ledger: Ledger, credit: CreditKind, cents: int) -> tuple[bool, list[Refused]]:
    """Return whether a use is unchecked, and why it may not be."""
    before = ledger.of(credit)
    used_cents = before.used_cents + cents
    _require_countable(used_cents)
    if before.amount_cents is None:
        return True, []
    if used_cents <= before.amount_cents:
        return False, []
    left_cents = before.amount_cents - before.used_cents
    refusal = ExceedsCredits(
        f"{cents} cents are more than the {left_cents} left of the {credit} credits of {ledger.key!r}",
        ledger=ledger.key, credit=credit, amount_cents=cents, left_cents=left_cents,
    )  # fmt: skip
    return False, [refusal]


def _restated(ledger: Ledger, command: VoteCredits | AdjustCredits, read: Read) -> list[Refused]:
    after = replace(ledger.of(command.credit), stated=command.amount_cents)
    return [*spending(read, command.line), *_below_use(ledger, command.credit, after)]


def _below_use(ledger: Ledger, credit: CreditKind, after: Credits) -> list[Refused]:
    """Return the refusal of credits that are less than what is used of them."""
    if after.amount_cents is None or after.amount_cents >= after.used_cents:
        return []
    refusal = CreditsBelowUse(
        f"{after.amount_cents} cents of {credit} credits of {ledger.key!r} are less than the {after.used_cents} used",
        ledger=ledger.key, credit=credit, amount_cents=after.amount_cents, used_cents=after.used_cents,
    )  # fmt: skip
    return [refusal]


def _require_countable(*totals: int) -> None:
    """Raise TotalTooLarge for a total that no reader could keep exactly."""
    for cents in totals:
        if abs(cents) > MOST_CENTS:
            raise TotalTooLarge(f"a total of {cents} cents is beyond {MOST_CENTS}", total_cents=cents)
