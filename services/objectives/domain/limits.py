"""Who must decide on a subsidy of which amount: dated limits, and what a grant lacks under them. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from contracts.dates import Day
from contracts.decisions import ApprovalGranted, ApprovalWithdrawn, Body, OpinionIssued, OpinionOverridden
from contracts.types import PositiveCents
from regesta.errors import Refused
from services.objectives.domain.dossier import Dossier
from services.objectives.domain.errors import (
    AuthorityTooLow,
    BudgetAgreementMissing,
    OpinionMissing,
    OpinionUnfavourable,
)

# They agree, advise or control before somebody decides; their approval is no decision to grant.
ASSENTING: Final[frozenset[Body]] = frozenset(
    {"budget_minister", "inspector_of_finance", "council_of_state", "controller"}
)
# Their decisions follow rules of their own: European funds, and laws.
APART: Final[frozenset[Body]] = frozenset({"monitoring_committee", "european_commission", "parliament"})


class GrantLimits(BaseModel):
    """Limits that hold from a day on, in euro cents. An amount above a limit needs what the limit is named after."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    since: Day
    opinion_above_cents: PositiveCents
    budget_agreement_above_cents: PositiveCents
    government_above_cents: PositiveCents


class Limits(BaseModel):
    """All limits, in the order of their days. Raises ValueError when they are out of order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    grant: Annotated[tuple[GrantLimits, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        days = [limits.since for limits in self.grant]
        if days != sorted(set(days)):
            raise ValueError(f"the days of the limits must rise: {[day.isoformat() for day in days]}")
        return self

    def on(self, day: date) -> GrantLimits | None:
        """Return the limits that hold on a day; None before the first."""
        held = [limits for limits in self.grant if limits.since <= day]
        return held[-1] if held else None


def lacking(dossier: Dossier, granted: ApprovalGranted, limits: GrantLimits | None) -> Iterator[Refused]:
    """Yield what a grant lacks for its amount, in the order of evidence. Only a grant of a known amount needs anything."""
    amount = granted.amount_cents
    if limits is None or amount is None or granted.step != "grant" or granted.authority in ASSENTING | APART:
        return
    if amount > limits.opinion_above_cents:
        yield from _opinion(dossier, amount, limits.opinion_above_cents)
    if amount > limits.budget_agreement_above_cents and not _agreed(dossier, amount):
        yield BudgetAgreementMissing(
            f"{amount} cents, above {limits.budget_agreement_above_cents}, need the agreement of the Budget minister",
            amount_cents=amount,
            limit_cents=limits.budget_agreement_above_cents,
        )
    yield from _authority(granted.authority, amount, limits.government_above_cents)


def _authority(authority: Body, amount: int, limit: int) -> Iterator[Refused]:
    enough = {"government"} if amount > limit else {"minister", "government"}
    if authority not in enough:
        yield AuthorityTooLow(
            f"{amount} cents need the decision of {' or '.join(sorted(enough))}, not of {authority!r}",
            amount_cents=amount,
            authority=authority,
            limit_cents=limit,
        )


def _opinion(dossier: Dossier, amount: int, limit: int) -> Iterator[Refused]:
    opinions = [each for each in dossier.all(OpinionIssued) if each.by == "inspector_of_finance"]
    if not opinions:
        yield OpinionMissing(
            f"{amount} cents, above {limit}, need an opinion of the Inspector of Finance",
            amount_cents=amount,
            limit_cents=limit,
        )
        return
    last = max(opinions, key=lambda each: each.round)
    overridden = dossier.find(OpinionOverridden, last.by, last.round, last.application) is not None
    if last.verdict == "unfavourable" and not overridden:
        yield OpinionUnfavourable(
            f"the Inspector's opinion of round {last.round} is unfavourable and was not overridden", round=last.round
        )


def _agreed(dossier: Dossier, amount: int) -> bool:
    """Return whether the Budget minister agreed to the grant, to no less than this amount where the agreement names one."""
    return any(
        each.authority == "budget_minister"
        and each.step == "grant"
        and (each.amount_cents is None or each.amount_cents >= amount)
        and dossier.find(ApprovalWithdrawn, each.authority, each.step, each.round) is None
        for each in dossier.all(ApprovalGranted)
    )
