"""What the budget service records about lines, their credits and what they serve. Obligations are in commitments.py."""

from __future__ import annotations

from typing import Literal, TypeAlias

from contracts import commitments
from contracts.allocation import AllocationCode, Direction, EntitySlug, LineKey
from contracts.types import (
    UNKNOWN,
    Cents,
    CommitmentId,
    Flag,
    Origin,
    Place,
    PositiveCents,
    Ppm,
    Printed,
    Ref,
    RuleName,
    Section,
    Stated,
    Text,
    Uuid,
    Words,
    Year,
)
from regesta.event import Event

AssignmentId: TypeAlias = Uuid
CreditKind: TypeAlias = Literal["commitment", "liquidation"]
# Personnel, fonctionnement, patrimonial, autres.
Category: TypeAlias = Literal["personnel", "running", "assets", "other"]
Basis: TypeAlias = Literal["estimated", "realised"]


class BudgetLineOpened(Event):
    """A budget line exists. Opens line/{entity}.{allocation}.

    direction: from the economic code, never from a heading. sec: whether the line counts in the national accounts
    (SEC / ESR); None when not said. repaired_from: the printed code, when it had to be repaired.
    """

    name = "budget-line-opened.v1"
    entity: EntitySlug
    allocation: AllocationCode
    direction: Direction
    label: Text | None = None
    sec: Flag | None = None
    repaired_from: Printed | None = None
    place: Place | None = None


class CreditsVoted(Event):
    """Parliament voted credits for a line and year: none, or an amount before transfers. as_given: "12,5 Mio"."""

    name = "credits-voted.v1"
    line: LineKey
    year: Year
    credit: CreditKind
    amount_cents: Stated[Cents]
    as_given: Printed | None = None
    origin: Origin | None = None
    breaches: tuple[RuleName, ...] = ()


class CreditsAdjusted(Event):
    """The voted credits of a line and year were changed. amount_cents: their new amount before transfers, not the change."""

    name = "credits-adjusted.v1"
    line: LineKey
    year: Year
    credit: CreditKind
    amount_cents: Stated[Cents]
    as_given: Printed | None = None
    origin: Origin | None = None
    breaches: tuple[RuleName, ...] = ()


class CreditsTransferredOut(Event):
    """Credits left a line for another one of the same year; recorded together with CreditsTransferredIn.

    transfer: the decision's reference, unique in the ledger. to_line: where they went.
    """

    name = "credits-transferred-out.v1"
    line: LineKey
    year: Year
    credit: CreditKind
    transfer: Ref
    to_line: LineKey
    amount_cents: PositiveCents
    origin: Origin | None = None
    breaches: tuple[RuleName, ...] = ()


class CreditsTransferredIn(Event):
    """Credits came to a line from another one of the same year; recorded together with CreditsTransferredOut."""

    name = "credits-transferred-in.v1"
    line: LineKey
    year: Year
    credit: CreditKind
    transfer: Ref
    from_line: LineKey
    amount_cents: PositiveCents
    origin: Origin | None = None
    breaches: tuple[RuleName, ...] = ()


class CreditReserved(Event):
    """A commitment took commitment credits of a line and year. unchecked: the credits were never stated."""

    name = "credit-reserved.v1"
    line: LineKey
    year: Year
    commitment: CommitmentId
    amount_cents: PositiveCents
    unchecked: Flag = False

    @property
    def signed_cents(self) -> int:
        """What it adds to the line's committed total."""
        return self.amount_cents


class CreditReleased(Event):
    """A commitment gave commitment credits of a line and year back."""

    name = "credit-released.v1"
    line: LineKey
    year: Year
    commitment: CommitmentId
    amount_cents: PositiveCents

    @property
    def signed_cents(self) -> int:
        """What it adds to the line's committed total."""
        return -self.amount_cents


class CreditConsumed(Event):
    """A payment took liquidation credits of a line and year. unchecked: the credits were never stated."""

    name = "credit-consumed.v1"
    line: LineKey
    year: Year
    commitment: CommitmentId
    payment: Ref
    amount_cents: PositiveCents
    unchecked: Flag = False

    @property
    def signed_cents(self) -> int:
        """What it adds to the line's liquidated total."""
        return self.amount_cents


class CreditReturned(Event):
    """The reversal of a payment gave liquidation credits of a line and year back."""

    name = "credit-returned.v1"
    line: LineKey
    year: Year
    commitment: CommitmentId
    payment: Ref
    amount_cents: PositiveCents

    @property
    def signed_cents(self) -> int:
        """What it adds to the line's liquidated total."""
        return -self.amount_cents


class LineAssigned(Event):
    """A budget line serves an objective: the stream assignment/{objective}.

    assignment: its id, for one line can stand several times under one objective. shared: it serves others too and is not
    split; share_ppm: the stated part of this objective, in parts per million, otherwise None. unspecified_cents: an amount
    of which the document does not say whether it is committed or liquidated.
    """

    name = "line-assigned.v1"
    assignment: AssignmentId
    line: LineKey
    section: Section | None = None
    category: Category | None = None
    basis: Basis | None = None
    label: Text | None = None
    as_printed: Printed | None = None
    commitment_cents: Stated[Cents] = UNKNOWN
    liquidation_cents: Stated[Cents] = UNKNOWN
    unspecified_cents: Stated[Cents] = UNKNOWN
    shared: Flag = False
    share_ppm: Ppm | None = None
    place: Place | None = None


class LineUnassigned(Event):
    """A budget line no longer serves the objective in this way."""

    name = "line-unassigned.v1"
    assignment: AssignmentId
    line: LineKey
    reason: Words | None = None


class AllocationPrinted(Event):
    """A code was printed under an objective that cannot be a budget line: kept and shown, never guessed. reason: why not."""

    name = "allocation-printed.v1"
    withdrawable = True
    as_printed: Printed
    reason: Words
    section: Section | None = None
    category: Category | None = None
    basis: Basis | None = None
    label: Text | None = None
    commitment_cents: Stated[Cents] = UNKNOWN
    liquidation_cents: Stated[Cents] = UNKNOWN
    unspecified_cents: Stated[Cents] = UNKNOWN
    place: Place | None = None


# All that the service records.
EVENTS: tuple[type[Event], ...] = (
    BudgetLineOpened,
    CreditsVoted,
    CreditsAdjusted,
    CreditsTransferredOut,
    CreditsTransferredIn,
    CreditReserved,
    CreditReleased,
    CreditConsumed,
    CreditReturned,
    LineAssigned,
    LineUnassigned,
    AllocationPrinted,
    *commitments.EVENTS,
)
