"""The order of evidence: what an amount needs, and files that say otherwise."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.decisions import (
    ApprovalGranted,
    ApprovalRefused,
    ApprovalWithdrawn,
    OpinionIssued,
    OpinionOverridden,
)
from contracts.evidence import (
    SHIPPED,
    VARIABLE,
    Evidence,
    Ladder,
    OrderWrong,
    before_commitment,
    before_notice,
    read_order,
)
from regesta.event import Event

ORDER = read_order(SHIPPED)
LADDER = ORDER.ladder[0]
ONE = "0193a5c0-7b1e-7000-8000-000000000001"
TWO = "0193a5c0-7b1e-7000-8000-000000000002"
LINE = "brussels.33.004.28.01.6321"
TABLE = """\
[[ladder]]
since = 1989-01-12
opinion_above_cents = 310_000
budget_agreement_above_cents = 620_000
government_above_cents = 1_500_000
"""


def rules(steps: Sequence[Event], amount_cents: int | None) -> list[str]:
    return [each.rule for each in before_commitment(Evidence.of(steps), amount_cents, LADDER)]


class Naive:
    """The ladder once more, written as a story of one dossier: who said what last. It shares nothing with contracts.evidence."""

    def __init__(self) -> None:
        self.opinions: dict[tuple[str | None, int], str] = {}
        self.forgiven: set[tuple[str | None, int]] = set()
        self.yes: dict[tuple[str, int], int | None] = {}

    def hear(self, step: Event) -> None:
        match step:
            case OpinionIssued(by="inspector_of_finance"):
                self.opinions[step.application, step.round] = step.verdict
            case OpinionOverridden(opinion_of="inspector_of_finance"):
                self.forgiven.add((step.application, step.round))
            case ApprovalGranted(step="grant"):
                self.yes[step.authority, step.round] = step.amount_cents
            case _:
                pass

    def take_back(self, steps: Sequence[Event]) -> None:
        for step in steps:
            if isinstance(step, ApprovalWithdrawn) and step.step == "grant":
                self.yes.pop((step.authority, step.round), None)

    def said_yes(self, who: str, cents: int | None) -> bool:
        named = [each for (by, _), each in self.yes.items() if by == who]
        return any(each is None or cents is None or each >= cents for each in named)

    def wants(self, cents: int | None) -> list[str]:
        if any(self.said_yes(who, cents) for who in ("monitoring_committee", "european_commission", "parliament")):
            return []
        lacks = []
        if cents is None or cents >= 310_001:
            if not self.opinions:
                lacks.append("opinion-missing")
            for application in dict.fromkeys(application for application, _ in self.opinions):
                last = max(number for each, number in self.opinions if each == application)
                if self.opinions[application, last] == "unfavourable" and (application, last) not in self.forgiven:
                    lacks.append("opinion-unfavourable")
        if (cents is None or cents >= 620_001) and not self.said_yes("budget_minister", cents):
            lacks.append("budget-agreement-missing")
        high = cents is None or cents >= 1_500_001
        if not (self.said_yes("government", cents) or (not high and self.said_yes("minister", cents))):
            lacks.append("decision-missing")
        return lacks


bodies = st.sampled_from(
    ["minister", "government", "budget_minister", "inspector_of_finance", "monitoring_committee", "municipality"]
)
rounds = st.integers(1, 3)
cents = st.one_of(
    st.none(), st.sampled_from([1, 310_000, 310_001, 620_000, 620_001, 1_500_000, 1_500_001, 1_250_000_000])
)
applications = st.sampled_from([None, ONE, TWO])
decisions = st.sampled_from(["grant", "perimeter"])
steps = st.one_of(
    st.builds(
        OpinionIssued,
        by=st.sampled_from(["inspector_of_finance", "council_of_state"]),
        verdict=st.sampled_from(["favourable", "with_remarks", "unfavourable"]),
        round=rounds,
        application=applications,
    ),
    st.builds(
        OpinionOverridden,
        opinion_of=st.sampled_from(["inspector_of_finance", "council_of_state"]),
        by=bodies,
        reason=st.just("urgent"),
        round=rounds,
        application=applications,
    ),
    st.builds(ApprovalGranted, authority=bodies, step=decisions, round=rounds, amount_cents=cents),
    st.builds(ApprovalWithdrawn, authority=bodies, step=decisions, round=rounds, reason=st.just("blocked")),
    st.builds(ApprovalRefused, authority=bodies, step=decisions, round=rounds),
)


def reference(step: Event) -> tuple[object, ...]:
    names = ("authority", "step", "by", "opinion_of", "round", "application")
    return (
        step.name,
        *(getattr(step, each, None) for each in names if each != "by" or step.name.startswith("opinion-i")),
    )


@given(st.lists(steps, max_size=12, unique_by=reference), cents)
def test_what_is_missing_is_what_a_naive_reader_of_the_steps_misses(said: list[Event], amount: int | None) -> None:
    model = Naive()
    for step in said:
        model.hear(step)
    model.take_back(said)
    assert rules(said, amount) == model.wants(amount)


@given(st.lists(steps, max_size=8, unique_by=reference), st.integers(1, 2_000_000), st.integers(0, 2_000_000))
def test_less_money_never_needs_more(said: list[Event], amount: int, more: int) -> None:
    assert len(rules(said, amount)) <= len(rules(said, amount + more)) <= len(rules(said, None)) or any(
        isinstance(each, ApprovalGranted) and each.amount_cents is not None for each in said
    )


def test_each_step_that_is_missing_says_who_can_take_it_and_above_what() -> None:
    found = list(before_commitment(Evidence.of([]), 1_500_001, LADDER))
    assert [(each.rule, each.by, each.limit_cents) for each in found] == [
        ("opinion-missing", ("inspector_of_finance",), 310_000),
        ("budget-agreement-missing", ("budget_minister",), 620_000),
        ("decision-missing", ("government",), 1_500_000),
    ]
    assert found[0].words == "1500001 cents, above 310000, needs an opinion of the Inspector of Finance"


def test_a_notice_comes_after_a_decision_whichever_it_is() -> None:
    missing = [each.rule for each in before_notice(Evidence.of([]), LADDER)]
    assert missing == ["decision-missing"]
    refused = [ApprovalRefused(authority="minister", step="grant")]
    assert not [*before_notice(Evidence.of(refused), LADDER)]
    small = ApprovalGranted(authority="minister", step="grant", amount_cents=310_000)
    assert not [*before_notice(Evidence.of([small]), LADDER)]
    back = ApprovalWithdrawn(authority="minister", step="grant", reason="blocked")
    assert [each.rule for each in before_notice(Evidence.of([small, back]), LADDER)] == ["decision-missing"]


def test_a_ladder_holds_from_its_day_to_its_last_and_until_the_next_begins(tmp_path: Path) -> None:
    file = tmp_path / "evidence.toml"
    file.write_text(
        f"{TABLE}\n{TABLE.replace('1989-01-12', '2024-01-01').replace('310_000', '500_000')}until = 2024-12-31\n"
    )
    order = read_order(file)
    limits = {
        day: None if (ladder := order.on(date.fromisoformat(day))) is None else ladder.opinion_above_cents
        for day in ("1989-01-11", "1989-01-12", "2023-12-31", "2024-01-01", "2024-12-31", "2025-01-01")
    }
    assert limits == {
        "1989-01-11": None, "1989-01-12": 310_000, "2023-12-31": 310_000, "2024-01-01": 500_000, "2024-12-31": 500_000,
        "2025-01-01": None,
    }  # fmt: skip


def test_a_line_is_exempt_between_two_days(tmp_path: Path) -> None:
    file = tmp_path / "evidence.toml"
    file.write_text(f'{TABLE}\n[[exemption]]\nline = "{LINE}"\nsince = 2024-01-01\nuntil = 2024-12-31\nreason = "R"\n')
    order = read_order(file)
    exempt = [order.exempted(LINE, date(2024, 1, 1)), order.exempted(LINE, date(2024, 12, 31))]
    assert [each and each.reason for each in exempt] == ["R", "R"]
    assert order.exempted(LINE, date(2025, 1, 1)) is None
    assert order.exempted(LINE, date(2023, 12, 31)) is None
    assert order.exempted("brussels.33.004.28.02.6321", date(2024, 6, 1)) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (TABLE.replace("620_000", '"much"'), "line 4: Input should be a valid integer"),
        (TABLE.replace("620_000", "-1"), "line 4: "),
        (f"{TABLE}\n{TABLE}", "line 1: "),
        (f"{TABLE}\n[[exemption]]\nline = \"33\"\nsince = 2024-01-01\nreason = 'R'\n", "line 8: "),
        (f"{TABLE}until = 1980-01-01\n", "line 1: Value error, it ends on 1980-01-01, before it begins on 1989-01-12"),
        (f"{TABLE}minister = 3\n", "line 6: Extra inputs are not permitted"),
        ("[[ladder]\n", "at line 1"),
        ("", "line 1: Field required"),
    ],
)
def test_a_file_that_is_wrong_is_refused_with_its_line_and_value(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "evidence.toml"
    file.write_text(text)
    with pytest.raises(OrderWrong) as wrong:
        read_order(file)
    assert str(file) in str(wrong.value)
    assert said in str(wrong.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OrderWrong, match="No such file"):
        read_order(tmp_path / "none.toml")


def test_the_shipped_ladder_is_that_of_the_domain() -> None:
    """From product.md: 3,100 EUR the minister alone, above it the opinion, 6,200 the Budget minister, 15,000 the Government."""
    assert ORDER.ladder == (
        Ladder(
            since=date(1989, 1, 12),
            opinion_above_cents=310_000,
            budget_agreement_above_cents=620_000,
            government_above_cents=1_500_000,
        ),
    )


@pytest.mark.parametrize(
    "command",
    [["-m", "services.budget", "api"], ["-m", "services.objectives", "doctor"], ["-m", "cli", "demo", "--port", "0"]],
)
def test_nothing_starts_with_a_file_that_is_wrong(tmp_path: Path, command: list[str]) -> None:
    file = tmp_path / "evidence.toml"
    file.write_text(TABLE.replace("620_000", '"much"'))
    done = subprocess.run(
        [sys.executable, *command],
        env={**os.environ, VARIABLE: str(file), "COLUMNS": "1000"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode != 0
    assert f"{VARIABLE}: {file}, line 4: " in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
