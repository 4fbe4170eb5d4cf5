"""`--remap`: facts that were imported before and that this release maps otherwise are corrected to what it says now.

A statement is stated again, a step is withdrawn and printed anew, an assignment ended and made anew. What opens a thing (note,
objective, section, line, indicator) stays. A fact that somebody withdrew stays withdrawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from pydantic import JsonValue

from cli.importing.plan import Facts, ServiceName, Wanted
from cli.importing.sending import FeedEvent, Result, Sender
from contracts import budget, kpi, objectives
from contracts.budget import LineAssigned, LineUnassigned
from regesta.command import Command
from regesta.event import Event, FactWithdrawn, Registry
from services.budget.domain.assignment import AssignLine, PrintAllocation, UnassignLine
from services.budget.domain.assignment import WithdrawFact as WithdrawAllocation
from services.kpi.domain.indicator import PrintThreshold, SetBands
from services.kpi.domain.measurement import MeasureIndicator
from services.kpi.domain.measurement import WithdrawFact as WithdrawFromIndicator
from services.objectives.domain.objective import (
    EstimateStaff,
    PrintAmount,
    PrintFact,
    ReportStatus,
    SetDeadline,
    StateField,
)
from services.objectives.domain.withdrawal import WithdrawFact

REASON: Final = "read otherwise by a later import"
EVENTS: Final = Registry(objectives.EVENTS, budget.EVENTS, kpi.EVENTS)
Answered: TypeAlias = tuple[Wanted, Result]


@dataclass(frozen=True, slots=True)
class Log:
    """The facts of a service by their names. given_up: those that somebody else than an import took back."""

    facts: Mapping[str, Event]
    given_up: frozenset[str]

    @classmethod
    def of(cls, recorded: Iterable[FeedEvent], service: ServiceName) -> Log:
        """Return the log of a service's events; what this release does not know is left out."""
        facts: dict[str, Event] = {}
        for each in recorded:
            event = EVENTS.read(each.type, each.text())
            if event is not None:
                facts[f"{service}:{each.id}"] = event
        named = {event.assignment: name for name, event in facts.items() if isinstance(event, LineAssigned)}
        gone: set[str] = set()
        for event in facts.values():
            match event:
                case FactWithdrawn() if event.reason != REASON:
                    gone.add(event.event)
                case LineUnassigned() if event.reason != REASON:
                    gone.add(named[event.assignment])
                case _:
                    pass
        return cls(facts, frozenset(gone))

    def differs(self, wanted: Wanted, result: Result) -> bool:
        """Return whether what a command recorded when it was first sent is not what it says now, and still counts."""
        stands = [self.facts[name] for name in result.events if name in self.facts and name not in self.given_up]
        return any(_shared(event, wanted.command) != _shared(wanted.command, event) for event in stands)


async def correct(sender: Sender, service: ServiceName, answered: Sequence[Answered], facts: Facts) -> list[Answered]:
    """Correct what is recorded otherwise than it is mapped now; return the commands that did it with their answers."""
    log = Log.of(await sender.log(service), service)
    done: list[Answered] = []
    pending = [(wanted, wanted, result) for wanted, result in answered if result.repeated]
    number = 0
    while stale := [(first, last, result) for first, last, result in pending if log.differs(last, result)]:
        number += 1
        ending = [each for _, last, result in stale for each in _endings(last, result)]
        again = [(first, _anew(first, number, facts)) for first, _, _ in stale]
        done += zip(ending, await sender.send(service, ending, None), strict=True)
        results = await sender.send(service, [wanted for _, wanted in again], None)
        done += zip((wanted for _, wanted in again), results, strict=True)
        pending = [
            (first, wanted, result) for (first, wanted), result in zip(again, results, strict=True) if result.repeated
        ]
    return done


def _shared(one: Event | Command, other: Event | Command) -> dict[str, JsonValue]:
    """Return the fields of one that the other has too, as JSON; an assignment's own id does not count."""
    both = set(type(one).model_fields) & set(type(other).model_fields) - {"assignment", "occurred"}
    shared: dict[str, JsonValue] = one.model_dump(mode="json", include=both, exclude_none=True)
    return shared


def _endings(wanted: Wanted, result: Result) -> list[Wanted]:
    """Return the commands that end what a command recorded; none for a statement, which the next one replaces."""
    ending: list[Command]
    match wanted.command:
        case PrintFact() | PrintAmount() as command:
            ending = [
                WithdrawFact(kind="objective", id=command.objective, event=event, reason=REASON)
                for event in result.events
            ]
        case PrintAllocation() as command:
            objective = command.objective
            ending = [WithdrawAllocation(objective=objective, event=event, reason=REASON) for event in result.events]
        case PrintThreshold() | MeasureIndicator() as command:
            indicator = command.indicator
            ending = [WithdrawFromIndicator(indicator=indicator, event=event, reason=REASON) for event in result.events]
        case AssignLine() as command:
            ending = [UnassignLine(objective=command.objective, assignment=command.assignment, reason=REASON)]
        case _:
            ending = []
    return [
        Wanted(wanted.service, command, f"{wanted.key}/end/{number}", wanted.pointers)
        for number, command in enumerate(ending, start=1)
    ]


def _anew(wanted: Wanted, number: int, facts: Facts) -> Wanted:
    """Return a command with the key of its n-th mapping."""
    key = f"{wanted.key}/{number}"
    if isinstance(wanted.command, AssignLine):
        command = wanted.command.model_copy(update={"assignment": facts.id(key)})
        return replace(wanted, key=key, command=command)
    return replace(wanted, key=key)


def correctable(wanted: Wanted) -> bool:
    """Return whether what a command records can be corrected: a statement, a step, or an assignment."""
    return isinstance(
        wanted.command,
        StateField
        | SetDeadline
        | ReportStatus
        | EstimateStaff
        | PrintFact
        | PrintAmount
        | PrintAllocation
        | AssignLine
        | PrintThreshold
        | SetBands
        | MeasureIndicator,
    )
