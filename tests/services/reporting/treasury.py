"""Random steps of a treasury: lines, credits, conventions, commitments and payments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, get_args

from contracts import budget, commitments
from contracts.allocation import AllocationCode
from contracts.types import known
from tests.services.reporting.past import YEARS, Past, Step

CODES: Final = ("33.001.07.01.1111", "33.004.27.01.4322", "33.004.28.01.6321", "02.002.08.01.3811")


def _open_line(past: Past) -> None:
    code = AllocationCode(past.random.choice(CODES))
    line = f"unstated-territorial.{code}"
    if line in past.lines:
        return
    opened = budget.BudgetLineOpened(
        entity="unstated-territorial", allocation=code, direction=code.direction, label=past.text()
    )
    past.add("budget", f"line/{line}", opened)
    past.lines.append(line)


def _assign_line(past: Past) -> None:
    if not past.lines:
        return
    if past.assigned and past.random.random() < 0.3:
        objective, assignment, line = past.assigned.pop(past.random.randrange(len(past.assigned)))
        gone = budget.LineUnassigned(assignment=assignment, line=line)
        past.add("budget", f"assignment/{objective}", gone)
        return
    objective, assignment, line = past.any()[2], past.id(), past.random.choice(past.lines)
    assigned = budget.LineAssigned(
        assignment=assignment,
        line=line,
        section=past.section(),
        category=past.random.choice([None, *get_args(budget.Category)]),
        commitment_cents=past.stated(),
        liquidation_cents=past.stated(),
        unspecified_cents=past.stated(),
        share_ppm=past.random.choice([None, None, 250_000]),
    )
    past.add("budget", f"assignment/{objective}", assigned)
    past.assigned.append((objective, assignment, line))


def _print_allocation(past: Past) -> None:
    printed = budget.AllocationPrinted(as_printed="01.002.08.08", reason="a digit is missing", section=past.section())
    past.add("budget", f"assignment/{past.any()[2]}", printed)


def _credit(past: Past) -> None:
    if len(past.lines) < 2:
        return
    line, other = past.random.sample(past.lines, 2)
    year, credit = past.random.choice(YEARS), past.random.choice(get_args(budget.CreditKind))
    if past.random.random() < 0.5:
        cls = past.random.choice([budget.CreditsVoted, budget.CreditsAdjusted])
        voted = cls(line=line, year=year, credit=credit, amount_cents=known(past.cents()))
        past.add("budget", f"ledger/{line}/{year}", voted)
        return
    cents = past.cents()
    out = budget.CreditsTransferredOut(
        line=line, year=year, credit=credit, transfer=past.id(), to_line=other, amount_cents=cents
    )
    into = budget.CreditsTransferredIn(
        line=other, year=year, credit=credit, transfer=out.transfer, from_line=line, amount_cents=cents
    )
    past.add("budget", f"ledger/{line}/{year}", out)
    past.add("budget", f"ledger/{other}/{year}", into)


def _sign(past: Past) -> None:
    if not past.dossiers:
        return
    convention, dossier, cents = past.id(), past.random.choice(past.dossiers), past.cents()
    signed = commitments.ConventionSigned(dossier=dossier, amount_cents=cents, advance_ppm=200_000)
    past.add("budget", f"convention/{convention}", signed, "2024-03")
    past.conventions.append((convention, dossier))
    if past.random.random() < 0.5:
        amended = commitments.ConventionAmended(amount_cents=cents + 1)
        past.add("budget", f"convention/{convention}", amended)


def _commit(past: Past) -> None:
    if not (past.lines and past.dossiers):
        return
    convention, dossier = past.random.choice([*past.conventions, (None, past.random.choice(past.dossiers))])
    line, year, commitment, cents = (
        past.random.choice(past.lines),
        past.random.choice(YEARS),
        past.id(),
        past.cents(),
    )
    committed = commitments.AmountCommitted(
        line=line,
        year=year,
        amount_cents=cents,
        dossier=past.random.choice([dossier, None]) if convention else dossier,
        convention=convention,
        unchecked=True,
    )
    past.add("budget", f"commitment/{commitment}", committed)
    reserved = budget.CreditReserved(line=line, year=year, commitment=commitment, amount_cents=cents, unchecked=True)
    past.add("budget", f"ledger/{line}/{year}", reserved)
    past.commitments.append((commitment, committed))


def _pay(past: Past) -> None:
    if not past.commitments:
        return
    commitment, committed = past.random.choice(past.commitments)
    line, year, cents = committed.line, committed.year, past.random.randrange(1, 1000)
    paid = commitments.PaymentLiquidated(
        payment=past.id(), line=line, year=year, amount_cents=cents, part="advance", dossier=committed.dossier
    )
    past.add("budget", f"commitment/{commitment}", paid, "2024-04-10")
    consumed = budget.CreditConsumed(
        line=line, year=year, commitment=commitment, payment=paid.payment, amount_cents=cents
    )
    past.add("budget", f"ledger/{line}/{year}", consumed)
    past.payments.append((commitment, paid))


def _take_back(past: Past) -> None:
    if not past.payments:
        return
    commitment, paid = past.payments.pop(past.random.randrange(len(past.payments)))
    same = {"line": paid.line, "year": paid.year, "payment": paid.payment, "amount_cents": paid.amount_cents}
    reversed_ = commitments.PaymentReversed.model_validate({**same, "reason": "paid twice", "dossier": paid.dossier})
    past.add("budget", f"commitment/{commitment}", reversed_)
    returned = budget.CreditReturned.model_validate({**same, "commitment": commitment})
    past.add("budget", f"ledger/{paid.line}/{paid.year}", returned)


def _decommit(past: Past) -> None:
    if not past.commitments:
        return
    commitment, committed = past.random.choice(past.commitments)
    freed = commitments.AmountDecommitted(
        decommitment=past.id(), line=committed.line, year=committed.year, amount_cents=1, reason="never due"
    )
    past.add("budget", f"commitment/{commitment}", freed)
    released = budget.CreditReleased(line=committed.line, year=committed.year, commitment=commitment, amount_cents=1)
    past.add("budget", f"ledger/{committed.line}/{committed.year}", released)


STEPS: Final[Sequence[Step]] = (
    _open_line,
    _assign_line,
    _assign_line,
    _assign_line,
    _print_allocation,
    _credit,
    _credit,
    _sign,
    _commit,
    _pay,
    _pay,
    _take_back,
    _decommit,
)
