"""Budget lines of a file: each line opened once, then assigned to what it stands under; unreadable codes kept as printed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from cli.importing.file import BudgetLine
from cli.importing.plan import Facts, Item, Plan, Spot, Wanted, odd_amounts, stated_cents, text_of
from contracts.allocation import AllocationCode, UnreadableCode, line_key
from contracts.budget import Category
from services.budget.domain.assignment import AssignLine, PrintAllocation
from services.budget.domain.line import OpenLine

CATEGORIES: Final[dict[str, Category]] = {
    "personnel": "personnel",
    "fonctionnement": "running",
    "patrimonial": "assets",
    "autres": "other",
}


@dataclass(frozen=True, slots=True)
class _Printed:
    """A budget line as it stands in the file. key: of its fact."""

    spot: Spot
    pointer: str
    fact: BudgetLine
    key: str

    def order(self) -> tuple[str, str, int]:
        """Return what does not depend on the order of the file."""
        return self.fact.allocation, self.spot.node.code, self.fact.source_line or 0


def map_lines(spots: Sequence[Spot], facts: Facts, entity: str, plan: Plan) -> None:
    """Add the budget lines of all nodes to a plan."""
    by_code: defaultdict[AllocationCode, list[_Printed]] = defaultdict(list)
    for spot in spots:
        for index, fact in enumerate(spot.node.budget_lines):
            key = facts.key(spot.node.code, "budget_lines", fact, spot.section)
            printed = _Printed(spot, f"{spot.pointer}/budget_lines/{index}", fact, key)
            try:
                code, _ = AllocationCode.parse(fact.allocation)
            except UnreadableCode as error:
                plan.add(printed.pointer, "budget_line", partial(_keep_printed, printed, error.reason))
            else:
                by_code[code].append(printed)
    for code in sorted(by_code):
        _map_line(line_key(entity, code), by_code[code], facts, plan)


def _map_line(line: str, all_printed: Sequence[_Printed], facts: Facts, plan: Plan) -> None:
    shared = len({each.spot.objective for each in all_printed}) > 1
    kept = [
        printed
        for printed in all_printed
        if plan.add(printed.pointer, "budget_line", partial(_assign, printed, line, facts.id(printed.key), shared))
    ]
    if kept:
        plan.commands.append(_open(line, kept))


def _open(line: str, all_printed: Sequence[_Printed]) -> Wanted:
    """Return the opening of a line, the same for every order of the file."""
    first = min(all_printed, key=_Printed.order)
    labels = {text.model_dump_json(): text for each in all_printed if (text := text_of(each.fact.label)) is not None}
    clean = any(line.endswith(f".{each.fact.allocation}") for each in all_printed)
    command = OpenLine(
        line=line,
        # Several labels are those of its assignments.
        label=next(iter(labels.values())) if len(labels) == 1 else None,
        repaired_from=None if clean else first.fact.allocation,
        place=first.spot.place(first.fact.source_line),
    )
    # Another label of a line that is open already is no loss: the assignments have it too.
    return Wanted("budget", command, f"{line}/{command.name}", (), early=True)


def _assign(printed: _Printed, line: str, assignment: str, shared: bool) -> tuple[Item, list[Wanted]]:
    fact, spot = printed.fact, printed.spot
    command = AssignLine(
        objective=spot.objective,
        assignment=assignment,
        line=line,
        section=spot.section,
        category=None if fact.category is None else CATEGORIES[fact.category],
        basis=fact.basis,
        label=text_of(fact.label),
        as_printed=fact.allocation,
        commitment_cents=stated_cents(fact.commitment_eur),
        liquidation_cents=stated_cents(fact.liquidation_eur),
        unspecified_cents=stated_cents(fact.amount_eur_unspecified),
        shared=shared,
        place=spot.place(fact.source_line),
    )
    wanted = [Wanted("budget", command, f"{printed.key}/line", (printed.pointer,))]
    odd, code = _odd(fact), line.partition(".")[2]
    if odd is not None:
        return Item(printed.pointer, "budget_line", "as_printed", odd), wanted
    if code != fact.allocation:
        reason = f"{fact.allocation!r} was repaired to {code!r}"
        return Item(printed.pointer, "budget_line", "repaired", reason), wanted
    return Item(printed.pointer, "budget_line"), wanted


def _keep_printed(printed: _Printed, reason: str) -> tuple[Item, list[Wanted]]:
    fact, spot = printed.fact, printed.spot
    command = PrintAllocation(
        objective=spot.objective,
        as_printed=fact.allocation,
        reason=reason,
        section=spot.section,
        category=None if fact.category is None else CATEGORIES[fact.category],
        basis=fact.basis,
        label=text_of(fact.label),
        commitment_cents=stated_cents(fact.commitment_eur),
        liquidation_cents=stated_cents(fact.liquidation_eur),
        unspecified_cents=stated_cents(fact.amount_eur_unspecified),
        place=spot.place(fact.source_line),
    )
    why = "; ".join(part for part in (f"{fact.allocation!r} is no budget line: {reason}", _odd(fact)) if part)
    item = Item(printed.pointer, "budget_line", "as_printed", why)
    return item, [Wanted("budget", command, f"{printed.key}/line", (printed.pointer,))]


def _odd(fact: BudgetLine) -> str | None:
    return odd_amounts((fact.commitment_eur, fact.liquidation_eur, fact.amount_eur_unspecified))
