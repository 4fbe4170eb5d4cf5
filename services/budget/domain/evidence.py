"""The evidence behind a commitment: what its dossier shows under the order of evidence (contracts.evidence). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import ClassVar, TypeAlias, assert_never

from contracts.allocation import LineKey
from contracts.decisions import (
    ApplicationId,
    ApprovalGranted,
    ApprovalRefused,
    ApprovalStep,
    ApprovalWithdrawn,
    Body,
    OpinionIssued,
    OpinionOverridden,
)
from contracts.dossiers import DossierKind, DossierOpened
from contracts.evidence import Evidence, Missing, Order, before_commitment
from regesta.command import State
from regesta.errors import EvidenceMissing

Step: TypeAlias = OpinionIssued | OpinionOverridden | ApprovalGranted | ApprovalRefused | ApprovalWithdrawn
Reference: TypeAlias = tuple[str, Body, ApprovalStep | ApplicationId | None, int]


@dataclass(slots=True)
class DossierEvidence(State):
    """A dossier of objectives, as far as it says who advised, agreed and decided. kind: None while it is not known here.

    taken: the steps that stand, by reference: a step that comes again with another content replaces none, for objectives refuses it.
    """

    prefix: ClassVar[str] = "dossier"
    source: ClassVar[str | None] = "objectives"

    kind: DossierKind | None = None
    taken: dict[Reference, Step] = field(default_factory=dict)


def evolve(state: DossierEvidence, event: DossierOpened | Step) -> None:
    """Apply one fact of objectives."""
    if isinstance(event, DossierOpened):
        state.kind = event.kind
    else:
        state.taken[_reference(event)] = event


def undo(state: DossierEvidence, step: Step) -> None:
    """Take back a withdrawn step."""
    state.taken.pop(_reference(step), None)


def _reference(step: Step) -> Reference:
    match step:
        case OpinionIssued():
            return step.name, step.by, step.application, step.round
        case OpinionOverridden():
            return step.name, step.opinion_of, step.application, step.round
        case ApprovalGranted() | ApprovalRefused() | ApprovalWithdrawn():
            return step.name, step.authority, step.step, step.round
        case _:
            assert_never(step)


def missing(dossier: DossierEvidence, line: LineKey, amount_cents: int, day: date, order: Order) -> list[Missing]:
    """Return the steps that are missing for an amount to be committed on a line, in the order of evidence."""
    ladder = order.on(day)
    if ladder is None or dossier.kind not in ladder.kinds or order.exempted(line, day) is not None:
        return []
    return list(before_commitment(Evidence.of(dossier.taken.values()), amount_cents, ladder))


def refusal(steps: Sequence[Missing]) -> list[EvidenceMissing]:
    """Return the refusal of what comes before these steps: one, with all of them; none without any."""
    if not steps:
        return []
    words = "; ".join(each.words for each in steps)
    return [EvidenceMissing(words, tuple(each.rule for each in steps), missing=[each.shown for each in steps])]
