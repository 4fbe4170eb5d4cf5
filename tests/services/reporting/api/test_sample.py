from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import services
from cli.importing.run import import_facts
from contracts.allocation import AllocationCode, UnreadableCode
from services.budget.app import SERVICE as BUDGET
from services.kpi.app import SERVICE as KPI
from services.objectives.app import SERVICE as OBJECTIVES
from services.reporting.app import SERVICE as REPORTING
from services.reporting.domain.letter import Content, Letter, LetterOut
from services.reporting.domain.outline import contents_of
from tests.services.conftest import Run

SOURCES = ("objectives", "kpi", "budget")
SAMPLE = Path(services.__path__[0]).parent / "examples" / "territorial-2023-2024.json"


async def test_the_letter_holds_every_piece_of_the_sample(run: Run) -> None:
    running = await run(OBJECTIVES, KPI, BUDGET, REPORTING)
    report = await import_facts(SAMPLE, running.url, running.issuer.everything(1))
    heads = [await running.runtime(name).store.head(name) for name in SOURCES]
    tokens = [f"{name}:{head.position}" for name, head in zip(SOURCES, heads, strict=True)]
    answer = await running.client.get(
        f"/reporting/v1/letters/{report.note}/2024", params={"at_least": ",".join(tokens)}
    )
    assert answer.status_code == 200, answer.text
    letter = LetterOut.model_validate_json(answer.content).letter
    nodes = json.loads(SAMPLE.read_bytes())["objectives"]
    contents = [content for objective in letter.objectives for content in contents_of(objective)]

    assert codes(letter) == Counter(node["code"] for node in nodes)
    printed = Counter(line["allocation"] for node in nodes for line in node["budget_lines"])
    assert allocations(contents) == as_shown(printed)
    facts = Counter((fact["type"], fact["source_line"]) for node in nodes for fact in node["dated_facts"])
    assert Counter((fact.type, line(fact.place)) for content in contents for fact in content.facts.all) == facts
    amounts = Counter(
        (None if amount["eur"] is None else amount["eur"] * 100, amount["source_line"])
        for node in nodes
        for amount in node["amounts_in_text"]
    )
    assert Counter((a.amount.value, line(a.place)) for content in contents for a in content.amounts) == amounts
    thresholds = Counter(
        (each["red"], each["amber"], each["green"], each["units"]) for node in nodes for each in node["indicators"]
    )
    del thresholds[None, None, None, None]  # an indicator of which only the name is printed
    assert sum(len(content.indicators) for content in contents) == sum(len(node["indicators"]) for node in nodes)
    shown = [threshold for content in contents for row in content.indicators for threshold in row.thresholds]
    assert Counter((each.red, each.amber, each.green, each.units) for each in shown) == thresholds
    for kind in ("status_as_printed", "deadline_as_printed"):
        stated = Counter(node[kind] for node in nodes if node[kind] is not None)
        entries = [content.status if kind.startswith("status") else content.deadline for content in contents]
        assert Counter(entry.as_printed for entry in entries if entry is not None and entry.as_printed) == stated
    assert sum(node["fte"] is not None for node in nodes) == len(
        [staff for content in contents for staff in content.staff if staff.fte.state == "known"]
    )


def codes(letter: Letter) -> Counter[str | None]:
    """Return the codes of all objectives, printed sections and actions."""
    found: Counter[str | None] = Counter()
    for objective in letter.objectives:
        found[objective.code.value] += 1
        for section in (objective.realised, objective.planned):
            if section is not None:
                found.update(heading.code.value for heading in section.headings)
                found.update(action.code.value for action in section.actions)
    return +found


def allocations(contents: list[Content]) -> Counter[str]:
    """Return the codes of all budget lines, and those that are none as printed."""
    budgets = [content.budget for content in contents if content.budget is not None]
    found = Counter(str(row.allocation) for budget in budgets for row in budget.rows)
    return found + Counter(
        each.as_printed for budget in budgets for category in budget.categories for each in category.printed
    )


def readable(printed: str) -> str:
    """Return a printed code as the letter shows it."""
    try:
        return str(AllocationCode.parse(printed)[0])
    except UnreadableCode:
        return printed


def as_shown(printed: Counter[str]) -> Counter[str]:
    """Return how often each readable code is printed."""
    found: Counter[str] = Counter()
    for code, times in printed.items():
        found[readable(code)] += times
    return found


def line(place: object) -> int | None:
    """Return the line of a place."""
    found = getattr(place, "line", None)
    return found if isinstance(found, int) else None
