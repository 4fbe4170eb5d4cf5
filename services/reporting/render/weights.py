"""How many bytes of HTML a row of a page makes, a little more than less; tests compare them with what is rendered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from services.reporting.domain.budget import BudgetRow, PrintedAllocation
from services.reporting.domain.dossiers import Commitment, Dossier
from services.reporting.domain.indicators import Indicator
from services.reporting.domain.letter import Action, Amount, Fact, Objective, YearSection
from services.reporting.domain.outline import contents_of
from services.reporting.domain.overview import Colours, Line
from services.reporting.render.briefs import brief
from services.reporting.render.fields import FieldRow
from services.reporting.render.leaves import text_bytes
from services.reporting.render.moments import Moment
from services.reporting.writing import members_of

# Around rows: a list of facts, the head and totals of a table.
FACTS: Final = 400
BUDGET: Final = 2_600
# That nobody stated anything, in place of a budget table.
NO_BUDGET: Final = 300
INDICATORS: Final = 1_450
AMOUNTS: Final = 600
TABLE: Final = 900
# A dossier that is told elsewhere, in both languages.
LINK: Final = 700
# A figure with a page of its own.
FIGURE: Final = 280


def heading(node: Action | Objective) -> int:
    """Return the weight of a node's heading."""
    return 600 + text_bytes(node.title)


def section(each: YearSection) -> int:
    """Return the weight of the heading of a year-section, and of those printed in its place."""
    return 400 + sum(700 + 2 * text_bytes(heading) for heading in each.headings)


def link(objective: Objective) -> int:
    """Return the weight of an objective in a list of links; long titles are cut there."""
    return 500 + min(text_bytes(objective.title), 1_300)


def field(row: FieldRow) -> int:
    """Return the weight of a field that somebody stated or owes."""
    return 700 + text_bytes(row.entry) + text_bytes(row.entry.as_printed)


def gap(names: Sequence[str]) -> int:
    """Return the weight of a place with open fields; the names of fields are short in every language."""
    return 200 + 40 * len(names)


def quiet(rows: Sequence[FieldRow]) -> int:
    """Return the weight of the fields that nobody said anything about."""
    return 320 + 70 * len(rows)


def fact(each: Fact) -> int:
    """Return the weight of a dated statement."""
    return 720 + text_bytes(each)


def moment(each: Moment) -> int:
    """Return the weight of an entry of a timeline."""
    return 560 + text_bytes(each)


def amount(each: Amount) -> int:
    """Return the weight of an amount named in a text."""
    return 200 + FIGURE + text_bytes(each)


def indicator(each: Indicator) -> int:
    """Return the weight of a row of an indicator table."""
    figures = 2 + len(each.breakdown)
    return 1_000 + FIGURE * figures + 250 * len(each.bands) + 150 * len(each.breakdown) + text_bytes(each)


def budget_group(group: Sequence[tuple[int, BudgetRow | PrintedAllocation | None]]) -> int:
    """Return the weight of a row of a budget table with the categories around it."""
    return sum(300 if row is None else _budget_row(row) for _, row in group)


def _budget_row(row: BudgetRow | PrintedAllocation) -> int:
    known = [row.stated.commitment, row.stated.liquidation, row.stated.unspecified]
    if isinstance(row, BudgetRow) and row.ledger is not None:
        known += [
            row.ledger.commitment_credits,
            row.ledger.committed,
            row.ledger.liquidation_credits,
            row.ledger.liquidated,
        ]
    figures = sum(each.state == "known" for each in known)
    return 750 + (FIGURE + 60) * figures + text_bytes(row)


def dossier(each: Dossier) -> int:
    """Return the weight of a dossier as the page of an objective tells it."""
    told = brief(each)
    money = sum(map(tiles, told.commitments)) + (FIGURE + 100) * len(told.sums)
    return 500 + text_bytes(each.title) + sum(map(moment, told.moments)) + money


def tiles(each: Commitment) -> int:
    """Return the weight of the amounts of a commitment."""
    known = [each.committed, each.decommitted, each.liquidated, each.outstanding]
    return (FIGURE + 100) * sum(amount.state == "known" for amount in known)


def dossier_row(each: Dossier) -> int:
    """Return the weight of a dossier in a table."""
    return 1_500 + text_bytes(each.title)


def chart(objective: Objective) -> int:
    """Return the weight of a timeline, of which no more is drawn than has room."""
    facts = sum(len(content.facts.all) for content in contents_of(objective))
    steps = sum(
        len(dossier.steps) + len(dossier.milestones) + len(dossier.commitments) for dossier in objective.dossiers
    )
    return min(18_000, 1_900 + 80 * (facts + steps))


def board(objective: Objective, deadlines: Sequence[Moment]) -> int:
    """Return the weight of what stands once on an objective's page: tiles, timeline, deadlines, latest events."""
    return 8_000 + chart(objective) + sum(map(moment, deadlines))


def line(each: Line) -> int:
    """Return the weight of a row of the overview."""
    marks = len([colour for colour in members_of(Colours) if getattr(each.colours, colour)])
    return 560 + FIGURE + 120 * marks + min(text_bytes(each.title), 400) + text_bytes(each.status_as_printed)


def ledger_row(row: BudgetRow) -> int:
    """Return the weight of a row of real credits."""
    return 700 + 4 * FIGURE + text_bytes(row.label)
