"""The order of evidence for a subsidy: who must advise, agree and decide, by amount and day. Read from a file of dated tables. Pure."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Final, Literal, Self, TypeAlias, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from contracts.allocation import LineKey
from contracts.dates import Day
from contracts.decisions import (
    ApplicationId,
    ApprovalGranted,
    ApprovalRefused,
    ApprovalWithdrawn,
    Body,
    OpinionIssued,
    OpinionOverridden,
)
from contracts.dossiers import DossierKind
from contracts.types import PositiveCents, Words
from regesta.event import Event

SHIPPED: Final = Path(__file__).with_name("evidence.toml")
# Names the file of an administration whose order is another one; all its services must be given the same.
VARIABLE: Final = "REGESTA_EVIDENCE_ORDER"
# They agree, advise or control before somebody decides; their approval is no decision to grant.
ASSENTING: Final[frozenset[Body]] = frozenset(
    {"budget_minister", "inspector_of_finance", "council_of_state", "controller"}
)
# Their decisions follow rules of their own: European funds, and laws.
APART: Final[frozenset[Body]] = frozenset({"monitoring_committee", "european_commission", "parliament"})
INSPECTOR: Final[Body] = "inspector_of_finance"
# The steps that can be missing, by the name of the rule that is broken without them.
MissingRule: TypeAlias = Literal[
    "opinion-missing", "opinion-unfavourable", "budget-agreement-missing", "authority-too-low", "decision-missing"
]

EVIDENCE_RULES: Final[frozenset[str]] = frozenset(get_args(MissingRule))


class OrderWrong(ValueError):
    """A file of the order of evidence that cannot be used. The message names the file, the line and the value."""


class _Dated(BaseModel):
    """What holds from a day on, up to and with another; until: None while no end is known."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    since: Day
    until: Day | None = None

    @model_validator(mode="after")
    def _not_backwards(self) -> Self:
        if self.until is not None and self.until < self.since:
            raise ValueError(f"it ends on {self.until}, before it begins on {self.since}")
        return self

    def holds(self, day: date) -> bool:
        """Return whether it holds on a day."""
        return self.since <= day and (self.until is None or day <= self.until)


class Ladder(_Dated):
    """Limits in euro cents: an amount above one needs the step that it is named after. kinds: of the dossiers that they are for."""

    opinion_above_cents: PositiveCents
    budget_agreement_above_cents: PositiveCents
    government_above_cents: PositiveCents
    kinds: Annotated[tuple[DossierKind, ...], Field(min_length=1)] = ("subsidy", "project")


class Exemption(_Dated):
    """A budget line whose commitments need no evidence for a while. reason: the decision that says so."""

    line: LineKey
    reason: Words


class Order(BaseModel):
    """All that holds or held. Raises ValueError for ladders that overlap or are out of order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ladder: Annotated[tuple[Ladder, ...], Field(min_length=1)]
    exemption: tuple[Exemption, ...] = ()

    @model_validator(mode="after")
    def _one_at_a_time(self) -> Self:
        for before, after in pairwise(self.ladder):
            if after.since <= (before.until or before.since):
                raise ValueError(
                    f"the days of the ladders must rise: {after.since} is not after those of {before.since}"
                )
        return self

    def on(self, day: date) -> Ladder | None:
        """Return the ladder of a day; None when none holds. One without an end ends where the next begins."""
        begun = [each for each in self.ladder if each.since <= day]
        return begun[-1] if begun and begun[-1].holds(day) else None

    def exempted(self, line: LineKey, day: date) -> Exemption | None:
        """Return why commitments on a line need no evidence on a day; None when they do."""
        return next((each for each in self.exemption if each.line == line and each.holds(day)), None)


@dataclass(frozen=True, slots=True)
class Missing:
    """A step that an amount needs and that is not there. by: who can take it, one of these; round, application: of an opinion."""

    rule: MissingRule
    by: tuple[Body, ...]
    amount_cents: int | None
    limit_cents: int | None = None
    round: int | None = None
    application: ApplicationId | None = None

    @property
    def shown(self) -> dict[str, str | int | list[str]]:
        """Its members as JSON, without those that it has not."""
        members = {"limit_cents": self.limit_cents, "round": self.round, "application": self.application}
        told = {name: value for name, value in members.items() if value is not None}
        return {"rule": self.rule, "by": [*self.by], **told}

    @property
    def words(self) -> str:
        """What is missing, as a clause."""
        if self.rule == "opinion-unfavourable":
            return f"the Inspector's opinion of round {self.round} is unfavourable and was not overridden"
        needed = {
            "opinion-missing": "an opinion of the Inspector of Finance",
            "budget-agreement-missing": "the agreement of the Budget minister",
        }.get(self.rule, f"the decision of {' or '.join(self.by)}")
        if self.rule == "decision-missing" and self.amount_cents is None:
            return f"there is no decision of {' or '.join(self.by)}"
        amount = "an unknown amount" if self.amount_cents is None else f"{self.amount_cents} cents"
        above = "" if self.limit_cents is None else f", above {self.limit_cents},"
        return f"{amount}{above} needs {needed}"


@dataclass(frozen=True, slots=True)
class Evidence:
    """The steps of a dossier that stand, as far as they say who advised, agreed and decided."""

    opinions: tuple[OpinionIssued, ...]
    overrides: tuple[OpinionOverridden, ...]
    grants: tuple[ApprovalGranted, ...]
    refusals: tuple[ApprovalRefused, ...]

    @classmethod
    def of(cls, steps: Iterable[Event]) -> Evidence:
        """Return what is said by steps that stand, in their order. A grant that its authority took back is none."""
        standing = tuple(steps)
        back = {(each.authority, each.step, each.round) for each in standing if isinstance(each, ApprovalWithdrawn)}
        return cls(
            tuple(each for each in standing if isinstance(each, OpinionIssued) and each.by == INSPECTOR),
            tuple(each for each in standing if isinstance(each, OpinionOverridden) and each.opinion_of == INSPECTOR),
            tuple(
                each
                for each in standing
                if isinstance(each, ApprovalGranted)
                and each.step == "grant"
                and (each.authority, each.step, each.round) not in back
            ),
            tuple(each for each in standing if isinstance(each, ApprovalRefused) and each.step == "grant"),
        )

    def covers(self, authorities: Iterable[Body], amount_cents: int | None) -> bool:
        """Return whether one of these granted, no less than this amount where its grant names one."""
        of = frozenset(authorities)
        return any(
            each.authority in of
            and (each.amount_cents is None or amount_cents is None or each.amount_cents >= amount_cents)
            for each in self.grants
        )


def before_grant(evidence: Evidence, authority: Body, amount_cents: int | None, ladder: Ladder) -> Iterator[Missing]:
    """Yield what is missing for an authority's decision to grant an amount; None needs what every amount does."""
    if authority in ASSENTING | APART:
        return
    yield from _assents(evidence, amount_cents, ladder)
    enough = _deciding(amount_cents, ladder)
    if authority not in enough:
        yield Missing("authority-too-low", enough, amount_cents, ladder.government_above_cents)


def before_commitment(evidence: Evidence, amount_cents: int | None, ladder: Ladder) -> Iterator[Missing]:
    """Yield what is missing for an amount to be committed, in the order of evidence; None needs what every amount does."""
    if evidence.covers(APART, amount_cents):
        return
    yield from _assents(evidence, amount_cents, ladder)
    enough = _deciding(amount_cents, ladder)
    if not evidence.covers(enough, amount_cents):
        yield Missing("decision-missing", enough, amount_cents, _limit(amount_cents, ladder.government_above_cents))


def before_notice(evidence: Evidence, ladder: Ladder) -> Iterator[Missing]:
    """Yield what is missing for a party to be told the decision: there must be one, and what a grant needs for its amount."""
    deciding = [each for each in evidence.grants if each.authority not in ASSENTING]
    if not deciding:
        if not evidence.refusals:
            yield Missing("decision-missing", ("minister", "government"), None)
        return
    yield from before_commitment(evidence, deciding[-1].amount_cents, ladder)


def _assents(evidence: Evidence, amount_cents: int | None, ladder: Ladder) -> Iterator[Missing]:
    """Yield the opinion and the agreement that are missing."""
    if _above(amount_cents, ladder.opinion_above_cents):
        yield from _opinion(evidence, amount_cents, ladder.opinion_above_cents)
    limit = ladder.budget_agreement_above_cents
    if _above(amount_cents, limit) and not evidence.covers(("budget_minister",), amount_cents):
        yield Missing("budget-agreement-missing", ("budget_minister",), amount_cents, _limit(amount_cents, limit))


def _opinion(evidence: Evidence, amount_cents: int | None, limit: int) -> Iterator[Missing]:
    """Yield the opinion that is missing, or each last one of an application, or of the whole dossier, that stands against it."""
    last: dict[ApplicationId | None, OpinionIssued] = {}
    for each in evidence.opinions:
        if each.application not in last or each.round > last[each.application].round:
            last[each.application] = each
    if not last:
        yield Missing("opinion-missing", (INSPECTOR,), amount_cents, _limit(amount_cents, limit))
    overridden = {(each.round, each.application) for each in evidence.overrides}
    for application, opinion in last.items():
        if opinion.verdict == "unfavourable" and (opinion.round, application) not in overridden:
            yield Missing(
                "opinion-unfavourable", (INSPECTOR,), amount_cents, None, round=opinion.round, application=application
            )


def _deciding(amount_cents: int | None, ladder: Ladder) -> tuple[Body, ...]:
    return ("government",) if _above(amount_cents, ladder.government_above_cents) else ("minister", "government")


def _above(amount_cents: int | None, limit: int) -> bool:
    return amount_cents is None or amount_cents > limit


def _limit(amount_cents: int | None, limit: int) -> int | None:
    """Return the limit that an amount is above; None of one that is not, or unknown."""
    return limit if amount_cents is not None and amount_cents > limit else None


def read_order(path: Path) -> Order:
    """Return the order that a file has. Raises OrderWrong."""
    try:
        text = path.read_text("utf-8")
        tables = tomllib.loads(text)
    except (OSError, ValueError) as error:  # what is no TOML says its line itself
        raise OrderWrong(f"{path}: {error}") from error
    try:
        return Order.model_validate(tables)
    except ValidationError as error:
        first = error.errors()[0]
        raise OrderWrong(f"{path}, line {_line(text, first['loc'])}: {first['msg']}: {first['input']!r}") from error


def order_in_force() -> Order:
    """Return the order of the file that the environment names, else the shipped one. Raises OrderWrong."""
    return read_order(Path(os.environ.get(VARIABLE, SHIPPED)))


def _line(text: str, place: tuple[int | str, ...]) -> int:
    """Return the line of what an error is about: its member, else the head of its table, else the first line."""
    table, number, *member = [*place, "", 0, ""][:3] if len(place) < 3 else place
    lines = text.splitlines()
    heads = [at for at, line in enumerate(lines, start=1) if line.strip() == f"[[{table}]]"]
    if not isinstance(number, int) or number >= len(heads):
        return 1
    head = heads[number]
    for at, line in enumerate(lines[head:], start=head + 1):
        if line.startswith("["):
            break
        if line.partition("=")[0].strip() == str(member[0]):
            return at
    return head
