"""What any command does when it comes again: the same records nothing, and what it says otherwise is never passed over."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import pytest

from contracts.dates import ImpreciseDate
from regesta.command import Command, plain
from regesta.errors import Differs
from regesta.runtime import Service
from regesta.testing import Domain

THEN: Final = ImpreciseDate("2024-06-20")
OTHERWISE: Final = ImpreciseDate("2023-01-05")
# How a fact came here is no part of what it says.
NOT_SAID: Final = frozenset({"occurred", "origin"})

# Other values than a command has, by member.
Others: TypeAlias = Mapping[str, Sequence[object]]


@dataclass(frozen=True)
class Case:
    """A command, and other values of each member that does not tell which fact it is.

    which: members beside those in its path that do, so that another value is another fact. anew: members of a statement, of
    which the latest counts: said otherwise they are recorded anew. first: members that are kept from the first time only.
    before: what must be recorded first. roles: of whoever gives it.
    """

    command: Command
    others: Others = field(default_factory=dict)
    which: Collection[str] = ()
    anew: Collection[str] = ()
    first: Collection[str] = ()
    before: tuple[Command, ...] = ()
    roles: Collection[str] = ()

    @property
    def name(self) -> str:
        """The command's name."""
        return self.command.name

    def recorded(self, domain: Domain) -> Domain:
        """Return the domain with what must come before and the command, which says when it occurred."""
        for each in self.before:
            domain.when(each, roles=self.roles)
        assert domain.when(said(self.command, "occurred", THEN), roles=self.roles) != {}
        return domain

    def variants(self) -> Iterator[tuple[str, object]]:
        """Yield each member with a value that it did not have, and when it occurred."""
        for member, values in self.others.items():
            for value in values:
                yield member, value
        yield "occurred", OTHERWISE


def said(command: Command, member: str, value: object) -> Command:
    """Return a command with one member said otherwise."""
    return command.model_copy(update={member: value})


def variants(cases: Collection[Case]) -> list[object]:
    """Return the parameters of a test of every member of every command: case, member, value."""
    return [
        pytest.param(case, member, value, id=f"{case.name}-{member}-{value!r:.30}")
        for case in cases
        for member, value in case.variants()
    ]


def require_every_command(service: Service, cases: Collection[Case], counted: Collection[type[Command]]) -> None:
    """Fail unless every command of a service, and every member of it, is among the cases; counted: those that have none."""
    commands = [type(case.command) for case in cases]
    assert sorted(each.name for each in [*commands, *counted]) == sorted(service.commands())
    paths = {route.command: set(re.findall(r"{(\w+)}", route.path)) for route in service.routes}
    for case in cases:
        members = set(type(case.command).model_fields) - NOT_SAID - paths[type(case.command)]
        assert members == {*case.others, *case.which, *case.first}, case.name


def require_the_same_records_nothing(domain: Domain, case: Case) -> None:
    """Fail unless a repetition records nothing, whether it says when it occurred or not."""
    case.recorded(domain)
    assert domain.when(said(case.command, "occurred", THEN), roles=case.roles) == {}
    assert domain.when(case.command, roles=case.roles) == {}
    for member in case.first:
        assert domain.when(said(case.command, member, None), roles=case.roles) == {}


def require_another_is_heard(domain: Domain, case: Case, member: str, value: object) -> None:
    """Fail unless a repetition that says one member otherwise is refused with that value, or recorded anew."""
    case.recorded(domain)
    other = said(said(case.command, "occurred", THEN), member, value)
    if member in case.anew:
        assert domain.when(other, roles=case.roles) != {}
        return
    with pytest.raises(Differs) as refusal:
        domain.when(other, roles=case.roles)
    assert refusal.value.code.endswith("-differs")
    assert refusal.value.details["field"] == member
    assert refusal.value.details["given"] == plain(value)
