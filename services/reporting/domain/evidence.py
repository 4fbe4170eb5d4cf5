"""How the dossiers of a letter are made: milestones, steps of evidence, and the money that follows them. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal, TypeAlias, TypeVar, cast, get_args

from contracts import decisions, dossiers
from contracts.types import Origin, Text
from regesta.event import Event
from services.reporting.domain.dossiers import Commitment, Convention, Dossier, Milestone, Step, StepKind
from services.reporting.domain.figure import Figure, When, names
from services.reporting.domain.knowledge import Knowledge, by_stream, objective_of
from services.reporting.domain.obligations import commitment_of, convention_of
from services.reporting.domain.standing import StandingFact, links_of

M = TypeVar("M")
# Facts of streams, by the stream that these are linked to and by their place among each other.
Served: TypeAlias = dict[str, dict[int, Sequence[StandingFact]]]
Ending: TypeAlias = Literal["open", "suspended", "stopped", "merged", "completed"]

STATES: Final[dict[type[Event], Ending]] = {
    dossiers.DossierSuspended: "suspended",
    dossiers.DossierResumed: "open",
    dossiers.DossierStopped: "stopped",
    dossiers.DossierMerged: "merged",
    dossiers.DossierCompleted: "completed",
}
MILESTONES: Final = (
    dossiers.MilestonePlanned,
    dossiers.MilestoneRescheduled,
    dossiers.MilestoneReached,
    dossiers.MilestoneCancelled,
)
STEPS: Final = tuple(
    event for event in (*dossiers.EVENTS, *decisions.EVENTS) if event.name.rpartition(".v")[0] in get_args(StepKind)
)


class Evidence:
    """Makes the dossiers of a letter."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._commitments = _by_served(knowledge.commitments)
        self._conventions = _by_served(knowledge.conventions)
        served = {stream: tuple(map(objective_of, others)) for stream, others in knowledge.dossier_links.items()}
        made = [self._dossier(facts, served) for facts in by_stream(knowledge.dossiers).values()]
        self._serving: dict[str, list[Dossier]] = defaultdict(list)
        for dossier in made:
            if dossier is not None:
                for objective in dict.fromkeys(dossier.objectives):
                    self._serving[objective].append(dossier)

    def serving(self, objective: str) -> tuple[Dossier, ...]:
        """Return the dossiers of an objective, in the order their first fact was recorded."""
        return tuple(self._serving.get(objective, ()))

    def _dossier(self, facts: Sequence[StandingFact], served: Mapping[str, tuple[str, ...]]) -> Dossier | None:
        """Return a dossier; None when it was registered in error, or its opening has not arrived."""
        opened = next((fact for fact in facts if isinstance(fact.event, dossiers.DossierOpened)), None)
        if opened is None or any(map(_in_error, facts)):
            return None
        event = cast(dossiers.DossierOpened, opened.event)
        conventions = self._conventions_of(opened.key)
        changes = [fact for fact in facts if type(fact.event) in STATES]
        return Dossier(
            dossier=opened.key,
            kind=event.kind,
            title=Figure.known(event.title, opened.name),
            reference=event.reference,
            state=STATES[type(changes[-1].event)] if changes else "open",
            objectives=served.get(opened.stream, ()),
            milestones=milestones_of(facts),
            steps=tuple(step_of(fact) for fact in facts if isinstance(fact.event, STEPS)),
            conventions=conventions,
            commitments=self._commitments_of(opened.key, [f"convention/{each.convention}" for each in conventions]),
            events=names([opened.name], [fact.name for fact in changes]),
        )

    def _conventions_of(self, dossier: str) -> tuple[Convention, ...]:
        made = map(convention_of, _of(self._conventions, [f"dossier/{dossier}"]))
        return tuple(convention for convention in made if convention is not None)

    def _commitments_of(self, dossier: str, conventions: Iterable[str]) -> tuple[Commitment, ...]:
        made = map(commitment_of, _of(self._commitments, [f"dossier/{dossier}", *conventions]))
        return tuple(commitment for commitment in made if commitment is not None)


def _by_served(facts: Iterable[StandingFact]) -> Served:
    """Return the facts of each stream by the streams that it is linked to, under its own place among the streams."""
    served: Served = defaultdict(dict)
    for place, group in enumerate(by_stream(facts).values()):
        for fact in group:
            for _, other in links_of(fact.event):
                served[other][place] = group
    return served


def _of(served: Served, others: Iterable[str]) -> list[Sequence[StandingFact]]:
    """Return the facts of each stream that is linked to one of some others, in the order of their first facts."""
    groups = {place: group for other in others for place, group in served.get(other, {}).items()}
    return [groups[place] for place in sorted(groups)]


def _in_error(fact: StandingFact) -> bool:
    return isinstance(fact.event, dossiers.DossierStopped) and fact.event.registered_in_error


def milestones_of(facts: Sequence[StandingFact]) -> tuple[Milestone, ...]:
    """Return the milestones of a dossier, by the date that each was first planned for."""
    by_id: dict[str, list[StandingFact]] = {}
    for fact in facts:
        if isinstance(fact.event, MILESTONES):
            by_id.setdefault(fact.event.milestone, []).append(fact)
    made = [milestone for group in by_id.values() if (milestone := _milestone(group)) is not None]
    return tuple(sorted(made, key=lambda each: (each.first_due.edtf, each.milestone)))


def _milestone(facts: Sequence[StandingFact]) -> Milestone | None:
    """Return one milestone; None when its plan was withdrawn."""
    plan: StandingFact | None = None
    due = reached = reason = None
    evidence: tuple[str, ...] = ()
    state: Literal["planned", "reached", "cancelled"] = "planned"
    for fact in facts:
        match fact.event:
            case dossiers.MilestonePlanned() as event:
                plan, due = fact, event.due
            case dossiers.MilestoneRescheduled() as event:
                due, reason = event.new, event.reason
            case dossiers.MilestoneReached() as event:
                state, reached, evidence = "reached", event.on, event.evidence
            case dossiers.MilestoneCancelled() as event:
                state, reason = "cancelled", event.reason
            case _:
                continue
    if plan is None or not isinstance(plan.event, dossiers.MilestonePlanned) or due is None:
        return None
    return Milestone(
        milestone=plan.event.milestone,
        kind=plan.event.kind,
        state=state,
        title=Figure.maybe(plan.event.title, plan.name),
        due=When.of(due),
        first_due=When.of(plan.event.due),
        reached=When.maybe(reached),
        late=_late(When.of(due), When.maybe(reached)),
        reason=reason,
        evidence=evidence,
        events=tuple(fact.name for fact in facts),
    )


def _late(due: When, reached: When | None) -> bool | None:
    """Return whether it was reached after everything that its date can mean; None while that cannot be told."""
    if reached is None or due.latest is None or reached.earliest is None or reached.latest is None:
        return None
    if reached.earliest > due.latest:
        return True
    return False if reached.latest <= due.latest else None


def step_of(fact: StandingFact) -> Step:
    """Return one fact of a dossier as a step; members that it does not have stay null."""
    event = fact.event
    origin = _member(event, "origin", Origin)
    return Step(
        kind=cast(StepKind, event.name.rpartition(".v")[0]),
        recorded_on=fact.recorded_on,
        occurred=When.maybe(fact.occurred),
        body=cast(decisions.Body | None, _first(event, "authority", "opinion_of", "by") if _advises(event) else None),
        step=cast(decisions.ApprovalStep | None, _member(event, "step", str)),
        round=_member(event, "round", int),
        verdict=_first(event, "verdict", "outcome"),
        text=_member(event, "title", Text) or _member(event, "remarks", Text),
        reason=_member(event, "reason", str),
        reference=_first(event, "reference", "document", "court"),
        amount_cents=_member(event, "amount_cents", int),
        received=_member(event, "received", int),
        party=_first(event, "party", "to", "applicant") or (None if _advises(event) else _first(event, "by")),
        application=_member(event, "application", str),
        closes_on=When.maybe(_member(event, "closes_on", str)),
        place=None,
        origin=None if origin is None else origin.system,
        breaches=tuple(getattr(event, "breaches", ())),
        events=(fact.name,),
    )


def _advises(event: Event) -> bool:
    """Whether `by` is a body that advises, not a party that appeals."""
    return not isinstance(event, dossiers.AppealLodged)


def _first(event: Event, *members: str) -> str | None:
    """Return the first of some members that a fact has."""
    return next((value for name in members if (value := _member(event, name, str)) is not None), None)


def _member(event: Event, name: str, kind: type[M]) -> M | None:
    """Return a member of a fact, None when its type has none by its contract or it is left out."""
    value = vars(event).get(name)  # what a later release recorded beyond the contract is kept elsewhere
    return value if isinstance(value, kind) else None
