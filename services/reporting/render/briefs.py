"""A dossier in brief: as the page of an objective tells it, whatever its length. All of it stands on its own page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from services.reporting.domain.dossiers import Commitment, Dossier
from services.reporting.domain.figure import Figure, sum_of
from services.reporting.render.moments import Moment, decisions, story

AmountName: TypeAlias = Literal["committed", "decommitted", "liquidated", "outstanding"]

AMOUNTS: Final[tuple[AmountName, ...]] = ("committed", "decommitted", "liquidated", "outstanding")
MOST_MOMENTS: Final = 12
MOST_COMMITMENTS: Final = 4


@dataclass(frozen=True, slots=True)
class Brief:
    """What is told of a dossier. moments: the newest; every: how many there are. sums: over all commitments, if these are many."""

    dossier: Dossier
    moments: Sequence[Moment]
    every: int
    commitments: Sequence[Commitment]
    sums: Sequence[tuple[AmountName, Figure[int]]] = ()


def brief(dossier: Dossier) -> Brief:
    """Return a dossier in brief."""
    moments, every = decisions(dossier)[-MOST_MOMENTS:], len(story(dossier))
    if len(dossier.commitments) <= MOST_COMMITMENTS:
        return Brief(dossier, moments, every, dossier.commitments)
    return Brief(dossier, moments, every, (), sums(dossier.commitments))


def whole(dossier: Dossier) -> Brief:
    """Return a dossier as the letter for print tells it: all that was decided, and each commitment."""
    return Brief(dossier, decisions(dossier), len(story(dossier)), dossier.commitments)


def sums(commitments: Sequence[Commitment]) -> list[tuple[AmountName, Figure[int]]]:
    """Return the amounts of some commitments together, in cents."""
    return [(name, sum_of([getattr(each, name) for each in commitments])) for name in AMOUNTS]
