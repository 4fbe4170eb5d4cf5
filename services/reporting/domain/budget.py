"""The budget table of a letter: four categories of lines, their amounts, and totals that count a shared line once. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from contracts.allocation import AllocationCode, Direction, EntitySlug, LineKey
from contracts.budget import Basis
from contracts.types import Place, Ppm, Section, Text, UnitSlug, Year
from services.reporting.domain.figure import Events, Figure, Part, Total

CategoryName: TypeAlias = Literal["personnel", "running", "assets", "other", "unclassified"]
Source: TypeAlias = Literal["ledger", "share", "statement"]
AmountName: TypeAlias = Literal["commitment", "liquidation", "unspecified"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts(Part):
    """Amounts in cents as a document states them. unspecified: it does not say whether it is committed or liquidated."""

    commitment: Figure[int]
    liquidation: Figure[int]
    unspecified: Figure[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerFigures(Part):
    """What really happened on the whole line in a year, in cents: credits after transfers, what is committed and liquidated.

    unchecked: something was used while the credits were never stated.
    """

    year: Year
    commitment_credits: Figure[int]
    liquidation_credits: Figure[int]
    committed: Figure[int]
    liquidated: Figure[int]
    unchecked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetRow(Part):
    """A budget line under an objective, in cents.

    commitment, liquidation: the figures to show, and where they are from: the whole line's ledger when it has any, the share
    of it that share_ppm states, else what a document states. Of a plan they are the credits, of an account what was used.
    shared: the line serves other objectives of this section too and is not split, so these are the whole line's.
    repaired_from: the code as printed, when it had to be repaired. as_printed: the code as it stands here.
    """

    line: LineKey
    entity: EntitySlug
    allocation: AllocationCode
    direction: Direction
    label: Figure[Text]
    commitment: Figure[int]
    commitment_from: Source
    liquidation: Figure[int]
    liquidation_from: Source
    stated: Amounts
    ledger: LedgerFigures | None = None
    basis: Basis | None = None
    shared: bool
    share_ppm: Ppm | None = None
    as_printed: str | None = None
    repaired_from: str | None = None
    place: Place | None = None
    events: Events

    def amount(self, name: AmountName) -> tuple[Figure[int], Source]:
        """Return one of its amounts, and where it is from."""
        match name:
            case "commitment":
                return self.commitment, self.commitment_from
            case "liquidation":
                return self.liquidation, self.liquidation_from
            case "unspecified":
                return self.stated.unspecified, "statement"


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedAllocation(Part):
    """A printed code that cannot be a line. reason: why not."""

    as_printed: str
    reason: str
    label: Figure[Text]
    stated: Amounts
    basis: Basis | None = None
    place: Place | None = None
    events: Events


@dataclass(frozen=True, slots=True, kw_only=True)
class Category(Part):
    """One of the four official categories, or lines whose category nobody stated.

    statement: what is said in place of lines: none (Néant), unknown or another kind; null when there are lines and nothing
    else is said. owner: the lead unit, which owes what is pending.
    """

    name: CategoryName
    statement: Figure[Text] | None = None
    owner: UnitSlug | None = None
    lines: tuple[BudgetRow, ...] = ()
    printed: tuple[PrintedAllocation, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Footer(Part):
    """Totals in cents; see Total for what "at least" means."""

    commitment: Total
    liquidation: Total
    unspecified: Total


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget(Part):
    """A budget table. basis: of its section. categories: the four in order, then unclassified when there is any.

    own: expenditure of lines that serve only this; shared: of lines that serve others too, to be counted once in the
    letter; receipts: of lines whose economic code says receipt.
    """

    basis: Basis | None = None
    categories: tuple[Category, ...]
    own: Footer
    shared: Footer
    receipts: Footer

    @property
    def rows(self) -> tuple[BudgetRow, ...]:
        """All its lines, category after category."""
        return tuple(row for category in self.categories for row in category.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionTotal(Part):
    """The budget of a section over the whole letter, each line counted once. without_amount, shared: how many lines are so.

    section: null for the lines that stand in none.
    """

    section: Section | None = None
    expenditure: Footer
    receipts: Footer
    lines: int
    shared: int
    without_amount: int
