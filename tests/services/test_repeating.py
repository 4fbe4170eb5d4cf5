"""What any command does when it comes again: the same records nothing, and what it says otherwise is never passed over."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import pytest

from contracts.dates import ImpreciseDate
from regesta.command import Command, plain
from regesta.errors import Differs, RegestaError
from regesta.runtime import Service
from regesta.testing import Domain
from services.budget.app import SERVICE as BUDGET
from services.kpi.app import SERVICE as KPI
from services.objectives.app import SERVICE as OBJECTIVES
from tests.services.budget import cases as budget_cases
from tests.services.cases import Case
from tests.services.kpi import cases as kpi_cases
from tests.services.kpi.samples import domain as kpi
from tests.services.objectives import cases as objectives_cases
from tests.services.objectives.samples import domain as objectives

THEN: Final = ImpreciseDate("2024-06-20")
OTHERWISE: Final = ImpreciseDate("2023-01-05")
# How a fact came here is no part of what it says.
NOT_SAID: Final = frozenset({"occurred", "origin"})


@dataclass(frozen=True)
class Room:
    """A service and the cases of its commands. start: its domain before them; counted: commands that are one more each time.

    endings: commands that end what the cases are about, beside those of the cases.
    """

    service: Service
    start: Callable[[], Domain]
    cases: tuple[Case, ...]
    counted: tuple[Command, ...]
    endings: tuple[Command, ...] = ()


ROOMS: Final = (
    Room(OBJECTIVES, objectives, objectives_cases.CASES, objectives_cases.COUNTED, objectives_cases.ENDINGS),
    Room(KPI, kpi, kpi_cases.CASES, kpi_cases.COUNTED),
    Room(
        BUDGET,
        lambda: Domain((*BUDGET.aggregates, *BUDGET.elsewhere), BUDGET.rules),
        budget_cases.CASES,
        budget_cases.COUNTED,
    ),
)
# What takes the one back, or is taken back by it; a withdrawal takes back any step.
OPPOSITES: Final = (
    {"assign-unit", "release-unit"},
    {"link-dossier", "unlink-dossier"},
    {"suspend-dossier", "resume-dossier"},
    {"place-indicator", "remove-indicator"},
)
ALL: Final = [pytest.param(room, case, id=case.command.name) for room in ROOMS for case in room.cases]


def variants() -> Iterator[object]:
    """Yield each member of each command with a value that it did not have, and when it occurred."""
    for room in ROOMS:
        for case in room.cases:
            others = [(member, value) for member, values in case.others.items() for value in values]
            for member, value in (*others, ("occurred", OTHERWISE)):
                yield pytest.param(room, case, member, value, id=f"{case.command.name}-{member}-{value!r:.30}")


def recorded(room: Room, case: Case) -> Domain:
    """Return the domain after a command, which says when it occurred."""
    domain = room.start()
    for each in case.before:
        domain.when(each, roles=case.roles)
    assert domain.when(said(case.command, "occurred", THEN), roles=case.roles) != {}
    return domain


def said(command: Command, member: str, value: object) -> Command:
    """Return a command with one member said otherwise."""
    return command.model_copy(update={member: value})


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.service.name)
def test_every_command_and_member_has_a_case(room: Room) -> None:
    commands = [*(case.command for case in room.cases), *room.counted]
    assert sorted(each.name for each in commands) == sorted(room.service.commands())
    paths = {route.command: set(re.findall(r"{(\w+)}", route.path)) for route in room.service.routes}
    for case in room.cases:
        members = set(type(case.command).model_fields) - NOT_SAID - paths[type(case.command)]
        assert members == {*case.others, *case.which, *case.first}, case.command.name


@pytest.mark.parametrize(("room", "case"), ALL)
def test_the_same_records_nothing(room: Room, case: Case) -> None:
    domain = recorded(room, case)
    assert domain.when(said(case.command, "occurred", THEN), roles=case.roles) == {}
    assert domain.when(case.command, roles=case.roles) == {}
    for member in case.first:
        assert domain.when(said(case.command, member, None), roles=case.roles) == {}


@pytest.mark.parametrize(("room", "case", "member", "value"), [*variants()])
def test_what_is_said_otherwise_is_heard(room: Room, case: Case, member: str, value: object) -> None:
    domain = recorded(room, case)
    other = said(said(case.command, "occurred", THEN), member, value)
    if member in case.anew:
        assert domain.when(other, roles=case.roles) != {}
        return
    with pytest.raises(Differs) as refusal:
        domain.when(other, roles=case.roles)
    assert refusal.value.code.endswith("-differs")
    assert (refusal.value.details["field"], refusal.value.details["given"]) == (member, plain(value))


def later(room: Room, case: Case) -> Iterator[tuple[Domain, Command]]:
    """Yield the domain after a command and one more, which was accepted, for each other command of the room."""
    chains = [(*each.before, each.command) for each in room.cases] + [(each,) for each in room.endings]
    for *before, last in chains:
        domain, roles = recorded(room, case), {*case.roles, "connector"}
        for each in before:
            with suppress(RegestaError):
                domain.when(each, roles=roles)
        if last.name != case.command.name:
            with suppress(RegestaError):
                domain.when(last, roles=roles)
                yield domain, last


@pytest.mark.parametrize(("room", "case"), ALL)
def test_a_repetition_is_known_whatever_came_later(room: Room, case: Case) -> None:
    accepted = 0
    for domain, last in later(room, case):
        accepted += 1
        again = domain.when(said(case.command, "occurred", THEN), roles={*case.roles, "connector"})
        if {case.command.name, last.name} not in OPPOSITES and last.name != "withdraw-fact":
            assert again == {}, last.name
    assert accepted > 0
