"""Random steps whose facts the letter does not show, so that the read models of every service have rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from contracts import agenda, commitments, decisions, dossiers, kpi, objectives
from contracts.dates import Period
from contracts.types import Text, known
from regesta.event import Event, FactWithdrawn, event_name
from tests.services.reporting.past import YEARS, Past, Step

BY: Final = ("government", "minister", "inspector_of_finance")
REASON: Final = "so decided"
# Other steps may rest on these.
BASES: Final = (dossiers.MilestonePlanned, kpi.IndicatorMeasured, kpi.MeasurementCorrected)


def _register_party(past: Past) -> None:
    party = past.id()
    past.add("objectives", f"party/{party}", objectives.PartyRegistered(kind="organisation"))
    if past.random.random() < 0.3:
        past.add("objectives", f"party/{party}", objectives.PartyErased())


def _go_on(past: Past) -> None:
    """Take a step of a dossier that leads to others, or ends it."""
    if not past.dossiers:
        return
    into = past.random.choice(past.dossiers)
    steps: list[Event] = [
        dossiers.CallClosed(received=past.random.randrange(30)),
        dossiers.PublicInquiryOpened(closes_on=past.day()),
        dossiers.PublicInquiryClosed(received=past.random.randrange(30)),
        dossiers.AppealLodged(appeal=past.id(), by=past.id()),
        dossiers.DossierCompleted(),
        dossiers.DossierStopped(reason=REASON, registered_in_error=past.random.random() < 0.3),
        dossiers.DossierMerged(into=into),
        decisions.ApplicationCompleted(application=past.id()),
        decisions.OpinionRequested(by=past.random.choice(BY)),
        decisions.OpinionOverridden(opinion_of="inspector_of_finance", by="government", reason=REASON),
        decisions.ApprovalRequested(authority=past.random.choice(BY), step="grant"),
        decisions.ApprovalRefused(authority=past.random.choice(BY), step="grant"),
        decisions.ApprovalWithdrawn(authority=past.random.choice(BY), step="grant", reason=REASON),
        decisions.DecisionNotified(to=past.id()),
        decisions.ProjectSelected(party=past.id(), amount_cents=past.cents()),
        decisions.ContractAwarded(party=past.id(), amount_cents=past.cents()),
    ]
    past.add("objectives", f"dossier/{past.random.choice(past.dossiers)}", past.random.choice(steps))


def _attach(past: Past) -> None:
    if past.dossiers:
        dossier = past.random.choice(past.dossiers)
        event = past.random.choice([dossiers.DossierAttached, dossiers.DossierDetached])
        past.add("objectives", f"objective/{past.any()[2]}", event(dossier=dossier))


def _evaluate(past: Past) -> None:
    if not past.indicators:
        return
    year = past.random.choice(YEARS)
    evaluated = kpi.IndicatorEvaluated(
        period=Period(starts_on=date(year, 1, 1), ends_on=date(year, 12, 31)),
        value=known(Decimal(past.random.randrange(100))),
        colour=past.random.choice(["red", "amber", "green"]),
        evidence=("budget:1",),
        inputs={"budget": 1},
    )
    retired = kpi.IndicatorRetired(reason=REASON)
    event = past.random.choice([evaluated, evaluated, evaluated, retired])
    past.add("kpi", f"indicator/{past.random.choice(past.indicators)}", event)


def _agree(past: Past) -> None:
    """Let a convention be drawn on, or end it."""
    if not (past.conventions and past.commitments):
        return
    convention, (commitment, _) = past.random.choice(past.conventions)[0], past.random.choice(past.commitments)
    paid = {"payment": past.id(), "part": past.random.choice(["advance", "interim"]), "year": 2024}
    cents = past.random.randrange(1, 1000)
    steps: list[Event] = [
        commitments.ConventionCommitted(commitment=commitment, amount_cents=cents),
        commitments.ConventionReleased(commitment=commitment, amount_cents=cents),
        commitments.ConventionDrawn.model_validate({**paid, "commitment": commitment, "amount_cents": cents}),
        commitments.ConventionReturned.model_validate({**paid, "commitment": commitment, "amount_cents": cents}),
        commitments.ConventionTerminated(reason=REASON),
    ]
    past.add("budget", f"convention/{convention}", past.random.choice(steps))


def _follow_up(past: Past) -> None:
    """Record what follows on a commitment: claims, recoveries, a check of its evidence, its reversal."""
    if not past.commitments:
        return
    commitment, committed = past.random.choice(past.commitments)
    stream, reference, cents = f"commitment/{commitment}", past.id(), past.random.randrange(1, 1000)
    match past.random.randrange(4):
        case 0:
            past.add("budget", stream, commitments.ClaimReceived(claim=reference, amount_cents=cents))
            if past.random.random() < 0.5:
                past.add("budget", stream, commitments.ClaimRejected(claim=reference, reason=REASON))
        case 1:
            past.add("budget", stream, commitments.RecoveryEstablished(recovery=reference, amount_cents=cents))
            if past.random.random() < 0.5:
                past.add("budget", stream, commitments.RecoveryCollected(recovery=reference, amount_cents=cents))
        case 2:
            breaches = past.random.choice([(), ("no-opinion",)])
            past.add("budget", stream, commitments.EvidenceChecked(breaches=breaches, inputs={"objectives": 1}))
        case _:
            reversed_ = commitments.CommitmentReversed(
                line=committed.line, year=committed.year, amount_cents=committed.amount_cents, reason=REASON
            )
            past.add("budget", stream, reversed_)


def _receive(past: Past) -> None:
    if not past.lines:
        return
    receipt, line, year = past.id(), past.random.choice(past.lines), past.random.choice(YEARS)
    stream, cents = f"receipt/{receipt}", past.cents()
    past.add("budget", stream, commitments.RightEstablished(line=line, year=year, amount_cents=cents))
    if past.random.random() < 0.7:
        past.add("budget", stream, commitments.ReceiptCollected(line=line, year=year, amount_cents=cents))


def _forecast(past: Past) -> None:
    if past.dossiers:
        dossier, year = past.random.choice(past.dossiers), past.random.choice(YEARS)
        forecast = commitments.LiquidationForecast(year=year, amount_cents=past.cents(), dossier=dossier)
        past.add("budget", f"forecast/{dossier}/{year}", forecast)


def _withdraw(past: Past) -> None:
    """Withdraw a step on which no other rests: the rules refuse the others."""
    if not past.steps:
        return
    source, stream, position = past.steps.pop(past.random.randrange(len(past.steps)))
    log, name = past.logs[source], event_name(source, position)
    step = log[position - 1].event
    # A milestone is spoken of by its id, what was measured by the name of its event.
    of = step.milestone if isinstance(step, dossiers.MilestonePlanned) else name
    if isinstance(step, BASES) and any(f'"{of}"' in each.raw for each in log[position:]):
        return
    past.milestones = [each for each in past.milestones if each[1] != of]
    past.measured = [each for each in past.measured if source != "kpi" or each[1] != position]
    past.add(source, stream, FactWithdrawn(event=name, reason="recorded in error"))


def _recommend(past: Past) -> None:
    """Record what the annexes are made of: a recommendation, and a regulation."""
    text = Text(fr="Suivre les délais")
    registered = agenda.RecommendationRegistered(report="2024-1", number="3", text=text)
    past.add("objectives", f"recommendation/{past.id()}", registered)
    past.add("objectives", f"regulation/{past.id()}", agenda.RegulationScheduled(title=text))


def _belong(past: Past) -> None:
    """Let a dossier belong to another one as its programme, often for a while only."""
    if len(past.dossiers) > 1:
        dossier, programme = past.random.sample(past.dossiers, 2)
        past.add("objectives", f"dossier/{dossier}", dossiers.DossierLinked(programme=programme))
        if past.random.random() < 0.5:
            past.add("objectives", f"dossier/{dossier}", dossiers.DossierUnlinked(programme=programme))


STEPS: Final[Sequence[Step]] = (
    _register_party,
    _belong,
    _go_on,
    _go_on,
    _attach,
    _evaluate,
    _agree,
    _agree,
    _follow_up,
    _follow_up,
    _receive,
    _forecast,
    _recommend,
    _withdraw,
    _withdraw,
)
