from __future__ import annotations

import orjson
import pytest

from contracts.allocation import AllocationCode
from contracts.budget import (
    AllocationPrinted,
    BudgetLineOpened,
    Category,
    CreditConsumed,
    CreditReleased,
    CreditReserved,
    CreditsAdjusted,
    CreditsTransferredIn,
    CreditsTransferredOut,
    CreditsVoted,
    LineAssigned,
)
from contracts.objectives import FieldStated, ObjectiveRegistered, UnitAssigned
from contracts.types import NONE, PENDING, UNKNOWN, Cents, Section, Stated, Text, known
from regesta.event import Event
from services.reporting.domain.budget import Budget
from services.reporting.domain.knowledge import LedgerSum
from services.reporting.domain.overview import overview_of
from services.reporting.writing import canonical
from tests.services.reporting.domain.facts import ACCOUNT, LINE, ONE, PLAN, RECEIPT, TWO, Facts

NEXT = iter(f"00000000-0000-4000-8000-{number:012}" for number in range(100, 1000))


def two_objectives() -> Facts:
    facts = Facts()
    for id_, code in ((ONE, "IV.1"), (TWO, "IV.2")):
        facts.register(ObjectiveRegistered(objective=id_, level="operational", code=code))
    return facts


def assigned(
    commitment: Stated[Cents] = UNKNOWN,
    *,
    line: str = LINE,
    section: Section | None = PLAN,
    category: Category | None = "other",
    share_ppm: int | None = None,
) -> LineAssigned:
    return LineAssigned(
        assignment=next(NEXT),
        line=line,
        section=section,
        category=category,
        commitment_cents=commitment,
        share_ppm=share_ppm,
    )


def assign(facts: Facts, objective: str, *events: LineAssigned) -> list[str]:
    return facts.add("assignments", f"assignment/{objective}", *events)


def plans(facts: Facts) -> list[Budget]:
    sections = [each.planned for each in facts.letter().objectives]
    return [section.content.budget for section in sections if section is not None and section.content.budget]


def test_four_categories_stand_there_also_when_nothing_is_said() -> None:
    budget, _ = plans(two_objectives())
    assert [each.name for each in budget.categories] == ["personnel", "running", "assets", "other"]
    assert {each.statement.state for each in budget.categories if each.statement} == {"unknown"}
    assert (budget.own.commitment.cents, budget.own.commitment.at_least, budget.own.commitment.lines) == (
        None,
        False,
        0,
    )


def test_neant_is_a_statement_of_its_own() -> None:
    facts = two_objectives()
    said = FieldStated(field="budget_running", value=NONE, section=PLAN)
    (name,) = facts.add("objectives", f"objective/{ONE}", said)
    running = plans(facts)[0].categories[1]
    assert running.statement is not None
    assert (running.statement.state, running.statement.events) == ("none", (name,))


def test_lines_without_a_category_and_codes_that_are_none_are_kept() -> None:
    facts = two_objectives()
    assign(facts, ONE, assigned(category=None))
    printed = AllocationPrinted(as_printed="01.002.08.08", reason="digits are missing", section=PLAN, category="assets")
    facts.add("assignments", f"assignment/{ONE}", printed)
    budget = plans(facts)[0]
    assert [(each.name, len(each.lines), len(each.printed)) for each in budget.categories][2:] == [
        ("assets", 0, 1),
        ("other", 0, 0),
        ("unclassified", 1, 0),
    ]
    assert budget.categories[2].printed[0].reason == "digits are missing"


def test_a_total_over_unknown_amounts_is_at_least() -> None:
    facts = two_objectives()
    names = assign(facts, ONE, assigned(known(500)), assigned(line=LINE.replace("6321", "6322")))
    total = plans(facts)[0].own.commitment
    assert (total.cents, total.at_least, total.lines, total.unknown) == (500, True, 2, 1)
    assert total.events == (names[0],)


@pytest.mark.parametrize(
    ("stated", "cents", "at_least"),
    [
        ([known(500), known(500)], 500, False),
        ([known(500), known(200)], 500, True),
        ([known(500), NONE], 500, False),
        ([known(500), PENDING], 500, True),
        ([NONE], 0, False),
        ([UNKNOWN], None, True),
        ([UNKNOWN, NONE], None, True),
    ],
)
def test_a_line_printed_twice_at_one_place_counts_once(
    *, stated: list[Stated[Cents]], cents: int | None, at_least: bool
) -> None:
    facts = two_objectives()
    assign(facts, ONE, *(assigned(each) for each in stated))
    budget = plans(facts)[0]
    assert len(budget.rows) == len(stated)
    for total in (budget.own.commitment, facts.letter().totals[1].expenditure.commitment):
        assert (total.cents, total.at_least, total.lines) == (cents, at_least, 1)


def test_stated_shares_of_several_objectives_are_added() -> None:
    facts = two_objectives()
    for objective in (ONE, TWO):
        assign(facts, objective, assigned(known(200), share_ppm=500_000))
    (_, total) = facts.letter().totals
    assert (total.expenditure.commitment.cents, total.expenditure.commitment.at_least) == (400, False)


def test_what_nobody_knows_is_no_zero_in_json() -> None:
    facts = two_objectives()
    assign(facts, ONE, assigned())
    (_, total) = facts.letter().totals
    assert orjson.loads(canonical(total.expenditure)) == {
        "commitment": {"at_least": True, "lines": 1, "unknown": 1, "events": []},
        "liquidation": {"at_least": True, "lines": 1, "unknown": 1, "events": []},
        "unspecified": {"at_least": False, "lines": 0, "unknown": 0, "events": []},
    }


def test_lines_in_no_section_have_a_total_of_their_own() -> None:
    facts = two_objectives()
    assert [each.section for each in facts.letter().totals] == [ACCOUNT, PLAN]
    assign(facts, ONE, assigned(known(500)), assigned(known(300), section=None))
    assign(facts, TWO, assigned(known(300), section=None), assigned(section=None, line=RECEIPT))
    (_, plan, loose) = facts.letter().totals
    assert (loose.section, loose.lines, loose.shared, loose.expenditure.commitment.cents) == (None, 2, 1, 300)
    assert (plan.lines, plan.expenditure.commitment.cents) == (1, 500)
    lines = overview_of(facts.letter()).lines
    # Of the first, the plan says that the line is more than what is said of it outside.
    assert [(each.budget.commitment.cents, each.budget.commitment.at_least) for each in lines] == [
        (500, True),
        (300, False),
    ]


def test_what_is_pending_in_a_category_is_owed_by_the_lead_unit() -> None:
    facts = two_objectives()
    facts.add("objectives", f"objective/{ONE}", UnitAssigned(unit="dru", role="lead"))
    owed, unknown = plans(facts)
    assert {(each.statement.state, each.owner) for each in owed.categories if each.statement} == {("pending", "dru")}
    assert {(each.statement.state, each.owner) for each in unknown.categories if each.statement} == {("unknown", None)}


@pytest.mark.parametrize(
    ("other", "at_least", "cents"), [(known(500), False, 500), (known(700), True, 700), (UNKNOWN, False, 500)]
)
def test_a_line_of_two_objectives_is_shared_and_counted_once(
    *, other: Stated[Cents], at_least: bool, cents: int
) -> None:
    facts = two_objectives()
    assign(facts, ONE, assigned(known(500)))
    assign(facts, TWO, assigned(other))
    first, second = plans(facts)
    assert [row.shared for budget in (first, second) for row in budget.rows] == [True, True]
    assert (first.own.commitment.lines, first.shared.commitment.cents) == (0, 500)
    (_, total) = facts.letter().totals
    assert (total.lines, total.shared, total.without_amount) == (1, 1, 0)
    assert (total.expenditure.commitment.cents, total.expenditure.commitment.at_least) == (cents, at_least)


def test_a_line_of_the_account_and_of_the_plan_is_not_shared() -> None:
    facts = two_objectives()
    assign(facts, ONE, assigned(known(500)))
    assign(facts, TWO, assigned(known(300), section=ACCOUNT))
    assert not any(row.shared for budget in plans(facts) for row in budget.rows)


def test_receipts_are_never_summed_with_expenditure() -> None:
    facts = two_objectives()
    assign(facts, ONE, assigned(known(500)), assigned(known(40), line=RECEIPT))
    budget = plans(facts)[0]
    assert (budget.own.commitment.cents, budget.receipts.commitment.cents) == (500, 40)


def test_a_line_is_named_and_repaired_as_it_was_opened() -> None:
    facts = two_objectives()
    code = AllocationCode("33.004.28.01.6321")
    opened = BudgetLineOpened(
        entity="urban",
        allocation=code,
        direction="expenditure",
        label=Text(fr="Contrats"),
        repaired_from="33 004 2801 6321",
    )
    (name,) = facts.add("lines", f"line/{LINE}", opened)
    assign(facts, ONE, assigned())
    (row,) = plans(facts)[0].rows
    assert (row.allocation, row.entity, row.repaired_from) == (code, "urban", "33 004 2801 6321")
    assert (row.label.events, row.events[-1]) == ((name,), name)


def entry(kind: type[Event], cents: int, *events: str, credit: str | None = None, unchecked: bool = False) -> LedgerSum:
    return LedgerSum(kind.name, credit, cents, unchecked, events)


def with_ledger(year: int, *sums: LedgerSum) -> Facts:
    facts = two_objectives()
    facts.ledgers[f"ledger/{LINE}/{year}"] = list(sums)
    return facts


def test_an_account_shows_what_the_ledger_says_was_used() -> None:
    facts = with_ledger(
        2023,
        entry(CreditReserved, 900, "budget:1", "budget:2", unchecked=True),
        entry(CreditReleased, 100, "budget:3"),
        entry(CreditConsumed, 250, "budget:4"),
    )
    assign(facts, ONE, assigned(known(5), section=ACCOUNT))
    account = facts.letter().objectives[0].realised
    assert account is not None
    assert account.content.budget is not None
    (row,) = account.content.budget.rows
    assert (row.commitment.value, row.commitment_from, row.stated.commitment.value) == (800, "ledger", 5)
    assert row.commitment.events == ("budget:1", "budget:2", "budget:3")
    assert (row.liquidation.value, row.liquidation.events) == (250, ("budget:4",))
    assert row.ledger is not None
    assert (row.ledger.unchecked, row.ledger.commitment_credits.state) == (True, "unknown")


def test_a_plan_shows_the_credits_after_transfers() -> None:
    facts = with_ledger(
        2024,
        entry(CreditsTransferredIn, 300, "budget:8", credit="commitment"),
        entry(CreditsTransferredOut, 100, "budget:9", credit="commitment"),
        entry(CreditReserved, 5, "budget:10"),
    )
    voted = CreditsVoted(line=LINE, year=2024, credit="commitment", amount_cents=known(1_000))
    adjusted = CreditsAdjusted(line=LINE, year=2024, credit="liquidation", amount_cents=NONE)
    by = facts.add("credits", f"ledger/{LINE}/2024", voted, adjusted)
    assign(facts, ONE, assigned(known(5)))
    (row,) = plans(facts)[0].rows
    assert (row.commitment.value, row.commitment.events) == (1_200, (by[0], "budget:8", "budget:9"))
    # Credits stated as none are no amount to show before what the document states.
    assert (row.liquidation.state, row.liquidation_from) == ("unknown", "statement")
    assert row.ledger is not None
    assert (row.ledger.liquidation_credits.state, row.ledger.committed.value, row.ledger.liquidated.state) == (
        "none",
        5,
        "unknown",
    )


def test_a_stated_share_is_that_part_of_the_ledger_and_is_not_shared() -> None:
    facts = with_ledger(2024, entry(CreditsTransferredIn, 1, "budget:8", credit="commitment"))
    facts.add(
        "credits",
        f"ledger/{LINE}/2024",
        CreditsVoted(line=LINE, year=2024, credit="commitment", amount_cents=known(1_000)),
    )
    assign(facts, ONE, assigned(share_ppm=250_000))
    assign(facts, TWO, assigned())
    one, two = (budget.rows[0] for budget in plans(facts))
    assert (one.commitment.value, one.commitment_from, one.shared) == (250, "share", False)
    assert (two.commitment.value, two.commitment_from, two.shared) == (1_001, "ledger", True)
    (_, total) = facts.letter().totals
    assert (total.expenditure.commitment.cents, total.expenditure.commitment.at_least) == (1_001, False)


def test_reported_facts_beyond_the_credits_are_shown_as_they_add_up() -> None:
    facts = with_ledger(2023, entry(CreditReleased, 100, "budget:3"))
    assign(facts, ONE, assigned(section=ACCOUNT))
    account = facts.letter().objectives[0].realised
    assert account is not None
    assert account.content.budget is not None
    assert account.content.budget.rows[0].commitment.value == -100
    assert account.content.budget.own.commitment.cents == -100
