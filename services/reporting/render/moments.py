"""Moments: whatever has a date and a place in a timeline, told in two languages. What is planned never looks done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, Literal, TypeAlias

from contracts.types import Place, Text
from services.reporting.domain.dossiers import Commitment, Convention, Dossier, Milestone, Payment, Step, StepKind
from services.reporting.domain.figure import Events, When
from services.reporting.domain.letter import Fact
from services.reporting.render.glossary import FACTS, Label
from services.reporting.render.vocabulary import (
    APPROVAL_STEPS,
    BODIES,
    FACT_TYPES,
    MILESTONES,
    PARTS_OF_PAYMENT,
    STEPS,
    VERDICTS,
)
from services.reporting.render.wording import NO_BREAK, money

Mark: TypeAlias = Literal["reached", "planned", "target", "late", "unmet", "unclear", "dropped"]

MARKS: Final[dict[str, Mark]] = {
    "done": "reached",
    "planned": "planned",
    "target": "target",
    "unmet": "unmet",
    "unclear": "unclear",
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
    if milestone.late and reached and reached.earliest and due.latest:
        days = (reached.earliest - due.latest).days
        return Label(
            f"atteint avec {days} {'jour' if days == 1 else 'jours'} de retard",
            f"bereikt, {days} {'dag' if days == 1 else 'dagen'} te laat",
            f"reached {days} {'day' if days == 1 else 'days'} late",
        )
    if milestone.late:
        return Label("atteint en retard", "te laat bereikt", "reached late")
    return Label(f"atteint, prévu {due.fr}", f"bereikt, gepland {due.nl}", f"reached, planned for {due.en}")


def _step(step: Step) -> Moment:
    parts = [
        BODIES[step.body] if step.body else None,
        APPROVAL_STEPS[step.step] if step.step else None,
        _round(step.round),
        VERDICTS.get(step.verdict or ""),
        _amount(step.amount_cents),
        _received(step.received),
        _closes(step.closes_on),
    ]
    verdict = step.verdict if step.verdict and step.verdict not in VERDICTS else None
    return Moment(
        "dropped" if step.kind in {"approval-refused", "approval-withdrawn", "dossier-stopped"} else "reached",
        step.occurred,
        STEPS[step.kind],
        step.events,
        step.text,
        _joined(parts),
        tuple(note for note in (step.reference, verdict, step.reason) if note),
    )


def _convention(convention: Convention) -> Moment:
    signed = Label("convention signée", "overeenkomst ondertekend", "convention signed")
    ended = Label("convention résiliée", "overeenkomst beëindigd", "convention terminated")
    advance = convention.advance_ppm
    parts = [
        _amount(convention.amount.value),
        None if advance is None else _advance(advance),
        _until(convention.ends_on),
    ]
    return Moment(
        "reached" if convention.state == "signed" else "dropped",
        convention.signed_on,
        signed if convention.state == "signed" else ended,
        convention.events,
        detail=_joined(parts),
        notes=tuple(note for note in (convention.reference, convention.reason) if note),
    )


def _obligation(commitment: Commitment) -> Iterator[Moment]:
    yield Moment(
        "reached",
        commitment.occurred,
        Label("engagé", "vastgelegd", "committed"),
        commitment.committed.events,
        detail=_joined([_amount(commitment.committed.value), _of_line(commitment.line)]),
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
        detail=_joined([_amount(payment.amount.value), _of_line(payment.line), _reversed(payment.reversed_cents)]),
        notes=tuple(dict.fromkeys(note for note in (payment.payment, payment.visa) if note)),
    )


def _joined(parts: list[Label | None]) -> Label | None:
    said = [part for part in parts if part is not None]
    return Label(*(", ".join(words) for words in zip(*said, strict=True))) if said else None


def _amount(cents: int | None) -> Label | None:
    if cents is None:
        return None
    return Label(money(cents, "fr"), money(cents, "nl"), money(cents, "en"))


def _of_line(line: str) -> Label:
    allocation = line.partition(".")[2]
    return Label(f"AB{NO_BREAK}{allocation}", f"BA{NO_BREAK}{allocation}", f"line{NO_BREAK}{allocation}")


def _round(count: int | None) -> Label | None:
    if count is None or count < 2:
        return None
    return Label(f"tour {count}", f"ronde {count}", f"round {count}")


def _received(count: int | None) -> Label | None:
    return None if count is None else Label(f"{count} reçus", f"{count} ontvangen", f"{count} received")


def _closes(when: When | None) -> Label | None:
    return None if when is None else Label(f"clôture {when.fr}", f"sluit {when.nl}", f"closes {when.en}")


def _until(when: When | None) -> Label | None:
    return None if when is None else Label(f"fin {when.fr}", f"eindigt {when.nl}", f"ends {when.en}")


def _advance(ppm: int) -> Label:
    share = f"{ppm / 10_000:g}".replace(".", ",")
    return Label(f"acompte de {share}{NO_BREAK}%", f"voorschot van {share}%", f"advance of {share.replace(',', '.')}%")


def _reversed(cents: int) -> Label | None:
    if not cents:
        return None
    return Label(
        f"dont {money(cents, 'fr')} repris",
        f"waarvan {money(cents, 'nl')} teruggenomen",
        f"of which {money(cents, 'en')} reversed",
    )
