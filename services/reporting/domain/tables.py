"""How the budget table of a place is made from the lines assigned there, and how its totals count. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Final, TypeAlias

from contracts.allocation import AllocationCode, EntitySlug, LineKey, split_line
from contracts.budget import AllocationPrinted, BudgetLineOpened, LineAssigned
from contracts.objectives import FieldStated
from contracts.types import Cents, ObjectiveId, Section, Stated, Text, UnitSlug
from services.reporting.domain.budget import (
    AmountName,
    Amounts,
    Budget,
    BudgetRow,
    Category,
    CategoryName,
    Footer,
    LedgerFigures,
    PrintedAllocation,
    SectionTotal,
    Source,
)
from services.reporting.domain.content import BLANKS_KEPT, BUDGET_FIELDS, Missing, Spot
from services.reporting.domain.figure import Figure, Total, names
from services.reporting.domain.knowledge import Knowledge, key_of, objective_of
from services.reporting.domain.ledgers import Ledgers
from services.reporting.domain.standing import StandingFact
from services.reporting.domain.tree import Node, SectionKey

Shares: TypeAlias = dict[tuple[LineKey, SectionKey | None], set[ObjectiveId]]

AMOUNTS: Final[tuple[AmountName, ...]] = ("commitment", "liquidation", "unspecified")
CATEGORIES: Final[tuple[CategoryName, ...]] = ("personnel", "running", "assets", "other")
# Kinds of empty that say that there is no money, unlike those that say that nobody knows.
NO_MONEY: Final = frozenset({"none", "not_applicable"})
# Of no rows.
NO_TOTAL: Final = Total(at_least=False, lines=0, unknown=0)
NO_FOOTER: Final = Footer(commitment=NO_TOTAL, liquidation=NO_TOTAL, unspecified=NO_TOTAL)
# A line stands under several objectives and in both sections.
LINES_KEPT: Final = 4_096


class Tables:
    """Makes the budget tables of a letter.

    nodes: of its note, for an action's lines belong to the action's own section. year: of the letter, whose ledgers are shown
    for lines without a section.
    """

    def __init__(self, knowledge: Knowledge, nodes: Mapping[ObjectiveId, Node], year: int) -> None:
        self._nodes = nodes
        self._year = year
        self._ledgers = Ledgers(knowledge)
        self._opened = {
            fact.key: (fact.name, fact.event) for fact in knowledge.lines if isinstance(fact.event, BudgetLineOpened)
        }
        self._shares: Shares = defaultdict(set)
        for fact in knowledge.serving:
            if isinstance(fact.event, LineAssigned):
                objective = objective_of(fact.stream)
                self._shares[fact.event.line, self._section(objective, fact.event.section)].add(objective)

    def budget(
        self, spot: Spot, section: Section | None, assigned: Sequence[StandingFact], stated: Sequence[StandingFact]
    ) -> Budget | None:
        """Return the table of a place; None when the template has none there and nothing is said.

        section: of the place, None for the objective as a whole. assigned: facts of the objective's assignment that belong
        here; stated: of the objective, for a category's "Néant".
        """
        rows: dict[CategoryName, list[BudgetRow]] = defaultdict(list)
        printed: dict[CategoryName, list[PrintedAllocation]] = defaultdict(list)
        for fact in assigned:
            match fact.event:
                case LineAssigned() as event:
                    rows[event.category or "unclassified"].append(self._row(fact, event, section))
                case AllocationPrinted() as event:
                    printed[event.category or "unclassified"].append(_printed(fact, event))
                case _:
                    continue
        said = {
            BUDGET_FIELDS[fact.event.field]: Figure.of(fact.event.value, fact.name)
            for fact in stated
            if isinstance(fact.event, FieldStated) and fact.event.field in BUDGET_FIELDS
        }
        if not (rows or printed or said or spot.template.budget):
            return None
        shown: list[CategoryName] = [*CATEGORIES]
        shown += ["unclassified"] if "unclassified" in {*rows, *printed} else []
        return budget_of(section, [_category(name, rows[name], printed[name], said.get(name), spot) for name in shown])

    def _section(self, objective: ObjectiveId, section: Section | None) -> SectionKey | None:
        node = self._nodes.get(objective)
        return key_of(section or (node.section if node else None))

    def _row(self, fact: StandingFact, event: LineAssigned, section: Section | None) -> BudgetRow:
        entity, allocation = _split(event.line)
        opened_by, opened = self._opened.get(event.line, ("", None))
        label, label_by = (event.label, fact.name) if event.label or not opened else (opened.label, opened_by)
        stated = _amounts(event.commitment_cents, event.liquidation_cents, event.unspecified_cents, fact.name)
        ledger = self._ledgers.figures(event.line, section.year if section else self._year)
        committed, liquidated = _real(ledger, section)
        commitment, commitment_from = _shown(stated.commitment, committed, event.share_ppm)
        liquidation, liquidation_from = _shown(stated.liquidation, liquidated, event.share_ppm)
        users = self._shares[event.line, self._section(objective_of(fact.stream), event.section)]
        return BudgetRow(
            line=event.line,
            entity=entity,
            allocation=allocation,
            direction=opened.direction if opened else allocation.direction,
            label=Figure.maybe(label, label_by),
            commitment=commitment,
            commitment_from=commitment_from,
            liquidation=liquidation,
            liquidation_from=liquidation_from,
            stated=stated,
            ledger=ledger,
            basis=event.basis,
            shared=event.share_ppm is None and (event.shared or len(users) > 1),
            share_ppm=event.share_ppm,
            as_printed=event.as_printed,
            repaired_from=opened.repaired_from if opened else None,
            place=event.place,
            events=(fact.name, opened_by) if opened else (fact.name,),
        )


def budget_of(section: Section | None, categories: Sequence[Category]) -> Budget:
    """Return a table of these categories, with its totals."""
    rows = [row for category in categories for row in category.lines]
    spent = [row for row in rows if row.direction == "expenditure"]
    return Budget(
        basis=None if section is None else "realised" if section.kind == "realised" else "estimated",
        categories=tuple(categories),
        own=footer_of([row for row in spent if not row.shared]),
        shared=footer_of([row for row in spent if row.shared]),
        receipts=footer_of([row for row in rows if row.direction == "receipt"]),
    )


def section_total(section: Section | None, budgets: Iterable[Budget]) -> SectionTotal:
    """Return the totals of a section over all its tables, each line counted once."""
    tables = [budget.rows for budget in budgets]
    by_line = _by_line([row for rows in tables for row in rows])
    return SectionTotal(
        section=section,
        expenditure=footer_of(*([row for row in rows if row.direction == "expenditure"] for rows in tables)),
        receipts=footer_of(*([row for row in rows if row.direction == "receipt"] for rows in tables)),
        lines=len(by_line),
        shared=sum(any(row.shared for row in group) for group in by_line.values()),
        without_amount=sum(not any(map(_has_amount, group)) for group in by_line.values()),
    )


def footer_of(*tables: Sequence[BudgetRow]) -> Footer:
    """Return the totals of the rows of some tables. What is unspecified is summed over the rows that state it."""
    if not any(tables):
        return NO_FOOTER
    lines = _places(tables)
    specified = [[row for row in rows if row.stated.unspecified.state == "known"] for rows in tables]
    return Footer(
        commitment=_total(lines, "commitment"),
        liquidation=_total(lines, "liquidation"),
        unspecified=_total(_places(specified), "unspecified"),
    )


def _places(tables: Iterable[Iterable[BudgetRow]]) -> list[list[list[BudgetRow]]]:
    """Return the rows of each line, table by table."""
    lines: dict[LineKey, list[list[BudgetRow]]] = defaultdict(list)
    for rows in tables:
        for line, group in _by_line(rows).items():
            lines[line].append(group)
    return list(lines.values())


def _total(lines: Sequence[Sequence[Sequence[BudgetRow]]], name: AmountName) -> Total:
    """Return the sum of one amount over some lines, each once. lines: the rows of each, table by table."""
    if not lines:
        return NO_TOTAL
    told = [_line_cents(places, name) for places in lines]
    known = [cents for cents, _ in told if cents is not None]
    figures = [row.amount(name)[0] for places in lines for rows in places for row in rows]
    return Total(
        cents=sum(known) if known else None,
        at_least=not all(whole for _, whole in told),
        lines=len(told),
        unknown=len(told) - len(known),
        events=names(*(figure.events for figure in figures if figure.state == "known")),
    )


def _line_cents(places: Sequence[Sequence[BudgetRow]], name: AmountName) -> tuple[int | None, bool]:
    """Return the amount of one line, None when no row has one, and whether that is all of it.

    places: its rows, table by table. Rows that show the whole line (its ledger, or a line that is shared) tell the same
    amount, and so do the rows of one table; those of several tables are parts of the line and are added.
    """
    if len(places) == 1 and len(places[0]) == 1:  # as most lines stand
        return _alone(places[0][0].amount(name)[0])
    whole: list[Figure[int]] = []
    parts: list[tuple[int | None, bool]] = []
    for rows in places:
        in_part: list[Figure[int]] = []
        for row in rows:
            figure, source = row.amount(name)
            (whole if source == "ledger" or (row.shared and source == "statement") else in_part).append(figure)
        parts.append(_same(in_part))
    known = [cents for cents, _ in parts if cents is not None]
    whole_cents, agreed = _same([figure for figure in whole if figure.value is not None])
    if whole_cents is not None:
        more = bool(known) and sum(known) > whole_cents
        return sum(known) if more else whole_cents, agreed and not more
    complete = all(all_of_it for _, all_of_it in (*parts, _same(whole)))
    if not known:
        return (0, True) if complete else (None, False)
    return sum(known), complete


def _alone(figure: Figure[int]) -> tuple[int | None, bool]:
    """Return what the only figure of a line says, and whether that is all of it."""
    if figure.value is not None:
        return figure.value, True
    return (0, True) if figure.state in NO_MONEY else (None, False)


def _same(figures: Sequence[Figure[int]]) -> tuple[int | None, bool]:
    """Return what figures of one amount say, None when they have none, and whether that is all of it.

    It counts once; where they differ, the greatest is what it is at least.
    """
    known = {figure.value for figure in figures if figure.value is not None}
    complete = all(figure.value is not None or figure.state in NO_MONEY for figure in figures)
    return max(known, default=None), complete and len(known) <= 1


def _has_amount(row: BudgetRow) -> bool:
    return any(row.amount(name)[0].state == "known" for name in AMOUNTS)


def _by_line(rows: Iterable[BudgetRow]) -> dict[LineKey, list[BudgetRow]]:
    by_line: dict[LineKey, list[BudgetRow]] = defaultdict(list)
    for row in rows:
        by_line[row.line].append(row)
    return by_line


def _real(ledger: LedgerFigures | None, section: Section | None) -> tuple[Figure[int] | None, Figure[int] | None]:
    """Return a ledger's figures that a section shows: the credits of a plan, what was used of an account."""
    if ledger is None:
        return None, None
    if section is not None and section.kind == "planned":
        return ledger.commitment_credits, ledger.liquidation_credits
    return ledger.committed, ledger.liquidated


def _shown(stated: Figure[int], real: Figure[int] | None, share_ppm: int | None) -> tuple[Figure[int], Source]:
    """Return the ledger's figure when there is one, the objective's share of it when that is stated, else what is stated."""
    if real is None or real.value is None:
        return stated, "statement"
    if share_ppm is None:
        return real, "ledger"
    return replace(real, value=real.value * share_ppm // 1_000_000), "share"


def _amounts(commitment: Stated[Cents], liquidation: Stated[Cents], unspecified: Stated[Cents], name: str) -> Amounts:
    return Amounts(
        commitment=Figure.of(commitment, name),
        liquidation=Figure.of(liquidation, name),
        unspecified=Figure.of(unspecified, name),
    )


@lru_cache(LINES_KEPT)
def _split(line: LineKey) -> tuple[EntitySlug, AllocationCode]:
    return split_line(line)


def _printed(fact: StandingFact, event: AllocationPrinted) -> PrintedAllocation:
    return PrintedAllocation(
        as_printed=event.as_printed,
        reason=event.reason,
        label=Figure.maybe(event.label, fact.name),
        stated=_amounts(event.commitment_cents, event.liquidation_cents, event.unspecified_cents, fact.name),
        basis=event.basis,
        place=event.place,
        events=(fact.name,),
    )


def _category(
    name: CategoryName,
    rows: Sequence[BudgetRow],
    printed: Sequence[PrintedAllocation],
    said: Figure[Text] | None,
    spot: Spot,
) -> Category:
    if said is None and not rows and not printed:
        return _no_category(name, spot.missing(), spot.owner)
    return Category(name=name, statement=said, owner=spot.owner, lines=tuple(rows), printed=tuple(printed))


@lru_cache(BLANKS_KEPT)
def _no_category(name: CategoryName, state: Missing, owner: UnitSlug | None) -> Category:
    return Category(name=name, statement=Figure(state=state), owner=owner)
