"""Facts that stand: recorded facts as they count at a cut, and which fact takes the place of which. Pure.

Each fact has a slot in its stream. It stands from its position until another fact takes the slot (a statement, of which the
latest counts), a fact ends it (a link, an assignment), or it is withdrawn (a step, whose slot is its own position).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final, NamedTuple, TypeAlias, get_args

from contracts import budget, commitments, decisions, dossiers, kpi, objectives
from contracts.types import Section
from regesta.event import Event, FactWithdrawn, split_name


class StandingFact(NamedTuple):
    """A fact that stands. A tuple, for one letter has tens of thousands of them.

    name: of its event. position: in its log. recorded_on: the day in UTC. occurred: EDTF.
    """

    name: str
    position: int
    stream: str
    event: Event
    recorded_on: date
    occurred: str | None = None

    @property
    def key(self) -> str:
        """The id in its stream's name."""
        return self.stream.partition("/")[2]


# Of each log the types that a letter shows; the others are skipped.
OBJECTIVES: tuple[type[Event], ...] = (
    objectives.PolicyNoteOpened,
    objectives.ObjectiveRegistered,
    objectives.ObjectiveOpened,
    objectives.SectionPrinted,
    objectives.ObjectiveRetitled,
    objectives.ObjectiveRenumbered,
    objectives.ObjectiveMoved,
    objectives.ObjectiveClosed,
    objectives.FieldStated,
    objectives.DeadlineSet,
    objectives.StatusReported,
    objectives.UnitAssigned,
    objectives.UnitReleased,
    objectives.StaffEstimated,
    objectives.FactPrinted,
    objectives.AmountPrinted,
    *dossiers.EVENTS,
    *decisions.EVENTS,
    FactWithdrawn,
)
KPI: tuple[type[Event], ...] = (*kpi.EVENTS, FactWithdrawn)
BUDGET: tuple[type[Event], ...] = (
    budget.BudgetLineOpened,
    budget.CreditsVoted,
    budget.CreditsAdjusted,
    budget.LineAssigned,
    budget.LineUnassigned,
    budget.AllocationPrinted,
    commitments.ConventionSigned,
    commitments.ConventionAmended,
    commitments.ConventionTerminated,
    commitments.AmountCommitted,
    commitments.AmountDecommitted,
    commitments.CommitmentReversed,
    commitments.EvidenceChecked,
    commitments.ClaimReceived,
    commitments.ClaimRejected,
    commitments.PaymentLiquidated,
    commitments.PaymentReversed,
    commitments.RecoveryEstablished,
    commitments.RecoveryCollected,
    FactWithdrawn,
)
# Of budget's log also what is only added up, in its ledgers.
Entry: TypeAlias = (
    budget.CreditReserved
    | budget.CreditReleased
    | budget.CreditConsumed
    | budget.CreditReturned
    | budget.CreditsTransferredOut
    | budget.CreditsTransferredIn
)
ENTRIES: tuple[type[Event], ...] = get_args(Entry)


# Statements of which the latest counts: the slot's first word, and the members that tell one statement from another.
STATEMENTS: Final[dict[type[Event], tuple[str, tuple[str, ...]]]] = {
    objectives.PolicyNoteOpened: ("opened", ()),
    objectives.ObjectiveOpened: ("opened", ()),
    objectives.ObjectiveRegistered: ("registered", ("objective",)),
    objectives.ObjectiveRetitled: ("title", ("objective",)),
    objectives.ObjectiveRenumbered: ("code", ("objective",)),
    objectives.ObjectiveMoved: ("parent", ("objective",)),
    objectives.ObjectiveClosed: ("closed", ("objective",)),
    objectives.FieldStated: ("field", ("field", "section")),
    objectives.DeadlineSet: ("deadline", ("section",)),
    objectives.StatusReported: ("status", ("section",)),
    objectives.StaffEstimated: ("staff", ("section", "basis", "unit")),
    objectives.UnitAssigned: ("unit", ("role", "unit")),
    dossiers.DossierOpened: ("opened", ()),
    kpi.IndicatorPlaced: ("placed", ("objective", "section")),
    kpi.BandsSet: ("bands", ("level", "year")),
    kpi.TargetSet: ("target", ()),
    budget.LineAssigned: ("assigned", ("assignment",)),
    budget.CreditsVoted: ("credits", ("credit",)),
    budget.CreditsAdjusted: ("credits", ("credit",)),
    commitments.EvidenceChecked: ("evidence", ()),
}
# Facts that only empty the slot of another.
ENDINGS: Final[dict[type[Event], tuple[str, tuple[str, ...]]]] = {
    objectives.UnitReleased: ("unit", ("role", "unit")),
    kpi.IndicatorRemoved: ("placed", ("objective", "section")),
    budget.LineUnassigned: ("assigned", ("assignment",)),
}
# Facts that make and undo links without being shown themselves.
LINKING: Final = (dossiers.DossierLinked, dossiers.DossierUnlinked)


def slot_of(event: Event, position: int) -> str | None:
    """Return the slot that a fact takes in its stream; None when it only ends or links something."""
    if isinstance(event, (FactWithdrawn, *LINKING)) or type(event) in ENDINGS:
        return None
    statement = STATEMENTS.get(type(event))
    return _step(position) if statement is None else _named(event, *statement)


def ended_by(event: Event) -> str | None:
    """Return the slot of the same stream that a fact empties."""
    if isinstance(event, FactWithdrawn):
        return _step(split_name(event.event)[1])
    ending = ENDINGS.get(type(event))
    return None if ending is None else _named(event, *ending)


def links_of(event: Event) -> Iterator[tuple[str, str]]:
    """Yield (slot, other stream) of what a fact links its stream to; the slot is the fact's own where it is shown."""
    match event:
        case dossiers.DossierOpened():
            yield from ((f"objective/{each}", f"objective/{each}") for each in event.objectives)
        case dossiers.DossierLinked(objective=str(objective)):
            yield f"objective/{objective}", f"objective/{objective}"
        case kpi.IndicatorPlaced():
            yield _named(event, *STATEMENTS[kpi.IndicatorPlaced]), f"objective/{event.objective}"
        case budget.LineAssigned():
            yield _named(event, *STATEMENTS[budget.LineAssigned]), f"line/{event.line}"
        case commitments.ConventionSigned():
            yield f"dossier/{event.dossier}", f"dossier/{event.dossier}"
        case commitments.AmountCommitted() | commitments.PaymentLiquidated():
            for kind, id_ in (("dossier", event.dossier), ("convention", event.convention)):
                if id_ is not None:
                    yield f"{kind}/{id_}", f"{kind}/{id_}"
        case _:
            return


def unlinked_by(event: Event) -> str | None:
    """Return the slot of a link of the same stream that a fact takes away."""
    if isinstance(event, dossiers.DossierUnlinked):
        return None if event.objective is None else f"objective/{event.objective}"
    return ended_by(event) if isinstance(event, budget.LineUnassigned | kpi.IndicatorRemoved) else None


def _step(position: int) -> str:
    """Return the slot of a fact that stands alone."""
    return f"#{position}"


def _named(event: Event, word: str, members: tuple[str, ...]) -> str:
    values = (getattr(event, member) for member in members)
    return "/".join(
        [word, *(f"{each.year}-{each.kind}" if isinstance(each, Section) else str(each) for each in values)]
    )
