"""Commands with other values of their members, for tests of any command."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from regesta.command import Command

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
