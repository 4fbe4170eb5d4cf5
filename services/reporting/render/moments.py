"""Moments: whatever has a date and a place in a timeline, told in two languages. What is planned never looks done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, Literal, TypeAlias

from contracts.types import Place, Text
from services.reporting.domain.dossiers import Commitment, Convention, Dossier, Milestone, Payment, Step, StepKind
from services.reporting.domain.figure import Events, When
from services.reporting.domain.letter import Fact
from services.reporting.render.words import phrases
from services.reporting.render.words.label import Label
from services.reporting.render.words.official import FACTS
from services.reporting.render.words.values import (
    APPROVAL_STEPS,
    BODIES,
    FACT_TYPES,
    MILESTONES,
    PARTS_OF_PAYMENT,
    STEPS,
    VERDICTS,
)

Mark: TypeAlias = Literal["reached", "planned", "target", "late", "unmet", "unclear", "dropped"]

MARKS: Final[dict[str, Mark]] = {
    "done": "reached",
    "planned": "planned",
    "target": "target",
    "unmet": "unmet",
    "unclear": "unclear",
}
# The shape of a declared status; one to be corrected has a colour instead.
STATUS_MARKS: Final[Mapping[str, str]] = {
    "on_schedule": "planned",
    "in_progress": "planned",
    "behind": "late",
    "completed": "reached",
    "stopped": "dropped",
    "to_be_corrected": "amber",
    "other": "planned",
}
# Steps that decide; the others lead there.
DECISIONS: Final = frozenset[StepKind](
    {
        "opinion-issued",
        "opinion-overridden",
        "approval-granted",
        "approval-refused",
        "approval-withdrawn",
        "project-selected",
        "contract-awarded",
        "appeal-decided",
        "dossier-suspended",
        "dossier-stopped",
        "dossier-merged",
        "dossier-completed",
    }
)


@dataclass(frozen=True, slots=True)
class Moment:
    """One entry of a timeline.

    mark: its shape. when: None when no date can be read, then when_printed holds what stands there, if anything. word: how
    it stands; count: how many say the same. text: what it is about; detail: particulars in both languages; notes: in
    whatever language they were said. place: where it is printed.
    """

    mark: Mark
    when: When | None
    word: Label
    events: Events
    text: Text | None = None
    detail: Label | None = None
    notes: tuple[str, ...] = ()
    when_printed: str | None = None
    by: Label | None = None
    count: int = 1
    place: Place | None = None

    @property
    def starts_on(self) -> date:
        """The day it is sorted by; after all others when that is unknown."""
        return (self.when and (self.when.earliest or self.when.latest)) or date.max


def printed(fact: Fact) -> Moment:
    """Return the moment of a dated statement as printed."""
    notes = (fact.actor, fact.type_as_printed)
    return Moment(
        mark=MARKS[fact.reading],
        when=fact.day,
        word=FACTS[fact.reading],
        events=fact.events,
        text=fact.text,
        detail=None if fact.type == "other" else FACT_TYPES[fact.type],
        notes=tuple(note for note in notes if note),
        when_printed=fact.day_as_printed,
        by=FACTS[fact.by] if fact.by else None,
        place=fact.place,
    )


def decisions(dossier: Dossier) -> list[Moment]:
    """Return what a letter tells of a dossier: decisions, money, plans and its end; the way there is on its own page."""
    kept = tuple(step for step in dossier.steps if step.kind in DECISIONS)
    return story(replace(dossier, steps=kept))


def story(dossier: Dossier) -> list[Moment]:
    """Return all that happened and is planned in a dossier, by date."""
    moments = [_milestone(milestone) for milestone in dossier.milestones]
    moments += [_step(step) for step in dossier.steps]
    moments += [_convention(convention) for convention in dossier.conventions]
    for commitment in dossier.commitments:
        moments += _obligation(commitment)
    return _counted(sorted(moments, key=lambda moment: moment.starts_on))


def _counted(moments: list[Moment]) -> list[Moment]:
    """Return moments with neighbours that say the same told once, with their number: five applications in a row."""
    told: list[Moment] = []
    for moment in moments:
        last = told[-1] if told else None
        if last is not None and replace(last, events=moment.events, count=1) == moment:
            told[-1] = replace(last, events=last.events + moment.events, count=last.count + 1)
        else:
            told.append(moment)
    return told


def _milestone(milestone: Milestone) -> Moment:
    due = milestone.due
    title = milestone.title.value
    kind = None if title else MILESTONES[milestone.kind]
    match milestone.state:
        case "planned":
            return Moment("planned", due, FACTS["planned"], milestone.events, title, kind)
        case "cancelled":
            notes = (milestone.reason,) if milestone.reason else ()
            return Moment("dropped", due, FACTS["dropped"], milestone.events, title, kind, notes)
        case "reached":
            return Moment(
                "late" if milestone.late else "reached",
                milestone.reached,
                _reached(milestone),
                milestone.events + milestone.evidence,
                title,
                kind,
            )


def _reached(milestone: Milestone) -> Label:
    """Return how a reached milestone is worded: by how much it is late, else what was planned."""
    due, reached = milestone.due, milestone.reached
    if not milestone.late:
        return phrases.reached_as_planned(due)
    if reached is None or reached.earliest is None or due.latest is None:
        return phrases.reached_late(None)
    return phrases.reached_late((reached.earliest - due.latest).days)


def _step(step: Step) -> Moment:
    parts = [
        BODIES[step.body] if step.body else None,
        APPROVAL_STEPS[step.step] if step.step else None,
        phrases.of_round(step.round),
        VERDICTS.get(step.verdict or ""),
        phrases.amount(step.amount_cents),
        phrases.received(step.received),
        phrases.closes(step.closes_on),
    ]
    verdict = step.verdict if step.verdict and step.verdict not in VERDICTS else None
    return Moment(
        "dropped" if step.kind in {"approval-refused", "approval-withdrawn", "dossier-stopped"} else "reached",
        step.occurred,
        STEPS[step.kind],
        step.events,
        step.text,
        Label.joined(*parts),
        tuple(note for note in (step.reference, verdict, step.reason) if note),
    )


def _convention(convention: Convention) -> Moment:
    signed = Label("convention signée", "overeenkomst ondertekend", "convention signed")
    ended = Label("convention résiliée", "overeenkomst beëindigd", "convention terminated")
    parts = [
        phrases.amount(convention.amount.value),
        phrases.advance(convention.advance_ppm),
        phrases.ends(convention.ends_on),
    ]
    return Moment(
        "reached" if convention.state == "signed" else "dropped",
        convention.signed_on,
        signed if convention.state == "signed" else ended,
        convention.events,
        detail=Label.joined(*parts),
        notes=tuple(note for note in (convention.reference, convention.reason) if note),
    )


def _obligation(commitment: Commitment) -> Iterator[Moment]:
    yield Moment(
        "reached",
        commitment.occurred,
        Label("engagé", "vastgelegd", "committed"),
        commitment.committed.events,
        detail=Label.joined(phrases.amount(commitment.committed.value), phrases.of_line(commitment.line)),
        notes=(commitment.visa,) if commitment.visa else (),
    )
    for payment in commitment.payments:
        yield _payment(payment)


def _payment(payment: Payment) -> Moment:
    paid = When.of(payment.paid_on.isoformat()) if payment.paid_on else payment.occurred
    return Moment(
        "dropped" if payment.reversed_cents and not payment.amount.value else "reached",
        paid,
        PARTS_OF_PAYMENT[payment.part],
        payment.events,
        detail=Label.joined(
            phrases.amount(payment.amount.value),
            phrases.of_line(payment.line),
            phrases.reversed_of(payment.reversed_cents),
        ),
        notes=tuple(dict.fromkeys(note for note in (payment.payment, payment.visa) if note)),
    )
