"""What a page of a letter shows of an objective: all of it, or a part of it on one of several leaves.

A part is the objective again with some of its rows, so that it is shown as the whole is. Totals stay those of all rows.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal, TypeAlias

from contracts.types import DossierId
from services.reporting.domain.budget import Budget, BudgetRow, Category, PrintedAllocation
from services.reporting.domain.dossiers import Dossier
from services.reporting.domain.indicators import Indicator
from services.reporting.domain.letter import Action, Content, Facts, Objective, YearSection
from services.reporting.domain.outline import told_before
from services.reporting.render import weights
from services.reporting.render.fields import rows, silent
from services.reporting.render.filters import has_rows
from services.reporting.render.leaves import MOST, ONE, Leaves, Numbering

Shown: TypeAlias = Literal["all", "own", "realised", "planned"]
# A row of a budget table, by the number of its category; None for the category itself.
BudgetLine: TypeAlias = tuple[int, BudgetRow | PrintedAllocation | None]

# Values that a row of an indicator has room for; the others stand in rows of their own.
MOST_VALUES: Final = 25


@dataclass(frozen=True, slots=True)
class Excerpt:
    """What a page shows of an objective. part: the objective with what is shown; whole: with all of it.

    shown: all of it, its own without the year-sections, or one of these. under: objectives under it that the page names.
    told: the leaf that tells a dossier first, of the own part and of the one shown.
    """

    whole: Objective
    part: Objective
    shown: Shown = "all"
    leaf: Numbering = ONE
    under: Sequence[Objective] = ()
    told: Mapping[DossierId, int] = field(default_factory=dict)
    own_told: Mapping[DossierId, int] = field(default_factory=dict)

    def away(self, dossier: DossierId) -> tuple[Shown, int] | None:
        """Return which part and leaf of the objective tells a dossier first; None when this page does."""
        if self.shown == "all":
            return None
        own = any(each.dossier == dossier for each in self.whole.dossiers)
        place: tuple[Shown, int] = ("own", self.own_told[dossier]) if own else (self.shown, self.told[dossier])
        return None if place == (self.shown, self.leaf.number) else place


def is_divided(objective: Objective, under: Sequence[Objective]) -> bool:
    """Return whether an objective is too long for one page."""
    return reckoned(objective, under) > MOST


def reckoned(objective: Objective, under: Sequence[Objective]) -> int:
    """Return how many bytes all rows of an objective are reckoned to make."""
    return _cut(objective, "all", under, Leaves(1, sys.maxsize)).leaves.used


def excerpt(objective: Objective, shown: Shown, under: Sequence[Objective], number: int = 1) -> Excerpt:
    """Return what a leaf of a part of an objective shows; of all of it there is one leaf. Raises NotFound.

    under: the objectives under it.
    """
    if shown == "all":
        return Excerpt(objective, objective, under=under, leaf=Leaves(number).leaf)
    found = _cut(objective, shown, under, Leaves(number))
    own = found if shown == "own" else _cut(objective, "own", (), Leaves(1))
    return Excerpt(objective, found.part, shown, found.leaves.leaf, found.under, found.told, own.told)


def _cut(objective: Objective, shown: Shown, under: Sequence[Objective], leaves: Leaves) -> _Cut:
    cut = _Cut(objective, leaves)
    cut.go(shown, under)
    return cut


@dataclass(slots=True)
class _Cut:
    """Goes through an objective in the order of the letter. part: what stands on the wanted leaf."""

    whole: Objective
    leaves: Leaves
    told: dict[DossierId, int] = field(default_factory=dict)
    under: Sequence[Objective] = ()
    part: Objective = field(init=False)

    def go(self, shown: Shown, under: Sequence[Objective]) -> None:
        """Fill `part`, `under` and `told`."""
        whole = self.part = self.whole
        if shown in {"all", "own"}:
            content = self._content(whole.content, whole.level, planned=True)
            self.leaves.head += weights.chart(whole)
            dossiers = self._dossiers(whole.dossiers)
            actions = self._actions(whole.actions, planned=True)
            self.part = replace(self.part, content=content, dossiers=dossiers, actions=actions)
        realised = self._section(whole.realised, planned=False) if shown in {"all", "realised"} else whole.realised
        planned = self._section(whole.planned, planned=True) if shown in {"all", "planned"} else whole.planned
        self.part = replace(self.part, realised=realised, planned=planned)
        self.under = self.leaves.keep(under, weights.link) if shown in {"all", "own"} else ()

    def _section(self, section: YearSection | None, *, planned: bool) -> YearSection | None:
        """Return what stands of a section on the leaf; None when nothing does."""
        if section is None:
            return None
        passed, kept = self.leaves.passed, self.leaves.kept
        self.leaves.head += weights.section(section)
        part = replace(
            section,
            content=self._content(section.content, "section", planned=planned),
            actions=self._actions(section.actions, planned=planned),
        )
        if self.leaves.passed == passed:
            return section if self.leaves.take(0) else None
        return part if self.leaves.kept > kept else None

    def _actions(self, actions: Sequence[Action], *, planned: bool) -> tuple[Action, ...]:
        return tuple(part for action in actions if (part := self._action(action, planned=planned)) is not None)

    def _action(self, action: Action, *, planned: bool) -> Action | None:
        passed, kept = self.leaves.passed, self.leaves.kept
        self.leaves.head += weights.heading(action)
        part = replace(
            action,
            content=self._content(action.content, "action", planned=planned),
            dossiers=self._dossiers(action.dossiers, told_before(self.whole, action)),
            actions=self._actions(action.actions, planned=planned),
        )
        if self.leaves.passed == passed:
            return action if self.leaves.take(0) else None
        return part if self.leaves.kept > kept else None

    def _content(self, content: Content, level: str, *, planned: bool) -> Content:
        """Return what stands of some content on the leaf. Fields come first in a plan and last in an account."""
        part = self._fields(content, level) if planned else content
        part = replace(
            part,
            facts=self._facts(content.facts),
            indicators=self.leaves.keep(
                [row for each in content.indicators for row in _in_rows(each)], weights.indicator, weights.INDICATORS
            ),
            budget=self._budget(content.budget),
            amounts=self.leaves.keep(content.amounts, weights.amount, weights.AMOUNTS),
        )
        return part if planned else self._fields(part, level)

    def _fields(self, content: Content, level: str) -> Content:
        """Return content with the fields on the leaf; those that nobody stated stand together, behind the others."""
        found = rows(content, level)
        quiet = [row for row in found if silent(row)]
        kept = list(self.leaves.keep([row for row in found if not silent(row)], weights.field))
        if quiet and self.leaves.take(weights.quiet(quiet)):
            kept += quiet
        entries = {id(row.entry) for row in kept}
        return replace(
            content,
            fields=tuple(each for each in content.fields if id(each) in entries),
            deadline=content.deadline if id(content.deadline) in entries else None,
            status=content.status if id(content.status) in entries else None,
            staff=tuple(each for each in content.staff if id(each) in entries),
        )

    def _facts(self, facts: Facts) -> Facts:
        return Facts(
            done=self.leaves.keep(facts.done, weights.fact, weights.FACTS),
            planned=self.leaves.keep(facts.planned, weights.fact, weights.FACTS),
            target=self.leaves.keep(facts.target, weights.fact, weights.FACTS),
            unmet=self.leaves.keep(facts.unmet, weights.fact, weights.FACTS),
            unclear=self.leaves.keep(facts.unclear, weights.fact, weights.FACTS),
        )

    def _budget(self, budget: Budget | None) -> Budget | None:
        """Return a budget table with the rows on the leaf; None when there are none."""
        if budget is None:
            return None
        if not has_rows(budget):
            return budget if self.leaves.take(weights.NO_BUDGET) else None
        kept = self.leaves.keep(_budget_groups(budget), weights.budget_group, weights.BUDGET)
        lines = [line for group in kept for line in group]
        if not lines:
            return None
        found = {number for number, _ in lines}
        here = {id(row) for _, row in lines}
        return replace(
            budget,
            categories=tuple(
                _with_rows(category, here) for number, category in enumerate(budget.categories) if number in found
            ),
        )

    def _dossiers(self, dossiers: Sequence[Dossier], told: Sequence[DossierId] = ()) -> tuple[Dossier, ...]:
        kept = []
        for dossier in dossiers:
            known = dossier.dossier in told
            if self.leaves.take(weights.LINK if known else weights.dossier(dossier)):
                kept.append(dossier)
            if not known:
                self.told.setdefault(dossier.dossier, self.leaves.number)
        return tuple(kept)


def _with_rows(category: Category, here: set[int]) -> Category:
    return replace(
        category,
        lines=tuple(row for row in category.lines if id(row) in here),
        printed=tuple(row for row in category.printed if id(row) in here),
    )


def _in_rows(indicator: Indicator) -> Iterator[Indicator]:
    """Yield an indicator as rows of a table, for the values of its breakdown may be hundreds."""
    yield replace(indicator, breakdown=indicator.breakdown[:MOST_VALUES])
    for start in range(MOST_VALUES, len(indicator.breakdown), MOST_VALUES):
        yield replace(indicator, breakdown=indicator.breakdown[start : start + MOST_VALUES])


def _budget_groups(budget: Budget) -> list[list[BudgetLine]]:
    """Return the rows of a budget table, each with the categories that stand around it without a row of their own."""
    groups: list[list[BudgetLine]] = [[]]
    for number, category in enumerate(budget.categories):
        found: list[BudgetRow | PrintedAllocation | None] = [*category.lines, *category.printed]
        for each in found or [None]:
            if each is not None and any(row is not None for _, row in groups[-1]):
                groups.append([])
            groups[-1].append((number, each))
    return groups
